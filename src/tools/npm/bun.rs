//! bun before 1.4.4, which does not read the file that `NPM_CONFIG_USERCONFIG` names: its credentials go into the user's own
//! `.npmrc`, where a variable of a fixed name is referred to, since jobs share that file (measured with 1.3.14, 1.4.2 and 1.4.4).

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::addresses::Addresses;
use super::keys::key_prefixes;
use super::rc::Rc;
use super::{Npm, is_one_of};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::npmrc;
use crate::edit::text::Text;
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::names::VARIABLE_PREFIX;
use crate::plan::{CannotRevise, Entry, KeyedEdit, SharedFile, TokenSource};
use crate::reach::{Binding, ServedFeed};
use crate::tools::reading::{Among, Origin, Parsed, Place, Reading, RelPath, SourceFile, Sources};
use crate::tools::{Auto, Fresh, PlanError, Tool, ToolId, Way};

/// bun.
pub struct Bun;

static ID: ToolId = ToolId {
    name: "bun",
    speaks: Some(Protocol::Npm),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[],
    dependency_folders: &[],
    ways: &[Way {
        clients: "before 1.4.4",
        tried: "1.3: fetch",
        source: TokenSource::SharedReference,
        fresh: Fresh::NextStep,
        afterwards: "`.npmrc` and variables as before",
    }],
};

/// Files by which a project is known to be one of bun's.
pub const OWN: [&str; 3] = [super::bunfig::NAME, "bun.lock", "bun.lockb"];
const NPMRC: &str = ".npmrc";
/// The first version that reads npm's variable.
const MODERN: [u32; 3] = [1, 4, 4];

impl Tool for Bun {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn family(&self) -> &'static str {
        Npm.family()
    }

    fn reads_like(&self) -> Option<&'static str> {
        Some(super::ID.name)
    }

    fn is_used(&self, sources: Sources<'_>) -> bool {
        let own = |origin: Origin, name: &str| origin == Origin::Workspace && is_one_of(name, &OWN);
        sources.files.iter().any(|file| own(file.source.origin, file.source.name()))
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        Npm.reads(path, among)
    }

    fn searches(&self, name: &str) -> bool {
        Npm.searches(name)
    }

    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        folders(host).iter().map(|folder| folder.join(NPMRC)).collect()
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        folders(host)
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        Npm.parse(file, host)
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        Npm.read(sources)
    }

    fn binds(&self) -> Binding {
        Npm.binds()
    }

    fn feed_url(&self, feed: &Feed) -> String {
        Npm.feed_url(feed)
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        if is_modern(draft.look) {
            return Ok(());
        }
        if let Some((place, host)) = led_elsewhere(sources) {
            draft.warn(format!(
                "bun: {place} has a package fetched from '{host}', where bun before 1.4.4 would send the token too, so it gets none; \
                 use bun 1.4.4 or newer"
            ));
            return Ok(());
        }
        let mut folders = folders(draft.host);
        folders.retain(|folder| draft.look.may_write(folder));
        if folders.is_empty() {
            let reason = format!("there is no home folder that can be written to, and its {NPMRC} goes there");
            return Err(PlanError::NoPlace { tool: ID.name, reason });
        }
        let mut entries: Vec<Entry> = Vec::new();
        for one in served {
            let variable = draft.shared_reference(&one.feed.organization);
            for prefix in key_prefixes(one) {
                let key = format!("{prefix}:_authToken");
                if let Some(line) = own_line(sources, &key) {
                    draft.warn(format!(
                        "bun: {line} has a credential of your own for {}, which stays; remove it there",
                        one.feed
                    ));
                } else if entries.iter().all(|entry| entry.key != key) {
                    entries.push(Entry { key, variable: variable.clone() });
                }
            }
            draft.serve(one, TokenSource::SharedReference);
        }
        for folder in folders.into_iter().filter(|_| !entries.is_empty()) {
            let path = folder.join(NPMRC);
            let unusable =
                |reason: String| PlanError::UserFile { tool: ID.name, file: path.display().to_string(), reason };
            let standing = Text::decode(draft.look.read(&path).unwrap_or_default());
            let standing = standing.map_err(|error| unusable(error.to_string()))?;
            revise(Some(&standing.body), &entries).map_err(|error| unusable(error.to_string()))?;
            draft.share(SharedFile { path, place: folder, entries: entries.clone(), revise });
        }
        Ok(())
    }
}

/// Lock files that bun reads, its own or another client's. It sends the registry's credential wherever they have a package fetched from
/// (measured with 1.3.14; 1.4.5 does not).
const LOCKS: [&str; 6] =
    ["bun.lock", "bun.lockb", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];

fn led_elsewhere(sources: Sources<'_>) -> Option<(Place, String)> {
    let locks = sources.of::<Addresses>().filter(|(file, _)| is_one_of(file.source.name(), &LOCKS));
    let mut locks = locks;
    locks.find_map(|(file, found)| {
        let (host, line) = found.elsewhere.as_ref()?;
        Some((Place::line(&file.source, *line), host.clone()))
    })
}

/// The folders in which bun looks for the user's file: the first that has one, or in older versions the first.
fn folders(host: &Host) -> Vec<PathBuf> {
    let configuration = host.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    configuration.into_iter().chain(host.home.clone()).collect()
}

/// Whether the bun of later steps is known to read npm's variable: a package of npm's says its version.
fn is_modern(look: &dyn Look) -> bool {
    let version = || {
        let program = look.program("bun")?;
        let manifest = look.read(&program.parent()?.parent()?.join("package.json"))?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
        let version = manifest["version"].as_str().filter(|_| manifest["name"] == "bun")?;
        let parts: Vec<u32> = version.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
        Some(parts)
    };
    version().is_some_and(|version| version[..] >= MODERN[..])
}

/// The line of a user's own file that has a key of ours with something else than a reference of ours.
fn own_line(sources: Sources<'_>, key: &str) -> Option<String> {
    let users =
        sources.of::<Rc>().filter(|(file, _)| file.source.origin == Origin::User && file.source.name() == NPMRC);
    let mut lines = users.flat_map(|(file, rc)| rc.lines.iter().map(move |line| (file, line)));
    let found = lines.find(|(_, line)| line.key == key && !line.value.contains(VARIABLE_PREFIX));
    found.map(|(file, line)| format!("{} line {}", file.source.shown, line.number))
}

/// Plans the edits after which a file has a line for every entry.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise> {
    let text = Text::from(text.unwrap_or_default().to_owned());
    let line = |entry: &Entry| format!("{}=${{{}}}", entry.key, entry.variable);
    let standing: BTreeSet<String> =
        npmrc::assignments(&text).map(|found| format!("{}={}", found.key, found.value)).collect();
    let missing: Vec<&Entry> = entries.iter().filter(|entry| !standing.contains(&line(entry))).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let edits = npmrc::append(&text, &missing.iter().map(|entry| line(entry)).collect::<Vec<_>>());
    let [edit] = &edits[..] else {
        return Err(CannotRevise("its sections or lists hide what is added".to_owned()));
    };
    let mut rest = edit.replacement.as_str();
    let mut keyed = Vec::new();
    for entry in missing {
        let end = rest.find(&line(entry)).map_or(0, |at| at + line(entry).len());
        let end = end + rest[end..].find('\n').map_or(0, |at| at + 1);
        let (own, behind) = rest.split_at(end);
        let edit = crate::edit::text::TextEdit::insert(edit.range.start, own);
        keyed.push(KeyedEdit { key: entry.key.clone(), edit });
        rest = behind;
    }
    Ok(keyed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::xml::list::testing::{after, undone};
    use crate::tools::testing::Disk;

    fn entry(key: &str) -> Entry {
        Entry { key: key.to_owned(), variable: format!("{VARIABLE_PREFIX}BUN_CONTOSO") }
    }

    #[test]
    fn lines_come_and_go() {
        let ours = "//h/a/:_authToken=${ADO_ENTRA_AUTH_BUN_CONTOSO}\n//h/b/:_authToken=${ADO_ENTRA_AUTH_BUN_CONTOSO}\n";
        for (before, expected) in [
            ("", ours.to_owned()),
            ("fund=false", format!("fund=false\n{ours}")),
            ("fund=false\r\n", format!("fund=false\r\n{}", ours.replace('\n', "\r\n"))),
            ("a=b\n[x]\n", format!("a=b\n{ours}[x]\n")),
            (ours, ours.to_owned()),
        ] {
            let edits = revise(Some(before), &[entry("//h/a/:_authToken"), entry("//h/b/:_authToken")]).unwrap();
            let edits: Vec<_> = edits.into_iter().map(|keyed| (keyed.key, keyed.edit)).collect();
            let result = after(before, &edits);
            assert_eq!(result, expected);
            assert_eq!(undone(before, &result, &edits), before);
        }
    }

    #[test]
    fn a_version_is_known_by_its_package() {
        let disk = |version: &str| {
            let manifest = format!("{{\"name\":\"bun\",\"version\":\"{version}\"}}");
            Disk::default().with("/lib/bun/bin/bun", "").with("/lib/bun/package.json", &manifest)
        };
        for (version, modern) in
            [("1.4.4", true), ("1.10.0", true), ("2.0.0-rc.1", true), ("1.4.3", false), ("0.9.9", false)]
        {
            assert_eq!(is_modern(&disk(version)), modern, "{version}");
        }
        assert!(!is_modern(&Disk::default().with("/root/.bun/bin/bun", "")));
    }
}
