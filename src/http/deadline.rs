//! When a run's requests must have ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When a run's requests must have ended; shared by its clients.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    /// A deadline after this time from now.
    pub fn after(limit: Duration) -> Self {
        Self(Arc::new(Mutex::new(Instant::now() + limit)))
    }

    /// When it is.
    pub fn instant(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remaining(&self) -> Duration {
        self.instant().saturating_duration_since(Instant::now())
    }

    pub(super) fn put_off(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}
