//! What a run did, for its post-job part and for later runs of the job. Lies in the run's private directory.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ApplyError, Run};
use crate::disk;
use crate::kernel::fingerprint::fingerprint;
use crate::plan::{Change, Plan, Template, Visibility};
use crate::reach::Grant;

const FILE: &str = "run.json";
const VERSION: u32 = 2;
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
    /// Whether later steps see it only where they map it.
    pub is_secret: bool,
    /// The fingerprint of the value, to tell whether it is still ours; the value itself may hold the token.
    pub fingerprint: u64,
    /// What stood there before any run of ours: what an earlier run had set may hold its token.
    pub former: Option<String>,
    /// Another variable without which this one means nothing: it goes back only where that one does.
    pub only_with: Option<String>,
}

/// An earlier run of the same job, as [`super::RUNS_VARIABLE`] names it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EarlierRun {
    /// Its private directory, where its record says what it set up. The variable does not: names that nobody can guess would
    /// stand in one that everybody knows.
    pub directory: PathBuf,
}

impl EarlierRun {
    /// What it set up.
    pub fn grants(&self) -> Vec<Grant> {
        RunRecord::load(&self.directory).map_or(Vec::new(), |record| record.grants)
    }
}

/// The runs that the job's variable names; none where it is absent or not ours.
pub fn earlier_runs(variable: Option<&str>) -> Vec<EarlierRun> {
    let runs: Vec<EarlierRun> = variable.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    runs.into_iter().filter(|run| disk::is_private_folder(&run.directory)).collect()
}

/// The same with an earlier attempt of the step, which may have been killed before it said that it was there.
pub fn with_attempt(mut runs: Vec<EarlierRun>, attempt: Option<&Path>) -> Vec<EarlierRun> {
    if let Some(attempt) = attempt.filter(|attempt| !runs.iter().any(|run| run.directory == **attempt)) {
        runs.push(EarlierRun { directory: attempt.to_path_buf() });
    }
    runs
}

/// The variable's value with one more run.
pub fn runs_with(earlier: &[EarlierRun], run: &Run) -> String {
    let mut runs = earlier.to_vec();
    runs.push(EarlierRun { directory: run.directory() });
    serde_json::to_string(&runs).unwrap_or_default()
}

/// The variable's value without a run; blank where none is left.
pub fn runs_without(earlier: &[EarlierRun], directory: &Path) -> String {
    let runs: Vec<&EarlierRun> = earlier.iter().filter(|run| run.directory != directory).collect();
    if runs.is_empty() { String::new() } else { serde_json::to_string(&runs).unwrap_or_default() }
}

impl RunRecord {
    /// What a plan will do, before any of it is done. `fill` gives the text of a template.
    pub fn of_plan(plan: &Plan, run: &Run, earlier: &[EarlierRun], fill: impl Fn(&Template) -> String) -> Self {
        let earlier: Vec<Self> = earlier.iter().rev().filter_map(|run| Self::load(&run.directory)).collect();
        let mut variables = Vec::new();
        let mut places = Vec::new();
        for change in &plan.changes {
            match change {
                Change::Variable(variable) => variables.push(RecordedVariable {
                    name: variable.name.clone(),
                    exact_case: variable.exact_case,
                    is_secret: variable.visibility == Visibility::Secret,
                    fingerprint: fingerprint(&fill(&variable.value)),
                    former: variable.former.as_ref().and_then(|value| original(&variable.name, value, &earlier)),
                    only_with: variable.only_with.clone(),
                }),
                Change::SharedFile(shared) => places.push(shared.place.clone()),
                Change::PrivateFile(_) | Change::Program(_) | Change::Path => {}
            }
        }
        // Parts of a list whose count this run raises: an earlier run that ends first cannot give them back, since the count still
        // counts them.
        let inherited: Vec<RecordedVariable> = earlier.iter().flat_map(|record| record.variables.clone()).collect();
        for variable in inherited {
            let counted = |count: &String| variables.iter().any(|own| own.name == *count);
            let is_known = variables.iter().any(|own| own.name == variable.name);
            if !is_known && variable.only_with.as_ref().is_some_and(counted) {
                variables.push(variable);
            }
        }
        places.sort();
        places.dedup();
        let attempts = run.earlier_attempt.iter().flat_map(|attempt| {
            let before = Self::load(attempt).map_or(Vec::new(), |record| record.attempts);
            before.into_iter().chain([attempt.clone()])
        });
        Self {
            version: VERSION,
            job: run.job.clone(),
            variables,
            places,
            grants: plan.grants.clone(),
            attempts: attempts.collect(),
        }
    }

    /// Reads the record of a private directory; nothing where it is not whole.
    pub fn load(directory: &Path) -> Option<Self> {
        let bytes = disk::read(&directory.join(FILE)).ok()??;
        serde_json::from_slice(&bytes).ok().filter(|record: &Self| record.version == VERSION)
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

/// What stood in a variable before any of the earlier runs, latest first, set it to `value`.
fn original(name: &str, value: &str, earlier: &[RunRecord]) -> Option<String> {
    let set_by_us = |record: &RunRecord| {
        record.variables.iter().find(|set| set.name == name && set.fingerprint == fingerprint(value)).cloned()
    };
    earlier.iter().find_map(set_by_us).map_or_else(|| Some(value.to_owned()), |set| set.former)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Variable;

    fn record(variables: &[(&str, &str, Option<&str>)], earlier: &[EarlierRun]) -> RunRecord {
        let change = |(name, value, former): &(&str, &str, Option<&str>)| {
            Change::Variable(Variable::new(*name, Template::text(*value)).with_former(former.map(str::to_owned)))
        };
        let plan = Plan { changes: variables.iter().map(change).collect(), ..Plan::default() };
        let run = Run::new(PathBuf::from("/temp"), "job".to_owned()).unwrap();
        RunRecord::of_plan(&plan, &run, earlier, Template::shown)
    }

    #[test]
    fn a_variable_goes_back_to_what_stood_before_any_run_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let mut earlier: Vec<EarlierRun> = Vec::new();
        let values = ["theirs", "first", "second", "third"];
        for (number, pair) in values.windows(2).enumerate() {
            let record =
                record(&[("V", pair[1], Some(pair[0])), ("NEW", pair[1], (number > 0).then_some(pair[0]))], &earlier);
            assert_eq!(record.variables[0].former.as_deref(), Some("theirs"));
            assert_eq!(record.variables[1].former, None);
            let directory = folder.path().join(pair[1]);
            disk::create_private_folder(&directory).unwrap();
            record.save(&directory).unwrap();
            let json = String::from_utf8(disk::read(&directory.join(FILE)).unwrap().unwrap()).unwrap();
            assert!(!values[1..].iter().any(|value| json.contains(value)), "a value of ours is recorded: {json}");
            earlier.push(EarlierRun { directory });
        }
        // Somebody else set it in between.
        let record = record(&[("V", "fourth", Some("others"))], &earlier);
        assert_eq!(record.variables[0].former.as_deref(), Some("others"));
    }
}
