//! Gradle, whose repositories are asked for by their addresses while a build runs.
//!
//! Names and addresses of repositories are made by programs in the build's own languages, so no file tells them for certain. Gradle runs
//! every script in `init.d` of its user's folder before a build (<https://docs.gradle.org/current/userguide/init_scripts.html>), and no
//! variable names another place. Ours is the same in every run and holds no token. It sees each repository before something is resolved
//! from it or published to it, and asks this program, which it finds on PATH by the name of the run's folder. Where no run's folder is
//! on PATH, it does nothing.

mod addresses;
mod perils;
mod places;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::java::Setting;
use super::reading::{
    Among, Mention, Origin, Parsed, Peril, Place, Reading, RelPath, SourceFile, Sources, folded, is_one_of,
};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::text::TextEdit;
use crate::host::{Host, Look};
use crate::kernel::dialect::{Dialect, GRADLE_PROGRAM};
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{CannotRevise, Entry, KeyedEdit, SharedFile, TokenSource};
use crate::reach::{Binding, Role, ServedFeed};

use addresses::Addresses;

/// Gradle.
pub struct Gradle;

static ID: ToolId = ToolId {
    name: "gradle",
    speaks: Some(Protocol::Maven),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[],
    dependency_folders: &[".gradle"],
    ways: &[Way {
        clients: "4.4 and newer",
        tried: "4.4: fetch",
        source: HELPER,
        fresh: Fresh::EachStart,
        afterwards: "script in `init.d` removed",
    }],
};

const HELPER: TokenSource = TokenSource::Helper(Dialect::Gradle);

/// What asks this program, from within Gradle.
const SCRIPT: &str = include_str!("init.gradle");
const SCRIPT_NAME: &str = "ado-entra-auth.init.gradle";
const SCRIPTS: &str = "init.d";
/// The one thing that stands in the script's file.
const KEY: &str = "script";
/// How the variables begin that Gradle takes for properties of projects.
const PROPERTY_PREFIX: &str = "ORG_GRADLE_PROJECT_";
/// Folders of a build's own plugins, whose sources may name repositories too.
const LOGIC: [&str; 3] = ["buildSrc", "build-logic", "build-conventions"];

impl Tool for Gradle {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    /// The feeds of the input are Maven's too.
    fn is_used(&self, sources: Sources<'_>) -> bool {
        sources.files.iter().any(|file| file.source.origin == Origin::Workspace)
    }

    fn asks_by_address(&self) -> bool {
        true
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        let name = folded(path.name());
        let is_source = || {
            let is_logic =
                |part: std::path::Component<'_>| part.as_os_str().to_str().is_some_and(|name| is_one_of(name, &LOGIC));
            let ends = |end: &str| name.ends_with(end);
            [".kt", ".groovy", ".java"].iter().any(|end| ends(end)) && path.folder().components().any(is_logic)
        };
        let is_script = [".gradle", ".gradle.kts", ".versions.toml"].iter().any(|end| name.ends_with(end));
        // Gradle looks for the root of its build in folders above too.
        name == perils::FILE || among == Among::Project && (is_script || is_source())
    }

    /// They are programs: what they refer to may be anything.
    fn is_configured_by(&self, _file: &SourceFile) -> bool {
        false
    }

    fn outside(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf> {
        let of_folder = |folder: &Path| {
            let scripts = folder.join(SCRIPTS);
            let names = look.list(&scripts).into_iter().filter(|name| name.contains(".gradle") && name != SCRIPT_NAME);
            let known = [perils::FILE, "init.gradle", "init.gradle.kts"].map(|name| folder.join(name));
            known.into_iter().chain(names.map(|name| scripts.join(name)).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        places::folders(host).iter().flat_map(|folder| of_folder(folder)).collect()
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        places::folders(host).iter().flat_map(|folder| places::of_journal(folder, host)).collect()
    }

    fn parse(&self, file: &SourceFile, _host: &Host) -> Parsed {
        // One beside the project names nothing that is served.
        let is_beside = file.source.origin == Origin::Beside;
        let found = if is_beside { Addresses::default() } else { Addresses::of(&file.text.body) };
        let perils = if file.is_named(&[perils::FILE]) { perils::of_properties(&file.text) } else { Vec::new() };
        Box::new(Addresses { perils, ..found })
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        let mut perils = Vec::new();
        let mut take = |found: &Addresses, place: &dyn Fn(usize) -> Place| {
            reading.mentions.extend(found.feeds.iter().map(|(url, line)| mention(url, place(*line))));
            reading.put_together.extend(found.put_together.map(place));
        };
        for (file, found) in sources.of::<Addresses>() {
            take(found, &|line| Place::line(&file.source, line));
            let peril = |set: &Setting| Peril::new(Place::line(&file.source, set.line), set.what.clone());
            perils.extend(found.perils.iter().map(peril));
        }
        for (name, value) in sources.host.environment.iter().filter(|(name, _)| name.starts_with(PROPERTY_PREFIX)) {
            take(&Addresses::of(value), &|_| Place::Variable(name.to_owned()));
        }
        reading.perils = perils;
        reading
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/maven/v1", feed.base_url())
    }

    fn binds(&self) -> Binding {
        Binding::Url
    }

    fn plan(&self, served: &[ServedFeed], _sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let mut named: BTreeSet<&Organization> = BTreeSet::new();
        for one in served.iter().filter(|one| !is_put_together(&one.feed)) {
            named.insert(&one.feed.organization);
            draft.serve(one, HELPER);
        }
        for permitted in draft.organizations() {
            draft.deposit(Dialect::Gradle, &permitted.organization, None);
            if !named.contains(&permitted.organization) {
                draft.serve_organization(permitted, "Maven feeds", HELPER);
            }
        }
        draft.program(GRADLE_PROGRAM);
        for (folder, place) in places::writable(draft.host, draft.look)? {
            let entries = vec![Entry { key: KEY.to_owned(), variable: GRADLE_PROGRAM.to_owned() }];
            let path = folder.join(SCRIPTS).join(SCRIPT_NAME);
            draft.share(SharedFile { path, place, entries, revise });
        }
        Ok(())
    }
}

fn mention(url: &str, place: Place) -> Mention {
    Mention { name: None, url: url.to_owned(), doubt: None, role: Role::Source, bound: Binding::Url, place }
}

/// Whether parts of a feed's address stand elsewhere, so that its name is none.
fn is_put_together(feed: &Feed) -> bool {
    feed.to_string().contains(['$', '{'])
}

/// Plans the edit after which a file is the script.
#[allow(clippy::unnecessary_wraps, reason = "other files cannot hold everything")]
pub fn revise(text: Option<&str>, _entries: &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise> {
    let text = text.unwrap_or_default();
    let edit = TextEdit { range: 0..text.len(), replacement: SCRIPT.to_owned() };
    Ok(if text == SCRIPT { Vec::new() } else { vec![KeyedEdit { key: KEY.to_owned(), edit }] })
}

#[cfg(test)]
mod tests;
