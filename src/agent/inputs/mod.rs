//! The task's inputs: every name of one, every check of one.

mod certificate;
mod error;
mod identity;
mod names;
mod reach;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::job::Job;
use crate::disk;
use crate::identity::entra::Propagation;
use crate::identity::federation;
use crate::reach::{FeedInput, PermittedOrganization};
use crate::tools::git;
use crate::tools::{self, Choice, TOOLS, Tool};

use identity::ConnectionType;
use reach::{feeds, permitted};

pub use error::InputError;
pub use identity::{identity, identity_in_a_script};
pub use names::{canonical, holds_a_secret, is_input, name_an_identity};

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
    /// The variable that carries the token.
    pub token_variable: String,
    /// Who is asked first.
    pub verify: Verify,
    /// How long what was made in Entra a moment ago is waited for.
    pub propagation: Propagation,
    /// Whether tokens are renewed for as long as the job runs.
    pub keep_fresh: bool,
}

/// Who is asked whether the identity is let in, before anything is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verify {
    /// Nobody.
    Nobody,
    /// The organizations.
    Organizations,
    /// The organizations, and then each feed.
    Feeds,
}

/// Names that would break later steps, or that the agent keeps for itself: names, or beginnings that end in `*`. Those of the
/// tools in use are in their own [`tools::ToolId`].
const TAKEN: &[&str] = &[
    "PATH",
    "HOME",
    "USERPROFILE",
    "TEMP",
    "TMP",
    "TMPDIR",
    "SYSTEM_*",
    "AGENT_*",
    "BUILD_*",
    "INPUT_*",
    "SECRET_*",
    "ENDPOINT_*",
    "VSTS_*",
    "VSO_*",
    "GIT_*",
    "NPM_CONFIG_*",
    "NODE_*",
    "JAVA_*",
    "MAVEN_*",
    "NUGET*",
    "LD_*",
    "DYLD_*",
    "ADO_ENTRA_AUTH_*",
];

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
        token_variable: token_variable(job)?,
        verify: verify(job)?,
        propagation: propagation(job)?,
        keep_fresh: one_of(job, "keepFresh", &["true", "false"])? != Some("false"),
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

/// The manifest's input is a boolean, so that the editor shows a box to tick; in YAML any text gets here.
fn verify(job: &Job) -> Result<Verify, InputError> {
    Ok(match one_of(job, "verify", &["true", "false", "feeds"])? {
        Some("false") => Verify::Nobody,
        Some("feeds") => Verify::Feeds,
        _ => Verify::Organizations,
    })
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
    let headers = one_of(job, "gitCredential", &["helper", "extraHeader"])? == Some("extraHeader");
    let as_set = |tool: &&'static dyn tools::Tool| {
        let is_git = tool.id().name == git::WITH_HEADERS.id().name;
        if headers && is_git { &git::WITH_HEADERS as &dyn tools::Tool } else { *tool }
    };
    let tools = TOOLS.iter().map(as_set).collect();
    let wanted = items(job, NAME)?;
    if wanted.is_empty() || (wanted.len() == 1 && wanted[0].eq_ignore_ascii_case("auto")) {
        return Ok(Choice { tools, named: None });
    }
    let mut named = BTreeSet::new();
    for name in wanted {
        let Some(known) = tools::names().find(|known| known.eq_ignore_ascii_case(name)) else {
            let reason = match tools::meant(name) {
                Some(meant) => format!("write {meant}"),
                None => format!("use only auto, or any of {}", tools::names().collect::<Vec<_>>().join(", ")),
            };
            return Err(InputError::Refused { name: NAME, value: name.to_owned(), reason });
        };
        named.insert(known);
    }
    Ok(Choice { tools, named: Some(named) })
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
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let framed = name.starts_with(|first: char| first.is_ascii_digit() || first == '.') || name.ends_with('.');
    if !name.bytes().all(allowed) || framed || name.contains("..") {
        return Err(refused(
            "a variable's name is made of letters, digits, underscores and inner dots, and does not begin with a digit",
        ));
    }
    // The agent writes dots as underscores where it passes a variable on.
    let upper = name.to_ascii_uppercase().replace('.', "_");
    let of_tools = TOOLS.iter().flat_map(|tool| tool.id().variables).map(|name| name.to_ascii_uppercase());
    let taken = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => upper.starts_with(prefix),
        None => upper == pattern,
    };
    if of_tools.into_iter().any(|pattern| taken(&pattern)) || TAKEN.iter().any(|pattern| taken(pattern)) {
        return Err(refused("that name is taken"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests;
