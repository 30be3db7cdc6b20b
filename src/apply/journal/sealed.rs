//! Files of the journal that notice a changed byte: what they hold, and a last line with its SHA-256.
//!
//! Against disks that lie and hands that slip. Against people it is the folder that is private.

use std::fmt::Write;
use std::io;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest as hash};

use crate::disk;

/// A line break, the digest, a line break.
const SEAL_BYTES: usize = 66;

/// What a sealed file holds.
pub enum Sealed {
    /// There is none.
    Absent,
    /// As it was written.
    Whole(Vec<u8>),
    /// Not as it was written, or somebody else's. Its bytes are there for those who know older forms.
    Damaged(Vec<u8>),
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hash(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Writes a sealed file in place of one that may be there.
pub fn save(path: &Path, mut bytes: Vec<u8>) -> io::Result<()> {
    let seal = format!("\n{}\n", digest(&bytes));
    bytes.extend(seal.bytes());
    disk::replace_private(path, &bytes)
}

/// Reads a sealed file that holds at most so many bytes. Trouble of the disk's is an error, since it may be over the next time.
pub fn load(path: &Path, limit_bytes: u64) -> io::Result<Sealed> {
    if !disk::exists(path) {
        return Ok(Sealed::Absent);
    }
    if !disk::is_private_file(path) {
        return Ok(Sealed::Damaged(Vec::new()));
    }
    let mut bytes = match disk::read_within(path, limit_bytes + SEAL_BYTES as u64) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Sealed::Absent),
        Err(disk::ReadTrouble::Io(error)) => return Err(error),
        Err(_) => return Ok(Sealed::Damaged(Vec::new())),
    };
    let end = bytes.len().saturating_sub(SEAL_BYTES);
    let (content, seal) = bytes.split_at(end);
    if seal == format!("\n{}\n", digest(content)).as_bytes() {
        bytes.truncate(end);
        return Ok(Sealed::Whole(bytes));
    }
    Ok(Sealed::Damaged(bytes))
}
