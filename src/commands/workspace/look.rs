//! The disk, as tools may look at it.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::host::{Host, Look};

/// The disk, as tools may look at it.
pub struct Disk {
    /// The folders of PATH.
    path: Option<String>,
}

impl Disk {
    /// A look with the PATH of later steps.
    pub fn new(host: &Host) -> Self {
        Self { path: host.variable("PATH").map(str::to_owned) }
    }
}

impl Look for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        disk::read(path).ok().flatten()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        disk::list(folder)
    }

    fn may_write(&self, folder: &Path) -> bool {
        disk::seems_writable(folder)
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        disk::resolve(&which::which_in(name, self.path.as_deref(), "/").ok()?)
    }
}
