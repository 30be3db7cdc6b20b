//! An answer as text and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Answer, JSON_VERSION};
use crate::diagnosis::causes::{Again, Owner, Place, Stranger};
use crate::diagnosis::harmless;

/// Who can mend it where another program than this task speaks.
const OTHER_AUTHOR: &str = "whoever wrote the program that asks";

pub fn as_text(answer: &Answer) -> String {
    let mut text = format!("{}: {}\n", answer.name, answer.headline);
    if let Some(place) = &answer.place {
        _ = writeln!(text, "  {:<14} {}", "place", shown(place));
    }
    for fact in &answer.facts {
        _ = writeln!(text, "  {:<14} {}{}", fact.name, fact.value, fact.note());
    }
    let doubt = if answer.is_guess { "This is a guess: no host of Azure DevOps stands near. " } else { "" };
    _ = writeln!(text, "why: {doubt}{}\nremedy: {}", answer.meaning, answer.remedy);
    if let Some(cause) = answer.cause {
        _ = writeln!(text, "who: {}", answer.owner().map_or(OTHER_AUTHOR, Owner::title));
        _ = writeln!(text, "running again helps: {}", cause.again.title());
    }
    let (as_likely, others): (Vec<_>, Vec<_>) = answer.others.iter().partition(|other| other.is_as_likely);
    for other in as_likely {
        _ = writeln!(text, "as likely: {}\n  remedy: {}", other.shown(), other.remedy);
    }
    if !others.is_empty() {
        let others: Vec<String> = others.into_iter().map(super::Other::shown).collect();
        _ = writeln!(text, "the text also names: {}", others.join(", "));
    }
    for note in notes(&answer.strangers, &answer.left_out) {
        _ = writeln!(text, "{note}");
    }
    text
}

/// What is said besides: trouble of other hosts, and what was not read.
pub fn notes(strangers: &[Stranger], left_out: &[String]) -> Vec<String> {
    let stranger = |stranger: &Stranger| {
        let headline = stranger.cause.headline;
        let what = format!("not of Azure DevOps or Entra: {}: {headline} ({})", stranger.host, shown(&stranger.place));
        harmless(&what)
    };
    let left_out = left_out.iter().map(|what| harmless(&format!("not read: {what}")));
    strangers.iter().map(stranger).chain(left_out).collect()
}

fn shown(place: &Place) -> String {
    let file = place.file.as_ref().map(|file| format!("{file}, ")).unwrap_or_default();
    let step = place.step.as_ref().map(|step| format!(", in the step {step}")).unwrap_or_default();
    let shown = harmless(&format!("{file}line {}{step}", place.line));
    shown.chars().take(300).collect()
}

pub fn as_json(answer: &Answer) -> Value {
    let facts: serde_json::Map<String, Value> =
        answer.facts.iter().map(|fact| (camel_case(fact.name), json!(fact.value))).collect();
    json!({
        "version": JSON_VERSION,
        "name": answer.name,
        "known": answer.cause.is_some(),
        "guess": answer.is_guess,
        "codes": answer.cause.map(|cause| cause.codes().collect::<Vec<_>>()),
        "headline": answer.headline,
        "meaning": answer.meaning,
        "remedy": answer.remedy,
        "owner": answer.cause.map(|_| answer.owner().map_or("otherAuthor", owner_key)),
        "again": answer.cause.map(|cause| again_key(cause.again)),
        "place": answer.place.as_ref().map(as_place),
        "facts": facts,
        "asLikely": answer.others.iter().filter(|other| other.is_as_likely).map(|other| &other.name).collect::<Vec<_>>(),
        "others": answer.others.iter().map(super::Other::shown).collect::<Vec<_>>(),
        "notes": notes(&answer.strangers, &answer.left_out),
    })
}

fn as_place(place: &Place) -> Value {
    json!({ "file": place.file.as_deref(), "step": place.step.as_deref(), "line": place.line })
}

fn camel_case(words: &str) -> String {
    let mut key = String::new();
    for (number, word) in words.split(' ').enumerate() {
        let (first, rest) = word.split_at(usize::from(number > 0).min(word.len()));
        key += &(first.to_ascii_uppercase() + rest);
    }
    key
}

fn owner_key(owner: Owner) -> &'static str {
    match owner {
        Owner::PipelineAuthor => "pipelineAuthor",
        Owner::ProjectAdministrator => "projectAdministrator",
        Owner::IdentityOwner => "identityOwner",
        Owner::TenantAdministrator => "tenantAdministrator",
        Owner::OrganizationAdministrator => "organizationAdministrator",
        Owner::FeedOwner => "feedOwner",
        Owner::AgentAdministrator => "agentAdministrator",
        Owner::NetworkAdministrator => "networkAdministrator",
        Owner::Service => "service",
        Owner::ThisTask => "thisTask",
    }
}

fn again_key(again: Again) -> &'static str {
    match again {
        Again::No => "no",
        Again::AtOnce => "atOnce",
        Again::AfterAWhile => "afterAWhile",
        Again::AfterMinutes => "afterMinutes",
    }
}
