//! Finds the workspace's files and hands them to the tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::agent::inputs::Settings;
use crate::disk;
use crate::edit::text::Text;
use crate::tools::host::{Host, Look};
use crate::tools::survey::{self, Grant, Outcome, ToolFiles, Wanted};
use crate::tools::{Hidden, PlanError, SourceFile, Tool, Unparsable};

/// The disk, as tools may look at it.
pub struct Disk {
    /// The folders of PATH.
    path: Option<String>,
}

impl Disk {
    /// A look with the PATH of later steps.
    pub fn new(host: &Host) -> Self {
        Self { path: host.variable("PATH").map(str::to_owned) }
    }
}

impl Look for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        disk::read(path).ok().flatten()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        disk::list(folder)
    }

    fn may_write(&self, folder: &Path) -> bool {
        disk::seems_writable(folder)
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        disk::resolve(&which::which_in(name, self.path.as_deref(), "/").ok()?)
    }
}

/// Looks at the workspace and makes the plan. Files that cannot be read are named in the plan's warnings.
pub fn plan(settings: &Settings, host: &Host, grants: &[Grant]) -> Result<Outcome, PlanError> {
    let look = Disk::new(host);
    let tools = survey::candidates(&settings.choice);
    let root = &settings.working_directory;
    let walk = disk::walk(root, |name| tools.iter().any(|tool| tool.reads(name)));
    let mut warnings: Vec<String> = Vec::new();
    for (folder, error) in &walk.unreadable {
        warnings.push(format!("the folder {} is skipped: {error}", shown(folder, root)));
    }
    let mut files: BTreeMap<PathBuf, SourceFile> = BTreeMap::new();
    for path in walk.files {
        match source(&path, root, true) {
            Ok(Some(file)) => _ = files.insert(path, file),
            Ok(None) => {}
            Err(reason) => {
                warnings.push(format!("{} is left alone, since it cannot be read: {reason}", shown(&path, root)));
            }
        }
    }
    let mut user_files: BTreeMap<&str, ToolFiles> = BTreeMap::new();
    for tool in &tools {
        let found = user_files.entry(tool.name()).or_default();
        for path in tool.user_files(host, &look) {
            match source(&path, root, false) {
                Ok(file) => found.files.extend(file),
                Err(reason) => {
                    let file = path.display().to_string();
                    found.unusable = Some(Unparsable { file, reason, hides: Hidden::Nothing });
                }
            }
        }
    }
    let of_tool = |tool: &'static dyn Tool| {
        let wanted = |file: &&SourceFile| {
            file.path.file_name().and_then(|name| name.to_str()).is_some_and(|name| tool.reads(name))
        };
        let own = user_files.get(tool.name());
        let own_files = own.iter().flat_map(|own| &own.files);
        ToolFiles {
            files: files.values().filter(wanted).chain(own_files).cloned().collect(),
            unusable: own.and_then(|own| own.unusable.clone()),
        }
    };
    let wanted = Wanted {
        choice: settings.choice.clone(),
        permitted: &settings.permitted,
        feeds: &settings.feeds,
        grants,
        git_credential: settings.git_credential,
        token_variable: &settings.token_variable,
    };
    let mut outcome = survey::plan(&wanted, &of_tool, host, &look)?;
    outcome.plan.warnings.extend(warnings);
    Ok(outcome)
}

fn source(path: &Path, root: &Path, in_workspace: bool) -> Result<Option<SourceFile>, String> {
    let Some(bytes) = disk::read(path).map_err(|error| error.to_string())? else { return Ok(None) };
    let text = Text::decode(&bytes).map_err(|error| error.to_string())?;
    let shown = if in_workspace { shown(path, root) } else { path.display().to_string() };
    Ok(Some(SourceFile { path: path.to_path_buf(), shown, text, in_workspace }))
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string().replace('\\', "/")
}
