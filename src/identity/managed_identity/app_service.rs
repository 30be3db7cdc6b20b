//! App Service, Functions and Container Apps.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};

use super::near::{self, Reach};
use super::{Machine, ManagedIdentityError, Question, Selector, Source, thrice};
use crate::http::secret_header;

const API_VERSION: &str = "2019-08-01";

pub(super) fn question(
    machine: &Machine,
    resource: &str,
    selector: &Selector,
) -> Result<Question, ManagedIdentityError> {
    let endpoint = machine.identity_endpoint.as_deref().unwrap_or_default();
    let mut url = near::address("IDENTITY_ENDPOINT", endpoint, "http", Reach::Network)?;
    url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
    if let Selector::ClientId(id) = selector {
        url.query_pairs_mut().append_pair("client_id", id);
    }
    let secret = machine.identity_header.as_ref().and_then(|secret| secret_header(secret.reveal()));
    let headers = secret.map(|value| (HeaderName::from_static("x-identity-header"), value));
    let (headers, source) = (HeaderMap::from_iter(headers), Source::AppService);
    Ok(Question { source, method: Method::GET, url, headers, body: None, pin: None, again: thrice })
}
