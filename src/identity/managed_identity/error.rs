//! Why a machine gives no token for its identity.

use super::{Selector, Source};
use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, job, managed_identity as causes, policy};
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
        /// Where.
        address: String,
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
    /// The system gave no thread to read the token file in.
    #[error("the system gave no thread to read the token file in")]
    NoThread,
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
            Self::Broken { address, .. } => vec![("address", address.clone())],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Address { variable, .. } => {
                format!("take back what sets {variable}: the machine sets it, nobody else should")
            }
            _ => self.row().remedy.to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        Some(self.row())
    }
}

impl ManagedIdentityError {
    fn row(&self) -> &'static Cause {
        match self {
            Self::Address { .. } => &causes::ADDRESS_REFUSED,
            Self::Unanswered { asked: Source::Imds, error, .. } if is_silence(error) => &causes::IMDS_UNREACHABLE,
            Self::Unanswered { asked: Source::ServiceFabric, error: CallError::Untrusted { .. }, .. } => {
                &causes::SERVICE_FABRIC_CERTIFICATE
            }
            // No proxy, firewall or authority of the agent's settings stands between; the rows of the network speak of those.
            Self::Unanswered { .. } => &causes::UNANSWERED,
            Self::Refused { cause, .. } => cause.unwrap_or(&causes::REFUSED),
            Self::Broken { .. } => &causes::NOT_A_TOKEN,
            Self::Unexpected { asked: Source::Arc, claim: CLIENT_ID, .. } => &causes::ARC_USER_ASSIGNED,
            Self::Unexpected { claim: CLIENT_ID, .. } | Self::NothingToSelect { .. } => &causes::OTHER_IDENTITY,
            Self::Unexpected { .. } => &policy::OTHER_TOKEN,
            Self::Ended { .. } => &job::CLOCK,
            Self::Challenge { .. } => &causes::ARC_NO_CHALLENGE,
            Self::Realm { .. } => &causes::ARC_BAD_CHALLENGE,
            Self::KeyPath { .. } => &causes::ARC_BAD_PATH,
            Self::KeyDenied { .. } => &causes::ARC_KEY_DENIED,
            Self::KeyFile { .. } => &causes::ARC_KEY_UNUSABLE,
            Self::TokenFile { .. } | Self::NoThread => &causes::NO_TOKEN_FILE,
        }
    }
}

/// The claim that tells an identity.
pub(super) const CLIENT_ID: &str = "client id";

/// Whether nobody is there.
fn is_silence(error: &CallError) -> bool {
    matches!(error, CallError::Unreachable { .. } | CallError::TimedOut { .. })
}
