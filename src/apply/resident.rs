//! The process that a run leaves behind to renew its tokens: how others know of it, and end it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::disk::{Lock, LockNote, LockTrouble};
use crate::process::{self, Process};

/// Held by the process for as long as it lives, in the run's private folder. It is no secret, and opens nothing.
const LOCK: &str = "renewal.lock";
/// For a process that was asked to end, and again for one that was made to.
const END_LIMIT: Duration = Duration::from_secs(3);

/// Makes this process the one of a run. It holds until it ends, however it ends.
pub fn hold(folder: &Path) -> Result<Lock, LockTrouble> {
    Lock::take(&folder.join(LOCK), Instant::now(), &note(folder))
}

fn note(folder: &Path) -> LockNote {
    LockNote { started: Process::own().started, ..LockNote::new("", folder) }
}

/// Ends the process of a run, where there is one, and waits for its end. Says what stayed.
pub fn end(folder: &Path) -> Option<String> {
    let mut stayed = holder(folder, Duration::ZERO)?;
    for kindly in [true, false] {
        process::end(stayed, kindly, || holder(folder, Duration::ZERO) == Some(stayed));
        stayed = holder(folder, END_LIMIT)?;
    }
    Some(format!("the process {} that renews the token of {} does not end", stayed.number, folder.display()))
}

/// Who holds the lock, still after this time; nothing where nobody does, or where nobody says who.
fn holder(folder: &Path, limit: Duration) -> Option<Process> {
    let path = folder.join(LOCK);
    if !crate::disk::is_private_folder(folder) || !crate::disk::exists(&path) {
        return None;
    }
    match Lock::take(&path, Instant::now() + limit, &note(folder)) {
        Err(LockTrouble::Held(Some(note))) => Some(Process { number: note.process, started: note.started }),
        _ => None,
    }
}
