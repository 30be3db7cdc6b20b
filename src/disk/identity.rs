//! What tells a folder from others of the same path.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What tells a folder from others of the same path, on other machines or in containers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FolderIdentity {
    /// Device and inode, or the path where the system has no such.
    folder: String,
    /// The running system: the same on a machine and in its containers, another on every machine and after every start.
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
        (!self.boot.is_empty() && self.boot == other.boot) || self.host == other.host
    }
}

/// The identity of a folder; nothing where there is none.
pub fn folder_identity(path: &Path) -> Option<FolderIdentity> {
    let found = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let folder = {
        use std::os::unix::fs::MetadataExt;
        format!("{}:{}", found.dev(), found.ino())
    };
    #[cfg(not(unix))]
    let folder = {
        drop(found);
        path.display().to_string()
    };
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(FolderIdentity { folder, boot: boot.trim().to_owned(), host: host() })
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    String::new()
}
