//! Paths that lead away from this machine's disks: to devices and to other machines.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};
use std::sync::OnceLock;

use crate::kernel::environment;

const REFUSED: &str = "it is a device or lies on another machine";
/// More links on the way to a file than any has.
const MOST_LINKS: u32 = 40;

/// The real path behind links, without the prefix `\\?\` where it says nothing.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    if leads_elsewhere(path, MOST_LINKS, &|place| fs::read_link(place).ok()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, REFUSED));
    }
    dunce::canonicalize(path)
}

/// Whether a path or a link on the way to it is a device's or leads to another machine. From the top: nothing below a link is touched
/// before it is known where the link leads.
fn leads_elsewhere(path: &Path, most_links: u32, read_link: &dyn Fn(&Path) -> Option<PathBuf>) -> bool {
    if is_device(path) || is_elsewhere(path) {
        return true;
    }
    let mut from_the_top: Vec<&Path> = path.ancestors().collect();
    from_the_top.reverse();
    let link = from_the_top.into_iter().find_map(|place| read_link(place).map(|target| (place, target)));
    let Some((place, target)) = link else { return false };
    if is_device(&target) {
        return true;
    }
    let rest = path.strip_prefix(place).unwrap_or(Path::new(""));
    let behind = place.parent().unwrap_or(Path::new("")).join(target);
    let behind = if rest.as_os_str().is_empty() { behind } else { behind.join(rest) };
    most_links == 0 || leads_elsewhere(&behind, most_links - 1, read_link)
}

/// Whether a path leads to another machine that neither the environment nor the command line names, which must be seen before it is
/// touched: opening a file there would prove this user's password to whoever answers.
fn is_elsewhere(path: &Path) -> bool {
    static OWN: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let named = || {
        let values = environment::all().map(|(_, value)| value).chain(environment::arguments());
        values.filter_map(|value| share_of(Path::new(&value))).collect()
    };
    share_of(path).is_some_and(|share| !OWN.get_or_init(named).contains(&share))
}

/// The machine and its share that a path begins with.
fn share_of(path: &Path) -> Option<(String, String)> {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return None };
    match prefix.kind() {
        Prefix::UNC(machine, share) | Prefix::VerbatimUNC(machine, share) => {
            let folded = |part: &OsStr| part.to_string_lossy().to_lowercase();
            Some((folded(machine), folded(share)))
        }
        _ => None,
    }
}

/// Whether a path is a device's, by its form or by the name of its file.
pub(super) fn is_device(path: &Path) -> bool {
    let mut components = path.components();
    let by_prefix = match (components.next(), components.next()) {
        (Some(Component::Prefix(prefix)), _) => match prefix.kind() {
            Prefix::DeviceNS(_) => true,
            // A volume that is mounted in a folder has no letter.
            Prefix::Verbatim(name) => !name.to_string_lossy().to_ascii_lowercase().starts_with("volume{"),
            _ => false,
        },
        // The kernel's own form.
        (Some(Component::RootDir), Some(Component::Normal(first))) => first == "??",
        _ => false,
    };
    by_prefix || path.file_name().is_some_and(|name| is_device_name(&name.to_string_lossy()))
}

/// Names that mean a device in every folder, whatever their ending (learn.microsoft.com/windows/win32/fileio/naming-a-file).
fn is_device_name(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or(name).trim_end();
    let plain = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    let numbered = |kind: &str| {
        let number = stem.get(..3).filter(|start| start.eq_ignore_ascii_case(kind)).and_then(|_| stem.get(3..));
        number.is_some_and(|number| {
            number.chars().count() == 1
                && number.starts_with(|digit: char| digit.is_ascii_digit() || "¹²³".contains(digit))
        })
    };
    plain.iter().any(|device| stem.eq_ignore_ascii_case(device)) || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_seen_by_their_paths() {
        for path in [
            r"\\.\pipe\x",
            r"\\?\GLOBALROOT\Device\x",
            r"\\.\UNC\evil.example\share\x",
            r"\??\UNC\evil.example\share\x",
            r"C:\a\NUL",
            r"C:\a\nul.xml",
            r"C:\a\com1",
            r"C:\a\LPT³.txt",
            r"C:\a\CON .xml",
        ] {
            assert!(is_device(Path::new(path)), "{path}");
        }
        for path in [
            r"C:\a\pom.xml",
            r"\\?\C:\a\pom.xml",
            r"\\?\Volume{0}\pom.xml",
            r"C:\a\console.xml",
            r"C:\a\com.xml",
            r"C:\nul\pom.xml",
            "pom.xml",
        ] {
            assert!(!is_device(Path::new(path)) && !is_elsewhere(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn other_machines_are_not_asked_for_a_file() {
        let paths = [
            r"\\evil.example\share\pom.xml",
            "//evil.example/share/pom.xml",
            r"\\?\UNC\evil.example\share\x",
            r"\\EVIL.example@SSL\DavWWWRoot\x",
        ];
        for path in paths.map(Path::new) {
            assert!(is_elsewhere(path), "{}", path.display());
            assert_eq!(canonical(path).unwrap_err().to_string(), REFUSED, "{}", path.display());
            assert!(crate::disk::read(path).unwrap_err().to_string().contains("another machine"));
        }
    }

    #[test]
    fn no_link_leads_to_another_machine_wherever_it_stands() {
        let links = [
            (r"C:\w\direct", r"\\evil.example\share"),
            (r"C:\w\device", r"\\.\UNC\evil.example\share"),
            (r"C:\w\kernels", r"\??\UNC\evil.example\share"),
            (r"C:\w\over", r"again\further"),
            (r"C:\w\again", r"C:\w\up"),
            (r"C:\w\up", r"..\w\direct"),
            (r"C:\w\round", r"round"),
            (r"C:\w\beside", r"plain"),
            (r"C:\w\volume", r"\\?\Volume{0}\"),
        ];
        let read_link = |place: &Path| {
            assert!(!place.starts_with(r"\\evil.example"), "{} is asked", place.display());
            // As Windows does before it opens a path.
            let place = place.to_string_lossy().replace(r"w\..\", "");
            links.iter().find(|(link, _)| *link == place).map(|(_, target)| PathBuf::from(target))
        };
        let leads = |path: &str| leads_elsewhere(Path::new(path), MOST_LINKS, &read_link);
        for link in ["direct", "device", "kernels", "over", "again", "up", "round"] {
            for path in [format!(r"C:\w\{link}"), format!(r"C:\w\{link}\a\pom.xml")] {
                assert!(leads(&path), "{path}");
            }
        }
        for path in [r"C:\w\beside\pom.xml", r"C:\w\volume\pom.xml", r"C:\w\plain", "pom.xml"] {
            assert!(!leads(path), "{path}");
        }
    }

    #[test]
    fn real_paths_have_no_needless_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let real = canonical(folder.path()).unwrap();
        assert!(!real.to_string_lossy().starts_with(r"\\?\"), "{}", real.display());
    }
}
