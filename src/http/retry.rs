//! When to ask again: decided on statuses, never on a service's codes, save where a caller knows of trouble that passes.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use super::{Answer, Outcome};

/// How often a request was sent, and how long was waited between.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// The requests so far, at least one.
    pub count: u32,
    /// The time since the first of them was sent.
    pub elapsed: Duration,
}

/// What to do after an outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// It stands.
    Never,
    /// Ask again after this time.
    After(Duration),
    /// The same, on a wish of the user's, so that the run's time limit counts neither this pause nor the request before it.
    AsWished(Duration),
}

const MOST_TRIES: u32 = 4;

/// After connection trouble and statuses 408, 429 and 5xx: three more tries, with growing pauses, or those that the service asks
/// for.
pub fn usual(outcome: &Outcome, tries: Tries) -> Again {
    let again = match outcome {
        Ok(answer) if answer.is_busy() => {
            if let Some(wait) = answer.retry_after().filter(|_| tries.count < MOST_TRIES) {
                return Again::After(wait);
            }
            true
        }
        Ok(_) => false,
        Err(error) => error.may_pass(),
    };
    if again && tries.count < MOST_TRIES {
        Again::After(jitter(Duration::from_secs(1 << tries.count)))
    } else {
        Again::Never
    }
}

/// Twice more, where the caller knows that the answer passes soon.
pub fn passing(tries: Tries) -> Again {
    let wait = Duration::from_secs(2 * u64::from(tries.count));
    if tries.count < 3 { Again::After(wait + jitter(wait)) } else { Again::Never }
}

/// For as long as the user wishes to wait, every ten seconds or so, or as the service asks.
pub fn as_wished(limit: Duration, answer: &Answer, tries: Tries) -> Again {
    let wait = Duration::from_secs(10.min(2 * u64::from(tries.count)));
    let wait = answer.retry_after().unwrap_or(wait + jitter(wait / 5));
    if tries.elapsed + wait <= limit { Again::AsWished(wait) } else { Again::Never }
}

/// A random part of `longest`, so that many jobs that met the same trouble do not come back together.
pub fn jitter(longest: Duration) -> Duration {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    longest * u32::try_from(random % 1000).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn after(status: u16, retry_after: Option<&'static str>, tries: Tries) -> Again {
        let headers = retry_after.map(|value| (RETRY_AFTER, HeaderValue::from_static(value)));
        let answer = Answer { status, headers: HeaderMap::from_iter(headers), body: String::new(), tries: 1 };
        usual(&Ok(answer), tries)
    }

    fn tries(count: u32) -> Tries {
        Tries { count, elapsed: Duration::ZERO }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert_ne!(after(status, None, tries(1)), Again::Never, "{status}");
            assert_eq!(after(status, None, tries(MOST_TRIES)), Again::Never, "{status}");
            assert_eq!(after(status, Some("1"), tries(MOST_TRIES)), Again::Never, "{status}");
        }
        for status in [200, 203, 302, 400, 401, 403, 404] {
            assert_eq!(after(status, Some("1"), tries(1)), Again::Never, "{status}");
        }
        assert_ne!(passing(tries(2)), Again::Never);
        assert_eq!(passing(tries(3)), Again::Never);
    }

    #[test]
    fn the_service_says_how_long_to_wait() {
        assert_eq!(after(429, Some("7"), tries(1)), Again::After(Duration::from_secs(7)));
    }
}
