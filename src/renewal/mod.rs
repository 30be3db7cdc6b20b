//! Renewing what a run has sealed, for as long as its job runs: in a process of its own, which listens nowhere.

mod files;
mod handover;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use crate::apply::facts::Facts;
use crate::apply::resident;
use crate::diagnosis::Explanation;
use crate::disk::{self, FolderIdentity, Lock};
use crate::helper::vault::{self, Key, Next};
use crate::http::{Deadline, Http, Network};
use crate::identity::Identity;
use crate::identity::entra::{CLOCK_TOLERANCE_SECONDS, Issued, Propagation};
use crate::identity::managed_identity::Machine;
use crate::identity::pipeline::Pipeline;
use crate::identity::session::NETWORK_LIMIT;
use crate::identity::tokens::{Surroundings, TokenError, Tokens};
use crate::kernel::clock::{Moment, moment};
use crate::kernel::secret::AccessToken;

use files::Place;
pub use handover::{Handover, Held};
use schedule::{LONGEST_PAUSE, Schedule};

/// How an identity signs in, again and again.
pub struct SignIn {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// How the network is reached.
    pub network: Network,
    /// What the job says of itself.
    pub pipeline: Pipeline,
    /// What the machine says of its identity.
    pub machine: Machine,
}

/// The renewal of a run.
pub struct Renewal {
    sign_in: SignIn,
    key: Key,
    handover: Handover,
    /// The run's folder as it was.
    folder: FolderIdentity,
    places: Vec<Place>,
    tokens: Vec<Renewed>,
    /// Held until the end.
    _lock: Lock,
}

struct Renewed {
    held: Held,
    schedule: Schedule,
    /// Nobody will get another.
    is_over: bool,
}

/// What a try came to, for the organizations of a token.
enum Outcome {
    Token(AccessToken, u64),
    Trouble(String),
}

/// When a token ends, by this machine's clock: it is what helpers go by.
pub fn expires_at(issued: &Issued) -> u64 {
    let ahead = issued.clock_ahead_seconds;
    if ahead.unsigned_abs() > CLOCK_TOLERANCE_SECONDS {
        issued.expires_at.saturating_add_signed(ahead)
    } else {
        issued.expires_at
    }
}

impl Renewal {
    /// Takes over from the step; nothing where the run is over already, or has another process.
    pub fn begin(sign_in: SignIn, key: Key, handover: Handover) -> Option<Self> {
        let lock = resident::hold(&handover.folder).ok()?;
        let folder = disk::folder_identity(&handover.folder)?;
        let places = handover.references.iter().cloned().map(Place::new).collect();
        let now = moment();
        let renewed = |held: &Held| Renewed {
            schedule: Schedule::new(now, left(now, held.expires_at), random()),
            held: held.clone(),
            is_over: false,
        };
        let tokens = handover.tokens.iter().map(renewed).collect();
        Some(Self { sign_in, key, folder, places, tokens, handover, _lock: lock })
    }

    /// Renews until the run ends, or until nothing can be renewed any more.
    pub fn run(mut self) {
        while self.goes_on() {
            let now = moment();
            let pause = self.lasting().map(|token| token.schedule.left(now)).min().unwrap_or_default();
            if pause.is_zero() {
                self.renew();
            } else {
                std::thread::sleep(pause.min(LONGEST_PAUSE));
            }
        }
    }

    fn lasting(&self) -> impl Iterator<Item = &Renewed> {
        self.tokens.iter().filter(|token| !token.is_over)
    }

    /// Whether the run is there, its job's agent too, and something to do.
    fn goes_on(&self) -> bool {
        let folder = &self.handover.folder;
        let is_same = disk::is_private_folder(folder) && disk::folder_identity(folder).as_ref() == Some(&self.folder);
        is_same && self.handover.worker.is_none_or(|worker| worker.is_there()) && self.lasting().next().is_some()
    }

    fn renew(&mut self) {
        let outcomes = self.sign_in_again();
        let folder = &self.handover.folder;
        let of = |organization: &str| {
            let is_of = |(token, _): &&(usize, Outcome)| {
                self.tokens[*token].held.organizations.iter().any(|name| name == organization)
            };
            outcomes.iter().find(is_of).map(|(_, outcome)| outcome)
        };
        let next = |organization: &str| match of(organization)? {
            Outcome::Token(token, expires_at) => Some(Next::Token(token, *expires_at)),
            Outcome::Trouble(trouble) => Some(Next::Trouble(trouble)),
        };
        let until = |organization: &str| match of(organization)? {
            Outcome::Token(_, expires_at) => Some(*expires_at),
            Outcome::Trouble(_) => None,
        };
        let is_written = vault::renew(folder, &self.key, next).is_ok();
        // What people read: nothing hangs on it.
        let _ = Facts::renew(folder, until);
        for place in &mut self.places {
            let outcome = outcomes.iter().find(|(token, _)| {
                self.tokens[*token].held.organizations.iter().any(|name| name == place.organization())
            });
            if let Some((_, Outcome::Token(token, _))) = outcome {
                place.put(folder, token);
            }
        }
        if !is_written {
            // No room on the disk, perhaps, and some later.
            let now = moment();
            for (token, _) in &outcomes {
                self.tokens[*token].schedule.failed(now, None, random());
            }
        }
    }

    /// Gets those tokens anew whose time has come. All that it takes is given back to the system before the next sleep.
    fn sign_in_again(&mut self) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::new();
        let now = moment();
        let due: Vec<usize> = (0..self.tokens.len())
            .filter(|token| !self.tokens[*token].is_over && self.tokens[*token].schedule.is_due(now))
            .collect();
        let SignIn { identity, network, pipeline, machine } = &self.sign_in;
        let http = Http::new(network, Deadline::after(NETWORK_LIMIT));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (Ok(http), Ok(runtime)) = (http, runtime) else {
            for token in due {
                self.tokens[token].schedule.failed(now, None, random());
            }
            return outcomes;
        };
        let surroundings = Surroundings { http: Arc::new(http), pipeline: pipeline.clone(), machine: machine.clone() };
        let mut tokens = Tokens::new(identity.clone(), surroundings);
        for token in due {
            let renewed = &mut self.tokens[token];
            let tenant = Some(renewed.held.tenant.as_str()).filter(|tenant| !tenant.is_empty());
            let got = runtime.block_on(tokens.of_tenant(tenant, Propagation::Brief, &mut |_| {}));
            outcomes.push((token, renewed.note(got)));
        }
        // A look-up of a name that hangs in the system is not waited for.
        runtime.shutdown_background();
        outcomes
    }
}

impl Renewed {
    fn note(&mut self, got: Result<Issued, TokenError>) -> Outcome {
        let now = moment();
        match got {
            Ok(issued) => {
                let expires_at = expires_at(&issued);
                self.schedule.renewed(now, left(now, expires_at), random());
                Outcome::Token(issued.token, expires_at)
            }
            Err(error) => {
                self.is_over = error.is_for_good();
                self.schedule.failed(now, None, random());
                let Explanation { headline, cause, .. } = Explanation::of(&error);
                Outcome::Trouble(format!("{headline}\n{}", cause.map_or("", |cause| cause.name)))
            }
        }
    }
}

fn left(now: Moment, expires_at: u64) -> Duration {
    Duration::from_secs(expires_at).saturating_sub(now.wall)
}

/// At least 0, below 1.
fn random() -> f64 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_ne_bytes(bytes)) / 65536.0
}
