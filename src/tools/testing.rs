//! What unit tests of tools share: files in memory, a machine, a draft.

#![allow(clippy::missing_panics_doc, clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reading::{Origin, ReadFile, Reading, Source, SourceFile, Sources};
use super::{PlanError, Tool};
use crate::azure_devops::feed::Feed;
use crate::edit::references;
use crate::edit::text::Text;
use crate::host::{Host, Look};
use crate::kernel::organization::Organization;
use crate::plan::draft::{Draft, Surroundings};
use crate::plan::names::RunNames;
use crate::plan::{Change, Plan};
use crate::reach::{Binding, Grant, NamedBy, PermittedOrganization, Reach, Role, ServedFeed, Standing};

/// Files by path. A program is where `bin/<name>` is.
#[derive(Default)]
pub struct Disk(BTreeMap<PathBuf, String>);

impl Disk {
    /// With a file.
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(PathBuf::from(path), text.to_owned());
        self
    }
}

impl Look for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let names =
            self.0.keys().filter(|path| path.parent() == Some(folder)).filter_map(|path| path.file_name()?.to_str());
        names.map(str::to_owned).collect()
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.0.keys().find(|path| path.ends_with(Path::new("bin").join(name))).cloned()
    }
}

/// A machine whose checkout is `/agent/1/s`.
pub fn host(environment: &[(&str, &str)]) -> Host {
    Host {
        environment: environment.iter().copied().collect(),
        home: Some(PathBuf::from("/home/build")),
        pipeline_workspace: Some(PathBuf::from("/agent/1")),
        working_directory: PathBuf::from("/agent/1/s"),
        program: PathBuf::from("/tasks/it's here/ado-entra-auth"),
        ..Host::default()
    }
}

/// A run's names, as they are in tests.
pub fn names() -> RunNames {
    RunNames::new(PathBuf::from("/run"), "X".to_owned())
}

/// A file of the checkout, of a folder `vendor` in it, or of the user.
pub fn file(path: &str, text: &str) -> SourceFile {
    file_of_bytes(path, text.as_bytes())
}

/// The same, from bytes.
pub fn file_of_bytes(path: &str, bytes: &[u8]) -> SourceFile {
    let origin = match path.strip_prefix("/agent/1/s/") {
        Some(below) if below.starts_with("vendor/") => Origin::Beside,
        Some(_) => Origin::Workspace,
        None => Origin::User,
    };
    let shown = path.trim_start_matches("/agent/1/s/").to_owned();
    let source = Arc::new(Source { path: PathBuf::from(path), shown, origin });
    SourceFile { source, text: Text::decode(bytes).unwrap() }
}

/// The bytes of a text in UTF-16 with its mark.
pub fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The files as a tool has taken them apart.
pub fn taken_apart(tool: &dyn Tool, files: &[SourceFile], host: &Host) -> Vec<ReadFile> {
    let read = |file: &SourceFile| ReadFile {
        source: file.source.clone(),
        parsed: tool.parse(file, host).into(),
        text: (file.source.origin == Origin::User).then(|| file.text.clone()),
        references: references::in_text(&file.text.body).into(),
    };
    files.iter().map(read).collect()
}

/// What a tool reads in files.
pub fn reading(tool: &dyn Tool, files: &[SourceFile], host: &Host) -> Reading {
    tool.read(Sources { files: &taken_apart(tool, files, host), host })
}

/// What files cannot be read for, and then what they name: `name url place`.
pub fn mentioned(tool: &dyn Tool, files: &[SourceFile], host: &Host) -> Vec<String> {
    let reading = reading(tool, files, host);
    let doubts = reading.doubts.iter().map(|doubt| format!("{}: {}", doubt.file, doubt.reason));
    let mentions = reading.mentions.iter().map(|mention| {
        format!("{} {} {}", mention.name.as_deref().unwrap_or_default(), mention.url, mention.place.whole())
    });
    doubts.chain(mentions).collect()
}

/// A feed to serve.
pub fn feed(name: Option<&str>, url: &str, named_in: &str) -> ServedFeed {
    ServedFeed {
        name: name.map(str::to_owned),
        role: Role::Source,
        bound: Binding::Name,
        feed: Feed::parse(url).unwrap_or_else(|| panic!("{url}")),
        written: url.to_owned(),
        named_in: named_in.to_owned(),
        by_input: false,
    }
}

/// Who may see the token in tests: `contoso`, `fabrikam`, and `earlier`, which an earlier step of the job keeps.
pub fn reach(tool: &str) -> Reach {
    let permitted = |name: &str| PermittedOrganization {
        organization: Organization::parse(name).unwrap(),
        standing: Standing::Permitted,
        spellings: [name.to_owned()].into(),
        named_by: vec![NamedBy::Connection],
    };
    let grant = Grant {
        tool: tool.to_owned(),
        organization: "earlier".to_owned(),
        standing: Standing::Owned,
        reference: Some("ADO_ENTRA_AUTH_Y_EARLIER".to_owned()),
    };
    Reach {
        permitted: ["contoso", "fabrikam", "earlier"].map(permitted).into(),
        grants: vec![grant],
        ..Reach::default()
    }
}

/// What a tool drafts for feeds.
pub fn planned(
    tool: &dyn Tool,
    served: &[ServedFeed],
    files: &[SourceFile],
    host: &Host,
    disk: &Disk,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let (reach, names) = (reach(tool.id().name), names());
    let surroundings =
        Surroundings { host, look: disk, names: &names, reach: &reach, is_named: false, is_blinded: false };
    let read = taken_apart(tool, files, host);
    let mut draft = Draft::new(tool.id().name, surroundings, &mut plan);
    tool.plan(served, Sources { files: &read, host }, &mut draft)?;
    let told = |source| tool.id().ways.iter().any(|way| way.source == source);
    assert!(plan.served.iter().all(|served| told(served.source)), "a way that the tool's id does not tell");
    Ok(plan)
}

/// A line for each change.
pub fn shown(plan: &Plan) -> Vec<String> {
    let line = |change: &Change| match change {
        Change::Variable(variable) => format!("{}={}", variable.name, variable.value.shown()),
        Change::PrivateFile(file) => format!("{}: {}", file.name, file.added_text()),
        Change::SharedFile(file) => {
            let entries: Vec<String> =
                file.entries.iter().map(|entry| format!("{}={}", entry.key, entry.variable)).collect();
            format!("{} under {}: {}", slashed(&file.path), slashed(&file.place), entries.join(", "))
        }
        Change::Program(name) => format!("bin/{name}"),
        Change::Path => "bin on PATH".to_owned(),
    };
    plan.changes.iter().map(line).collect()
}

/// A path as tests spell it: with slashes on every system.
pub fn slashed(path: &Path) -> String {
    let path = path.to_string_lossy();
    if cfg!(windows) { path.replace('\\', "/") } else { path.into_owned() }
}
