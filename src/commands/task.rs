//! The step: from the job's environment to tools that are set up.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::keep::{self, SetUp};
use super::stop::{Stop, block_on, stop};
use super::workspace::Workspace;
use super::{later, runs};
use crate::agent::inputs::{self, Settings, Verify};
use crate::agent::job::Job;
use crate::agent::logging::{AgentLog, TaskResult};
use crate::apply::record::EarlierRun;
use crate::apply::{self, Filling, Run, forms_to_mask, undo};
use crate::azure_devops::first_look::{self, Withheld};
use crate::azure_devops::rights::{self, Wanted};
use crate::diagnosis::Explanation;
use crate::disk;
use crate::helper::vault::Key;
use crate::host::Host;
use crate::http::{Deadline, Http};
use crate::identity::entra::{CLOCK_TOLERANCE_SECONDS, Propagation, clock_difference};
use crate::identity::session::{NETWORK_LIMIT, Session, SignedIn};
use crate::identity::tokens::{KeepSecret, Surroundings, Tokens};
use crate::kernel::clock::{now, rfc3339};
use crate::kernel::environment;
use crate::kernel::organization::Organization;
use crate::plan::names::RunNames;
use crate::plan::{Plan, Served};
use crate::process;
use crate::reach::{Grant, PermittedOrganization, Reach, Unserved, main_organization};
use crate::tools::{self, PlanError, USER_NAME};

/// For looking at the workspace after the network is done with.
const PLANNING_ALLOWANCE: Duration = Duration::from_secs(4);
/// A token that ends sooner than this is not worth much to a job.
const SHORT_LIFE_SECONDS: u64 = 600;

/// Runs the step. Trouble is said to the agent; the exit code is 0 whatever happens, since anything else would be taken for
/// trouble of the agent's own.
pub fn run() -> ExitCode {
    process::end_with_parent();
    let mut log = AgentLog::on_stdout();
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
    let deadline = Deadline::after(NETWORK_LIMIT);
    let job = Job::from_environment();
    let identity = inputs::identity(&job)?;
    let settings = inputs::settings(&job)?;
    let run = new_run(&job)?;
    let program = environment::program()
        .ok_or_else(|| stop("the system does not say where this program is", "mount /proc where the step runs"))?;
    let host = job.host(settings.working_directory.clone(), program.clone());
    let left = undo::sweep(&tools::places(&host), &run);
    let earlier = runs::earlier(&job, Some(&run));
    let grants: Vec<Grant> = earlier.iter().flat_map(EarlierRun::grants).collect();

    let (network, network_warnings) = job.network();
    // They may be why the rest fails.
    for warning in left.iter().chain(&network_warnings) {
        log.warning(warning);
    }
    let http = Arc::new(Http::new(&network, deadline)?);
    let surroundings = Surroundings { http, pipeline: job.pipeline(), machine: job.machine() };
    let proof_ends = identity.proof_ends(&surroundings.pipeline);
    let mut renewing = settings.keep_fresh.then(keep::begin);
    let (signed_in, plan) = {
        let tokens = Tokens::new(Arc::new(identity), surroundings);
        let planning = Planning { settings: settings.clone(), host, grants, names: run.names() };
        block_on(sign_in_and_plan(tokens, planning, &mut |secret: &str| log.mask(secret)))?
    };
    let users = user_names(&plan);
    for (_, issued) in signed_in.issued() {
        for form in forms_to_mask(issued.token.reveal(), &users) {
            log.mask(&form);
        }
    }
    let expires_on = rfc3339(signed_in.main.expires_at);
    let issued_for = |organization: &Organization| signed_in.issued_for(organization);
    let filling = Filling { main: &signed_in.main, issued_for: &issued_for, program: &program };
    let reach = Reach { permitted: settings.permitted.clone(), ..Reach::default() };
    let facts = later::tell(&earlier, &reach, &signed_in, &plan);
    let set_up = SetUp { run: &run, earlier: &earlier, signed_in: &signed_in, plan: &plan };
    let mut handed = None;
    let mut written = |key: &Key| {
        let waiting = renewing.take();
        handed = waiting.map(|waiting| waiting.and_then(|waiting| keep::hand_over(waiting, &job, set_up, key)));
    };
    apply::apply(&plan, &filling, &run, &earlier, &facts, log, &mut written)?;
    let renewed = handed.map(|waiting| waiting.and_then(keep::leave_behind));
    if let Some(Err(reason)) = &renewed {
        log.warning(&format!("nothing renews the token, which ends at {expires_on}: {reason}"));
    }
    for warning in &facts.warnings {
        log.warning(warning);
    }
    let renewal = match renewed {
        Some(Ok(())) => match proof_ends {
            None => Renewal::Lasts,
            Some(end) => Renewal::Until(end),
        },
        _ => Renewal::None,
    };
    Ok(report(log, &settings, &signed_in, renewal, &plan))
}

/// What a plan is made of.
#[derive(Clone)]
struct Planning {
    settings: Settings,
    host: Host,
    grants: Vec<Grant>,
    names: RunNames,
}

type Planned = (Workspace, Result<Plan, PlanError>);

impl Planning {
    /// Looks at the workspace in a thread of its own, so that the services can answer meanwhile.
    fn begin(&self) -> JoinHandle<Planned> {
        let planning = self.clone();
        tokio::task::spawn_blocking(move || {
            let workspace = Workspace::read(&planning.settings, planning.host.clone());
            let plan = planning.again(&workspace, &Unserved::new(), &Withheld::new());
            (workspace, plan)
        })
    }

    /// Makes the plan without some organizations and some feeds.
    fn again(&self, workspace: &Workspace, unserved: &Unserved, withheld: &Withheld) -> Result<Plan, PlanError> {
        let served = |permitted: &&PermittedOrganization| !unserved.contains_key(&permitted.organization);
        let permitted = self.settings.permitted.iter().filter(served).cloned().collect();
        let (unserved, withheld) = (unserved.clone(), withheld.clone());
        let reach = Reach { permitted, unserved, withheld, grants: self.grants.clone() };
        workspace.plan(&self.settings, &reach, &self.names)
    }
}

async fn sign_in_and_plan(
    tokens: Tokens,
    planning: Planning,
    keep_secret: KeepSecret<'_>,
) -> Result<(SignedIn, Plan), Stop> {
    let http = tokens.http();
    let begun = planning.begin();
    let settings = &planning.settings;
    let main = main_organization(&settings.permitted);
    let mut session = Session::begin(tokens, main, settings.propagation, &mut *keep_secret).await?;
    if let Some(main) = main.filter(|_| settings.verify != Verify::Nobody) {
        session.verify(main).await?;
    }
    let (workspace, plan) = in_time(&http, begun).await?;
    let mut plan = plan?;
    let unserved = serve_others(&mut session, settings, &plan, keep_secret).await?;
    let mut signed_in = session.end();
    if !unserved.is_empty() {
        plan = planning.again(&workspace, &unserved, &Withheld::new())?;
    }
    let issued_for = |organization: &Organization| &signed_in.issued_for(organization).token;
    let withheld =
        first_look::look(&http, plan.look_first.iter().map(|(feed, statement)| (feed, *statement)), &issued_for).await;
    if !withheld.is_empty() {
        plan = planning.again(&workspace, &unserved, &withheld)?;
    }
    signed_in.unserved = unserved;
    if settings.verify == Verify::Feeds {
        verify_feeds(&http, &signed_in, &plan).await?;
    }
    Ok((signed_in, plan))
}

/// Asks each feed that this step's token serves whether it lets the identity read.
async fn verify_feeds(http: &Http, signed_in: &SignedIn, plan: &Plan) -> Result<(), Stop> {
    let is_own = |served: &&Served| {
        let organization = served.organization.name();
        plan.grants.iter().any(|grant| grant.tool == served.tool && grant.organization == organization)
    };
    let wanted = plan.served.iter().filter(is_own).filter_map(|Served { organization, feed, .. }| {
        let issued = signed_in.issued_for(organization);
        let object_id = issued.claims.oid.as_deref();
        Some(Wanted { organization, feed: Some(feed.as_ref()?), token: &issued.token, object_id })
    });
    let outcomes = rights::read(http, &wanted.collect::<Vec<_>>()).await;
    let mut refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    let Some(first) = refusals.next() else { return Ok(()) };
    let mut explanation = Explanation::of(first);
    // A feed may be named for several tools.
    let further: BTreeSet<String> =
        refusals.map(ToString::to_string).filter(|text| *text != explanation.headline).collect();
    explanation.facts.extend(further.into_iter().map(|headline| ("also", headline)));
    Err(Stop::Explained(explanation))
}

/// The user names that may stand beside the token: ours, and the organizations', which git takes from addresses.
fn user_names(plan: &Plan) -> Vec<String> {
    let organizations = plan.served.iter().map(|served| served.organization.name().to_owned());
    let names: BTreeSet<String> = organizations.chain([USER_NAME.to_owned()]).collect();
    names.into_iter().collect()
}

async fn in_time(http: &Http, planning: JoinHandle<Planned>) -> Result<Planned, Stop> {
    let limit = http.deadline().instant() + PLANNING_ALLOWANCE;
    let late = || stop("the working directory is too large to look at in time", "set a smaller 'workingDirectory'");
    let planned = tokio::time::timeout_at(limit.into(), planning).await.map_err(|_| late())?;
    planned.map_err(|error| stop(&error.to_string(), "report this as a defect"))
}

/// Gets tokens for the plan's further organizations. One that nobody asked for, and that gives this identity nothing, is left out:
/// every pipeline permits its own.
async fn serve_others(
    session: &mut Session,
    settings: &Settings,
    plan: &Plan,
    keep_secret: KeepSecret<'_>,
) -> Result<Unserved, Stop> {
    let main = main_organization(&settings.permitted);
    let mut unserved = Unserved::new();
    for permitted in &settings.permitted {
        let organization = &permitted.organization;
        let planned = plan.grants.iter().any(|grant| grant.organization == organization.name());
        if !planned || Some(organization) == main {
            continue;
        }
        // What nobody asked for is not worth a wait.
        let patient = permitted.is_asked_for();
        let propagation = if patient { settings.propagation } else { Propagation::UpTo(Duration::ZERO) };
        let mut served = session.serve(organization, propagation, &mut *keep_secret).await;
        if served.is_ok() && settings.verify != Verify::Nobody {
            served = session.verify(organization).await;
        }
        if let Err(error) = served {
            match error.leaves_out().filter(|_| !permitted.is_asked_for()) {
                Some(reason) => unserved.insert(organization.clone(), reason),
                None => return Err(error.into()),
            };
        }
    }
    Ok(unserved)
}

fn new_run(job: &Job) -> Result<Run, Stop> {
    let remedy = "run the step on an agent of Azure Pipelines; to try it elsewhere, use `ado-entra-auth dry-run`";
    let temp = job
        .temp_directory()
        .ok_or_else(|| stop("the agent names no temporary folder (Agent.TempDirectory)", remedy))?;
    if !disk::is_folder(&temp) {
        return Err(stop(&format!("the agent's temporary folder {} does not exist", temp.display()), remedy));
    }
    runs::begin(job, temp).map_err(|error| stop(&format!("the system has no random numbers: {error}"), "run again"))
}

/// How long the tokens are renewed.
#[derive(Clone, Copy)]
enum Renewal {
    /// As long as the job runs.
    Lasts,
    /// Until what proves the identity ends, in seconds since 1970.
    Until(u64),
    /// Not at all: so it is wished, or a warning says why.
    None,
}

/// Says what was done, and gives the step's last word.
fn report(log: &mut AgentLog, settings: &Settings, signed_in: &SignedIn, renewal: Renewal, plan: &Plan) -> String {
    let expires_on = rfc3339(signed_in.main.expires_at);
    let main = main_organization(&settings.permitted);
    let member = main.and_then(|organization| signed_in.member_of(organization));
    let issued = &signed_in.main;
    let identity = match (member, &issued.claims.oid) {
        (Some(member), Some(oid)) => format!("{} (object {oid})", member.name),
        (Some(member), None) => member.name.clone(),
        (None, oid) => format!("object {}", oid.as_deref().unwrap_or("unknown")),
    };
    let tenant = issued.claims.tid.as_deref().unwrap_or("unknown");
    log.line(&format!("Identity: {identity} of tenant {tenant}"));
    log.line(&format!("Token:    until {expires_on}"));
    for (tenant, other) in signed_in.issued().filter(|(_, other)| other.token.reveal() != issued.token.reveal()) {
        let organizations: Vec<&str> = signed_in.organizations_of(tenant).map(Organization::name).collect();
        log.line(&format!(
            "Token:    another for {}, of tenant {tenant}, until {}",
            organizations.join(", "),
            rfc3339(other.expires_at)
        ));
    }
    match renewal {
        Renewal::Lasts => log.line("Renewal:  while the job runs, by a process that ends with it"),
        Renewal::Until(end) => {
            log.line(&format!("Renewal:  until {} only, since this job can ask for no other assertion", rfc3339(end)));
        }
        Renewal::None => {}
    }
    for (organization, reason) in &signed_in.unserved {
        log.line(&format!("Left out: {organization}: {reason}"));
    }
    for served in &plan.served {
        let Served { tool, target, named_in, source, .. } = served;
        log.line(&format!("{:<9} {target} ({named_in}), {source}", format!("{tool}:")));
    }
    for note in &plan.notes {
        log.line(note);
    }
    log.debug(&format!("variables set: {}", log.variables_set().join(", ")));
    for remark in &signed_in.remarks {
        log.debug(remark);
    }
    if issued.clock_ahead_seconds.unsigned_abs() > CLOCK_TOLERANCE_SECONDS {
        let difference = clock_difference(issued.clock_ahead_seconds);
        log.warning(&format!("{difference}; correct it, or assertions will be refused"));
    }
    let life = issued.expires_at.saturating_sub(now());
    if life < SHORT_LIFE_SECONDS && !matches!(renewal, Renewal::Lasts | Renewal::Until(_)) {
        log.warning(&format!("the token expires in {life} seconds"));
    }
    format!("{identity}, until {expires_on}")
}
