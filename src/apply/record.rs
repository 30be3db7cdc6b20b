//! What a run did, for its post-job part and for later runs of the job. Lies in the run's private directory.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ApplyError, Run};
use crate::disk;
use crate::plan::{Change, Plan, Template};
use crate::tools::survey::Grant;

const FILE: &str = "run.json";
const COMPLETE_MARK: &str = "complete";

/// The record of a run.
#[derive(Debug, Deserialize, Serialize)]
pub struct RunRecord {
    version: u32,
    /// The job it belongs to.
    pub job: String,
    /// The variables it sets.
    pub variables: Vec<RecordedVariable>,
    /// The folders whose journals know files of it.
    pub places: Vec<PathBuf>,
    /// What it set up for later steps.
    pub grants: Vec<Grant>,
    /// The private directories of earlier attempts of the same step, oldest first.
    pub attempts: Vec<PathBuf>,
}

/// A variable, and what it goes back to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RecordedVariable {
    /// Its name.
    pub name: String,
    /// Whether the name keeps its case.
    pub exact_case: bool,
    /// A print of the value, to tell whether it is still ours; the value itself may hold the token.
    pub print: u64,
    /// What stood there before, nearest first: what an earlier run had set is void once that run is undone.
    pub former: Vec<Former>,
}

/// A former value.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Former {
    /// The value.
    pub value: String,
    /// The private directory of the run that had set it; nothing where it was not one of ours.
    pub set_by: Option<PathBuf>,
}

/// An earlier run of the same job, as [`super::RUNS_VARIABLE`] names it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EarlierRun {
    /// Its private directory.
    pub directory: PathBuf,
    /// What it set up.
    pub grants: Vec<Grant>,
}

/// A print of a text that tells it from others, and does not tell the text.
pub fn print_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The runs that the job's variable names; none where it is absent or not ours.
pub fn earlier_runs(variable: Option<&str>) -> Vec<EarlierRun> {
    let runs: Vec<EarlierRun> = variable.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    runs.into_iter().filter(|run| disk::is_private_folder(&run.directory)).collect()
}

/// The same with an earlier attempt of the step, which may have been killed before it said that it was there.
pub fn with_attempt(mut runs: Vec<EarlierRun>, attempt: Option<&Path>) -> Vec<EarlierRun> {
    if let Some(attempt) = attempt.filter(|attempt| !runs.iter().any(|run| run.directory == **attempt)) {
        let grants = RunRecord::load(attempt).map_or(Vec::new(), |record| record.grants);
        runs.push(EarlierRun { directory: attempt.to_path_buf(), grants });
    }
    runs
}

/// The variable's value with one more run.
pub fn runs_with(earlier: &[EarlierRun], run: &Run, grants: &[Grant]) -> String {
    let mut runs = earlier.to_vec();
    runs.push(EarlierRun { directory: run.directory(), grants: grants.to_vec() });
    serde_json::to_string(&runs).unwrap_or_default()
}

/// The variable's value without a run; blank where none is left.
pub fn runs_without(earlier: &[EarlierRun], directory: &Path) -> String {
    let runs: Vec<&EarlierRun> = earlier.iter().filter(|run| run.directory != directory).collect();
    if runs.is_empty() { String::new() } else { serde_json::to_string(&runs).unwrap_or_default() }
}

impl RunRecord {
    /// What a plan will do, before any of it is done. `fill` gives the text of a template.
    pub fn of_plan(
        plan: &Plan,
        grants: &[Grant],
        run: &Run,
        earlier: &[EarlierRun],
        fill: impl Fn(&Template) -> String,
    ) -> Self {
        let earlier: Vec<(PathBuf, Self)> =
            earlier.iter().rev().filter_map(|run| Some((run.directory.clone(), Self::load(&run.directory)?))).collect();
        let mut variables = Vec::new();
        let mut places = Vec::new();
        for change in &plan.changes {
            match change {
                Change::Variable(variable) => variables.push(RecordedVariable {
                    name: variable.name.clone(),
                    exact_case: variable.exact_case,
                    print: print_of(&fill(&variable.value)),
                    former: variable.former.as_ref().map_or(Vec::new(), |value| chain(&variable.name, value, &earlier)),
                }),
                Change::SharedFile(shared) => places.push(shared.place.clone()),
                Change::PrivateFile(_) => {}
            }
        }
        places.sort();
        places.dedup();
        let attempts = run.earlier_attempt.iter().flat_map(|attempt| {
            let before = Self::load(attempt).map_or(Vec::new(), |record| record.attempts);
            before.into_iter().chain([attempt.clone()])
        });
        Self {
            version: 1,
            job: run.job.clone(),
            variables,
            places,
            grants: grants.to_vec(),
            attempts: attempts.collect(),
        }
    }

    /// Reads the record of a private directory; nothing where it is not whole.
    pub fn load(directory: &Path) -> Option<Self> {
        let bytes = disk::read(&directory.join(FILE)).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the record into a new private directory.
    pub fn save(&self, directory: &Path) -> Result<(), ApplyError> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        super::write_private(&directory.join(FILE), &json)
    }

    /// Notes that all of a run's files are written.
    pub fn mark_complete(directory: &Path) -> Result<(), ApplyError> {
        super::write_private(&directory.join(COMPLETE_MARK), b"")
    }

    /// Whether all of a run's files were written.
    pub fn is_complete(directory: &Path) -> bool {
        disk::exists(&directory.join(COMPLETE_MARK))
    }
}

/// The former value, and behind it what the run that had set it would go back to.
fn chain(name: &str, value: &str, earlier: &[(PathBuf, RunRecord)]) -> Vec<Former> {
    let owner = earlier.iter().find_map(|(directory, record)| {
        let set =
            record.variables.iter().find(|variable| variable.name == name && variable.print == print_of(value))?;
        Some((directory.clone(), set.former.clone()))
    });
    match owner {
        Some((directory, behind)) => {
            let mut chain = vec![Former { value: value.to_owned(), set_by: Some(directory) }];
            chain.extend(behind);
            chain
        }
        None => vec![Former { value: value.to_owned(), set_by: None }],
    }
}
