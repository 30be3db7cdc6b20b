//! What exists in this Azure: plain data that a test changes before or after the start.
//!
//! Nothing here answers a request. Identifiers are GUIDs in lower case, names keep the letters they were given; Azure DevOps
//! compares names without regard to case, so do the services.

mod certificate;
mod connection;
mod feed;
mod foreign;
mod identity;
mod organization;
mod package;
mod sample;
mod sample_connections;
mod sample_identities;

pub use certificate::*;
pub use connection::{AssertionIssuer, ServiceConnection};
pub use feed::{CargoHosts, Downloads, Feed};
pub use foreign::{Challenge, ForeignHost};
pub use identity::{Application, FederatedCredential, IdentityKind, RegisteredCertificate};
pub use organization::{Organization, Project, Repository};
pub use package::{Package, PackageFile, Protocol, python_name};
pub use sample::*;
pub use sample_identities::*;

use crate::guid;
use std::time::Duration;

/// The resource id of Azure DevOps in Microsoft Entra: the audience of every token that Azure DevOps accepts.
pub const AZURE_DEVOPS_RESOURCE: &str = "499b84ac-1321-427f-aa17-267ca6975798";
/// The audience that a federated credential names.
pub const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";
/// The same audience as the Entra issuer writes it into an assertion.
pub const EXCHANGE_AUDIENCE_ID: &str = "fb60f99c-7a34-4190-8149-302f77469936";
/// The tenant that an organization without Microsoft Entra reports.
pub const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// Everything that the emulator knows about.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Directories of Microsoft Entra.
    pub tenants: Vec<Tenant>,
    /// Applications and managed identities that can get tokens.
    pub applications: Vec<Application>,
    /// Organizations of Azure DevOps.
    pub organizations: Vec<Organization>,
    /// Service connections of all organizations.
    pub connections: Vec<ServiceConnection>,
    /// Hosts that are not Azure; what is sent to them is logged.
    pub foreign_hosts: Vec<ForeignHost>,
    /// How every other host answers, under whatever name it is asked for; without this the proxy knows no such host.
    ///
    /// So a test sees what a client sends to the hosts of its own defaults, which nothing here names.
    pub strangers: Option<ForeignHost>,
    /// User and password that the proxy demands.
    pub proxy_credentials: Option<(String, String)>,
    /// Whether the git repositories are made at the start; costs some 10 ms each and needs `git`.
    pub with_repositories: bool,
    /// How a feed hands out files.
    pub downloads: Downloads,
    /// Where an organization names its tenant to callers without a credential.
    pub tenant_header: TenantHeader,
    /// Whether the job token opens feeds too. Off, so that a test cannot pass by the wrong credential.
    pub job_token_reads_feeds: bool,
    /// How long an access token lives. Entra grants 60 to 90 minutes.
    pub access_token_life: Duration,
}

/// A directory of Microsoft Entra.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its GUID.
    pub id: String,
    /// Domain names that stand for it in an authority's path.
    pub domains: Vec<String>,
}

/// On which requests `X-VSS-ResourceTenant` comes. Sources differ, so clients must cope with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TenantHeader {
    /// On every refusal.
    #[default]
    Always,
    /// On HEAD only.
    HeadOnly,
    /// On GET only.
    GetOnly,
    /// Never.
    Absent,
}

impl World {
    /// The organization of this name, without regard to case.
    pub fn organization(&self, name: &str) -> Option<&Organization> {
        self.organizations.iter().find(|o| o.name.eq_ignore_ascii_case(name))
    }

    /// The organization of this name, to be changed.
    pub fn organization_mut(&mut self, name: &str) -> Option<&mut Organization> {
        self.organizations.iter_mut().find(|o| o.name.eq_ignore_ascii_case(name))
    }

    /// The service connection of this GUID, or of this name.
    pub fn connection(&self, id: &str) -> Option<&ServiceConnection> {
        self.connections.iter().find(|c| c.id.eq_ignore_ascii_case(id) || c.name == id)
    }

    /// The application of this client id.
    pub fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications.iter().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    /// The application of this client id, to be changed.
    pub fn application_mut(&mut self, client_id: &str) -> Option<&mut Application> {
        self.applications.iter_mut().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    /// The tenant of this GUID or domain name.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        let is =
            |t: &&Tenant| t.id.eq_ignore_ascii_case(name) || t.domains.iter().any(|d| d.eq_ignore_ascii_case(name));
        self.tenants.iter().find(is)
    }

    /// The foreign host of this name.
    pub fn foreign_host(&self, name: &str) -> Option<&ForeignHost> {
        self.foreign_hosts.iter().find(|h| h.name.eq_ignore_ascii_case(name))
    }

    /// The foreign host of this name, to be changed.
    pub fn foreign_host_mut(&mut self, name: &str) -> Option<&mut ForeignHost> {
        self.foreign_hosts.iter_mut().find(|h| h.name.eq_ignore_ascii_case(name))
    }

    /// The trust record that lets this connection act as its application: what an administrator copies from its page.
    pub fn federated_credential_of(&self, connection: &ServiceConnection) -> FederatedCredential {
        let organization_id = self.organization(&connection.organization).map(|o| o.id.clone()).unwrap_or_default();
        let (issuer, subject) = match connection.issuer {
            AssertionIssuer::Entra => (
                format!("https://login.microsoftonline.com/{}/v2.0", connection.tenant),
                format!(
                    "/eid1/c/pub/t/{}/a/{}/sc/{organization_id}/{}",
                    guid::coded(&connection.tenant),
                    guid::coded(AZURE_DEVOPS_RESOURCE),
                    connection.id
                ),
            ),
            AssertionIssuer::AzureDevOps => (
                format!("https://vstoken.dev.azure.com/{organization_id}"),
                format!("sc://{}/{}/{}", connection.organization, connection.project, connection.name),
            ),
        };
        FederatedCredential { issuer, subject, audience: EXCHANGE_AUDIENCE.to_owned() }
    }

    /// The trust record for the assertions of a pipeline itself, without a service connection: `p://` of the Azure DevOps
    /// issuer.
    pub fn pipeline_credential(&self, organization: &str, project: &str, pipeline: &str) -> FederatedCredential {
        let organization_id = self.organization(organization).map(|o| o.id.clone()).unwrap_or_default();
        FederatedCredential {
            issuer: format!("https://vstoken.dev.azure.com/{organization_id}"),
            subject: format!("p://{organization}/{project}/{pipeline}"),
            audience: EXCHANGE_AUDIENCE.to_owned(),
        }
    }

    /// The identity whose service principal has this object id in this tenant.
    pub fn application_of_object(&self, tenant: &str, object_id: &str) -> Option<&Application> {
        self.applications.iter().find(|a| a.is_in(tenant) && a.object_id_in(tenant).eq_ignore_ascii_case(object_id))
    }

    /// Switches a connection to another issuer and lets its application trust the new form only.
    pub fn set_issuer(&mut self, connection_id: &str, issuer: AssertionIssuer) {
        let Some(position) = self.connections.iter().position(|c| c.id == connection_id || c.name == connection_id)
        else {
            return;
        };
        let before = self.federated_credential_of(&self.connections[position]);
        self.connections[position].issuer = issuer;
        let after = self.federated_credential_of(&self.connections[position]);
        let client_id = self.connections[position].client_id.clone();
        if let Some(application) = self.application_mut(&client_id) {
            application.federated_credentials.retain(|c| *c != before);
            application.federated_credentials.push(after);
        }
    }
}
