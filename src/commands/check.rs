//! Asks each feed and organization that this job serves whether it lets the identity in, with the credential that its tool uses.

use std::fmt::Write;

use serde_json::{Value, json};

use super::later::SetUps;
use super::status::shown;
use super::stop::{Stop, block_on};
use super::{json, print, warn};
use crate::agent::job::Job;
use crate::apply::facts::{ServedFacts, TokenFacts};
use crate::azure_devops::feed::Feed;
use crate::azure_devops::rights::{self, MOST_QUESTIONS, Rights, Wanted};
use crate::cli::{Format, Later};
use crate::diagnosis::{Explanation, harmless};
use crate::http::{Deadline, Http};
use crate::identity::session::NETWORK_LIMIT;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;
use crate::tools;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// What is asked, with what.
struct Question<'r> {
    served: &'r ServedFacts,
    identity: Option<&'r TokenFacts>,
    organization: Organization,
    feed: Option<Feed>,
    /// Nothing where there is none any more.
    token: Result<AccessToken, Explanation>,
}

/// What it came to.
struct Answer<'q> {
    question: &'q Question<'q>,
    outcome: Result<Rights, Explanation>,
}

/// Runs the command.
pub fn run(arguments: &Later) -> anyhow::Result<()> {
    let job = Job::from_environment();
    let runs = SetUps::find(&job)?;
    let questions = questions(&runs)?;
    let answers = answers(&job, &questions)?;
    print(&match arguments.format {
        Format::Text => as_text(&answers),
        Format::Json => json(&as_json(&answers)),
    });
    let unasked = questions.len().saturating_sub(answers.len());
    if unasked > 0 {
        warn(&format!("only the first {MOST_QUESTIONS} were asked; {unasked} more are set up"));
    }
    match answers.iter().filter(|answer| answer.outcome.is_err()).count() {
        0 => Ok(()),
        refused => Err(anyhow::anyhow!(
            "{refused} of {} do not let the identity in\nremedy: follow the remedy that stands above with each",
            answers.len()
        )),
    }
}

fn questions(runs: &SetUps) -> Result<Vec<Question<'_>>, Stop> {
    let mut questions = Vec::new();
    // Where no file tells the feed, there is none to ask.
    let is_open = |served: &ServedFacts| served.url.is_none() && tools::asks_by_address(&served.tool);
    for (served, run) in runs.served().into_iter().filter(|(served, _)| !is_open(served)) {
        let Ok(organization) = Organization::parse(&served.organization) else { continue };
        let token = match run.token(&organization) {
            Ok(issued) => Ok(issued.token),
            Err(Stop::Explained(explanation)) => Err(explanation),
            Err(cancelled) => return Err(cancelled),
        };
        let identity = run.identity(&served.organization);
        let feed = served.url.as_deref().and_then(Feed::parse);
        questions.push(Question { served, identity, organization, feed, token });
    }
    Ok(questions)
}

fn answers<'q>(job: &Job, questions: &'q [Question<'q>]) -> Result<Vec<Answer<'q>>, Stop> {
    let (network, warnings) = job.network();
    for warning in warnings {
        warn(&warning);
    }
    let http = Http::new(&network, Deadline::after(NETWORK_LIMIT))?;
    let wanted = |question: &'q Question<'q>| {
        let Question { organization, feed, identity, token, .. } = question;
        let object_id = identity.and_then(|identity| identity.object.as_deref());
        Some(Wanted { organization, feed: feed.as_ref(), token: token.as_ref().ok()?, object_id })
    };
    let asked: Vec<Wanted<'_>> = questions.iter().filter_map(wanted).collect();
    let mut rights = block_on(async { Ok(rights::ask(&http, &asked).await) })?.into_iter();
    let answer = |question: &'q Question<'q>| {
        let outcome = match &question.token {
            Ok(_) => rights.next()?.map_err(|error| Explanation::of(&error)),
            Err(explanation) => Err(explanation.clone()),
        };
        Some(Answer { question, outcome })
    };
    Ok(questions.iter().filter_map(answer).collect())
}

/// What it may do, as the end of a sentence.
fn said(rights: &Rights) -> String {
    match rights {
        Rights::Feed(Some(true)) => "reads and publishes".to_owned(),
        Rights::Feed(Some(false)) => "reads, and may not publish".to_owned(),
        Rights::Feed(None) => "reads".to_owned(),
        Rights::Repositories(Some(1)) => "reads 1 repository".to_owned(),
        Rights::Repositories(Some(count)) => format!("reads {count} repositories"),
        Rights::Repositories(None) => "reads more repositories than are counted".to_owned(),
    }
}

fn as_text(answers: &[Answer<'_>]) -> String {
    let mut text = String::new();
    for Answer { question: Question { served, identity, .. }, outcome } in answers {
        let who = identity.map(|identity| identity.name.clone().unwrap_or_else(|| shown(identity))).unwrap_or_default();
        let what = match outcome {
            Ok(rights) => format!("{who} {}", said(rights)),
            Err(explanation) => explanation.to_string(),
        };
        let lines: Vec<String> = what.lines().map(harmless).collect();
        let of = harmless(&format!("{} ({})", served.target, served.named_in));
        _ = writeln!(text, "{:<9} {of}: {}", format!("{}:", served.tool), lines.join("\n          "));
    }
    text
}

fn as_json(answers: &[Answer<'_>]) -> Value {
    let answer = |Answer { question: Question { served, identity, .. }, outcome }: &Answer<'_>| {
        let (publishes, repositories) = match outcome {
            Ok(Rights::Feed(publishes)) => (*publishes, None),
            Ok(Rights::Repositories(count)) => (None, *count),
            Err(_) => (None, None),
        };
        let refused = outcome.as_ref().err();
        json!({
            "tool": served.tool,
            "target": served.target,
            "organization": served.organization,
            "url": served.url,
            "namedIn": served.named_in,
            "name": identity.and_then(|identity| identity.name.as_ref()),
            "clientId": identity.and_then(|identity| identity.client.as_ref()),
            "reads": refused.is_none(),
            "publishes": publishes,
            "repositories": repositories,
            "error": refused.map(|explanation| &explanation.headline),
            "remedy": refused.map(|explanation| &explanation.remedy),
            "cause": refused.and_then(|explanation| explanation.cause).map(|cause| cause.name),
        })
    };
    json!({ "version": JSON_VERSION, "checks": answers.iter().map(answer).collect::<Vec<_>>() })
}
