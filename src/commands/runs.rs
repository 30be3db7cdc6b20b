//! Which runs a job knows of: the one at hand, its earlier attempts, those of earlier steps.

use std::path::PathBuf;

use crate::agent::job::Job;
use crate::apply::record::{EarlierRun, earlier_runs, with_attempt};
use crate::apply::{RUN_VARIABLE, RUNS_VARIABLE, Run};

/// A new run of the job, in the agent's temporary folder.
pub fn begin(job: &Job, temp_directory: PathBuf) -> std::io::Result<Run> {
    let earlier_attempt = own(job).map(|run| run.directory());
    let mut run = Run::new(temp_directory, job.key())?;
    run.earlier_attempt = earlier_attempt;
    run.agent = job.agent();
    Ok(run)
}

/// The run that this step's main part began: in the post-job part the one to undo, in the main part an earlier attempt.
pub fn own(job: &Job) -> Option<Run> {
    let directory = job.task_variable(RUN_VARIABLE)?;
    Run::of_directory(directory.as_ref(), &job.temp_directory()?, &job.key())
}

/// The job's runs before `run`, or before a next one.
pub fn earlier(job: &Job, run: Option<&Run>) -> Vec<EarlierRun> {
    with_attempt(earlier_runs(job.variable(RUNS_VARIABLE)), run.and_then(|run| run.earlier_attempt.as_deref()))
}
