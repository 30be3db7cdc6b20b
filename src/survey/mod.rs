//! From what the files of the workspace name to a plan: which tools, which feeds, and what is not to be trusted.
//!
//! The rules that hold for every tool are here: only feeds of permitted organizations, no credential under a name that also
//! stands for somewhere else or past a setting that leads it elsewhere, an earlier step whose connection owns an organization
//! keeps it. Three phases: what was read, what is planned from it, and a guard over what the plan makes reachable by name.

mod feeds;
mod guard;
mod names;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::host::{Host, Look};
use crate::kernel::dialect::Dialect;
use crate::kernel::run_folder;
use crate::plan::draft::{Draft, Surroundings};
use crate::plan::names::RunNames;
use crate::plan::{Change, Deposit, Part, Plan, Template, Variable};
use crate::reach::{FeedInput, NamedBy, PermittedOrganization, Reach, main_organization};
use crate::tools::reading::{ReadFile, Reading, Sources, Unparsable};
use crate::tools::{Auto, Choice, PlanError, Tool, stands_for};

use feeds::Found;

/// What the survey goes by.
pub struct Wanted<'a> {
    /// Which tools.
    pub choice: &'a Choice,
    /// Who may see which token.
    pub reach: &'a Reach,
    /// Feeds that inputs name.
    pub feeds: &'a [FeedInput],
    /// The variable that carries the token.
    pub token_variable: &'a str,
}

/// What a tool reads.
pub struct ToolSources {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// The workspace's files that it reads and then the user's own.
    pub files: Vec<ReadFile>,
    /// Files of the workspace that could not be read, though the tool may read them.
    pub unread: Vec<Unparsable>,
    /// A file of the user's that cannot be read: it would have to stay in force, so the tool cannot be set up beside it.
    pub unusable: Option<Unparsable>,
}

/// Makes the plan of a step from what its tools have read.
pub fn plan(
    wanted: &Wanted<'_>,
    tools: &[ToolSources],
    host: &Host,
    look: &dyn Look,
    names: &RunNames,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let token = Variable::new(wanted.token_variable, Template::token()).secret();
    let expiry = Variable::new(format!("{}_EXPIRES_ON", wanted.token_variable), Template::new([Part::ExpiresOn]));
    plan.changes.extend([Change::Variable(token), Change::Variable(expiry)]);
    plan.changes.extend([Change::Program(run_folder::PROGRAM), Change::Path]);
    let mut idle: BTreeSet<usize> = (0..wanted.feeds.len()).collect();
    let (mut sent, mut unchosen) = (Vec::new(), Vec::new());
    let mut readings: Vec<(&str, Arc<Reading>)> = Vec::new();
    // The tools that are wanted and have nothing to be set up for.
    let mut without: BTreeSet<&str> = BTreeSet::new();
    for found in tools {
        let (tool, id) = (found.tool, found.tool.id());
        let sources = Sources { files: &found.files, host };
        let known = readings.iter().find(|(known, _)| tool.reads_like() == Some(known));
        let reading = known.map_or_else(|| Arc::new(tool.read(sources)), |(_, reading)| Arc::clone(reading));
        readings.push((id.name, Arc::clone(&reading)));
        let by_name = wanted.choice.wants(id.name);
        let is_used = tool.is_used(sources);
        let of_tool = feeds::of_tool(tool, &reading, &found.unread, wanted);
        let by_itself = match id.auto {
            Auto::Always => true,
            Auto::OnlyIfNamed => false,
            Auto::NamesAFeed => (of_tool.chooses || reading.puts_one_together()) && is_used,
        };
        if !by_name.unwrap_or(by_itself) {
            if is_used {
                note_unchosen(tool, &of_tool, by_name.is_some(), &mut plan);
            }
            if by_name.is_none() && is_used {
                // A warning says already why they serve nothing.
                idle.retain(|number| !(of_tool.withheld && of_tool.inputs.contains(number)));
                plan.warnings.extend(id.name, of_tool.warnings);
            }
            unchosen.push((tool, &found.files, reading));
            continue;
        }
        let Found { served, inputs, warnings, withheld, led_away, .. } = of_tool;
        plan.warnings.extend(id.name, warnings);
        idle.retain(|number| !inputs.contains(number));
        if let Some(Unparsable { file, reason, .. }) = &found.unusable {
            let (file, reason) = (file.clone(), reason.clone());
            return Err(PlanError::UserFile { tool: id.name, file, reason });
        }
        if id.speaks.is_some() && served.is_empty() && (led_away || !tool.asks_by_address()) {
            if !withheld {
                without.insert(id.name);
            }
            unchosen.push((tool, &found.files, reading));
            continue;
        }
        let is_named = by_name == Some(true);
        let is_blinded = feeds::is_blinded(&reading, &found.unread);
        let surroundings = Surroundings { host, look, names, reach: wanted.reach, is_named, is_blinded };
        tool.plan(&served, sources, &mut Draft::new(id.name, surroundings, &mut plan))?;
        sent.push((tool, &found.files, reading));
    }
    for name in wanted.choice.named.iter().flatten() {
        if tools
            .iter()
            .map(|found| found.tool.id().name)
            .filter(|tool| stands_for(name, tool))
            .all(|tool| without.contains(tool))
        {
            plan.warnings.add(name, nothing_found(name));
        }
    }
    guard::refuse_leaks(guard::guessable(&plan, names), wanted, &sent)?;
    // A tool that is not set up sees what is set for others.
    guard::refuse_leaks(guard::guessable_and_public(&plan, names), wanted, &unchosen)?;
    guard::refuse_unsearched(guard::guessable_and_public(&plan, names), tools)?;
    for number in idle {
        plan.warnings.add("", idle_input(&wanted.feeds[number]));
    }
    for_scripts(wanted.reach, &mut plan);
    Ok(plan)
}

/// Lets a later step's script ask for the token of each organization that this step's token serves.
fn for_scripts(reach: &Reach, plan: &mut Plan) {
    let main = main_organization(&reach.permitted);
    for PermittedOrganization { organization, .. } in &reach.permitted {
        let is_served = plan.grants.iter().any(|grant| grant.organization == organization.name());
        if is_served || main == Some(organization) {
            let organization = organization.clone();
            plan.deposits.push(Deposit { client: Dialect::Script, organization, feeds: None });
        }
    }
}

fn nothing_found(name: &str) -> String {
    format!(
        "{name}: no file below the working directory names a feed of a permitted organization; name the feed in the input \
         'feeds', or its organization in 'organizations'"
    )
}

fn idle_input(input: &FeedInput) -> String {
    format!(
        "the feed {} of the input 'feeds' serves no tool: name the tool in the input 'tools', or write the address that the \
         tool uses, such as …/npm/registry/",
        input.feed
    )
}

/// Says in one line that a tool which is not set up would have feeds to reach.
fn note_unchosen(tool: &dyn Tool, found: &Found, by_name: bool, plan: &mut Plan) {
    let name = tool.id().name;
    // A feed of an input that serves no tool is said once for all of them.
    let by_input = NamedBy::Feeds.to_string();
    let named: Vec<_> = found.served.iter().filter(|feed| feed.named_in != by_input).collect();
    let Some(first) = named.first() else { return };
    let further = match named.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why = if by_name {
        format!("the input 'tools' does not name {name}")
    } else {
        format!("only files of your own name it; add {name} to the input 'tools'")
    };
    plan.notes.push(format!("{name}: not set up for {} ({}){further}: {why}", first.feed, first.named_in));
}

#[cfg(test)]
mod gradle_shapes;
#[cfg(test)]
mod nuget_tests;
#[cfg(test)]
mod peril_tests;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;
