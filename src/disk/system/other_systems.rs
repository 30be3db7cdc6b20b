//! What all systems but Linux do alike.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

/// Shows each entry of a folder: its name, and whether it is a folder itself and no link to one. `_memory` is for Linux.
pub fn each_entry(folder: &Path, _memory: &mut Vec<u8>, mut look: impl FnMut(&OsStr, bool)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        look(&entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
    }
    Ok(())
}
