//! Every kind of identity gets a token that the organization and its feeds accept.

use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::world::{
    ARM_CERTIFICATE_CONNECTION, ARM_FEDERATED_CONNECTION, ARM_MANAGED_CONNECTION, ARM_SECRET_CONNECTION,
    ARM_USER_MANAGED_CONNECTION, CERTIFICATE, CERTIFICATE_CLIENT, CLIENT, CLUSTER_CLIENT, FEDERATED_CLIENT,
    MACHINE_IDENTITY, NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT, PIPELINE_CLIENT, SECRET, SECRET_CLIENT, TENANT,
    USER_IDENTITY_1,
};
use ado_entra_auth_emulator::{Emulator, Fault};

use crate::support::{assert_refused, bare_step, claims, emulator, finish, job, run, script, variable, write};

const NPMRC: &str = "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n";

/// The step of a kind of connection.
pub fn of(kind: &str) -> TaskStep {
    bare_step().input("connectionType", kind)
}

/// A job on a machine with identities.
pub fn job_on<'e>(emulator: &'e Emulator, machine: &RunningMachine) -> Job<'e> {
    let machine_environment = machine.environment();
    Job::new(emulator, JobOptions { machine_environment, ..JobOptions::default() }).unwrap()
}

/// Runs the step, and demands that the token is of this application and opens the feed in a later step.
fn assert_signs_in(emulator: &Emulator, job: &mut Job<'_>, step: &TaskStep, client_id: &str) {
    write(job, ".npmrc", NPMRC);
    run(emulator, job, step);
    let claims = claims(&variable(job, "ADO_ENTRA_TOKEN"));
    assert_eq!(claims["appid"], client_id, "{claims}");
    assert_eq!(claims["tid"], TENANT);
    emulator.clear_requests();
    let sources = job.sources();
    script(job, &sources, "npm view @contoso/hello version");
    let fetched = emulator.requests_to("pkgs.dev.azure.com");
    assert!(fetched.iter().any(|request| request.status == 200 && request.authorization.is_token()), "{fetched:?}");
    finish(job);
}

#[test]
fn the_pipeline_itself() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let step = of("pipeline").input("clientId", PIPELINE_CLIENT).input("tenantId", TENANT);
    assert_signs_in(&emulator, &mut job, &step, PIPELINE_CLIENT);
}

#[test]
fn a_client_secret() {
    let emulator = emulator();
    emulator.watch("client secret", SECRET);
    let mut job = job(&emulator);
    let step = of("clientSecret").input("clientId", SECRET_CLIENT).input("tenantId", TENANT);
    assert_signs_in(&emulator, &mut job, &step.input("clientSecret", SECRET), SECRET_CLIENT);
}

#[test]
fn a_certificate_as_a_file_and_as_text() {
    let pem = CERTIFICATE.pem();
    let flattened = pem.replace('\n', "\\n");
    for given in ["certificate.pem", &pem, &flattened] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let file = job.temp().join("certificate.pem");
        std::fs::write(&file, &pem).unwrap();
        let given = if given.starts_with("certificate") { file.to_str().unwrap() } else { given };
        let step = of("clientCertificate").input("clientId", CERTIFICATE_CLIENT).input("tenantId", TENANT);
        assert_signs_in(&emulator, &mut job, &step.input("clientCertificate", given), CERTIFICATE_CLIENT);
    }
}

#[test]
fn a_certificate_by_its_name_sends_its_chain_where_asked() {
    let emulator = emulator();
    let step = of("clientCertificate")
        .input("clientId", NAMED_CERTIFICATE_CLIENT)
        .input("tenantId", TENANT)
        .input("clientCertificate", &NAMED_CERTIFICATE.pem());
    assert_refused(&emulator, &mut job(&emulator), &step, &["AADSTS700027", "thumbprint"]);
    let step = step.input("sendCertificateChain", "true");
    assert_signs_in(&emulator, &mut job(&emulator), &step, NAMED_CERTIFICATE_CLIENT);
}

#[test]
fn every_scheme_of_azure_resource_manager() {
    for (connection, client) in [
        (ARM_FEDERATED_CONNECTION, CLIENT),
        (ARM_SECRET_CONNECTION, SECRET_CLIENT),
        (ARM_CERTIFICATE_CONNECTION, CERTIFICATE_CLIENT),
        (ARM_MANAGED_CONNECTION, MACHINE_IDENTITY),
        (ARM_USER_MANAGED_CONNECTION, USER_IDENTITY_1),
    ] {
        let emulator = emulator();
        let identities =
            if client == USER_IDENTITY_1 { [MACHINE_IDENTITY, USER_IDENTITY_1] } else { [MACHINE_IDENTITY; 2] };
        let machine = identities.into_iter().fold(Machine::imds(), Machine::identity);
        let machine = emulator.machine(machine).unwrap();
        let mut job = job_on(&emulator, &machine);
        let step = of("azureRM").connection("connectedServiceNameARM", connection);
        assert_signs_in(&emulator, &mut job, &step, client);
    }
}

/// Every source with one identity, and with several of which one is chosen.
#[test]
fn every_source_of_managed_identities() {
    let system = |machine: Machine| machine.identity(MACHINE_IDENTITY);
    let several = |machine: Machine| machine.identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1);
    let rows = [
        (system(Machine::imds()), None),
        (several(Machine::imds()), Some(USER_IDENTITY_1)),
        (system(Machine::app_service()), None),
        (several(Machine::app_service()), Some(USER_IDENTITY_1)),
        (system(Machine::container_apps()), None),
        (several(Machine::container_apps()), Some(USER_IDENTITY_1)),
        (system(Machine::cloud_shell()), None),
        (system(Machine::service_fabric()), None),
        (system(Machine::azure_ml()), None),
        (several(Machine::azure_ml()), Some(USER_IDENTITY_1)),
    ];
    for (machine, chosen) in rows {
        let emulator = emulator();
        let shown = format!("{machine:?}");
        let machine = emulator.machine(machine).unwrap();
        let mut job = job_on(&emulator, &machine);
        let step = of("managedIdentity").input("clientId", chosen.unwrap_or_default());
        assert_signs_in(&emulator, &mut job, &step, chosen.unwrap_or(MACHINE_IDENTITY));
        assert_eq!(machine.requests().len(), 1, "{shown}");
    }
}

#[test]
fn a_pod_of_aks() {
    let emulator = emulator();
    let machine = emulator.machine(Machine::aks().identity(CLUSTER_CLIENT)).unwrap();
    let mut job = job_on(&emulator, &machine);
    assert_signs_in(&emulator, &mut job, &of("managedIdentity"), CLUSTER_CLIENT);
}

#[test]
fn a_managed_identity_across_tenants() {
    let emulator = emulator();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)).unwrap();
    let mut job = job_on(&emulator, &machine);
    write(&job, ".npmrc", "@fabrikam:registry=https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/npm/registry/\n");
    let step = of("managedIdentity")
        .input("clientId", USER_IDENTITY_1)
        .input("federatedClientId", FEDERATED_CLIENT)
        .input("organizations", "fabrikam");
    run(&emulator, &mut job, &step);
    let claims = claims(&variable(&job, "ADO_ENTRA_TOKEN"));
    assert_eq!(claims["appid"], FEDERATED_CLIENT);
    let sources = job.sources();
    script(&mut job, &sources, "npm view @fabrikam/plant version");
}

#[test]
fn a_machine_that_fails_at_first_is_asked_again() {
    use ado_entra_auth_emulator::message::Answer;
    use ado_entra_auth_emulator::{Effect, Target};
    let emulator = emulator();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    machine.fault(Fault::new(Target::Everything, Effect::answer(Answer::status(404))).times(2));
    let mut job = job_on(&emulator, &machine);
    assert_signs_in(&emulator, &mut job, &of("managedIdentity"), MACHINE_IDENTITY);
    assert_eq!(machine.requests().len(), 3);
}
