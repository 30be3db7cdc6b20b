//! Folders: making them for this user alone, and taking them away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read::exists;
use super::system::create_private_folder;

/// The names in a folder; none where it cannot be listed.
pub fn list(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    // A listing that fails on Windows would go on failing without end.
    entries.map_while(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether `path` is a folder, links followed.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Makes the folders that are missing above and at `path`, and says which these were, outermost first. Only this user can
/// enter them, whatever the umask: under `umask 000` anybody could put a file there that a tool believes.
pub fn create_missing_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = missing_folders(path);
    for folder in &missing {
        match create_private_folder(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(missing)
}

/// The folders at and above `path` that do not exist, outermost first.
pub fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        path.ancestors().take_while(|folder| !exists(folder)).map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// Removes a folder if it is empty.
pub fn remove_empty_folder(path: &Path) -> bool {
    fs::remove_dir(path).is_ok()
}

/// Removes a folder of ours and all in it. Links in it are removed, never followed.
pub fn remove_private_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => Err(io::Error::other("it is not a folder")),
    }
}
