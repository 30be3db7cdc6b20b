//! How many round trips a step takes one after another: counted, never timed.

use std::time::Duration;

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::world::{SECRET, SECRET_CLIENT, TENANT};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::support::{bare_step, emulator, in_parallel, job, run, step};

const ENTRA: &str = "login.microsoftonline.com";

/// The fewest round trips of a few runs: a busy machine makes them more, nothing makes them fewer.
fn round_trips(step: &TaskStep, goal: u32) -> u32 {
    let counted = |quiet: u32| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.count_round_trips(Duration::from_millis(100) * quiet);
        run(&emulator, &mut job, step);
        emulator.round_trips()
    };
    let mut fewest = u32::MAX;
    for quiet in [1, 2, 4, 8] {
        fewest = fewest.min(counted(quiet));
        if fewest <= goal {
            break;
        }
    }
    fewest
}

/// The step with an application's secret.
pub fn with_secret() -> TaskStep {
    let step = bare_step().input("connectionType", "clientSecret").input("clientId", SECRET_CLIENT);
    step.input("tenantId", TENANT).input("clientSecret", SECRET)
}

/// TCP's, TLS's, the assertion's, the token's, the organization's: Entra's connection opens beside the first three.
#[test]
fn five_round_trips_with_verify_and_four_without() {
    for step in [step(), with_secret()] {
        assert_eq!(round_trips(&step, 5), 5);
        assert_eq!(round_trips(&step.input("verify", "false"), 4), 4);
    }
}

fn connects_to(emulator: &Emulator, host: &str) -> usize {
    emulator.connects().iter().filter(|connect| connect.host == host).count()
}

/// The early connection carries no request of its own, and the request that it is for goes over it. Azure DevOps is connected as often
/// as it is asked at one time.
#[test]
fn every_connection_is_used_and_entra_is_asked_once() {
    for (step, to_azure_devops) in [(step(), 2), (with_secret(), 1)] {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.count_round_trips(Duration::from_millis(400));
        run(&emulator, &mut job, &step);
        assert_eq!((connects_to(&emulator, ENTRA), connects_to(&emulator, "dev.azure.com")), (1, to_azure_devops));
        let asked: Vec<String> = emulator.requests_to(ENTRA).into_iter().map(|request| request.method).collect();
        assert_eq!(asked, ["POST"]);
    }
}

/// An early connection that fails, or never comes about, is neither said nor waited for.
#[test]
fn trouble_of_the_early_connection_means_nothing() {
    let rows = [Effect::UnknownAuthority, Effect::ConnectRefused(503), Effect::ConnectRefused(407)];
    in_parallel(&rows, |effect| {
        let emulator = emulator();
        let mut job = job(&emulator);
        // So that the early connection is the first.
        emulator.count_round_trips(Duration::from_millis(400));
        let fault = emulator.fault(Fault::new(Target::Host(ENTRA.into()), effect.clone()).times(1));
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(emulator.fired(fault), 1);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        assert_eq!((connects_to(&emulator, ENTRA), emulator.requests_to(ENTRA).len()), (2, 1));
    });
}
