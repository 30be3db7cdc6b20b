//! Waiting for others who are at the same journal.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::apply::{ApplyError, Run, patience};
use crate::disk::{self, Lock, LockNote, LockTrouble};

const LOCK: &str = ".ado-entra-auth.lock";
/// Others hold the lock for milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

/// Whether this process has waited in vain. Whoever did not let go in that time is stopped or hangs: the sweep, the step and
/// its undoing need not each wait for them.
static WAITED_IN_VAIN: AtomicBool = AtomicBool::new(false);

/// Waits until nobody else is at the journal of a place.
pub fn wait(place: &Path, run: &Run) -> Result<Lock, ApplyError> {
    let path = place.join(LOCK);
    let limit = if WAITED_IN_VAIN.load(Ordering::Relaxed) { Duration::ZERO } else { LIMIT };
    let note = LockNote::new(&run.job, &run.temp_directory);
    patience::wait(limit, |until| Lock::take(&path, until, &note)).map_err(|trouble| match trouble {
        LockTrouble::Io(error) => ApplyError::write(&path, &error),
        LockTrouble::Held(note) => {
            WAITED_IN_VAIN.store(true, Ordering::Relaxed);
            let by = note.map_or_else(|| "another job".to_owned(), |note| named(&note));
            ApplyError::Held { path: path.display().to_string(), by }
        }
    })
}

/// Whether somebody seems to be at the journal of a place, or was killed there.
pub fn is_taken(place: &Path) -> bool {
    disk::exists(&place.join(LOCK))
}

fn named(note: &LockNote) -> String {
    let LockNote { process, job, folder, .. } = note;
    format!("another job (process {process}, job {job}, agent's folder {})", folder.display())
}
