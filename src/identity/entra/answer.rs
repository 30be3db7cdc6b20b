//! What Entra answers: a token, and whether it is the one that was asked for.

use serde_json::Value;

use super::{AZURE_DEVOPS, Client, ExchangeError, Issued};
use crate::diagnosis::first_sentence;
use crate::http::{Answer, not_json};
use crate::identity::claims;
use crate::kernel::clock::now;
use crate::kernel::guid::Guid;
use crate::kernel::secret::AccessToken;

/// No token of Entra's lives longer.
const LONGEST_LIFE_SECONDS: u64 = 366 * 24 * 60 * 60;

pub(super) fn read(answer: &Answer, client: &Client) -> Result<Issued, ExchangeError> {
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
pub(super) fn check(issued: &Issued, client: &Client) -> Result<(), ExchangeError> {
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
