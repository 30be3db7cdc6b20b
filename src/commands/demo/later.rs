//! An hour later: a job that outlives its first token. Tokens of seconds stand for those of an hour.

use std::time::Duration;

use ado_entra_auth_emulator::agent::{Job, JobOptions, StepResult, Variable};
use ado_entra_auth_emulator::{Emulator, World};
use anyhow::bail;

use super::account::Account;
use super::workspace;
use crate::cli::Demo;

/// How long a token lives here.
const LIFE: Duration = Duration::from_secs(24);

/// Runs the step, lets its token end, and has those tools fetch again that go on by themselves in every version. Gives which did not.
pub fn run(arguments: &Demo, account: &mut Account) -> anyhow::Result<Vec<&'static str>> {
    account.section(&format!(
        "An hour later: the first token has ended (here after {} seconds), and the same commands go on",
        LIFE.as_secs()
    ));
    let emulator = Emulator::start(World { access_token_life: LIFE, ..World::sample_with_repositories() })?;
    let mut job = Job::new(&emulator, JobOptions::default())?;
    workspace::write(job.home(), &job.sources())?;
    let (name, value) = workspace::PIP_INDEX;
    job.set_variable(Variable::public(name, value));
    let outcome = job.run_task(&super::step(arguments)?)?;
    if outcome.result != StepResult::Succeeded {
        bail!("the step failed:\n{}", outcome.errors.join("\n"));
    }
    let said = |name: &str| outcome.log.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>().join("\n");
    account.log(&said("Token:"));
    std::thread::sleep(LIFE);
    account.log(&said("Renewal:"));
    let asks = |tool: &str| said(&format!("{tool}:")).contains("asks a credential helper");
    let mut failed = Vec::new();
    let errands = workspace::errands();
    let (going_on, others): (Vec<_>, Vec<_>) = errands
        .iter()
        .filter(|errand| errand.programs.iter().all(|program| which::which(program).is_ok()))
        .partition(|errand| errand.tool == "npm" || asks(errand.tool));
    for errand in going_on {
        super::run_errand(errand, &mut job, &emulator, account, &mut failed)?;
    }
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|errand| errand.tool).collect();
        account.log(&format!(
            "Others: {} are not shown here; docs/tools.md says which need the step again",
            names.join(", ")
        ));
    }
    job.finish()?;
    if job.orphans_ended() > 0 {
        failed.push("the end of the process that renews");
    }
    Ok(failed)
}
