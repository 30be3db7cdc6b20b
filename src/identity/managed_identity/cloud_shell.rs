//! Azure Cloud Shell, which acts for the user who opened it.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use super::imds::metadata_header;
use super::near::{self, Reach};
use super::{Machine, ManagedIdentityError, Question, Selector, Source, thrice};

pub(super) fn question(
    machine: &Machine,
    resource: &str,
    selector: &Selector,
) -> Result<Question, ManagedIdentityError> {
    if *selector != Selector::Default {
        return Err(ManagedIdentityError::NothingToSelect { asked: Source::CloudShell });
    }
    let url =
        near::address("MSI_ENDPOINT", machine.msi_endpoint.as_deref().unwrap_or_default(), "http", Reach::Machine)?;
    let mut headers = metadata_header();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("resource", resource).finish();
    Ok(Question {
        source: Source::CloudShell,
        method: Method::POST,
        url,
        headers,
        body: Some(body),
        pin: None,
        again: thrice,
    })
}
