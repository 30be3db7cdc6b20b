//! Azure Machine Learning: `GET $MSI_ENDPOINT` with the header `secret`, and `clientid` for an identity.

use super::Host;
use super::app_service::error;
use super::token::{self, Selector};
use crate::message::{Answer, Call};
use crate::world::IdentityKind;

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    let mut all = vec![("MSI_ENDPOINT", format!("{}/MSI/auth", host.base())), ("MSI_SECRET", host.secret.clone())];
    let world = host.state.world();
    let of_user = |client_id: &&String| {
        world.application(client_id).is_some_and(|a| matches!(a.kind, IdentityKind::UserAssigned { .. }))
    };
    if let Some(client_id) = host.machine.identities.iter().find(of_user) {
        all.push(("DEFAULT_IDENTITY_CLIENT_ID", client_id.clone()));
    }
    all
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    if call.path != "/MSI/auth" {
        return error(404, "Not Found");
    }
    if call.method != "GET" {
        return error(405, "Method Not Allowed");
    }
    if call.header("secret") != Some(host.secret.as_str()) {
        return error(401, "The header secret is missing or wrong.");
    }
    if call.query_value("api-version").as_deref() != Some("2017-09-01") {
        return error(400, "The value of api-version is not supported.");
    }
    let Some(resource) = call.query_value("resource").filter(|resource| !resource.is_empty()) else {
        return error(400, "The parameter resource is missing.");
    };
    let world = host.state.world();
    let named = |name: &str| call.query_value(name).filter(|value| !value.is_empty());
    let Ok(application) = token::identity(host, &world, &[("clientid", Selector::Client)], named) else {
        return error(400, "No MSI found for specified ClientId/ResourceId.");
    };
    match token::grant(host, application, &resource, call) {
        Ok(granted) => {
            Answer::json(200, &token::body(&granted, &["access_token", "expires_on", "resource", "token_type"], call))
        }
        Err(relayed) => relayed,
    }
}
