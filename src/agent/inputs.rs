//! The task's inputs: every name of one, every check of one.

mod certificate;
mod identity;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::job::Job;
use crate::azure_devops::feed::Feed;
use crate::azure_devops::organization::Organization;
use crate::diagnosis::Explain;
use crate::diagnosis::causes::Cause;
use crate::disk;
use crate::identity::certificate::CertificateError;
use crate::identity::entra::Propagation;
use crate::identity::federation;
use crate::tools::git::Delivery;
use crate::tools::survey::{Choice, FeedInput, NamedBy, PermittedOrganization, Standing};
use crate::tools::{self, LATER_TOOLS, TOOLS};

use identity::{ARM_CONNECTION, CONNECTION, ConnectionType};

pub use identity::identity;

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
    /// How long what was made in Entra a moment ago is waited for.
    pub propagation: Propagation,
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
    /// AKS gave a token file and no client id.
    #[error("the agent's pod has a token file (AZURE_FEDERATED_TOKEN_FILE), and no client id (AZURE_CLIENT_ID)")]
    NoClientOfPod,
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
    /// A variable of the machine holds something that it should not.
    #[error("the variable {name} is '{value}', where no token is sent: {reason}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// Why.
        reason: &'static str,
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
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] Box<CertificateError>),
    /// The service connection cannot be used.
    #[error("the service connection {id} cannot be used: {reason}")]
    Connection {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
        /// What to do.
        remedy: &'static str,
        /// What it means, where that is known.
        cause: Option<&'static Cause>,
    },
}

impl Explain for InputError {
    fn remedy(&self) -> String {
        match self {
            Self::Missing { name } if CONNECTION_TYPE_INPUTS.contains(name) => {
                format!("give '{name}', or set 'connectionType' to what is to sign in")
            }
            Self::Missing { name } => format!("give '{name}'"),
            Self::NoClientOfPod => {
                "annotate the pod's service account with azure.workload.identity/client-id, or give 'clientId'"
                    .to_owned()
            }
            Self::UnsetVariable { value, .. } if value.to_ascii_lowercase().contains(".securefilepath)") => {
                "run DownloadSecureFile@1 before this step, with the name that stands before the dot".to_owned()
            }
            Self::UnsetVariable { .. } => "set the variable, or correct its name".to_owned(),
            Self::Refused { name, .. } => format!("correct the input '{name}'"),
            Self::Variable { name, .. } => format!(
                "take back what sets {name}: the machine sets it, nobody else should; an authority of your own goes into the input \
                 'authorityHost'"
            ),
            Self::Unsupported { name, .. } => {
                let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name()).collect();
                format!("correct the input '{name}': auto alone, or any of {}", known.join(", "))
            }
            Self::Certificate(error) => error.remedy(),
            Self::Connection { remedy, .. } => (*remedy).to_owned(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Certificate(error) => error.facts(),
            _ => Vec::new(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Certificate(error) => Explain::cause(error.as_ref()),
            Self::Connection { cause, .. } => *cause,
            _ => None,
        }
    }
}

/// What only some connection types need: where it is missing, the type may be what is wrong.
const CONNECTION_TYPE_INPUTS: [&str; 4] = [CONNECTION, ARM_CONNECTION, "clientSecret", "clientCertificate"];
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
const NAMES: [&str; 21] = [
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
    "federatedClientId",
    "sendCertificateChain",
    "propagationTimeout",
];

/// Whether the task has an input of this name, without regard to case.
pub fn is_input(name: &str) -> bool {
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a value of this input is a secret, which belongs on no command line.
pub fn holds_a_secret(name: &str, value: &str) -> bool {
    let named = |secret: &str| name.eq_ignore_ascii_case(secret);
    // A reference to a variable, as a pipeline has it, tells nothing.
    let told = !value.trim().starts_with("$(");
    told && (named("clientSecret") || named("clientCertificatePassword"))
        || named("clientCertificate") && certificate::is_text(value)
}

/// The name of an input that an alias stands for, or the name itself.
pub fn canonical(name: &str) -> &str {
    let aliases = [("workloadIdentityServiceConnection", CONNECTION), ("azureSubscription", ARM_CONNECTION)];
    aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map_or(name, |(_, name)| name)
}

/// Reads and checks all inputs but the identity's, which a dry run does without.
pub fn settings(job: &Job) -> Result<Settings, InputError> {
    let connection_type = ConnectionType::of(job)?;
    authority(job)?;
    let feeds = feeds(job)?;
    Ok(Settings {
        choice: choice(job)?,
        permitted: permitted(job, connection_type, &feeds)?,
        feeds,
        working_directory: working_directory(job)?,
        git_credential: match one_of(job, "gitCredential", &["helper", "extraHeader"])? {
            Some("extraHeader") => Delivery::ExtraHeader,
            _ => Delivery::Helper,
        },
        token_variable: token_variable(job)?,
        verify: one_of(job, "verify", &["true", "false"])? != Some("false"),
        propagation: propagation(job)?,
    })
}

/// An input's text.
fn text<'a>(job: &'a Job, name: &'static str) -> Result<Option<&'a str>, InputError> {
    set(name, job.input(name))
}

/// A secret's text.
fn secret<'a>(job: &'a Job, name: &'static str) -> Result<Option<&'a str>, InputError> {
    set(name, job.secret_input(name))
}

/// A text that is a single reference to a variable was not replaced by the agent: it has no value.
fn set<'a>(name: &'static str, value: Option<&'a str>) -> Result<Option<&'a str>, InputError> {
    match value {
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

fn authority(job: &Job) -> Result<Url, InputError> {
    const NAME: &str = "authorityHost";
    authority_of(NAME, text(job, NAME)?.unwrap_or(federation::PUBLIC_AUTHORITY))
}

/// An authority's address. `name` is what gave it.
fn authority_of(name: &'static str, value: &str) -> Result<Url, InputError> {
    let reason = "it must be an https address without path, user and port".to_owned();
    federation::authority(value).ok_or_else(|| InputError::Refused { name, value: value.to_owned(), reason })
}

/// How long to wait for what was made in Entra a moment ago: seconds.
fn propagation(job: &Job) -> Result<Propagation, InputError> {
    const NAME: &str = "propagationTimeout";
    const MOST_SECONDS: u64 = 900;
    let Some(value) = text(job, NAME)? else { return Ok(Propagation::Brief) };
    let seconds = value.parse().ok().filter(|seconds| *seconds <= MOST_SECONDS);
    let reason = || format!("use a number of seconds, at most {MOST_SECONDS}");
    let seconds =
        seconds.ok_or_else(|| InputError::Refused { name: NAME, value: value.to_owned(), reason: reason() })?;
    Ok(Propagation::UpTo(Duration::from_secs(seconds)))
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

fn permitted(
    job: &Job,
    connection_type: ConnectionType,
    feeds: &[FeedInput],
) -> Result<Vec<PermittedOrganization>, InputError> {
    const NAME: &str = "organizations";
    let mut permitted: Vec<PermittedOrganization> = Vec::new();
    let mut add = |organization: Organization, standing, written: &str, named_by| {
        let spelling = spelling_in(&organization, written);
        let known = permitted.iter_mut().find(|known| known.organization == organization);
        if let Some(known) = known {
            known.spellings.insert(spelling);
            known.named_by.push(named_by);
        } else {
            let spellings = BTreeSet::from([organization.name().to_owned(), spelling]);
            permitted.push(PermittedOrganization { organization, standing, spellings, named_by: vec![named_by] });
        }
    };
    let own_url = || job.input(CONNECTION).and_then(|id| job.endpoint(id).url);
    let url = if connection_type == ConnectionType::AzureDevOps { own_url() } else { None };
    if let Some((organization, url)) = url.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Owned, &url, NamedBy::Connection);
    }
    let collection = job.pipeline().collection;
    if let Some((organization, url)) = collection.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Permitted, &url, NamedBy::Pipeline);
    }
    for item in items(job, NAME)? {
        let organization = Organization::parse(item).map_err(|error| InputError::Refused {
            name: NAME,
            value: item.to_owned(),
            reason: error.to_string(),
        })?;
        add(organization, Standing::Permitted, item, NamedBy::Organizations);
    }
    for input in feeds {
        add(input.feed.organization.clone(), Standing::Permitted, input.feed.url.as_str(), NamedBy::Feeds);
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
