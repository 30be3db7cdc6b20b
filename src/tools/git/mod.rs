//! git, with the repositories of permitted organizations.
//!
//! Everything goes through `GIT_CONFIG_COUNT` and its pairs, which git reads since 2.31 behind all files, so that no file of
//! the user changes. One pair includes a private file, which names our credential helper; a header goes into pairs of its own.
//! Sources: git's documentation of git-config, gitcredentials and git-credential.

mod dependencies;
mod headers;
mod include;
mod modules;
mod pairs;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::reading::{Among, Mention, Origin, Parsed, Place, ReadFile, Reading, RelPath, SourceFile, Sources};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::Feed;
use crate::host::{Host, Look};
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{PrivateFile, Template, TokenSource};
use crate::reach::{Binding, Role, ServedFeed};

use dependencies::Dependencies;
use modules::{Module, Modules, has_password, is_ssh, over_https, without_user};
use pairs::Pairs;

const MODULES: &str = ".gitmodules";
/// Projects over ssh that are said; the rest is counted.
const MOST_NOTES: usize = 20;

/// git.
pub struct Git(Delivery);

/// How git gets its credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Delivery {
    /// A credential helper, asked when no header is given.
    Helper,
    /// `http.<url>.extraheader`, for programs that ask no helper.
    ExtraHeader,
}

/// git, which asks a credential helper.
pub static WITH_HELPER: Git = Git(Delivery::Helper);
/// git, which is given headers.
pub static WITH_HEADERS: Git = Git(Delivery::ExtraHeader);

static ID: ToolId = ToolId {
    name: "git",
    speaks: None,
    auto: Auto::Always,
    takes_inputs: false,
    variables: &["GIT_CONFIG_*", dependencies::VARIABLE],
    dependency_folders: &[],
    ways: &[
        Way {
            clients: "",
            tried: "2.39, 2.47: fetch, push",
            source: TokenSource::Helper(Dialect::Git),
            fresh: Fresh::EachUse,
            afterwards: super::REMOVED,
        },
        Way {
            clients: "with `gitCredential: extraHeader`",
            tried: "2.47: fetch",
            source: TokenSource::Variable,
            fresh: Fresh::NextStep,
            afterwards: "variables as before",
        },
    ],
};

/// A git configuration of the user's or the machine's, as far as it silences our helper: headers by URL.
struct UserConfig(Vec<(String, usize)>);

impl Tool for Git {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        (path.is_named(&[MODULES]) || Dependencies::reads(path)) && among == Among::Project
    }

    fn searches(&self, name: &str) -> bool {
        dependencies::is_listed(name)
    }

    /// What cargo's files refer to is for cargo.
    fn is_configured_by(&self, file: &SourceFile) -> bool {
        file.is_named(&[MODULES])
    }

    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let named = host.variable("GIT_CONFIG_GLOBAL").map(|file| vec![PathBuf::from(file)]);
        let usual = || {
            let config = host.variable("XDG_CONFIG_HOME").map(PathBuf::from);
            let config = config.or_else(|| host.home.as_ref().map(|home| home.join(".config")));
            let of_home = host.home.as_ref().map(|home| home.join(".gitconfig"));
            config.map(|folder| folder.join("git").join("config")).into_iter().chain(of_home).collect()
        };
        named.unwrap_or_else(usual)
    }

    fn parse(&self, file: &SourceFile, _host: &Host) -> Parsed {
        if file.source.origin == Origin::User {
            return Box::new(UserConfig(headers::of_config(&file.text.body)));
        }
        if !file.is_named(&[MODULES]) {
            return Box::new(Dependencies::parse(file));
        }
        Box::new(Modules::parse(&file.text.body))
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        for (file, modules) in sources.of::<Modules>() {
            let over_https = modules.0.iter().filter(|module| !is_ssh(&module.url));
            reading.mentions.extend(over_https.map(|module| mention(file, &module.url, module.line)));
        }
        // Manifest and lock file repeat each other.
        let mut told = BTreeSet::new();
        for (file, dependencies) in sources.of::<Dependencies>() {
            let new = dependencies.addresses.iter().filter(|(organization, _)| told.insert((*organization).clone()));
            reading.mentions.extend(new.map(|(_, (url, line))| mention(file, url, *line)));
        }
        reading
    }

    fn feed_url(&self, feed: &Feed) -> String {
        feed.base_url()
    }

    fn plan(&self, _served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let mut pairs = Pairs::standing(draft.host)?;
        match self.0 {
            Delivery::Helper => {
                let content = include::content(draft, &pairs)?;
                let file = draft.private_file(PrivateFile::new(pairs::FILE, Template::text(content)));
                pairs.add("include.path".to_owned(), Template::text(include::slashed(&file)));
                for permitted in draft.organizations() {
                    draft.deposit(Dialect::Git, &permitted.organization, None);
                    draft.serve_organization(permitted, "repositories", TokenSource::Helper(Dialect::Git));
                }
                warn_of_headers(sources, draft);
                warn_of_passwords(sources, draft);
            }
            Delivery::ExtraHeader => {
                for permitted in draft.organizations() {
                    for (key, value) in headers::pairs(permitted, draft) {
                        pairs.add(key, value);
                    }
                    draft.serve_organization(permitted, "repositories", TokenSource::Variable);
                }
            }
        }
        say_what_goes_over_ssh(sources, draft);
        dependencies::have_cargo_start_git(sources, draft);
        pairs.set(draft);
        Ok(())
    }
}

fn mention(file: &ReadFile, url: &str, line: usize) -> Mention {
    let (role, bound, place) = (Role::Source, Binding::Url, Place::line(&file.source, line));
    Mention { name: None, url: url.to_owned(), doubt: None, role, bound, place }
}

/// git sends a header of the user's in place of a helper's answer (measured with 2.47).
fn warn_of_headers(sources: Sources<'_>, draft: &mut Draft<'_>) {
    for (file, config) in sources.of::<UserConfig>() {
        for (url, line) in &config.0 {
            let covers = draft.organizations().iter().any(|permitted| headers::cover(url, &permitted.organization));
            if covers {
                draft.warn(format!(
                    "git: {} line {line} sets an Authorization header for {}, which git sends in place of this task's credential: \
                     remove it, or set gitCredential: extraHeader",
                    file.source.shown,
                    if url.is_empty() { "every address" } else { url }
                ));
            }
        }
    }
}

/// git sends a password of the address in place of a helper's answer, and a header in place of either (measured with 2.47).
fn warn_of_passwords(sources: Sources<'_>, draft: &mut Draft<'_>) {
    for (file, modules) in sources.of::<Modules>() {
        let shown = &file.source.shown;
        for module in modules.0.iter().filter(|module| has_password(&module.url)) {
            if Organization::of_url(&module.url).is_some_and(|organization| permits(draft, &organization)) {
                let remedy = without_user(shown, module).map_or_else(
                    || "Remove it".to_owned(),
                    |command| format!("To use the token, run this and commit the file: {command}"),
                );
                draft.warn(format!(
                    "git: {shown} line {} has a password in the address, which git sends in place of this task's credential. {remedy}",
                    module.line
                ));
            }
        }
    }
}

/// Says which submodules no token can serve by their address, and the command that gives them another.
fn say_what_goes_over_ssh(sources: Sources<'_>, draft: &mut Draft<'_>) {
    let mut commands = BTreeSet::new();
    for (file, modules) in sources.of::<Modules>() {
        let shown = &file.source.shown;
        for Module { url, line, .. } in &modules.0 {
            let Some((organization, https, ssh)) = over_https(url).filter(|(of, ..)| permits(draft, of)) else {
                continue;
            };
            // Beside other values of the key, and once however often it is run.
            let command = format!("git config --global --fixed-value --replace-all url.{https}.insteadOf {ssh} {ssh}");
            if commands.insert(command.clone()) && commands.len() <= MOST_NOTES {
                draft.note(format!(
                    "git: {shown} line {line} names a repository of {organization} over ssh, which needs a key. To use the token: \
                     {command}"
                ));
            }
        }
    }
    if let Some(further @ 1..) = commands.len().checked_sub(MOST_NOTES) {
        draft.note(format!("git: {further} further projects have submodules over ssh"));
    }
}

fn permits(draft: &Draft<'_>, organization: &Organization) -> bool {
    draft.organizations().iter().any(|permitted| permitted.organization == *organization)
}

#[cfg(test)]
mod tests;
