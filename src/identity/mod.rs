//! From "who runs" to an access token: get a proof of the identity, exchange it.

pub mod certificate;
pub mod claims;
pub mod entra;
pub mod federation;
pub mod managed_identity;
pub mod pipeline;
pub mod session;
pub mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;

use crate::kernel::secret::{Assertion, ClientSecret};
use certificate::{Certificate, Chain};
use managed_identity::Selector;
use pipeline::{About, Pipeline};

/// Whom a token is for, and how that is proved.
#[derive(Clone, Debug)]
pub enum Identity {
    /// An application, or a managed identity that trusts somebody else's assertions as one does.
    Application(Application),
    /// A managed identity of the machine, which hands out its token itself.
    Machine(Selector),
}

/// An application of Entra.
#[derive(Clone, Debug)]
pub struct Application {
    /// The authority's address, such as `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// The application (client) id.
    pub client_id: String,
    /// The tenant that it asks where an organization does not name another.
    pub tenant: Option<String>,
    /// What shows that the job may act as the application.
    pub proof: Proof,
}

/// What shows that the job may act as an application.
#[derive(Clone, Debug)]
pub enum Proof {
    /// An assertion that speaks of a service connection.
    Connection {
        /// The connection's id, a GUID in lower case.
        id: String,
        /// An assertion that the service bound to the connection when the job began.
        late_bound: Option<Assertion>,
    },
    /// An assertion that speaks of the job's pipeline.
    Pipeline,
    /// The application's password.
    Secret(ClientSecret),
    /// The application's certificate, and whether what it signs carries it.
    Certificate(Arc<Certificate>, Chain),
    /// A token of a managed identity of the machine, which the application trusts.
    Machine(Selector),
    /// A token in a file, which Kubernetes renews.
    TokenFile(PathBuf),
}

impl Identity {
    /// The authority that will be asked for its tokens; nothing where the machine itself hands them out.
    pub fn authority(&self) -> Option<&Url> {
        match self {
            Self::Application(application) => Some(&application.authority),
            Self::Machine(_) => None,
        }
    }

    /// When what it proves itself with ends, in seconds since 1970, where it can get no other; nothing where it can, or where that does
    /// not end with a job.
    pub fn proof_ends(&self, pipeline: &Pipeline) -> Option<u64> {
        let Self::Application(Application { proof: Proof::Connection { id, late_bound: Some(bound) }, .. }) = self
        else {
            return None;
        };
        let lasts = pipeline::can_be_asked(pipeline, &About::Connection(id.clone()));
        claims::read(bound.reveal())?.exp.filter(|_| !lasts)
    }

    /// The tenant that it asks where an organization does not name another; nothing where the machine decides.
    pub fn home_tenant(&self) -> Option<&str> {
        match self {
            Self::Application(application) => application.tenant.as_deref(),
            Self::Machine(_) => None,
        }
    }
}
