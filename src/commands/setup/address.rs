//! Addresses of Azure DevOps in an organization whose name may not be known yet.

use url::Url;

use super::value::Value;

/// Where a service principal becomes a user of an organization (Microsoft's REST specification, memberEntitlementManagement 7.1).
pub fn membership(organization: &Value) -> Value {
    let rest = "/_apis/serviceprincipalentitlements?api-version=7.1-preview.1";
    Value::from("https://vsaex.dev.azure.com/").then(organization.clone()).then(rest)
}

/// The members of an organization that are applications or managed identities (Microsoft's REST reference, Member Entitlements 7.1;
/// filter and fields as public scripts use them).
pub fn members(organization: &Value) -> Value {
    let rest = "/_apis/memberentitlements?api-version=7.1-preview.2&%24filter=userType%20eq%20%27application%27";
    Value::from("https://vsaex.dev.azure.com/").then(organization.clone()).then(rest)
}

/// A service at `dev.azure.com`, by the segments of its path behind the organization.
pub fn of_service(organization: &Value, path: &[&str], api_version: &str) -> Value {
    let path: String = path.iter().flat_map(|segment| ["/".to_owned(), encoded(segment)]).collect();
    let rest = format!("{path}?api-version={api_version}");
    Value::from("https://dev.azure.com/").then(organization.clone()).then(rest)
}

/// A segment of a path, percent-encoded.
fn encoded(segment: &str) -> String {
    let mut url = Url::parse("https://dev.azure.com").ok();
    if let Some(mut segments) = url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
        segments.push(segment);
    }
    url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default()
}
