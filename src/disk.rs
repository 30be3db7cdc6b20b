//! The one door to the file system: reading what others wrote, within limits, and writing what only we may read.

#![allow(clippy::disallowed_methods, reason = "the one door to the file system")]

mod lock;
mod walk;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use lock::Lock;
#[cfg(feature = "emulator")]
pub use walk::walk_everything;
pub use walk::{Looks, Walk, WalkedFile, walk};

/// Larger configuration files are nobody's configuration. Lock files of large repositories reach tens of megabytes.
pub const LARGEST_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadTrouble {
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A pipe, a device, a folder.
    #[error("it is not a regular file")]
    NotAFile,
    /// Larger than [`LARGEST_FILE_BYTES`].
    #[error("it is larger than 64 MiB")]
    TooLarge,
}

/// Reads a file; nothing where there is none. A link counts as what it points to, and only regular files are opened, so that
/// a pipe or a device in a repository cannot stall the step.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, ReadTrouble> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    // Some of the system's own files call themselves regular, and are read without end.
    let of_system = ["/proc", "/sys", "/dev"].iter().any(|root| real.starts_with(root));
    if of_system || !fs::metadata(&real)?.is_file() {
        return Err(ReadTrouble::NotAFile);
    }
    let file = open_without_waiting(&real)?;
    // Somebody may have put another thing there since.
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(ReadTrouble::NotAFile);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len().min(LARGEST_FILE_BYTES)).unwrap_or(0));
    file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES { Err(ReadTrouble::TooLarge) } else { Ok(Some(bytes)) }
}

/// Opens a file for reading. A pipe that took its place is not waited for.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    if let Ok(flag) = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()) {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flag);
    }
    options.open(path)
}

/// The names in a folder; none where it cannot be listed.
pub fn list(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// The real path behind links.
pub fn resolve(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// Whether something is at `path`, links not followed.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether `path` is a folder, links followed.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Makes a folder that only this user can enter; it must not exist yet.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the folders that are missing above and at `path`, and says which these were, outermost first.
pub fn create_missing_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = missing_folders(path);
    for folder in &missing {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(missing)
}

/// The folders at and above `path` that do not exist, outermost first.
pub fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        path.ancestors().take_while(|folder| !exists(folder)).map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// Writes a new file that only this user can read; it must not exist yet.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = new_private_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a file that only this user can read, in place of one that may be there: its mode and owner are not kept, nor a link.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
    // A device or a pipe, or a link to one, is not to be lost.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no plain file"));
    }
    // Always the same, so that what a killed one left gives way to the next.
    let unfinished = path.with_file_name(format!("{UNFINISHED_PREFIX}{name}.new"));
    remove_file(&unfinished)?;
    let replaced = write_private(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if replaced.is_err() {
        let _ = remove_file(&unfinished);
    }
    replaced
}

/// Replaces the file at `path`, or makes it, in one step: a reader sees the old bytes or the new ones.
///
/// A file that exists keeps its mode and owner, a link stays a link; a new one only this user can read. The new bytes stand
/// beside the file until they take its place, under a name that [`remove_unfinished`] finds again after a kill. Only the holder
/// of a [`Lock`] may replace, since that name is always the same.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (target, unfinished) = unfinished(path)?;
    remove_file(&unfinished)
        .map_err(|error| io::Error::other(format!("{} is in the way, remove it ({error})", unfinished.display())))?;
    let replaced = fill(&unfinished, &target, bytes).and_then(|()| fs::rename(&unfinished, &target));
    if replaced.is_err() {
        let _ = remove_file(&unfinished);
    }
    replaced.inspect(|()| target.parent().into_iter().for_each(sync_folder))
}

/// What [`replace`] calls new bytes that have not taken their place yet.
pub const UNFINISHED_PREFIX: &str = ".ado-entra-auth-";

/// Removes what a killed [`replace`] left beside a file.
pub fn remove_unfinished(path: &Path) -> io::Result<()> {
    remove_file(&unfinished(path)?.1)
}

/// The file behind links, and the place of new bytes beside it. No tool takes a name that ends so for its configuration.
fn unfinished(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = target.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
    let unfinished = target.with_file_name(format!("{UNFINISHED_PREFIX}{name}.new"));
    Ok((target, unfinished))
}

fn fill(unfinished: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = new_private_file(unfinished)?;
    file.write_all(bytes)?;
    if let Ok(former) = fs::metadata(target) {
        fs::set_permissions(unfinished, former.permissions())?;
        keep_owner(unfinished, &former);
    }
    file.sync_all()
}

/// Best effort: only root may give a file away, and only root meets files of others here.
#[cfg(unix)]
fn keep_owner(path: &Path, former: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::chown(path, Some(former.uid()), Some(former.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _former: &fs::Metadata) {}

/// Makes a rename durable where the system needs it said.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Puts a program into a private folder of ours under another name: by a link where the system can, else by a copy.
pub fn place_program(program: &Path, folder: &Path, name: &str) -> io::Result<()> {
    if !exists(folder) {
        create_private_folder(folder)?;
    }
    let target = folder.join(if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() });
    fs::hard_link(program, &target).or_else(|_| fs::copy(program, &target).map(|_| ()))
}

/// Removes a file; one that is not there is no trouble.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        other => other,
    }
}

/// Removes a folder if it is empty.
pub fn remove_empty_folder(path: &Path) -> bool {
    fs::remove_dir(path).is_ok()
}

/// Removes a folder of ours and all in it. Links in it are removed, never followed.
pub fn remove_private_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => Err(io::Error::other("it is not a folder")),
    }
}

/// Whether `path` is a real folder, not a link, that belongs to this user and that nobody else can enter.
pub fn is_private_folder(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        found.is_dir() && found.mode().trailing_zeros() >= 6 && user_id().is_none_or(|own| own == found.uid())
    }
    #[cfg(not(unix))]
    found.is_dir()
}

/// Whether `path` is a regular file, not a link, that belongs to this user and that nobody else can read or write.
pub fn is_private_file(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        found.is_file() && found.mode().trailing_zeros() >= 6 && user_id().is_none_or(|own| own == found.uid())
    }
    #[cfg(not(unix))]
    found.is_file()
}

/// Whether `path` is a link.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

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
        self.folder == other.folder && (self.boot == other.boot || self.host == other.host)
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
    let of_system = |name: &str| fs::read_to_string(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    Some(FolderIdentity {
        folder,
        boot: of_system("/proc/sys/kernel/random/boot_id"),
        host: of_system("/proc/sys/kernel/hostname"),
    })
}

/// Whether this user may make files in a folder, as far as its mode tells.
pub fn seems_writable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let Ok(found) = fs::metadata(folder) else { return false };
        let own = user_id();
        let all = |bits: u32| found.mode() & bits == bits;
        let may = if own.is_none_or(|own| own == found.uid()) { all(0o300) } else { all(0o030) || all(0o003) };
        own == Some(0) || may
    }
    #[cfg(not(unix))]
    is_folder(folder)
}

/// This process's user id, by the owner of what the system says is this process.
#[cfg(unix)]
pub fn user_id() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").ok().map(|found| found.uid())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// They call themselves regular, and are read without end or tell what is nobody's business.
    #[test]
    fn the_systems_own_files_are_not_read_whatever_way_leads_there() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/proc/self", &link).unwrap();
        for path in [Path::new("/proc/self/environ"), &link.join("environ"), Path::new("/dev/null"), folder.path()] {
            assert!(matches!(read(path), Err(ReadTrouble::NotAFile)), "{}", path.display());
        }
        assert!(matches!(read(&folder.path().join("absent")), Ok(None)));
    }
}
