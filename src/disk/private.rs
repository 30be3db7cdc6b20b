//! Files that only this user can read, and whether what is there is such.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::read::exists;
use super::replace::{UNFINISHED_PREFIX, remove_file};
use super::system::{create_private_folder, is_of_user_only, new_private_file, rename};

/// Writes a new file that only this user can read; it must not exist yet.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = new_private_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a file that only this user can read, in place of one that may be there: its mode and owner are not kept, nor a link.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
    // A device or a pipe, or a link to one, is not to be lost.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no plain file"));
    }
    // Always the same, so that what a killed one left gives way to the next.
    let unfinished = path.with_file_name(format!("{UNFINISHED_PREFIX}{name}.new"));
    remove_file(&unfinished)?;
    let replaced = write_private(&unfinished, bytes).and_then(|()| rename(&unfinished, path));
    if replaced.is_err() {
        let _ = remove_file(&unfinished);
    }
    replaced
}

/// Puts a program into a private folder of ours under another name: by a link where the system can, else by a copy. Always by a
/// copy on Windows, which removes no name of a program that runs, and this one removes the folder in the end.
pub fn place_program(program: &Path, folder: &Path, name: &str) -> io::Result<()> {
    if !exists(folder) {
        create_private_folder(folder)?;
    }
    let target = folder.join(if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() });
    let copy = || fs::copy(program, &target).map(|_| ());
    if cfg!(windows) { copy() } else { fs::hard_link(program, &target).or_else(|_| copy()) }
}

/// Whether `path` is a real folder, not a link, that belongs to this user and that nobody else can enter.
pub fn is_private_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && is_of_user_only(path, &found))
}

/// Whether `path` is a regular file, not a link, that belongs to this user and that nobody else can read or write.
pub fn is_private_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && is_of_user_only(path, &found))
}
