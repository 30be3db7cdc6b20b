//! Exchanges a proof of identity at Microsoft Entra for an access token.
//!
//! Source: Microsoft's "Microsoft identity platform and the OAuth 2.0 client credentials flow".

mod refusal;

use std::cell::Cell;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::certificate::{Certificate, Chain};
use super::claims::{self, Claims};
use crate::diagnosis::causes::{Cause, federation, job, policy};
use crate::diagnosis::{Explain, first_sentence};
use crate::http::retry::{self, Tries};
use crate::http::{Answer, Call, CallError, Http, Outcome, not_json};
use crate::kernel::clock::now;
use crate::kernel::guid::Guid;
use crate::kernel::secret::{AccessToken, Assertion, ClientSecret};

pub use refusal::Refusal;
use refusal::{error_codes, refusal};

/// Azure DevOps as a resource of Entra; the same id in every tenant.
pub const AZURE_DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798";

/// A clock that is this far off breaks assertions.
pub const CLOCK_TOLERANCE_SECONDS: u64 = 120;

/// Who asks, and where.
#[derive(Clone, Debug)]
pub struct Client {
    /// The authority's address, such as `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// The tenant: a GUID or a domain.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
}

impl Client {
    /// Where the token is asked for; also the audience of what a certificate signs.
    pub fn token_endpoint(&self) -> Url {
        let mut url = self.authority.clone();
        url.set_path(&format!("/{}/oauth2/v2.0/token", self.tenant));
        url
    }
}

/// What is shown to Entra.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// A statement of an issuer that the application trusts by a federated credential.
    Federated(&'a Assertion),
    /// A statement signed with the key of the application's certificate, anew for each request.
    Signed(Signed<'a>),
    /// The application's password.
    Secret(&'a ClientSecret),
}

/// What a certificate signs.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Whether it comes along.
    pub chain: Chain,
    /// The first assertion.
    pub first: &'a Assertion,
    /// Signs another one: each has an id that is shown once, and five minutes to live.
    pub another: &'a dyn Fn() -> Option<Assertion>,
}

impl std::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Signed").field(self.certificate).finish()
    }
}

/// How long a credential or application that was created a moment ago is waited for, until all of Entra's servers know it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Propagation {
    /// Two more tries, within fifteen seconds.
    #[default]
    Brief,
    /// As long as the user wishes.
    UpTo(Duration),
}

/// A token, and until when it serves.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: AccessToken,
    /// When it ends, in seconds since 1970 by the service's clock.
    pub expires_at: u64,
    /// What it says of itself.
    pub claims: Claims,
    /// By how many seconds the agent's clock is ahead of the service's; negative where it is behind.
    pub clock_ahead_seconds: i64,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No answer.
    #[error("Entra gave no access token: {0}")]
    Call(#[from] CallError),
    /// A refusal with a reason.
    #[error("{} ({})", .0.headline, .0.code)]
    Refused(Box<Refusal>),
    /// Something else than a token came back.
    #[error("{host} answered the token request with something that is not a token (HTTP {status}): {what}")]
    Broken {
        /// The authority's host.
        host: String,
        /// The status.
        status: u16,
        /// What came instead.
        what: String,
    },
    /// The token is not the one asked for.
    #[error("Entra gave a token whose {claim} is '{found}' where '{expected}' was asked for")]
    Unexpected {
        /// Which claim.
        claim: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// The token has ended already.
    #[error("Entra gave a token that has already expired")]
    Ended,
}

impl ExchangeError {
    /// Whether what was shown is not, or no longer, in its time of validity.
    pub fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.cause == Some(&federation::OUTSIDE_ITS_TIME))
    }
}

impl Explain for ExchangeError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(refusal) => {
                let Refusal { presented, client, request, .. } = refusal.as_ref();
                let mut facts = presented.clone();
                facts.extend([("client", client.client_id.clone()), ("tenant", client.tenant.clone())]);
                facts.extend(request.iter().map(|request| ("request", request.clone())));
                facts
            }
            Self::Call(_) | Self::Broken { .. } | Self::Unexpected { .. } | Self::Ended => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Call(error) => error.remedy(),
            Self::Refused(refusal) => refusal.remedy.clone(),
            Self::Unexpected { .. } => policy::OTHER_TOKEN.remedy.to_owned(),
            Self::Broken { .. } => policy::NOT_ENTRA.remedy.to_owned(),
            Self::Ended => job::CLOCK.remedy.to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Call(error) => error.cause(),
            Self::Refused(refusal) => refusal.cause,
            Self::Broken { .. } => Some(&policy::NOT_ENTRA),
            Self::Unexpected { .. } => Some(&policy::OTHER_TOKEN),
            Self::Ended => Some(&job::CLOCK),
        }
    }
}

/// Exchanges a proof for a token of Azure DevOps.
pub async fn exchange(
    http: &Http,
    client: &Client,
    presented: Presented<'_>,
    propagation: Propagation,
) -> Result<Issued, ExchangeError> {
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("return-client-request-id"), HeaderValue::from_static("true")),
    ]);
    // While it is waited for as the user wishes, nothing that Entra answers ends the wait; what it does not answer does.
    let waiting = Cell::new(0);
    let again = |outcome: &Outcome, tries: Tries| match (outcome, propagation) {
        (Ok(answer), Propagation::Brief) if spreading(answer) => retry::passing(tries),
        (Ok(answer), Propagation::UpTo(limit)) if spreading(answer) || waiting.get() > 0 && answer.is_busy() => {
            waiting.set(tries.count);
            retry::as_wished(limit, answer, tries)
        }
        _ => retry::usual(outcome, Tries { count: tries.count - waiting.get(), ..tries }),
    };
    let call = Call { method: Method::POST, url: client.token_endpoint(), headers, body: None, again: &again };
    let first = form(client, presented);
    let mut tried = false;
    let body = || match presented {
        Presented::Signed(signed) if tried => {
            Some((signed.another)().map_or_else(|| first.clone(), |fresh| signed_form(client, &fresh)))
        }
        _ => {
            tried = true;
            Some(first.clone())
        }
    };
    let answer = http.send_anew(&call, body).await?;
    if answer.status != 200 {
        return Err(refusal(&answer, client, presented));
    }
    let issued = read(&answer, client)?;
    check(&issued, client)?;
    Ok(issued)
}

/// A secret as it stands in a form, for whoever must not show it.
pub fn encoded(secret: &ClientSecret) -> String {
    url::form_urlencoded::byte_serialize(secret.reveal().as_bytes()).collect()
}

fn form(client: &Client, presented: Presented<'_>) -> String {
    match presented {
        Presented::Federated(assertion) => signed_form(client, assertion),
        Presented::Signed(signed) => signed_form(client, signed.first),
        Presented::Secret(secret) => with_fields(client, &[("client_secret", secret.reveal())]),
    }
}

fn signed_form(client: &Client, assertion: &Assertion) -> String {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    with_fields(client, &[("client_assertion_type", kind), ("client_assertion", assertion.reveal())])
}

fn with_fields(client: &Client, proof: &[(&str, &str)]) -> String {
    let scope = format!("{AZURE_DEVOPS}/.default");
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &client.client_id)
        .append_pair("scope", &scope)
        .extend_pairs(proof)
        .finish()
}

/// A federated credential or application that was made a moment ago is not known to all of Entra's servers at once
/// (Microsoft's "Important considerations for federated identity credentials").
fn spreading(answer: &Answer) -> bool {
    const CODES: [u64; 6] = [70021, 700_211, 700_212, 700_213, 70025, 700_016];
    matches!(answer.status, 400 | 401) && error_codes(&answer.body).iter().any(|code| CODES.contains(code))
}

/// How the agent's clock stands to a service's, in words.
pub fn clock_difference(ahead_seconds: i64) -> String {
    let (seconds, side) = (ahead_seconds.unsigned_abs(), if ahead_seconds > 0 { "ahead of" } else { "behind" });
    format!("the agent's clock is {seconds} seconds {side} the service's")
}

/// No token of Entra's lives longer.
const LONGEST_LIFE_SECONDS: u64 = 366 * 24 * 60 * 60;

fn read(answer: &Answer, client: &Client) -> Result<Issued, ExchangeError> {
    let host = client.authority.host_str().unwrap_or_default().to_owned();
    let broken =
        |what: &str| ExchangeError::Broken { host: host.clone(), status: answer.status, what: what.to_owned() };
    let json: Value = serde_json::from_str(&answer.body).map_err(|_| broken(&not_json(answer)))?;
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| broken("the field access_token is missing"))?;
    let claims = claims::read(token).ok_or_else(|| broken("the field access_token holds no JWT"))?;
    let expires_in = json.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let service_now = answer.date().unwrap_or_else(now);
    let expires_at = claims.exp.or_else(|| Some(service_now.saturating_add(expires_in?)));
    let expires_at = expires_at.ok_or_else(|| broken("nothing says when the token expires"))?;
    let clock_ahead_seconds = answer.clock_ahead_seconds().unwrap_or(0);
    if expires_at <= service_now {
        return Err(ExchangeError::Ended);
    }
    // Entra's live for a day at most; a clock that is wrong by years would have been noticed before.
    if expires_at > service_now.saturating_add(LONGEST_LIFE_SECONDS) {
        return Err(broken("the token ends in more than a year"));
    }
    Ok(Issued { token: AccessToken::new(token), expires_at, claims, clock_ahead_seconds })
}

/// Audience, tenant and application must be those asked for; a token of another would be refused later, without a reason.
fn check(issued: &Issued, client: &Client) -> Result<(), ExchangeError> {
    let claims = &issued.claims;
    let unexpected = |claim, found: Option<String>, expected: &str| {
        let found = first_sentence(&found.unwrap_or_else(|| "absent".to_owned()));
        Err(ExchangeError::Unexpected { claim, found, expected: expected.to_owned() })
    };
    if !claims.aud.as_ref().is_some_and(|audience| audience.contains(AZURE_DEVOPS)) {
        return unexpected("audience", claims.aud.as_ref().map(claims::Audience::shown), AZURE_DEVOPS);
    }
    let same =
        |found: &Option<String>, asked: &str| found.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(asked));
    if Guid::is(&client.tenant) && !same(&claims.tid, &client.tenant) {
        return unexpected("tenant", claims.tid.clone(), &client.tenant);
    }
    let application = claims.appid.clone().or_else(|| claims.azp.clone());
    if application.is_some() && !same(&application, &client.client_id) {
        return unexpected("application", application, &client.client_id);
    }
    Ok(())
}

/// Whether `text` can name a tenant: a GUID or a domain.
pub fn is_tenant(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    Guid::is(text) || (text.contains('.') && text.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_guids_or_domains() {
        for text in ["11111111-aaaa-4bbb-8ccc-000000000001", "contoso.onmicrosoft.com"] {
            assert!(is_tenant(text), "{text}");
        }
        for text in ["", "common", "a/b.c", "..", "a..b", "a.b?x", "a.b#x", "a b.c", "-a.b", "11111111-aaaa"] {
            assert!(!is_tenant(text), "{text}");
        }
    }
}
