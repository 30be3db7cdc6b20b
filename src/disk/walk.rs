//! Finding files below a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::kernel::paths::is_same_name;

/// What git keeps for itself; no file of a repository can lie there.
const GIT_FOLDER: &str = ".git";

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

/// What a walk looks for.
pub trait Looks {
    /// Whether a folder of this name holds dependencies.
    fn is_dependency_folder(&self, name: &str) -> bool;
    /// Whether a file is wanted, by its folder and name, and whether it lies below a dependency folder.
    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool;
}

/// Finds the files below `root` that are wanted. Links to folders and git's own folders are left out, and so is `without`.
pub fn walk(root: &Path, without: Option<&Path>, looks: &impl Looks) -> Walk {
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
            let Some(name) = name.to_str().filter(|name| !is_same_name(name, GIT_FOLDER)) else {
                if kind.is_dir() && name.to_str().is_none() {
                    folders.push((entry.path(), in_dependency_folder));
                }
                continue;
            };
            if kind.is_dir() {
                let path = entry.path();
                if without != Some(path.as_path()) {
                    folders.push((path, in_dependency_folder || looks.is_dependency_folder(name)));
                }
            } else if looks.wants(&folder, name, in_dependency_folder) {
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
