//! Modes and links, where the system has them.

use std::path::Path;

/// A file's permission bits. On Windows, which has none, what Unix would show for it.
pub fn mode(path: impl AsRef<Path>) -> u32 {
    let about = std::fs::symlink_metadata(path.as_ref()).unwrap();
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o7777;
    #[cfg(not(unix))]
    return if about.permissions().readonly() { 0o400 } else { 0o600 };
}

/// Sets a file's permission bits, where there are such.
pub fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// Makes a link to a file or folder.
pub fn link(target: impl AsRef<Path>, at: impl AsRef<Path>) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, at);
    #[cfg(windows)]
    return if at.as_ref().with_file_name("").join(&target).is_dir() {
        std::os::windows::fs::symlink_dir(target, at)
    } else {
        std::os::windows::fs::symlink_file(target, at)
    };
}
