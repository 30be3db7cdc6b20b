//! Exchanges an assertion at Microsoft Entra for an access token.
//!
//! Source: Microsoft's "Microsoft identity platform and the OAuth 2.0 client credentials flow".

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::claims::{self, Claims};
use super::secret::{AccessToken, Assertion};
use crate::diagnosis::{Explain, causes, first_sentence};
use crate::http::{Answer, Call, CallError, Http, now};

/// Azure DevOps as a resource of Entra; the same id in every tenant.
pub const AZURE_DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798";

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

/// What was presented, for the explanation.
#[derive(Clone, Debug, Default)]
pub struct Presented {
    issuer: String,
    subject: String,
    audience: String,
}

/// What Entra says to a request that it does not follow.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What is wrong.
    pub headline: String,
    /// `AADSTS…`, or the status where there is no such code.
    pub code: String,
    /// What to do.
    pub remedy: String,
    /// What was presented.
    pub presented: Presented,
    /// Who asked.
    pub client: Client,
    /// Entra's ids of the request and its time.
    pub request: Option<String>,
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

impl Explain for ExchangeError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(refusal) => {
                let Refusal { presented, client, request, .. } = refusal.as_ref();
                let mut facts = vec![
                    ("issuer", presented.issuer.clone()),
                    ("subject", presented.subject.clone()),
                    ("audience", presented.audience.clone()),
                    ("client", client.client_id.clone()),
                    ("tenant", client.tenant.clone()),
                ];
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
            Self::Broken { host, .. } => {
                format!("run again; if it stays, check whether a proxy answers in place of {host}")
            }
            Self::Unexpected { .. } => {
                "correct the client id and the tenant id of the service connection, and the input 'authorityHost'"
                    .to_owned()
            }
            Self::Ended => "correct the agent's clock, then run again".to_owned(),
        }
    }
}

/// Exchanges `assertion` for a token of Azure DevOps.
pub async fn exchange(http: &Http, client: &Client, assertion: &Assertion) -> Result<Issued, ExchangeError> {
    let mut url = client.authority.clone();
    url.set_path(&format!("/{}/oauth2/v2.0/token", client.tenant));
    let scope = format!("{AZURE_DEVOPS}/.default");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &client.client_id)
        .append_pair("scope", &scope)
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion.reveal())
        .finish();
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("return-client-request-id"), HeaderValue::from_static("true")),
    ]);
    let answer = http.send(&Call { method: Method::POST, url, headers, body: Some(form), passing: spreading }).await?;
    if answer.status != 200 {
        return Err(refusal(&answer, client, assertion));
    }
    let issued = read(&answer, client)?;
    check(&issued, client)?;
    Ok(issued)
}

/// A federated credential or application that was made a moment ago is not known to all of Entra's servers at once
/// (Microsoft's "Important considerations for federated identity credentials").
fn spreading(answer: &Answer) -> bool {
    const CODES: [u64; 5] = [70021, 700_211, 700_213, 70025, 700_016];
    matches!(answer.status, 400 | 401) && error_codes(&answer.body).iter().any(|code| CODES.contains(code))
}

/// The numbers of `error_codes`, which some relays send as text.
fn error_codes(body: &str) -> Vec<u64> {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let codes =
        json.as_ref().and_then(|json| json.get("error_codes")).and_then(Value::as_array).cloned().unwrap_or_default();
    let digits = |text: &str| text.trim_matches(['[', ']']).parse().ok();
    codes.iter().filter_map(|code| code.as_u64().or_else(|| code.as_str().and_then(digits))).collect()
}

fn refusal(answer: &Answer, client: &Client, assertion: &Assertion) -> ExchangeError {
    let host = client.authority.host_str().unwrap_or_default().to_owned();
    let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default();
    let description = text("error_description");
    let number = error_codes(&answer.body).first().map(|number| format!("AADSTS{number}"));
    let named = number.clone().unwrap_or_else(|| description.split([':', ' ']).next().unwrap_or_default().to_owned());
    if description.is_empty() && answer.status != 429 && answer.status < 500 {
        let what: String = first_sentence(&answer.body).chars().take(80).collect();
        return ExchangeError::Broken { host, status: answer.status, what };
    }
    let known = causes::named_in(&named);
    let wait =
        answer.retry_after().map(|wait| format!(", at the earliest in {} seconds", wait.as_secs())).unwrap_or_default();
    let (headline, remedy) = match (known, answer.status) {
        (Some(code), _) => (code.headline.to_owned(), code.remedy.to_owned()),
        (None, 429) => ("Entra is throttling requests from here".to_owned(), format!("run again later{wait}")),
        (None, 500..) => (format!("Entra failed {} times in a row", answer.tries), format!("run again later{wait}")),
        (None, _) => {
            let page = named
                .strip_prefix("AADSTS")
                .map(|number| format!("https://login.microsoftonline.com/error?code={number}"));
            (
                first_sentence(description),
                page.map_or("see Microsoft's list of Entra error codes".to_owned(), |page| format!("see {page}")),
            )
        }
    };
    let code = if named.starts_with("AADSTS") { first_sentence(&named) } else { format!("HTTP {}", answer.status) };
    let claims = claims::read(assertion.reveal()).unwrap_or_default();
    let presented = Presented {
        issuer: claims.iss.unwrap_or_default(),
        subject: claims.sub.unwrap_or_default(),
        audience: claims.aud.map(|audience| shown_audience(&audience)).unwrap_or_default(),
    };
    let ids = [text("trace_id"), text("correlation_id"), text("timestamp")];
    let request = ids.into_iter().filter(|id| !id.is_empty()).collect::<Vec<_>>().join(" · ");
    let request = (!request.is_empty()).then_some(request);
    ExchangeError::Refused(Box::new(Refusal { headline, code, remedy, presented, client: client.clone(), request }))
}

/// The audience of an assertion, beside the one of the federated credential: Entra's own issuer writes it as an id.
fn shown_audience(audience: &claims::Audience) -> String {
    let shown = audience.shown();
    let id = audience.contains("fb60f99c-7a34-4190-8149-302f77469936");
    if id { format!("{shown} (in the federated credential: api://AzureADTokenExchange)") } else { shown }
}

fn read(answer: &Answer, client: &Client) -> Result<Issued, ExchangeError> {
    let host = client.authority.host_str().unwrap_or_default().to_owned();
    let broken =
        |what: &str| ExchangeError::Broken { host: host.clone(), status: answer.status, what: what.to_owned() };
    let json: Value = serde_json::from_str(&answer.body).map_err(|_| broken("it is not JSON"))?;
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| broken("the field access_token is missing"))?;
    let claims = claims::read(token).ok_or_else(|| broken("the field access_token holds no JWT"))?;
    let expires_in = json.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let service_now = answer.date().unwrap_or_else(now);
    let expires_at = claims.exp.or_else(|| Some(service_now.saturating_add(expires_in?)));
    let expires_at = expires_at.ok_or_else(|| broken("nothing says when the token expires"))?;
    let clock_ahead_seconds = i64::try_from(now()).unwrap_or(0) - i64::try_from(service_now).unwrap_or(0);
    if expires_at <= service_now {
        return Err(ExchangeError::Ended);
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
    if is_guid(&client.tenant) && !same(&claims.tid, &client.tenant) {
        return unexpected("tenant", claims.tid.clone(), &client.tenant);
    }
    let application = claims.appid.clone().or_else(|| claims.azp.clone());
    if application.is_some() && !same(&application, &client.client_id) {
        return unexpected("application", application, &client.client_id);
    }
    Ok(())
}

/// Whether `text` is a GUID with hyphens.
pub fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether `text` can name a tenant: a GUID or a domain.
pub fn is_tenant(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    is_guid(text) || (text.contains('.') && text.split('.').all(label))
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

    #[test]
    fn codes_come_as_numbers_and_as_texts() {
        assert_eq!(error_codes(r#"{"error_codes":[700213, "[500011]", "90002"]}"#), [700_213, 500_011, 90002]);
        assert!(error_codes("<html>").is_empty());
    }
}
