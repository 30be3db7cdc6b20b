//! git, with the repositories of permitted organizations.
//!
//! Everything goes through `GIT_CONFIG_COUNT` and its pairs, which git reads since 2.31 behind all files, so that no file of
//! the user changes. Sources: git's documentation of git-config, gitcredentials and git-credential.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{
    Binding, Mention, PlanError, Request, ServedOrganization, SourceFile, Tool, USER_NAME, Unparsable, token_variable,
};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::plan::{Change, Part, Plan, Served, Template, Variable};

/// git.
pub struct Git;

/// How git gets its credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// A credential helper, asked when no header is given.
    Helper,
    /// `http.<url>.extraheader`, for programs that ask no helper.
    ExtraHeader,
}

const NAME: &str = "git";
const COUNT: &str = "GIT_CONFIG_COUNT";
const HEADER: &str = "Authorization: bearer ";
/// What stands behind the program in the helper's command line; git adds `get`, `store` or `erase`.
pub const HELPER_ARGUMENTS: &str = "credential git";

impl Tool for Git {
    fn name(&self) -> &'static str {
        NAME
    }

    fn protocol(&self) -> Option<Protocol> {
        None
    }

    fn binding(&self) -> Binding {
        Binding::Url
    }

    fn reads(&self, file_name: &str) -> bool {
        file_name == ".gitmodules"
    }

    fn user_files(&self, _host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        Vec::new()
    }

    fn mentions(&self, files: &[SourceFile], _host: &Host) -> Vec<Result<Mention, Unparsable>> {
        let mut found = Vec::new();
        for file in files {
            for line in file.text.body.lines() {
                let Some((key, url)) = line.split_once('=') else { continue };
                if key.trim().eq_ignore_ascii_case("url") {
                    let url = url.trim().trim_matches('"').to_owned();
                    found.push(Ok(Mention { name: None, url, file: file.shown.clone(), origin: file.origin }));
                }
            }
        }
        found
    }

    fn feed_url(&self, feed: &Feed) -> String {
        feed.base_url()
    }

    fn plan(&self, request: &Request<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        let standing = standing_pairs(request.host)?;
        let first = standing.len();
        let pairs: Vec<(String, Template)> = match request.git_credential {
            Delivery::Helper => helper_pairs(request.organizations, request.host)
                .into_iter()
                .filter(|group| !standing.windows(group.len()).any(|window| window == group.as_slice()))
                .flatten()
                .chain(header_resets(request, &standing))
                .map(|(key, value)| (key, Template::text(value)))
                .collect(),
            Delivery::ExtraHeader => request.organizations.iter().filter(|o| o.serves).flat_map(header_pairs).collect(),
        };
        plan.user_names.push(USER_NAME.to_owned());
        for served in request.organizations {
            plan.user_names.push(served.organization.name().to_owned());
            plan.served.push(Served {
                tool: NAME,
                target: format!("repositories of {}", served.organization),
                named_in: served.named_in.clone(),
            });
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let count = (first + pairs.len()).to_string();
        for (offset, (key, value)) in pairs.into_iter().enumerate() {
            let index = first + offset;
            let former = |name: &str| request.host.environment.get(name).cloned();
            let (key_name, value_name) = (format!("GIT_CONFIG_KEY_{index}"), format!("GIT_CONFIG_VALUE_{index}"));
            let (key_former, value_former) = (former(&key_name), former(&value_name));
            // A key without text would stop git wherever somebody has raised the count since.
            let key = Variable::borrowed(key_name, Template::text(key), key_former);
            plan.changes.push(Change::Variable(Variable { only_with: Some(COUNT.to_owned()), ..key }));
            plan.changes.push(Change::Variable(Variable::borrowed(value_name, value, value_former)));
        }
        // Last, since git refuses a count whose pairs are not there.
        let former = request.host.environment.get(COUNT).cloned();
        plan.changes.push(Change::Variable(Variable::borrowed(COUNT, Template::text(count), former)));
        Ok(())
    }
}

/// The pairs that the job has already, the user's or an earlier step's.
pub fn standing_pairs(host: &Host) -> Result<Vec<(String, String)>, PlanError> {
    let Some(count) = host.variable(COUNT) else { return Ok(Vec::new()) };
    let wrong = |reason: String| PlanError::NoPlace { tool: NAME, reason };
    let count: usize = count
        .parse()
        .ok()
        .filter(|count| *count < 10_000)
        .ok_or_else(|| wrong(format!("the variable {COUNT} holds '{count}', which git takes for no number")))?;
    let value = |name: String| {
        host.environment.get(&name).cloned().ok_or_else(|| wrong(format!("{COUNT} is {count}, but {name} is not set")))
    };
    (0..count).map(|n| Ok((value(format!("GIT_CONFIG_KEY_{n}"))?, value_or_blank(host, n)))).collect()
}

/// A blank value may not be in the environment: some systems know no blank variables.
fn value_or_blank(host: &Host, index: usize) -> String {
    host.environment.get(&format!("GIT_CONFIG_VALUE_{index}")).cloned().unwrap_or_default()
}

/// For each host a group of pairs that makes our helper the one that is asked there.
///
/// Bound to the host and not to the organization's path, since git compares paths with case and Azure DevOps does not; the
/// helper checks the organization. The empty value resets the list: a helper of the user's that also stood there would
/// be given our token to store. Ours passes on to it whatever is not of a permitted organization.
fn helper_pairs(organizations: &[ServedOrganization], host: &Host) -> Vec<Vec<(String, String)>> {
    let command = format!("!{} {HELPER_ARGUMENTS}", shell_quoted(&host.program, host.windows));
    let mut hosts = vec!["dev.azure.com".to_owned()];
    hosts.extend(organizations.iter().map(|served| format!("{}.visualstudio.com", served.organization)));
    let group = |host: String| {
        let key = |name: &str| format!("credential.https://{host}.{name}");
        vec![(key("helper"), String::new()), (key("helper"), command.clone()), (key("useHttpPath"), "true".to_owned())]
    };
    hosts.into_iter().map(group).collect()
}

/// What takes back the headers of an earlier step for organizations that this step serves: git asks no helper where a header
/// is given.
fn header_resets(request: &Request<'_>, standing: &[(String, String)]) -> Vec<(String, String)> {
    let mut resets = BTreeSet::new();
    for served in request.organizations.iter().filter(|served| served.serves) {
        let Some(token) = request.host.variable(&token_variable(NAME, &served.organization)) else { continue };
        let header = format!("{HEADER}{token}");
        resets
            .extend(standing.iter().filter(|(_, value)| *value == header).map(|(key, _)| (key.clone(), String::new())));
    }
    resets.into_iter().collect()
}

/// A path for the shell that git starts helpers with, which is sh on Windows too.
fn shell_quoted(program: &Path, windows: bool) -> String {
    let path = program.to_string_lossy();
    let path = if windows { path.replace('\\', "/") } else { path.into_owned() };
    format!("'{}'", path.replace('\'', "'\\''"))
}

/// The header for each URL form of an organization, alone at its URL, and no redirect followed with it: git would carry it
/// to the other host on a POST (measured with git 2.47).
fn header_pairs(served: &ServedOrganization) -> Vec<(String, Template)> {
    let mut bases: Vec<String> = served.spellings.iter().map(|name| format!("https://dev.azure.com/{name}")).collect();
    bases.push(format!("https://{}.visualstudio.com", served.organization));
    let mut pairs = Vec::new();
    for base in bases {
        let header = Template::new([Part::Text(HEADER.to_owned()), Part::TokenFor(served.organization.clone())]);
        pairs.push((format!("http.{base}.extraheader"), Template::text("")));
        pairs.push((format!("http.{base}.extraheader"), header));
        pairs.push((format!("http.{base}.followRedirects"), Template::text("false")));
    }
    pairs
}
