//! The token endpoint of Microsoft Entra: `POST /{tenant}/oauth2/v2.0/token`.
//!
//! Checks what Entra checks, in its order, and refuses in its words; nothing is replayed.

mod refusal;

pub(crate) use refusal::refuse;

use crate::faults::{Effect, TokenFault};
use crate::guid;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::{AZURE_DEVOPS_RESOURCE, Application, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, Tenant, World};
use crate::{clock, jwt};
use refusal::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Token,
    claims: |_, call| {
        is_authority(&call.host) && !call.path.contains("/.well-known/") && !call.path.contains("/discovery/")
    },
    answer,
};

/// Whether a host is an authority of Microsoft Entra, of any cloud.
pub(crate) fn is_authority(host: &str) -> bool {
    matches!(
        host,
        "login.microsoftonline.com"
            | "login.windows.net"
            | "login.microsoft.com"
            | "sts.windows.net"
            | "login.microsoftonline.us"
            | "login.partner.microsoftonline.cn"
    )
}

fn answer(state: &State, call: &Call) -> Answer {
    let segments = call.segments();
    let [tenant, oauth, version, token] = segments.as_slice() else { return Answer::html(404, "<html>404</html>") };
    if oauth != "oauth2" || version != "v2.0" || token != "token" {
        return Answer::html(404, "<html>404</html>");
    }
    let world = state.world();
    let form = call.form();
    let result = if let Some(Effect::Entra(fault)) = &call.effect {
        let said = |name: &str| form.get(name).cloned().unwrap_or_default();
        let assertion = jwt::claims(&said("client_assertion")).unwrap_or_default();
        let usual = Refusal::usual(fault.code, tenant, &said("client_id"), &assertion);
        return refuse(&usual, Some(fault), call);
    } else {
        grant(state, &world, call, tenant, &form)
    };
    result.unwrap_or_else(|refusal| refuse(&refusal, None, call))
}

fn grant(
    state: &State,
    world: &World,
    call: &Call,
    tenant: &str,
    form: &BTreeMap<String, String>,
) -> Result<Answer, Refusal> {
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let tenant = find_tenant(world, tenant)?;
    if call.method != "POST"
        || !call.header("content-type").unwrap_or_default().starts_with("application/x-www-form-urlencoded")
    {
        return Err(Refusal::new(900_144, "The request body must contain the following parameter: 'grant_type'."));
    }
    if field("grant_type") != Some("client_credentials") {
        return Err(Refusal::new(70_003, "The app requested an unsupported grant type."));
    }
    let Some(client_id) = field("client_id") else {
        return Err(Refusal::new(900_144, "The request body must contain the following parameter: 'client_id'."));
    };
    let application = world
        .application(client_id)
        .filter(|a| a.tenant == tenant.id || a.other_tenants.contains(&tenant.id))
        .ok_or_else(|| Refusal::usual(700_016, &tenant.id, client_id, &Value::Null))?;
    if application.disabled {
        return Err(Refusal::usual(7_000_112, &tenant.id, client_id, &Value::Null));
    }
    let (secret, assertion) = (field("client_secret"), field("client_assertion"));
    if secret.is_none() && assertion.is_none() {
        return Err(Refusal::usual(7_000_216, &tenant.id, client_id, &Value::Null));
    }
    check_scope(field("scope").unwrap_or_default(), &tenant.id)?;
    match (assertion, secret) {
        (Some(assertion), _) => {
            if field("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
                return Err(Refusal::new(
                    900_144,
                    "The request body must contain the following parameter: 'client_assertion_type'.",
                ));
            }
            check_assertion(state, application, &tenant.id, assertion)?;
        }
        (None, Some(secret)) => match application.secrets.iter().find(|(known, _)| known == secret) {
            Some((_, false)) => {}
            Some((_, true)) => return Err(Refusal::usual(7_000_222, &tenant.id, client_id, &Value::Null)),
            None => return Err(Refusal::usual(7_000_215, &tenant.id, client_id, &Value::Null)),
        },
        (None, None) => {}
    }
    let fault = match &call.effect {
        Some(Effect::Token(fault)) => Some(fault),
        _ => None,
    };
    Ok(success(state, world, application, &tenant.id, fault))
}

fn find_tenant<'a>(world: &'a World, name: &str) -> Result<&'a Tenant, Refusal> {
    let known = |t: &&Tenant| t.id.eq_ignore_ascii_case(name) || t.domains.iter().any(|d| d.eq_ignore_ascii_case(name));
    world.tenants.iter().find(known).ok_or_else(|| {
        let code = if guid::is_guid(name) || name.contains('.') { 90_002 } else { 900_023 };
        Refusal::usual(code, name, "", &Value::Null)
    })
}

fn check_scope(scope: &str, tenant: &str) -> Result<(), Refusal> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        return Err(Refusal::new(
            1_002_012,
            &format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
                 /.default suffixed to the resource identifier (application ID URI)."
            ),
        ));
    };
    if resource.contains(' ') {
        let text =
            format!("The provided request must include a 'scope' input parameter. The scope {scope} is not valid.");
        return Err(Refusal::new(70_011, &text));
    }
    if resource != AZURE_DEVOPS_RESOURCE {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
        );
        return Err(Refusal::new(500_011, &text));
    }
    Ok(())
}

/// The checks of a federated assertion.
fn check_assertion(state: &State, application: &Application, tenant: &str, assertion: &str) -> Result<(), Refusal> {
    let Some(claims) = jwt::claims(assertion) else {
        return Err(Refusal::new(50_027, "JWT token is invalid or malformed."));
    };
    let refusal = |code| Refusal::usual(code, tenant, &application.client_id, &claims);
    if state.keys.verify(assertion).is_none() {
        return Err(refusal(700_027));
    }
    let now = clock::now();
    let (nbf, exp) = (claims["nbf"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    if now < nbf - 300 || now >= exp {
        return Err(refusal(700_024));
    }
    let trusted = &application.federated_credentials;
    if trusted.is_empty() {
        return Err(refusal(70_025));
    }
    let said = |name: &str| claims[name].as_str().unwrap_or_default();
    let of_issuer: Vec<_> = trusted.iter().filter(|c| c.issuer == said("iss")).collect();
    if of_issuer.is_empty() {
        return Err(refusal(700_211));
    }
    let of_subject: Vec<_> = of_issuer.iter().filter(|c| c.subject == said("sub")).collect();
    if of_subject.is_empty() {
        let almost = of_issuer.iter().any(|c| c.subject.eq_ignore_ascii_case(said("sub")));
        return Err(refusal(if almost { 7_002_138 } else { 700_213 }));
    }
    let audience = if said("aud") == EXCHANGE_AUDIENCE_ID { EXCHANGE_AUDIENCE } else { said("aud") };
    if !of_subject.iter().any(|c| c.audience == audience) {
        return Err(refusal(700_212));
    }
    if tenant != application.tenant && said("sub").contains("/sc/") {
        return Err(refusal(70_052));
    }
    Ok(())
}

/// An access token for an application, as if it had asked in its home tenant.
pub(crate) fn token_for(state: &State, client_id: &str) -> Option<String> {
    let world = state.world();
    let application = world.application(client_id)?;
    let answer = success(state, &world, application, &application.tenant, None);
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(body["access_token"].as_str()?.to_owned())
}

fn success(
    state: &State,
    world: &World,
    application: &Application,
    tenant: &str,
    fault: Option<&TokenFault>,
) -> Answer {
    let now = clock::now();
    let life = match fault {
        Some(TokenFault::Life(seconds)) => *seconds,
        _ => i64::try_from(world.access_token_life.as_secs()).unwrap_or(3599),
    };
    let mut claims = json!({
        "aud": AZURE_DEVOPS_RESOURCE, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": now, "nbf": now - 300,
        "exp": now + life, "aio": jwt::filler(60), "appid": application.client_id, "appidacr": "2",
        "idp": format!("https://sts.windows.net/{tenant}/"), "idtyp": "app", "oid": application.object_id,
        "rh": jwt::filler(60), "sub": application.object_id, "tid": tenant, "uti": jwt::filler(22), "ver": "1.0",
        "xms_act_fct": "9 3", "xms_ftd": jwt::filler(64), "xms_idrel": "7 24", "xms_rd": jwt::filler(64),
    });
    match fault {
        Some(TokenFault::Audience(other)) => claims["aud"] = other.as_str().into(),
        Some(TokenFault::Tenant(other)) => claims["tid"] = other.as_str().into(),
        Some(TokenFault::Client(other)) => claims["appid"] = other.as_str().into(),
        Some(TokenFault::Padding(size)) => claims["groups"] = jwt::filler(size / 4 * 3).into(),
        _ => {}
    }
    let token = state.issue_access_token(claims, matches!(fault, Some(TokenFault::NotAJwt)));
    let mut body = json!({ "token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token });
    match fault {
        Some(TokenFault::ExpiresInText) => body["expires_in"] = life.to_string().into(),
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
    refusal::dress(Answer::json(200, &body))
}
