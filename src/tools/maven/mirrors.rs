//! Mirrors of settings files: what stands between a repository and its URL.

/// Whether a mirror's `mirrorOf` covers a repository with this id that is reached over the network.
///
/// (<https://maven.apache.org/guides/mini/guide-mirror-settings.html>)
pub fn covers(mirror_of: &str, id: &str) -> bool {
    let mut covered = false;
    for pattern in mirror_of.split(',').map(str::trim) {
        if pattern.strip_prefix('!') == Some(id) {
            return false;
        }
        if pattern == id {
            return true;
        }
        covered |= matches!(pattern, "*" | "external:*");
    }
    covered
}
