//! When a run's requests must have ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a run's requests must have ended; shared by its clients.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    end: Instant,
    /// For how long the service that was asked last wants to be left alone.
    wanted_pause: Option<Duration>,
}

impl Deadline {
    /// A deadline after this time from now.
    pub fn after(limit: Duration) -> Self {
        Self(Arc::new(Mutex::new(State { end: Instant::now() + limit, wanted_pause: None })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it is.
    pub fn instant(&self) -> Instant {
        self.state().end
    }

    /// For how long the service that was asked last wants to be left alone, where it said so.
    pub fn wanted_pause(&self) -> Option<Duration> {
        self.state().wanted_pause
    }

    pub(super) fn note_pause(&self, wanted: Option<Duration>) {
        self.state().wanted_pause = wanted;
    }

    pub(super) fn remaining(&self) -> Duration {
        self.instant().saturating_duration_since(Instant::now())
    }

    pub(super) fn put_off(&self, by: Duration) {
        self.state().end += by;
    }
}
