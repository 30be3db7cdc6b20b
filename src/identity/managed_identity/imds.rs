//! The instance metadata service of virtual machines, scale sets and Managed DevOps Pools.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::near::{self, Reach};
use super::{Machine, ManagedIdentityError, Question, Selector, Source};
use crate::http::Outcome;
use crate::http::retry::{Again, Tries};

const HOST: &str = "http://169.254.169.254";
const PATH: &str = "/metadata/identity/oauth2/token";
const API_VERSION: &str = "2018-02-01";

pub(super) fn question(
    machine: &Machine,
    resource: &str,
    selector: &Selector,
) -> Result<Question, ManagedIdentityError> {
    let host = machine.imds_host.as_deref().unwrap_or(HOST);
    let mut url = near::address("AZURE_POD_IDENTITY_AUTHORITY_HOST", host, "http", Reach::Network)?;
    url.set_path(PATH);
    url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
    if let Selector::ClientId(id) = selector {
        url.query_pairs_mut().append_pair("client_id", id);
    }
    Ok(Question {
        source: Source::Imds,
        method: Method::GET,
        url,
        headers: metadata_header(),
        body: None,
        pin: None,
        again,
    })
}

/// What keeps a request that somebody else redirected here from being answered.
pub(super) fn metadata_header() -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("metadata"), HeaderValue::from_static("true"))])
}

/// As Microsoft's "retry guidance" for this service and its libraries have it: 1, 2 and 4 seconds after 404, 408, 429 and 5xx; every
/// ten seconds after 410, while the service is being updated. Where nothing answers there is no such service: once more, and no
/// longer.
/// Source: AzureAD/microsoft-authentication-library-for-dotnet, `docs/imds_retry_based_on_errors.md`.
fn again(outcome: &Outcome, tries: Tries) -> Again {
    match outcome {
        Ok(answer) if answer.status == 410 && tries.count <= 7 => Again::After(Duration::from_secs(10)),
        Ok(answer) if matches!(answer.status, 404 | 408 | 429 | 500..=599) && tries.count <= 3 => {
            Again::After(Duration::from_secs(1 << (tries.count - 1)))
        }
        Err(error) if tries.count == 1 && error.may_pass() => Again::After(Duration::from_secs(1)),
        Ok(_) | Err(_) => Again::Never,
    }
}
