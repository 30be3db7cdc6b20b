//! The post-job part: puts back what the step changed. It runs whatever happened to the step, and never fails.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::agent::job::Job;
use crate::agent::logging::{AgentLog, TaskResult};
use crate::apply::undo::{self, is_run_id};
use crate::apply::{DIRECTORY_PREFIX, Run};
use crate::disk;

/// Runs the post-job part.
pub fn run() -> ExitCode {
    let mut log = AgentLog::new(Box::new(std::io::stdout()));
    let job = Job::from_environment();
    let summary = match job.own_run().and_then(|directory| Some((run_of(&directory, &job)?, directory))) {
        Some((run, directory)) => {
            undo::undo_variables(&directory, |name| job.standing(name), &mut log);
            for said in undo::undo_files(&directory, &run) {
                log.warning(&said);
            }
            "what the step set up is taken back"
        }
        None => "there was nothing to take back",
    };
    log.line(summary);
    log.complete(TaskResult::Succeeded, summary);
    ExitCode::SUCCESS
}

/// The run whose private directory this is, where it is one: below the agent's temporary folder and ours alone.
fn run_of(directory: &Path, job: &Job) -> Option<Run> {
    let id = directory.file_name()?.to_str()?.strip_prefix(DIRECTORY_PREFIX).filter(|id| is_run_id(id))?;
    let temp_directory: PathBuf = directory.parent()?.to_path_buf();
    let ours = Some(&temp_directory) == job.temp_directory().as_ref() && disk::is_private_folder(directory);
    ours.then(|| Run { id: id.to_owned(), temp_directory, job: job.pipeline().job_id.unwrap_or_default() })
}
