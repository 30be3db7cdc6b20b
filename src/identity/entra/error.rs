//! Why Entra gives no token.

use super::Refusal;
use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, federation, job, policy};
use crate::http::CallError;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No answer.
    #[error("Entra gave no access token: {0}")]
    Call(#[from] CallError),
    /// A refusal with a reason.
    #[error("{} ({})", .0.headline, .0.code)]
    Refused(Box<Refusal>),
    /// Something else than a token came back.
    #[error("{host} answered the token request with something that is not a token (HTTP {status}): {what}")]
    Broken {
        /// The authority's host.
        host: String,
        /// The status.
        status: u16,
        /// What came instead.
        what: String,
    },
    /// The token is not the one asked for.
    #[error("Entra gave a token whose {claim} is '{found}' where '{expected}' was asked for")]
    Unexpected {
        /// Which claim.
        claim: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// The token has ended already.
    #[error("Entra gave a token that has already expired")]
    Ended,
}

impl ExchangeError {
    /// Whether what was shown is not, or no longer, in its time of validity.
    pub fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.cause == Some(&federation::OUTSIDE_ITS_TIME))
    }
}

impl Explain for ExchangeError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(refusal) => {
                let Refusal { presented, client, request, .. } = refusal.as_ref();
                let mut facts = presented.clone();
                facts.extend([("client", client.client_id.clone()), ("tenant", client.tenant.clone())]);
                facts.extend(request.iter().map(|request| ("request", request.clone())));
                facts
            }
            Self::Call(_) | Self::Broken { .. } | Self::Unexpected { .. } | Self::Ended => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Call(error) => error.remedy(),
            Self::Refused(refusal) => refusal.remedy.clone(),
            Self::Unexpected { .. } => policy::OTHER_TOKEN.remedy.to_owned(),
            Self::Broken { .. } => policy::NOT_ENTRA.remedy.to_owned(),
            Self::Ended => job::CLOCK.remedy.to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Call(error) => error.cause(),
            Self::Refused(refusal) => refusal.cause,
            Self::Broken { .. } => Some(&policy::NOT_ENTRA),
            Self::Unexpected { .. } => Some(&policy::OTHER_TOKEN),
            Self::Ended => Some(&job::CLOCK),
        }
    }
}
