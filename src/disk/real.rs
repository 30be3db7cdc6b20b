//! Real paths of many files, each folder looked at once.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::system::canonical;

/// Real paths of folders, as far as they have been asked for.
#[derive(Debug, Default)]
pub struct RealPaths {
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl RealPaths {
    /// The path without links, `.` and `..`; nothing where nothing is there.
    pub fn of(&mut self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let (Some(folder), Some(Component::Normal(name))) = (folder, path.components().next_back()) else {
            return canonical(path).ok();
        };
        let real = self.of_folder(folder)?.join(name);
        let is_link = fs::symlink_metadata(&real).ok()?.is_symlink();
        if is_link { canonical(&real).ok() } else { Some(real) }
    }

    fn of_folder(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        let real = match (above, folder.components().next_back()) {
            (Some(above), Some(Component::ParentDir)) => {
                self.of_folder(above).map(|above| above.parent().map_or(above.clone(), Path::to_path_buf))
            }
            (Some(_), Some(Component::Normal(_))) => self.of(folder).filter(|real| real.is_dir()),
            _ => canonical(folder).ok(),
        };
        self.folders.insert(folder.to_path_buf(), real.clone());
        real
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::disallowed_methods, reason = "the files under test")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_are_what_the_system_makes_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("a/b/c")).unwrap();
        fs::create_dir_all(at("d")).unwrap();
        fs::write(at("a/b/f"), "").unwrap();
        symlink("../a/b", at("d/link")).unwrap();
        symlink("link/f", at("d/file")).unwrap();
        symlink("nowhere", at("d/dangling")).unwrap();
        let mut real = RealPaths::default();
        for path in [
            "a/b/f",
            "d/link/f",
            "d/link/../b/f",
            "d/link/c/../f",
            "d/../a/./b/f",
            "d/file",
            "d/dangling",
            "a/b/f/../f",
            "a/b/f/x",
            "missing/../a/b/f",
            "d/link",
            "a/b/..",
            ".",
        ] {
            assert_eq!(real.of(&at(path)), fs::canonicalize(at(path)).ok(), "{path}");
        }
        assert_eq!(real.of(Path::new("/")), Some(PathBuf::from("/")));
    }
}
