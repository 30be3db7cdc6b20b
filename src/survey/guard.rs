//! References to our variables that the repository would send somewhere else.
//!
//! A file of the repository cannot know the names that are new in each run. What is left to guard are the names that are the same
//! in every job: the variable that carries the token, which is a script's only where its `env:` maps it, and those by which
//! some clients get the token itself.

use std::sync::Arc;

use super::{ToolSources, Wanted};
use crate::plan::names::RunNames;
use crate::plan::{Plan, Variable, Visibility};
use crate::tools::reading::{Hidden, Origin, Place, ReadFile, Reading, Receiver, Unparsable, may_mean};
use crate::tools::{PlanError, Tool};

/// Refuses to set anything up where a file of the repository refers to one of these variables, unless what refers to it goes to
/// permitted organizations only. What the user's own files do is the user's.
pub(super) fn refuse_leaks<'p>(
    variables: impl Iterator<Item = &'p Variable>,
    wanted: &Wanted<'_>,
    tools: &[(&'static dyn Tool, &Vec<ReadFile>, Arc<Reading>)],
) -> Result<(), PlanError> {
    let guarded: Vec<String> = variables.map(|variable| variable.name.clone()).collect();
    for (tool, files, reading) in tools {
        for file in files.iter().filter(|file| file.source.origin != Origin::User) {
            let Some(references) = file.references.as_ref() else {
                unsearched(*tool, &file.source.shown, "it refers to too many variables", &guarded)?;
                continue;
            };
            for (found, line) in references {
                let Some(variable) = guarded.iter().find(|name| may_mean(found, name)) else { continue };
                let goes = receivers(*tool, reading, &file.source.shown, *line, variable);
                let elsewhere = goes.iter().find(|url| !wanted.reach.may_see(url));
                if goes.is_empty() || elsewhere.is_some() {
                    let place = Place::line(&file.source, *line).to_string();
                    let host = elsewhere.and_then(|url| url::Url::parse(url).ok()?.host_str().map(str::to_owned));
                    let address = host.filter(|host| !host.contains('$')).unwrap_or_else(|| "an address".to_owned());
                    return Err(PlanError::Leak { tool: tool.id().name, place, variable: variable.clone(), address });
                }
            }
        }
    }
    Ok(())
}

/// The same for files that nobody has searched, where every later step has one of these variables.
pub(super) fn refuse_unsearched<'p>(
    variables: impl Iterator<Item = &'p Variable>,
    tools: &[ToolSources],
) -> Result<(), PlanError> {
    let guarded: Vec<String> = variables.map(|variable| variable.name.clone()).collect();
    for found in tools {
        let may_send = |file: &&Unparsable| file.origin != Origin::User && file.hides == Hidden::Everything;
        for file in found.unread.iter().filter(may_send) {
            unsearched(found.tool, &file.file, &file.reason, &guarded)?;
        }
    }
    Ok(())
}

fn unsearched(tool: &dyn Tool, file: &str, reason: &str, guarded: &[String]) -> Result<(), PlanError> {
    let Some(variable) = guarded.first().cloned() else { return Ok(()) };
    Err(PlanError::Unsearched { tool: tool.id().name, file: file.to_owned(), variable, reason: reason.to_owned() })
}

/// The variables of a plan that hold the token under a name that somebody can write down beforehand.
pub(super) fn guessable<'p>(plan: &'p Plan, names: &RunNames) -> impl Iterator<Item = &'p Variable> + use<'p> {
    let ours: Vec<String> = plan.served.iter().map(|served| names.reference(&served.organization)).collect();
    let holds = plan.variables().filter(|variable| variable.value.holds_token());
    holds.filter(move |variable| !ours.contains(&variable.name))
}

/// Those of them that every later step has in its environment.
pub(super) fn guessable_and_public<'p>(
    plan: &'p Plan,
    names: &RunNames,
) -> impl Iterator<Item = &'p Variable> + use<'p> {
    guessable(plan, names).filter(|variable| variable.visibility == Visibility::Public)
}

/// The addresses to which a tool sends what refers to a variable on a line of a file; none where that is not known.
fn receivers(tool: &dyn Tool, reading: &Reading, shown: &str, line: usize, variable: &str) -> Vec<String> {
    let here = |place: &Place| match place {
        Place::File { shown: file, line: at, .. } => file == shown && at.is_none_or(|at| at == line),
        Place::Variable(_) | Place::BuiltIn(_) => false,
    };
    let variable = variable.to_ascii_uppercase();
    let refers = |text: &str| text.to_ascii_uppercase().contains(&variable);
    let in_addresses = reading.mentions.iter().filter(|mention| here(&mention.place) && refers(&mention.url));
    let mut urls: Vec<String> = in_addresses.map(|mention| mention.url.clone()).collect();
    for sent in reading.sends.iter().filter(|sent| here(&sent.place) && refers(&sent.text)) {
        match &sent.receiver {
            Receiver::Url(url) => urls.push(url.clone()),
            Receiver::Name(name) => {
                let key = tool.name_key(name);
                let named = reading
                    .mentions
                    .iter()
                    .filter(|mention| mention.name.as_deref().is_some_and(|name| tool.name_key(name) == key));
                urls.extend(named.map(|mention| mention.url.clone()));
            }
        }
    }
    urls
}
