//! What the private folder of a run is called: `ado-entra-auth-`, then the run's id.

use std::path::Path;

/// What stands before the run's id.
pub const PREFIX: &str = "ado-entra-auth-";

/// Whether `name` is a run's id.
pub fn is_run_id(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of the run's folder that `path` ends in; nothing where it ends in something else.
pub fn name_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(PREFIX).is_some_and(is_run_id).then_some(name)
}
