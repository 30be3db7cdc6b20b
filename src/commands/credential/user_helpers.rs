//! The credential helpers that the user has configured, for what is not ours to answer.
//!
//! Our helper is the only one at the hosts of Azure DevOps, or git would have the user's helpers store our token. So that
//! they still serve what they served before, git is asked again as if ours were not configured.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::agent::job::Job;
use crate::tools::git::HELPER_ARGUMENTS;

const PREFIX: &str = "GIT_CONFIG_";
/// Set for the git that is asked again: where its configuration names our helper once more, as a copy of it in the user's file
/// does, the two would ask each other for ever.
const ASKED_AGAIN: &str = "ADO_ENTRA_AUTH_ASKED_AGAIN";

/// Has the user's own helpers do `operation` (`get`, `store` or `erase`) for a request; gives what they say to `get`.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that starts a program: git, from PATH, as git itself would"
)]
pub fn pass_on(operation: &str, request: &[u8], job: &Job) -> Option<String> {
    let operation = match operation {
        "get" => "fill",
        "store" => "approve",
        "erase" => "reject",
        _ => return None,
    };
    if job.variable(ASKED_AGAIN).is_some() {
        return None;
    }
    let pairs = without_ours(&standing_pairs(job)?);
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
    let output = child.wait_with_output().ok()?;
    (operation == "fill" && output.status.success()).then(|| String::from_utf8(output.stdout).ok())?
}

fn standing_pairs(job: &Job) -> Option<Vec<(String, String)>> {
    let count: usize = job.variable(&format!("{PREFIX}COUNT"))?.parse().ok()?;
    let value = |name: String| job.raw_variable(&name);
    (0..count)
        .map(|n| Some((value(format!("{PREFIX}KEY_{n}"))?, value(format!("{PREFIX}VALUE_{n}")).unwrap_or_default())))
        .collect()
}

/// The pairs without those of every step of this task: reset, helper, path.
fn without_ours(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let ours = |value: &str| value.starts_with('!') && value.ends_with(HELPER_ARGUMENTS);
    let mut kept = Vec::new();
    let mut position = 0;
    while let Some(pair) = pairs.get(position) {
        match pairs.get(position..position + 3) {
            Some([reset, helper, _]) if reset.1.is_empty() && reset.0 == helper.0 && ours(&helper.1) => position += 3,
            _ => {
                kept.push(pair.clone());
                position += 1;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_pairs_go() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let pairs = [
            pair("user.name", "me"),
            pair("credential.https://dev.azure.com.helper", ""),
            pair("credential.https://dev.azure.com.helper", "!'/t/ado-entra-auth' credential git"),
            pair("credential.https://dev.azure.com.useHttpPath", "true"),
            pair("credential.helper", ""),
            pair("credential.helper", "store"),
        ];
        assert_eq!(without_ours(&pairs), [pairs[0].clone(), pairs[4].clone(), pairs[5].clone()]);
    }
}
