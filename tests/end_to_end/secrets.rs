//! What identities are proved with is in no log, no error, no file and no variable; not after a kill either.

use std::time::Duration;

use ado_entra_auth_emulator::agent::{Job, JobOptions, KillWhen, StepResult, TaskStep, Variable};
use ado_entra_auth_emulator::faults::ConnectionDataFault;
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{
    ARM_CERTIFICATE_CONNECTION, ARM_SECRET_CONNECTION, CERTIFICATE, CERTIFICATE_CLIENT, CLUSTER_CLIENT,
    FEDERATED_CLIENT, MACHINE_IDENTITY, PIPELINE_CLIENT, SECRET, SECRET_CLIENT, TENANT, USER_IDENTITY_1,
};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};

use crate::identities::of;
use crate::namespaces::{self, with_arc_folder};
use crate::support::{
    assert_failed, assert_no_secret_shown, emulator, finish, in_parallel, leaks_below, named, next_job, run, script,
};
use crate::undo::fill_checkout;

/// The name of the secret variable by which a user gives a secret.
const GIVEN: &str = "theSecret";

/// An identity with its step, the machine that it takes, and the secret that the user gives.
struct Kind {
    name: &'static str,
    step: TaskStep,
    machine: Option<fn() -> Machine>,
    given: Option<String>,
    /// Whether the pipeline's organization is of another tenant.
    in_fabrikam: bool,
}

fn kinds() -> Vec<Kind> {
    let kind = |name, step| Kind { name, step, machine: None, given: None, in_fabrikam: false };
    let application = |kind: &str, client: &str| of(kind).input("clientId", client).input("tenantId", TENANT);
    let machine = |name, source: fn() -> Machine| Kind { machine: Some(source), ..kind(name, of("managedIdentity")) };
    let arm = |id| of("azureRM").connection("connectedServiceNameARM", id);
    let secret = application("clientSecret", SECRET_CLIENT).input("clientSecret", &format!("$({GIVEN})"));
    let certificate =
        application("clientCertificate", CERTIFICATE_CLIENT).input("clientCertificate", &format!("$({GIVEN})"));
    let crossing =
        of("managedIdentity").input("clientId", USER_IDENTITY_1).input("federatedClientId", FEDERATED_CLIENT);
    let mut all = vec![
        kind("service connection", crate::support::step()),
        kind("pipeline", application("pipeline", PIPELINE_CLIENT)),
        Kind { given: Some(SECRET.into()), ..kind("client secret", secret) },
        Kind { given: Some(CERTIFICATE.pem().replace('\n', "\\n")), ..kind("certificate", certificate) },
        kind("secret of a connection", arm(ARM_SECRET_CONNECTION)),
        kind("certificate of a connection", arm(ARM_CERTIFICATE_CONNECTION)),
        machine("virtual machine", || Machine::imds().identity(MACHINE_IDENTITY)),
        machine("app", || Machine::app_service().identity(MACHINE_IDENTITY)),
        machine("cluster of Service Fabric", || Machine::service_fabric().identity(MACHINE_IDENTITY)),
        machine("machine learning", || Machine::azure_ml().identity(MACHINE_IDENTITY)),
        machine("pod", || Machine::aks().identity(CLUSTER_CLIENT)),
        Kind {
            in_fabrikam: true,
            ..Kind { step: crossing, ..machine("across tenants", || Machine::imds().identity(USER_IDENTITY_1)) }
        },
    ];
    if namespaces::available() {
        all.push(machine("arc", || Machine::arc().identity(MACHINE_IDENTITY)));
    }
    all
}

/// A kind's world: its emulator with everything watched, and its machine.
struct Place {
    emulator: Emulator,
    keys: tempfile::TempDir,
    machine: Option<RunningMachine>,
    step: TaskStep,
}

impl Place {
    fn of(kind: &Kind) -> Self {
        let emulator = emulator();
        for (number, line) in CERTIFICATE.key_pem.lines().filter(|line| line.len() == 64).enumerate() {
            emulator.watch(&format!("line {number} of the key"), line);
        }
        let keys = tempfile::tempdir().unwrap();
        let folder = keys.path().join("azcmagent");
        std::fs::create_dir_all(folder.join("tokens")).unwrap();
        let start =
            |source: fn() -> Machine| emulator.machine(source().writing_keys_to(&folder.join("tokens"))).unwrap();
        let machine = kind.machine.map(start);
        let step = if kind.name == "arc" { with_arc_folder(kind.step.clone(), &folder) } else { kind.step.clone() };
        Self { emulator, keys, machine, step }
    }

    fn job(&self, kind: &Kind) -> Job<'_> {
        let (organization, project) = if kind.in_fabrikam { ("fabrikam", "Garden") } else { ("contoso", "Shop") };
        let options = JobOptions {
            organization: organization.into(),
            project: project.into(),
            debug: true,
            machine_environment: self.machine.as_ref().map(RunningMachine::environment).unwrap_or_default(),
            ..JobOptions::default()
        };
        let mut job = Job::new(&self.emulator, options).unwrap();
        let temporary = job.root().join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        job.set_variable(Variable::public("TMPDIR", &temporary.display().to_string()));
        if let Some(given) = &kind.given {
            job.set_variable(Variable::secret(GIVEN, given));
        }
        fill_checkout(&job);
        job
    }

    /// No file of the agent holds anything, and nothing has stayed in the folder of keys.
    fn assert_nothing_at_rest(&self, job: &Job<'_>, what: &str) {
        assert_eq!(leaks_below(&self.emulator, job.root()), Vec::<String>::new(), "{what}");
        assert!(self.keys.path().exists());
    }
}

/// Secrets of any kind but the token itself, which later steps are to have.
fn but_tokens(leaks: Vec<String>) -> Vec<String> {
    leaks.into_iter().filter(|leak| !leak.starts_with("AccessToken")).collect()
}

#[test]
fn nothing_of_an_identity_is_left_or_shown() {
    in_parallel(&kinds(), |kind| {
        let place = Place::of(kind);
        let (emulator, name) = (&place.emulator, kind.name);
        let mut job = place.job(kind);
        let outcome = run(emulator, &mut job, &place.step);
        assert!(!outcome.debug.is_empty(), "{name}");
        place.assert_nothing_at_rest(&job, name);
        for set in &outcome.variables_set {
            assert_eq!(
                but_tokens(emulator.leaks_in(set.value.as_bytes())),
                Vec::<String>::new(),
                "{name}: {}",
                set.name
            );
        }
        for issued in emulator.issued() {
            let handed_out = !matches!(issued.kind, SecretKind::Watched(_));
            assert!(!handed_out || job.mask(&issued.value) == "***", "{name}: {:?}", issued.kind);
        }
        // What the machine gives every process is not the step's to hide.
        let own = place.machine.as_ref().map(RunningMachine::environment).unwrap_or_default();
        let sources = job.sources();
        let seen =
            script(&mut job, &sources, "env; git config --list; cat \"$NPM_CONFIG_USERCONFIG\" 2>/dev/null || true");
        let given = |line: &&str| !own.iter().any(|(name, _)| line.starts_with(&format!("{name}=")));
        let rest: Vec<&str> = seen.raw.lines().filter(given).collect();
        assert_eq!(but_tokens(emulator.leaks_in(rest.join("\n").as_bytes())), Vec::<String>::new(), "{name}");
        finish(&mut job);
        place.assert_nothing_at_rest(&job, &format!("{name}, after the job"));
    });
}

/// The token was there, and then the organization said no; or Entra did.
#[test]
fn nothing_of_an_identity_is_in_an_error() {
    in_parallel(&kinds(), |kind| {
        let faults = [
            Fault::new(Endpoint::ConnectionData, Effect::ConnectionData(ConnectionDataFault::NotAUser)),
            Fault::new(Endpoint::Token, Effect::entra(7_000_112)),
        ];
        for fault in faults {
            let place = Place::of(kind);
            let (emulator, mut job) = (&place.emulator, place.job(kind));
            let id = emulator.fault(fault.clone());
            let outcome = job.run_task(&place.step).unwrap();
            // A machine that hands out tokens itself does not ask Entra.
            if emulator.fired(id) > 0 {
                assert_failed(emulator, &outcome, &[]);
            } else {
                assert_eq!(outcome.result, StepResult::Succeeded, "{}: {}", kind.name, outcome.log);
            }
            assert_no_secret_shown(emulator, &outcome);
            place.assert_nothing_at_rest(&job, kind.name);
        }
    });
}

/// Killed at any point, a step leaves nothing of what it was proved with, and the next job works.
#[test]
fn nothing_of_an_identity_is_left_by_a_killed_step() {
    in_parallel(&kinds(), |kind| {
        let place = Place::of(kind);
        let moments = [
            KillWhen::Lines(1),
            KillWhen::Lines(3),
            KillWhen::LineHolds("task.setvariable".into()),
            KillWhen::After(Duration::from_millis(30)),
            KillWhen::After(Duration::from_millis(70)),
        ];
        for when in moments {
            let mut job = place.job(kind);
            job.run_task_and_kill(&place.step, &when).unwrap();
            job.abandon();
            place.assert_nothing_at_rest(&job, &format!("{}, killed at {when:?}", kind.name));
            if matches!(when, KillWhen::LineHolds(_)) && !kind.in_fabrikam {
                let mut next = next_job(&place.emulator, job.root());
                run(&place.emulator, &mut next, &named(&crate::support::step(), "next"));
                place.assert_nothing_at_rest(&next, kind.name);
            }
        }
    });
}
