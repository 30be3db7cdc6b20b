//! What Entra must trust so that an assertion is exchanged: the issuer, subject and audience of a federated credential, worked out
//! from ids and names, and a subject taken apart again.
//!
//! Pure: nothing here asks a service. Entra compares all three with the assertion's claims letter by letter.
//!
//! Sources: the issuer of service connections since March 2025 and its subject: release note of Azure DevOps sprint 253, and
//! captured assertions (gravitational/teleport, rfd 0211); the older issuer: the same captures; a managed identity as a credential:
//! Microsoft, "Configure an application to trust a managed identity".

mod subject;
#[cfg(test)]
mod tests;

use url::Url;

use crate::kernel::organization::unambiguous;

pub use crate::kernel::guid::{Guid, NotAGuid};
pub use subject::Subject;

/// The authority of the public cloud.
pub const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";

/// Azure DevOps as an application of Entra: `499b84ac-1321-427f-aa17-267ca6975798`, the same in every tenant.
pub const AZURE_DEVOPS_ID: Guid = Guid::of_bytes(0x499b_84ac_1321_427f_aa17_267c_a697_5798_u128.to_be_bytes());

/// An authority's address as somebody wrote it: https at the default port, and neither path nor user, query or fragment. Everything
/// else is none, for the assertion goes there.
pub fn authority(written: &str) -> Option<Url> {
    let plain = |url: &Url| {
        url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    unambiguous(written).filter(plain)
}

/// The three values by which Entra recognises an assertion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FederatedCredential {
    /// Who signs the assertion: an https address without a slash at its end.
    pub issuer: String,
    /// Of whom the assertion speaks; [`Subject::parse`] takes it apart.
    pub subject: String,
    /// What the credential says for the audience. Entra's own assertions carry the id of the same resource in their `aud` claim,
    /// `fb60f99c-7a34-4190-8149-302f77469936`, and match all the same.
    pub audience: &'static str,
}

/// The credential for a service connection whose assertions Entra issues, which all new connections are.
///
/// `authority` is the authority's address, `tenant` the tenant of the connection, `organization` the organization's id (`instanceId`
/// in its `_apis/connectionData`), `connection` the id of the service connection.
pub fn of_connection_entra(authority: &Url, tenant: Guid, organization: Guid, connection: Guid) -> FederatedCredential {
    let subject = Subject::EntraConnection { tenant, application: AZURE_DEVOPS_ID, organization, connection };
    FederatedCredential {
        issuer: entra_issuer(authority, &tenant),
        subject: subject.to_string(),
        audience: audience_at(authority),
    }
}

/// Entra's issuer for a tenant.
pub fn entra_issuer(authority: &Url, tenant: &Guid) -> String {
    format!("{}/{tenant}/v2.0", authority.as_str().trim_end_matches('/'))
}

/// Azure DevOps' own issuer for an organization, by the organization's id or what stands for it.
pub fn azure_devops_issuer(organization_id: &str) -> String {
    format!("https://vstoken.dev.azure.com/{organization_id}")
}

/// What the subject of a connection at Entra's issuer begins with; the ids of organization and connection follow, as
/// `/<organization>/<connection>`.
pub fn connection_stem(tenant: &Guid) -> String {
    format!("/eid1/c/pub/t/{}/a/{}/sc", tenant.coded(), AZURE_DEVOPS_ID.coded())
}

/// The audience of a federated credential in the cloud of an authority.
pub fn audience_at(authority: &Url) -> &'static str {
    match authority.host_str().unwrap_or_default() {
        "login.microsoftonline.us" => "api://AzureADTokenExchangeUSGov",
        "login.partner.microsoftonline.cn" | "login.chinacloudapi.cn" => "api://AzureADTokenExchangeChina",
        _ => "api://AzureADTokenExchange",
    }
}
