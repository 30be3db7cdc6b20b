//! Whom the token is for: the inputs of each kind of connection.

use reqwest::Url;

use super::{InputError, authority, one_of, secret, text};
use crate::agent::job::{Endpoint, Job};
use crate::diagnosis::causes::{job, oidc};
use crate::identity::entra::is_tenant;
use crate::identity::managed_identity::Selector;
use crate::identity::{Application, Identity, Proof};
use crate::kernel::guid::Guid;
use crate::kernel::secret::ClientSecret;

pub(super) const CONNECTION: &str = "azureDevOpsServiceConnection";
pub(super) const ARM_CONNECTION: &str = "connectedServiceNameARM";
const CLIENT_ID: &str = "clientId";
const TENANT_ID: &str = "tenantId";
const CLIENT_SECRET: &str = "clientSecret";
const FEDERATED_CLIENT_ID: &str = "federatedClientId";

/// The kinds of connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConnectionType {
    AzureDevOps,
    AzureResourceManager,
    Pipeline,
    ClientSecret,
    ClientCertificate,
    ManagedIdentity,
}

impl ConnectionType {
    const ALL: [(&'static str, Self); 6] = [
        ("azureDevOps", Self::AzureDevOps),
        ("azureRM", Self::AzureResourceManager),
        ("pipeline", Self::Pipeline),
        ("clientSecret", Self::ClientSecret),
        ("clientCertificate", Self::ClientCertificate),
        ("managedIdentity", Self::ManagedIdentity),
    ];

    pub(super) fn of(job: &Job) -> Result<Self, InputError> {
        let chosen = one_of(job, "connectionType", &Self::ALL.map(|(name, _)| name))?;
        let found = Self::ALL.into_iter().find(|(name, _)| Some(*name) == chosen);
        Ok(found.map_or(Self::AzureDevOps, |(_, kind)| kind))
    }
}

/// Reads and checks the inputs that say whose token is asked for.
pub fn identity(job: &Job) -> Result<Identity, InputError> {
    match ConnectionType::of(job)? {
        ConnectionType::AzureDevOps => azure_devops(job),
        ConnectionType::AzureResourceManager => azure_resource_manager(job),
        ConnectionType::Pipeline => of_inputs(job, Proof::Pipeline),
        ConnectionType::ClientSecret => {
            let secret = secret(job, CLIENT_SECRET)?.ok_or(InputError::Missing { name: CLIENT_SECRET })?;
            of_inputs(job, Proof::Secret(ClientSecret::new(secret)))
        }
        ConnectionType::ClientCertificate => {
            let proof = super::certificate::proof(job)?;
            of_inputs(job, proof)
        }
        ConnectionType::ManagedIdentity => managed_identity(job),
    }
}

/// The same for a command that a script runs: there the agent tells nothing of connections.
pub fn identity_in_a_script(job: &Job) -> Result<Identity, InputError> {
    if ConnectionType::of(job)? == ConnectionType::AzureResourceManager {
        let id = text(job, ARM_CONNECTION)?.map(str::to_ascii_lowercase);
        if id.is_none_or(|id| job.endpoint(&id).scheme.is_none()) {
            return Err(InputError::OnlyInTheTask);
        }
    }
    identity(job)
}

/// An application that the inputs `clientId` and `tenantId` name.
fn of_inputs(job: &Job, proof: Proof) -> Result<Identity, InputError> {
    let client_id = client_id(job)?.ok_or(InputError::Missing { name: CLIENT_ID })?;
    let tenant = tenant(job)?.ok_or(InputError::Missing { name: TENANT_ID })?;
    Ok(Identity::Application(Application { authority: authority(job)?, client_id, tenant: Some(tenant), proof }))
}

fn azure_devops(job: &Job) -> Result<Identity, InputError> {
    let connection = ServiceConnection::of(job, CONNECTION)?;
    let Some(scheme) = &connection.endpoint.scheme else {
        // In a script the agent tells nothing of a connection; the inputs may.
        let told = client_id(job)?.is_some() && tenant(job)?.is_some();
        let proof = Proof::Connection { id: connection.id.clone(), late_bound: None };
        return if told { of_inputs(job, proof) } else { Err(connection.without_details()) };
    };
    if !scheme.eq_ignore_ascii_case("WorkloadIdentityFederation") {
        let reason = format!("its scheme is '{scheme}' and not workload identity federation");
        let remedy = "use an 'Azure DevOps' service connection with workload identity federation, or set the input \
                      'connectionType' to its type";
        let cause = Some(&job::CONNECTION_WITHOUT_FEDERATION);
        return Err(InputError::Connection { id: connection.id, reason, remedy, cause });
    }
    connection.application(job, connection.federated())
}

fn azure_resource_manager(job: &Job) -> Result<Identity, InputError> {
    let connection = ServiceConnection::of(job, ARM_CONNECTION)?;
    let endpoint = &connection.endpoint;
    let scheme = endpoint.scheme.as_deref().ok_or_else(|| connection.without_details())?.to_ascii_lowercase();
    match scheme.as_str() {
        "workloadidentityfederation" => connection.application(job, connection.federated()),
        "managedserviceidentity" => match &endpoint.machine_client_id {
            Some(id) if !Guid::is(id) => Err(connection.unusable(
                format!("its managed identity's client id '{id}' is not a GUID"),
                "correct the service connection",
            )),
            Some(id) => Ok(Identity::Machine(Selector::ClientId(id.clone()))),
            None => Ok(Identity::Machine(Selector::Default)),
        },
        "serviceprincipal" => {
            let by_certificate =
                endpoint.authentication_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("spnCertificate"));
            let remedy = "set the secret or the certificate of the application in the service connection anew";
            let proof = match (&endpoint.client_certificate, &endpoint.client_secret) {
                (Some(certificate), _) if by_certificate => super::certificate::of_endpoint(job, certificate)?,
                (_, Some(secret)) if !by_certificate => Proof::Secret(secret.clone()),
                _ => {
                    let what = if by_certificate { "certificate" } else { "secret" };
                    return Err(connection.unusable(format!("the agent gave this step no {what} of it"), remedy));
                }
            };
            connection.application(job, proof)
        }
        _ => Err(connection.unusable(
            format!("its scheme '{scheme}' gives no Entra identity"),
            "use an 'Azure Resource Manager' service connection with workload identity federation, a service principal or a \
             managed identity",
        )),
    }
}

fn managed_identity(job: &Job) -> Result<Identity, InputError> {
    let client_id = client_id(job)?;
    let tenant = tenant(job)?;
    let federated = guid(job, FEDERATED_CLIENT_ID)?;
    let selector = client_id.clone().map_or(Selector::Default, Selector::ClientId);
    if let Some(client_id) = federated {
        let proof = Proof::Machine(selector);
        return Ok(Identity::Application(Application { authority: authority(job)?, client_id, tenant, proof }));
    }
    let Some(workload) = job.machine().workload else { return Ok(Identity::Machine(selector)) };
    let injected = |name, value: &Option<String>| match value {
        Some(value) if !is_tenant(value) => {
            let reason = "AKS injected something that is no GUID".to_owned();
            Err(InputError::Refused { name, value: value.clone(), reason })
        }
        Some(value) => Ok(value.clone()),
        None => Err(InputError::Missing { name }),
    };
    if client_id.is_none() && workload.client_id.is_none() {
        return Err(InputError::NoClientOfPod);
    }
    let client_id = client_id.map_or_else(|| injected(CLIENT_ID, &workload.client_id), Ok)?;
    let tenant = tenant.map_or_else(|| injected(TENANT_ID, &workload.tenant_id), Ok)?;
    let authority = match (text(job, "authorityHost")?, &workload.authority) {
        (None, Some(injected)) => injected_authority(injected)?,
        _ => authority(job)?,
    };
    let proof = Proof::TokenFile(workload.token_file);
    Ok(Identity::Application(Application { authority, client_id, tenant: Some(tenant), proof }))
}

/// The authority that AKS names. The cluster's token goes there, and any step before this one can set a variable: so it must be one of
/// Entra's own hosts.
///
/// Source: Entra's instance discovery (`/common/discovery/instance`).
fn injected_authority(value: &str) -> Result<Url, InputError> {
    const HOSTS: [&str; 8] = [
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
        "login.microsoftonline.us",
        "login.usgovcloudapi.net",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    ];
    let name = "AZURE_AUTHORITY_HOST";
    let authority = super::authority_of(name, value).ok();
    let of_entra = authority.filter(|url| url.host_str().is_some_and(|host| HOSTS.contains(&host)));
    of_entra.ok_or_else(|| InputError::Variable { name, value: value.to_owned(), reason: "it is no address of Entra" })
}

/// A service connection as an input names it.
struct ServiceConnection {
    id: String,
    endpoint: Endpoint,
}

impl ServiceConnection {
    fn of(job: &Job, input: &'static str) -> Result<Self, InputError> {
        let id = text(job, input)?.ok_or(InputError::Missing { name: input })?.to_ascii_lowercase();
        if !Guid::is(&id) {
            let reason =
                "the agent passes a service connection's id here, a GUID (resourceId in the address of its page)"
                    .to_owned();
            return Err(InputError::Refused { name: input, value: id, reason });
        }
        Ok(Self { endpoint: job.endpoint(&id), id })
    }

    fn federated(&self) -> Proof {
        Proof::Connection { id: self.id.clone(), late_bound: self.endpoint.id_token.clone() }
    }

    /// The connection's application, in its tenant.
    fn application(&self, job: &Job, proof: Proof) -> Result<Identity, InputError> {
        let remedy =
            "correct the service connection: it needs the application (client) id and the tenant id of its identity";
        let client_id = self.endpoint.client_id.clone().filter(|client| Guid::is(client));
        let client_id =
            client_id.ok_or_else(|| self.unusable("its client id is missing or is not a GUID".to_owned(), remedy))?;
        let tenant = self.endpoint.tenant_id.clone().filter(|tenant| is_tenant(tenant));
        let tenant = tenant
            .ok_or_else(|| self.unusable("its tenant id is missing or is not a GUID or a domain".to_owned(), remedy))?;
        let authority: Url = authority(job)?;
        Ok(Identity::Application(Application { authority, client_id, tenant: Some(tenant), proof }))
    }

    fn unusable(&self, reason: String, remedy: &'static str) -> InputError {
        InputError::Connection { id: self.id.clone(), reason, remedy, cause: None }
    }

    fn without_details(&self) -> InputError {
        InputError::Connection {
            id: self.id.clone(),
            reason: "the agent gave this step no details of it".to_owned(),
            remedy: "check that it exists and that this pipeline may use it. In a script, which is told no details, set 'clientId' and \
                     'tenantId' of an azureDevOps connection, and use other connections only in the task",
            cause: Some(&oidc::UNKNOWN_CONNECTION),
        }
    }
}

fn client_id(job: &Job) -> Result<Option<String>, InputError> {
    guid(job, CLIENT_ID)
}

fn guid(job: &Job, name: &'static str) -> Result<Option<String>, InputError> {
    match text(job, name)? {
        Some(value) if !Guid::is(value) => {
            Err(InputError::Refused { name, value: value.to_owned(), reason: "it must be a GUID".to_owned() })
        }
        other => Ok(other.map(str::to_ascii_lowercase)),
    }
}

fn tenant(job: &Job) -> Result<Option<String>, InputError> {
    match text(job, TENANT_ID)? {
        Some(value) if !is_tenant(value) => Err(InputError::Refused {
            name: TENANT_ID,
            value: value.to_owned(),
            reason: "it must be a GUID or a domain".to_owned(),
        }),
        other => Ok(other.map(str::to_ascii_lowercase)),
    }
}

#[cfg(test)]
mod tests;
