//! Azure Cloud Shell: `POST $MSI_ENDPOINT` with a form.

use super::Host;
use super::token;
use crate::message::{Answer, Call};
use serde_json::json;

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    vec![("MSI_ENDPOINT", format!("{}/oauth2/token", host.base()))]
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    if call.path != "/oauth2/token" {
        return error(404, "NotFound", "The path is not known.");
    }
    if call.method != "POST" {
        return error(405, "MethodNotAllowed", "The method is not allowed.");
    }
    if call.header("metadata") != Some("true") {
        return error(400, "BadRequest", "Required metadata header not specified");
    }
    let form = call.form();
    let Some(resource) = form.get("resource").filter(|resource| !resource.is_empty()) else {
        return error(400, "BadRequest", "The field resource is missing.");
    };
    if form.keys().any(|name| matches!(name.as_str(), "client_id" | "object_id" | "mi_res_id" | "msi_res_id")) {
        return error(400, "BadRequest", "An identity cannot be chosen here.");
    }
    let world = host.state.world();
    let Ok(application) = token::identity(host, &world, &[], |_| None) else {
        return error(400, "IdentityNotFound", "There is no identity.");
    };
    let Ok(granted) = token::grant(host, application, resource, call) else {
        let text = format!("Audience {resource} is not a supported MSI token audience.");
        return error(400, "AudienceNotSupported", &text);
    };
    let fields = ["access_token", "expires_in", "expires_on", "not_before", "resource", "token_type"];
    Answer::json(200, &token::body(&granted, &fields, call))
}

/// An error in the form of Cloud Shell.
pub(super) fn error(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": text } }))
}
