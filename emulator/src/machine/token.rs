//! What every source does alike: finding the identity that is asked for, and making its token.

use super::Host;
use crate::entra::{self, About, issue};
use crate::faults::{Effect, EntraFault, ErrorCodes, ExpiryForm, MachineFault};
use crate::message::{Answer, Call};
use crate::vault::SecretKind;
use crate::world::{AZURE_DEVOPS_RESOURCE, Application, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, IdentityKind, World};
use crate::{clock, guid, jwt};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a token of a managed identity lives: about a day.
const LIFE: Duration = Duration::from_secs(86_399);

/// By which of its ids a client may name the identity it wants.
pub(super) enum Selector {
    Client,
    Object,
    Resource,
}

/// Why there is no identity.
#[derive(Debug)]
pub(super) enum NoIdentity {
    /// The machine has none, or not this one.
    Unknown,
    /// It has several, and none was named.
    Several,
    /// More than one was named.
    Overnamed,
}

/// The identity that a request names, or the one that the machine has. `names` are the source's own names of selectors;
/// `value` finds what the request says under a name.
pub(super) fn identity<'a>(
    host: &Host,
    world: &'a World,
    names: &[(&str, Selector)],
    value: impl Fn(&str) -> Option<String>,
) -> Result<&'a Application, NoIdentity> {
    let own: Vec<&Application> =
        host.machine.identities.iter().filter_map(|client_id| world.application(client_id)).collect();
    let given: Vec<(&Selector, String)> =
        names.iter().filter_map(|(name, selector)| Some((selector, value(name)?))).collect();
    match given.as_slice() {
        [] => machines_own(&own),
        [(selector, wanted)] => {
            let is = |application: &&&Application| match selector {
                Selector::Client => application.client_id.eq_ignore_ascii_case(wanted),
                Selector::Object => application.object_id.eq_ignore_ascii_case(wanted),
                Selector::Resource => {
                    matches!(&application.kind, IdentityKind::UserAssigned { resource_id } if resource_id.eq_ignore_ascii_case(wanted))
                }
            };
            own.iter().find(is).copied().ok_or(NoIdentity::Unknown)
        }
        _ => Err(NoIdentity::Overnamed),
    }
}

/// The identity that needs no name: the system's, else the only one.
pub(super) fn machines_own<'a>(own: &[&'a Application]) -> Result<&'a Application, NoIdentity> {
    let of_system = own.iter().find(|application| application.kind == IdentityKind::SystemAssigned);
    match (of_system, own) {
        (Some(application), _) | (None, [application]) => Ok(*application),
        (None, []) => Err(NoIdentity::Unknown),
        (None, _) => Err(NoIdentity::Several),
    }
}

/// A token that was made.
pub(super) struct Granted {
    pub token: String,
    pub now: i64,
    pub life: i64,
    pub client_id: String,
    pub resource: String,
}

/// Makes the token of an identity for a resource: one for Azure DevOps, or an assertion that an application may trust. The error
/// is a refusal of Microsoft Entra, relayed as it came.
pub(super) fn grant(host: &Host, application: &Application, resource: &str, call: &Call) -> Result<Granted, Answer> {
    let fault = match &call.effect {
        Some(Effect::Token(fault)) => Some(fault),
        _ => None,
    };
    let now = call.now();
    let life = issue::life(fault, LIFE);
    let about = |aud: &str| {
        let assertion = json!({ "aud": aud });
        About { tenant: &application.tenant, client_id: &application.client_id, assertion: &assertion, now }
            .refusal(if let Some(Effect::Entra(fault)) = &call.effect { fault.code } else { 500_011 })
    };
    if let Some(Effect::Entra(fault)) = &call.effect {
        return Err(entra::refuse(&about(resource), Some(fault), call));
    }
    let token = match resource.trim_end_matches('/') {
        AZURE_DEVOPS_RESOURCE => {
            let claims = issue::claims(application, &application.tenant, "2", now, life);
            issue::sign(&host.state, &claims, fault)
        }
        EXCHANGE_AUDIENCE | EXCHANGE_AUDIENCE_ID => assertion(host, application, now, life),
        other => {
            let relayed = EntraFault { error_codes: ErrorCodes::Text, ..EntraFault::code(500_011) };
            return Err(entra::refuse(&about(other), Some(&relayed), call));
        }
    };
    Ok(Granted { token, now, life, client_id: application.client_id.clone(), resource: resource.to_owned() })
}

/// A token for the exchange, as version 2 of Entra's tokens.
fn assertion(host: &Host, application: &Application, now: i64, life: i64) -> String {
    let object_id = &application.object_id;
    let claims = json!({
        "aud": EXCHANGE_AUDIENCE_ID, "iss": format!("https://login.microsoftonline.com/{}/v2.0", application.tenant),
        "iat": now, "nbf": now, "exp": now + life, "aio": jwt::filler(40), "azp": application.client_id, "azpacr": "2",
        "idtyp": "app", "oid": object_id, "rh": jwt::filler(40), "sub": object_id, "tid": application.tenant,
        "uti": jwt::filler(22), "ver": "2.0",
    });
    let token = host.state.keys.entra.sign(&claims);
    host.state.vault().keep(SecretKind::Assertion, &token, claims);
    token
}

/// The body that most sources share; which fields, and whether numbers are texts, is the source's own.
pub(super) fn body(granted: &Granted, fields: &[&str], call: &Call) -> Value {
    let expires_on = granted.now + granted.life;
    let text = |number: i64| Value::from(number.to_string());
    let mut body = json!({});
    for field in fields {
        body[*field] = match *field {
            "access_token" => granted.token.as_str().into(),
            "client_id" => granted.client_id.as_str().into(),
            "expires_in" | "ext_expires_in" => text(granted.life),
            "expires_on" => text(expires_on),
            "not_before" => text(granted.now - 300),
            "resource" => granted.resource.as_str().into(),
            _ => "Bearer".into(),
        };
    }
    match &call.effect {
        Some(Effect::Machine(MachineFault::Numbers)) => numbers(&mut body),
        Some(Effect::Machine(MachineFault::ExpiresOn(form))) => {
            if let Some(fields) = body.as_object_mut() {
                fields.remove("expires_in");
                fields.remove("expires_on");
            }
            match form {
                ExpiryForm::Number => body["expires_on"] = expires_on.into(),
                ExpiryForm::Rfc3339 => body["expires_on"] = clock::entra_stamp(expires_on).replace(' ', "T").into(),
                ExpiryForm::American => body["expires_on"] = clock::american(expires_on).into(),
                ExpiryForm::Nonsense => body["expires_on"] = "soon".into(),
                ExpiryForm::Absent => {}
            }
        }
        Some(Effect::Token(fault)) => issue::bend(&mut body, Some(fault)),
        _ => {}
    }
    body
}

/// Numbers as numbers.
pub(super) fn numbers(body: &mut Value) {
    for (_, value) in body.as_object_mut().into_iter().flatten() {
        if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok()) {
            *value = number.into();
        }
    }
}

/// A fresh id, as errors carry it.
pub(super) fn correlation() -> String {
    guid::random()
}
