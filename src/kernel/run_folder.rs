//! What the private folder of a run is called: `ado-entra-auth-`, then the run's id.

use std::path::{Path, PathBuf};

/// What stands before the run's id.
pub const PREFIX: &str = "ado-entra-auth-";

/// What the folder in it is called that stands on PATH in later steps.
pub const PROGRAMS: &str = "bin";
/// The name under which people start this program there.
pub const PROGRAM: &str = "ado-entra-auth";

/// Whether `name` is a run's id.
pub fn is_run_id(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of the run's folder that `path` ends in; nothing where it ends in something else.
pub fn name_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(PREFIX).is_some_and(is_run_id).then_some(name)
}

/// The run's folder that a program lies in; nothing where it lies elsewhere.
pub fn of_program(path: &Path) -> Option<PathBuf> {
    let programs = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == PROGRAMS))?;
    let folder = programs.parent()?;
    name_of(folder).map(|_| folder.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_tells_its_run() {
        let folder = Path::new("t d").join("ado-entra-auth-0123456789abcdef");
        assert_eq!(of_program(&folder.join(PROGRAMS).join(PROGRAM)), Some(folder.clone()));
        let elsewhere = Path::new("tasks").join("ado-entra-auth").join(PROGRAMS).join(PROGRAM);
        for path in [elsewhere, folder.join(PROGRAM), folder.join("x").join(PROGRAM), PathBuf::from(PROGRAM)] {
            assert_eq!(of_program(&path), None, "{}", path.display());
        }
    }
}
