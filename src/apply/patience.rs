//! How long this process waits for others, all in all: each of them may be somebody who means to hold it up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// For the sweep, the step and the post-job part, each in a process of its own.
pub const ALL: Duration = Duration::from_secs(10);

static WAITED_MS: AtomicU64 = AtomicU64::new(0);

/// Does what waits until a deadline: `limit` from now, or what is left of all patience.
pub fn wait<T>(limit: Duration, until: impl FnOnce(Instant) -> T) -> T {
    let waited = Duration::from_millis(WAITED_MS.load(Ordering::Relaxed));
    let begun = Instant::now();
    let done = until(begun + limit.min(ALL.saturating_sub(waited)));
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    WAITED_MS.fetch_add(took, Ordering::Relaxed);
    done
}
