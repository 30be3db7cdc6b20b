//! The post-job part's work, and the sweep of what killed runs left.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::journal::Ledger;
use super::record::{RecordedVariable, RunRecord, earlier_runs, runs_without};
use super::{DIRECTORY_PREFIX, RUNS_VARIABLE, Run, patience, resident};
use crate::agent::logging::AgentLog;
use crate::disk;
use crate::kernel::fingerprint::fingerprint;
use crate::kernel::run_folder;
use crate::plan::Visibility;

/// Puts back the files of a run and removes its private directory. Says what was left, and why.
///
/// `places` are the folders to look at where the run's own record is gone: a step may have emptied the temporary folder.
pub fn undo_files(directory: &Path, run: &Run, places: &[PathBuf]) -> Vec<String> {
    // First, so that it writes nothing into a folder that goes.
    let mut left: Vec<String> = resident::end(directory).into_iter().collect();
    let places = RunRecord::load(directory).map_or_else(|| places.to_vec(), |record| record.places);
    for place in places.iter().filter(|place| disk::is_folder(place)) {
        match Ledger::at(place).release(run) {
            Ok(said) => left.extend(said),
            Err(error) => left.push(error.to_string()),
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
    // The agent upper-cases the names that it passes on, unless told otherwise.
    let current = |recorded: &RecordedVariable| {
        let name = if recorded.exact_case { recorded.name.clone() } else { recorded.name.to_ascii_uppercase() };
        let name = if recorded.is_secret { format!("SECRET_{}", name.replace('.', "_")) } else { name };
        variable(&name).unwrap_or_default()
    };
    let is_ours = |recorded: &RecordedVariable| fingerprint(&current(recorded)) == recorded.fingerprint;
    let means_something = |name: &String| {
        let of_record = record.variables.iter().find(|other| other.name == *name);
        of_record.is_none_or(|other| is_ours(other) || current(other).is_empty())
    };
    for recorded in record.variables.iter().rev().filter(|recorded| is_ours(recorded)) {
        if recorded.only_with.as_ref().is_none_or(means_something) {
            let visibility = if recorded.is_secret { Visibility::Secret } else { Visibility::Public };
            log.variable(
                &recorded.name,
                recorded.former.as_deref().unwrap_or_default(),
                recorded.exact_case,
                visibility,
            );
        }
    }
    let runs = variable(RUNS_VARIABLE);
    log.variable(RUNS_VARIABLE, &runs_without(&earlier_runs(runs.as_deref()), directory), false, Visibility::Public);
}

/// Puts back what runs left that are over: in the journals of `places`, and in the agent's temporary folder.
///
/// Trouble with it is said, never an error: it is not this run's.
pub fn sweep(places: &[PathBuf], current: &Run) -> Vec<String> {
    let mut left = Vec::new();
    let until = Instant::now() + patience::ALL;
    for place in places.iter().filter(|place| disk::is_folder(place)) {
        match Ledger::at(place).sweep(current) {
            Ok(said) => left.extend(said),
            Err(error) => left.push(error.to_string()),
        }
    }
    for name in disk::list(&current.temp_directory) {
        if Instant::now() > until {
            left.push("what else earlier jobs left in the temporary folder is for the next step to remove".to_owned());
            break;
        }
        let directory = current.temp_directory.join(&name);
        let of_a_run = name.strip_prefix(DIRECTORY_PREFIX).is_some_and(run_folder::is_run_id)
            && disk::is_private_folder(&directory);
        if of_a_run && directory != current.directory() {
            let over = match RunRecord::load(&directory) {
                Some(record) => record.job != current.job || !RunRecord::is_complete(&directory),
                None => true,
            };
            if over && let Some(run) = Run::of_directory(&directory, &current.temp_directory, "") {
                left.extend(undo_files(&directory, &run, &[]));
            }
        }
    }
    left
}
