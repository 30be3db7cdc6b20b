//! An exclusive hold, between processes.

#[cfg(unix)]
use std::fs;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::system::is_of_user_only;

/// Between two looks at a lock that somebody else holds.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// More than a note takes.
const LONGEST_NOTE_BYTES: u64 = 8 * 1024;

/// An exclusive hold on a file that is made for the purpose, given up and removed when dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    #[cfg_attr(windows, allow(dead_code, reason = "the system removes what lies there"))]
    path: PathBuf,
}

/// Who holds a lock, as it says in the lock's file itself, for those who wait.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LockNote {
    /// The process.
    pub process: u32,
    /// The job.
    pub job: String,
    /// The agent's folder.
    pub folder: PathBuf,
    /// When the process started, as the system counts, so that no other of its number is taken for it; nothing where it does not tell.
    #[serde(default)]
    pub started: Option<u64>,
}

impl LockNote {
    /// The note of this process.
    pub fn new(job: &str, folder: &Path) -> Self {
        Self { process: std::process::id(), job: job.to_owned(), folder: folder.to_path_buf(), started: None }
    }
}

/// Why a lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockTrouble {
    /// Somebody else holds it, and may have said who.
    #[error("another process holds it")]
    Held(Option<LockNote>),
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Lock {
    /// Waits for the lock at `path`, until `deadline`, and leaves a note for those who wait then.
    pub fn take(path: &Path, deadline: Instant, note: &LockNote) -> Result<Self, LockTrouble> {
        loop {
            match try_lock(path)? {
                Tried::Taken(mut file) => {
                    write_note(&mut file, note);
                    return Ok(Self { file, path: path.to_path_buf() });
                }
                Tried::Held(file) if Instant::now() >= deadline => {
                    return Err(LockTrouble::Held(file.and_then(|file| read_note(path, &file))));
                }
                Tried::Held(_) | Tried::Gone => std::thread::sleep(LOCK_PAUSE),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Another's may lie there by now. Windows removes it by itself.
        #[cfg(unix)]
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// Whether a file is what lies at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().is_ok_and(|held| fs::metadata(path).is_ok_and(|found| identity(found) == identity(held)))
}

enum Tried {
    Taken(File),
    /// The file as far as others may look into it.
    Held(Option<File>),
    /// Whoever held it before has removed the file that was opened here.
    #[cfg_attr(windows, allow(dead_code, reason = "the system removes it with its last opener"))]
    Gone,
}

/// Takes the lock if nobody holds it.
#[cfg(unix)]
fn try_lock(path: &Path) -> io::Result<Tried> {
    use std::fs::TryLockError;
    use std::os::unix::fs::OpenOptionsExt;
    // Neither a link is followed nor a pipe waited for, and what is no plain file is not ours to remove.
    let other = |found: fs::Metadata| !found.is_file();
    if fs::symlink_metadata(path).is_ok_and(other) {
        return Err(io::Error::other("it is not a plain file; remove it"));
    }
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a plain file; remove it"));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Tried::Held(Some(file))),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(if is_at(&file, path) { Tried::Taken(file) } else { Tried::Gone })
}

/// Best effort: the lock holds without it.
fn write_note(file: &mut File, note: &LockNote) {
    use std::io::{Seek, Write};
    let json = serde_json::to_vec(note).unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&json));
}

/// What the holder wrote, believed only where nobody but this user can have written it.
fn read_note(path: &Path, file: &File) -> Option<LockNote> {
    use std::io::Read;
    if !is_of_user_only(path, &file.metadata().ok()?) {
        return None;
    }
    let mut json = Vec::new();
    file.take(LONGEST_NOTE_BYTES).read_to_end(&mut json).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Takes the lock if nobody holds it: Windows lets one opener write, others only read, and removes the file with its last handle.
#[cfg(windows)]
fn try_lock(path: &Path) -> io::Result<Tried> {
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const SHARE_READ: u32 = 1;
    const SHARE_ALL: u32 = 7;
    const SHARING_VIOLATION: i32 = 32;
    const DELETE_PENDING_ACCESS_DENIED: i32 = 5;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).share_mode(SHARE_READ).custom_flags(DELETE_ON_CLOSE);
    match options.open(path) {
        Ok(file) => Ok(Tried::Taken(file)),
        Err(error) if matches!(error.raw_os_error(), Some(SHARING_VIOLATION | DELETE_PENDING_ACCESS_DENIED)) => {
            let look = OpenOptions::new().read(true).share_mode(SHARE_ALL).open(path);
            Ok(Tried::Held(look.ok()))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> LockNote {
        LockNote::new("plan/job/1", Path::new("/agent/_work/_temp"))
    }

    #[test]
    fn a_lock_that_is_held_is_not_waited_for_without_end_and_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, Instant::now(), &note()).unwrap();
        let waited = Instant::now();
        let trouble = Lock::take(&path, waited + Duration::from_millis(50), &note()).unwrap_err();
        assert!(waited.elapsed() < Duration::from_secs(5));
        assert!(matches!(&trouble, LockTrouble::Held(Some(found)) if *found == note()), "{trouble:?}");
        drop(held);
        drop(Lock::take(&path, Instant::now(), &note()).unwrap());
        assert!(!path.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_note_that_is_none_or_that_others_could_have_written_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, Instant::now(), &note()).unwrap();
        let good = fs::read(&path).unwrap();
        for (content, mode) in [(good, 0o644), (b"{".to_vec(), 0o600), (vec![b' '; 100_000], 0o600), (vec![], 0o600)] {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let trouble = Lock::take(&path, Instant::now(), &note()).unwrap_err();
            assert!(matches!(trouble, LockTrouble::Held(None)), "{trouble:?}");
        }
        drop(held);
    }

    #[test]
    #[cfg(unix)]
    fn what_lies_in_its_place_in_the_end_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, Instant::now(), &note()).unwrap();
        fs::rename(&path, folder.path().join("aside")).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(held);
        assert_eq!(fs::read(&path).unwrap(), b"another's");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_plain_file_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, link, directory] = ["pipe", "link", "directory"].map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        fs::create_dir(&directory).unwrap();
        for path in [pipe, link, directory] {
            let trouble = Lock::take(&path, Instant::now(), &note()).unwrap_err();
            assert!(trouble.to_string().contains("not a plain file"), "{trouble}");
            assert!(fs::symlink_metadata(&path).is_ok());
        }
    }
}
