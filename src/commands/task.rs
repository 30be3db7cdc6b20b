//! The step: from the job's environment to tools that are set up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{finding, runs};
use crate::agent::inputs::{self, Connection, Settings};
use crate::agent::job::Job;
use crate::agent::logging::{AgentLog, TaskResult};
use crate::apply::{self, Filling, Run, forms_to_mask, undo};
use crate::azure_devops::organization::Organization;
use crate::azure_devops::probe::{self, Member};
use crate::diagnosis::{Explain, Explanation};
use crate::disk;
use crate::http::Http;
use crate::identity::entra::{self, Issued};
use crate::identity::pipeline::{self, AssertionError};
use crate::plan::{Change, Plan};
use crate::tools;
use crate::tools::survey::{Grant, Outcome, Standing};

/// For all of the network: the whole step must end within 45 seconds, whatever a server does.
const NETWORK_LIMIT: Duration = Duration::from_secs(38);
/// For looking at the workspace after the network is done with.
const PLANNING_ALLOWANCE: Duration = Duration::from_secs(4);
/// A token that ends sooner than this is not worth much to a job.
const SHORT_LIFE_SECONDS: u64 = 600;
/// A clock that is this far off breaks assertions.
const CLOCK_TOLERANCE_SECONDS: u64 = 120;

/// What stops a step.
enum Stop {
    /// The user can mend it.
    Explained(Explanation),
    /// The agent asked for it.
    Cancelled,
}

impl<E: Explain> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Explained(Explanation::of(&error))
    }
}

/// Runs the step. Trouble is said to the agent; the exit code is 0 whatever happens, since anything else would be taken for
/// trouble of the agent's own.
pub fn run() -> ExitCode {
    let mut log = AgentLog::new(Box::new(std::io::stdout()));
    match step(&mut log) {
        Ok(summary) => log.complete(TaskResult::Succeeded, &summary),
        Err(Stop::Explained(explanation)) => {
            log.error(&explanation.to_string());
            log.complete(TaskResult::Failed, &explanation.headline);
        }
        Err(Stop::Cancelled) => log.complete(TaskResult::Failed, "cancelled; nothing was changed"),
    }
    ExitCode::SUCCESS
}

fn step(log: &mut AgentLog) -> Result<String, Stop> {
    let deadline = Instant::now() + NETWORK_LIMIT;
    let job = Job::from_environment();
    let connection = inputs::connection(&job)?;
    let settings = inputs::settings(&job)?;
    let run = new_run(&job)?;
    let program = Job::program().ok_or_else(|| stop("the system does not say where this program is", "run again"))?;
    let host = job.host(settings.working_directory.clone(), program);
    let left = undo::sweep(&tools::places(&host), &run);
    let earlier = runs::earlier(&job, Some(&run));
    let grants: Vec<Grant> = earlier.iter().flat_map(|run| run.grants.clone()).collect();

    let (network, network_warnings) = job.network();
    let http = Http::new(&network, deadline)?;
    let planning = {
        let (settings, host) = (settings.clone(), host.clone());
        move || finding::plan(&settings, &host, &grants)
    };
    let (issued, member, outcome) = block_on(async {
        // A large workspace is looked at while the services answer.
        let planning = tokio::task::spawn_blocking(planning);
        let (issued, member) = obtain(&http, &job, &connection, &settings, log).await?;
        let late =
            || stop("the working directory is too large to look at in time", "give a smaller 'workingDirectory'");
        let planned = tokio::time::timeout_at((deadline + PLANNING_ALLOWANCE).into(), planning).await;
        let planned =
            planned.map_err(|_| late())?.map_err(|error| stop(&error.to_string(), "report this as a defect"))?;
        Ok((issued, member, planned?))
    })?;
    let Outcome { plan, grants } = outcome;

    for form in forms_to_mask(issued.token.reveal(), &plan.user_names) {
        log.mask(&form);
    }
    let expires_on = rfc3339(issued.expires_at);
    let filling = Filling { token: &issued.token, expires_on: expires_on.clone() };
    apply::apply(&plan, &grants, &filling, &run, &earlier, log)?;
    for warning in left.iter().chain(&network_warnings).chain(&plan.warnings) {
        log.warning(warning);
    }
    Ok(report(log, &connection, &issued, member.as_ref(), &expires_on, &plan))
}

fn stop(headline: &str, remedy: &str) -> Stop {
    Stop::Explained(Explanation {
        headline: headline.to_owned(),
        facts: Vec::new(),
        remedy: remedy.to_owned(),
        cause: None,
    })
}

fn new_run(job: &Job) -> Result<Run, Stop> {
    let remedy = "run the step on an agent of Azure Pipelines; to try it elsewhere, use `ado-entra-auth dry-run`";
    let temp = job
        .temp_directory()
        .ok_or_else(|| stop("the agent names no temporary folder (Agent.TempDirectory)", remedy))?;
    if !disk::is_folder(&temp) {
        return Err(stop(&format!("the agent's temporary folder {} does not exist", temp.display()), remedy));
    }
    Ok(runs::begin(job, temp))
}

fn block_on<T>(work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| stop(&format!("the system refused a timer or socket: {error}"), "run again"))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            () = cancelled() => Err(Stop::Cancelled),
        }
    });
    // A look-up of a name that hangs in the system cannot be ended, and must not be waited for.
    runtime.shutdown_background();
    outcome
}

/// Ends when the agent cancels the step. What follows the network takes milliseconds and is not interrupted: the post-job
/// part undoes it.
#[cfg(unix)]
async fn cancelled() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn cancelled() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn obtain(
    http: &Http,
    job: &Job,
    connection: &Connection,
    settings: &Settings,
    log: &mut AgentLog,
) -> Result<(Issued, Option<Member>), Stop> {
    let about = job.pipeline();
    let late_bound = || {
        let id_token = connection.id_token.as_deref()?;
        pipeline::late_bound(id_token, &connection.id)
    };
    if let Some(id_token) = &connection.id_token {
        log.mask(id_token);
    }
    let assertion = match pipeline::assertion(http, &about, &connection.id).await {
        // The job's token may have expired in a job of many hours; what the service bound to the connection may live longer.
        Err(
            error @ (AssertionError::NoAddress | AssertionError::NoJobToken | AssertionError::JobTokenRefused { .. }),
        ) => late_bound().ok_or(error)?,
        other => other?,
    };
    log.mask(assertion.reveal());
    let issued = entra::exchange(http, &connection.client, &assertion).await?;
    log.mask(issued.token.reveal());
    let member = match verified_organization(settings).filter(|_| settings.verify) {
        Some(organization) => {
            Some(probe::member(http, organization, &issued.token, issued.claims.oid.as_deref()).await?)
        }
        None => None,
    };
    Ok((issued, member))
}

/// The organization that is asked whether it accepts the identity: the service connection's own, else the pipeline's.
fn verified_organization(settings: &Settings) -> Option<&Organization> {
    let owned = settings.permitted.iter().find(|permitted| permitted.standing == Standing::Owned);
    owned.or_else(|| settings.permitted.first()).map(|permitted| &permitted.organization)
}

/// Says what was done, and gives the step's last word.
fn report(
    log: &mut AgentLog,
    connection: &Connection,
    issued: &Issued,
    member: Option<&Member>,
    expires_on: &str,
    plan: &Plan,
) -> String {
    let identity = match (member, &issued.claims.oid) {
        (Some(member), Some(oid)) => format!("{} (object {oid})", member.name),
        (Some(member), None) => member.name.clone(),
        (None, oid) => format!("object {}", oid.as_deref().unwrap_or("unknown")),
    };
    log.line(&format!("Identity: {identity} of tenant {}", connection.client.tenant));
    log.line(&format!("Token:    until {expires_on}"));
    for served in &plan.served {
        log.line(&format!("{:<9} {} ({})", format!("{}:", served.tool), served.target, served.named_in));
    }
    let names = plan.changes.iter().filter_map(|change| match change {
        Change::Variable(variable) => Some(variable.name.as_str()),
        Change::PrivateFile(_) | Change::SharedFile(_) => None,
    });
    log.debug(&format!("variables set: {}", names.collect::<Vec<_>>().join(", ")));
    if issued.clock_ahead_seconds.unsigned_abs() > CLOCK_TOLERANCE_SECONDS {
        log.warning(&format!(
            "the agent's clock differs from Entra's by {} seconds; correct it, or assertions will be refused",
            issued.clock_ahead_seconds
        ));
    }
    let life = issued.expires_at.saturating_sub(crate::http::now());
    if life < SHORT_LIFE_SECONDS {
        log.warning(&format!("the token expires in {life} seconds"));
    }
    format!("{identity}, until {expires_on}")
}

/// A time as RFC 3339 in UTC, from seconds since 1970; as it is where no calendar has it.
fn rfc3339(seconds: u64) -> String {
    let timestamp = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(|| seconds.to_string(), |timestamp| timestamp.to_string())
}
