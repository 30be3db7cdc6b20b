//! Trouble that a test orders: what goes wrong, where, and how often.

pub(crate) mod act;
mod devops;
mod effect;
mod machine;

pub use devops::DevOpsError;
pub use effect::{BodyForm, ConnectionDataFault, Effect, EntraFault, ErrorCodes, OidcFault, TokenFault, Unavailable};
pub use machine::{ArcFault, ExpiryForm, MachineFault};

use crate::message::Call;
use crate::service::Endpoint;

/// One kind of trouble at one place.
#[derive(Clone, Debug)]
pub struct Fault {
    target: Target,
    effect: Effect,
    skip: u32,
    times: Option<u32>,
}

/// Where a fault strikes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Every request.
    Everything,
    /// A service.
    Endpoint(Endpoint),
    /// A host.
    Host(String),
    /// Paths of a host that start like this.
    Path(String, String),
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

impl Fault {
    /// Trouble at every request to this place.
    pub fn new(target: impl Into<Target>, effect: Effect) -> Self {
        Self { target: target.into(), effect, skip: 0, times: None }
    }

    /// Lets the first `skip` requests through.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes so many times, then no more.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn concerns(&self, host: &str, path: &str, endpoint: Option<Endpoint>) -> bool {
        match &self.target {
            Target::Everything => true,
            Target::Endpoint(wanted) => endpoint == Some(*wanted),
            Target::Host(wanted) => wanted.eq_ignore_ascii_case(host),
            Target::Path(wanted, prefix) => wanted.eq_ignore_ascii_case(host) && path.starts_with(prefix.as_str()),
        }
    }
}

/// The faults of an emulator with their counters.
#[derive(Default)]
pub(crate) struct Faults(Vec<(Fault, u32, u32)>);

impl Faults {
    /// Adds a fault and returns its number.
    pub(crate) fn add(&mut self, fault: Fault) -> usize {
        self.0.push((fault, 0, 0));
        self.0.len() - 1
    }

    /// How often a fault has struck.
    pub(crate) fn fired(&self, number: usize) -> u32 {
        self.0.get(number).map_or(0, |(_, _, fired)| *fired)
    }

    /// Ends all faults; their counters stay readable.
    pub(crate) fn end(&mut self) {
        for (fault, _, fired) in &mut self.0 {
            fault.times = Some(*fired);
        }
    }

    /// What the next request at this place meets. The first fault that applies strikes, and is counted.
    pub(crate) fn strike(&mut self, call: &Call, endpoint: Option<Endpoint>) -> Option<Effect> {
        let suits = |effect: &Effect| {
            !effect.concerns_connections() && !effect.concerns_clock() && (call.is_https() || !effect.leaves_https())
        };
        self.next(suits, &call.host, &call.path, endpoint)
    }

    /// By how many seconds the clock is ahead at this place.
    pub(crate) fn clock_ahead_seconds(&mut self, call: &Call, endpoint: Option<Endpoint>) -> i64 {
        match self.next(Effect::concerns_clock, &call.host, &call.path, endpoint) {
            Some(Effect::ClockOff(seconds)) => seconds,
            _ => 0,
        }
    }

    /// The same for the establishment of a connection to a host.
    pub(crate) fn strike_connection(&mut self, host: &str) -> Option<Effect> {
        self.next(Effect::concerns_connections, host, "", None)
    }

    fn next(
        &mut self,
        suits: impl Fn(&Effect) -> bool,
        host: &str,
        path: &str,
        endpoint: Option<Endpoint>,
    ) -> Option<Effect> {
        for (fault, seen, fired) in &mut self.0 {
            if !suits(&fault.effect) || !fault.concerns(host, path, endpoint) {
                continue;
            }
            *seen += 1;
            if *seen > fault.skip && fault.times.is_none_or(|times| *fired < times) {
                *fired += 1;
                return Some(fault.effect.clone());
            }
        }
        None
    }
}
