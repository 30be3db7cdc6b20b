//! The machine and the job as a tool sees them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Plain data about where the tools of later steps will run.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Whether it is Windows, whose tools have other places for their files.
    pub windows: bool,
    /// The environment of a later step: public variables, without secrets.
    pub environment: BTreeMap<String, String>,
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
    /// A variable that is set and not empty; the name as it is, then in any case of letters on Windows.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let exact = self.environment.get(name);
        let any_case =
            || self.environment.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        exact.or_else(|| self.windows.then(any_case).flatten()).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable whose name its reader compares without regard to case.
    pub fn variable_in_any_case(&self, name: &str) -> Option<&str> {
        let mut found = self.environment.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.find(|(_, value)| !value.is_empty()).map(|(_, value)| value.as_str())
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
