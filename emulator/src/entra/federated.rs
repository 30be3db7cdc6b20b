//! Assertions of an issuer that the application trusts by a federated credential.

use super::{Asked, Refusal};
use crate::world::{EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, IdentityKind};
use serde_json::Value;

/// How far a clock may be ahead of Entra's.
pub(super) const TOLERATED_SKEW_SECONDS: i64 = 300;

/// The checks of a federated assertion.
pub(super) fn check(asked: &Asked<'_>, token: &str, claims: &Value) -> Result<(), Refusal> {
    let application = asked.application;
    let refusal = |code| asked.refusal(code, claims);
    if asked.state.keys.verify(token).is_none() {
        return Err(refusal(700_027));
    }
    let now = asked.call.now();
    let (nbf, exp) = (claims["nbf"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    if now < nbf - TOLERATED_SKEW_SECONDS || now >= exp {
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
    let given = audiences(claims);
    let meant = |audience: &str| {
        given.iter().any(|own| own == audience || (own == EXCHANGE_AUDIENCE_ID && audience == EXCHANGE_AUDIENCE))
    };
    if !of_subject.iter().any(|c| meant(&c.audience)) {
        return Err(refusal(700_212));
    }
    if asked.tenant.id != application.tenant && said("sub").contains("/sc/") {
        return Err(refusal(70_052));
    }
    check_managed_identity(asked, claims)
}

/// The audiences of an assertion: a text, or, as clusters write them, a list.
pub(super) fn audiences(claims: &Value) -> Vec<String> {
    let texts = |all: &[Value]| all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
    claims["aud"].as_array().map_or_else(|| texts(std::slice::from_ref(&claims["aud"])), |all| texts(all))
}

/// An application may trust a managed identity when that is user-assigned and lives in the application's own tenant.
///
/// Number and words of the refusal of a system-assigned one are not known; Microsoft's guide only says that it does not work.
fn check_managed_identity(asked: &Asked<'_>, claims: &Value) -> Result<(), Refusal> {
    let tenant = claims["tid"].as_str().unwrap_or_default();
    let Some(identity) = asked.world.application_of_object(tenant, claims["sub"].as_str().unwrap_or_default()) else {
        return Ok(());
    };
    match identity.kind {
        _ if tenant != asked.application.tenant => Err(asked.refusal(700_236, claims)),
        IdentityKind::UserAssigned { .. } => Ok(()),
        IdentityKind::SystemAssigned | IdentityKind::AppRegistration => Err(asked.refusal(700_226, claims)),
    }
}
