//! A look at feeds that themselves say to which hosts a client sends the token.
//!
//! cargo sends it wherever the index's `config.json` has `dl` or `api` lead (measured with cargo 1.95), and the provider is told of
//! the index only. So that file is read before any token is handed out.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use super::feed::Feed;
use crate::diagnosis::{Explanation, first_sentence};
use crate::http::retry::usual;
use crate::http::{Call, Http, azure_devops_headers, not_json, secret_header};
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// More than a job uses; a bound on what a hostile repository costs.
const MOST_FEEDS: usize = 40;

/// Feeds that were looked at and may not have the token, by their URLs, and why, in a clause.
pub type Withheld = BTreeMap<String, String>;

/// Why a feed's own word speaks against handing out the token.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Astray {
    /// It leads clients to another host.
    #[error("its index has cargo send {what} to {host}, which is not the organization's, with the token")]
    Elsewhere {
        /// What is sent there.
        what: &'static str,
        /// The host, or the address where it is none.
        host: String,
    },
    /// It cannot be understood.
    #[error("its index cannot be understood: {0}")]
    Unclear(String),
}

/// Whether cargo may use the index with the token, by the index's `config.json`.
pub fn judge(config: &str, feed: &Feed) -> Result<(), Astray> {
    let config: Value =
        serde_json::from_str(config).map_err(|_| Astray::Unclear("config.json is no JSON".to_owned()))?;
    let addresses = [("dl", "downloads", true), ("api", "uploads", false)];
    for (key, what, is_needed) in addresses {
        match config.get(key) {
            Some(Value::String(url)) if feed.organization.may_see_token(url) => {}
            Some(Value::String(url)) => {
                let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
                let host = first_sentence(host.as_deref().unwrap_or(url));
                return Err(Astray::Elsewhere { what, host });
            }
            None | Some(Value::Null) if !is_needed => {}
            _ => return Err(Astray::Unclear(format!("config.json has no address under '{key}'"))),
        }
    }
    Ok(())
}

/// Looks at feeds, side by side. Gives those that must not have the token, and why.
pub async fn look<'t>(
    http: &Http,
    feeds: impl Iterator<Item = &Feed>,
    token: &dyn Fn(&Organization) -> &'t AccessToken,
) -> Withheld {
    let feeds: Vec<&Feed> = feeds.collect();
    let mut withheld = Withheld::new();
    for feed in feeds.iter().skip(MOST_FEEDS) {
        let reason = format!("only the first {MOST_FEEDS} feeds of cargo are looked at");
        withheld.insert(feed.url.to_string(), reason);
    }
    let looks = feeds.iter().take(MOST_FEEDS).map(|feed| Box::pin(look_at(http, feed, token(&feed.organization))));
    let outcomes = all(looks.collect()).await;
    let refused = feeds.iter().zip(outcomes).filter_map(|(feed, outcome)| Some((feed.url.to_string(), outcome.err()?)));
    withheld.extend(refused);
    withheld
}

async fn look_at(http: &Http, feed: &Feed, token: &AccessToken) -> Result<(), String> {
    let address = format!("{}/config.json", feed.url.as_str().trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|_| "its index has no address".to_owned())?;
    let mut headers = azure_devops_headers();
    headers.extend(secret_header(&format!("Bearer {}", token.reveal())).map(|bearer| (AUTHORIZATION, bearer)));
    let call = Call { method: Method::GET, url, headers, body: None, again: &usual };
    let unread =
        |why: &str| format!("its index could not be read first, which tells where cargo would send the token: {why}");
    let answer = http.send(&call).await.map_err(|error| {
        let Explanation { headline, remedy, .. } = Explanation::of(&error);
        unread(&format!("{headline}; {remedy}"))
    })?;
    match answer.status {
        200 => judge(&answer.body, feed).map_err(|astray| astray.to_string()),
        401 | 403 => Err(unread(&format!(
            "the feed refuses the identity (HTTP {}); give it the role 'Feed and Upstream Reader (Collaborator)' there",
            answer.status
        ))),
        404 => Err(unread("there is no such feed, or the identity may not see it (HTTP 404)")),
        status @ 300..=399 => Err(unread(&format!("it leads elsewhere (HTTP {status})"))),
        status => Err(unread(&format!("HTTP {status}, {}", not_json(&answer)))),
    }
}

/// Lets futures go on side by side until all have ended; gives their outcomes in order.
async fn all<T, F: Future<Output = T>>(mut futures: Vec<Pin<Box<F>>>) -> Vec<T> {
    let mut outcomes: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, outcome) in futures.iter_mut().zip(&mut outcomes).filter(|(_, outcome)| outcome.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *outcome = Some(value);
            }
        }
        if outcomes.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(config: &str) -> Result<(), Astray> {
        judge(config, &Feed::parse("sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/").unwrap())
    }

    const OURS: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/api/v1/crates";

    #[test]
    fn an_index_that_stays_with_its_organization_is_served() {
        for config in [
            format!(r#"{{"dl":"{OURS}","api":"{OURS}","auth-required":true}}"#),
            format!(r#"{{"dl":"{OURS}/{{crate}}/{{version}}/x?a=1","api":null}}"#),
            r#"{"dl":"https://contoso.pkgs.visualstudio.com/_packaging/f/Cargo/api/v1/crates"}"#.to_owned(),
        ] {
            assert_eq!(judged(&config), Ok(()), "{config}");
        }
    }

    #[test]
    fn an_index_that_leads_anywhere_else_is_not() {
        for other in [
            "https://evil.example/contoso/",
            "https://pkgs.dev.azure.com/fabrikam/_packaging/f/Cargo/",
            "https://pkgs.dev.azure.com.evil.example/contoso/",
            "https://pkgs.dev.azure.com:444/contoso/",
            "http://pkgs.dev.azure.com/contoso/",
            "https://pkgs.dev.azure.com/contoso/../fabrikam/",
            "https://pkgs.dev.azure.com/{crate}/contoso",
            "https://pkgs.dev.azure.com{prefix}/contoso/",
            "https://{crate}.pkgs.visualstudio.com/",
            "/contoso",
            "",
        ] {
            let named = |astray: &Astray| matches!(astray, Astray::Elsewhere { .. });
            assert!(judged(&format!(r#"{{"dl":"{other}"}}"#)).is_err_and(|astray| named(&astray)), "{other}");
            let api = format!(r#"{{"dl":"{OURS}","api":"{other}"}}"#);
            assert!(judged(&api).is_err_and(|astray| named(&astray)), "{other}");
        }
        for unclear in ["", "{", "[]", "{}", r#"{"dl":1}"#, r#"{"dl":null}"#] {
            assert!(judged(unclear).is_err_and(|astray| matches!(astray, Astray::Unclear(_))), "{unclear}");
        }
        let second = format!(r#"{{"dl":"{OURS}","api":["https://evil.example/"]}}"#);
        assert!(judged(&second).is_err());
    }
}
