//! Plays a whole job on this machine against the emulator: the step, later steps with the real tools that are installed here,
//! the post-job part, and a search for what is left.

mod account;
mod later;
mod workspace;

use std::ffi::OsString;
use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, JobOptions, StepOutcome, StepResult, TaskStep, Variable};
use ado_entra_auth_emulator::{Emulator, World, world};
use anyhow::{Context, bail};

use super::given::WrongArguments;
use crate::cli::Demo;
use crate::disk;
use crate::kernel::environment;
use crate::plan::names::VARIABLE_PREFIX;

use account::Account;
use workspace::Errand;

/// Runs the command. Fails where anything did not go as it should.
pub fn run(arguments: &Demo) -> anyhow::Result<()> {
    if let Some(folder) = arguments.task.as_ref().filter(|folder| !disk::exists(&folder.join("index.js"))) {
        let wrong = format!(
            "--task {}: there is no index.js\nremedy: name the folder that scripts/stage makes, target/task, or leave --task out",
            folder.display()
        );
        return Err(WrongArguments(wrong).into());
    }
    let mut account = Account::new(arguments.verbose);
    account.title(
        "AdoEntraAuth on this machine, against an Azure emulated on loopback. No account is needed, nothing leaves it.",
    );
    let emulator = Emulator::start(World::sample_with_repositories()).context("the emulator does not start")?;
    let mut job = Job::new(&emulator, JobOptions::default()).context("the emulated agent does not start")?;
    account.call(job.root(), "<agent>");
    workspace::write(job.home(), &job.sources())?;
    let (name, value) = workspace::PIP_INDEX;
    job.set_variable(Variable::public(name, value));
    let before = workspace::user_files(job.root(), job.home());

    account.section("The step: the pipeline's identity becomes an access token");
    let step = step(arguments)?;
    let outcome = job.run_task(&step)?;
    account.requests(&emulator.requests());
    account.step_log(&outcome.log);
    if outcome.result != StepResult::Succeeded {
        account.show();
        bail!("the step failed:\n{}", outcome.errors.join("\n"));
    }
    if arguments.verbose {
        account.section("Variables and files that later steps get");
    }
    account.surroundings(&outcome.variables_set, &outcome.paths_prepended, |text| job.mask(text));

    account.section("Later steps: plain commands, no flags");
    let mut failed = Vec::new();
    for errand in workspace::errands() {
        run_errand(&errand, &mut job, &emulator, &mut account, &mut failed)?;
    }

    failed.extend(later::run(arguments, &mut account)?);

    account.section("When a build answers 401: `ado-entra-auth check` in a later step");
    let checked = job.run_script("ado-entra-auth check", &job.sources())?;
    account.checked(&checked.log, checked.succeeded());
    if !checked.succeeded() {
        failed.push("ado-entra-auth check");
    }

    account.section("After the job");
    let posts = job.finish()?;
    let traces = traces(&emulator, job.root(), &posts)?;
    let after = workspace::user_files(job.root(), job.home());
    account.given_back(&before, &after);
    account.traces(&traces);
    account.foreign(&emulator);
    let stray = emulator.secret_was_sent_to("registry.example.com") || emulator.secret_was_sent_to("evil.example");
    account.end(&failed);
    account.show();
    if !failed.is_empty() || !traces.found.is_empty() || before != after || stray {
        bail!("the demo found something that is not as it should be, see above");
    }
    Ok(())
}

/// The step as the agent runs it: through node where a staged task and node are there, else the program itself.
fn step(arguments: &Demo) -> anyhow::Result<TaskStep> {
    let node = which::which("node").ok();
    let (main, post): (Vec<OsString>, Vec<OsString>) = if let (Some(folder), Some(node)) = (&arguments.task, node) {
        let folder = std::path::absolute(folder)?;
        let part = |name: &str| vec![node.clone().into(), folder.join(name).into()];
        (part("index.js"), part("post.js"))
    } else {
        let program = environment::program().context("the system does not say where this program is")?;
        let part = |name: &str| vec![program.clone().into(), name.into()];
        (part("task"), part("post"))
    };
    let step = TaskStep::new(main).post(post);
    Ok(step
        .connection("azureDevOpsServiceConnection", world::CONNECTION)
        .input("verify", "true")
        .input("tools", "auto"))
}

fn run_errand(
    errand: &Errand,
    job: &mut Job<'_>,
    emulator: &Emulator,
    account: &mut Account,
    failed: &mut Vec<&'static str>,
) -> anyhow::Result<()> {
    if let Some(missing) = errand.programs.iter().find(|program| which::which(program).is_err()) {
        account.not_tried(errand, missing);
        return Ok(());
    }
    emulator.clear_requests();
    let outcome = job.run_script(errand.command, &job.sources().join(errand.folder))?;
    let proof = job.sources().join(errand.proof);
    let fetched = outcome.succeeded() && (disk::exists(&proof) || disk::exists(&job.home().join(errand.proof)));
    account.errand(errand, fetched, &outcome.log, &emulator.requests());
    if !fetched {
        failed.push(errand.tool);
    }
    Ok(())
}

/// What is left of the job.
struct Traces {
    /// How many files were searched.
    searched: usize,
    /// Files that hold a secret, or a reference to one.
    found: Vec<String>,
}

fn traces(emulator: &Emulator, root: &Path, posts: &[StepOutcome]) -> anyhow::Result<Traces> {
    let mut traces = Traces { searched: 0, found: Vec::new() };
    for post in posts.iter().filter(|post| post.result != StepResult::Succeeded || !post.warnings.is_empty()) {
        traces.found.push(format!("the post-job part said: {}", post.log.trim()));
    }
    for path in disk::walk_everything(root) {
        let bytes = disk::read(&path).ok().flatten().unwrap_or_default();
        // What refers to the variables of this task was written by it.
        let ours = bytes.windows(VARIABLE_PREFIX.len()).any(|window| window == VARIABLE_PREFIX.as_bytes());
        traces.searched += 1;
        if ours || !emulator.leaks_in(&bytes).is_empty() {
            traces.found.push(path.strip_prefix(root)?.display().to_string());
        }
    }
    Ok(traces)
}
