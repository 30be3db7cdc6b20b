//! What Entra must trust so that an assertion is exchanged: the issuer, subject and audience of a federated credential, worked out
//! from ids and names, and a subject taken apart again.
//!
//! Pure: nothing here asks a service. Entra compares all three with the assertion's claims letter by letter.
//!
//! Sources: the issuer of service connections since March 2025 and its subject: release note of Azure DevOps sprint 253, and
//! captured assertions (gravitational/teleport, rfd 0211); the older issuer: the same captures; a managed identity as a credential:
//! Microsoft, "Configure an application to trust a managed identity".

mod guid;
#[cfg(test)]
mod tests;

use std::fmt;

use url::Url;

pub use guid::{Guid, NotAGuid};

/// The authority of the public cloud.
pub const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";

/// Azure DevOps as an application of Entra: `499b84ac-1321-427f-aa17-267ca6975798`, the same in every tenant.
pub const AZURE_DEVOPS_ID: Guid = Guid::of_bytes(0x499b_84ac_1321_427f_aa17_267c_a697_5798_u128.to_be_bytes());

/// The three values by which Entra recognises an assertion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FederatedCredential {
    /// Who signs the assertion: an https address without a slash at its end.
    pub issuer: String,
    /// Of whom the assertion speaks; [`Subject::parse`] takes it apart.
    pub subject: String,
    /// What the credential says for the audience. Entra's own assertions carry the id of the same resource in their `aud` claim,
    /// `fb60f99c-7a34-4190-8149-302f77469936`, and match all the same.
    pub audience: &'static str,
}

/// The credential for a service connection whose assertions Entra issues, which all new connections are.
///
/// `authority` is the authority's address, `tenant` the tenant of the connection, `organization` the organization's id (`instanceId`
/// in its `_apis/connectionData`), `connection` the id of the service connection.
pub fn of_connection_entra(authority: &Url, tenant: Guid, organization: Guid, connection: Guid) -> FederatedCredential {
    let subject = Subject::EntraConnection { tenant, application: AZURE_DEVOPS_ID, organization, connection };
    FederatedCredential {
        issuer: entra_issuer(authority, &tenant),
        subject: subject.to_string(),
        audience: audience_at(authority),
    }
}

/// The credential for a service connection whose assertions Azure DevOps issues: the older ones. Names count as Azure DevOps writes
/// them. That issuer ends on 2027-07-01 (Microsoft, "Convert service connections to the Entra issuer").
pub fn of_connection_azure_devops(
    authority: &Url,
    organization_id: Guid,
    organization: &str,
    project: &str,
    connection: &str,
) -> FederatedCredential {
    let [organization, project, connection] = [organization, project, connection].map(str::to_owned);
    let subject = Subject::AzureDevOpsConnection { organization, project, connection };
    FederatedCredential {
        issuer: azure_devops_issuer(&organization_id.to_string()),
        subject: subject.to_string(),
        audience: audience_at(authority),
    }
}

/// The credential for a pipeline that asks for its assertion without a service connection, from Azure DevOps as the issuer.
///
/// Entra issues assertions for pipelines too, with subjects of the form [`Subject::EntraPipeline`]; how a job asks for one is not
/// documented, so that form is read here and not written.
pub fn of_pipeline(
    authority: &Url,
    organization_id: Guid,
    organization: &str,
    project: &str,
    pipeline: &str,
) -> FederatedCredential {
    let [organization, project, pipeline] = [organization, project, pipeline].map(str::to_owned);
    let subject = Subject::AzureDevOpsPipeline { organization, project, pipeline };
    FederatedCredential {
        issuer: azure_devops_issuer(&organization_id.to_string()),
        subject: subject.to_string(),
        audience: audience_at(authority),
    }
}

/// The credential by which a user-assigned managed identity speaks for an application of its own tenant, which in turn may be known
/// in other tenants. `object_id` is the identity's object (principal) id, not its client id.
pub fn of_managed_identity(authority: &Url, tenant: Guid, object_id: Guid) -> FederatedCredential {
    FederatedCredential {
        issuer: entra_issuer(authority, &tenant),
        subject: Subject::ManagedIdentity(object_id).to_string(),
        audience: audience_at(authority),
    }
}

/// Entra's issuer for a tenant.
pub fn entra_issuer(authority: &Url, tenant: &Guid) -> String {
    format!("{}/{tenant}/v2.0", authority.as_str().trim_end_matches('/'))
}

/// Azure DevOps' own issuer for an organization, by the organization's id or what stands for it.
pub fn azure_devops_issuer(organization_id: &str) -> String {
    format!("https://vstoken.dev.azure.com/{organization_id}")
}

/// What the subject of a connection at Entra's issuer begins with; the ids of organization and connection follow, as
/// `/<organization>/<connection>`.
pub fn connection_stem(tenant: &Guid) -> String {
    format!("/eid1/c/pub/t/{}/a/{}/sc", tenant.coded(), AZURE_DEVOPS_ID.coded())
}

/// The audience of a federated credential in the cloud of an authority.
pub fn audience_at(authority: &Url) -> &'static str {
    match authority.host_str().unwrap_or_default() {
        "login.microsoftonline.us" => "api://AzureADTokenExchangeUSGov",
        "login.partner.microsoftonline.cn" | "login.chinacloudapi.cn" => "api://AzureADTokenExchangeChina",
        _ => "api://AzureADTokenExchange",
    }
}

/// Of whom an assertion speaks. Its `Display` is the claim's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// A service connection, by ids: `/eid1/c/pub/t/<T>/a/<A>/sc/<organization>/<connection>`.
    EntraConnection {
        /// The tenant of the connection.
        tenant: Guid,
        /// Who speaks for it: Azure DevOps, [`AZURE_DEVOPS_ID`].
        application: Guid,
        /// The organization's id.
        organization: Guid,
        /// The service connection's id.
        connection: Guid,
    },
    /// A pipeline, by ids: `/eid1/c/pub/t/<T>/a/<A>/pl/h/<host>/d/<definition>` (form by NuGet/NuGetGallery,
    /// EntraIdTokenPolicyValidator.cs; that the host is the organization's id is not verified).
    EntraPipeline {
        /// The tenant.
        tenant: Guid,
        /// Who speaks for it.
        application: Guid,
        /// The host, as written.
        host: String,
        /// The pipeline's definition, as written.
        definition: String,
    },
    /// A service connection, by names: `sc://<organization>/<project>/<connection>`.
    AzureDevOpsConnection {
        /// The organization's name.
        organization: String,
        /// The project's name.
        project: String,
        /// The service connection's name.
        connection: String,
    },
    /// A pipeline, by names: `p://<organization>/<project>/<pipeline>`.
    AzureDevOpsPipeline {
        /// The organization's name.
        organization: String,
        /// The project's name.
        project: String,
        /// The pipeline's name.
        pipeline: String,
    },
    /// A managed identity: its object id.
    ManagedIdentity(Guid),
}

/// Why a text is no subject that is known here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SubjectError {
    /// It begins like none.
    #[error("it begins with none of /eid1/, sc:// and p://, and is no object id")]
    Unknown,
    /// It begins well, and goes on in another way.
    #[error("it is not of the form {0}")]
    Form(&'static str),
    /// A part that must be a GUID is none.
    #[error("its part '{part}' stands for {what}, and {why}")]
    Part {
        /// What the part stands for.
        what: &'static str,
        /// The part.
        part: String,
        /// Why it is none.
        why: NotAGuid,
    },
}

const ENTRA_FORM: &str =
    "/eid1/c/<cloud>/t/<tenant>/a/<application>/sc/<organization>/<connection>, or …/pl/h/<host>/d/<definition>";
const CONNECTION_FORM: &str = "sc://<organization>/<project>/<connection>";
const PIPELINE_FORM: &str = "p://<organization>/<project>/<pipeline>";

impl Subject {
    /// Takes a subject apart, as Entra or Azure DevOps writes it.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        if let Some(rest) = text.strip_prefix("/eid1/") {
            return Self::of_entra(rest);
        }
        if let Some(rest) = text.strip_prefix("sc://") {
            let [organization, project, connection] = names(rest).ok_or(SubjectError::Form(CONNECTION_FORM))?;
            return Ok(Self::AzureDevOpsConnection { organization, project, connection });
        }
        if let Some(rest) = text.strip_prefix("p://") {
            let [organization, project, pipeline] = names(rest).ok_or(SubjectError::Form(PIPELINE_FORM))?;
            return Ok(Self::AzureDevOpsPipeline { organization, project, pipeline });
        }
        Guid::parse(text).map(Self::ManagedIdentity).map_err(|_| SubjectError::Unknown)
    }

    fn of_entra(rest: &str) -> Result<Self, SubjectError> {
        let part = |what, part: &str, read: fn(&str) -> Result<Guid, NotAGuid>| {
            read(part).map_err(|why| SubjectError::Part { what, part: part.to_owned(), why })
        };
        let ids = |tenant, application| {
            Ok((part("the tenant", tenant, Guid::decode)?, part("the application", application, Guid::decode)?))
        };
        match rest.split('/').collect::<Vec<_>>()[..] {
            ["c", "pub", "t", tenant, "a", application, "sc", organization, connection] => {
                let (tenant, application) = ids(tenant, application)?;
                let organization = part("the organization", organization, Guid::parse)?;
                let connection = part("the service connection", connection, Guid::parse)?;
                Ok(Self::EntraConnection { tenant, application, organization, connection })
            }
            ["c", "pub", "t", tenant, "a", application, "pl", "h", host, "d", definition] => {
                let (tenant, application) = ids(tenant, application)?;
                Ok(Self::EntraPipeline {
                    tenant,
                    application,
                    host: host.to_owned(),
                    definition: definition.to_owned(),
                })
            }
            _ => Err(SubjectError::Form(ENTRA_FORM)),
        }
    }

    /// What it speaks of, in two or three words, as errors may say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EntraConnection { .. } | Self::AzureDevOpsConnection { .. } => "a service connection",
            Self::EntraPipeline { .. } | Self::AzureDevOpsPipeline { .. } => "a pipeline",
            Self::ManagedIdentity(_) => "a managed identity",
        }
    }

    /// Its parts in reading order: a name and a value each, the coded ones decoded. The texts may come from outside.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::EntraConnection { tenant, application, organization, connection } => vec![
                ("tenant", tenant.to_string()),
                ("application", application.to_string()),
                ("organization", organization.to_string()),
                ("connection", connection.to_string()),
            ],
            Self::EntraPipeline { tenant, application, host, definition } => vec![
                ("tenant", tenant.to_string()),
                ("application", application.to_string()),
                ("host", host.clone()),
                ("definition", definition.clone()),
            ],
            Self::AzureDevOpsConnection { organization, project, connection } => vec![
                ("organization", organization.clone()),
                ("project", project.clone()),
                ("connection", connection.clone()),
            ],
            Self::AzureDevOpsPipeline { organization, project, pipeline } => vec![
                ("organization", organization.clone()),
                ("project", project.clone()),
                ("pipeline", pipeline.clone()),
            ],
            Self::ManagedIdentity(object_id) => vec![("object id", object_id.to_string())],
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntraConnection { tenant, application, organization, connection } => {
                write!(f, "/eid1/c/pub/t/{}/a/{}/sc/{organization}/{connection}", tenant.coded(), application.coded())
            }
            Self::EntraPipeline { tenant, application, host, definition } => {
                write!(f, "/eid1/c/pub/t/{}/a/{}/pl/h/{host}/d/{definition}", tenant.coded(), application.coded())
            }
            Self::AzureDevOpsConnection { organization, project, connection } => {
                write!(f, "sc://{organization}/{project}/{connection}")
            }
            Self::AzureDevOpsPipeline { organization, project, pipeline } => {
                write!(f, "p://{organization}/{project}/{pipeline}")
            }
            Self::ManagedIdentity(object_id) => write!(f, "{object_id}"),
        }
    }
}

/// Three names with slashes between; the last one may hold more of them.
fn names(rest: &str) -> Option<[String; 3]> {
    let mut parts = rest.splitn(3, '/').map(str::to_owned);
    let names = [parts.next()?, parts.next()?, parts.next()?];
    names.iter().all(|name| !name.is_empty()).then_some(names)
}
