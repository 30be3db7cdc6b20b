//! The user's own keyring: the first program of that name behind ours on PATH.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use super::ASKED_AGAIN;
use crate::kernel::dialect::KEYRING_PROGRAM;
use crate::kernel::run_folder;

/// Has the user's own keyring, the first behind ours on PATH, do what was asked; gives how it ends. Nothing where there is none.
#[allow(clippy::disallowed_methods, reason = "the user's own keyring, from PATH, as its client would start it")]
pub fn start_keyring(arguments: &[OsString], variable: &dyn Fn(&str) -> Option<String>) -> Option<ExitCode> {
    if variable(ASKED_AGAIN).is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let mut found = which::which_in_all(KEYRING_PROGRAM, variable("PATH"), "/").ok()?;
    // Those of every step of this task lie in a run's folder of programs.
    let is_ours = |path: &Path| path.ancestors().nth(2).is_some_and(|folder| run_folder::name_of(folder).is_some());
    let program = found.find(|path| !is_ours(path))?;
    let status = Command::new(program).args(arguments).env(ASKED_AGAIN, "1").status().ok()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
