//! Finding files below a folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What git keeps for itself; no file of a repository can lie there.
const GIT_FOLDER: &str = ".git";

/// Folders that hold what package managers fetched, or history: configuration in them configures no build of this job.
const DEPENDENCY_FOLDERS: [&str; 14] = [
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "jspm_packages",
    ".yarn",
    ".pnpm-store",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    ".tox",
    ".nox",
    "vendor",
];

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files, in the order of their paths.
    pub files: Vec<WalkedFile>,
    /// Folders that could not be listed, with the system's reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// A file that a walk found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct WalkedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it lies below a dependency folder.
    pub in_dependency_folder: bool,
}

/// Whether a folder of this name holds dependencies.
pub fn is_dependency_folder(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| DEPENDENCY_FOLDERS.contains(&name))
}

/// Finds the files below `root` whose name `wanted` accepts, which is told too whether the file lies below a dependency folder.
/// Links to folders and git's own folders are left out.
pub fn walk(root: &Path, wanted: impl Fn(&str, bool) -> bool) -> Walk {
    let mut found = Walk::default();
    let mut folders = vec![(root.to_path_buf(), false)];
    while let Some((folder, in_dependency_folder)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                if !in_dependency_folder {
                    found.unreadable.push((folder, error));
                }
                continue;
            }
        };
        for entry in entries.flatten() {
            let (Ok(kind), name) = (entry.file_type(), entry.file_name()) else { continue };
            if kind.is_dir() {
                if name != GIT_FOLDER {
                    folders.push((entry.path(), in_dependency_folder || is_dependency_folder(&name)));
                }
            } else if name.to_str().is_some_and(|name| wanted(name, in_dependency_folder)) {
                found.files.push(WalkedFile { path: entry.path(), in_dependency_folder });
            }
        }
    }
    found.files.sort();
    found
}

/// Every regular file below `root`, links not followed.
#[cfg(feature = "emulator")]
pub fn walk_everything(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}
