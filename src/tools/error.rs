//! Why a tool cannot be planned for.

use crate::diagnosis::Explain;

/// Why a tool cannot be planned for.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A user's own file, which would have to be carried over, cannot be read.
    #[error("{tool} cannot be set up: {file} cannot be used: {reason}")]
    UserFile {
        /// The tool.
        tool: &'static str,
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// The repository would have a tool send the token elsewhere.
    #[error(
        "{place} would make {tool} send the token (variable {variable}) to {address}, which is not a permitted organization"
    )]
    Leak {
        /// The tool.
        tool: &'static str,
        /// The file, and the line where that is known.
        place: String,
        /// The variable.
        variable: String,
        /// The host, where it can be told.
        address: String,
    },
    /// A file of the repository that could do the same, and was not searched.
    #[error("{file} may have {tool} send the token (variable {variable}) elsewhere: {reason}")]
    Unsearched {
        /// The tool.
        tool: &'static str,
        /// The file.
        file: String,
        /// The variable.
        variable: String,
        /// Why it was not searched.
        reason: String,
    },
    /// There is no folder to write to.
    #[error("{tool} cannot be set up: {reason}")]
    NoPlace {
        /// The tool.
        tool: &'static str,
        /// What is missing.
        reason: String,
    },
}

impl Explain for PlanError {
    fn remedy(&self) -> String {
        match self {
            Self::UserFile { tool, file, .. } => {
                format!("correct or remove {file}, or leave '{tool}' out of the input 'tools'")
            }
            Self::Leak { place, variable, .. } => {
                format!("find out who wrote it, and remove the reference to {variable} from {place}")
            }
            Self::Unsearched { file, .. } => format!("find out who wrote it, and remove or shorten {file}"),
            Self::NoPlace { tool, .. } => {
                format!("change that in the agent's or the job's set-up, or leave '{tool}' out of the input 'tools'")
            }
        }
    }
}
