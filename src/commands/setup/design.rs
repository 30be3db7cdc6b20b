//! From arguments to what is to be created: the same for every format, with holes where something was not given.

use super::credential_name;
use super::unknown::Unknown;
use super::value::Value;
use crate::cli::{IdentityKind, Issuer, Setup};
use crate::diagnosis::Explanation;
use crate::identity::federation::{self, Guid, PUBLIC_AUTHORITY, Subject};

/// What is to be created.
#[derive(Clone, Debug)]
pub struct Design {
    /// The organization's name, as it was written.
    pub organization: String,
    /// Who is trusted.
    pub trusted: Trusted,
    /// Who they become.
    pub identity: Principal,
    /// How the credential is called in Entra.
    pub credential_name: String,
    /// Who signs.
    pub issuer: Value,
    /// Of whom it speaks.
    pub subject: Value,
    /// For whom it is.
    pub audience: &'static str,
    /// The tenant of the identity.
    pub tenant: Value,
    /// What to give so that issuer and subject can be worked out.
    pub lacking: Vec<Unknown>,
    /// What the user should know, a sentence or two each.
    pub notes: Vec<&'static str>,
}

/// Whose assertions are trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trusted {
    /// A service connection; of names and ids what was given.
    Connection {
        /// Its project.
        project: Option<String>,
        /// Its name.
        connection: Option<String>,
        /// Its id.
        id: Option<Guid>,
    },
    /// A pipeline.
    Pipeline {
        /// Its project.
        project: String,
        /// Its name.
        pipeline: String,
    },
    /// A managed identity that acts in another tenant.
    ManagedIdentity {
        /// Its object id.
        object_id: Guid,
        /// The tenant in which it acts.
        organization_tenant: Value,
    },
}

/// Who acts in the organization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principal {
    /// A user-assigned managed identity to make.
    NewManagedIdentity {
        /// Its name.
        name: String,
        /// Its resource group.
        resource_group: Value,
        /// Its region; where there is none, that of the group.
        location: Option<String>,
    },
    /// A user-assigned managed identity that exists.
    ManagedIdentity {
        /// Its client id.
        client_id: Guid,
        /// Its name.
        name: Value,
        /// Its resource group.
        resource_group: Value,
    },
    /// An application to register.
    NewApplication {
        /// Its name.
        name: String,
    },
    /// A registered application.
    Application {
        /// Its client id.
        client_id: Guid,
        /// Its unique name, which Bicep needs.
        name: Value,
    },
}

impl Design {
    /// What it is about, in a sentence.
    pub fn headline(&self) -> String {
        let organization = &self.organization;
        let who = match &self.trusted {
            Trusted::Connection { project, connection, id } => {
                let name = connection.clone().or(id.map(|id| id.to_string())).unwrap_or_default();
                let project = project.as_ref().map(|project| format!(" of the project '{project}'"));
                format!("the service connection '{name}'{}", project.unwrap_or_default())
            }
            Trusted::Pipeline { project, pipeline } => format!("the pipeline '{pipeline}' of the project '{project}'"),
            Trusted::ManagedIdentity { object_id, .. } => format!("the managed identity {object_id} of another tenant"),
        };
        let identity = match &self.identity {
            Principal::NewManagedIdentity { name, .. } => format!("the new managed identity '{name}'"),
            Principal::ManagedIdentity { client_id, .. } => {
                format!("the managed identity with the client id {client_id}")
            }
            Principal::NewApplication { name } => format!("the new application '{name}'"),
            Principal::Application { client_id, .. } => format!("the application with the client id {client_id}"),
        };
        format!("Lets {who} act in the organization {organization} as {identity}.")
    }

    /// What of the federated credential was not given, each thing once.
    pub fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = Vec::new();
        for unknown in self.issuer.unknowns().chain(self.subject.unknowns()) {
            if !unknowns.contains(&unknown) {
                unknowns.push(unknown);
            }
        }
        unknowns
    }
}

const DEFAULT_NAME: &str = "ado-entra-auth";
const ENDING_ISSUER: &str = "Azure DevOps ends this issuer for service connections on 2027-07-01. Convert the connection on its page to \
                             the Entra issuer, and run this again without --issuer.";
const PIPELINE_ISSUER: &str = "Whether Azure DevOps keeps this issuer for pipelines after 2027-07-01 is not known. If Entra says that \
                               issuer or subject do not match, the task's error shows those that it saw: they are the ones to enter.";
const LETTERS_COUNT: &str = "Entra compares issuer and subject letter by letter: the names must be written as Azure DevOps shows them, \
                             and renaming organization, project, connection or pipeline changes the subject.";
const OTHER_CLOUD: &str = "Azure DevOps Services lies in the public cloud; issuer and audience for another cloud were never tried. \
                           Compare them with those that the service connection's page shows.";
const SAME_TENANT: &str =
    "The application and the managed identity must be of the same tenant, and the identity user-assigned.";

/// Works out what is to be created, or says what is missing.
pub fn of(arguments: &Setup) -> Result<Design, Explanation> {
    let Some(organization) = arguments.organization.clone() else {
        return Err(missing(&[("--organization", "the organization's name, as in https://dev.azure.com/NAME")]));
    };
    let (trusted, issuer, mut notes) = trusted(arguments)?;
    let identity = identity(arguments, &trusted)?;
    let authority = &arguments.authority_host;
    let tenant = Value::or(arguments.tenant_id.as_ref(), Unknown::TenantId);
    let organization_id = || Value::or(arguments.organization_id.as_ref(), Unknown::OrganizationId);
    let azure_devops = || Value::from(federation::azure_devops_issuer("")).then(organization_id());
    let (issuer, subject) = match (&trusted, issuer) {
        (Trusted::Connection { id, .. }, Issuer::Entra) => match arguments.tenant_id {
            Some(tenant) => {
                let connection = Value::or(id.as_ref(), Unknown::ConnectionId);
                let stem = Value::from(format!("{}/", federation::connection_stem(&tenant)));
                let subject = stem.then(organization_id()).then("/").then(connection);
                (federation::entra_issuer(authority, &tenant).into(), subject)
            }
            None => (Unknown::Issuer.into(), Unknown::Subject.into()),
        },
        (Trusted::Connection { project, connection, .. }, Issuer::AzureDevops) => {
            let [project, connection] = [project, connection].map(|name| name.clone().unwrap_or_default());
            let subject = Subject::AzureDevOpsConnection { organization: organization.clone(), project, connection };
            (azure_devops(), subject.to_string().into())
        }
        (Trusted::Pipeline { project, pipeline }, _) => {
            let [project, pipeline] = [project, pipeline].map(Clone::clone);
            let subject = Subject::AzureDevOpsPipeline { organization: organization.clone(), project, pipeline };
            (azure_devops(), subject.to_string().into())
        }
        (Trusted::ManagedIdentity { object_id, .. }, _) => {
            let issuer = match arguments.tenant_id {
                Some(tenant) => federation::entra_issuer(authority, &tenant).into(),
                None => Value::from(authority.as_str()).then(Unknown::TenantId).then("/v2.0"),
            };
            (issuer, Subject::ManagedIdentity(*object_id).to_string().into())
        }
    };
    if authority.as_str().trim_end_matches('/') != PUBLIC_AUTHORITY {
        notes.push(OTHER_CLOUD);
    }
    let credential_name = credential_name::of(&trusted);
    let audience = federation::audience_at(authority);
    let mut design = Design {
        organization,
        trusted,
        identity,
        credential_name,
        issuer,
        subject,
        audience,
        tenant,
        lacking: Vec::new(),
        notes,
    };
    design.lacking = lacking(&design, arguments);
    Ok(design)
}

/// Without a tenant there are no parts to miss: all that make up a subject are then looked at.
fn lacking(design: &Design, arguments: &Setup) -> Vec<Unknown> {
    let unknowns = design.unknowns();
    if !unknowns.contains(&Unknown::Subject) {
        return unknowns;
    }
    let organization = arguments.organization_id.is_none().then_some(Unknown::OrganizationId);
    let connection = arguments.connection_id.is_none().then_some(Unknown::ConnectionId);
    [Some(Unknown::TenantId), organization, connection].into_iter().flatten().collect()
}

/// Whose assertions, by which issuer, and what is to be said of it.
fn trusted(arguments: &Setup) -> Result<(Trusted, Issuer, Vec<&'static str>), Explanation> {
    const PROJECT: (&str, &str) = ("--project", "the name of its project");
    let project = arguments.project.clone();
    if let Some(object_id) = arguments.managed_identity_object_id {
        let organization_tenant = Value::or(arguments.organization_tenant_id.as_ref(), Unknown::OrganizationTenantId);
        return Ok((Trusted::ManagedIdentity { object_id, organization_tenant }, Issuer::Entra, vec![SAME_TENANT]));
    }
    if let Some(pipeline) = arguments.pipeline.clone() {
        if arguments.issuer == Some(Issuer::Entra) {
            return Err(Explanation {
                headline: "how a pipeline asks Entra's issuer for an assertion is not documented".to_owned(),
                facts: Vec::new(),
                cause: None,
                remedy: "leave --issuer out; where the task's error shows another issuer and subject, enter those"
                    .to_owned(),
            });
        }
        let project = project.ok_or_else(|| missing(&[PROJECT]))?;
        let notes = vec![PIPELINE_ISSUER, LETTERS_COUNT];
        return Ok((Trusted::Pipeline { project, pipeline }, Issuer::AzureDevops, notes));
    }
    let (connection, id) = (arguments.connection.clone(), arguments.connection_id);
    let issuer = arguments.issuer.unwrap_or(Issuer::Entra);
    let mut lacking = Vec::new();
    if issuer == Issuer::AzureDevops || id.is_none() {
        if project.is_none() {
            lacking.push(PROJECT);
        }
        if connection.is_none() {
            lacking.push(("--connection", "the name of the service connection"));
        }
    }
    if !lacking.is_empty() {
        if issuer == Issuer::Entra {
            lacking.push(("or else", "--connection-id, or for a job without a connection --pipeline"));
        }
        return Err(missing(&lacking));
    }
    let notes = if issuer == Issuer::AzureDevops { vec![ENDING_ISSUER, LETTERS_COUNT] } else { Vec::new() };
    Ok((Trusted::Connection { project, connection, id }, issuer, notes))
}

fn identity(arguments: &Setup, trusted: &Trusted) -> Result<Principal, Explanation> {
    let across_tenants = matches!(trusted, Trusted::ManagedIdentity { .. });
    let name = arguments.name.clone();
    if across_tenants || arguments.identity == IdentityKind::Application {
        if arguments.resource_group.is_some() || arguments.location.is_some() {
            return Err(Explanation {
                headline: "an application has no resource group and no location".to_owned(),
                facts: Vec::new(),
                cause: None,
                remedy: "leave --resource-group and --location out".to_owned(),
            });
        }
        return Ok(match arguments.application.or(arguments.client_id) {
            Some(client_id) => {
                Principal::Application { client_id, name: Value::or(name.as_ref(), Unknown::ApplicationName) }
            }
            None => Principal::NewApplication { name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()) },
        });
    }
    if let Some(name) = name.as_ref().filter(|name| !names_managed_identity(name)) {
        return Err(Explanation {
            headline: format!("'{name}' is no name for a managed identity"),
            facts: Vec::new(),
            cause: None,
            remedy: "give --name 3 to 128 letters, digits, '-' and '_' that begin with a letter or digit".to_owned(),
        });
    }
    let resource_group = Value::or(arguments.resource_group.as_ref(), Unknown::ResourceGroup);
    Ok(match arguments.client_id {
        Some(client_id) => {
            let name = Value::or(name.as_ref(), Unknown::IdentityName);
            Principal::ManagedIdentity { client_id, name, resource_group }
        }
        None => Principal::NewManagedIdentity {
            name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
            resource_group,
            location: arguments.location.clone(),
        },
    })
}

/// Microsoft, "Naming rules and restrictions for Azure resources", Microsoft.ManagedIdentity.
fn names_managed_identity(name: &str) -> bool {
    (3..=128).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Says which arguments are missing.
pub fn missing(arguments: &[(&'static str, &str)]) -> Explanation {
    let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).filter(|name| name.starts_with("--")).collect();
    Explanation {
        headline: format!("{} {} missing", names.join(" and "), if names.len() == 1 { "is" } else { "are" }),
        facts: arguments.iter().map(|(name, what)| (*name, (*what).to_owned())).collect(),
        cause: None,
        remedy: "give what is missing; `ado-entra-auth setup --help` explains each argument".to_owned(),
    }
}
