//! A compute of Azure Machine Learning.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};

use super::near::{self, Reach};
use super::{Machine, ManagedIdentityError, Question, Selector, Source, thrice};
use crate::http::secret_header;

const API_VERSION: &str = "2017-09-01";

pub(super) fn question(
    machine: &Machine,
    resource: &str,
    selector: &Selector,
) -> Result<Question, ManagedIdentityError> {
    let endpoint = machine.msi_endpoint.as_deref().unwrap_or_default();
    let mut url = near::address("MSI_ENDPOINT", endpoint, "http", Reach::Network)?;
    url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
    let client_id = match selector {
        Selector::ClientId(id) => Some(id),
        Selector::Default => machine.default_client_id.as_ref(),
    };
    if let Some(id) = client_id {
        url.query_pairs_mut().append_pair("clientid", id);
    }
    let secret = machine.msi_secret.as_ref().and_then(|secret| secret_header(secret.reveal()));
    let headers = secret.map(|value| (HeaderName::from_static("secret"), value));
    let (headers, source) = (HeaderMap::from_iter(headers), Source::MachineLearning);
    Ok(Question { source, method: Method::GET, url, headers, body: None, pin: None, again: thrice })
}
