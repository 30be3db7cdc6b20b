//! Machines of Azure Arc: the challenge, the key in the agent's own folder, and nothing of any other file.

use std::path::PathBuf;

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::faults::{ArcFault, MachineFault};
use ado_entra_auth_emulator::log::Authorization;
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{MACHINE_IDENTITY, USER_IDENTITY_1};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::identities::{job_on, of};
use crate::modes::set_mode;
use crate::namespaces::{self, with_arc_agent, with_arc_folder};
use crate::support::{
    BINARY, assert_refused, claims, emulator, finish, in_parallel, leaks_below, run, variable, words, write_file,
};

/// What no request may carry, in files that a hostile challenge names.
const TREASURE: &str = "treasure-of-another-program-0123456789abcdef";

/// A machine of Arc and the folder that a step sees at `/var/opt/azcmagent`.
struct Arc {
    machine: RunningMachine,
    _place: tempfile::TempDir,
    folder: PathBuf,
}

impl Arc {
    fn start(emulator: &Emulator, change: impl FnOnce(Machine) -> Machine) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("azcmagent");
        std::fs::create_dir_all(folder.join("tokens")).unwrap();
        let machine = Machine::arc().identity(MACHINE_IDENTITY).writing_keys_to(&folder.join("tokens"));
        let machine = emulator.machine(change(machine)).unwrap();
        Self { machine, _place: place, folder }
    }

    fn step(&self) -> TaskStep {
        with_arc_folder(of("managedIdentity"), &self.folder)
    }
}

fn appid(job: &Job<'_>) -> String {
    claims(&variable(job, "ADO_ENTRA_TOKEN"))["appid"].as_str().unwrap_or_default().to_owned()
}

/// One question without a proof, one with the key as Basic, and the key is gone.
#[test]
fn the_key_of_the_challenge_is_the_proof() {
    if !namespaces::available() {
        return;
    }
    let rows = [("", MACHINE_IDENTITY), (USER_IDENTITY_1, USER_IDENTITY_1)];
    in_parallel(&rows, |(asked_for, given)| {
        let emulator = emulator();
        let arc = Arc::start(&emulator, |machine| machine.identity(USER_IDENTITY_1));
        let mut job = job_on(&emulator, &arc.machine);
        run(&emulator, &mut job, &arc.step().input("clientId", asked_for));
        assert_eq!(appid(&job), *given);
        let requests = arc.machine.requests();
        let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!((first.status, second.status), (401, 200));
        assert_eq!((&first.authorization, first.secrets.len()), (&Authorization::None, 0));
        assert_eq!(second.authorization, Authorization::Other("Basic".into()), "the content of the file as it is");
        assert!(second.secrets.iter().all(|secret| secret.starts_with("MachineSecret")), "{:?}", second.secrets);
        assert!(!second.secrets.is_empty());
        assert_eq!(std::fs::read_dir(arc.folder.join("tokens")).unwrap().count(), 0, "the key was taken");
        finish(&mut job);
        assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new());
    });
}

#[test]
fn an_old_agent_that_gives_another_identity_is_told_from_a_current_one() {
    if !namespaces::available() {
        return;
    }
    let emulator = emulator();
    let arc = Arc::start(&emulator, |machine| machine.identity(USER_IDENTITY_1).old_agent());
    let step = arc.step().input("clientId", USER_IDENTITY_1);
    let words =
        ["the agent of Azure Arc", MACHINE_IDENTITY, USER_IDENTITY_1, "arc-user-assigned", "leave clientId out"];
    assert_refused(&emulator, &mut job_on(&emulator, &arc.machine), &step, &words);
    // Its own identity it gives, whoever is asked for.
    let mut job = job_on(&emulator, &arc.machine);
    run(&emulator, &mut job, &arc.step());
    assert_eq!(appid(&job), MACHINE_IDENTITY);
}

/// The largest key that there may be, and trouble that passes.
#[test]
fn what_is_odd_and_right_serves() {
    if !namespaces::available() {
        return;
    }
    let faults = [
        Fault::new(Target::Everything, Effect::Machine(MachineFault::Arc(ArcFault::KeySize(4096)))).times(1),
        Fault::new(Target::Everything, Effect::Machine(MachineFault::Refusal(503))).times(2),
        Fault::new(Target::Everything, Effect::Machine(MachineFault::Refusal(500))).skip(1).times(1),
        Fault::new(Target::Everything, Effect::Machine(MachineFault::Numbers)),
    ];
    in_parallel(&faults, |fault| {
        let emulator = emulator();
        let arc = Arc::start(&emulator, |machine| machine);
        let id = arc.machine.fault(fault.clone());
        let mut job = job_on(&emulator, &arc.machine);
        run(&emulator, &mut job, &arc.step());
        assert!(arc.machine.fired(id) > 0, "{fault:?}");
    });
}

/// Whoever answers in the agent's place gets no file's content: neither the key that it names, nor another file.
#[test]
fn a_hostile_challenge_gets_nothing() {
    if !namespaces::available() {
        return;
    }
    let named = |realm: &str| ArcFault::Header(realm.to_owned());
    let at = |path: &str| named(&format!("Basic realm={path}"));
    let elsewhere = "does not lie directly in /var/opt/azcmagent/tokens or is no .key";
    let unnamed = "names no key file";
    let two = |first: &str, second: &str| {
        let both = Answer::status(401).header("WWW-Authenticate", first).header("WWW-Authenticate", second);
        Effect::answer(both)
    };
    let good = "Basic realm=/var/opt/azcmagent/tokens/treasure.key";
    let arc = |fault| Effect::Machine(MachineFault::Arc(fault));
    let rows: Vec<(Effect, &str)> = vec![
        (arc(ArcFault::Outside), elsewhere),
        (arc(ArcFault::Traversal), elsewhere),
        (arc(ArcFault::OtherExtension), elsewhere),
        (arc(at("/var/opt/azcmagent/treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens/../treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens/sub/treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens//treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens/./treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/TOKENS/treasure.key")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens/treasure.key.txt")), elsewhere),
        (arc(at("/var/opt/azcmagent/tokens/.key")), elsewhere),
        (arc(at("/etc/passwd")), elsewhere),
        (arc(at("treasure.key")), elsewhere),
        (arc(at("file:///var/opt/azcmagent/tokens/treasure.key")), elsewhere),
        (arc(ArcFault::KeySize(4097)), "larger than 4096 bytes"),
        (arc(ArcFault::Link), "it is a link"),
        (arc(ArcFault::Folder), "cannot be used"),
        (arc(ArcFault::Missing), "there is no such file"),
        (arc(ArcFault::NoChallenge), "answered HTTP 200 where 401"),
        (Effect::Machine(MachineFault::Refusal(403)), "answered HTTP 403 where 401"),
        (Effect::answer(Answer::status(403).header("WWW-Authenticate", good)), "answered HTTP 403 where 401"),
        (Effect::answer(Answer::redirect(302, "http://127.0.0.1:1/").header("WWW-Authenticate", good)), "HTTP 302"),
        (arc(ArcFault::NoHeader), unnamed),
        (arc(named("Bearer realm=/var/opt/azcmagent/tokens/treasure.key")), unnamed),
        (arc(named("Digest realm=/var/opt/azcmagent/tokens/treasure.key")), unnamed),
        (arc(named("Basic")), unnamed),
        (arc(named("Basic realm=")), unnamed),
        (two(good, good), unnamed),
        (two(good, "Basic realm=/etc/passwd"), unnamed),
        (two("Bearer realm=x", good), unnamed),
    ];
    in_parallel(&rows, |(effect, words)| {
        let emulator = emulator();
        emulator.watch("another program's secret", TREASURE);
        let arc = Arc::start(&emulator, |machine| machine);
        for path in
            ["treasure.key", "tokens/treasure.key.txt", "tokens/treasure.txt", "tokens/.key", "tokens/sub/treasure.key"]
        {
            write_file(&arc.folder.join(path), TREASURE);
        }
        if format!("{effect:?}").contains("WWW-Authenticate") {
            // A name of the right form in an answer of the wrong one.
            write_file(&arc.folder.join("tokens/treasure.key"), TREASURE);
        }
        arc.machine.fault(Fault::new(Target::Everything, effect.clone()));
        let mut job = job_on(&emulator, &arc.machine);
        assert_refused(&emulator, &mut job, &arc.step(), &["Azure Arc", words]);
        let requests = arc.machine.requests();
        assert_eq!(requests.len(), 1, "{effect:?}");
        assert!(requests.iter().all(|request| request.secrets.is_empty()), "{effect:?}: {requests:?}");
        assert!(
            requests.iter().all(|request| request.authorization == Authorization::None),
            "{effect:?}: {requests:?}"
        );
    });
}

/// No variable tells of Arc; its agent's program does, and it listens where it always does.
#[test]
fn the_agents_program_alone_tells_of_arc() {
    if !namespaces::in_own_network("arc::the_agents_program_alone_tells_of_arc", "169.254.169.254/32") {
        return;
    }
    let emulator = emulator();
    let address = "127.0.0.1:40342".parse().unwrap();
    let arc = Arc::start(&emulator, |machine| machine.at(address));
    let mut job = crate::support::job(&emulator);
    run(&emulator, &mut job, &with_arc_agent(of("managedIdentity"), &arc.folder));
    assert_eq!(appid(&job), MACHINE_IDENTITY);
    assert_eq!(arc.machine.requests().len(), 2);
}

/// The key's file is its group's alone. The step runs without the rights that root has over the files of others.
#[test]
fn a_key_that_may_not_be_read_is_named() {
    if !namespaces::available() {
        return;
    }
    let emulator = emulator();
    let arc = Arc::start(&emulator, |machine| machine);
    let key = arc.folder.join("tokens/denied.key");
    write_file(&key, TREASURE);
    set_mode(&key, 0o000);
    emulator.watch("another program's secret", TREASURE);
    let header = ArcFault::Header("Basic realm=/var/opt/azcmagent/tokens/denied.key".into());
    arc.machine.fault(Fault::new(Target::Everything, Effect::Machine(MachineFault::Arc(header))));
    let mut step = arc.step();
    let program = step.command.iter().position(|word| word == BINARY).unwrap();
    let without = words(&["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]);
    step.command.splice(program..program, without);
    let said = ["denied.key", "may not be read by this user", "himds", "arc-key-denied"];
    assert_refused(&emulator, &mut job_on(&emulator, &arc.machine), &step, &said);
    assert!(arc.machine.requests().iter().all(|request| request.secrets.is_empty()));
}
