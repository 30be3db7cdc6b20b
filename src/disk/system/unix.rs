//! Modes, owners, inodes and attributes.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::Links;

/// Makes a folder that only this user can enter; it must not exist yet.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a file that only this user can read; it must not exist yet.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether what is at `path` belongs to this user, and nobody else may do anything with it.
pub fn is_of_user_only(_path: &Path, found: &Metadata) -> bool {
    found.mode().trailing_zeros() >= 6 && user_id() == found.uid()
}

/// Lets everybody read what is at `path`.
#[cfg(test)]
#[allow(clippy::missing_panics_doc, reason = "only tests call it")]
pub fn open_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// This process's user id. (`/proc/self` does not tell it: it belongs to root where the process lets nobody look into it.)
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this user may make files in a folder, as far as its mode tells.
pub fn seems_writable(folder: &Path) -> bool {
    let Ok(found) = fs::metadata(folder) else { return false };
    let own = user_id();
    let all = |bits: u32| found.mode() & bits == bits;
    let may = if own == found.uid() { all(0o300) } else { all(0o030) || all(0o003) };
    own == 0 || may
}

/// What tells a file or folder from every other on this machine. It stays when the path changes.
pub fn number_of(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    Some(format!("{}:{}", found.dev(), found.ino()))
}

/// The machine's name.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Opens a file for reading. A pipe that took its place is not waited for.
pub fn open_without_waiting(path: &Path, links: Links) -> io::Result<File> {
    use rustix::fs::OFlags;
    let of_links = if links == Links::Refused { OFlags::NOFOLLOW } else { OFlags::empty() };
    OpenOptions::new().read(true).custom_flags(flags(OFlags::NONBLOCK | of_links)).open(path)
}

/// Opens a file to write over it. A pipe that took its place is not waited for.
pub fn open_to_overwrite(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(flags(rustix::fs::OFlags::NONBLOCK)).open(path)
}

fn flags(flags: rustix::fs::OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or(0)
}

/// The real path behind links.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Some of the system's own files call themselves regular, and are read without end. `/dev/shm` is plain memory, where a home
/// folder or a workspace may well lie.
pub fn is_of_system(real: &Path) -> bool {
    let below = |root: &&str| real.starts_with(root);
    ["/proc", "/sys", "/dev"].iter().any(&below) && !below(&"/dev/shm")
}

/// Whether a file has further names (hard links).
pub fn has_further_names(_path: &Path, found: &Metadata) -> bool {
    found.is_file() && found.nlink() > 1
}

/// Gives a new file the owner, the mode and the attributes of a former one. False where it cannot have them.
pub fn took_after(path: &Path, target: &Path, former: &Metadata) -> bool {
    let Ok(new) = fs::metadata(path) else { return false };
    let owned = (new.uid(), new.gid()) == (former.uid(), former.gid())
        || chown(path, Some(former.uid()), Some(former.gid())).is_ok();
    // After the owner, since a change of owner takes set-user-id bits away; and looked at, since a system may keep them off.
    let moded = owned && fs::set_permissions(path, former.permissions()).is_ok();
    moded && copied_attributes(target, path) && fs::metadata(path).is_ok_and(|new| new.mode() == former.mode())
}

/// Copies extended attributes, access lists among them.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn copied_attributes(from: &Path, to: &Path) -> bool {
    use rustix::fs::{XattrFlags, getxattr, listxattr, setxattr};
    use rustix::io::Errno;
    /// What Linux allows for all names together, and for a value.
    const MOST_BYTES: usize = 64 * 1024;
    let mut names = Vec::with_capacity(MOST_BYTES);
    match listxattr(from, rustix::buffer::spare_capacity(&mut names)) {
        Ok(_) => {}
        Err(Errno::NOTSUP | Errno::NOSYS) => return true,
        Err(_) => return false,
    }
    let value = |path: &Path, name: &[u8]| {
        let mut value = Vec::with_capacity(MOST_BYTES);
        getxattr(path, name, rustix::buffer::spare_capacity(&mut value)).map(|_| value)
    };
    names.split(|&byte| byte == 0).filter(|name| !name.is_empty()).all(|name| {
        let Ok(wanted) = value(from, name) else { return false };
        // A system's label is mostly there already, and nobody but the system may set it.
        value(to, name).is_ok_and(|own| own == wanted) || setxattr(to, name, &wanted, XattrFlags::empty()).is_ok()
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn copied_attributes(_from: &Path, _to: &Path) -> bool {
    true
}

/// Renames a file within its folder, over one that may be there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a file.
pub fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Gives a file back the permissions that it had. Writing over a file takes its set-user-id bits.
pub fn give_back_permissions(path: &Path, permissions: Permissions) {
    let _ = fs::set_permissions(path, permissions);
}

/// Makes a rename durable.
pub fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
