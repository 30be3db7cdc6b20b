//! The post-job part: puts back what the step changed. It runs whatever happened to the step, and never fails.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::runs;
use crate::agent::job::Job;
use crate::agent::logging::{AgentLog, TaskResult};
use crate::apply::record::RunRecord;
use crate::apply::{Run, undo};
use crate::diagnosis::causes::Cause;
use crate::helper::met;
use crate::tools;

/// Runs the post-job part.
pub fn run() -> ExitCode {
    let mut log = AgentLog::on_stdout();
    let job = Job::from_environment();
    let host = job.host(PathBuf::new(), PathBuf::new());
    let places = tools::places(&host);
    let summary = match runs::own(&job) {
        Some(run) => {
            let attempts = RunRecord::load(&run.directory()).map_or(Vec::new(), |record| record.attempts);
            let attempts = attempts.iter().filter_map(|path| Run::of_directory(path, &run.temp_directory, &run.job));
            // The last goes last: what it goes back to is what stood before the first.
            for run in attempts.chain([run.clone()]) {
                for met in met(&run.directory()) {
                    log.line(&met);
                }
                undo::undo_variables(&run.directory(), |name| job.raw_variable(name), &mut log);
                for said in undo::undo_files(&run.directory(), &run, &places) {
                    log.warning(&said);
                }
            }
            "what the step set up is taken back"
        }
        None => "there was nothing to take back",
    };
    log.line(summary);
    log.complete(TaskResult::Succeeded, summary);
    ExitCode::SUCCESS
}

/// What later steps met of which this step knows: a line each, with the name to look up.
fn met(folder: &Path) -> Vec<String> {
    let line = |(cause, client): (&Cause, String)| {
        let (name, headline) = (cause.name, cause.headline);
        format!(
            "In a later step, {client} met this: {headline}. `ado-entra-auth explain {name}` and TROUBLESHOOTING.md say what to do."
        )
    };
    met::all(folder).into_iter().map(line).collect()
}
