//! The instance metadata service of a virtual machine: `GET http://169.254.169.254/metadata/identity/oauth2/token`.
//!
//! Rules: Microsoft's page "How to use managed identities to get an access token", azure-sdk's and MSAL's tests for the errors.

use super::Host;
use super::token::{self, NoIdentity, Selector};
use crate::message::{Answer, Call};
use serde_json::json;

/// The address at which clients look without being told.
const OWN_ADDRESS: &str = "169.254.169.254:80";

/// The fields of its answer.
pub(super) const FIELDS: &[&str] = &[
    "access_token",
    "client_id",
    "expires_in",
    "expires_on",
    "ext_expires_in",
    "not_before",
    "resource",
    "token_type",
];

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    if host.address.to_string() == OWN_ADDRESS {
        return Vec::new();
    }
    vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", host.base())]
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    let refuse = |text: &str| error(400, "invalid_request", text);
    let resource = match checked(call, "/metadata/identity/oauth2/token", |version| version >= "2018-02-01") {
        Ok(resource) => resource,
        Err(answer) => return answer,
    };
    let world = host.state.world();
    let names = [("client_id", Selector::Client), ("object_id", Selector::Object), ("msi_res_id", Selector::Resource)];
    let application = match token::identity(host, &world, &names, |name| call.query_value(name)) {
        Ok(application) => application,
        Err(NoIdentity::Unknown) => return refuse("Identity not found"),
        Err(NoIdentity::Several) => {
            return refuse(
                "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token \
                 request",
            );
        }
        Err(NoIdentity::Overnamed) => return refuse("More than one of client_id, object_id and msi_res_id was given"),
    };
    match token::grant(host, application, &resource, call) {
        Ok(granted) => Answer::json(200, &token::body(&granted, FIELDS, call)),
        Err(relayed) => relayed,
    }
}

/// The checks that come before any identity; the resource that is asked for.
pub(super) fn checked(call: &Call, path: &str, takes: impl Fn(&str) -> bool) -> Result<String, Answer> {
    let refuse = |text: &str| Err(error(400, "invalid_request", text));
    if call.path != path {
        return Err(error(404, "not_found", "The requested resource was not found."));
    }
    if call.method != "GET" {
        return Err(error(405, "method_not_allowed", "The method is not allowed."));
    }
    if call.header("metadata") != Some("true") {
        return refuse("Required metadata header not specified");
    }
    // What came through somebody else's hands is refused, so that no open proxy hands out tokens.
    if call.header("x-forwarded-for").is_some() {
        return refuse("The request was forwarded");
    }
    if !call.query_value("api-version").is_some_and(|version| takes(&version)) {
        return refuse("Required query variable 'api-version' is missing or not valid");
    }
    match call.query_value("resource").filter(|resource| !resource.is_empty()) {
        Some(resource) => Ok(resource),
        None => refuse("Required query variable 'resource' is missing"),
    }
}

/// An error in the form of the metadata service and of Azure Arc.
pub(super) fn error(status: u16, error: &str, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": text }))
}
