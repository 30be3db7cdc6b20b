//! What a run calls its own.

use std::path::{Path, PathBuf};

use crate::kernel::organization::Organization;
use crate::kernel::run_folder;

/// What every variable of ours begins with, so that one pattern in `settableVariables` allows them.
pub const VARIABLE_PREFIX: &str = "ADO_ENTRA_AUTH_";

/// The private directory as a dry run shows it. It has no blank: tools are planned otherwise where a path has one.
pub const SHOWN_DIRECTORY: &str = "<private-directory>";

/// Where a run's private files lie, and the names of its variables.
#[derive(Clone, Debug)]
pub struct RunNames {
    directory: PathBuf,
    unguessable: String,
}

impl RunNames {
    /// The names of a run with this private directory. `unguessable` is random, in capitals and digits: the agent passes
    /// variables on in capitals.
    pub fn new(directory: PathBuf, unguessable: String) -> Self {
        Self { directory, unguessable }
    }

    /// The names as a dry run shows them: it has neither a directory nor anything to hide.
    pub fn shown() -> Self {
        Self::new(PathBuf::from(SHOWN_DIRECTORY), "NEW_IN_EACH_RUN".to_owned())
    }

    /// The private directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file of the private directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The folder for programs that clients start by name.
    pub fn programs(&self) -> PathBuf {
        self.file(run_folder::PROGRAMS)
    }

    /// The variable by which private files refer to an organization's token: nobody who writes a file for the repository can
    /// know it.
    pub fn reference(&self, organization: &Organization) -> String {
        format!("{VARIABLE_PREFIX}{}_{}", self.unguessable, organization.variable_part())
    }
}

/// The variable by which a file that several jobs share refers to an organization's token: the same in every job, so that
/// two agents under one account can share the line, each with its own token.
///
/// Whatever stands in a repository can name it, so only a tool that has no private file uses it.
pub fn shared_reference(tool: &str, organization: &Organization) -> String {
    format!("{VARIABLE_PREFIX}{}_{}", tool.to_ascii_uppercase(), organization.variable_part())
}
