//! Subjects, written and taken apart.

use std::fmt;

use super::{Guid, NotAGuid};

/// Of whom an assertion speaks. Its `Display` is the claim's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// A service connection, by ids: `/eid1/c/pub/t/<T>/a/<A>/sc/<organization>/<connection>`.
    EntraConnection {
        /// The tenant of the connection.
        tenant: Guid,
        /// Who speaks for it: Azure DevOps, [`super::AZURE_DEVOPS_ID`].
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
