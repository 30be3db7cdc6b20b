//! A cluster of Service Fabric: https with a certificate of its own, known by its thumbprint.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};

use super::near::{self, Reach};
use super::{Machine, ManagedIdentityError, Question, Selector, Source, thrice};
use crate::http::{Thumbprint, secret_header};

const API_VERSION: &str = "2019-07-01-preview";
const THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";

pub(super) fn question(
    machine: &Machine,
    resource: &str,
    selector: &Selector,
) -> Result<Question, ManagedIdentityError> {
    if *selector != Selector::Default {
        return Err(ManagedIdentityError::NothingToSelect { asked: Source::ServiceFabric });
    }
    let endpoint = machine.identity_endpoint.as_deref().unwrap_or_default();
    let mut url = near::address("IDENTITY_ENDPOINT", endpoint, "https", Reach::Network)?;
    url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
    let thumbprint = machine.identity_server_thumbprint.as_deref().unwrap_or_default();
    let pin = Thumbprint::parse(thumbprint).ok_or_else(|| ManagedIdentityError::Address {
        variable: THUMBPRINT,
        value: thumbprint.to_owned(),
        reason: "it is no SHA-1 thumbprint of forty hexadecimal digits",
    })?;
    let secret = machine.identity_header.as_ref().and_then(|secret| secret_header(secret.reveal()));
    let headers = secret.map(|value| (HeaderName::from_static("secret"), value));
    let (headers, source) = (HeaderMap::from_iter(headers), Source::ServiceFabric);
    Ok(Question { source, method: Method::GET, url, headers, body: None, pin: Some(pin), again: thrice })
}
