//! Why a machine gives no token for its identity.

use super::{Selector, Source};
use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, job, managed_identity as causes};
use crate::http::CallError;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum ManagedIdentityError {
    /// A variable does not hold an address that may be asked.
    #[error("the variable {variable} is '{value}', where no managed identity is asked for a token: {reason}")]
    Address {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No answer.
    #[error("{asked} gave no token: {error}")]
    Unanswered {
        /// Who was asked.
        asked: Source,
        /// Where.
        address: String,
        /// The trouble.
        error: CallError,
    },
    /// A refusal with a reason.
    #[error("{asked} gave no token (HTTP {status}): {}", .cause.map_or(.message.as_str(), |cause| cause.headline))]
    Refused {
        /// Who was asked.
        asked: Source,
        /// The status.
        status: u16,
        /// The source's first sentence.
        message: String,
        /// What it means, where that is known.
        cause: Option<&'static Cause>,
        /// How many requests it took.
        tries: u32,
        /// Which identity was asked for.
        selector: Selector,
        /// The source's ids of the request.
        request: Option<String>,
    },
    /// Something else than a token came back.
    #[error("{asked} answered with something that is not a token (HTTP {status}): {what}")]
    Broken {
        /// Who was asked.
        asked: Source,
        /// The status.
        status: u16,
        /// What came instead.
        what: String,
    },
    /// The token is not the one asked for.
    #[error("{asked} gave a token whose {claim} is '{found}' where '{expected}' was asked for")]
    Unexpected {
        /// Who was asked.
        asked: Source,
        /// Which claim.
        claim: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// The token has ended already.
    #[error("{asked} gave a token that has already expired")]
    Ended {
        /// Who was asked.
        asked: Source,
    },
    /// The source has one identity, and cannot be asked for another.
    #[error("{asked} cannot be asked for a user-assigned identity")]
    NothingToSelect {
        /// The source.
        asked: Source,
    },
    /// The first answer of Azure Arc's agent is not its challenge.
    #[error("the agent of Azure Arc answered HTTP {status} where 401 with the name of a key file was expected")]
    Challenge {
        /// What came in its place.
        status: u16,
    },
    /// The challenge names no file.
    #[error("the agent of Azure Arc names no key file: its WWW-Authenticate is '{header}'")]
    Realm {
        /// The header.
        header: String,
    },
    /// The challenge names a file that is not to be read.
    #[error(
        "the agent of Azure Arc names the key file '{path}', which does not lie directly in {folder} or is no .key"
    )]
    KeyPath {
        /// The file.
        path: String,
        /// Where keys lie.
        folder: String,
    },
    /// The key may not be read.
    #[error("the key file {path} of Azure Arc's agent may not be read by this user")]
    KeyDenied {
        /// The file.
        path: String,
    },
    /// The key cannot be used.
    #[error("the key file {path} of Azure Arc's agent cannot be used: {reason}")]
    KeyFile {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The token file of AKS cannot be used.
    #[error("the token file {path} (AZURE_FEDERATED_TOKEN_FILE) cannot be used: {reason}")]
    TokenFile {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
}

impl Explain for ManagedIdentityError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unanswered { address, error, .. } => {
                let mut facts = vec![("address", address.clone())];
                facts.extend(error.facts());
                facts
            }
            Self::Refused { selector, request, tries, .. } => {
                let identity = match selector {
                    Selector::Default => "the machine's own, or its only one".to_owned(),
                    Selector::ClientId(id) => format!("user-assigned, client id {id}"),
                };
                let mut facts = vec![("identity", identity)];
                if *tries > 1 {
                    facts.push(("requests", tries.to_string()));
                }
                facts.extend(request.iter().map(|request| ("request", request.clone())));
                facts
            }
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match (self, self.cause()) {
            (Self::Address { variable, .. }, _) => {
                format!("take back what sets {variable}: the machine sets it, nobody else should")
            }
            (Self::Unexpected { .. } | Self::NothingToSelect { .. }, None) => {
                "leave clientId out to use the machine's own identity, or run the job where this identity is assigned"
                    .to_owned()
            }
            (Self::KeyFile { .. }, _) => "see that the agent of Azure Arc runs and is current".to_owned(),
            (_, Some(cause)) => cause.remedy.to_owned(),
            (_, None) => "run again; if it stays, check which identity is assigned to the machine".to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Unanswered { asked: Source::Imds, error, .. } if is_silence(error) => Some(&causes::IMDS_UNREACHABLE),
            Self::Unanswered { error, .. } => error.cause(),
            Self::Refused { cause, .. } => *cause,
            Self::Unexpected { asked: Source::Arc, claim: CLIENT_ID, .. } => Some(&causes::ARC_USER_ASSIGNED),
            Self::Ended { .. } => Some(&job::CLOCK),
            Self::Challenge { .. } => Some(&causes::ARC_NO_CHALLENGE),
            Self::Realm { .. } => Some(&causes::ARC_BAD_CHALLENGE),
            Self::KeyPath { .. } => Some(&causes::ARC_BAD_PATH),
            Self::KeyDenied { .. } => Some(&causes::ARC_KEY_DENIED),
            Self::TokenFile { .. } => Some(&causes::NO_TOKEN_FILE),
            Self::Address { .. }
            | Self::Broken { .. }
            | Self::Unexpected { .. }
            | Self::NothingToSelect { .. }
            | Self::KeyFile { .. } => None,
        }
    }
}

/// The claim that tells an identity.
pub(super) const CLIENT_ID: &str = "client id";

/// Whether nobody is there.
fn is_silence(error: &CallError) -> bool {
    matches!(error, CallError::Unreachable { .. } | CallError::TimedOut { .. })
}
