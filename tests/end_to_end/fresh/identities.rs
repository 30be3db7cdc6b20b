//! Every kind of identity signs in again by its own proof.

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::faults::TokenFault;
use ado_entra_auth_emulator::machine::Machine;
use ado_entra_auth_emulator::world::{
    ARM_CERTIFICATE_CONNECTION, ARM_FEDERATED_CONNECTION, ARM_MANAGED_CONNECTION, ARM_SECRET_CONNECTION, CERTIFICATE,
    CERTIFICATE_CLIENT, CLIENT, FEDERATED_CLIENT, MACHINE_IDENTITY, PIPELINE_CLIENT, SECRET, SECRET_CLIENT, TENANT,
    USER_IDENTITY_1,
};
use ado_entra_auth_emulator::{Effect, Fault, Target, World};

use super::{LIFE, OVER, short_lived};
use crate::identities::{job_on, of};
use crate::support::{claims, finish, in_parallel, read, run, script, step};

#[test]
fn every_identity_is_renewed() {
    let application = |kind: &str, client: &str| of(kind).input("clientId", client).input("tenantId", TENANT);
    let arm = |connection: &str| of("azureRM").connection("connectedServiceNameARM", connection);
    let rows: Vec<(&str, TaskStep, &str)> = vec![
        ("connection", step(), CLIENT),
        ("pipeline", application("pipeline", PIPELINE_CLIENT), PIPELINE_CLIENT),
        ("secret", application("clientSecret", SECRET_CLIENT).input("clientSecret", SECRET), SECRET_CLIENT),
        (
            "certificate",
            application("clientCertificate", CERTIFICATE_CLIENT).input("clientCertificate", &CERTIFICATE.pem()),
            CERTIFICATE_CLIENT,
        ),
        ("ARM, federated", arm(ARM_FEDERATED_CONNECTION), CLIENT),
        ("ARM, secret", arm(ARM_SECRET_CONNECTION), SECRET_CLIENT),
        ("ARM, certificate", arm(ARM_CERTIFICATE_CONNECTION), CERTIFICATE_CLIENT),
        ("ARM, machine", arm(ARM_MANAGED_CONNECTION), MACHINE_IDENTITY),
        ("machine", of("managedIdentity"), MACHINE_IDENTITY),
        (
            "application that trusts a machine",
            of("managedIdentity").input("clientId", USER_IDENTITY_1).input("federatedClientId", FEDERATED_CLIENT),
            FEDERATED_CLIENT,
        ),
    ];
    in_parallel(&rows, |(what, step, client)| {
        let emulator = short_lived(World::sample());
        let machine = Machine::app_service().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1);
        let machine = emulator.machine(machine).unwrap();
        let short = TokenFault::Life(LIFE.as_secs().try_into().unwrap());
        if *client == MACHINE_IDENTITY {
            machine.fault(Fault::new(Target::Everything, Effect::Token(short)));
        }
        let mut job = job_on(&emulator, &machine);
        let organization = if *client == FEDERATED_CLIENT { "fabrikam" } else { "contoso" };
        let step = step.clone().input("organizations", organization);
        run(&emulator, &mut job, &step);
        for _ in 0..2 {
            std::thread::sleep(OVER);
            let sources = job.sources();
            script(
                &mut job,
                &sources,
                &format!("ado-entra-auth token --organization {organization} > token 2> masked"),
            );
            let claims = claims(read(sources.join("token")).trim());
            assert_eq!(claims["appid"], *client, "{what}");
        }
        finish(&mut job);
        assert_eq!(job.orphans_ended(), 0, "{what}");
    });
}
