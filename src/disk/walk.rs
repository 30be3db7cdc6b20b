//! Finding files below a folder.

#[cfg(feature = "emulator")]
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;

use super::read::{LARGEST_FILE_BYTES, read_within};
use super::system::each_entry;
use crate::kernel::crew::all_of;
use crate::kernel::paths::{IS_BLIND, is_same_name};

/// What git keeps for itself; no file of a repository can lie there.
const GIT_FOLDER: &str = ".git";

/// An index that is read while others read files. All of an inner repository with a larger one is walked.
const LARGEST_INNER_INDEX_BYTES: u64 = 8 * 1024 * 1024;

/// What a walk found.
#[derive(Debug)]
pub struct Walk<M> {
    /// Files, in the order of their paths, and what was made of each.
    pub files: Vec<(WalkedFile, M)>,
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

/// What a walk looks for, and what becomes of it. Several threads ask.
pub trait Looks: Sync {
    /// What becomes of a file that is wanted.
    type Made: Send;

    /// Whether a folder of this name holds dependencies.
    fn is_dependency_folder(&self, name: &str) -> bool;
    /// The names of folders that are walked only where git tracks something in one of that name.
    fn filled_by_package_managers(&self) -> Vec<&'static str>;
    /// Whether a file is wanted, by its folder and name, and whether it lies below a dependency folder.
    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool;
    /// Whether a wanted file of this name may be large, so that it goes first.
    fn may_be_large(&self, name: &str) -> bool;
    /// Makes something of a wanted file.
    fn make(&self, file: &WalkedFile) -> Self::Made;
}

/// What there is to do.
enum Work {
    List(Folder),
    Make(WalkedFile),
}

/// A folder to be walked.
struct Folder {
    path: PathBuf,
    among_dependencies: bool,
    /// The repository that it lies in, where that tells what it tracks.
    tracked: Option<Arc<Tracked>>,
}

/// Finds the files below `root` that are wanted, and makes something of each while it looks for others. Links to folders and git's own
/// folders are left out, and so is `without`, and what only package managers can have put there: see `Tracked`. `repository` is the
/// folder of the repository that `root` lies in.
pub fn walk<L: Looks>(root: &Path, repository: Option<&Path>, without: Option<&Path>, looks: &L) -> Walk<L::Made> {
    let tracked = repository.and_then(|top| Tracked::by(top, looks.filled_by_package_managers(), LARGEST_FILE_BYTES));
    let first = Folder { path: root.to_path_buf(), among_dependencies: false, tracked };
    let walker = Walker { repository, without, looks };
    let parts = all_of(vec![Work::List(first)], |work, part: &mut Part<L::Made>| match work {
        Work::List(folder) => walker.list(folder, part),
        Work::Make(file) => {
            let made = looks.make(&file);
            part.files.push((file, made));
            Vec::new()
        }
    });
    let mut whole = Walk { files: Vec::new(), unreadable: Vec::new() };
    for Part { files, unreadable, .. } in parts {
        whole.files.extend(files);
        whole.unreadable.extend(unreadable);
    }
    whole.files.sort_by(|(one, _), (other, _)| one.cmp(other));
    whole.unreadable.sort_by(|(one, _), (other, _)| one.cmp(other));
    whole
}

struct Walker<'w, L> {
    repository: Option<&'w Path>,
    without: Option<&'w Path>,
    looks: &'w L,
}

/// What a thread finds.
struct Part<M> {
    memory: Vec<u8>,
    files: Vec<(WalkedFile, M)>,
    unreadable: Vec<(PathBuf, io::Error)>,
}

impl<M> Default for Part<M> {
    fn default() -> Self {
        Self { memory: Vec::new(), files: Vec::new(), unreadable: Vec::new() }
    }
}

impl<L: Looks> Walker<'_, L> {
    /// Gives what there is to do about what a folder holds.
    fn list(&self, folder: Folder, part: &mut Part<L::Made>) -> Vec<Work> {
        let Folder { path: folder, among_dependencies, tracked } = folder;
        let (mut inner, mut work, mut large) = (Vec::new(), Vec::new(), Vec::new());
        let mut has_repository = false;
        let listed = each_entry(&folder, &mut part.memory, |name, is_folder| {
            let path = || folder.join(name);
            let Some(name) = name.to_str() else {
                if is_folder {
                    inner.push((path(), String::new(), false));
                }
                return;
            };
            if is_same_name(name, GIT_FOLDER) {
                has_repository = true;
            } else if is_folder {
                let path = path();
                if self.without != Some(path.as_path()) {
                    inner.push((path, name.to_owned(), self.looks.is_dependency_folder(name)));
                }
            } else if self.looks.wants(&folder, name, among_dependencies) {
                let file = WalkedFile { path: path(), in_dependency_folder: among_dependencies };
                let works = if self.looks.may_be_large(name) { &mut large } else { &mut work };
                works.push(Work::Make(file));
            }
        });
        if let Err(error) = listed
            && !among_dependencies
        {
            part.unreadable.push((folder.clone(), error));
        }
        let tracked = match tracked {
            // The outer one may track files in the inner one too.
            Some(outer) if has_repository && self.repository != Some(&folder) => {
                Tracked::by(&folder, outer.without.clone(), LARGEST_INNER_INDEX_BYTES)
            }
            tracked => tracked,
        };
        let is_walked = |name: &str| tracked.as_ref().is_none_or(|tracked| tracked.may_hold(name));
        let inner = inner.into_iter().filter(|(_, name, _)| is_walked(name));
        work.extend(inner.map(|(path, _, is_dependency_folder)| {
            let among_dependencies = among_dependencies || is_dependency_folder;
            Work::List(Folder { path, among_dependencies, tracked: tracked.clone() })
        }));
        // The last is begun first.
        work.extend(large);
        work
    }
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
    fn by(top: &Path, names: Vec<&'static str>, largest_bytes: u64) -> Option<Arc<Self>> {
        if IS_BLIND {
            return None;
        }
        let mut index = read_within(&top.join(GIT_FOLDER).join("index"), largest_bytes).ok().flatten()?;
        let is_plain = matches!(index.get(..8)?, b"DIRC\0\0\0\x02" | b"DIRC\0\0\0\x03");
        // What names another index for the rest of it, behind a length that begins with zero.
        if !is_plain || holds(&index, "link\0") {
            return None;
        }
        index.make_ascii_lowercase();
        let mut without = names;
        without.retain(|name| !holds(&index, &format!("{name}/")) && !holds(&index, &format!("{name}\0")));
        Some(Arc::new(Self { without }))
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
        for entry in fs::read_dir(&folder).into_iter().flatten().map_while(Result::ok) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}
