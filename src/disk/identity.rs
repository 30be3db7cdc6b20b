//! What tells a folder from others of the same path.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::system;

/// What tells a folder from others of the same path, on other machines or in containers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FolderIdentity {
    /// Device and inode, or what the system has in their place.
    folder: String,
    /// The running system: the same on a machine and in its containers, another on every machine and after every start. Blank where
    /// the system has no such (Windows, macOS).
    boot: String,
    /// The host's name, which outlives a start.
    host: String,
}

impl FolderIdentity {
    /// Whether both mean one folder.
    pub fn is_same_folder(&self, other: &Self) -> bool {
        self.has_same_number(other) && self.is_same_machine(other)
    }

    /// Whether both have the same number on their disks, whichever these are.
    pub fn has_same_number(&self, other: &Self) -> bool {
        self.folder == other.folder
    }

    /// Whether both were seen on one machine.
    pub fn is_same_machine(&self, other: &Self) -> bool {
        let same = |own: &str, other: &str| !own.is_empty() && own == other;
        same(&self.boot, &other.boot) || same(&self.host, &other.host)
    }
}

/// The identity of a folder; nothing where there is none.
pub fn folder_identity(path: &Path) -> Option<FolderIdentity> {
    let folder = system::number_of(path)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(FolderIdentity { folder, boot: boot.trim().to_owned(), host: system::host() })
}
