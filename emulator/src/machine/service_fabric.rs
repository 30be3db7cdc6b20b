//! Service Fabric: `GET $IDENTITY_ENDPOINT` over TLS with the header `Secret`; the server's certificate is known by its thumbprint.

use super::token::{self, correlation};
use super::{Host, Thumbprint};
use crate::message::{Answer, Call};
use serde_json::json;

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    let thumbprint = match host.machine.thumbprint {
        Thumbprint::OfServer => host.thumbprint.clone(),
        Thumbprint::OfAnother => "0123456789ABCDEF0123456789ABCDEF01234567".to_owned(),
    };
    vec![
        ("IDENTITY_ENDPOINT", format!("{}/metadata/identity/oauth2/token", host.base())),
        ("IDENTITY_HEADER", host.secret.clone()),
        ("IDENTITY_SERVER_THUMBPRINT", thumbprint),
    ]
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    if call.path != "/metadata/identity/oauth2/token" {
        return error(404, "NotFound", "The path is not known.");
    }
    if call.method != "GET" {
        return error(405, "MethodNotAllowed", "The method is not allowed.");
    }
    if call.header("secret") != Some(host.secret.as_str()) {
        return error(401, "SecretHeaderNotFound", "Secret is not found in the request headers.");
    }
    if call.query_value("api-version").as_deref() != Some("2019-07-01-preview") {
        return error(400, "InvalidApiVersion", "The api-version is not supported.");
    }
    let Some(resource) = call.query_value("resource").filter(|resource| !resource.is_empty()) else {
        return error(400, "ArgumentNullOrEmpty", "The parameter 'resource' should not be null or empty string.");
    };
    let world = host.state.world();
    let Ok(application) = token::identity(host, &world, &[], |_| None) else {
        return error(
            404,
            "ManagedIdentityNotFound",
            "Managed identity is not found for the specified application host.",
        );
    };
    match token::grant(host, application, &resource, call) {
        Ok(granted) => {
            let mut body = token::body(&granted, &["access_token", "expires_on", "resource", "token_type"], call);
            token::numbers(&mut body);
            Answer::json(200, &body)
        }
        Err(_) => error(400, "InvalidResource", "The resource is not known."),
    }
}

/// An error in the form of Service Fabric.
pub(super) fn error(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "correlationId": correlation(), "code": code, "message": text } }))
}
