//! App Service, Functions and Container Apps: `GET $IDENTITY_ENDPOINT` with `X-IDENTITY-HEADER`.

use super::Host;
use super::token::{self, NoIdentity, Selector, correlation};
use crate::message::{Answer, Call};
use serde_json::json;

/// What the service says when it has no better word, with its own spelling.
pub(super) const UNEXPECTED: &str = "An unexpected error occured while fetching the AAD Token. Please contact support with this \
                                     provided Correlation ID";

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    vec![("IDENTITY_ENDPOINT", format!("{}/msi/token", host.base())), ("IDENTITY_HEADER", host.secret.clone())]
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    if call.path.trim_end_matches('/') != "/msi/token" {
        return error(404, "Not Found");
    }
    if call.method != "GET" {
        return error(405, "Method Not Allowed");
    }
    if call.header("x-identity-header") != Some(host.secret.as_str()) {
        return error(401, "The header X-IDENTITY-HEADER is missing or wrong.");
    }
    if call.query_value("api-version").as_deref() != Some("2019-08-01") {
        return error(400, "The value of api-version is not supported.");
    }
    let Some(resource) = call.query_value("resource").filter(|resource| !resource.is_empty()) else {
        return error(400, "The parameter resource is missing.");
    };
    let world = host.state.world();
    let names = [
        ("client_id", Selector::Client),
        ("principal_id", Selector::Object),
        ("object_id", Selector::Object),
        ("mi_res_id", Selector::Resource),
    ];
    let application = match token::identity(host, &world, &names, |name| call.query_value(name)) {
        Ok(application) => application,
        Err(NoIdentity::Unknown | NoIdentity::Several) => {
            return error(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            );
        }
        Err(NoIdentity::Overnamed) => return error(400, "More than one identity was named."),
    };
    match token::grant(host, application, &resource, call) {
        Ok(granted) => {
            let fields = ["access_token", "client_id", "expires_on", "resource", "token_type"];
            Answer::json(200, &token::body(&granted, &fields, call))
        }
        Err(_) => error(500, UNEXPECTED),
    }
}

/// An error in the form of App Service.
pub(super) fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "statusCode": status, "message": text, "correlationId": correlation() }))
}
