//! From arguments to what is to be created: the same for every format, with holes where something was not given.

use super::credential_name;
use super::principal::{self, Principal};
use super::unknown::Unknown;
use super::value::Value;
use crate::cli::{Issuer, Setup};
use crate::diagnosis::Explanation;
use crate::identity::federation::{self, Guid, PUBLIC_AUTHORITY, Subject};

/// What is to be created.
#[derive(Clone, Debug)]
pub struct Design {
    /// The organization's name, as it was written.
    pub organization: Value,
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

impl Design {
    /// What it is about, in a sentence.
    pub fn headline(&self) -> String {
        let organization = self.organization.shown();
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

    /// Everything that a page shows a placeholder for, each thing once.
    pub fn placeholders(&self) -> Vec<Unknown> {
        let mut unknowns = self.lacking.clone();
        let mut values = vec![&self.organization];
        match &self.trusted {
            Trusted::Connection { .. } => {}
            Trusted::Pipeline { .. } => values.push(&self.tenant),
            Trusted::ManagedIdentity { organization_tenant, .. } => values.push(organization_tenant),
        }
        if let Principal::NewManagedIdentity { resource_group, .. } = &self.identity {
            values.push(resource_group);
        }
        for unknown in values.into_iter().flat_map(Value::unknowns) {
            if !unknowns.contains(&unknown) {
                unknowns.push(unknown);
            }
        }
        unknowns
    }
}

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
    let organization = Value::or(arguments.organization.as_ref(), Unknown::Organization);
    let (trusted, issuer, mut notes) = trusted(arguments)?;
    let identity = principal::of(arguments, &trusted)?;
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
            let subject = Subject::AzureDevOpsConnection { organization: organization.shown(), project, connection };
            (azure_devops(), subject.to_string().into())
        }
        (Trusted::Pipeline { project, pipeline }, _) => {
            let [project, pipeline] = [project, pipeline].map(Clone::clone);
            let subject = Subject::AzureDevOpsPipeline { organization: organization.shown(), project, pipeline };
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
    const ORGANIZATION: (&str, &str) = ("--organization", "the organization's name, as in https://dev.azure.com/NAME");
    const PROJECT: (&str, &str) = ("--project", "the name of its project");
    let project = arguments.project.clone();
    // These are parts of a subject, so nothing can stand in for one.
    let unnamed = || {
        let organization = arguments.organization.is_none().then_some(ORGANIZATION);
        organization.into_iter().chain(arguments.project.is_none().then_some(PROJECT)).collect::<Vec<_>>()
    };
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
        let Some(project) = project.filter(|_| arguments.organization.is_some()) else {
            return Err(missing(&unnamed()));
        };
        let notes = vec![PIPELINE_ISSUER, LETTERS_COUNT];
        return Ok((Trusted::Pipeline { project, pipeline }, Issuer::AzureDevops, notes));
    }
    let (connection, id) = (arguments.connection.clone(), arguments.connection_id);
    let issuer = arguments.issuer.unwrap_or(Issuer::Entra);
    let mut lacking = Vec::new();
    if issuer == Issuer::AzureDevops || id.is_none() {
        lacking = unnamed();
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

/// Says which arguments are missing.
pub fn missing(arguments: &[(&'static str, &str)]) -> Explanation {
    let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).filter(|name| name.starts_with("--")).collect();
    Explanation {
        headline: format!("{} {} missing", listed(&names), if names.len() == 1 { "is" } else { "are" }),
        facts: arguments.iter().map(|(name, what)| (*name, (*what).to_owned())).collect(),
        cause: None,
        remedy: "add what is missing; `ado-entra-auth setup --help` explains each argument".to_owned(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => names.concat(),
    }
}
