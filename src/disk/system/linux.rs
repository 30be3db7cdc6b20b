//! What only Linux does in a way of its own.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, open, statat};

/// What a listing takes from the system at once.
const LISTED_BYTES: usize = 32 * 1024;

/// Shows each entry of a folder: its name, and whether it is a folder itself and no link to one. `memory` may serve again.
///
/// A walk of many folders takes half of the time that it takes by C's library, which asks the system for memory for each.
pub fn each_entry(folder: &Path, memory: &mut Vec<u8>, mut look: impl FnMut(&OsStr, bool)) -> io::Result<()> {
    let opened = open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    memory.reserve(LISTED_BYTES);
    let mut entries = RawDir::new(&opened, memory.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not tell.
            FileType::Unknown => statat(&opened, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |found| FileType::from_raw_mode(found.st_mode)),
            kind => kind,
        };
        look(OsStr::from_bytes(name), kind == FileType::Directory);
    }
    Ok(())
}
