//! Why a vault could not be written or gives nothing.

use std::path::PathBuf;

use crate::diagnosis::Explain;
use crate::kernel::organization::Organization;

/// Why a vault could not be written or gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {reason}")]
    Random {
        /// The system's reason.
        reason: String,
    },
    /// The file could not be written.
    #[error("{} cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// Not the name of a run's folder.
    #[error("{} is not the folder of a run of AdoEntraAuth@1", folder.display())]
    NotARun {
        /// The folder.
        folder: PathBuf,
    },
    /// The run is over.
    #[error("{} is gone: the step that made it has ended its work", folder.display())]
    Gone {
        /// The run's folder.
        folder: PathBuf,
    },
    /// Others could have written what lies there.
    #[error("{} does not belong to this user only", folder.display())]
    NotPrivate {
        /// The run's folder.
        folder: PathBuf,
    },
    /// The file could not be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// Not what this release writes.
    #[error("{} is damaged, or of another release of AdoEntraAuth@1", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The variable with the key is not in the environment.
    #[error("the access token for {organization} cannot be read, since the variable {variable} is not set here")]
    NoKey {
        /// Whose token.
        organization: Organization,
        /// The variable.
        variable: String,
    },
    /// The key does not open it.
    #[error("the access token for {organization} in {} does not open with this job's key", folder.display())]
    Sealed {
        /// Whose token.
        organization: Organization,
        /// The run's folder.
        folder: PathBuf,
    },
}

impl Explain for VaultError {
    fn remedy(&self) -> String {
        match self {
            Self::Random { .. } => {
                "see that the agent's machine or container has a random device, and run again".to_owned()
            }
            Self::Write { path, .. } => {
                format!("let the agent's user write to {}, and see that its disk has room", path.display())
            }
            Self::NotPrivate { folder } => {
                format!("run this command as the agent's user, and let nobody else enter {}", folder.display())
            }
            Self::Read { .. } => "run this command as the agent's user, after AdoEntraAuth@1".to_owned(),
            Self::NoKey { variable, .. } => {
                format!("pass the variable {variable} on to this command, as the agent does")
            }
            Self::NotARun { .. } | Self::Gone { .. } | Self::Damaged { .. } | Self::Sealed { .. } => {
                "run AdoEntraAuth@1 again before this step".to_owned()
            }
        }
    }
}
