//! Finds the workspace's files and hands them to the tools.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::agent::inputs::Settings;
use crate::disk::{self, ReadTrouble, WalkedFile};
use crate::edit::text::Text;
use crate::host::{Host, Look};
use crate::reach::{Grant, PermittedOrganization, Unserved};
use crate::survey::{self, Outcome, ToolFiles, Wanted};
use crate::tools::{Binding, Hidden, Origin, PlanError, SourceFile, Tool, Unparsable};

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
///
/// `unserved` are organizations that turned out to give the identity nothing.
pub fn plan(settings: &Settings, host: &Host, grants: &[Grant], unserved: &Unserved) -> Result<Outcome, PlanError> {
    let look = Disk::new(host);
    let tools = survey::candidates(&settings.choice);
    let root = &settings.working_directory;
    let reads = |tool: &dyn Tool, name: &str, in_dependency_folder: bool| {
        if in_dependency_folder { tool.reads_among_dependencies(name) } else { tool.reads(name) }
    };
    let walk = disk::walk(root, |name, among| tools.iter().any(|tool| reads(*tool, name, among)));
    let mut warnings: Vec<String> = Vec::new();
    for (folder, error) in &walk.unreadable {
        warnings.push(format!("the folder {} is passed over: {error}", shown(folder, root)));
    }
    let mut workspace: BTreeMap<&str, ToolFiles> = BTreeMap::new();
    let mut bytes_read = 0;
    for WalkedFile { path, in_dependency_folder } in walk.files {
        let origin = if in_dependency_folder { Origin::Dependency } else { Origin::Workspace };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let readers = || tools.iter().filter(|tool| reads(**tool, name, in_dependency_folder));
        let read = source(&path, root, origin).and_then(|file| {
            bytes_read += file.as_ref().map_or(0, |file| file.text.body.len());
            if bytes_read <= MOST_BYTES {
                return Ok(file);
            }
            let reason = "the configuration before it takes 256 MiB already".to_owned();
            Err(Unparsable { file: shown(&path, root), reason, hides: Hidden::Names, origin })
        });
        match read {
            Ok(Some(file)) => {
                for tool in readers() {
                    workspace.entry(tool.name()).or_default().files.push(file.clone());
                }
            }
            Ok(None) => {}
            Err(unread) if unread.hides == Hidden::Nothing || readers().all(|tool| tool.binding() == Binding::Url) => {
                if origin == Origin::Workspace {
                    let Unparsable { file, reason, .. } = unread;
                    warnings.push(format!("{file} is left alone, since it cannot be read: {reason}"));
                }
            }
            Err(unread) => {
                for tool in readers() {
                    workspace.entry(tool.name()).or_default().unread.push(unread.clone());
                }
            }
        }
    }
    for tool in &tools {
        add_further_files(*tool, workspace.entry(tool.name()).or_default(), root, host);
        let found = workspace.entry(tool.name()).or_default();
        for path in tool.user_files(host, &look) {
            match source(&path, root, Origin::User) {
                Ok(file) => found.files.extend(file),
                Err(unread) => found.unusable = Some(unread),
            }
        }
    }
    let workspace = RefCell::new(workspace);
    let of_tool = |tool: &'static dyn Tool| workspace.borrow_mut().remove(tool.name()).unwrap_or_default();
    let served = |permitted: &&PermittedOrganization| !unserved.contains_key(&permitted.organization);
    let permitted: Vec<PermittedOrganization> = settings.permitted.iter().filter(served).cloned().collect();
    let wanted = Wanted {
        choice: settings.choice.clone(),
        permitted: &permitted,
        feeds: &settings.feeds,
        unserved,
        grants,
        git_credential: settings.git_credential,
        token_variable: &settings.token_variable,
    };
    let mut outcome = survey::plan(&wanted, &of_tool, host, &look)?;
    outcome.plan.warnings.extend(warnings);
    Ok(outcome)
}

/// A bound on the memory that a repository's links to one large file can take.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// More than any repository refers to; a bound on what a hostile one costs.
const MOST_FURTHER_FILES: usize = 10_000;
const MOST_ROUNDS: usize = 100;

/// Reads the files that the tool's files refer to, those that they refer to, and so on.
fn add_further_files(tool: &dyn Tool, found: &mut ToolFiles, root: &Path, host: &Host) {
    let bounds = Bounds::new(root, host);
    let mut known: Option<HashSet<PathBuf>> = None;
    let mut asked = HashSet::new();
    let mut added = 0;
    for round in 0.. {
        let before = added;
        for path in tool.further_files(&found.files, host) {
            if !asked.insert(path.clone()) {
                continue;
            }
            let Some(real) = disk::resolve(&path).filter(|real| !disk::is_folder(real)) else { continue };
            let known =
                known.get_or_insert_with(|| found.files.iter().filter_map(|file| disk::resolve(&file.path)).collect());
            let Some(origin) = bounds.origin(&real).filter(|_| known.insert(real)) else { continue };
            match source(&path, root, origin) {
                Ok(_) if added >= MOST_FURTHER_FILES || round >= MOST_ROUNDS => {
                    let reason = "there are too many files that refer to others".to_owned();
                    let file = shown(&path, root);
                    found.unread.push(Unparsable { file, reason, hides: Hidden::Names, origin });
                    return;
                }
                Ok(file) => found.files.extend(file),
                Err(unread) => found.unread.push(unread),
            }
            added += 1;
        }
        if added == before {
            return;
        }
    }
}

/// Where files may be read that others refer to.
struct Bounds {
    root: Option<PathBuf>,
    pipeline_workspace: Option<PathBuf>,
}

impl Bounds {
    fn new(root: &Path, host: &Host) -> Self {
        let root = disk::resolve(root);
        let pipeline_workspace = host.pipeline_workspace.as_deref().and_then(disk::resolve);
        let holds = |folder: &PathBuf| root.as_ref().is_some_and(|root| root.starts_with(folder));
        Self { pipeline_workspace: pipeline_workspace.filter(holds), root }
    }

    /// Whose a file is, by its real path. What lies in the checkout beside the working directory is the repository's, and still
    /// not what the step was pointed at.
    fn origin(&self, real: &Path) -> Option<Origin> {
        if let Some(below) = self.root.as_ref().and_then(|root| real.strip_prefix(root).ok()) {
            let among = below.iter().any(disk::is_dependency_folder);
            return Some(if among { Origin::Dependency } else { Origin::Workspace });
        }
        self.pipeline_workspace.as_ref().filter(|folder| real.starts_with(folder)).map(|_| Origin::Dependency)
    }
}

fn source(path: &Path, root: &Path, origin: Origin) -> Result<Option<SourceFile>, Unparsable> {
    let shown = if origin == Origin::User { path.display().to_string() } else { shown(path, root) };
    let unread = |hides: Hidden, reason: String| Unparsable { file: shown.clone(), reason, hides, origin };
    let bytes = match disk::read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        // No tool takes a folder or a pipe for its file.
        Err(error @ ReadTrouble::NotAFile) => return Err(unread(Hidden::Nothing, error.to_string())),
        Err(error) => return Err(unread(Hidden::Names, error.to_string())),
    };
    let text = Text::decode(&bytes).map_err(|error| unread(Hidden::Names, error.to_string()))?;
    Ok(Some(SourceFile { path: path.to_path_buf(), shown, text, origin }))
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string().replace('\\', "/")
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the workspace under test")]
mod tests {
    use std::fs;

    use super::*;
    use crate::tools::maven::Maven;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn pom(modules: &[&str]) -> String {
        format!("<project><modules><module>{}</module></modules></project>", modules.join("</module><module>"))
    }

    /// What is read further, beginning with the folder `s` below a pipeline's workspace.
    fn further(workspace: &Path) -> ToolFiles {
        let root = workspace.join("s");
        let host = Host { pipeline_workspace: Some(workspace.to_path_buf()), ..Host::default() };
        let first = source(&root.join("pom.xml"), &root, Origin::Workspace).unwrap().unwrap();
        let mut found = ToolFiles { files: vec![first], ..ToolFiles::default() };
        add_further_files(&Maven, &mut found, &root, &host);
        found
    }

    #[test]
    fn what_files_refer_to_is_read_once_and_only_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("w");
        let modules = ["x/build.xml", "vendor/y", "../other", "../../outside", "x", "missing", ".", "x/../x/build.xml"];
        write(&workspace, "s/pom.xml", &pom(&modules));
        write(&workspace, "s/x/build.xml", &pom(&["../z.xml", "../pom.xml"]));
        write(&workspace, "s/z.xml", &pom(&["x/build.xml"]));
        write(&workspace, "s/vendor/y/pom.xml", &pom(&[]));
        write(&workspace, "other/pom.xml", &pom(&[]));
        write(folder.path(), "outside/pom.xml", &pom(&[]));
        let found = further(&workspace);
        let mut read: Vec<(String, Origin)> = found
            .files
            .iter()
            .map(|file| (file.path.strip_prefix(&workspace).unwrap().display().to_string(), file.origin))
            .collect();
        read.sort();
        let expected = [
            ("other/pom.xml", Origin::Dependency),
            ("s/pom.xml", Origin::Workspace),
            ("s/vendor/y/pom.xml", Origin::Dependency),
            ("s/x/build.xml", Origin::Workspace),
            ("s/z.xml", Origin::Workspace),
        ];
        assert_eq!(read, expected.map(|(path, origin)| (path.to_owned(), origin)));
        assert!(found.unread.is_empty());
    }

    #[test]
    fn files_that_refer_to_others_without_end_hide_names() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "s/pom.xml", &pom(&["0.xml"]));
        for n in 0..150 {
            write(folder.path(), &format!("s/{n}.xml"), &pom(&[&format!("{}.xml", n + 1)]));
        }
        let found = further(folder.path());
        assert_eq!(found.unread.len(), 1);
        assert_eq!(found.unread[0].hides, Hidden::Names);
    }

    #[test]
    fn dependency_folders_are_walked_and_marked_and_gits_own_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/f", "vendor/x/f", ".hg/f", ".git/f", "node_modules/g"] {
            write(folder.path(), path, "");
        }
        let walk = disk::walk(folder.path(), |name, among| name == "f" || !among);
        let found: Vec<(String, bool)> =
            walk.files.iter().map(|file| (shown(&file.path, folder.path()), file.in_dependency_folder)).collect();
        let expected = [(".hg/f", true), ("a/f", false), ("vendor/x/f", true)];
        assert_eq!(found, expected.map(|(path, among)| (path.to_owned(), among)));
    }
}
