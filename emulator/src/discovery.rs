//! Discovery documents and key sets of both issuers of assertions, and what Entra says about its authorities: the first questions
//! of every client of Azure's.
//!
//! Shapes: the live documents as MSAL's own tests keep them.

use crate::entra::{self, About};
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use serde_json::{Value, json};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Discovery,
    claims: |_, call| {
        let ours = call.host == "vstoken.dev.azure.com" || entra::is_authority(&call.host);
        ours && (call.path.contains("/.well-known/") || call.path.contains("/discovery/"))
    },
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    let owner = call.segments().into_iter().next().unwrap_or_default();
    if call.host == "vstoken.dev.azure.com" {
        if call.path.ends_with("/jwks") {
            return Answer::json(200, &state.keys.azure_devops.key_set());
        }
        let issuer = format!("https://vstoken.dev.azure.com/{owner}");
        return Answer::json(200, &issuer_document(&issuer, "https://vstoken.dev.azure.com/.well-known/jwks"));
    }
    if call.path.ends_with("/keys") {
        return Answer::json(200, &state.keys.entra.key_set());
    }
    if call.path.ends_with("/discovery/instance") {
        return instance(call);
    }
    tenant(state, call, &owner)
}

fn issuer_document(issuer: &str, keys: &str) -> Value {
    json!({
        "issuer": issuer, "jwks_uri": keys, "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"], "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`: the endpoints of a tenant.
fn tenant(state: &State, call: &Call, owner: &str) -> Answer {
    let world = state.world();
    let of_nobody = matches!(owner, "common" | "organizations");
    // The document names the tenant by its id, whatever the address called it.
    let id =
        if of_nobody { Some("{tenantid}".to_owned()) } else { world.tenant(owner).map(|tenant| tenant.id.clone()) };
    let Some(id) = id else {
        let about = About { tenant: owner, client_id: "", assertion: &Value::Null, now: call.now() };
        return entra::refuse(&about.refusal(90_002), None, call);
    };
    let base = format!("https://{}/{}", call.host, if of_nobody { owner } else { &id });
    let mut document = issuer_document(
        &format!("https://login.microsoftonline.com/{id}/v2.0"),
        &format!("{base}/discovery/v2.0/keys"),
    );
    for (name, value) in [
        ("token_endpoint", format!("{base}/oauth2/v2.0/token")),
        ("authorization_endpoint", format!("{base}/oauth2/v2.0/authorize")),
        ("device_authorization_endpoint", format!("{base}/oauth2/v2.0/devicecode")),
        ("end_session_endpoint", format!("{base}/oauth2/v2.0/logout")),
        ("userinfo_endpoint", "https://graph.microsoft.com/oidc/userinfo".to_owned()),
        ("tenant_region_scope", "EU".to_owned()),
        ("cloud_instance_name", "microsoftonline.com".to_owned()),
    ] {
        document[name] = value.into();
    }
    document["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post", "private_key_jwt", "client_secret_basic"]);
    Answer::json(200, &document)
}

/// `/common/discovery/instance`: whether a host is an authority, and by which names it goes.
fn instance(call: &Call) -> Answer {
    let asked = call.query_value("authorization_endpoint").and_then(|text| url::Url::parse(&text).ok());
    let Some(asked) = asked.filter(|url| url.host_str().is_some_and(entra::is_authority)) else {
        let about = About { tenant: "common", client_id: "", assertion: &Value::Null, now: call.now() };
        return entra::refuse(&about.refusal(50_049), None, call);
    };
    let tenant = asked.path_segments().and_then(|mut all| all.next()).unwrap_or_default();
    let cloud = |network: &str, cache: &str, aliases: &[&str]| json!({ "preferred_network": network, "preferred_cache": cache, "aliases": aliases });
    let metadata = json!([
        cloud(
            "login.microsoftonline.com",
            "login.windows.net",
            &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        ),
        cloud(
            "login.partner.microsoftonline.cn",
            "login.partner.microsoftonline.cn",
            &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        ),
        cloud(
            "login.microsoftonline.us",
            "login.microsoftonline.us",
            &["login.microsoftonline.us", "login.usgovcloudapi.net"],
        ),
    ]);
    let document =
        format!("https://{}/{tenant}/v2.0/.well-known/openid-configuration", asked.host_str().unwrap_or_default());
    Answer::json(200, &json!({ "tenant_discovery_endpoint": document, "api-version": "1.1", "metadata": metadata }))
}
