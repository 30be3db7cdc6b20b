//! Where Gradle's user folder is, and where the journal of its script lies.

use std::path::{Path, PathBuf};

use super::ID;
use crate::host::{Host, Look};
use crate::kernel::paths::is_below;
use crate::tools::{PlanError, java};

const VARIABLE: &str = "GRADLE_USER_HOME";
const PROPERTY: &str = "gradle.user.home";
/// Variables whose words Java or Gradle's start script take as arguments, in the order in which one overrides another.
const ARGUMENTS: [&str; 5] = ["_JAVA_OPTIONS", "GRADLE_OPTS", "JAVA_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"];

/// The folders that may be Gradle's user folder in a later step: the one that the job sets, or those in the home folders.
pub fn folders(host: &Host) -> Vec<PathBuf> {
    let set = || host.variable(VARIABLE).map(|folder| host.working_directory.join(folder));
    match java::folder(host, &ARGUMENTS, PROPERTY).or_else(set) {
        Some(folder) => vec![folder],
        None => java::homes(host, &ARGUMENTS).iter().map(|home| home.join(".gradle")).collect(),
    }
}

/// Where the journal for a user folder may lie, the best first: in a home folder or the pipeline's workspace above it, else in the folder
/// itself, else beside it.
pub fn of_journal(folder: &Path, host: &Host) -> Vec<PathBuf> {
    let homes = java::homes(host, &ARGUMENTS);
    let above = homes.iter().chain(&host.pipeline_workspace).filter(|place| is_below(folder, place)).cloned();
    match above.max_by_key(|place| place.components().count()) {
        Some(place) => vec![place],
        None => [Some(folder), folder.parent()].into_iter().flatten().map(Path::to_path_buf).collect(),
    }
}

/// The user folders whose journals can be written, each with the journal's place.
pub fn writable(host: &Host, look: &dyn Look) -> Result<Vec<(PathBuf, PathBuf)>, PlanError> {
    let folders = folders(host);
    let with_place = |folder: &PathBuf| {
        let place = of_journal(folder, host).into_iter().find(|place| look.may_write(place))?;
        Some((folder.clone(), place))
    };
    let writable: Vec<_> = folders.iter().filter_map(with_place).collect();
    if writable.is_empty() {
        let reason = match folders.first() {
            Some(folder) => {
                format!("it cannot be written to {}; set {VARIABLE} to a folder of the agent's", folder.display())
            }
            None => format!("there is no home folder; set {VARIABLE} to a folder of the agent's"),
        };
        return Err(PlanError::NoPlace {
            tool: ID.name,
            reason: format!("its script goes to {} of its user folder: {reason}", super::SCRIPTS),
        });
    }
    Ok(writable)
}
