//! Whom the user has configured, for what is not ours to answer: the credential helpers of git, and a keyring in a file of its own.
//!
//! Our helper for git is the only one at the hosts of Azure DevOps, or git would have the user's helpers store our token. So that
//! they still serve what they served before, git is asked again as if ours were not configured.

mod keyring;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::kernel::run_folder;

pub use keyring::start_keyring;

const PREFIX: &str = "GIT_CONFIG_";
/// More than this nobody sets; git would take minutes to read them.
const MOST_PAIRS: usize = 10_000;
/// The file of a run's folder that git's configuration includes.
const INCLUDED_FILE: &str = "gitconfig";
/// Set for whom is asked again: where git's configuration names our helper once more, as a copy of it in the user's file does, or
/// where the user's keyring asks ours, the two would ask each other for ever.
pub const ASKED_AGAIN: &str = "ADO_ENTRA_AUTH_ASKED_AGAIN";

/// Has the user's own helpers do `operation` (`get`, `store` or `erase`) for a request; gives what they say to `get`.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that starts a program: git, from PATH, as git itself would"
)]
pub fn pass_on(
    operation: &str,
    request: &[u8],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Zeroizing<Vec<u8>>> {
    let operation = match operation {
        "get" => "fill",
        "store" => "approve",
        "erase" => "reject",
        _ => return None,
    };
    if variable(ASKED_AGAIN).is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let pairs = without_ours(&standing_pairs(variable)?);
    let mut command = Command::new("git");
    // What git itself asks the user, it asks after us.
    command.args(["-c", "core.askPass=", "credential", operation]);
    command.env(ASKED_AGAIN, "1");
    command.env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_ASKPASS").env_remove("SSH_ASKPASS");
    command.env(format!("{PREFIX}COUNT"), pairs.len().to_string());
    for (number, (key, value)) in pairs.iter().enumerate() {
        command.env(format!("{PREFIX}KEY_{number}"), key).env(format!("{PREFIX}VALUE_{number}"), value);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    // Dropped at once, so that git sees the end of the request.
    child.stdin.take()?.write_all(request).ok()?;
    let mut said = Zeroizing::new(Vec::new());
    let read = child.stdout.take()?.read_to_end(&mut said);
    let succeeded = child.wait().ok()?.success();
    (operation == "fill" && succeeded && read.is_ok()).then_some(said)
}

fn standing_pairs(variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<(String, String)>> {
    let count: usize = variable(&format!("{PREFIX}COUNT"))?.parse().ok().filter(|count| *count < MOST_PAIRS)?;
    let key = |n| variable(&format!("{PREFIX}KEY_{n}"));
    // Some systems keep no blank variables.
    let value = |n| variable(&format!("{PREFIX}VALUE_{n}")).unwrap_or_default();
    (0..count).map(|n| Some((key(n)?, value(n)))).collect()
}

/// The pairs without those of every step of this task, which name the file that a run includes.
fn without_ours(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs.iter().filter(|pair| !includes_ours(pair)).cloned().collect()
}

fn includes_ours((key, value): &(String, String)) -> bool {
    let path = Path::new(value);
    key.eq_ignore_ascii_case("include.path")
        && path.file_name().is_some_and(|name| name == INCLUDED_FILE)
        && path.parent().is_some_and(|folder| run_folder::name_of(folder).is_some())
}
