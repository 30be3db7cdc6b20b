//! The post-job part: puts back what the step changed. It runs whatever happened to the step, and never fails.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::runs;
use crate::agent::job::Job;
use crate::agent::logging::{AgentLog, TaskResult};
use crate::apply::facts;
use crate::apply::record::RunRecord;
use crate::apply::{Run, undo};
use crate::diagnosis::causes::{self, Cause};
use crate::helper::met;
use crate::kernel::dialect::Dialect;
use crate::plan::TokenSource;
use crate::tools::{self, Auto};

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
                for met in met(&job, &run.directory()) {
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
fn met(job: &Job, folder: &Path) -> Vec<String> {
    let met = |(cause, client): (&Cause, String)| line(&format!("{client} met this: {}", cause.headline), cause.name);
    let mut lines: Vec<String> = met::all(folder).into_iter().map(met).collect();
    if job.variable("AGENT_JOBSTATUS").is_some_and(|status| status == "Failed") {
        let runs = facts::of_job(folder);
        let served = runs.last().map(|(_, facts)| facts.served.as_slice()).unwrap_or_default();
        for (tool, client, cause) in asking() {
            let is_served = served.iter().any(|served| served.tool == tool && served.source[0] == "helper");
            if is_served && !met::has_asked(folder, client) {
                lines.push(line(&format!("something failed, and {tool} never asked for its token"), cause.name));
            }
        }
    }
    lines
}

/// Tools that ask this program, as which client, and the row of one that does not. What is set up in every job need not ask.
fn asking() -> impl Iterator<Item = (&'static str, Dialect, &'static Cause)> {
    tools::TOOLS.iter().map(|tool| tool.id()).filter(|id| id.auto == Auto::NamesAFeed).filter_map(|id| {
        let client = id.ways.iter().find_map(|way| match way.source {
            TokenSource::Helper(client) => Some(client),
            _ => None,
        });
        Some((id.name, client?, causes::by_name(&format!("{}-401", id.name))?))
    })
}

fn line(what: &str, name: &str) -> String {
    format!("In a later step, {what}. `ado-entra-auth explain {name}` and TROUBLESHOOTING.md say what to do.")
}
