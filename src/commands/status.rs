//! Says what the steps of this job have set up, by what they noted themselves. No network, and no token.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::later::SetUps;
use super::{json, print};
use crate::agent::job::Job;
use crate::apply::facts::TokenFacts;
use crate::cli::{Format, Later};
use crate::diagnosis::harmless;
use crate::kernel::clock::{now, rfc3339};

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// Runs the command.
pub fn run(arguments: &Later) -> anyhow::Result<()> {
    let runs = SetUps::find(&Job::from_environment())?;
    print(&match arguments.format {
        Format::Text => as_text(&runs),
        Format::Json => json(&as_json(&runs)),
    });
    Ok(())
}

/// The tokens, the latest step's first.
fn tokens(runs: &SetUps) -> impl Iterator<Item = &TokenFacts> {
    runs.0.iter().rev().flat_map(|run| &run.facts.tokens)
}

/// What no step serves, and why.
fn left_out(runs: &SetUps) -> BTreeSet<(&str, &str)> {
    let served = |name: &str| tokens(runs).any(|token| token.organizations.contains_key(name));
    let all = runs.0.iter().rev().flat_map(|run| &run.facts.left_out);
    all.filter(|(name, _)| !served(name)).map(|(name, reason)| (name.as_str(), reason.as_str())).collect()
}

/// What the steps warned of, each once, the latest step's first.
fn warnings(runs: &SetUps) -> Vec<&str> {
    let mut said = Vec::new();
    for warning in runs.0.iter().rev().flat_map(|run| &run.facts.warnings) {
        if !said.contains(&warning.as_str()) {
            said.push(warning);
        }
    }
    said
}

/// Whole minutes until a token ends; nothing where it has.
fn minutes_left(token: &TokenFacts) -> Option<u64> {
    token.expires_at.checked_sub(now()).filter(|seconds| *seconds > 0).map(|seconds| seconds / 60)
}

/// Whose token it is.
pub fn shown(token: &TokenFacts) -> String {
    let id = |what: &str, id: &Option<String>| id.as_ref().map(|id| format!("{what} {id}"));
    let parts =
        [token.name.clone(), id("client", &token.client), id("object", &token.object), id("tenant", &token.tenant)];
    harmless(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn as_text(runs: &SetUps) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| _ = writeln!(text, "{:<9} {}", format!("{name}:"), harmless(&value));
    for token in tokens(runs) {
        let organizations: Vec<&str> = token.organizations.keys().map(String::as_str).collect();
        let end = match minutes_left(token) {
            Some(minutes) => format!("until {} ({minutes} minutes left)", rfc3339(token.expires_at)),
            None => format!("ended at {}: run AdoEntraAuth@1 again", rfc3339(token.expires_at)),
        };
        line("Identity", shown(token));
        line("Token", format!("for {}, {end}", organizations.join(", ")));
    }
    for (served, _) in runs.served() {
        line(&served.tool, format!("{} ({}), {}", served.target, served.named_in, served.source[1]));
    }
    for (organization, reason) in left_out(runs) {
        line("Left out", format!("{organization}: {reason}"));
    }
    for warning in warnings(runs) {
        line("Warning", warning.to_owned());
    }
    text
}

fn as_json(runs: &SetUps) -> Value {
    let token = |token: &TokenFacts| {
        json!({
            "name": token.name,
            "clientId": token.client,
            "tenantId": token.tenant,
            "objectId": token.object,
            "organizations": token.organizations.keys().collect::<Vec<_>>(),
            "expiresOn": rfc3339(token.expires_at),
            "minutesLeft": minutes_left(token).unwrap_or_default(),
        })
    };
    let served = runs.served().into_iter().map(|(served, run)| {
        json!({
            "tool": served.tool,
            "target": served.target,
            "organization": served.organization,
            "url": served.url,
            "namedIn": served.named_in,
            "tokenSource": served.source[0],
            "clientId": run.identity(&served.organization).and_then(|token| token.client.as_ref()),
        })
    });
    let left_out = left_out(runs).into_iter();
    json!({
        "version": JSON_VERSION,
        "identities": tokens(runs).map(token).collect::<Vec<_>>(),
        "served": served.collect::<Vec<_>>(),
        "leftOut": left_out.map(|(of, reason)| json!({ "organization": of, "reason": reason })).collect::<Vec<_>>(),
        "warnings": warnings(runs),
    })
}
