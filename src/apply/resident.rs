//! The process that a run leaves behind to renew its tokens: how others know of it, and end it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::patience;
use crate::disk::{Lock, LockNote, LockTrouble};
use crate::process::{self, Process};

/// Held by the process for as long as it lives, in the run's private folder. It is no secret, and opens nothing.
const LOCK: &str = "renewal.lock";
/// The command of this program that such a process runs.
pub const COMMAND: &str = "renew";
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

/// Who holds the lock, still after this time; nothing where nobody does, where nobody says who, or where that is another program: any
/// step can write such a note.
fn holder(folder: &Path, limit: Duration) -> Option<Process> {
    let path = folder.join(LOCK);
    if !crate::disk::is_private_folder(folder) || !crate::disk::exists(&path) {
        return None;
    }
    let Err(LockTrouble::Held(Some(note))) = patience::wait(limit, |until| Lock::take(&path, until, &note(folder)))
    else {
        return None;
    };
    let found = Process { number: note.process, started: note.started };
    process::is_at(&found, COMMAND).then_some(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a process of the test's own")]
    fn a_note_that_anybody_can_write_ends_no_other_process_and_is_not_waited_for() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("run");
        crate::disk::create_private_folder(&folder).unwrap();
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let note = LockNote { process: other.id(), ..LockNote::new("", Path::new("/x")) };
        let _held = Lock::take(&folder.join(LOCK), Instant::now(), &note).unwrap();
        let begun = Instant::now();
        assert_eq!(end(&folder), None);
        assert!(begun.elapsed() < END_LIMIT);
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
