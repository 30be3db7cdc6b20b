//! A backend of the Python package `keyring`, which twine, poetry and hatch import.
//!
//! It is a module of a few lines that starts this program, and lies in a wheel on `PYTHONPATH`: Python imports from it and finds its
//! entry point, and `pip freeze` passes over wheels (measured with pip 23.0 to 26.3, twine 7 and poetry 2.5).

use crate::host::Host;
use crate::kernel::dialect::KEYRING_PROGRAM;
use crate::kernel::run_folder;
use crate::plan::draft::Draft;
use crate::plan::{Pack, PrivateFile, Template, Variable};

const MODULE: &str = include_str!("backend.py");
const WHEEL: &str = "ado_entra_auth_keyring-1-py3-none-any.whl";
/// Where Python looks for modules.
pub const PYTHON_PATH: &str = "PYTHONPATH";
/// Names the one backend to ask, in place of all that there are.
const ONLY_BACKEND: &str = "PYTHON_KEYRING_BACKEND";

/// Puts the backend where Python finds it.
pub fn add(draft: &mut Draft<'_>) {
    draft.program(KEYRING_PROGRAM);
    let pack = Pack { bytes: packed, purpose: "a module by which Python asks this program" };
    let wheel = PrivateFile { pack: Some(pack), ..PrivateFile::new(WHEEL, Template::text(MODULE)) };
    let path = draft.private_file(wheel).to_string_lossy().into_owned();
    let separator = if cfg!(windows) { ';' } else { ':' };
    let is_ours = |item: &&str| {
        let path = std::path::Path::new(item);
        path.parent().is_some_and(|folder| run_folder::name_of(folder).is_some())
    };
    let former = draft.host.variable(PYTHON_PATH).unwrap_or_default();
    let kept = former.split(separator).filter(|item| !item.is_empty() && !is_ours(item));
    let items: Vec<&str> = std::iter::once(path.as_str()).chain(kept).collect();
    draft.set(Variable::new(PYTHON_PATH, Template::text(items.join(&separator.to_string()))));
}

/// Why Python's keyring asks no backend of ours, where a variable says so.
pub fn trouble(host: &Host) -> Option<String> {
    let backend = host.variable(ONLY_BACKEND)?;
    Some(format!(
        "the variable {ONLY_BACKEND} has Python ask {backend} only, which gets no token from this task; remove it"
    ))
}

/// A wheel with the module in it.
fn packed(module: &str) -> Vec<u8> {
    const ABOUT: &str = "ado_entra_auth_keyring-1.dist-info";
    zip(&[
        ("ado_entra_auth_keyring.py", module),
        (&format!("{ABOUT}/METADATA"), "Metadata-Version: 2.1\nName: ado-entra-auth-keyring\nVersion: 1\n"),
        (&format!("{ABOUT}/entry_points.txt"), "[keyring.backends]\nado_entra_auth = ado_entra_auth_keyring\n"),
    ])
}

/// An archive of these files as they are. None is long.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).unwrap_or_default().to_le_bytes();
    let short = |length: usize| u16::try_from(length).unwrap_or_default().to_le_bytes();
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = size(archive.len());
        // Version, flags, method and time; 1 January 1980; checksum and sizes; no further fields.
        let mut common = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0].to_vec();
        for part in [checksum(text.as_bytes()).to_le_bytes(), size(text.len()), size(text.len())] {
            common.extend_from_slice(&part);
        }
        common.extend_from_slice(&short(name.len()));
        common.extend_from_slice(&[0; 2]);
        for part in [b"PK\x03\x04", common.as_slice(), name.as_bytes(), text.as_bytes()] {
            archive.extend_from_slice(part);
        }
        for part in [b"PK\x01\x02\x14\x00", common.as_slice(), &[0; 10], &offset, name.as_bytes()] {
            directory.extend_from_slice(part);
        }
    }
    let (start, length, count) = (size(archive.len()), size(directory.len()), short(files.len()));
    for part in [directory.as_slice(), b"PK\x05\x06\0\0\0\0", &count, &count, &length, &start, &[0; 2]] {
        archive.extend_from_slice(part);
    }
    archive
}

/// The CRC-32 of zip archives.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip_archives() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
