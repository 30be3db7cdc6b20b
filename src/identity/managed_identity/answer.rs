//! What the sources answer.

use serde_json::Value;

use super::error::CLIENT_ID;
use super::{ManagedIdentityError, Selector, Source};
use crate::diagnosis::causes::{self, Cause, Stage, managed_identity};
use crate::diagnosis::{first_sentence, shortened};
use crate::http::{Answer, not_json};
use crate::identity::claims::{self, Claims};
use crate::identity::entra::Issued;
use crate::kernel::clock::now;
use crate::kernel::secret::AccessToken;

/// What a source answered.
pub(super) struct Answered {
    pub source: Source,
    /// Where it was asked, as messages show it.
    pub address: String,
    pub answer: Answer,
}

/// The token of an answer. Its own claims say until when it lives; the sources write numbers as numbers, as texts and as dates.
pub(super) fn issued(answered: &Answered) -> Result<Issued, ManagedIdentityError> {
    let Answered { source, address, answer } = answered;
    let source = *source;
    let broken = |what: &str| ManagedIdentityError::Broken {
        asked: source,
        address: address.clone(),
        status: answer.status,
        what: what.to_owned(),
    };
    let json: Value = serde_json::from_str(&answer.body).map_err(|_| broken(&not_json(answer)))?;
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| broken("the field access_token is missing"))?;
    let claims = claims::read(token).ok_or_else(|| broken("the field access_token holds no JWT"))?;
    let seconds =
        |name: &str| json.get(name).and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()));
    let service_now = answer.date().unwrap_or_else(now);
    let expires_at = claims.exp.or_else(|| seconds("expires_on"));
    let expires_at = expires_at.or_else(|| Some(service_now.saturating_add(seconds("expires_in")?)));
    let expires_at = expires_at.ok_or_else(|| broken("nothing says when the token expires"))?;
    if expires_at <= now() {
        return Err(ManagedIdentityError::Ended { asked: source });
    }
    Ok(Issued { token: AccessToken::new(token), expires_at, claims, clock_ahead_seconds: 0 })
}

/// A source that knows no user-assigned identities answers with another's token.
pub(super) fn check_identity(source: Source, claims: &Claims, selector: &Selector) -> Result<(), ManagedIdentityError> {
    let Selector::ClientId(wanted) = selector else { return Ok(()) };
    let application = claims.appid.as_ref().or(claims.azp.as_ref());
    match application {
        Some(found) if !found.eq_ignore_ascii_case(wanted) => Err(ManagedIdentityError::Unexpected {
            asked: source,
            claim: CLIENT_ID,
            found: first_sentence(found),
            expected: wanted.clone(),
        }),
        // An answer that does not say whose token it is cannot be the one asked for, beyond doubt.
        None => Err(ManagedIdentityError::Unexpected {
            asked: source,
            claim: CLIENT_ID,
            found: "absent".to_owned(),
            expected: wanted.clone(),
        }),
        Some(_) => Ok(()),
    }
}

/// What a source says to a request that it does not follow. Some relay a whole answer of Entra's.
pub(super) fn refusal(source: Source, answer: &Answer, selector: &Selector) -> ManagedIdentityError {
    let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = ["/error_description", "/error/message", "/message", "/error/code", "/error"];
    let message = message.into_iter().find_map(text).unwrap_or(&answer.body);
    let ids = ["/correlation_id", "/correlationId", "/trace_id"];
    let mut request: Vec<&str> = ids.into_iter().filter_map(text).collect();
    request.extend(answer.header("x-ms-request-id"));
    ManagedIdentityError::Refused {
        asked: source,
        status: answer.status,
        message: first_sentence(message),
        cause: said(&answer.body).or_else(|| by_status(source, answer.status)),
        tries: answer.tries,
        selector: selector.clone(),
        request: (!request.is_empty()).then(|| request.into_iter().map(shortened).collect::<Vec<_>>().join(" · ")),
    }
}

/// What the source's text means. Words that mean something in an answer of another service mean nothing here; codes do.
fn said(text: &str) -> Option<&'static Cause> {
    causes::find_in(text).filter(|cause| cause.stage == Stage::ManagedIdentity || cause.is_code())
}

fn by_status(source: Source, status: u16) -> Option<&'static Cause> {
    match (source, status) {
        (Source::Imds, 400) => Some(&managed_identity::IMDS_BAD_REQUEST),
        (Source::Imds, 403) => Some(&managed_identity::NOT_IMDS),
        (Source::Imds, 404) => Some(&managed_identity::IMDS_NOT_READY),
        (Source::Imds, 410) => Some(&managed_identity::IMDS_UPDATING),
        (Source::Imds, 429) => Some(&managed_identity::IMDS_THROTTLED),
        (Source::Imds, 500..) => Some(&managed_identity::IMDS_UNAVAILABLE),
        (Source::AppService, 500..) => Some(&managed_identity::APP_SERVICE),
        _ => None,
    }
}
