//! Tokens of one identity: the proof is got once, and shown in each tenant that a token is wanted of.

use std::cell::RefCell;
use std::sync::Arc;

use super::certificate::CertificateError;
use super::claims;
use super::entra::{self, Client, ExchangeError, Issued, Presented, Propagation, Signed};
use super::federation::{self, FederatedCredential, Guid, audience_at};
use super::managed_identity::{self, Machine, ManagedIdentityError, Selector};
use super::pipeline::{self, About, AssertionError, Pipeline};
use super::{Application, Identity, Proof};
use crate::diagnosis::causes::{self, Cause, application};
use crate::diagnosis::{Explain, Explanation};
use crate::http::Http;
use crate::kernel::clock::now;
use crate::kernel::secret::Assertion;

/// What an identity is proved with.
pub struct Surroundings {
    /// The run's client.
    pub http: Arc<Http>,
    /// What the job says of itself.
    pub pipeline: Pipeline,
    /// What the machine says of its identity.
    pub machine: Machine,
}

/// Hears of every secret before anything else could say it.
pub type KeepSecret<'k> = &'k mut dyn FnMut(&str);

/// The tokens of one identity. It owns all that it needs, so that a process which outlives the step can go on with it.
pub struct Tokens {
    identity: Arc<Identity>,
    surroundings: Surroundings,
    assertion: Option<Assertion>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Azure DevOps gave no assertion.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// Entra gave no token.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The machine gave none.
    #[error(transparent)]
    Machine(#[from] ManagedIdentityError),
    /// The certificate signs nothing.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Nothing says in which tenant to ask.
    #[error("nothing says in which tenant to ask for the token")]
    NoTenant,
}

impl TokenError {
    /// Whether no later try can do better: what the job proves itself with is no good any more.
    pub fn is_for_good(&self) -> bool {
        use AssertionError::{Address, JobTokenRefused, NoAddress, NoJobToken};
        matches!(
            self,
            Self::Assertion(NoAddress | NoJobToken | Address { .. } | JobTokenRefused { .. }) | Self::NoTenant
        )
    }

    /// Whether Entra was asked, and said no for good.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Exchange(ExchangeError::Refused(refusal)) if !refusal.passes)
    }

    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Self::Assertion(error) => Some(error),
            Self::Exchange(error) => Some(error),
            Self::Machine(error) => Some(error),
            Self::Certificate(error) => Some(error),
            Self::NoTenant => None,
        }
    }
}

impl Explain for TokenError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        self.inner().map(Explain::facts).unwrap_or_default()
    }

    fn remedy(&self) -> String {
        let set = || "set the tenant in the input 'tenantId', or an organization in 'organizations'".to_owned();
        self.inner().map_or_else(set, Explain::remedy)
    }

    fn cause(&self) -> Option<&'static Cause> {
        self.inner().map_or(Some(&application::NO_TENANT), Explain::cause)
    }
}

/// Entra does not say that it was a machine's own identity which it did not trust.
///
/// Source: Microsoft's "Configure an application to trust a managed identity".
fn with_note(mut error: TokenError, proof: &Proof) -> TokenError {
    if let (Proof::Machine(Selector::Default), TokenError::Exchange(ExchangeError::Refused(refusal))) =
        (proof, &mut error)
    {
        let note = "an application can trust only user-assigned identities; the input 'clientId' chooses one";
        refusal.presented.push(("note", note.to_owned()));
    }
    error
}

impl Tokens {
    /// Tokens of `identity`.
    pub fn new(identity: Arc<Identity>, surroundings: Surroundings) -> Self {
        Self { identity, surroundings, assertion: None }
    }

    /// Whose tokens they are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The run's client.
    pub fn http(&self) -> Arc<Http> {
        self.surroundings.http.clone()
    }

    /// Gets what is to be shown to Entra, where it comes from elsewhere. So what else is to be found out can be meanwhile.
    pub async fn prepare(&mut self, keep_secret: KeepSecret<'_>) -> Result<(), TokenError> {
        if let Identity::Application(application) = &*self.identity.clone() {
            self.fetch(application, keep_secret).await?;
        }
        Ok(())
    }

    /// The token of a tenant, or of the identity's own. `propagation` is how long a credential that was made just now is waited
    /// for.
    pub async fn of_tenant(
        &mut self,
        tenant: Option<&str>,
        propagation: Propagation,
        keep_secret: KeepSecret<'_>,
    ) -> Result<Issued, TokenError> {
        let issued = match &*self.identity.clone() {
            Identity::Application(application) => {
                self.exchanged(application, tenant, propagation, &mut *keep_secret).await?
            }
            Identity::Machine(selector) => {
                let Surroundings { http, machine, .. } = &self.surroundings;
                managed_identity::token(http, machine, selector, &mut *keep_secret).await?
            }
        };
        keep_secret(issued.token.reveal());
        Ok(issued)
    }

    /// What the user should know of the assertion, though it still serves: the older issuer of service connections ends.
    pub fn warning(&self) -> Option<Explanation> {
        let Identity::Application(Application { authority, tenant, proof: Proof::Connection { id, .. }, .. }) =
            &*self.identity
        else {
            return None;
        };
        let issuer = claims::read(self.assertion.as_ref()?.reveal())?.iss?;
        let organization = issuer.strip_prefix(&federation::azure_devops_issuer(""))?.trim_matches('/');
        let ids = [tenant.as_deref().unwrap_or_default(), organization, id].map(Guid::parse);
        let cause = &causes::federation::OLD_ISSUER;
        let (mut facts, mut remedy) = (Vec::new(), cause.remedy);
        if let [Ok(tenant), Ok(organization), Ok(connection)] = ids {
            let FederatedCredential { issuer, subject, audience } =
                federation::of_connection_entra(authority, tenant, organization, connection);
            facts = vec![("issuer", issuer), ("subject", subject), ("audience", audience.to_owned())];
            remedy = "add a federated credential with these to the identity, then convert the connection (Project settings, \
                      Service connections, Update); its id and permissions stay";
        }
        Some(Explanation {
            headline: format!("{}: {id}", cause.headline),
            facts,
            remedy: remedy.to_owned(),
            cause: Some(cause),
        })
    }

    async fn exchanged(
        &mut self,
        application: &Application,
        tenant: Option<&str>,
        propagation: Propagation,
        keep_secret: KeepSecret<'_>,
    ) -> Result<Issued, TokenError> {
        let tenant = tenant.or(application.tenant.as_deref()).ok_or(TokenError::NoTenant)?.to_owned();
        let (authority, client_id) = (application.authority.clone(), application.client_id.clone());
        let client = Client { authority, tenant, client_id };
        match self.exchanged_once(application, &client, propagation, &mut *keep_secret).await {
            // The assertion ended on its way: once more with a new one.
            Err(TokenError::Exchange(error)) if error.is_out_of_time() => {
                self.assertion = None;
                self.exchanged_once(application, &client, propagation, keep_secret).await
            }
            other => other,
        }
        .map_err(|error| with_note(error, &application.proof))
    }

    async fn exchanged_once(
        &mut self,
        application: &Application,
        client: &Client,
        propagation: Propagation,
        keep_secret: KeepSecret<'_>,
    ) -> Result<Issued, TokenError> {
        let renewed = matches!(application.proof, Proof::TokenFile(_));
        if self.assertion.is_none() || renewed {
            self.fetch(application, &mut *keep_secret).await?;
        }
        let keep_secret = RefCell::new(keep_secret);
        let (first, another);
        let presented = match (&application.proof, &self.assertion) {
            (Proof::Secret(secret), _) => {
                let mut keep_secret = keep_secret.borrow_mut();
                keep_secret(secret.reveal());
                keep_secret(&entra::encoded(secret));
                Presented::Secret(secret)
            }
            (Proof::Certificate(certificate, chain), _) => {
                // For this tenant's endpoint, and no second time.
                let audience = client.token_endpoint();
                let sign = move || {
                    let signed = certificate.assertion(&client.client_id, audience.as_str(), now(), *chain)?;
                    (keep_secret.borrow_mut())(signed.reveal());
                    Ok::<_, CertificateError>(signed)
                };
                first = sign()?;
                another = move || sign().ok();
                Presented::Signed(Signed { certificate, chain: *chain, first: &first, another: &another })
            }
            (_, Some(assertion)) => Presented::Federated(assertion),
            (_, None) => return Err(TokenError::NoTenant),
        };
        Ok(entra::exchange(&self.surroundings.http, client, presented, propagation).await?)
    }

    async fn fetch(&mut self, application: &Application, keep_secret: KeepSecret<'_>) -> Result<(), TokenError> {
        let Surroundings { http, pipeline, machine, .. } = &self.surroundings;
        let assertion = match &application.proof {
            Proof::Secret(_) | Proof::Certificate(..) => return Ok(()),
            Proof::Connection { id, late_bound } => {
                let about = About::Connection(id.clone());
                if let Some(bound) = late_bound {
                    keep_secret(bound.reveal());
                }
                let bound = || late_bound.as_ref().and_then(|bound| pipeline::late_bound(bound, &about)).cloned();
                match pipeline::assertion(http, pipeline, &about).await {
                    // The job's token may have expired in a job of many hours; what the service bound to the connection may
                    // live longer.
                    Err(
                        error @ (AssertionError::NoAddress
                        | AssertionError::NoJobToken
                        | AssertionError::JobTokenRefused { .. }),
                    ) => bound().ok_or(error)?,
                    other => other?,
                }
            }
            Proof::Pipeline => pipeline::assertion(http, pipeline, &About::Pipeline).await?,
            Proof::Machine(selector) => {
                let audience = audience_at(&application.authority);
                managed_identity::assertion(http, machine, selector, audience, &mut *keep_secret).await?
            }
            Proof::TokenFile(path) => {
                // In a thread of its own: a disk that does not answer must not outlast the time limit.
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || managed_identity::token_file_assertion(&path));
                reading.await.unwrap_or(Err(ManagedIdentityError::NoThread))?
            }
        };
        keep_secret(assertion.reveal());
        self.assertion = Some(assertion);
        Ok(())
    }
}
