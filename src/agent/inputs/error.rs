//! Why an input cannot be followed, and what to do.

use super::identity::{ARM_CONNECTION, CONNECTION};
use crate::diagnosis::Explain;
use crate::diagnosis::causes::Cause;
use crate::identity::certificate::CertificateError;

/// Why an input cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum InputError {
    /// It must be given.
    #[error("the input '{name}' is missing")]
    Missing {
        /// The input.
        name: &'static str,
    },
    /// A script asks for the identity of a connection that the agent tells only tasks of.
    #[error(
        "the connection type azureRM works only in the task, since a script is told nothing of its service connection"
    )]
    OnlyInTheTask,
    /// AKS gave a token file and no client id.
    #[error("the agent's pod has a token file (AZURE_FEDERATED_TOKEN_FILE), and no client id (AZURE_CLIENT_ID)")]
    NoClientOfPod,
    /// Its variable has no value.
    #[error("the input '{name}' is '{value}': no variable of that name is set")]
    UnsetVariable {
        /// The input.
        name: &'static str,
        /// Its text.
        value: String,
    },
    /// It holds something that it does not allow.
    #[error("the input '{name}' does not allow '{value}': {reason}")]
    Refused {
        /// The input.
        name: &'static str,
        /// The offending part.
        value: String,
        /// Why.
        reason: String,
    },
    /// A variable of the machine holds something that it should not.
    #[error("the variable {name} is '{value}', where no token is sent: {reason}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// Why.
        reason: &'static str,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] Box<CertificateError>),
    /// The service connection cannot be used.
    #[error("the service connection {id} cannot be used: {reason}")]
    Connection {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
        /// What to do.
        remedy: &'static str,
        /// What it means, where that is known.
        cause: Option<&'static Cause>,
    },
}

impl Explain for InputError {
    fn remedy(&self) -> String {
        match self {
            Self::Missing { name } if CONNECTION_TYPE_INPUTS.contains(name) => {
                format!("set '{name}', or set 'connectionType' to what is to sign in")
            }
            Self::Missing { name } => format!("set '{name}'"),
            Self::OnlyInTheTask => {
                "set 'connectionType' to clientSecret or clientCertificate, with 'clientId', 'tenantId' and the input of that name. For \
                 an Azure DevOps connection set it to azureDevOps, with 'azureDevOpsServiceConnection', 'clientId' and 'tenantId'. On \
                 a machine that has a managed identity, managedIdentity is enough"
                    .to_owned()
            }
            Self::NoClientOfPod => {
                "annotate the pod's service account with azure.workload.identity/client-id, or set 'clientId'"
                    .to_owned()
            }
            Self::UnsetVariable { value, .. } if value.to_ascii_lowercase().contains(".securefilepath)") => {
                "run DownloadSecureFile@1 before this step, with the name that stands before the dot".to_owned()
            }
            Self::UnsetVariable { .. } => "set the variable, or correct its name; a build of a fork has no secret variables".to_owned(),
            Self::Refused { name, .. } => format!("correct the input '{name}'"),
            Self::Variable { name, .. } => format!(
                "take back what sets {name}: the machine sets it, nobody else should; an authority of your own goes into the input \
                 'authorityHost'"
            ),
            Self::Certificate(error) => error.remedy(),
            Self::Connection { remedy, .. } => (*remedy).to_owned(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Certificate(error) => error.facts(),
            _ => Vec::new(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Certificate(error) => Explain::cause(error.as_ref()),
            Self::Connection { cause, .. } => *cause,
            _ => None,
        }
    }
}

/// What only some connection types need: where it is missing, the type may be what is wrong.
const CONNECTION_TYPE_INPUTS: [&str; 4] = [CONNECTION, ARM_CONNECTION, "clientSecret", "clientCertificate"];
