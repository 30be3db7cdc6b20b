//! A look at feeds that themselves say to which hosts a client sends the token.
//!
//! Some clients send it wherever a file of the feed leads them. So that file is read before any token is handed out, and the
//! client's tool judges it.

use std::collections::BTreeMap;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};

use super::feed::Feed;
use super::side_by_side::all;
use crate::diagnosis::Explanation;
use crate::http::retry::usual;
use crate::http::{Call, Http, azure_devops_headers, not_json, secret_header};
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// What a feed itself says of where a client sends the token, and who can judge it.
#[derive(Debug)]
pub struct Statement {
    /// The client, by its name in the input `tools`.
    pub client: &'static str,
    /// What holds the statement, in words: "index".
    pub holder: &'static str,
    /// The file below the feed's address.
    pub file: &'static str,
    /// Whether the client may have the token by this file's text; else why not, in a clause.
    pub judge: fn(&str, &Feed) -> Result<(), String>,
}

/// More than a job uses; a bound on what a hostile repository costs.
const MOST_FEEDS: usize = 40;

/// Feeds that were looked at and may not have the token, by their URLs, and why, in a clause.
pub type Withheld = BTreeMap<String, String>;

/// Looks at feeds, side by side. Gives those that must not have the token, and why.
pub async fn look<'t>(
    http: &Http,
    feeds: impl Iterator<Item = (&Feed, &'static Statement)>,
    token: &dyn Fn(&Organization) -> &'t AccessToken,
) -> Withheld {
    let feeds: Vec<(&Feed, &Statement)> = feeds.collect();
    let mut withheld = Withheld::new();
    for (feed, statement) in feeds.iter().skip(MOST_FEEDS) {
        let reason = format!("only the first {MOST_FEEDS} feeds of {} are looked at", statement.client);
        withheld.insert(feed.url.to_string(), reason);
    }
    let looks = feeds.iter().take(MOST_FEEDS);
    let looks = looks.map(|(feed, statement)| Box::pin(look_at(http, feed, statement, token(&feed.organization))));
    let outcomes = all(looks.collect()).await;
    let refused =
        feeds.iter().zip(outcomes).filter_map(|((feed, _), outcome)| Some((feed.url.to_string(), outcome.err()?)));
    withheld.extend(refused);
    withheld
}

async fn look_at(http: &Http, feed: &Feed, statement: &Statement, token: &AccessToken) -> Result<(), String> {
    let Statement { client, holder, file, judge } = statement;
    let address = format!("{}/{file}", feed.url.as_str().trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|_| format!("its {holder} has no address"))?;
    let mut headers = azure_devops_headers();
    headers.extend(secret_header(&format!("Bearer {}", token.reveal())).map(|bearer| (AUTHORIZATION, bearer)));
    let call = Call { method: Method::GET, url, headers, body: None, again: &usual };
    let unread = |why: &str| {
        format!("its {holder}, which tells where {client} would send the token, could not be read first: {why}")
    };
    let answer = http.send(&call).await.map_err(|error| {
        let Explanation { headline, remedy, .. } = Explanation::of(&error);
        unread(&format!("{headline}; {remedy}"))
    })?;
    match answer.status {
        200 => judge(&answer.body, feed),
        401 | 403 => Err(unread(&format!(
            "the feed refuses the identity (HTTP {}); set its role there to 'Feed and Upstream Reader (Collaborator)'",
            answer.status
        ))),
        404 => Err(unread("there is no such feed, or the identity may not see it (HTTP 404)")),
        status @ 300..=399 => Err(unread(&format!("it leads elsewhere (HTTP {status})"))),
        status => Err(unread(&format!("HTTP {status}, {}", not_json(&answer)))),
    }
}
