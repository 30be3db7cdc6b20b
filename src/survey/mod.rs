//! From what the files of the workspace name to a plan: which tools, which feeds, and what is not to be trusted.
//!
//! The rules that hold for every tool are here: only feeds of permitted organizations, no credential under a name that also
//! stands for somewhere else, an earlier step whose connection owns an organization keeps it.

mod leaks;
mod names;

use std::collections::BTreeSet;

use crate::azure_devops::feed::Feed;
use crate::host::{Host, Look};
use crate::kernel::organization::Organization;
use crate::plan::{Change, Part, Plan, Template, Variable};
use crate::reach::{FeedInput, Grant, PermittedOrganization, Standing, Unserved};
use crate::tools::git::Delivery;
use crate::tools::{
    Binding, Hidden, Mention, Origin, PlanError, Request, ServedFeed, ServedOrganization, SourceFile, TOOLS, Tool,
    Unparsable, token_variable,
};

/// Which tools are wanted.
#[derive(Clone)]
pub enum Choice {
    /// Every tool whose configuration names a feed, and those that need none.
    Auto,
    /// These.
    Named(Vec<&'static dyn Tool>),
}

/// What the survey goes by.
pub struct Wanted<'a> {
    /// Which tools.
    pub choice: Choice,
    /// Organizations that may see the token.
    pub permitted: &'a [PermittedOrganization],
    /// Feeds that inputs name.
    pub feeds: &'a [FeedInput],
    /// Organizations that would be permitted, and give this identity nothing: why not.
    pub unserved: &'a Unserved,
    /// What earlier steps of the job set up and still holds.
    pub grants: &'a [Grant],
    /// How git is to get its credentials.
    pub git_credential: Delivery,
    /// The variable that carries the token.
    pub token_variable: &'a str,
}

/// What a tool reads.
#[derive(Debug, Default)]
pub struct ToolFiles {
    /// The workspace's files that it reads and then the user's own.
    pub files: Vec<SourceFile>,
    /// Files of the workspace that could not be read, though the tool may read them.
    pub unread: Vec<Unparsable>,
    /// A file of the user's that cannot be read: it would have to stay in force, so the tool cannot be set up beside it.
    pub unusable: Option<Unparsable>,
}

/// A plan, and what it sets up for later steps to know.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The plan.
    pub plan: Plan,
    /// For which tools and organizations this step's token serves.
    pub grants: Vec<Grant>,
}

/// The tools whose files are worth reading.
pub fn candidates(choice: &Choice) -> Vec<&'static dyn Tool> {
    match choice {
        Choice::Auto => TOOLS.to_vec(),
        Choice::Named(tools) => tools.clone(),
    }
}

/// Makes the plan of a step.
///
/// `files` gives what each tool reads.
pub fn plan(
    wanted: &Wanted<'_>,
    files: &dyn Fn(&'static dyn Tool) -> ToolFiles,
    host: &Host,
    look: &dyn Look,
) -> Result<Outcome, PlanError> {
    let mut outcome = Outcome::default();
    let mut warnings = BTreeSet::new();
    let mut idle: BTreeSet<usize> = (0..wanted.feeds.len()).collect();
    let token = Variable::own(wanted.token_variable, Template::token());
    let expiry = Variable::own(format!("{}_EXPIRES_ON", wanted.token_variable), Template::new([Part::ExpiresOn]));
    outcome.plan.changes.extend([Change::Variable(token), Change::Variable(expiry)]);
    for tool in candidates(&wanted.choice) {
        let ToolFiles { files, unread, unusable } = files(tool);
        let found = feeds_of(tool, &files, unread, wanted, host)?;
        warnings.extend(found.warnings);
        let chosen = match &wanted.choice {
            Choice::Named(_) => true,
            Choice::Auto => tool.protocol().is_none() || found.chooses,
        };
        if !chosen {
            continue;
        }
        idle.retain(|number| !found.inputs.contains(number));
        if let Some(Unparsable { file, reason, .. }) = unusable {
            return Err(PlanError::UserFile { tool: tool.name(), file, reason });
        }
        if tool.protocol().is_some() && found.feeds.is_empty() {
            warnings.insert(format!(
                "{}: no file below the working directory names a feed of a permitted organization; name the feed in the input \
                 'feeds', or its organization in 'organizations'",
                tool.name()
            ));
            continue;
        }
        plan_tool(tool, wanted, &files, &found.feeds, host, look, &mut outcome)?;
    }
    warnings.extend(idle.into_iter().map(|number| {
        format!(
            "the feed {} of the input 'feeds' serves no tool: name the tool in the input 'tools', or give the address that the \
             tool uses, such as …/npm/registry/",
            wanted.feeds[number].feed
        )
    }));
    outcome.plan.warnings.extend(warnings);
    outcome.plan.user_names.sort();
    outcome.plan.user_names.dedup();
    Ok(outcome)
}

fn plan_tool(
    tool: &'static dyn Tool,
    wanted: &Wanted<'_>,
    files: &[SourceFile],
    feeds: &[ServedFeed],
    host: &Host,
    look: &dyn Look,
    outcome: &mut Outcome,
) -> Result<(), PlanError> {
    let standing = |organization: &Organization| {
        wanted.permitted.iter().find(|p| p.organization == *organization).map_or(Standing::Permitted, |p| p.standing)
    };
    let serves = |organization: &Organization| {
        let earlier = wanted
            .grants
            .iter()
            .filter(|grant| grant.tool == tool.name() && grant.organization == organization.name())
            .map(|grant| grant.standing)
            .max();
        earlier.is_none_or(|earlier| standing(organization) >= earlier)
    };
    let organizations: Vec<ServedOrganization> = wanted
        .permitted
        .iter()
        .map(|permitted| ServedOrganization {
            organization: permitted.organization.clone(),
            spellings: permitted.spellings.iter().cloned().collect(),
            serves: serves(&permitted.organization),
            named_in: permitted.named_in(),
        })
        .collect();
    // What a tool reaches the token by stands before what refers to it.
    let reached: BTreeSet<&Organization> = if tool.protocol().is_none() {
        organizations.iter().map(|served| &served.organization).collect()
    } else {
        feeds.iter().map(|served| &served.feed.organization).collect()
    };
    for organization in reached.into_iter().filter(|organization| serves(organization)) {
        let variable = Variable::own(token_variable(tool.name(), organization), Template::token_for(organization));
        outcome.plan.changes.push(Change::Variable(variable));
        outcome.grants.push(Grant {
            tool: tool.name().to_owned(),
            organization: organization.name().to_owned(),
            standing: standing(organization),
        });
    }
    let request = Request {
        feeds,
        organizations: &organizations,
        serves: &serves,
        files,
        host,
        look,
        git_credential: wanted.git_credential,
    };
    tool.plan(&request, &mut outcome.plan)
}

/// What the files and inputs name for one tool.
#[derive(Default)]
struct Found {
    feeds: Vec<ServedFeed>,
    /// Whether it is the workspace or an input that names one, and not only the user's own files.
    chooses: bool,
    /// The numbers of the feeds that inputs name for it.
    inputs: Vec<usize>,
    warnings: Vec<String>,
}

fn feeds_of(
    tool: &'static dyn Tool,
    files: &[SourceFile],
    unread: Vec<Unparsable>,
    wanted: &Wanted<'_>,
    host: &Host,
) -> Result<Found, PlanError> {
    let mut found = Found::default();
    let mut mentions = Vec::new();
    let mut hiding = Vec::new();
    for mention in tool.mentions(files, host).into_iter().chain(unread.into_iter().map(Err)) {
        match mention {
            Ok(mention) => mentions.push(mention),
            Err(file) if file.hides != Hidden::Nothing && tool.binding() == Binding::Name => hiding.push(file),
            Err(file) if file.origin == Origin::Dependency => {}
            Err(Unparsable { file, reason, .. }) => {
                found.warnings.push(left_alone(tool, &file, &reason));
            }
        }
    }
    let permitted = |organization: &Organization| wanted.permitted.iter().any(|p| p.organization == *organization);
    let permitted_feed = |url: &str| Feed::parse(url).filter(|feed| permitted(&feed.organization));
    leaks::Secrets::new(wanted, host).refuse_leaks(tool, &mentions, &tool.credentials(files, host), &permitted)?;
    let mut served: Vec<(ServedFeed, bool)> = Vec::new();
    for mention in mentions.iter().filter(|mention| mention.origin != Origin::Dependency) {
        if let Some(feed) = permitted_feed(&mention.url) {
            if feed.protocol.is_none_or(|protocol| Some(protocol) == tool.protocol()) && tool.protocol().is_some() {
                let named_in = mention.file.clone();
                served.push((
                    ServedFeed { name: mention.name.clone(), feed, named_in },
                    mention.origin == Origin::Workspace,
                ));
            }
        } else if let Some(other) = Organization::of_url(&mention.url).filter(|other| !permitted(other)) {
            found.warnings.push(unlisted(tool, mention, &other, wanted.unserved.get(&other)));
        } else if let Some(plain) = mention.url.strip_prefix("http://")
            && let Some(feed) = Feed::parse(&format!("https://{plain}"))
        {
            found.warnings.push(format!(
                "{}: {} names the feed {feed} over http, so it gets no token; write https",
                tool.name(),
                mention.file
            ));
        }
    }
    for (number, input) in wanted.feeds.iter().enumerate() {
        let feed = match input.feed.protocol {
            Some(protocol) if Some(protocol) == tool.protocol() => Some(input.feed.clone()),
            None if tool.protocol().is_some() => Feed::parse(&tool.feed_url(&input.feed)),
            _ => None,
        };
        if let Some(feed) = feed {
            let name = Some(input.name.clone().unwrap_or_else(|| feed.name.clone()));
            let chooses = input.feed.protocol.is_some();
            found.inputs.push(number);
            served.push((ServedFeed { name, feed, named_in: "the input 'feeds'".to_owned() }, chooses));
        }
    }
    if tool.binding() == Binding::Name {
        names::withhold_doubtful_names(tool, &mentions, &mut served, &permitted_feed, &mut found.warnings);
        names::withhold_hidden_names(tool, &hiding, &mut served, &mut found.warnings);
    }
    found.chooses = served.iter().any(|(_, chooses)| *chooses);
    // What the repository names goes before what the user's own files repeat.
    served.sort_by_key(|(_, chooses)| !chooses);
    let mut seen = BTreeSet::new();
    for (feed, _) in served {
        let name = feed.name.as_deref().map(|name| tool.name_key(name));
        if seen.insert((name.filter(|_| tool.binding() == Binding::Name), feed.feed.url.to_string())) {
            found.feeds.push(feed);
        }
    }
    Ok(found)
}

fn left_alone(tool: &'static dyn Tool, file: &str, reason: &str) -> String {
    format!("{}: {file} is left alone, since it cannot be read: {reason}", tool.name())
}

fn unlisted(tool: &'static dyn Tool, mention: &Mention, other: &Organization, unserved: Option<&String>) -> String {
    let what =
        Feed::parse(&mention.url).map_or_else(|| format!("a repository of {other}"), |feed| format!("the feed {feed}"));
    if let Some(reason) = unserved {
        return format!("{}: {} names {what}, which gets no token: {reason}", tool.name(), mention.file);
    }
    format!(
        "{}: {} names {what}, whose organization is not permitted, so it gets no token; to permit it, add '{other}' to the \
         input 'organizations'",
        tool.name(),
        mention.file
    )
}

#[cfg(test)]
mod tests;
