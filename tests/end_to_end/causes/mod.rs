//! Every known trouble meets the running step: the binary, as a task on the emulated agent, must end with one error whose every word
//! is compared, and whose last line names the row of the table.
//!
//! In reading order: `kind` (the steps), `case` (a trouble and the message that it must end with), then the cases by the place where
//! they happen; `later` has what only later steps and other programs meet, `transport` what can happen to any answer, `clock` clocks
//! that are off.

mod assertion;
mod case;
mod clock;
mod entra;
mod kind;
mod later;
mod machines;
mod organization;
mod transport;

use std::collections::BTreeSet;

use serde_json::Value;

use case::Case;

use crate::support::side_by_side;

/// The cases of `tests/cases/errors.json`.
fn rows() -> Vec<Value> {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/errors.json")).unwrap();
    serde_json::from_str(&file).unwrap()
}

/// Those that the step itself meets.
fn cases() -> Vec<Case> {
    [machines::cases(), entra::cases(&rows()), assertion::cases(), clock::cases(), organization::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Mostly waiting, so many at a time; what waits longest begins first.
#[test]
fn the_step_names_every_trouble_that_it_meets() {
    side_by_side(16, &cases(), Case::check);
}

#[test]
fn every_known_error_is_tried() {
    let known: BTreeSet<String> = rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let met: BTreeSet<String> = cases().iter().filter_map(|case| case.id().map(str::to_owned)).collect();
    let later: BTreeSet<String> = later::ids().map(str::to_owned).collect();
    assert_eq!(met.intersection(&later).collect::<Vec<_>>(), Vec::<&String>::new(), "in both groups");
    let tried: BTreeSet<String> = met.union(&later).cloned().collect();
    assert_eq!(known.difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new(), "tried nowhere");
    assert_eq!(tried.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "unknown");
}
