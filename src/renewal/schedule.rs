//! When a token is renewed: by whichever of the two clocks says so first.

use std::time::Duration;

use crate::kernel::clock::Moment;

/// The longest time between two looks at whether the run goes on.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Tokens of the usual lives are looked at no more often than this, however short the rest of one is.
const PACE: Duration = Duration::from_mins(1);
/// A token of a shorter life than this many paces is looked at more often.
const PACES_OF_A_LIFE: u32 = 8;
/// Between two tries after trouble lie at most so many paces.
const MOST_PACES: u32 = 5;
/// By so much two clocks part by themselves in the life of a token.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);
/// No service is left alone for longer, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// No job is renewed for longer.
const LONGEST_JOB: Duration = Duration::from_hours(7 * 24);
/// A job that has reached its limit is cancelled, and its last steps run on for a while.
const LAST_STEPS: Duration = Duration::from_hours(1);

/// For how long a job is renewed that may take so long.
pub fn longest(limit: Option<Duration>) -> Duration {
    limit.map_or(LONGEST_JOB, |limit| (limit + LAST_STEPS).min(LONGEST_JOB))
}

/// When to renew one token.
#[derive(Clone, Debug)]
pub struct Schedule {
    set_at: Moment,
    /// How long after that to renew.
    due_in: Duration,
    pace: Duration,
    failures: u32,
}

impl Schedule {
    /// For a token with this much of its life left. `random` is any number, so that many jobs do not come together.
    pub fn new(now: Moment, left: Duration, random: u8) -> Self {
        let pace = (left / PACES_OF_A_LIFE).clamp(Duration::from_secs(1), PACE);
        Self { set_at: now, due_in: Self::due_in(left, random).max(pace), pace, failures: 0 }
    }

    /// A quarter of the life is left then, or a little more.
    fn due_in(left: Duration, random: u8) -> Duration {
        (left * 3 / 4).saturating_sub(left / 20 * u32::from(random) / 256)
    }

    /// A new token has this much of its life left. One that a machine hands out again may have little.
    pub fn renewed(&mut self, now: Moment, left: Duration, random: u8) {
        let pace = self.pace.max(Self::new(now, left, random).pace);
        *self = Self { set_at: now, due_in: Self::due_in(left, random).max(pace), pace, failures: 0 };
    }

    /// There was none. `wait` is for how long the service wants to be left alone.
    pub fn failed(&mut self, now: Moment, wait: Option<Duration>, random: u8) {
        self.failures = self.failures.saturating_add(1);
        let paces = MOST_PACES.min(1 << self.failures.min(4).saturating_sub(1));
        let pause = self.pace * paces;
        self.set_at = now;
        self.due_in = pause.max(wait.unwrap_or_default().min(LONGEST_WAIT)) + self.pace / 4 * u32::from(random) / 256;
    }

    /// Whether it is time: one of the clocks says so, or they have parted, since the machine slept or was given another time.
    pub fn is_due(&self, now: Moment) -> bool {
        self.left(now).is_zero()
    }

    /// How long until then.
    pub fn left(&self, now: Moment) -> Duration {
        let running = now.running.saturating_sub(self.set_at.running);
        let Some(wall) = (now.wall + CLOCK_TOLERANCE).checked_sub(self.set_at.wall) else { return Duration::ZERO };
        let wall = wall.saturating_sub(CLOCK_TOLERANCE);
        if wall.abs_diff(running) > CLOCK_TOLERANCE {
            return Duration::ZERO;
        }
        self.due_in.saturating_sub(wall.max(running))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(wall: u64, running: u64) -> Moment {
        Moment { wall: Duration::from_secs(1_800_000_000 + wall), running: Duration::from_secs(running) }
    }

    fn due(schedule: &Schedule, wall: u64, running: u64) -> bool {
        schedule.is_due(at(wall, running))
    }

    #[test]
    fn a_quarter_of_the_life_is_left() {
        let schedule = Schedule::new(at(0, 0), HOUR, 0);
        assert!(!due(&schedule, 2699, 2699) && due(&schedule, 2700, 2700));
        assert!(due(&Schedule::new(at(0, 0), HOUR, 255), 2530, 2530));
        // What a test has: seconds.
        let short = Schedule::new(at(0, 0), Duration::from_secs(8), 0);
        assert!(!due(&short, 5, 5) && due(&short, 6, 6));
    }

    #[test]
    fn a_machine_that_slept_or_whose_clock_jumped_renews_at_once() {
        let schedule = Schedule::new(at(0, 0), HOUR, 0);
        assert!(due(&schedule, 600, 10), "the machine slept");
        assert!(due(&schedule, 10, 600), "the clock was set back");
        assert!(Schedule::new(at(7200, 0), HOUR, 0).is_due(at(0, 10)), "far back");
        assert!(!due(&schedule, 650, 600) && !due(&schedule, 600, 650), "clocks part a little by themselves");
        assert!(due(&schedule, 2690, 2700) && due(&schedule, 2700, 2690), "the first says so");
    }

    #[test]
    fn nothing_is_tried_more_often_than_once_a_minute() {
        for left in [8 * 60, 3600, 90_000].map(Duration::from_secs) {
            let mut schedule = Schedule::new(at(0, 0), left, 128);
            // A machine that hands out the same token until its end.
            schedule.renewed(at(0, 0), Duration::from_secs(2), 128);
            assert!(schedule.left(at(0, 0)) >= PACE, "{left:?}");
            for _ in 0..100 {
                schedule.failed(at(0, 0), None, 0);
                let pause = schedule.left(at(0, 0));
                assert!(pause >= PACE && pause <= PACE * MOST_PACES, "{left:?}: {pause:?}");
            }
        }
    }

    #[test]
    fn no_job_is_renewed_without_end() {
        assert_eq!(longest(Some(HOUR)), 2 * HOUR);
        assert_eq!([None, Some(200 * HOUR)].map(longest), [LONGEST_JOB; 2]);
    }

    #[test]
    fn a_service_is_left_alone_as_it_asks() {
        let mut schedule = Schedule::new(at(0, 0), HOUR, 0);
        schedule.failed(at(0, 0), Some(Duration::from_secs(400)), 0);
        assert_eq!(schedule.left(at(0, 0)), Duration::from_secs(400));
        schedule.failed(at(0, 0), Some(HOUR * 24), 0);
        assert_eq!(schedule.left(at(0, 0)), LONGEST_WAIT);
    }
}
