//! Maven: repositories of `pom.xml` and `settings.xml`, credentials by the repository's id.
//!
//! Maven takes credentials from the `<server>` of a settings file whose id is the repository's. It reads two: the
//! installation's and the user's, and where both know an id, the user's wins. Either can be pointed elsewhere with `-gs` and
//! `-s`, and `MAVEN_ARGS` puts arguments before those of the command line, since Maven 3.9.0
//! (<https://maven.apache.org/configure.html>). Of two `-s` the first wins (measured with 3.8.7), so a `-s` of ours would
//! silence the one of `mvn -s ci.xml`, and the `-gs` is what is set: a copy of the installation's file with our servers.
//! Where Maven is older, unknown or started by a wrapper, only the file in the home folder reaches every start of it.

mod arguments;
mod central;
mod configuration;
mod doubt;
mod files;
mod further;
mod installation;
mod local;
mod mentions;
mod mirrors;
mod model;
mod names;
mod perils;
mod references;
pub mod settings;

use std::path::{Path, PathBuf};

use super::reading::{Among, Parsed, Reading, RelPath, SourceFile, Sources};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way, java};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::text::{Text, TextEdit};
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{Entry, PrivateFile, SharedFile, Template, TokenSource, Variable};
use crate::reach::ServedFeed;

use arguments::Arguments;
use files::{Content, MavenFile};
use installation::Installation;

static ID: ToolId = ToolId {
    name: "maven",
    speaks: Some(Protocol::Maven),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[ARGUMENTS],
    dependency_folders: &[],
    ways: &[
        Way {
            clients: "3.9 and newer",
            tried: "3.9: fetch, publish",
            source: TokenSource::Reference,
            fresh: Fresh::EachStart,
            afterwards: super::REMOVED,
        },
        Way {
            clients: "older, `mvnw`",
            tried: "3.8: fetch, publish",
            source: TokenSource::SharedReference,
            fresh: Fresh::NextStep,
            afterwards: "`settings.xml` and variables as before",
        },
    ],
};

const ARGUMENTS: &str = "MAVEN_ARGS";
/// The private copy of the installation's settings, with our servers.
const GLOBAL_COPY: &str = "maven-global-settings.xml";

/// Apache Maven, and what reads its settings.
#[derive(Debug)]
pub struct Maven;

impl Tool for Maven {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        files::reads(path, among)
    }

    fn outside(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = homes(host).iter().map(|home| settings_below(home)).collect();
        files.extend(installation::all(host, look).iter().map(Installation::settings));
        let arguments = Arguments::of(host);
        files.extend([arguments.settings(), arguments.global_settings()].into_iter().flatten());
        files
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        homes(host)
    }

    fn parse(&self, file: &SourceFile, _host: &Host) -> Parsed {
        Box::new(MavenFile::parse(file))
    }

    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        further::files(sources)
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        mentions::read(sources)
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/maven/v1", feed.base_url())
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let arguments = Arguments::of(draft.host);
        let installation = modern(sources, draft);
        let source = if installation.is_some() { TokenSource::Reference } else { TokenSource::SharedReference };
        let entries = entries(served, source, sources, draft);
        if entries.is_empty() {
            return Ok(());
        }
        settings::warn(sources, &entries, draft);
        if let Some(installation) = installation {
            return by_arguments(&entries, &installation, &arguments, draft);
        }
        settings::warn_of_other_settings(sources, &arguments, draft);
        in_homes(&entries, draft)
    }
}

fn settings_below(home: &Path) -> PathBuf {
    home.join(".m2").join("settings.xml")
}

fn homes(host: &Host) -> Vec<PathBuf> {
    java::homes(host, &arguments::VARIABLES)
}

/// The servers to write, each id once. What cannot be written safely is left out and said.
fn entries(served: &[ServedFeed], source: TokenSource, sources: Sources<'_>, draft: &mut Draft<'_>) -> Vec<Entry> {
    let mut entries: Vec<(Entry, &ServedFeed)> = Vec::new();
    for one in served {
        let (feed, named_in) = (&one.feed, &one.named_in);
        let Some(id) = one.name.as_deref().filter(|id| !id.is_empty()) else {
            draft.warn(format!(
                "Maven takes credentials by a repository's id, and {named_in} names none for {feed}: write the feed as id=URL \
                 in the input 'feeds'"
            ));
            continue;
        };
        if !settings::can_be_id(id) {
            draft.warn(format!(
                "Maven gets no credential for {feed}: its repository id '{id}' in {named_in} cannot be resolved or written to \
                 settings.xml"
            ));
            continue;
        }
        let standing = settings::server_of_users(sources, id);
        if let Some(settings::UsersServer::Theirs { file }) = &standing {
            draft.warn(format!(
                "Maven gets no credential for {feed}: {file} has a server '{id}' of your own, so the id may mean something else \
                 on this machine. Remove that server, or use another id in {named_in}"
            ));
            continue;
        }
        match entries.iter().find(|(entry, _)| entry.key == id) {
            Some((_, known)) if known.feed.organization == feed.organization => {}
            Some(_) => {
                draft.warn(format!(
                    "Maven gets no credential for {feed}: the repository id '{id}' in {named_in} stands for a feed of another \
                     organization too"
                ));
                continue;
            }
            None => {
                // Where another job under this account has put our server into the file at home, that one is what Maven takes.
                let shared = source == TokenSource::SharedReference || standing.is_some();
                let shared = shared.then(|| draft.shared_reference(&feed.organization));
                let variable = match shared {
                    Some(variable) if source == TokenSource::SharedReference => variable,
                    _ => draft.reference(&feed.organization),
                };
                entries.push((Entry { key: id.to_owned(), variable }, one));
            }
        }
        draft.serve(one, source);
    }
    entries.into_iter().map(|(entry, _)| entry).collect()
}

/// The installation whose settings to carry over, where every Maven that a later step may start takes `MAVEN_ARGS`.
fn modern(sources: Sources<'_>, draft: &Draft<'_>) -> Option<Installation> {
    let host = draft.host;
    let is_wrapper = |parsed: &MavenFile| matches!(parsed.content, Content::Wrapper);
    let wrapped = sources.of::<MavenFile>().any(|(_, parsed)| is_wrapper(parsed));
    let named = Arguments::of(host).global_settings();
    let missing = named.is_some_and(|file| draft.look.read(&file).is_none());
    let installations = installation::all(host, draft.look);
    let takes = |one: &Installation| one.takes_arguments() && one.takes_path(draft.names.directory());
    let modern = !wrapped && !missing && installations.iter().all(takes);
    installations.into_iter().next().filter(|_| modern)
}

fn by_arguments(
    entries: &[Entry],
    installation: &Installation,
    arguments: &Arguments,
    draft: &mut Draft<'_>,
) -> Result<(), PlanError> {
    let global = arguments.global_settings().unwrap_or_else(|| installation.settings());
    let global = carried_over(draft.look, GLOBAL_COPY, &global, entries)?;
    let global = draft.private_file(global);
    draft.set(Variable::new(ARGUMENTS, Template::text(arguments.with_copy(&global))));
    Ok(())
}

/// The home folders' files. Each is planned for here too, so that one that cannot be used stops the run before it begins.
fn in_homes(entries: &[Entry], draft: &mut Draft<'_>) -> Result<(), PlanError> {
    let mut homes = homes(draft.host);
    homes.retain(|home| draft.look.may_write(home));
    if homes.is_empty() {
        let reason = "there is no home folder that can be written to, and its settings.xml goes there".to_owned();
        return Err(PlanError::NoPlace { tool: ID.name, reason });
    }
    for home in homes {
        carried_over(draft.look, "", &settings_below(&home), entries)?;
        draft.share(shared(&home, entries.to_vec()));
    }
    Ok(())
}

fn shared(home: &Path, entries: Vec<Entry>) -> SharedFile {
    SharedFile { path: settings_below(home), place: home.to_path_buf(), entries, revise: settings::revise }
}

/// A private copy of a settings file with our servers in it; a new file where there is none.
fn carried_over(look: &dyn Look, name: &str, file: &Path, entries: &[Entry]) -> Result<PrivateFile, PlanError> {
    let bytes = look.read(file).unwrap_or_default();
    let text = Text::decode(bytes).map_err(|error| unusable(file, &error))?;
    let edits = settings::revise(Some(&text.body), entries).map_err(|error| unusable(file, &error))?;
    let edits: Vec<TextEdit> = edits.into_iter().map(|keyed| keyed.edit).collect();
    Ok(PrivateFile::carrying(name, text, edits))
}

fn unusable(file: &Path, error: &dyn std::fmt::Display) -> PlanError {
    PlanError::UserFile { tool: ID.name, file: file.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod version_tests;
