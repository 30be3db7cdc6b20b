//! Renewals that fail: the old token serves until its end, and whoever asks afterwards is told why.

use std::time::Duration;

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::faults::{BodyForm, Unavailable};
use ado_entra_auth_emulator::world::{SECRET, SECRET_CLIENT, TENANT};
use ado_entra_auth_emulator::{Effect, Endpoint, Fault, Target, World};

use super::{LIFE, LONGER, OVER, clones, folder, living, renewing, short_lived, until, until_renewed};
use crate::identities::of;
use crate::later_token::refused;
use crate::support::{finish, in_parallel, job, run, script, step, tool};

/// Entra throttles, stalls, is away, or says no for a while.
#[test]
fn trouble_that_passes_is_waited_out() {
    let away = Unavailable { status: 503, form: BodyForm::Html, retry_after: None };
    let rows = [
        ("throttled", Effect::TooManyRequests(Some(2))),
        ("throttled without a word", Effect::TooManyRequests(None)),
        ("away", Effect::Unavailable(away)),
        ("reset", Effect::Reset),
        ("a refusal", Effect::entra(7_000_215)),
    ];
    in_parallel(&rows, |(what, effect)| {
        let emulator = short_lived(World::sample_with_repositories());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        emulator.fault(Fault::new(Endpoint::Token, effect.clone()).times(1));
        until_renewed(&job);
        assert!(clones(&mut job).0, "{what}");
        std::thread::sleep(OVER);
        assert!(clones(&mut job).0, "{what}");
        finish(&mut job);
    });
}

/// No answer at all: the process gives up in time, and gets through when the service is back.
#[test]
fn a_service_that_stalls_holds_nothing_up() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    emulator.fault(Fault::new(Endpoint::Token, Effect::Delay(Duration::from_mins(1))).times(1));
    std::thread::sleep(OVER);
    assert!(!clones(&mut job).0);
    until_renewed_within(&job, Duration::from_mins(1));
    assert!(clones(&mut job).0);
    // The end of the job waits for no answer.
    emulator.fault(Fault::new(Endpoint::Token, Effect::Delay(Duration::from_mins(1))));
    std::thread::sleep(LIFE);
    let begun = std::time::Instant::now();
    finish(&mut job);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

fn until_renewed_within(job: &ado_entra_auth_emulator::agent::Job<'_>, limit: Duration) {
    let before = super::ends_at(job);
    until("a renewal", limit, || super::ends_at(job) > before);
}

/// Entra refuses, or shows a certificate of an authority that nobody here knows. Whoever asks the vault says the reason in its own way, and
/// its name; so does the end of the job. Another certificate of the same authority is no trouble.
#[test]
fn the_reason_is_told_by_whoever_finds_only_a_dead_token() {
    let entra = || Target::Host("login.microsoftonline.com".to_owned());
    let rows = [
        (Fault::new(Endpoint::Token, Effect::entra(700_213)), "AADSTS700213"),
        (Fault::new(entra(), Effect::UnknownAuthority), "certificate-authority-unknown"),
    ];
    in_parallel(&rows, |(fault, name)| {
        let emulator = short_lived(World::sample_with_repositories());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        let last = super::ends_at(&job);
        let fault = emulator.fault(fault.clone());
        until("a try", LIFE, || emulator.fired(fault) > 0);
        let (cloned, said) = clones(&mut job);
        assert!(cloned || now() >= last, "{name}: the old token serves until its end: {said}");
        let reason = "the access token for contoso has expired and could not be renewed: ";
        let named = format!("troubleshooting: {name}");
        // Two more tries within fifteen seconds are made before a refusal of Entra's is believed.
        until(name, 2 * LONGER, || {
            let (cloned, said) = clones(&mut job);
            !cloned && said.contains(reason) && said.contains(&named)
        });
        assert_eq!(super::ends_at(&job), last, "{name}");
        refused(&mut job, "ado-entra-auth token", 1, &[reason, "remedy: ", &named]);
        // The reason is sealed as the token is.
        let vault = crate::support::read(folder(&job).join("vault.json"));
        let plain = ["700213", "subject", "certificate", "authority"];
        assert!(vault.contains("trouble") && !plain.iter().any(|word| vault.contains(word)), "{vault}");
        // When the trouble is over, so is what is said of it.
        emulator.end_faults();
        emulator.change_certificates();
        until_renewed(&job);
        assert!(clones(&mut job).0, "{name}");
        let ended = job.finish().unwrap().remove(0);
        crate::support::assert_succeeded(&ended);
        assert!(ended.log.contains("git met this: ") && ended.log.contains(name), "{}", ended.log);
    });
}

/// The job's token is refused from some moment on: that is said as such, and nobody asks again.
#[test]
fn a_job_token_that_is_refused_is_the_end_of_trying() {
    for effect in [Effect::SignInPage, Effect::SignInRedirect] {
        let emulator = short_lived(World::sample_with_repositories());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        renewing(&job);
        emulator.clear_requests();
        let fault = emulator.fault(Fault::new(Endpoint::Oidc, effect));
        until("the process ends", OVER, || job.processes().is_empty());
        assert_eq!(emulator.fired(fault), 1, "{:?}", emulator.requests());
        assert!(clones(&mut job).0, "the old token serves until its end");
        std::thread::sleep(Duration::from_secs(4));
        let (cloned, said) = clones(&mut job);
        let reason = "could not be renewed: Azure DevOps refused the job's token when asked for an assertion";
        assert!(!cloned && said.contains(reason) && said.contains("troubleshooting: "), "{said}");
        finish(&mut job);
    }
}

/// A secret that Entra knows no more, and a certificate that it does not trust any longer.
#[test]
fn a_credential_that_was_changed_is_named() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    let step = of("clientSecret").input("clientId", SECRET_CLIENT).input("tenantId", TENANT);
    let step: TaskStep = step.input("clientSecret", SECRET);
    run(&emulator, &mut job, &step);
    emulator.change(|world| {
        let application = world.applications.iter_mut().find(|application| application.client_id == SECRET_CLIENT);
        application.unwrap().secrets.clear();
    });
    std::thread::sleep(OVER + Duration::from_secs(1));
    let (cloned, said) = clones(&mut job);
    assert!(!cloned && said.contains("troubleshooting: AADSTS7000215"), "{said}");
    assert!(!said.contains(SECRET));
    // An administrator gives the secret back.
    emulator.change(|world| {
        let application = world.applications.iter_mut().find(|application| application.client_id == SECRET_CLIENT);
        application.unwrap().secrets.push((SECRET.to_owned(), false));
    });
    until("a renewal", OVER, || clones(&mut job).0);
    finish(&mut job);
}

/// A disk without room keeps the old vault whole, and the process goes on when there is some.
#[test]
fn a_full_disk_loses_nothing() {
    if tool("prlimit").is_none() {
        return;
    }
    let emulator = living(2 * LIFE, World::sample_with_repositories());
    let mut job = job(&emulator);
    // What would end a process that may write no more is held off, as by an agent's own set-up.
    let limited = TaskStep {
        command: crate::support::words(&[
            "bash",
            "-c",
            "trap '' XFSZ; exec \"$@\"",
            "bash",
            crate::support::BINARY,
            "task",
        ]),
        ..step()
    };
    run(&emulator, &mut job, &limited);
    let process = renewing(&job).to_string();
    let sources = job.sources();
    script(&mut job, &sources, &format!("prlimit --pid {process} --fsize=100:unlimited"));
    let asked = || emulator.requests_to("login.microsoftonline.com").len();
    let before = asked();
    until("a try", 2 * LIFE, || asked() > before);
    assert!(clones(&mut job).0, "the old vault is whole");
    std::thread::sleep(LIFE);
    let (cloned, said) = clones(&mut job);
    assert!(!cloned && said.contains("the access token for contoso has expired"), "{said}");
    script(&mut job, &sources, &format!("prlimit --pid {process} --fsize=unlimited:unlimited"));
    until("a renewal", 2 * LIFE, || clones(&mut job).0);
    finish(&mut job);
}

/// Where the pipeline's own address of assertions is away as a whole.
#[test]
fn azure_devops_that_is_away_is_waited_for() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    emulator.fault(Fault::new(Target::Host("dev.azure.com".to_owned()), Effect::Reset).times(2));
    until_renewed(&job);
    assert!(clones(&mut job).0);
    finish(&mut job);
}
