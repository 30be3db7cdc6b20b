//! `GET https://app.vssps.visualstudio.com/_apis/profile/profiles/me`: bound to no organization, so it proves no membership.

use crate::message::{Answer, Call, Credential};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::vault::SecretKind;
use crate::world::NO_TENANT;
use serde_json::json;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Profile,
    claims: |_, call| {
        call.host.ends_with("vssps.visualstudio.com") && call.path.starts_with("/_apis/profile/profiles/")
    },
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    let secret = match call.credential() {
        Credential::Basic { password, .. } => password,
        Credential::Bearer(token) => token,
        _ => String::new(),
    };
    let issued = state.vault().find(&secret).filter(|i| i.kind == SecretKind::AccessToken).cloned();
    let Some(issued) = issued else {
        let refusal = super::errors::unauthorized(super::errors::ANONYMOUS);
        return super::errors::challenge(refusal, NO_TENANT, "https://app.vssps.visualstudio.com/");
    };
    let name =
        issued.claims["appid"].as_str().and_then(|id| state.world().application(id).map(|a| a.display_name.clone()));
    Answer::json(200, &json!({ "displayName": name, "id": issued.claims["oid"], "publicAlias": issued.claims["oid"] }))
}
