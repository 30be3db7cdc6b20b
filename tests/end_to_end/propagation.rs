//! What was made in Entra a moment ago is waited for as long as was wished, and nothing else is.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{StepOutcome, StepResult, TaskStep};
use ado_entra_auth_emulator::faults::OidcFault;
use ado_entra_auth_emulator::world::{OTHER_TENANT, TENANT};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target};

use crate::support::{assert_failed, assert_succeeded, emulator, in_parallel, job, step};
use crate::tenants::{exchanges, of_two_tenants};

fn waiting(step: TaskStep, seconds: &str) -> TaskStep {
    if seconds.is_empty() { step } else { step.input("propagationTimeout", seconds) }
}

/// Runs the step, and says how long it took.
fn timed(emulator: &Emulator, step: &TaskStep) -> (StepOutcome, Duration) {
    let began = Instant::now();
    let outcome = job(emulator).run_task(step).unwrap();
    (outcome, began.elapsed())
}

/// The input, how often Entra refuses (nothing: without end), how often it is then asked, and how many seconds that may take.
type Row = (&'static str, u32, Option<u32>, usize, std::ops::Range<u64>);

#[test]
fn what_is_new_is_waited_for_as_long_as_is_wished() {
    let rows: [Row; 8] = [
        // Two, four and six seconds, and as much more as chance will have it.
        ("30", 700_213, Some(3), 4, 12..20),
        ("30", 70_025, Some(1), 2, 2..8),
        ("30", 700_016, Some(2), 3, 6..14),
        // The next wait would be longer than was wished.
        ("5", 700_213, None, 2, 2..8),
        ("0", 700_213, None, 1, 0..6),
        ("", 700_213, None, 3, 6..18),
        ("", 700_213, Some(2), 3, 6..18),
        // Nothing that time mends.
        ("300", 7_000_112, None, 1, 0..6),
    ];
    in_parallel(&rows, |(seconds, code, times, requests, takes)| {
        let emulator = emulator();
        let fault = Fault::new(Endpoint::Token, Effect::entra(*code));
        emulator.fault(times.map_or_else(|| fault.clone(), |times| fault.clone().times(times)));
        let (outcome, took) = timed(&emulator, &waiting(step(), seconds));
        if times.is_some() {
            assert_succeeded(&outcome);
        } else {
            assert_failed(&emulator, &outcome, &[&format!("AADSTS{code}")]);
        }
        assert_eq!(exchanges(&emulator).len(), *requests, "'{seconds}' {code}");
        assert!(takes.contains(&took.as_secs()), "'{seconds}' {code}: {took:?}");
    });
}

/// While it is waited for, Entra may also be busy; without the wish that ends the step after four tries.
#[test]
fn a_hiccup_does_not_end_a_wished_wait() {
    let emulator = emulator();
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(700_213)).times(1));
    emulator.fault(Fault::new(Endpoint::Token, Effect::TooManyRequests(Some(1))).times(6));
    let (outcome, _) = timed(&emulator, &waiting(step(), "60"));
    assert_succeeded(&outcome);
    assert_eq!(exchanges(&emulator).len(), 8);
}

/// A second tenant's refusal is waited for, too, after the first tenant gave its token.
#[test]
fn a_second_tenant_is_waited_for_as_well() {
    let emulator = emulator();
    let place = Target::Path("login.microsoftonline.com".into(), format!("/{OTHER_TENANT}"));
    emulator.fault(Fault::new(place, Effect::entra(700_016)).times(2));
    let step = waiting(of_two_tenants("clientSecret").input("organizations", "fabrikam, contoso"), "60");
    let (outcome, took) = timed(&emulator, &step);
    assert_succeeded(&outcome);
    assert_eq!(exchanges(&emulator), [TENANT, OTHER_TENANT, OTHER_TENANT, OTHER_TENANT]);
    assert!((6..14).contains(&took.as_secs()), "{took:?}");
}

/// Whoever wishes to wait for Entra does not wait for a server that stalls.
#[test]
fn a_stalling_server_is_not_what_was_wished_for() {
    let places = [Endpoint::Token, Endpoint::Oidc];
    in_parallel(&places, |place| {
        let emulator = emulator();
        emulator.fault(Fault::new(*place, Effect::Delay(Duration::from_secs(200))));
        let (outcome, took) = timed(&emulator, &waiting(step(), "300"));
        assert_failed(&emulator, &outcome, &["did not answer within"]);
        assert!(took < Duration::from_secs(45), "{place:?}: {took:?}");
    });
}

/// An assertion that ended on its way is asked for anew, once.
#[test]
fn an_assertion_that_ended_is_asked_for_anew_once() {
    let rows = [(Some(1), 2, StepResult::Succeeded), (None, 2, StepResult::Failed)];
    in_parallel(&rows, |(times, assertions, result)| {
        for fault in [
            Fault::new(Endpoint::Token, Effect::entra(700_024)),
            Fault::new(Endpoint::Oidc, Effect::Oidc(OidcFault::Expired)),
        ] {
            let emulator = emulator();
            emulator.fault(times.map_or_else(|| fault.clone(), |times| fault.clone().times(times)));
            let (outcome, _) = timed(&emulator, &waiting(step(), "300"));
            assert_eq!(outcome.result, *result, "{fault:?}: {}", outcome.log);
            let asked = emulator.requests().iter().filter(|request| request.path.contains("oidctoken")).count();
            assert_eq!((asked, exchanges(&emulator).len()), (*assertions, 2), "{fault:?}");
        }
    });
}

#[test]
fn a_wish_that_is_no_number_of_seconds_is_refused() {
    in_parallel(&["-1", "1.5", "30s", "901", "99999999999999999999", "soon"], |wish| {
        let emulator = emulator();
        let (outcome, _) = timed(&emulator, &waiting(step(), wish));
        assert_failed(&emulator, &outcome, &["propagationTimeout", wish, "at most 900"]);
        assert!(emulator.requests().is_empty());
    });
}
