//! Which Entra tenant an organization belongs to, asked without a credential.
//!
//! Only of the service's own hosts: whoever answers decides where a token is asked for. Sources: git-ecosystem/git-credential-manager
//! `AzureDevOpsRestApi.cs`, which asks by HEAD; microsoft/artifacts-credprovider, which asks by GET.

use std::time::Duration;

use reqwest::{Method, Url};

use crate::http::retry::{self, Again, Tries};
use crate::http::{Answer, Call, CallError, Http, Outcome, azure_devops_headers};
use crate::kernel::guid::Guid;
use crate::kernel::organization::Organization;

const HEADER: &str = "x-vss-resourcetenant";
/// What an organization names that is backed by Microsoft accounts.
const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// How long both questions may take together.
const LIMIT: Duration = Duration::from_secs(10);

/// The tenant of an organization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tenant {
    /// A tenant, by its id in lower case.
    Entra(String),
    /// None: the organization is backed by Microsoft accounts, and takes no tokens of applications.
    Absent,
    /// Nobody said, and why.
    Unknown(String),
}

/// Asks by HEAD, then by GET: which of the two the service answers with the header was seen to differ.
///
/// What takes longer than it is worth is given up, so that a service which stalls here leaves time for the token.
pub async fn of_organization(http: &Http, organization: &Organization) -> Tenant {
    let late = || Tenant::Unknown(format!("nobody said within {} seconds", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, patiently(http, organization)).await.unwrap_or_else(|_| late())
}

async fn patiently(http: &Http, organization: &Organization) -> Tenant {
    let mut why = String::new();
    for method in [Method::HEAD, Method::GET] {
        match ask(http, organization, method).await {
            Ok(answer) => match answer.header(HEADER).map(str::trim) {
                Some(NO_TENANT) => return Tenant::Absent,
                Some(tenant) if Guid::is(tenant) => return Tenant::Entra(tenant.to_ascii_lowercase()),
                Some(_) => "the answer names something that is no tenant".clone_into(&mut why),
                None => why = format!("the answer (HTTP {}) names no tenant", answer.status),
            },
            // What does not answer the one will not answer the other.
            Err(error) => return Tenant::Unknown(error.to_string()),
        }
    }
    Tenant::Unknown(why)
}

async fn ask(http: &Http, organization: &Organization, method: Method) -> Result<Answer, CallError> {
    let url = Url::parse(&organization.url()).map_err(|error| CallError::Settings(error.to_string()))?;
    http.send(&Call { method, url, headers: azure_devops_headers(), body: None, again: &once_more }).await
}

/// The answer is worth less than the time that the usual patience takes.
fn once_more(outcome: &Outcome, tries: Tries) -> Again {
    if tries.count == 1 { retry::usual(outcome, tries) } else { Again::Never }
}
