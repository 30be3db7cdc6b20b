//! Finding files below a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use memchr::memmem;

use super::read::read;
use crate::kernel::paths::{IS_BLIND, is_same_name};

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
    /// The names of folders that are walked only where git tracks something in one of that name.
    fn filled_by_package_managers(&self) -> Vec<&'static str>;
    /// Whether a file is wanted, by its folder and name, and whether it lies below a dependency folder.
    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool;
}

/// A folder to be walked.
struct Folder {
    path: PathBuf,
    among_dependencies: bool,
    /// The repository that it lies in, where that tells what it tracks.
    tracked: Option<Rc<Tracked>>,
}

/// Finds the files below `root` that are wanted. Links to folders and git's own folders are left out, and so is `without`, and what
/// only package managers can have put there: see `Tracked`. `repository` is the folder of the repository that `root` lies in.
pub fn walk(root: &Path, repository: Option<&Path>, without: Option<&Path>, looks: &impl Looks) -> Walk {
    let mut found = Walk::default();
    let tracked = repository.and_then(|top| Tracked::by(top, looks.filled_by_package_managers()));
    let mut folders = vec![Folder { path: root.to_path_buf(), among_dependencies: false, tracked }];
    let mut inner = Vec::new();
    while let Some(Folder { path: folder, among_dependencies, tracked }) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                if !among_dependencies {
                    found.unreadable.push((folder, error));
                }
                continue;
            }
        };
        let mut has_repository = false;
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                if kind.is_dir() {
                    inner.push((entry.path(), String::new(), false));
                }
                continue;
            };
            if is_same_name(name, GIT_FOLDER) {
                has_repository = true;
            } else if kind.is_dir() {
                let path = entry.path();
                if without != Some(path.as_path()) {
                    inner.push((path, name.to_owned(), looks.is_dependency_folder(name)));
                }
            } else if looks.wants(&folder, name, among_dependencies) {
                found.files.push(WalkedFile { path: entry.path(), in_dependency_folder: among_dependencies });
            }
        }
        let tracked = match tracked {
            // The outer one may track files in the inner one too.
            Some(outer) if has_repository && repository != Some(&folder) => Tracked::by(&folder, outer.without.clone()),
            tracked => tracked,
        };
        for (path, name, is_dependency_folder) in inner.drain(..) {
            if tracked.as_ref().is_none_or(|tracked| tracked.may_hold(&name)) {
                let among_dependencies = among_dependencies || is_dependency_folder;
                folders.push(Folder { path, among_dependencies, tracked: tracked.clone() });
            }
        }
    }
    found.files.sort();
    found
}

/// What a repository tracks, by git's index.
///
/// A `node_modules` in which git tracks nothing did not come with the repository. A package manager of this job, or of one before,
/// has put there what it fetched; it will fetch the like later, where nobody looks. Such folders can hold more than all else.
///
/// The index is not taken apart: its versions 2 and 3 hold every path whole, up to a zero byte (git, Documentation/gitformat-index.adoc).
struct Tracked {
    /// The names that no folder has in which it tracks something.
    without: Vec<&'static str>,
}

impl Tracked {
    /// Of the repository whose top is this folder; nothing where its index is elsewhere, of another kind, or spread over several files.
    /// Nor where one folder has many spellings: git may have written through another one.
    fn by(top: &Path, names: Vec<&'static str>) -> Option<Rc<Self>> {
        if IS_BLIND {
            return None;
        }
        let mut index = read(&top.join(GIT_FOLDER).join("index")).ok().flatten()?;
        let is_plain = matches!(index.get(..8)?, b"DIRC\0\0\0\x02" | b"DIRC\0\0\0\x03");
        // What names another index for the rest of it, behind a length that begins with zero.
        if !is_plain || holds(&index, "link\0") {
            return None;
        }
        index.make_ascii_lowercase();
        let mut without = names;
        without.retain(|name| !holds(&index, &format!("{name}/")) && !holds(&index, &format!("{name}\0")));
        Some(Rc::new(Self { without }))
    }

    /// Whether it may track something in a folder of this name, wherever that lies.
    fn may_hold(&self, name: &str) -> bool {
        !self.without.contains(&name)
    }
}

fn holds(index: &[u8], text: &str) -> bool {
    memmem::find(index, text.as_bytes()).is_some()
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
