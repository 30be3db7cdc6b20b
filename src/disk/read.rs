//! Reading what others wrote, within limits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::system::{Links, canonical, is_of_system, open_without_waiting};

/// Larger configuration files are nobody's configuration. Lock files of large repositories reach tens of megabytes.
pub const LARGEST_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadTrouble {
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A pipe, a device, a folder.
    #[error("it is not a regular file")]
    NotAFile,
    /// Larger than was asked for, which mostly is [`LARGEST_FILE_BYTES`].
    #[error("it is larger than 64 MiB")]
    TooLarge,
}

/// Reads a file; nothing where there is none. A link counts as what it points to, and only regular files are opened, so that
/// a pipe or a device in a repository cannot stall the step.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, ReadTrouble> {
    read_within(path, LARGEST_FILE_BYTES)
}

/// The same with another limit than [`LARGEST_FILE_BYTES`].
pub fn read_within(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>, ReadTrouble> {
    let real = match canonical(path) {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if is_of_system(&real) || !fs::metadata(&real)?.is_file() {
        return Err(ReadTrouble::NotAFile);
    }
    read_open(&open_without_waiting(&real, Links::Followed)?, limit_bytes)
}

/// Reads a file that a walk has found, whose folders are no links: [`read_within`] in fewer calls.
pub fn read_walked(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>, ReadTrouble> {
    if let Ok(file) = open_without_waiting(path, Links::Refused) {
        return read_open(&file, limit_bytes);
    }
    // A link, or nothing any more.
    read_within(path, limit_bytes)
}

fn read_open(file: &File, limit_bytes: u64) -> Result<Option<Vec<u8>>, ReadTrouble> {
    // Somebody may have put another thing there since.
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(ReadTrouble::NotAFile);
    }
    if found.len() > limit_bytes {
        return Err(ReadTrouble::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes { Err(ReadTrouble::TooLarge) } else { Ok(Some(bytes)) }
}

/// Opens a file that the user names, of any size, to be read in pieces; nothing where it is none.
pub fn open_file(path: &Path) -> Option<impl Read + use<>> {
    let file = open_without_waiting(path, Links::Followed).ok()?;
    file.metadata().is_ok_and(|found| found.is_file()).then_some(file)
}

/// The real path behind links.
pub fn resolve(path: &Path) -> Option<PathBuf> {
    canonical(path).ok()
}

/// Whether something is at `path`, links not followed.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether `path` is a link.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// They call themselves regular, and are read without end or tell what is nobody's business.
    #[test]
    fn the_systems_own_files_are_not_read_whatever_way_leads_there() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/proc/self", &link).unwrap();
        let devices = ["/dev/null", "/dev/zero", "/dev/stdin", "/dev/shm"].map(Path::new);
        for path in [Path::new("/proc/self/environ"), &link.join("environ"), folder.path()].into_iter().chain(devices) {
            assert!(matches!(read(path), Err(ReadTrouble::NotAFile)), "{}", path.display());
        }
        assert!(matches!(read(&folder.path().join("absent")), Ok(None)));
    }

    #[test]
    fn plain_files_in_shared_memory_are_read_and_pipes_there_are_not() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let (file, pipe) = (folder.path().join("settings.xml"), folder.path().join("pipe"));
        fs::write(&file, "x").unwrap();
        assert_eq!(read(&file).unwrap().as_deref(), Some(b"x".as_slice()));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(read(&pipe), Err(ReadTrouble::NotAFile)));
    }

    #[test]
    fn a_file_beyond_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        fs::write(&file, "12345").unwrap();
        assert!(matches!(read_within(&file, 4), Err(ReadTrouble::TooLarge)));
        assert_eq!(read_within(&file, 5).unwrap().unwrap(), b"12345");
    }
}
