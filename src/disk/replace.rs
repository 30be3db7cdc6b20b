//! Putting new bytes in the place of a file's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::system;

/// What [`replace`] calls new bytes that have not taken their place yet.
pub const UNFINISHED_PREFIX: &str = ".ado-entra-auth-";

/// Replaces the file at `path`, or makes it, in one step: a reader sees the old bytes or the new ones.
///
/// A file that exists keeps its mode, owner, attributes and access list, a link stays a link; a new one only this user can
/// read. The new bytes stand beside the file until they take its place, under a name that [`remove_unfinished`] finds again
/// after a kill. Only the holder of a [`super::Lock`] may replace, since that name is always the same.
///
/// Where another file cannot be what this one is (it has further names, is mounted, or has an owner or attributes that this user
/// cannot give), its bytes are written over. That is no single step: `before_overwriting` must make sure that a kill in the
/// midst of it can be mended.
pub fn replace(path: &Path, bytes: &[u8], before_overwriting: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let (target, unfinished) = unfinished(path)?;
    remove_file(&unfinished).map_err(|error| in_the_way(&unfinished, &error))?;
    let is_done = exchange(&unfinished, &target, bytes);
    if !matches!(is_done, Ok(true)) {
        let _ = remove_file(&unfinished);
    }
    if is_done? {
        target.parent().into_iter().for_each(system::sync_folder);
        return Ok(());
    }
    before_overwriting()?;
    overwrite(&target, bytes)
}

/// Whether [`replace`] finds nothing in its way that only a person can remove.
pub fn can_replace(path: &Path) -> io::Result<()> {
    let (_, unfinished) = unfinished(path)?;
    let in_way = fs::symlink_metadata(&unfinished).is_ok_and(|found| found.is_dir());
    if in_way { Err(in_the_way(&unfinished, &io::Error::other("it is a folder"))) } else { Ok(()) }
}

fn in_the_way(unfinished: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{} is in the way, remove it ({error})", unfinished.display()))
}

/// Puts another file in the place of `target`; false where that would lose something and nothing was changed.
fn exchange(unfinished: &Path, target: &Path, bytes: &[u8]) -> io::Result<bool> {
    let former = fs::metadata(target).ok();
    if former.as_ref().is_some_and(|former| system::has_further_names(target, former)) {
        return Ok(false);
    }
    let mut file = match system::new_private_file(unfinished) {
        // The folder is not ours to write to, and the file may be.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && former.is_some() => return Ok(false),
        file => file?,
    };
    file.write_all(bytes)?;
    if let Some(former) = former.filter(|former| !system::took_after(unfinished, target, former)) {
        return if former.is_file() { Ok(false) } else { Err(io::Error::other("it is not a regular file")) };
    }
    file.sync_all()?;
    drop(file);
    match system::rename(unfinished, target) {
        // It is mounted by itself.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(false),
        renamed => renamed.map(|()| true),
    }
}

/// Writes bytes over a file's, which stays the same file. A kill in the midst leaves the beginning of the new bytes and the
/// rest of the old.
pub fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(path)?.permissions();
    let mut file = system::open_to_overwrite(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    system::give_back_permissions(path, permissions);
    file.sync_all()
}

/// Renames a file of ours within its folder, over one that may be there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    system::rename(from, to)
}

/// Removes what a killed [`replace`] left beside a file. A folder of that name is not ours.
pub fn remove_unfinished(path: &Path) -> io::Result<()> {
    let (_, unfinished) = unfinished(path)?;
    match fs::symlink_metadata(&unfinished) {
        Ok(found) if found.is_dir() => Ok(()),
        _ => remove_file(&unfinished),
    }
}

/// The file behind links, and the place of new bytes beside it. No tool takes a name that ends so for its configuration.
fn unfinished(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let target = system::canonical(path).unwrap_or_else(|_| path.to_path_buf());
    let name = target.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
    let unfinished = target.with_file_name(format!("{UNFINISHED_PREFIX}{name}.new"));
    Ok((target, unfinished))
}

/// Removes a file; one that is not there is no trouble.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match system::remove_file(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        other => other,
    }
}

/// When a file's bytes changed last: seconds and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Modified(u64, u32);

/// When a file's bytes changed last, where the system says so.
pub fn modified(path: &Path) -> Option<Modified> {
    let since = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Modified(since.as_secs(), since.subsec_nanos()))
}

/// Gives a file back the time of its last change. Best effort: nothing hangs on it but a build tool's guess of what is new.
pub fn set_modified(path: &Path, modified: Modified) {
    let time: Option<SystemTime> = UNIX_EPOCH.checked_add(Duration::new(modified.0, modified.1));
    if let (Ok(file), Some(time)) = (OpenOptions::new().write(true).open(path), time) {
        let _ = file.set_modified(time);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use super::*;
    use crate::disk::read::exists;

    struct Place {
        _folder: tempfile::TempDir,
        file: PathBuf,
    }

    fn place(content: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.xml");
        fs::write(&file, content).unwrap();
        Place { file, _folder: folder }
    }

    fn replace_by_rename(path: &Path, bytes: &[u8]) {
        let inode = fs::metadata(path).unwrap().ino();
        replace(path, bytes, || Err(io::Error::other("it was to be overwritten"))).unwrap();
        assert_ne!(fs::metadata(path).unwrap().ino(), inode);
        assert_eq!(fs::read(path).unwrap(), bytes);
    }

    #[test]
    fn modes_with_their_upper_bits_and_owners_stay() {
        for mode in [0o600, 0o640, 0o4755, 0o2755, 0o6711, 0o1600] {
            let place = place("old");
            let is_root = crate::disk::user_id() == 0;
            if is_root {
                chown(&place.file, Some(1234), Some(2345)).unwrap();
            }
            fs::set_permissions(&place.file, fs::Permissions::from_mode(mode)).unwrap();
            let before = fs::metadata(&place.file).unwrap();
            replace_by_rename(&place.file, b"new");
            let after = fs::metadata(&place.file).unwrap();
            let facts = |found: &fs::Metadata| (found.mode(), found.uid(), found.gid());
            assert_eq!(facts(&after), facts(&before), "{mode:o}");
        }
    }

    #[test]
    fn attributes_and_access_lists_stay() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        let place = place("old");
        // Version 2, then tag, rights and id of an entry each: owner, user 1234, group, mask, others.
        let list: &[u8] = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xd2\x04\0\0\x04\0\0\0\xff\xff\xff\xff\
                            \x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";
        let attributes = [("user.mine", b"value".as_slice()), ("system.posix_acl_access", list)];
        let settable = |(name, value): &(&str, &[u8])| setxattr(&place.file, *name, value, XattrFlags::empty()).is_ok();
        // Not every file system keeps every attribute.
        let kept: Vec<_> = attributes.into_iter().filter(settable).collect();
        replace_by_rename(&place.file, b"new");
        for (name, value) in kept {
            let mut found = vec![0; 100];
            let length = getxattr(&place.file, name, &mut found).unwrap();
            assert_eq!(&found[..length], value, "{name}");
        }
    }

    #[test]
    fn a_file_with_further_names_is_written_over_after_the_caller_was_asked() {
        let place = place("old and long");
        let other = place.file.with_file_name("other");
        fs::hard_link(&place.file, &other).unwrap();
        fs::set_permissions(&place.file, fs::Permissions::from_mode(0o4711)).unwrap();
        replace(&place.file, b"new", || Err(io::Error::other("no"))).unwrap_err();
        assert_eq!(fs::read(&other).unwrap(), b"old and long");
        replace(&place.file, b"new", || Ok(())).unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::metadata(&other).unwrap().nlink()), (b"new".to_vec(), 2));
        assert_eq!(fs::metadata(&other).unwrap().mode() & 0o7777, 0o4711);
        assert!(!exists(&place.file.with_file_name(".ado-entra-auth-settings.xml.new")));
    }

    #[test]
    fn what_only_a_person_can_remove_is_named_and_not_touched() {
        let place = place("old");
        let folder = place.file.with_file_name(".ado-entra-auth-settings.xml.new");
        fs::create_dir(&folder).unwrap();
        for error in [can_replace(&place.file), replace(&place.file, b"new", || Ok(()))].map(Result::unwrap_err) {
            assert!(error.to_string().contains("settings.xml.new is in the way, remove it"), "{error}");
        }
        remove_unfinished(&place.file).unwrap();
        assert!(exists(&folder));
        assert_eq!(fs::read(&place.file).unwrap(), b"old");
    }

    #[test]
    fn a_time_of_change_is_given_back() {
        let place = place("old");
        set_modified(&place.file, Modified(1_000_000_000, 123_456_789));
        let before = modified(&place.file).unwrap();
        assert_eq!(before, Modified(1_000_000_000, 123_456_789));
        replace_by_rename(&place.file, b"new");
        set_modified(&place.file, before);
        assert_eq!(modified(&place.file), Some(before));
    }
}
