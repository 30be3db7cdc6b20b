//! Clocks that are off: the error names the difference, and so does the warning where nothing fails yet.

use ado_entra_auth_emulator::world::{AssertionIssuer, CONNECTION, CONTOSO_ID, EXCHANGE_AUDIENCE};
use ado_entra_auth_emulator::{Effect, Endpoint, Fault, Target, World};

use super::case::{Case, IDS, TEN_MINUTES, pattern};
use super::kind::{Kind, federated};
use crate::support::{emulator, in_parallel, job, run, step};

/// Cases of assertions that seem to have ended, or not to have begun.
pub fn cases() -> Vec<Case> {
    let refused = |kind: Kind, seconds: i64, side: &str| {
        Case::new("aadsts700024", kind, "AADSTS700024")
            .arranged(move |emulator, _| {
                emulator.fault(Fault::new(Endpoint::Token, Effect::ClockOff(seconds)));
            })
            .says("{row} (AADSTS700024)")
            .fact("clock", &format!("the agent's clock is {TEN_MINUTES} seconds {side} the service's"))
            .facts(kind.client())
            .fact("request", IDS)
            .entra_asked(2)
    };
    let says = "Client assertion is not within its valid time range.";
    let mut cases: Vec<Case> = [(600, "behind"), (-600, "ahead of")]
        .into_iter()
        .map(|(seconds, side)| {
            let kind = Kind::Certificate;
            refused(kind, seconds, side).first_facts(kind.presented(&World::sample()), says)
        })
        .collect();
    // The older issuer's assertions live for minutes alone.
    let older = federated(
        &format!("https://vstoken.dev.azure.com/{CONTOSO_ID}"),
        "sc://contoso/Shop/feeds-reader",
        "a service connection: organization contoso, project Shop, connection feeds-reader",
        EXCHANGE_AUDIENCE,
    );
    cases.push(
        refused(Kind::Connection, 600, "behind")
            .first_facts(older, says)
            .world(|world| world.set_issuer(CONNECTION, AssertionIssuer::AzureDevOps))
            .assertion_asked(2),
    );
    cases
}

#[test]
fn a_clock_that_is_off_is_warned_of_where_nothing_fails() {
    let rows = [(600, Some("behind")), (-600, Some("ahead of")), (60, None), (-60, None)];
    in_parallel(&rows, |(seconds, side)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(Target::Everything, Effect::ClockOff(*seconds)));
        let outcome = run(&emulator, &mut job, &step());
        let form = side.map(|side| {
            format!("the agent's clock is {TEN_MINUTES} seconds {side} the service's; correct it, or assertions will be refused")
        });
        let clocks: Vec<&String> = outcome.warnings.iter().filter(|warning| warning.contains("clock")).collect();
        match (form, clocks.as_slice()) {
            (None, []) => {}
            (Some(form), [warning]) => {
                let form = regex_lite::Regex::new(&format!("^{}$", pattern(&form))).unwrap();
                assert!(form.is_match(warning), "{warning}");
            }
            (form, clocks) => panic!("{form:?}: {clocks:?}"),
        }
    });
}
