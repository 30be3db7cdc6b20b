//! Paths and names of files, compared as the system's usual file systems compare them: on Windows and macOS the case of letters does
//! not count.

use std::path::{Component, Path, PathBuf};

/// Whether two names in one folder mean one file.
pub fn is_same_name(name: &str, other: &str) -> bool {
    name == other || IS_BLIND && folded(name) == folded(other)
}

/// Whether a path is a folder's, or leads below it.
pub fn is_below(path: &Path, folder: &Path) -> bool {
    below(path, folder).is_some()
}

/// The rest of a path that leads to a folder or below it.
pub fn below(path: &Path, folder: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    for expected in folder.components() {
        if !is_same(parts.next()?, expected) {
            return None;
        }
    }
    Some(parts.as_path().to_path_buf())
}

/// The systems whose file systems tell no case apart unless somebody has asked for it.
pub const IS_BLIND: bool = cfg!(any(windows, target_vendor = "apple"));

fn is_same(part: Component<'_>, other: Component<'_>) -> bool {
    let text = |part: Component<'_>| part.as_os_str().to_str().map(folded);
    part == other || IS_BLIND && text(part).is_some_and(|own| Some(own) == text(other))
}

fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_where_the_system_says_so() {
        let workspace = Path::new("/agent/1/s");
        assert_eq!(below(Path::new("/agent/1/s/a/b"), workspace), Some(PathBuf::from("a/b")));
        assert_eq!(below(workspace, workspace), Some(PathBuf::new()));
        for other in ["/agent/1", "/agent/1/sources", "agent/1/s/a", "/agent/2/s"] {
            assert!(!is_below(Path::new(other), workspace), "{other}");
        }
        assert_eq!(is_below(Path::new("/Agent/1/S/a"), workspace), IS_BLIND);
        assert_eq!(is_same_name("Node_Modules", "node_modules"), IS_BLIND);
        assert!(!is_same_name("vendor", "vendors"));
    }

    #[test]
    #[cfg(windows)]
    fn drives_and_separators_come_in_several_spellings() {
        assert!(is_below(Path::new(r"d:\a\1\S/x"), Path::new(r"D:\a/1\s")));
        assert!(!is_below(Path::new(r"c:\a\1\s"), Path::new(r"D:\a\1\s")));
    }
}
