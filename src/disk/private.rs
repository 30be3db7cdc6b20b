//! Files that only this user can read, and whether what is there is such.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::folders::create_private_folder;
use super::read::exists;
use super::replace::{UNFINISHED_PREFIX, remove_file};

/// Writes a new file that only this user can read; it must not exist yet.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = new_private_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
    let replaced = write_private(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if replaced.is_err() {
        let _ = remove_file(&unfinished);
    }
    replaced
}

/// Puts a program into a private folder of ours under another name: by a link where the system can, else by a copy.
pub fn place_program(program: &Path, folder: &Path, name: &str) -> io::Result<()> {
    if !exists(folder) {
        create_private_folder(folder)?;
    }
    let target = folder.join(if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() });
    fs::hard_link(program, &target).or_else(|_| fs::copy(program, &target).map(|_| ()))
}

/// Whether `path` is a real folder, not a link, that belongs to this user and that nobody else can enter.
pub fn is_private_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && is_of_user_alone(&found))
}

/// Whether `path` is a regular file, not a link, that belongs to this user and that nobody else can read or write.
pub fn is_private_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && is_of_user_alone(&found))
}

#[cfg(unix)]
pub(super) fn is_of_user_alone(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.mode().trailing_zeros() >= 6 && user_id() == found.uid()
}

#[cfg(not(unix))]
pub(super) fn is_of_user_alone(_found: &fs::Metadata) -> bool {
    true
}

/// This process's user id. (`/proc/self` does not tell it: it belongs to root where the process lets nobody look into it.)
#[cfg(unix)]
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}
