//! An exclusive hold, between processes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::is_link;

/// Between two looks at a lock that somebody else holds.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An exclusive hold on a file that is made for the purpose, given up and removed when dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the lock at `path`, until `deadline`.
    pub fn take(path: &Path, deadline: Instant) -> io::Result<Self> {
        loop {
            if let Some(file) = try_lock(path)? {
                return Ok(Self { file, path: path.to_path_buf() });
            }
            if Instant::now() >= deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another job holds it"));
            }
            std::thread::sleep(LOCK_PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Takes the lock if nobody holds it. Whoever held it before may have removed the file that was opened here.
#[cfg(unix)]
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    if is_link(path) {
        return Err(io::Error::other("it is a link; remove it"));
    }
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let held = identity(file.metadata()?);
    let is_there = fs::metadata(path).is_ok_and(|found| identity(found) == held);
    Ok(is_there.then_some(file))
}

/// Takes the lock if nobody holds it: Windows gives the file to one opener, and removes it with its last handle.
#[cfg(windows)]
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const SHARING_VIOLATION: i32 = 32;
    const DELETE_PENDING_ACCESS_DENIED: i32 = 5;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).share_mode(0).custom_flags(DELETE_ON_CLOSE);
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.raw_os_error(), Some(SHARING_VIOLATION | DELETE_PENDING_ACCESS_DENIED)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
