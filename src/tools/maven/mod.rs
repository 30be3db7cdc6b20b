//! Maven: repositories of `pom.xml` and `settings.xml`, credentials by the repository's id.
//!
//! Maven takes credentials from the `<server>` of a settings file whose id is the repository's. It reads two: the
//! installation's and the user's, and where both know an id, the user's wins. Either can be pointed elsewhere with `-gs` and
//! `-s`, and `MAVEN_ARGS` puts arguments before those of the command line, since Maven 3.9.0
//! (<https://maven.apache.org/configure.html>). Of two `-s` the first wins (measured with 3.8.7), so a `-s` of ours would
//! silence the one of `mvn -s ci.xml`, and the `-gs` is what is set: a copy of the installation's file with our servers.
//! Where Maven is older, unknown or started by a wrapper, only the file in the home folder reaches every start of it.

mod arguments;
mod configuration;
mod installation;
mod mirrors;
mod model;
mod references;
mod settings;

use std::path::{Path, PathBuf};

use super::{
    Binding, Credential, Mention, Origin, PlanError, Request, SourceFile, Tool, USER_NAME, Unparsable, token_variable,
};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::text::{Text, TextEdit};
use crate::host::{Host, Look};
use crate::plan::{Change, Entry, Plan, PrivateFile, Served, SharedFile, Variable};

use arguments::Arguments;
use installation::Installation;

const NAME: &str = "maven";
const ARGUMENTS: &str = "MAVEN_ARGS";
/// The private copy of the installation's settings, with our servers.
const GLOBAL_COPY: &str = "maven-global-settings.xml";
/// The private copy of settings that the user's own `MAVEN_ARGS` names.
const USER_COPY: &str = "maven-settings.xml";

/// Apache Maven, and what reads its settings.
#[derive(Debug)]
pub struct Maven;

impl Tool for Maven {
    fn name(&self) -> &'static str {
        NAME
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(Protocol::Maven)
    }

    fn binding(&self) -> Binding {
        Binding::Name
    }

    fn reads(&self, file_name: &str) -> bool {
        file_name == "pom.xml"
            || is_wrapper(file_name)
            || is_settings(file_name)
            || configuration::is_configuration(file_name)
    }

    fn reads_among_dependencies(&self, file_name: &str) -> bool {
        self.reads(file_name) && !is_wrapper(file_name)
    }

    fn further_files(&self, files: &[SourceFile], host: &Host) -> Vec<PathBuf> {
        model::further_files(files, host)
    }

    fn user_files(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = homes(host).iter().map(|home| settings_below(home)).collect();
        files.extend(installation::all(host, look).iter().map(Installation::settings));
        let arguments = Arguments::of(host);
        files.extend([arguments.settings(), arguments.global_settings()].into_iter().flatten());
        files
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        homes(host)
    }

    fn mentions(&self, files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>> {
        model::mentions(files, host)
    }

    fn credentials(&self, files: &[SourceFile], host: &Host) -> Vec<Credential> {
        model::credentials(files, host)
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/maven/v1", feed.base_url())
    }

    fn plan(&self, request: &Request<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        let entries = entries(request, plan);
        if entries.is_empty() {
            return Ok(());
        }
        settings::warn(request, &entries, plan);
        let arguments = Arguments::of(request.host);
        let changes = if let Some(installation) = modern(request) {
            by_arguments(request, &entries, &installation, &arguments)?
        } else {
            settings::warn_of_other_settings(request, &arguments, plan);
            in_homes(request, &entries)?
        };
        plan.changes.extend(changes);
        plan.user_names.push(USER_NAME.to_owned());
        Ok(())
    }
}

fn is_wrapper(file_name: &str) -> bool {
    matches!(file_name, "mvnw" | "maven-wrapper.properties")
}

/// `settings.xml` and names such as `ci-settings.xml`; whether it is one of Maven's, its root element tells.
fn is_settings(file_name: &str) -> bool {
    file_name.to_ascii_lowercase().ends_with("settings.xml")
}

fn settings_below(home: &Path) -> PathBuf {
    home.join(".m2").join("settings.xml")
}

/// The home folders in which Java may look: the account's, whatever HOME says, and HOME's for what honours it. Where the
/// job sets Java's own idea of it, that one alone.
fn homes(host: &Host) -> Vec<PathBuf> {
    if let Some(home) = arguments::java_home_folder(host) {
        return vec![home];
    }
    let mut homes: Vec<PathBuf> = [&host.account_home, &host.home].into_iter().flatten().cloned().collect();
    homes.dedup();
    homes
}

/// The servers to write, each id once. What cannot be written safely is left out and said.
fn entries(request: &Request<'_>, plan: &mut Plan) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for served in request.feeds {
        let feed = &served.feed;
        let Some(id) = served.name.as_deref().filter(|id| !id.is_empty()) else {
            plan.warnings.push(format!(
                "Maven takes credentials by a repository's id, and {} names none for {feed}: give the feed as id=URL \
                 in the input 'feeds'",
                served.named_in
            ));
            continue;
        };
        if !settings::can_be_id(id) {
            plan.warnings.push(format!(
                "Maven gets no credential for {feed}: its repository id '{id}' in {} cannot be resolved or written to \
                 settings.xml",
                served.named_in
            ));
            continue;
        }
        let variable = token_variable(NAME, &feed.organization);
        match entries.iter().find(|entry| entry.key == id) {
            Some(known) if known.variable == variable => {}
            Some(_) => {
                plan.warnings.push(format!(
                    "Maven gets no credential for {feed}: the repository id '{id}' in {} stands for a feed of another \
                     organization too",
                    served.named_in
                ));
                continue;
            }
            None => entries.push(Entry { key: id.to_owned(), variable }),
        }
        plan.served.push(Served { tool: NAME, target: feed.to_string(), named_in: served.named_in.clone() });
    }
    entries
}

/// The installation whose settings to carry over, where every Maven that a later step may start takes `MAVEN_ARGS`.
///
/// On Unix the start script splits that variable at blanks, whatever quotes it holds, so no path with blanks can go there.
fn modern(request: &Request<'_>) -> Option<Installation> {
    let host = request.host;
    let mut own = request.files.iter().filter(|file| file.origin != Origin::Dependency);
    let wrapped = own.any(|file| file.path.file_name().and_then(|name| name.to_str()).is_some_and(is_wrapper));
    let folders = [host.variable("AGENT_TEMPDIRECTORY"), host.pipeline_workspace.as_deref().and_then(Path::to_str)];
    let blanks = !host.windows && folders.into_iter().flatten().any(|folder| folder.contains(char::is_whitespace));
    let named = Arguments::of(host).global_settings();
    let missing = named.is_some_and(|file| request.look.read(&file).is_none());
    let installations = installation::all(host, request.look);
    let modern = !wrapped && !blanks && !missing && installations.iter().all(Installation::takes_arguments);
    installations.into_iter().next().filter(|_| modern)
}

fn by_arguments(
    request: &Request<'_>,
    entries: &[Entry],
    installation: &Installation,
    arguments: &Arguments,
) -> Result<Vec<Change>, PlanError> {
    let mut changes = Vec::new();
    let global = arguments.global_settings().unwrap_or_else(|| installation.settings());
    changes.push(Change::PrivateFile(carried_over(request.look, GLOBAL_COPY, &global, entries)?));
    let mut user_copy = None;
    match arguments.settings() {
        // The user's arguments name another settings file, whose servers win over the installation's.
        Some(file) => {
            let own = own_entries(request.look, &file, entries)?;
            if !own.is_empty() {
                changes.push(Change::PrivateFile(carried_over(request.look, USER_COPY, &file, &own)?));
                user_copy = Some(USER_COPY);
            }
        }
        None => {
            for home in homes(request.host) {
                let own = own_entries(request.look, &settings_below(&home), entries)?;
                if !own.is_empty() {
                    changes.push(shared(&home, own));
                }
            }
        }
    }
    let value = arguments.with_copies(user_copy);
    let former = request.host.variable(ARGUMENTS).map(str::to_owned);
    changes.push(Change::Variable(Variable::borrowed(ARGUMENTS, value, former)));
    Ok(changes)
}

/// The home folders' files. Each is planned for here too, so that one that cannot be used stops the run before it begins.
fn in_homes(request: &Request<'_>, entries: &[Entry]) -> Result<Vec<Change>, PlanError> {
    let mut homes = homes(request.host);
    homes.retain(|home| request.look.may_write(home));
    if homes.is_empty() {
        let reason = "there is no home folder that can be written to, and its settings.xml goes there".to_owned();
        return Err(PlanError::NoPlace { tool: NAME, reason });
    }
    let change = |home: &PathBuf| {
        carried_over(request.look, "", &settings_below(home), entries)?;
        Ok(shared(home, entries.to_vec()))
    };
    homes.iter().map(change).collect()
}

fn shared(home: &Path, entries: Vec<Entry>) -> Change {
    let path = settings_below(home);
    Change::SharedFile(SharedFile { path, place: home.to_path_buf(), entries, revise: settings::revise })
}

/// A private copy of a settings file with our servers in it; a new file where there is none.
fn carried_over(look: &dyn Look, name: &str, file: &Path, entries: &[Entry]) -> Result<PrivateFile, PlanError> {
    let bytes = look.read(file).unwrap_or_default();
    let text = Text::decode(&bytes).map_err(|error| unusable(file, &error))?;
    let edits = settings::revise(Some(&text.body), entries).map_err(|error| unusable(file, &error))?;
    let edits: Vec<TextEdit> = edits.into_iter().map(|keyed| keyed.edit).collect();
    Ok(PrivateFile::carrying(name, &text, &edits))
}

/// Those of the entries whose id a settings file has a server for.
fn own_entries(look: &dyn Look, file: &Path, entries: &[Entry]) -> Result<Vec<Entry>, PlanError> {
    let Some(bytes) = look.read(file) else { return Ok(Vec::new()) };
    let text = Text::decode(&bytes).map_err(|error| unusable(file, &error))?;
    let ids = settings::server_ids(&text.body).map_err(|error| unusable(file, &error))?;
    Ok(entries.iter().filter(|entry| ids.contains(&entry.key)).cloned().collect())
}

fn unusable(file: &Path, error: &dyn std::fmt::Display) -> PlanError {
    PlanError::UserFile { tool: NAME, file: file.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
