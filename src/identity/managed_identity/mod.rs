//! Managed identities: the machine itself vouches for the job, and hands out the token.
//!
//! Which source a machine has, its environment tells; without a word of it, the metadata service of virtual machines is asked.
//! No source is ever reached through a proxy, and none beyond this machine's own network. Sources of the shapes: Azure's identity
//! libraries (AzureAD/microsoft-authentication-library-for-go `apps/managedidentity`, Azure/azure-sdk-for-rust
//! `sdk/identity`), and Microsoft's "How managed identities for Azure resources work with Azure virtual machines".

mod answer;
mod app_service;
mod arc;
mod cloud_shell;
mod error;
mod imds;
mod machine_learning;
mod near;
mod service_fabric;
mod token_file;

use std::path::PathBuf;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::claims;
use super::entra::{AZURE_DEVOPS, Issued};
use crate::http::retry::{Again, Tries};
use crate::http::{Call, Http, Outcome, Thumbprint};
use crate::kernel::secret::{Assertion, MachineSecret};

pub use error::ManagedIdentityError;
pub use token_file::assertion as token_file_assertion;

/// What the environment says of the machine's identity.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// `IDENTITY_ENDPOINT`.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`.
    pub identity_header: Option<MachineSecret>,
    /// `IDENTITY_SERVER_THUMBPRINT`.
    pub identity_server_thumbprint: Option<String>,
    /// `IMDS_ENDPOINT`.
    pub imds_endpoint: Option<String>,
    /// `MSI_ENDPOINT`.
    pub msi_endpoint: Option<String>,
    /// `MSI_SECRET`.
    pub msi_secret: Option<MachineSecret>,
    /// `DEFAULT_IDENTITY_CLIENT_ID`.
    pub default_client_id: Option<String>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`.
    pub imds_host: Option<String>,
    /// Where the agent of Azure Arc keeps its program; the machine is one of Arc's where there is such a file.
    pub arc_program: PathBuf,
    /// Where the agent of Azure Arc puts keys, and nowhere else.
    pub arc_keys: PathBuf,
    /// What the workload identity of AKS injects.
    pub workload: Option<Workload>,
}

/// An application that a pod of AKS may act as, by a token that Kubernetes renews in a file.
#[derive(Clone, Debug)]
pub struct Workload {
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub token_file: PathBuf,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_AUTHORITY_HOST`.
    pub authority: Option<String>,
}

/// Which of a machine's identities is meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selector {
    /// The machine's own, or the only one that it has.
    Default,
    /// The user-assigned one of this client id, a GUID.
    ClientId(String),
}

/// Who hands out tokens on a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The instance metadata service of virtual machines, scale sets and Managed DevOps Pools.
    Imds,
    /// App Service, Functions and Container Apps.
    AppService,
    /// A server of Azure Arc.
    Arc,
    /// Azure Cloud Shell.
    CloudShell,
    /// A cluster of Service Fabric.
    ServiceFabric,
    /// A compute of Azure Machine Learning.
    MachineLearning,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Imds => "the machine's metadata service (IMDS)",
            Self::AppService => "the identity endpoint of App Service or Container Apps",
            Self::Arc => "the agent of Azure Arc",
            Self::CloudShell => "Azure Cloud Shell",
            Self::ServiceFabric => "the identity endpoint of Service Fabric",
            Self::MachineLearning => "the identity endpoint of Azure Machine Learning",
        })
    }
}

/// A request to a source.
struct Question {
    source: Source,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
    /// The certificate that the source must show, where it speaks https.
    pin: Option<Thumbprint>,
    again: fn(&Outcome, Tries) -> Again,
}

impl Machine {
    /// The source of this machine's tokens, in the order in which Azure's own libraries look.
    pub fn source(&self) -> Source {
        match (&self.identity_endpoint, &self.identity_header, &self.imds_endpoint, &self.msi_endpoint) {
            (Some(_), Some(_), _, _) if self.identity_server_thumbprint.is_some() => Source::ServiceFabric,
            (Some(_), Some(_), _, _) => Source::AppService,
            (_, _, _, Some(_)) if self.msi_secret.is_some() => Source::MachineLearning,
            (_, _, _, Some(_)) => Source::CloudShell,
            (Some(_), _, Some(_), _) => Source::Arc,
            _ if crate::disk::exists(&self.arc_program) => Source::Arc,
            _ => Source::Imds,
        }
    }
}

/// Hears of every secret before anything else could say it.
pub type KeepSecret<'a> = dyn FnMut(&str) + 'a;

/// Gets a token of Azure DevOps for an identity of the machine. `http` is the run's client, whose time limit holds here too.
/// `keep_secret` hears of what the source is asked with: an answer may repeat it.
pub async fn token(
    http: &Http,
    machine: &Machine,
    selector: &Selector,
    keep_secret: &mut KeepSecret<'_>,
) -> Result<Issued, ManagedIdentityError> {
    let answered = ask(http, machine, AZURE_DEVOPS, selector, keep_secret).await?;
    let (source, issued) = (answered.source, answer::issued(&answered)?);
    if !issued.claims.aud.as_ref().is_some_and(|audience| audience.contains(AZURE_DEVOPS)) {
        let found = issued.claims.aud.as_ref().map(claims::Audience::shown).unwrap_or_default();
        return Err(ManagedIdentityError::Unexpected {
            asked: source,
            claim: "audience",
            found,
            expected: AZURE_DEVOPS.into(),
        });
    }
    answer::check_identity(source, &issued.claims, selector)?;
    Ok(issued)
}

/// Gets an assertion for an identity of the machine, by which it can act as an application that trusts it.
///
/// `audience` is that of the application's federated credential, such as `api://AzureADTokenExchange`.
/// Source: Microsoft's "Configure an application to trust a managed identity".
pub async fn assertion(
    http: &Http,
    machine: &Machine,
    selector: &Selector,
    audience: &str,
    keep_secret: &mut KeepSecret<'_>,
) -> Result<Assertion, ManagedIdentityError> {
    let answered = ask(http, machine, audience, selector, keep_secret).await?;
    let issued = answer::issued(&answered)?;
    answer::check_identity(answered.source, &issued.claims, selector)?;
    Ok(Assertion::new(issued.token.reveal()))
}

async fn ask(
    http: &Http,
    machine: &Machine,
    resource: &str,
    selector: &Selector,
    keep_secret: &mut KeepSecret<'_>,
) -> Result<answer::Answered, ManagedIdentityError> {
    for secret in [&machine.identity_header, &machine.msi_secret].into_iter().flatten() {
        keep_secret(secret.reveal());
    }
    let source = machine.source();
    let question = match source {
        Source::Imds => imds::question(machine, resource, selector)?,
        Source::AppService => app_service::question(machine, resource, selector)?,
        Source::MachineLearning => machine_learning::question(machine, resource, selector)?,
        Source::CloudShell => cloud_shell::question(machine, resource, selector)?,
        Source::ServiceFabric => service_fabric::question(machine, resource, selector)?,
        Source::Arc => arc::question(http, machine, resource, selector, keep_secret).await?,
    };
    let answer = question.send(http).await?;
    if answer.status != 200 {
        return Err(answer::refusal(source, &answer, selector));
    }
    Ok(answer::Answered { source, address: near::shown(&question.url), answer })
}

impl Question {
    async fn send(&self, http: &Http) -> Result<crate::http::Answer, ManagedIdentityError> {
        let source = self.source;
        let failed = |error| ManagedIdentityError::Unanswered { asked: source, address: near::shown(&self.url), error };
        let client = Http::beside_the_machine(http.deadline(), self.pin).map_err(failed)?;
        let call = Call {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            again: &self.again,
        };
        let mut answer = client.send(&call).await.map_err(failed)?;
        // An answer may repeat what it was asked with, and a part of it is shown.
        for secret in self.headers.values().filter(|value| value.is_sensitive()) {
            let secret = secret.to_str().unwrap_or_default();
            let secret = secret.strip_prefix("Basic ").unwrap_or(secret);
            if secret.len() >= 8 && answer.body.contains(secret) {
                answer.body = answer.body.replace(secret, "***");
            }
        }
        Ok(answer)
    }
}

/// What most sources' own libraries do: three more tries, a second apart.
fn thrice(outcome: &Outcome, tries: Tries) -> Again {
    let passes = match outcome {
        Ok(answer) => matches!(answer.status, 404 | 408 | 429 | 500 | 502 | 503 | 504),
        Err(error) => error.may_pass(),
    };
    if passes && tries.count < 4 { Again::After(std::time::Duration::from_secs(1)) } else { Again::Never }
}

#[cfg(test)]
mod tests;
