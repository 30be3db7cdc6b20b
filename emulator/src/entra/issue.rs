//! Access tokens and the answers that carry them.

use super::credential::Credential;
use super::{Asked, refusal};
use crate::faults::TokenFault;
use crate::message::Answer;
use crate::state::State;
use crate::world::{AZURE_DEVOPS_RESOURCE, Application};
use crate::{clock, jwt};
use serde_json::{Value, json};

/// An access token for an application, as if it had asked in its home tenant.
pub(crate) fn token_for(state: &State, client_id: &str) -> Option<String> {
    let world = state.world();
    let application = world.application(client_id)?;
    let life = seconds_of(world.access_token_life);
    Some(sign(state, &claims(application, &application.tenant, "2", clock::now(), life), None))
}

/// The claims of an access token for Azure DevOps.
pub(crate) fn claims(application: &Application, tenant: &str, class: &str, now: i64, life: i64) -> Value {
    let object_id = application.object_id_in(tenant);
    json!({
        "aud": AZURE_DEVOPS_RESOURCE, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": now, "nbf": now - 300,
        "exp": now + life, "aio": jwt::filler(60), "appid": application.client_id, "appidacr": class,
        "idp": format!("https://sts.windows.net/{tenant}/"), "idtyp": "app", "oid": object_id,
        "rh": jwt::filler(60), "sub": object_id, "tid": tenant, "uti": jwt::filler(22), "ver": "1.0",
        "xms_act_fct": "9 3", "xms_ftd": jwt::filler(64), "xms_idrel": "7 24", "xms_rd": jwt::filler(64),
    })
}

/// Signs the claims as a fault may bend them, and remembers the token.
pub(crate) fn sign(state: &State, claims: &Value, fault: Option<&TokenFault>) -> String {
    let mut claims = claims.clone();
    match fault {
        Some(TokenFault::Audience(other)) => claims["aud"] = other.as_str().into(),
        Some(TokenFault::Tenant(other)) => claims["tid"] = other.as_str().into(),
        Some(TokenFault::Client(other)) => claims["appid"] = other.as_str().into(),
        Some(TokenFault::Padding(size)) => claims["groups"] = jwt::filler(size / 4 * 3).into(),
        _ => {}
    }
    state.issue_access_token(claims, matches!(fault, Some(TokenFault::NotAJwt)))
}

/// The life that a fault gives a token, or the usual one, in seconds.
pub(crate) fn life(fault: Option<&TokenFault>, usual: std::time::Duration) -> i64 {
    match fault {
        Some(TokenFault::Life(seconds)) => *seconds,
        _ => seconds_of(usual),
    }
}

fn seconds_of(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(3599)
}

/// 200 with a token.
pub(super) fn success(asked: &Asked<'_>, credential: &Credential<'_>, fault: Option<&TokenFault>) -> Answer {
    let life = life(fault, asked.world.access_token_life);
    let claims = claims(asked.application, &asked.tenant.id, credential.class(), asked.call.now(), life);
    let token = sign(asked.state, &claims, fault);
    let mut body = json!({ "token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token });
    bend(&mut body, fault);
    refusal::dress(Answer::json(200, &body))
}

/// Changes the body of an answer as a fault wants it.
pub(crate) fn bend(body: &mut Value, fault: Option<&TokenFault>) {
    match fault {
        Some(TokenFault::ExpiresInText) => {
            body["expires_in"] = body["expires_in"].as_i64().unwrap_or_default().to_string().into();
        }
        Some(TokenFault::NoAccessToken) => {
            body.as_object_mut().map(|fields| fields.remove("access_token"));
        }
        Some(TokenFault::ExtraFields) => {
            body["refresh_in"] = 1800.into();
            body["client_info"] = "eyJ9".into();
            body["nested"] = json!({ "a": [1, null, { "b": "c" }] });
        }
        _ => {}
    }
}
