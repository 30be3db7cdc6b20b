//! What a client proves itself by: a secret, a federated assertion, or an assertion that its certificate's key has signed.

use super::{Asked, Refusal, certificate, federated};
use crate::jwt;
use serde_json::Value;

/// A credential as it came.
pub(crate) enum Credential<'a> {
    /// `client_secret`.
    Secret(&'a str),
    /// `client_assertion` whose issuer is somebody else.
    Federated { token: &'a str, claims: Value },
    /// `client_assertion` of the client's own.
    Certificate { token: &'a str, claims: Value },
}

/// Finds the credential of a request. An assertion goes before a secret.
pub(super) fn of<'a>(asked: &'a Asked<'_>) -> Result<Credential<'a>, Refusal> {
    let Some(token) = asked.field("client_assertion") else {
        let secret = asked.field("client_secret").ok_or_else(|| asked.refusal(7_000_216, &Value::Null))?;
        return Ok(Credential::Secret(secret));
    };
    if asked.field("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
        let text = "The request body must contain the following parameter: 'client_assertion_type'.";
        return Err(Refusal::new(900_144, text));
    }
    let claims = jwt::claims(token).ok_or_else(|| asked.refusal(50_027, &Value::Null))?;
    // Issuers that an application can trust are addresses; a client names itself by its id.
    let federated = claims["iss"].as_str().is_some_and(|issuer| issuer.starts_with("https://"));
    Ok(if federated { Credential::Federated { token, claims } } else { Credential::Certificate { token, claims } })
}

/// Lets a credential through, or says how it is refused.
pub(super) fn check(asked: &Asked<'_>, credential: &Credential<'_>) -> Result<(), Refusal> {
    match credential {
        Credential::Secret(secret) => match asked.application.secrets.iter().find(|(known, _)| known == secret) {
            Some((_, false)) => Ok(()),
            Some((_, true)) => Err(asked.refusal(7_000_222, &Value::Null)),
            None => Err(asked.refusal(7_000_215, &Value::Null)),
        },
        Credential::Federated { token, claims } => federated::check(asked, token, claims),
        Credential::Certificate { token, claims } => certificate::check(asked, token, claims),
    }
}

impl Credential<'_> {
    /// The claim `appidacr`: 1 for a secret, 2 for an assertion.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Secret(_) => "1",
            Self::Federated { .. } | Self::Certificate { .. } => "2",
        }
    }
}
