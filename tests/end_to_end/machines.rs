//! Managed identities of machines: whom they are asked, which identity is meant, how often is asked, and where nothing may go.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep, Variable};
use ado_entra_auth_emulator::faults::MachineFault;
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{ARM_USER_MANAGED_CONNECTION, MACHINE_IDENTITY, USER_IDENTITY_1, USER_IDENTITY_2};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::identities::{job_on, of};
use crate::namespaces;
use crate::support::{EVIL, assert_refused, claims, emulator, finish, in_parallel, run, script, variable, write};

const UNKNOWN_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-00000000dead";
const NPMRC: &str = "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n";

fn managed() -> TaskStep {
    of("managedIdentity")
}

fn user_assigned(client_id: &str) -> TaskStep {
    managed().input("clientId", client_id)
}

/// Demands that a machine was asked so often, and never sent a secret.
fn assert_told_nothing(requests: &[LoggedRequest], count: usize) {
    assert_eq!(requests.len(), count, "{requests:?}");
    assert!(requests.iter().all(|request| request.secrets.is_empty()), "{requests:?}");
}

/// The metadata service where it really is, asked by a whole job that has variables of a proxy for everything.
#[test]
fn imds_at_its_own_address() {
    if !namespaces::in_own_network("machines::imds_at_its_own_address", "169.254.169.254/32") {
        return;
    }
    let emulator = emulator();
    let address = "169.254.169.254:80".parse().unwrap();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY).at(address)).unwrap();
    assert_eq!(machine.environment(), [], "nothing tells the step where the service is");
    let mut job = job_on(&emulator, &machine);
    write(&job, ".npmrc", NPMRC);
    run(&emulator, &mut job, &managed());
    assert_eq!(claims(&variable(&job, "ADO_ENTRA_TOKEN"))["appid"], MACHINE_IDENTITY);
    assert_eq!(machine.requests().len(), 1);
    let sources = job.sources();
    script(&mut job, &sources, "npm view @contoso/hello version");
    finish(&mut job);
    assert!(emulator.connects().iter().all(|connect| connect.host != "169.254.169.254"));
}

/// A machine without a metadata service says so, and soon.
#[test]
fn a_machine_without_a_metadata_service_is_told() {
    if !namespaces::in_own_network("machines::a_machine_without_a_metadata_service_is_told", "169.254.169.254/32") {
        return;
    }
    let emulator = emulator();
    let mut job = crate::support::job(&emulator);
    let began = Instant::now();
    let words = ["the machine's metadata service (IMDS) gave no token", "imds-unreachable", "169.254.169.254"];
    assert_refused(&emulator, &mut job, &managed(), &words);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

/// Neither the agent's proxy nor one of the machine's environment gets a word of it.
#[test]
fn no_source_is_asked_through_a_proxy() {
    let machines = [
        Machine::imds(),
        Machine::app_service(),
        Machine::container_apps(),
        Machine::cloud_shell(),
        Machine::azure_ml(),
        Machine::service_fabric(),
    ];
    in_parallel(&machines, |machine| {
        let emulator = emulator();
        let machine = emulator.machine(machine.clone().identity(MACHINE_IDENTITY)).unwrap();
        let mut machine_environment = machine.environment();
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            machine_environment.push((name.to_owned(), emulator.proxy_url()));
        }
        let mut job = Job::new(&emulator, JobOptions { machine_environment, ..JobOptions::default() }).unwrap();
        run(&emulator, &mut job, &managed());
        assert_eq!(machine.requests().len(), 1);
        let (connects, own) = (emulator.connects(), machine.address().ip().to_string());
        assert!(!connects.is_empty(), "the organization is asked through the proxy");
        for connect in connects {
            assert!(connect.host != own && connect.request.starts_with("CONNECT "), "{connect:?}");
            assert_ne!(connect.host, "login.microsoftonline.com", "the machine hands out the token itself");
        }
    });
}

#[test]
fn the_identity_that_is_meant_must_be_there() {
    let several = |machine: Machine| machine.identity(USER_IDENTITY_1).identity(USER_IDENTITY_2);
    let one = |machine: Machine| machine.identity(USER_IDENTITY_1);
    let several_named = ["HTTP 400", "several managed identities", "imds-several-identities", "clientId"];
    let no_such = ["HTTP 400", "no such managed identity, or several", "imds-identity-not-found", "clientId"];
    let rows: Vec<(Machine, TaskStep, Vec<&str>)> = vec![
        (several(Machine::imds()), managed(), several_named.to_vec()),
        (several(Machine::app_service()), managed(), no_such.to_vec()),
        (several(Machine::imds()), user_assigned(UNKNOWN_CLIENT), [&no_such[..], &[UNKNOWN_CLIENT]].concat()),
        (one(Machine::app_service()), user_assigned(UNKNOWN_CLIENT), [&no_such[..], &[UNKNOWN_CLIENT]].concat()),
        (one(Machine::azure_ml()), user_assigned(UNKNOWN_CLIENT), [&no_such[..], &[UNKNOWN_CLIENT]].concat()),
        (one(Machine::cloud_shell()), user_assigned(USER_IDENTITY_1), vec!["cannot be asked for a user-assigned"]),
        (one(Machine::service_fabric()), user_assigned(USER_IDENTITY_1), vec!["cannot be asked for a user-assigned"]),
        (Machine::imds(), managed(), no_such.to_vec()),
        (one(Machine::imds()).identity(MACHINE_IDENTITY), user_assigned("build-reader"), vec!["clientId", "GUID"]),
    ];
    in_parallel(&rows, |(machine, step, words)| {
        let emulator = emulator();
        let shown = format!("{machine:?}");
        let machine = emulator.machine(machine.clone()).unwrap();
        let outcome = assert_refused(&emulator, &mut job_on(&emulator, &machine), step, words);
        assert!(machine.requests().len() <= 1, "{shown}: {}", outcome.log);
    });
    // The identity of a service connection is not on this machine either.
    let emulator = emulator();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    let step = of("azureRM").connection("connectedServiceNameARM", ARM_USER_MANAGED_CONNECTION);
    assert_refused(&emulator, &mut job_on(&emulator, &machine), &step, &[&no_such[..], &[USER_IDENTITY_1]].concat());
}

/// What a machine answers, how often it is asked, and what comes of it: nothing is success, words are those of the error.
type Schedule = (Machine, Fault, usize, &'static [&'static str]);

/// How often a source is asked depends on what it says.
#[test]
fn each_trouble_has_its_number_of_requests() {
    let refusal = |status| Fault::new(Target::Everything, Effect::Machine(MachineFault::Refusal(status)));
    let imds = || Machine::imds().identity(MACHINE_IDENTITY);
    let app_service = || Machine::app_service().identity(MACHINE_IDENTITY);
    let rows: Vec<Schedule> = vec![
        (imds(), refusal(404).times(3), 4, &[]),
        (imds(), refusal(404), 4, &["HTTP 404", "imds-not-ready", "requests  4"]),
        (imds(), refusal(410).times(1), 2, &[]),
        (imds(), refusal(429).times(1), 2, &[]),
        (imds(), refusal(503).times(2), 3, &[]),
        (imds(), refusal(400), 1, &["HTTP 400", "imds-bad-request"]),
        (imds(), refusal(401), 1, &["HTTP 401"]),
        (imds(), refusal(403), 1, &["HTTP 403"]),
        (
            imds(),
            Fault::new(Target::Everything, Effect::Machine(MachineFault::UnreachableNetwork)),
            1,
            &["imds-not-azure"],
        ),
        (imds(), Fault::new(Target::Everything, Effect::Reset).times(1), 2, &[]),
        (imds(), Fault::new(Target::Everything, Effect::Reset), 2, &["gave no token", "broke off"]),
        (app_service(), refusal(500).times(3), 4, &[]),
        (app_service(), refusal(500), 4, &["HTTP 500", "app-service-failed"]),
        (app_service(), refusal(400), 1, &["HTTP 400"]),
    ];
    in_parallel(&rows, |(machine, fault, requests, words)| {
        let emulator = emulator();
        let machine = emulator.machine(machine.clone()).unwrap();
        machine.fault(fault.clone());
        let mut job = job_on(&emulator, &machine);
        let began = Instant::now();
        if words.is_empty() {
            run(&emulator, &mut job, &managed());
        } else {
            assert_refused(&emulator, &mut job, &managed(), words);
        }
        assert_eq!(machine.requests().len(), *requests, "{fault:?}");
        let waited = began.elapsed().as_secs();
        // Ten seconds while the service is being updated; 1, 2 and 4 for the rest.
        let updating = format!("{fault:?}").contains("410");
        assert!(if updating { (10..20).contains(&waited) } else { waited < 20 }, "{fault:?}: {waited} s");
    });
}

/// A variable that an earlier step set sends no secret of the machine's, and no question, beyond the machine's own network.
#[test]
fn an_address_beyond_the_machine_is_asked_nothing() {
    let endpoint = "IDENTITY_ENDPOINT";
    let rows: Vec<(Machine, &str, String)> = vec![
        (Machine::app_service(), endpoint, format!("http://{EVIL}/msi/token")),
        (Machine::app_service(), endpoint, format!("https://{EVIL}/msi/token")),
        (Machine::app_service(), endpoint, "http://20.1.2.3/msi/token".into()),
        (Machine::app_service(), endpoint, format!("http://localhost.{EVIL}/msi/token")),
        (Machine::app_service(), endpoint, format!("http://127.0.0.1@{EVIL}/msi/token")),
        (Machine::container_apps(), endpoint, "http://0.0.0.0/msi/token".into()),
        (Machine::service_fabric(), endpoint, format!("https://{EVIL}/metadata/identity/oauth2/token")),
        (Machine::arc(), endpoint, format!("http://{EVIL}/metadata/identity/oauth2/token")),
        (Machine::azure_ml(), "MSI_ENDPOINT", format!("http://{EVIL}/msi/token")),
        (Machine::cloud_shell(), "MSI_ENDPOINT", format!("http://{EVIL}/msi/token")),
        (Machine::imds(), "AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://{EVIL}")),
    ];
    in_parallel(&rows, |(machine, name, address)| {
        let emulator = emulator();
        let machine = emulator.machine(machine.clone().identity(MACHINE_IDENTITY)).unwrap();
        let mut job = job_on(&emulator, &machine);
        job.set_variable(Variable::public(name, address));
        let words = [*name, "where no managed identity is asked", "take back what sets"];
        assert_refused(&emulator, &mut job, &managed(), &words);
        assert_told_nothing(&machine.requests(), 0);
        assert_nothing_went_to_evil(&emulator);
    });
}

fn assert_nothing_went_to_evil(emulator: &Emulator) {
    assert!(emulator.requests_to(EVIL).is_empty());
    assert!(emulator.connects().iter().all(|connect| !connect.request.contains(EVIL)), "{:?}", emulator.connects());
}

/// A source that points elsewhere is not followed there, with its secret or without.
#[test]
fn a_redirect_of_a_source_is_not_followed() {
    let sources: [fn() -> Machine; 5] =
        [Machine::imds, Machine::app_service, Machine::service_fabric, Machine::azure_ml, Machine::cloud_shell];
    let rows: Vec<(fn() -> Machine, u16)> =
        sources.into_iter().flat_map(|source| [302, 307].map(|status| (source, status))).collect();
    in_parallel(&rows, |(source, status)| {
        let emulator = emulator();
        let start = || emulator.machine(source().identity(MACHINE_IDENTITY)).unwrap();
        let (machine, other): (RunningMachine, RunningMachine) = (start(), start());
        let scheme =
            if machine.environment().iter().any(|(_, value)| value.starts_with("https")) { "https" } else { "http" };
        let to = format!("{scheme}://{}/", other.address());
        machine.fault(Fault::new(Target::Everything, Effect::answer(Answer::redirect(*status, &to))));
        let words = ["gave no token", &format!("HTTP {status}")];
        assert_refused(&emulator, &mut job_on(&emulator, &machine), &managed(), &words);
        assert_eq!(machine.requests().len(), 1);
        assert_told_nothing(&other.requests(), 0);
    });
}

/// Service Fabric's server is known by its certificate; another one hears nothing.
#[test]
fn service_fabric_is_known_by_its_thumbprint() {
    let emulator = emulator();
    let machine = emulator.machine(Machine::service_fabric().identity(MACHINE_IDENTITY).wrong_thumbprint()).unwrap();
    let words = ["the identity endpoint of Service Fabric gave no token", "is not trusted"];
    assert_refused(&emulator, &mut job_on(&emulator, &machine), &managed(), &words);
    assert_told_nothing(&machine.requests(), 0);
    let mut job = job_on(&emulator, &machine);
    job.set_variable(Variable::public("IDENTITY_SERVER_THUMBPRINT", "01:23"));
    assert_refused(&emulator, &mut job, &managed(), &["IDENTITY_SERVER_THUMBPRINT", "forty hexadecimal digits"]);
    assert_told_nothing(&machine.requests(), 0);
    // Letters of the other case are the same thumbprint.
    let machine = emulator.machine(Machine::service_fabric().identity(MACHINE_IDENTITY)).unwrap();
    let mut job = job_on(&emulator, &machine);
    let thumbprint =
        machine.environment().into_iter().find(|(name, _)| name == "IDENTITY_SERVER_THUMBPRINT").unwrap().1;
    job.set_variable(Variable::public("IDENTITY_SERVER_THUMBPRINT", &thumbprint.to_lowercase()));
    run(&emulator, &mut job, &managed());
    assert_eq!(machine.requests().len(), 1);
}

/// A source that repeats what it was asked with does not bring it into the log.
#[test]
fn what_a_machine_demands_is_masked_though_the_answer_repeats_it() {
    for machine in [Machine::app_service(), Machine::azure_ml()] {
        let emulator = emulator();
        let machine = emulator.machine(machine.identity(MACHINE_IDENTITY)).unwrap();
        let environment = machine.environment();
        let (_, secret) =
            environment.iter().find(|(name, _)| name == "IDENTITY_HEADER" || name == "MSI_SECRET").unwrap();
        let echo = serde_json::json!({ "message": format!("you sent {secret}") });
        machine.fault(Fault::new(Target::Everything, Effect::answer(Answer::json(400, &echo))));
        let mut job = job_on(&emulator, &machine);
        let outcome = assert_refused(&emulator, &mut job, &managed(), &["HTTP 400", "you sent ***"]);
        assert!(!outcome.log.contains(secret.as_str()), "{}", outcome.log);
    }
}
