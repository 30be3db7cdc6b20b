//! The private configuration file, which names our credential helper.

use std::path::Path;

use super::headers;
use super::pairs::Pairs;
use crate::kernel::dialect::Dialect;
use crate::plan::draft::Draft;
use crate::tools::PlanError;

/// For each host a section that makes our helper the one that is asked there, and takes back headers of earlier steps.
///
/// Bound to the host and not to the organization's path, since git compares paths with case and Azure DevOps does not; the
/// helper checks the organization. The empty value resets the list: a helper of the user's that also stood there would
/// be given our token to store. Ours passes on to it whatever is not of a permitted organization.
pub fn content(draft: &Draft<'_>, standing: &Pairs) -> Result<String, PlanError> {
    let (program, folder) = (&draft.host.program, draft.names.directory());
    let words = [slashed(program), slashed(folder)];
    if words.iter().any(|word| word.contains(char::is_control)) {
        let reason = "a folder of the agent has a control character in its name".to_owned();
        return Err(PlanError::NoPlace { tool: super::ID.name, reason });
    }
    let [program, folder] = words.map(|word| shell_quoted(&word));
    let command = quoted(&format!("!{program} credential {} {folder}", Dialect::Git.name()));
    let mut hosts = vec!["dev.azure.com".to_owned()];
    hosts.extend(draft.organizations().iter().map(|permitted| format!("{}.visualstudio.com", permitted.organization)));
    let section = |host: &String| {
        format!("[credential \"https://{host}\"]\n\thelper =\n\thelper = {command}\n\tuseHttpPath = true\n")
    };
    let mut content: String = hosts.iter().map(section).collect();
    for base in headers::of_earlier_steps(standing, draft) {
        content.extend(["[http ", &quoted(&base), "]\n\textraheader =\n\tfollowRedirects = initial\n"]);
    }
    Ok(content)
}

/// A path as git and its sh take it on every system.
pub fn slashed(path: &Path) -> String {
    let path = path.to_string_lossy();
    if cfg!(windows) { path.replace('\\', "/") } else { path.into_owned() }
}

/// A word for the shell that git starts helpers with, which is sh on Windows too.
fn shell_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A value of a configuration file.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
