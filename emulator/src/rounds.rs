//! Counts round trips: every answer is held back until nobody asks anything more, then all go at once.
//!
//! What a client asks before it has an answer shares a round with it; what needs the answer comes in a later one. So the rounds are
//! the round trips in a row, however long each takes. A machine so busy that a client asks late makes them more, never fewer.

use crate::state::{State, locked};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The rounds so far. Nothing is held back until somebody wants them counted.
#[derive(Default)]
pub(crate) struct Rounds {
    course: Mutex<Course>,
    next: Condvar,
}

#[derive(Default)]
struct Course {
    /// For how long nobody may ask before a round ends; nothing where rounds are not counted.
    quiet: Option<Duration>,
    last_asked: Option<Instant>,
    over: u32,
}

impl Rounds {
    /// Counts from now on. A round ends when nobody has asked anything for so long.
    pub(crate) fn count(&self, quiet: Duration) {
        *locked(&self.course) = Course { quiet: Some(quiet), ..Course::default() };
    }

    /// How many rounds are over.
    pub(crate) fn over(&self) -> u32 {
        locked(&self.course).over
    }

    /// Waits for the end of the round. Blocks the thread.
    pub(crate) fn wait(&self) {
        let mut course = locked(&self.course);
        let Some(quiet) = course.quiet else { return };
        let round = course.over;
        course.last_asked = Some(Instant::now());
        while course.over == round {
            let since = course.last_asked.map_or(quiet, |asked| asked.elapsed());
            if since >= quiet {
                course.over += 1;
                self.next.notify_all();
                return;
            }
            course =
                self.next.wait_timeout(course, quiet.saturating_sub(since)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The same without blocking the thread.
pub(crate) async fn wait(state: &Arc<State>) {
    if locked(&state.rounds.course).quiet.is_some() {
        let state = state.clone();
        let _ = tokio::task::spawn_blocking(move || state.rounds.wait()).await;
    }
}
