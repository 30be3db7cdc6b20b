//! Discovery documents and key sets of both issuers of assertions.

use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use serde_json::json;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Discovery,
    claims: |_, call| {
        let ours = call.host == "vstoken.dev.azure.com" || crate::entra::is_authority(&call.host);
        ours && (call.path.contains("/.well-known/") || call.path.contains("/discovery/"))
    },
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    let owner = call.segments().into_iter().next().unwrap_or_default();
    let azure_devops = call.host == "vstoken.dev.azure.com";
    let key = if azure_devops { &state.keys.azure_devops } else { &state.keys.entra };
    if call.path.ends_with("/jwks") || call.path.ends_with("/keys") {
        return Answer::json(200, &key.key_set());
    }
    let (issuer, keys) = if azure_devops {
        (format!("https://vstoken.dev.azure.com/{owner}"), "https://vstoken.dev.azure.com/.well-known/jwks".to_owned())
    } else {
        let base = format!("https://login.microsoftonline.com/{owner}");
        (format!("{base}/v2.0"), format!("{base}/discovery/v2.0/keys"))
    };
    Answer::json(
        200,
        &json!({
            "issuer": issuer, "jwks_uri": keys, "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    )
}
