//! A case: how a trouble is provoked, and what the step must then say and have asked.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use ado_entra_auth::diagnosis::causes::{self, Cause};
use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, RunningMachine, Target, World};
use regex_lite::Regex;

use super::kind::{Fact, Kind};
use crate::support::{BINARY, LIMIT, assert_refused, emulator, write};

/// Stands for any text within a line.
pub const ANY: &str = "«any»";
/// Stands for Entra's ids of a request, and its time.
pub const IDS: &str = "«ids»";
/// Stands for a GUID.
pub const GUID: &str = "«guid»";
/// Stands for a difference of ten minutes in seconds, as it may be counted at the moment.
pub const TEN_MINUTES: &str = "«ten minutes»";

/// How a trouble comes about, before the step begins.
type Arrange = Box<dyn Fn(&Emulator, Option<&RunningMachine>) + Sync>;
/// How the step differs from that of its kind; it has a folder of its own.
type Bend = Box<dyn Fn(TaskStep, &Path) -> TaskStep + Sync>;

/// How often each place must have been asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    pub assertion: usize,
    pub entra: usize,
    pub organization: usize,
    pub machine: usize,
}

/// A trouble, and the message that it must end with.
pub struct Case {
    id: Option<String>,
    kind: Kind,
    arrange: Vec<Arrange>,
    bend: Vec<Bend>,
    headline: String,
    facts: Vec<Fact>,
    remedy: String,
    /// The name on the last line; none where there is nothing to look up.
    name: Option<&'static str>,
    asked: Asked,
    /// Whether this machine lets it be tried.
    possible: fn() -> bool,
}

/// The row of the table of this name.
pub fn row(name: &str) -> &'static Cause {
    causes::by_name(name).filter(|cause| cause.name == name).unwrap_or_else(|| panic!("no row has the name {name}"))
}

impl Case {
    /// A case whose message is that of the row of this name. `id` is one of errors.json, or blank for a further case.
    pub fn new(id: &str, kind: Kind, name: &'static str) -> Self {
        let cause = row(name);
        Self {
            id: (!id.is_empty()).then(|| id.to_owned()),
            kind,
            arrange: Vec::new(),
            bend: Vec::new(),
            headline: cause.headline.to_owned(),
            facts: Vec::new(),
            remedy: cause.remedy.to_owned(),
            name: Some(name),
            asked: Asked { assertion: 0, entra: 0, organization: 0, machine: 0 },
            possible: || true,
        }
    }

    /// Tried only where this machine lets it be, and says what is skipped elsewhere.
    pub fn where_possible(mut self, possible: fn() -> bool) -> Self {
        self.possible = possible;
        self
    }

    /// Which row of errors.json this is for.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// With this trouble at a service.
    pub fn fault(self, at: Endpoint, effect: Effect) -> Self {
        self.arranged(move |emulator, _| {
            emulator.fault(Fault::new(at, effect.clone()));
        })
    }

    /// With this trouble at the machine.
    pub fn machine_fault(self, effect: Effect) -> Self {
        self.arranged(move |_, machine| {
            machine.unwrap().fault(Fault::new(Target::Everything, effect.clone()));
        })
    }

    /// In a world that was changed after the job began.
    pub fn world(self, change: impl Fn(&mut World) + Sync + 'static) -> Self {
        self.arranged(move |emulator, _| emulator.change(&change))
    }

    /// After this was done.
    pub fn arranged(mut self, arrange: impl Fn(&Emulator, Option<&RunningMachine>) + Sync + 'static) -> Self {
        self.arrange.push(Box::new(arrange));
        self
    }

    /// With a step that is changed so.
    pub fn bent(mut self, bend: impl Fn(TaskStep, &Path) -> TaskStep + Sync + 'static) -> Self {
        self.bend.push(Box::new(bend));
        self
    }

    /// With arguments of `env` before the program: `NAME=value`, or `-u` and a name.
    pub fn env(self, arguments: &'static [&'static str]) -> Self {
        self.bent(move |step, _| {
            let before = ["env"].iter().chain(arguments).map(Into::into);
            TaskStep { command: before.chain(step.command.clone()).collect(), ..step }
        })
    }

    /// With this first line; `{row}` is the headline of the row.
    pub fn says(mut self, headline: &str) -> Self {
        self.headline = headline.replace("{row}", &self.headline);
        self
    }

    /// With these facts after those that are there.
    pub fn facts(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// With this fact.
    pub fn fact(self, name: &'static str, value: &str) -> Self {
        self.facts([(name, value.to_owned())])
    }

    /// With what was shown to Entra and what it said of it before all other facts.
    pub fn first_facts(mut self, presented: Vec<Fact>, says: &str) -> Self {
        let mut facts = presented;
        facts.push(("Entra says", says.to_owned()));
        facts.append(&mut self.facts);
        self.facts = facts;
        self
    }

    /// With this remedy; `{row}` is the remedy of the row.
    pub fn remedy(mut self, remedy: &str) -> Self {
        self.remedy = remedy.replace("{row}", &self.remedy);
        self
    }

    /// With a last line that names nothing.
    pub fn nameless(mut self) -> Self {
        self.name = None;
        self
    }

    /// Asked Azure DevOps so often for the assertion, and nobody after that.
    pub fn assertion_asked(mut self, times: usize) -> Self {
        self.asked.assertion = times;
        self
    }

    /// Asked Entra so often, each place before it once, and none after it.
    pub fn entra_asked(mut self, times: usize) -> Self {
        self.asked.entra = times;
        self.asked.assertion = usize::from(self.kind.asks_for_an_assertion());
        self.asked.machine = usize::from(matches!(self.kind, Kind::Federated));
        self
    }

    /// Asked the organization so often, and each place before it once.
    pub fn organization_asked(mut self, times: usize) -> Self {
        let kind = self.kind;
        self = self.entra_asked(usize::from(kind.asks_entra()));
        self.asked.machine += usize::from(matches!(kind, Kind::Machine(_)));
        self.asked.organization = times;
        self
    }

    /// Asked the machine so often, and nobody after that.
    pub fn machine_asked(mut self, times: usize) -> Self {
        self.asked.machine = times;
        self
    }

    /// The whole message.
    fn message(&self) -> String {
        let mut message = self.headline.clone();
        for (name, value) in &self.facts {
            write!(message, "\n  {name:<9} {value}").unwrap();
        }
        write!(message, "\nremedy: {}", self.remedy).unwrap();
        if let Some(name) = self.name {
            write!(message, "\ntroubleshooting: {name}").unwrap();
        }
        message
    }

    /// Runs the step in its trouble, and compares.
    pub fn check(&self) {
        if !(self.possible)() {
            return;
        }
        let emulator = emulator();
        let folder = tempfile::tempdir().unwrap();
        let machine = self.kind.machine(folder.path()).map(|machine| emulator.machine(machine).unwrap());
        let machine_environment = machine.as_ref().map(RunningMachine::environment).unwrap_or_default();
        let mut job = Job::new(&emulator, JobOptions { machine_environment, ..JobOptions::default() }).unwrap();
        write(&job, ".npmrc", "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n");
        for arrange in &self.arrange {
            arrange(&emulator, machine.as_ref());
        }
        let step = self.bend.iter().fold(self.kind.step(), |step, bend| bend(step, folder.path()));
        let started = Instant::now();
        let outcome = assert_refused(&emulator, &mut job, &step, &[]);
        assert!(started.elapsed() < LIMIT, "{}: {:?}", self.shown(), started.elapsed());

        let error = &outcome.errors[0];
        // The agent masks some ids of a service connection, so they show as its stars here as there.
        let expected = job.mask(&self.message());
        let form = format!("^{}$", pattern(&expected));
        assert!(
            Regex::new(&form).unwrap().is_match(error),
            "{}\n--- expected\n{expected}\n--- came\n{error}\n---",
            self.shown()
        );
        assert_eq!(Some(&*outcome.message), error.lines().next(), "the result's message is the headline");
        assert!(!outcome.log.contains("eyJ"), "{}", outcome.log);
        assert_eq!(asked(&emulator.requests(), machine.as_ref()), self.asked, "{}\n{error}", self.shown());
        if let Some(name) = self.name {
            assert_explained(error, name, &self.shown());
        }
    }

    fn shown(&self) -> String {
        format!("{} with {:?}: {}", self.id().unwrap_or("a further case"), self.kind, self.headline)
    }
}

/// An expected text as an expression.
pub fn pattern(expected: &str) -> String {
    const ONE: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    let ids = format!(r"{ONE} · {ONE} · \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ");
    let expected = regex_lite::escape(expected).replace(ANY, "[^\n]+").replace(IDS, &ids);
    expected.replace(GUID, ONE).replace(TEN_MINUTES, "(59[5-9]|60[0-5])")
}

/// What was asked where.
pub fn asked(requests: &[LoggedRequest], machine: Option<&RunningMachine>) -> Asked {
    let count = |what: fn(&LoggedRequest) -> bool| requests.iter().filter(|request| what(request)).count();
    Asked {
        assertion: count(|request| request.path.contains("/oidctoken")),
        entra: count(|request| request.path.ends_with("/oauth2/v2.0/token")),
        organization: count(|request| request.path.contains("/_apis/connectionData")),
        machine: machine.map_or(0, |machine| machine.requests().len()),
    }
}

/// Whoever gives a text to `explain` is led to the row of this name.
pub fn assert_explained(text: &str, name: &str, what: &str) {
    let mut command = Command::new(BINARY);
    command.args(["explain", "-"]).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = format!("{name}: {}", row(name).headline);
    assert_eq!(shown.lines().next(), Some(&*first), "{what}\n{text}\n---\n{shown}");
}
