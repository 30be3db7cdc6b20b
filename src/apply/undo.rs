//! The post-job part's work, and the sweep of what killed runs left.

use std::path::{Path, PathBuf};

use super::journal::Ledger;
use super::record::{RecordedVariable, RunRecord, earlier_runs, print_of, runs_without};
use super::{DIRECTORY_PREFIX, RUNS_VARIABLE, Run};
use crate::agent::logging::AgentLog;
use crate::disk;

/// Puts back the files of a run and removes its private directory. Says what was left, and why.
pub fn undo_files(directory: &Path, run: &Run) -> Vec<String> {
    let mut left = Vec::new();
    if let Some(record) = RunRecord::load(directory) {
        for place in &record.places {
            match Ledger::at(place).release(&run.id) {
                Ok(said) => left.extend(said),
                Err(error) => left.push(error.to_string()),
            }
        }
    }
    if let Err(error) = disk::remove_private_folder(directory) {
        left.push(format!("{} cannot be removed: {error}", directory.display()));
    }
    left
}

/// Gives variables back what they held, where they still hold what the run had set. `variable` reads the job's variables.
pub fn undo_variables(directory: &Path, variable: impl Fn(&str) -> Option<String>, log: &mut AgentLog) {
    let Some(record) = RunRecord::load(directory) else { return };
    for recorded in record.variables.iter().rev() {
        // The agent upper-cases the names that it passes on, unless told otherwise.
        let name = if recorded.exact_case { recorded.name.clone() } else { recorded.name.to_ascii_uppercase() };
        let current = variable(&name).unwrap_or_default();
        if print_of(&current) == recorded.print {
            log.variable(&recorded.name, &former(recorded), recorded.exact_case);
        }
    }
    let runs = variable(RUNS_VARIABLE);
    log.variable(RUNS_VARIABLE, &runs_without(&earlier_runs(runs.as_deref()), directory), false);
}

/// The nearest former value that still means something; blank where there is none.
fn former(recorded: &RecordedVariable) -> String {
    let standing = recorded.former.iter().find(|former| former.set_by.as_ref().is_none_or(|run| disk::exists(run)));
    standing.map(|former| former.value.clone()).unwrap_or_default()
}

/// Puts back what runs left that are over: in the journals of `places`, and in the agent's temporary folder.
///
/// Trouble with it is said, never an error: it is not this run's.
pub fn sweep(places: &[PathBuf], current: &Run) -> Vec<String> {
    let mut left = Vec::new();
    for place in places.iter().filter(|place| disk::is_folder(place)) {
        match Ledger::at(place).sweep(current) {
            Ok(said) => left.extend(said),
            Err(error) => left.push(error.to_string()),
        }
    }
    for name in disk::list(&current.temp_directory) {
        let directory = current.temp_directory.join(&name);
        let of_a_run =
            name.strip_prefix(DIRECTORY_PREFIX).is_some_and(is_run_id) && disk::is_private_folder(&directory);
        if of_a_run && directory != current.directory() {
            let over = match RunRecord::load(&directory) {
                Some(record) => record.job != current.job || !RunRecord::is_complete(&directory),
                None => true,
            };
            if over && let Err(error) = disk::remove_private_folder(&directory) {
                left.push(format!("{} cannot be removed: {error}", directory.display()));
            }
        }
    }
    left
}

/// Whether a text is what [`Run::new`] makes an id of.
pub fn is_run_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
