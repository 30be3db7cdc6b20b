//! The clock, and how times are written.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

/// A moment by both clocks of a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// Since 1970, by the clock that services and people go by. It may be set, forwards and back.
    pub wall: Duration,
    /// By the clock that only goes on, since this process first looked. It may stand while the machine sleeps.
    pub running: Duration,
}

/// This moment.
#[allow(clippy::disallowed_methods, reason = "the one door to the clock")]
pub fn moment() -> Moment {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let running = START.elapsed();
    Moment { wall: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(), running }
}

/// The time, in seconds since 1970.
pub fn now() -> u64 {
    moment().wall.as_secs()
}

/// A time as RFC 3339 in UTC, from seconds since 1970; as it is where no calendar has it.
pub fn rfc3339(seconds: u64) -> String {
    let timestamp = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(|| seconds.to_string(), |timestamp| timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(1_795_219_200), "2026-11-21T00:00:00Z");
        assert_eq!(rfc3339(u64::MAX), u64::MAX.to_string());
    }
}
