//! Renewing what a run has sealed, for as long as its job runs: in a process of its own, which listens nowhere.

mod files;
mod handover;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::apply::facts::Facts;
use crate::apply::resident;
use crate::diagnosis::Explanation;
use crate::disk::{self, FolderIdentity, Lock};
use crate::helper::vault::{self, Key, Next};
use crate::helper::{Question, Reply, reply};
use crate::http::{Deadline, Http, Network};
use crate::identity::Identity;
use crate::identity::entra::{CLOCK_TOLERANCE_SECONDS, Issued, Propagation};
use crate::identity::managed_identity::Machine;
use crate::identity::pipeline::Pipeline;
use crate::identity::session::NETWORK_LIMIT;
use crate::identity::tokens::{Surroundings, TokenError, Tokens};
use crate::kernel::clock::{Moment, moment};
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;
use crate::process::Process;

use files::Place;
pub use handover::{By, Handover, Held};
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
    /// How long the job may take; nothing where it has no limit.
    pub time_limit: Option<Duration>,
}

/// The renewal of a run.
pub struct Renewal {
    sign_in: SignIn,
    key: Key,
    /// The keys of earlier runs' vaults, by the names of their variables.
    keys: Vec<(String, Key)>,
    folder: PathBuf,
    /// The folder as it was.
    identity: FolderIdentity,
    watched: Watched,
    tokens: Vec<Renewed>,
    /// Held until the end.
    _lock: Lock,
}

/// The agent's worker, among the processes above the step's wrapper.
enum Watched {
    /// The step may not have ended.
    OneOf(Vec<Process>),
    /// What outlived the step, where something did that can be seen.
    This(Option<Process>),
}

struct Renewed {
    held: Held,
    places: Vec<Place>,
    schedule: Schedule,
    /// Nobody will get another.
    is_over: bool,
}

/// What a try came to.
enum Outcome {
    Token(AccessToken, u64),
    Trouble(String),
    /// The earlier run has no other yet.
    Same,
}

/// For the step to end.
const STEP_ENDS: Duration = Duration::from_secs(5);

/// When a token ends, by this machine's clock: it is what helpers go by.
pub fn expires_at(issued: &Issued) -> u64 {
    let ahead = issued.clock_ahead_seconds;
    let is_off = ahead.unsigned_abs() > CLOCK_TOLERANCE_SECONDS;
    issued.expires_at.saturating_add_signed(if is_off { ahead } else { 0 })
}

impl Renewal {
    /// Takes over from the step; nothing where the run is over already, or has another process.
    pub fn begin(sign_in: SignIn, key: Key, keys: Vec<(String, Key)>, handover: Handover) -> Option<Self> {
        let Handover { folder, ancestors, tokens } = handover;
        let lock = resident::hold(&folder).ok()?;
        let identity = disk::folder_identity(&folder)?;
        let now = moment();
        let renewed = |held: Held| Renewed {
            schedule: Schedule::new(now, left(now, held.expires_at), random()),
            places: held.references.iter().cloned().map(Place::new).collect(),
            is_over: false,
            held,
        };
        let tokens = tokens.into_iter().map(renewed).collect();
        let watched = Watched::OneOf(ancestors);
        let mut renewal = Self { sign_in, key, keys, folder, identity, watched, tokens, _lock: lock };
        renewal.catch_up();
        Some(renewal)
    }

    /// What an earlier run has renewed already, its variable does not hold any more.
    fn catch_up(&mut self) {
        for renewed in &mut self.tokens {
            if let By::Earlier(folder) = &renewed.held.by
                && let Some(found) = of_earlier(folder, &renewed.held.organizations, &self.keys)
                && let Outcome::Token(token, _) = renewed.note_found(Some(found))
            {
                renewed.put(&self.folder, &token);
            }
        }
    }

    /// Renews until the run ends, or until nothing can be renewed any more.
    pub fn run(mut self) {
        self.sleep(STEP_ENDS);
        while self.goes_on() {
            if self.pause().is_zero() {
                self.renew();
            } else {
                self.sleep(LONGEST_PAUSE);
            }
        }
    }

    /// How long until a token is to be renewed.
    fn pause(&self) -> Duration {
        let now = moment();
        self.lasting().map(|token| token.schedule.left(now)).min().unwrap_or_default()
    }

    fn sleep(&self, longest: Duration) {
        std::thread::sleep(self.pause().min(longest));
    }

    fn lasting(&self) -> impl Iterator<Item = &Renewed> {
        self.tokens.iter().filter(|token| !token.is_over)
    }

    /// Whether the run is there, its job's agent too, and something to do; as far as they can be told, and as long as a job may take.
    fn goes_on(&mut self) -> bool {
        let is_in_time = moment().running < schedule::longest(self.sign_in.time_limit);
        is_in_time && self.is_same() && self.watched.is_there() && self.lasting().next().is_some()
    }

    /// Whether the folder is the run's, as it was.
    fn is_same(&self) -> bool {
        disk::is_private_folder(&self.folder) && disk::folder_identity(&self.folder).as_ref() == Some(&self.identity)
    }

    fn renew(&mut self) {
        let now = moment();
        let due = |token: &Renewed| !token.is_over && token.schedule.is_due(now);
        let due: Vec<usize> = (0..self.tokens.len()).filter(|token| due(&self.tokens[*token])).collect();
        let outcomes = self.sign_in_again(&due);
        let helds: Vec<Held> = self.tokens.iter().map(|token| token.held.clone()).collect();
        let of = |organization: &str| {
            let is_of = |(token, _): &&(usize, Outcome)| {
                matches!(helds[*token].by, By::Own(_)) && helds[*token].serves(organization)
            };
            outcomes.iter().find(is_of).map(|(_, outcome)| outcome)
        };
        let next = |organization: &str| match of(organization)? {
            Outcome::Token(token, expires_at) => Some(Next::Token(token, *expires_at)),
            Outcome::Trouble(trouble) => Some(Next::Trouble(trouble)),
            Outcome::Same => None,
        };
        // The network took its time, in which the folder can have become another's.
        if !self.is_same() {
            return;
        }
        let is_sealed = vault::renew(&self.folder, &self.key, next).is_ok();
        for (number, outcome) in &outcomes {
            let renewed = &mut self.tokens[*number];
            let is_put = match outcome {
                Outcome::Token(token, _) => is_sealed && renewed.put(&self.folder, token),
                Outcome::Trouble(_) | Outcome::Same => is_sealed,
            };
            if !is_put {
                // No room on the disk, perhaps, and some later. Until then it counts as not found.
                renewed.held.expires_at = 0;
                renewed.schedule.failed(moment(), None, random());
            }
        }
        // Last, and for people: nothing hangs on it.
        if is_sealed {
            let _ = Facts::renew(&self.folder, |organization| match of(organization)? {
                Outcome::Token(_, expires_at) => Some(*expires_at),
                Outcome::Trouble(_) | Outcome::Same => None,
            });
        }
    }

    /// Gets tokens anew. All that it takes is given back to the system before the next sleep.
    fn sign_in_again(&mut self, due: &[usize]) -> Vec<(usize, Outcome)> {
        let SignIn { identity, network, pipeline, machine, .. } = &self.sign_in;
        let deadline = Deadline::after(NETWORK_LIMIT);
        let http = Http::new(network, deadline.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (Ok(http), Ok(runtime)) = (http, runtime) else {
            for token in due {
                self.tokens[*token].schedule.failed(moment(), None, random());
            }
            return Vec::new();
        };
        let surroundings = Surroundings { http: Arc::new(http), pipeline: pipeline.clone(), machine: machine.clone() };
        let mut tokens = Tokens::new(identity.clone(), surroundings);
        let mut outcomes = Vec::new();
        for token in due {
            let renewed = &mut self.tokens[*token];
            let outcome = match &renewed.held.by {
                By::Own(tenant) => {
                    let tenant = Some(tenant.as_str()).filter(|tenant| !tenant.is_empty());
                    let got = runtime.block_on(tokens.of_tenant(tenant, Propagation::Brief, &mut |_| {}));
                    renewed.note(got, deadline.wanted_pause())
                }
                By::Earlier(folder) => {
                    let found = of_earlier(folder, &renewed.held.organizations, &self.keys);
                    renewed.note_found(found)
                }
            };
            outcomes.push((*token, outcome));
        }
        // A look-up of a name that hangs in the system is not waited for.
        runtime.shutdown_background();
        outcomes
    }
}

/// What an earlier run has for organizations now.
fn of_earlier(folder: &Path, organizations: &[String], keys: &[(String, Key)]) -> Option<vault::Issued> {
    let organization = Organization::parse(organizations.first()?).ok()?;
    let question = Question { client: Dialect::Script, url: organization.url() };
    let key = |name: &str| {
        let key = keys.iter().find(|(variable, _)| variable == name)?;
        Some(key.1.to_text().to_string())
    };
    match reply(&question, &vault::open(folder, &key)) {
        Reply::Token(issued) => Some(issued),
        Reply::NotOurs | Reply::Trouble(_) => None,
    }
}

impl Watched {
    fn is_there(&mut self) -> bool {
        match self {
            Self::This(worker) => worker.as_ref().is_none_or(Process::is_there),
            Self::OneOf(ancestors) => {
                *self = Self::This(ancestors.iter().copied().find(Process::is_there));
                true
            }
        }
    }
}

impl Renewed {
    fn renewed(&mut self, token: AccessToken, expires_at: u64) -> Outcome {
        let now = moment();
        self.held.expires_at = expires_at;
        self.schedule.renewed(now, left(now, expires_at), random());
        Outcome::Token(token, expires_at)
    }

    fn note(&mut self, got: Result<Issued, TokenError>, wanted_pause: Option<Duration>) -> Outcome {
        match got {
            Ok(issued) => {
                let expires_at = expires_at(&issued);
                self.renewed(issued.token, expires_at)
            }
            Err(error) => {
                self.is_over = error.is_for_good();
                self.schedule.failed(moment(), wanted_pause, random());
                let Explanation { headline, cause, .. } = Explanation::of(&error);
                Outcome::Trouble(format!("{headline}\n{}", cause.map_or("", |cause| cause.name)))
            }
        }
    }

    /// Puts it where files of the run refer to it; false where the disk had no room.
    fn put(&mut self, folder: &Path, token: &AccessToken) -> bool {
        let failed = self.places.iter_mut().filter_map(|place| (!place.put(folder, token)).then_some(()));
        failed.count() == 0
    }

    fn note_found(&mut self, found: Option<vault::Issued>) -> Outcome {
        if let Some(found) = found.filter(|found| found.expires_at != self.held.expires_at) {
            return self.renewed(found.token, found.expires_at);
        }
        self.schedule.failed(moment(), None, random());
        Outcome::Same
    }
}

fn left(now: Moment, expires_at: u64) -> Duration {
    Duration::from_secs(expires_at).saturating_sub(now.wall)
}

fn random() -> u8 {
    let mut bytes = [0];
    let _ = getrandom::fill(&mut bytes);
    bytes[0]
}
