//! What the bearer of a token may do: read a feed and publish to it, read repositories.
//!
//! A feed is asked at an address of its own protocol, in the form that its client uses. Who may publish is told by the list of feeds
//! in which the bearer is a contributor (Microsoft, "Feed Management - Get Feeds", `feedRole`).

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::feed::{Feed, Protocol};
use super::probe::{self, Asked, ProbeError, Refusal};
use super::side_by_side::all;
use crate::http::{CallError, Http};
use crate::kernel::dialect::USER_NAME;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// More than a job uses; a bound on what a hostile repository costs.
pub const MOST_QUESTIONS: usize = 40;

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Whose services they are.
    pub organization: &'w Organization,
    /// The feed; nothing for the organization's repositories.
    pub feed: Option<&'w Feed>,
    /// The credential.
    pub token: &'w AccessToken,
    /// The identity's object id, for the explanation of a refusal.
    pub object_id: Option<&'w str>,
}

/// What the bearer may do where it is not refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rights {
    /// It reads the feed, and may publish or not; nothing where that is not known, or the address is a view's.
    Feed(Option<bool>),
    /// It reads so many of the organization's repositories; nothing where the list is too long to count.
    Repositories(Option<usize>),
}

/// Asks side by side who may read, in the order of the questions, at most [`MOST_QUESTIONS`].
pub async fn read(http: &Http, wanted: &[Wanted<'_>]) -> Vec<Result<Rights, ProbeError>> {
    let wanted = &wanted[..wanted.len().min(MOST_QUESTIONS)];
    all(wanted.iter().map(|wanted| Box::pin(one(http, wanted))).collect()).await
}

/// The same, and who may publish.
pub async fn ask(http: &Http, wanted: &[Wanted<'_>]) -> Vec<Result<Rights, ProbeError>> {
    let wanted = &wanted[..wanted.len().min(MOST_QUESTIONS)];
    let mut scopes: Vec<Scope<'_>> = Vec::new();
    for scope in wanted.iter().filter_map(Scope::of) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let (mut outcomes, lists) =
        tokio::join!(read(http, wanted), all(scopes.iter().map(|scope| Box::pin(scope.published(http))).collect()));
    for (wanted, outcome) in wanted.iter().zip(&mut outcomes) {
        let (Ok(Rights::Feed(publishes)), Some(feed)) = (outcome, wanted.feed) else { continue };
        // Nobody publishes to a view.
        let scope = Scope::of(wanted).filter(|_| feed.view.is_none());
        let feeds = scopes.iter().zip(&lists).find(|(of, _)| Some(*of) == scope.as_ref());
        *publishes = feeds.and_then(|(_, feeds)| Some(feeds.as_ref()?.contains(&feed.name.to_lowercase())));
    }
    outcomes
}

async fn one(http: &Http, wanted: &Wanted<'_>) -> Result<Rights, ProbeError> {
    match wanted.feed {
        Some(feed) => read_feed(http, feed, wanted).await,
        None => repositories(http, wanted).await,
    }
}

async fn read_feed(http: &Http, feed: &Feed, wanted: &Wanted<'_>) -> Result<Rights, ProbeError> {
    let asked = Asked::Feed(feed.to_string());
    let answer = probe::ask(http, &asked, &address(feed), &credential(feed, wanted.token)).await?;
    if answer.status == 200 {
        return Ok(Rights::Feed(None));
    }
    match (Refusal { asked: &asked, answer: &answer, object_id: wanted.object_id }).of_status() {
        // The feed let it in, and has nothing at the address itself.
        ProbeError::Broken { status: 404 | 405, .. } => Ok(Rights::Feed(None)),
        refusal => Err(refusal),
    }
}

/// An address that costs the feed little: the protocol's own root or index.
fn address(feed: &Feed) -> String {
    let base = feed.base_url();
    match feed.protocol {
        Some(Protocol::Cargo) => format!("{base}/Cargo/index/config.json"),
        Some(Protocol::Python) => format!("{base}/pypi/simple/"),
        _ => feed.url.to_string(),
    }
}

/// As the protocol's client sends it.
fn credential(feed: &Feed, token: &AccessToken) -> String {
    let token = token.reveal();
    match feed.protocol {
        Some(Protocol::Npm | Protocol::Cargo) => format!("Bearer {token}"),
        _ => format!("Basic {}", STANDARD.encode(format!("{USER_NAME}:{token}"))),
    }
}

async fn repositories(http: &Http, wanted: &Wanted<'_>) -> Result<Rights, ProbeError> {
    let organization = wanted.organization;
    probe::member(http, organization, wanted.token, wanted.object_id).await?;
    let asked = Asked::Organization(organization.clone());
    let address = format!("{}/_apis/git/repositories?api-version=7.1", organization.url());
    let answer = match probe::ask(http, &asked, &address, &format!("Bearer {}", wanted.token.reveal())).await {
        Err(ProbeError::Call { error: CallError::TooLarge { .. }, .. }) => return Ok(Rights::Repositories(None)),
        answer => answer?,
    };
    if answer.status != 200 {
        return Err(Refusal { asked: &asked, answer: &answer, object_id: wanted.object_id }.of_status());
    }
    Ok(Rights::Repositories(Some(listed(&answer.body).map_or(0, |list| list.len()))))
}

/// The elements of a list, as every service of Azure DevOps gives it.
fn listed(body: &str) -> Option<Vec<Value>> {
    let mut json: Value = serde_json::from_str(body).ok()?;
    match json.get_mut("value").map(Value::take) {
        Some(Value::Array(list)) => Some(list),
        _ => None,
    }
}

/// Whose feeds one list holds: an organization's, or a project's.
struct Scope<'w> {
    organization: &'w Organization,
    project: Option<&'w str>,
    token: &'w AccessToken,
}

impl PartialEq for Scope<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same = (self.organization, self.project) == (other.organization, other.project);
        same && self.token.reveal() == other.token.reveal()
    }
}

impl<'w> Scope<'w> {
    fn of(wanted: &Wanted<'w>) -> Option<Self> {
        let project = wanted.feed?.project.as_deref();
        Some(Self { organization: wanted.organization, project, token: wanted.token })
    }

    /// The names and ids of the feeds that the bearer may publish to; nothing where nobody says it.
    async fn published(&self, http: &Http) -> Option<BTreeSet<String>> {
        let mut address = reqwest::Url::parse("https://feeds.dev.azure.com/").ok()?;
        let project = self.project.into_iter();
        address.path_segments_mut().ok()?.pop().push(self.organization.name()).extend(project).extend([
            "_apis",
            "packaging",
            "feeds",
        ]);
        address.set_query(Some("feedRole=contributor&api-version=7.1"));
        let asked = Asked::Organization(self.organization.clone());
        let bearer = format!("Bearer {}", self.token.reveal());
        let answer = probe::ask(http, &asked, address.as_str(), &bearer).await.ok().filter(|a| a.status == 200)?;
        let names =
            |feed: &Value| ["name", "id"].map(|key| feed.get(key).and_then(Value::as_str).map(str::to_lowercase));
        Some(listed(&answer.body)?.iter().flat_map(names).flatten().collect())
    }
}
