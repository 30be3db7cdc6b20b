//! The machine and the job as a tool sees them.

use std::path::{Path, PathBuf};

use crate::kernel::variables::Variables;

/// Plain data about where the tools of later steps will run: on this machine, so that its system's rules count (`cfg!(windows)`).
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The environment of a later step: public variables, without secrets.
    pub environment: Variables,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The home folder that the system's user database names, which Java goes by; where it differs from `home`.
    pub account_home: Option<PathBuf>,
    /// The folder of this pipeline on this agent (Pipeline.Workspace), above the checkout.
    pub pipeline_workspace: Option<PathBuf>,
    /// Where the tools' configuration is looked for.
    pub working_directory: PathBuf,
    /// This program, as a later step can start it.
    pub program: PathBuf,
}

impl Host {
    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.filled(name)
    }

    /// A variable whose name its reader compares without regard to case.
    pub fn variable_in_any_case(&self, name: &str) -> Option<&str> {
        self.environment.in_any_case(name).map(|(_, value)| value)
    }
}

/// Looking at files and folders, for tools that must know what lies outside the workspace. Nothing here writes.
pub trait Look {
    /// The bytes of a file; nothing where there is none or it cannot be read.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;
    /// The names in a folder; none where it cannot be listed.
    fn list(&self, folder: &Path) -> Vec<String>;
    /// Whether files can be made in a folder, as far as can be seen without making one.
    fn may_write(&self, _folder: &Path) -> bool {
        true
    }
    /// The real path of a program on PATH, links followed.
    fn program(&self, name: &str) -> Option<PathBuf>;
}
