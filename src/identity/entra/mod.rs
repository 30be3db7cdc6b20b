//! Exchanges a proof of identity at Microsoft Entra for an access token.
//!
//! Source: Microsoft's "Microsoft identity platform and the OAuth 2.0 client credentials flow".

mod answer;
mod error;
mod refusal;

use std::cell::Cell;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::certificate::{Certificate, Chain};
use super::claims::Claims;
use crate::http::retry::{self, Tries};
use crate::http::{Answer, Call, Http, Outcome};
use crate::kernel::guid::Guid;
use crate::kernel::secret::{AccessToken, Assertion, ClientSecret};

use answer::{check, read};
pub use error::ExchangeError;
pub use refusal::Refusal;
use refusal::{error_codes, refusal};

/// Azure DevOps as a resource of Entra; the same id in every tenant.
pub const AZURE_DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798";

/// A clock that is this far off breaks assertions.
pub const CLOCK_TOLERANCE_SECONDS: u64 = 120;

/// Who asks, and where.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names, reason = "OAuth calls it so")]
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
