//! The task's inputs: every name of one, every check of one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use reqwest::Url;

use super::job::{Endpoint, Job};
use crate::azure_devops::feed::Feed;
use crate::azure_devops::organization::{Organization, unambiguous};
use crate::diagnosis::Explain;
use crate::disk;
use crate::identity::entra::{self, is_guid, is_tenant};
use crate::tools::git::Delivery;
use crate::tools::survey::{Choice, FeedInput, PermittedOrganization, Standing};
use crate::tools::{self, LATER_TOOLS, TOOLS};

/// What the user asked for, checked.
#[derive(Clone)]
pub struct Settings {
    /// Which tools.
    pub choice: Choice,
    /// Feeds that no file names.
    pub feeds: Vec<FeedInput>,
    /// Organizations that may see the token.
    pub permitted: Vec<PermittedOrganization>,
    /// Where the tools' configuration is looked for.
    pub working_directory: PathBuf,
    /// How git gets its credentials.
    pub git_credential: Delivery,
    /// The variable that carries the token.
    pub token_variable: String,
    /// Whether to ask the organization first.
    pub verify: bool,
}

/// Whose token is asked for.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The service connection's id.
    pub id: String,
    /// The application or managed identity, its tenant, and the authority.
    pub client: entra::Client,
    /// A late-bound assertion.
    pub id_token: Option<String>,
}

/// Why an input cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum InputError {
    /// It must be given.
    #[error("the input '{name}' is missing")]
    Missing {
        /// The input.
        name: &'static str,
    },
    /// Its variable has no value.
    #[error("the input '{name}' is '{value}': no variable of that name is set")]
    UnsetVariable {
        /// The input.
        name: &'static str,
        /// Its text.
        value: String,
    },
    /// It holds something that it does not allow.
    #[error("the input '{name}' does not allow '{value}': {reason}")]
    Refused {
        /// The input.
        name: &'static str,
        /// The offending part.
        value: String,
        /// Why.
        reason: String,
    },
    /// This version does not have it.
    #[error("the input '{name}' does not allow '{value}' in this version{hint}")]
    Unsupported {
        /// The input.
        name: &'static str,
        /// The value.
        value: String,
        /// What helps meanwhile, in brackets.
        hint: String,
    },
    /// The service connection cannot be used.
    #[error("the service connection {id} cannot be used: {reason}")]
    Connection {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Explain for InputError {
    fn remedy(&self) -> String {
        match self {
            Self::Missing { name } => format!("give the step the input '{name}'"),
            Self::UnsetVariable { .. } => "set the variable, or correct its name".to_owned(),
            Self::Refused { name, .. } => format!("correct the input '{name}'"),
            Self::Unsupported { name, .. } => format!("choose another value for the input '{name}'"),
            Self::Connection { remedy, .. } => (*remedy).to_owned(),
        }
    }
}

const CONNECTION: &str = "azureDevOpsServiceConnection";
const CONNECTION_TYPES: [&str; 6] =
    ["azureDevOps", "azureRM", "pipeline", "clientSecret", "clientCertificate", "managedIdentity"];
/// Names that would break later steps, or that the agent keeps for itself.
const TAKEN_NAMES: [&str; 6] = ["PATH", "HOME", "USERPROFILE", "TEMP", "TMP", "TMPDIR"];
const TAKEN_PREFIXES: [&str; 19] = [
    "SYSTEM_",
    "AGENT_",
    "BUILD_",
    "INPUT_",
    "SECRET_",
    "ENDPOINT_",
    "VSTS_",
    "VSO_",
    "GIT_",
    "NPM_CONFIG_",
    "NODE_",
    "JAVA_",
    "MAVEN_",
    "NUGET",
    "VSS_NUGET_",
    "LD_",
    "DYLD_",
    "ARTIFACTS_CREDENTIALPROVIDER_",
    "ADO_ENTRA_AUTH_",
];

/// Every input of the task.
const NAMES: [&str; 18] = [
    "connectionType",
    "azureDevOpsServiceConnection",
    "workloadIdentityServiceConnection",
    "connectedServiceNameARM",
    "azureSubscription",
    "clientId",
    "tenantId",
    "clientSecret",
    "clientCertificate",
    "clientCertificatePassword",
    "tools",
    "feeds",
    "organizations",
    "workingDirectory",
    "gitCredential",
    "tokenVariable",
    "verify",
    "authorityHost",
];

/// Whether the task has an input of this name, without regard to case.
pub fn is_input(name: &str) -> bool {
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Reads and checks the service connection.
pub fn connection(job: &Job) -> Result<Connection, InputError> {
    connection_type(job)?;
    let id = text(job, CONNECTION)?.ok_or(InputError::Missing { name: CONNECTION })?.to_ascii_lowercase();
    if !is_guid(&id) {
        let reason = "the agent passes a service connection's id here, a GUID".to_owned();
        return Err(InputError::Refused { name: CONNECTION, value: id, reason });
    }
    let endpoint = job.endpoint(&id);
    let unusable = |reason: String, remedy| InputError::Connection { id: id.clone(), reason, remedy };
    let scheme = endpoint.scheme.ok_or_else(|| {
        unusable(
            "the agent gave this step no details of it".to_owned(),
            "check that it exists and that this pipeline may use it",
        )
    })?;
    if !scheme.eq_ignore_ascii_case("WorkloadIdentityFederation") {
        let reason = format!("its scheme is '{scheme}' and not workload identity federation");
        return Err(unusable(reason, "use an 'Azure DevOps' service connection with workload identity federation"));
    }
    let client_id = endpoint.client_id.filter(|client| is_guid(client));
    let tenant = endpoint.tenant_id.filter(|tenant| is_tenant(tenant));
    let remedy =
        "correct the service connection: it needs the application (client) id and the tenant id of its identity";
    let client = entra::Client {
        authority: authority(job)?,
        client_id: client_id.ok_or_else(|| unusable("its client id is missing or is not a GUID".to_owned(), remedy))?,
        tenant: tenant
            .ok_or_else(|| unusable("its tenant id is missing or is not a GUID or a domain".to_owned(), remedy))?,
    };
    Ok(Connection { id, client, id_token: endpoint.id_token })
}

/// Reads and checks all inputs but the connection, which a dry run does without.
pub fn settings(job: &Job) -> Result<Settings, InputError> {
    connection_type(job)?;
    authority(job)?;
    let feeds = feeds(job)?;
    Ok(Settings {
        choice: choice(job)?,
        permitted: permitted(job, &feeds)?,
        feeds,
        working_directory: working_directory(job)?,
        git_credential: match one_of(job, "gitCredential", &["helper", "extraHeader"])? {
            Some("extraHeader") => Delivery::ExtraHeader,
            _ => Delivery::Helper,
        },
        token_variable: token_variable(job)?,
        verify: one_of(job, "verify", &["true", "false"])? != Some("false"),
    })
}

/// An input's text. One that is a single reference to a variable was not replaced by the agent: it has no value.
fn text<'a>(job: &'a Job, name: &'static str) -> Result<Option<&'a str>, InputError> {
    match job.input(name) {
        Some(value) if value.starts_with("$(") && value.ends_with(')') && !value[2..].contains("$(") => {
            Err(InputError::UnsetVariable { name, value: value.to_owned() })
        }
        other => Ok(other),
    }
}

/// A list's items: commas and line breaks part them.
fn items<'a>(job: &'a Job, name: &'static str) -> Result<Vec<&'a str>, InputError> {
    let text = text(job, name)?.unwrap_or_default();
    let items: Vec<&str> = text.split([',', '\n', '\r']).map(str::trim).filter(|item| !item.is_empty()).collect();
    match items.iter().find(|item| item.starts_with("$(")) {
        Some(item) => Err(InputError::UnsetVariable { name, value: (*item).to_owned() }),
        None => Ok(items),
    }
}

fn one_of(job: &Job, name: &'static str, allowed: &[&'static str]) -> Result<Option<&'static str>, InputError> {
    let Some(value) = text(job, name)? else { return Ok(None) };
    match allowed.iter().find(|allowed| allowed.eq_ignore_ascii_case(value)) {
        Some(found) => Ok(Some(found)),
        None => {
            Err(InputError::Refused { name, value: value.to_owned(), reason: format!("use {}", allowed.join(" or ")) })
        }
    }
}

fn connection_type(job: &Job) -> Result<(), InputError> {
    match one_of(job, "connectionType", &CONNECTION_TYPES)? {
        None | Some("azureDevOps") => Ok(()),
        Some(other) => Err(InputError::Unsupported {
            name: "connectionType",
            value: other.to_owned(),
            hint: " (use azureDevOps)".to_owned(),
        }),
    }
}

fn authority(job: &Job) -> Result<Url, InputError> {
    const NAME: &str = "authorityHost";
    let value = text(job, NAME)?.unwrap_or("https://login.microsoftonline.com");
    let plain = |url: &Url| {
        url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let reason = "it must be an https address without path, user and port".to_owned();
    unambiguous(value).filter(plain).ok_or_else(|| InputError::Refused { name: NAME, value: value.to_owned(), reason })
}

fn choice(job: &Job) -> Result<Choice, InputError> {
    const NAME: &str = "tools";
    let names = items(job, NAME)?;
    if names.is_empty() || (names.len() == 1 && names[0].eq_ignore_ascii_case("auto")) {
        return Ok(Choice::Auto);
    }
    let mut chosen: Vec<&'static dyn tools::Tool> = Vec::new();
    for name in names {
        if let Some((later, hint)) = LATER_TOOLS.iter().find(|(later, _)| later.eq_ignore_ascii_case(name)) {
            let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
            return Err(InputError::Unsupported { name: NAME, value: (*later).to_owned(), hint });
        }
        let Some(tool) = tools::by_name(name) else {
            let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name()).collect();
            let reason = format!("use auto alone, or any of {}", known.join(", "));
            return Err(InputError::Refused { name: NAME, value: name.to_owned(), reason });
        };
        if !chosen.iter().any(|earlier| earlier.name() == tool.name()) {
            chosen.push(tool);
        }
    }
    Ok(Choice::Named(chosen))
}

fn feeds(job: &Job) -> Result<Vec<FeedInput>, InputError> {
    const NAME: &str = "feeds";
    items(job, NAME)?
        .into_iter()
        .map(|item| {
            let (name, url) = match item.split_once('=') {
                Some((name, url)) if !name.contains("://") => (Some(name.trim().to_owned()), url.trim()),
                _ => (None, item),
            };
            let refused = |reason: &str| InputError::Refused { name: NAME, value: item.to_owned(), reason: reason.to_owned() };
            let feed = Feed::parse(url).ok_or_else(|| {
                refused("it is not the address of an Azure Artifacts feed, such as https://pkgs.dev.azure.com/<organization>/_packaging/<feed>")
            })?;
            if name.as_ref().is_some_and(String::is_empty) {
                return Err(refused("there is no name before the '='"));
            }
            Ok(FeedInput { name, feed })
        })
        .collect()
}

fn permitted(job: &Job, feeds: &[FeedInput]) -> Result<Vec<PermittedOrganization>, InputError> {
    const NAME: &str = "organizations";
    let mut permitted: Vec<PermittedOrganization> = Vec::new();
    let mut add = |organization: Organization, standing, written: &str, named_in: &str| {
        let spelling = spelling_in(&organization, written);
        let known = permitted.iter_mut().find(|known| known.organization == organization);
        if let Some(known) = known {
            known.spellings.insert(spelling);
        } else {
            let spellings = BTreeSet::from([organization.name().to_owned(), spelling]);
            permitted.push(PermittedOrganization { organization, standing, spellings, named_in: named_in.to_owned() });
        }
    };
    let Endpoint { url, .. } = job.input(CONNECTION).map(|id| job.endpoint(id)).unwrap_or_default();
    if let Some((organization, url)) = url.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Owned, &url, "the service connection");
    }
    let collection = job.pipeline().collection;
    if let Some((organization, url)) = collection.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Permitted, &url, "the pipeline");
    }
    for item in items(job, NAME)? {
        let organization = Organization::parse(item).map_err(|error| InputError::Refused {
            name: NAME,
            value: item.to_owned(),
            reason: error.to_string(),
        })?;
        add(organization, Standing::Permitted, item, "the input 'organizations'");
    }
    for input in feeds {
        add(input.feed.organization.clone(), Standing::Permitted, input.feed.url.as_str(), "the input 'feeds'");
    }
    Ok(permitted)
}

/// The organization's name as a URL or an input spells it.
fn spelling_in(organization: &Organization, written: &str) -> String {
    let same = |part: &&str| part.eq_ignore_ascii_case(organization.name());
    written.split(['/', '.', '@']).find(same).unwrap_or_else(|| organization.name()).to_owned()
}

fn working_directory(job: &Job) -> Result<PathBuf, InputError> {
    const NAME: &str = "workingDirectory";
    let base = job.default_working_directory();
    let given = text(job, NAME)?.map(PathBuf::from);
    let directory = match (base, given) {
        (Some(base), Some(given)) => base.join(given),
        (None, Some(given)) => given,
        (Some(base), None) => base,
        (None, None) => PathBuf::from("."),
    };
    if disk::is_folder(&directory) {
        return Ok(directory);
    }
    let reason = "there is no such folder".to_owned();
    Err(InputError::Refused { name: NAME, value: directory.display().to_string(), reason })
}

fn token_variable(job: &Job) -> Result<String, InputError> {
    const NAME: &str = "tokenVariable";
    let name = text(job, NAME)?.unwrap_or("ADO_ENTRA_TOKEN");
    let refused = |reason: &str| InputError::Refused { name: NAME, value: name.to_owned(), reason: reason.to_owned() };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.bytes().all(allowed) || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(refused(
            "a variable's name is made of letters, digits and underscores, and does not begin with a digit",
        ));
    }
    let upper = name.to_ascii_uppercase();
    if TAKEN_NAMES.contains(&upper.as_str()) || TAKEN_PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) {
        return Err(refused("that name is taken"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests;
