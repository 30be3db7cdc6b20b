//! Access lists, file numbers and the short failures of Windows.

mod elsewhere;

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use windows_permissions::constants::{AceType, SeObjectType, SecurityInformation};
use windows_permissions::utilities::current_process_sid;
use windows_permissions::wrappers::{
    ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo, SetNamedSecurityInfo,
};
use windows_permissions::{LocalBox, SecurityDescriptor, Sid};

use super::Links;

pub use elsewhere::canonical;

/// The system itself, and the group of administrators: both read every file if they want to.
const ALWAYS_MAY: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];
/// Who owns a thing, in access lists and in those that folders pass on. Only whoever is its owner is meant.
const OWNERS: [&str; 2] = ["S-1-3-0", "S-1-3-4"];

/// A file that somebody opened, is about to remove, or has locked in part (winerror.h).
const SHORT_FAILURES: [i32; 3] = [5, 32, 33];
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);

/// A link is opened in place of what it leads to (winbase.h).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Makes a folder that only this user (and the system, and administrators) can enter; it must not exist yet.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    keep_private(path)?;
    // Until now anybody who may write above it might have put something there.
    match fs::read_dir(path)?.next() {
        None => Ok(()),
        Some(_) => Err(io::Error::other("another process wrote into it when it was made")),
    }
}

/// Makes a file that only this user (and the system, and administrators) can read; it must not exist yet. Nobody else can open it while
/// it is open here, so nobody has it open since before it was private.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).share_mode(0).open(path)?;
    keep_private(path)?;
    Ok(file)
}

/// Sets an access list that takes nothing over from the folders above.
fn keep_private(path: &Path) -> io::Result<()> {
    let user = current_process_sid()?;
    let [system, administrators] = ALWAYS_MAY;
    let list = format!("D:P(A;OICI;FA;;;{})(A;OICI;FA;;;{system})(A;OICI;FA;;;{administrators})", *user);
    let list: LocalBox<SecurityDescriptor> = list.parse()?;
    set_access(path, &list, true)
}

fn set_access(path: &Path, wanted: &SecurityDescriptor, takes_nothing_over: bool) -> io::Result<()> {
    let takes =
        if takes_nothing_over { SecurityInformation::ProtectedDacl } else { SecurityInformation::UnprotectedDacl };
    let what = SecurityInformation::Dacl | takes;
    SetNamedSecurityInfo(path.as_os_str(), SeObjectType::SE_FILE_OBJECT, what, None, None, wanted.dacl(), None)
}

fn access_of(path: &Path) -> io::Result<LocalBox<SecurityDescriptor>> {
    let what = SecurityInformation::Owner | SecurityInformation::Dacl;
    GetNamedSecurityInfo(path.as_os_str(), SeObjectType::SE_FILE_OBJECT, what)
}

/// Whether what is at `path` belongs to this user, and its access list admits nobody else but the system and administrators.
pub fn is_of_user_only(path: &Path, _found: &Metadata) -> bool {
    let sid = |text: &&str| text.parse::<LocalBox<Sid>>().ok();
    let (Ok(user), Ok(access)) = (current_process_sid(), access_of(path)) else { return false };
    let trusted: Vec<LocalBox<Sid>> = ALWAYS_MAY.iter().filter_map(sid).chain([user]).collect();
    let owners: Vec<LocalBox<Sid>> = OWNERS.iter().filter_map(sid).collect();
    let is_among = |list: &[LocalBox<Sid>], sid: &Sid| list.iter().any(|known| **known == *sid);
    // No list at all admits everybody.
    let (Some(owner), Some(list)) = (access.owner(), access.dacl()) else { return false };
    let admits_only_us = (0..list.len()).all(|index| {
        let Some(entry) = list.get_ace(index) else { return false };
        match entry.ace_type() {
            AceType::ACCESS_DENIED_ACE_TYPE => true,
            _ => entry.sid().is_some_and(|sid| is_among(&trusted, sid) || is_among(&owners, sid)),
        }
    });
    is_among(&trusted, owner) && admits_only_us
}

/// Lets everybody read what is at `path`.
#[cfg(test)]
#[allow(clippy::missing_panics_doc, reason = "only tests call it")]
pub fn open_to_others(path: &Path) {
    let list: LocalBox<SecurityDescriptor> = "D:P(A;OICI;FA;;;WD)".parse().unwrap();
    set_access(path, &list, true).unwrap();
}

/// Whether files can be made in a folder; here only making one tells.
pub fn seems_writable(folder: &Path) -> bool {
    folder.is_dir()
}

fn information(path: &Path) -> Option<winapi_util::file::Information> {
    winapi_util::file::information(winapi_util::Handle::from_path_any(path).ok()?).ok()
}

/// What tells a file or folder from every other on this machine. It stays when the path changes.
pub fn number_of(path: &Path) -> Option<String> {
    let found = information(path)?;
    Some(format!("{}:{}", found.volume_serial_number(), found.file_index()))
}

/// The machine's name.
pub fn host() -> String {
    use winapi_util::sysinfo::{ComputerNameKind, get_computer_name};
    get_computer_name(ComputerNameKind::PhysicalNetBios)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Opens a file for reading.
pub fn open_without_waiting(path: &Path, links: Links) -> io::Result<File> {
    let of_links = if links == Links::Refused { OPEN_REPARSE_POINT } else { 0 };
    let file = OpenOptions::new().read(true).custom_flags(of_links).open(path)?;
    if links == Links::Refused && file.metadata()?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    Ok(file)
}

/// Opens a file to write over it, a write-protected one too.
pub fn open_to_overwrite(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().write(true).open(path);
    patiently(open).or_else(|error| {
        lift_write_protection(path).map_err(|_| error)?;
        open()
    })
}

/// Whether a file is the system's own and no plain one: a device.
pub fn is_of_system(path: &Path) -> bool {
    elsewhere::is_device(path)
}

/// Whether a file has further names (hard links).
pub fn has_further_names(path: &Path, found: &Metadata) -> bool {
    found.is_file() && information(path).is_some_and(|found| found.number_of_links() > 1)
}

/// Gives a new file the access list of a former one. False where it cannot have it. Write protection comes after the rename, since
/// nothing could remove the new file with it.
pub fn took_after(path: &Path, target: &Path, former: &Metadata) -> bool {
    let text = |access: &SecurityDescriptor| {
        ConvertSecurityDescriptorToStringSecurityDescriptor(access, SecurityInformation::Dacl).ok()
    };
    let (Ok(wanted), Ok(given)) = (access_of(target), access_of(path)) else { return false };
    let list = text(&wanted);
    if !former.is_file() || list.is_none() {
        return false;
    }
    // `D:P…` takes nothing over from the folders above (the form of such texts: learn.microsoft.com, SDDL).
    let takes_nothing_over = list.as_ref().is_some_and(|list| list.to_string_lossy().starts_with("D:P"));
    list == text(&given) || set_access(path, &wanted, takes_nothing_over).is_ok()
}

/// Renames a file within its folder, over one that may be there, write-protected or held open by somebody for a moment.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let protected = fs::metadata(to).ok().map(|found| found.permissions()).filter(Permissions::readonly);
    if protected.is_some() {
        lift_write_protection(to)?;
    }
    let renamed = patiently(|| fs::rename(from, to));
    if let Some(protected) = protected {
        give_back_permissions(to, protected);
    }
    renamed
}

/// Removes a file, a write-protected one too.
pub fn remove_file(path: &Path) -> io::Result<()> {
    patiently(|| fs::remove_file(path)).or_else(|error| {
        lift_write_protection(path).map_err(|_| error)?;
        fs::remove_file(path)
    })
}

/// Tries again where somebody else, a virus scanner mostly, has the file open for a moment.
fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let is_short = |error: &io::Error| error.raw_os_error().is_some_and(|code| SHORT_FAILURES.contains(&code));
    for _ in 1..TRIES {
        match work() {
            Err(error) if is_short(&error) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    work()
}

fn lift_write_protection(path: &Path) -> io::Result<()> {
    let mut permissions = fs::symlink_metadata(path)?.permissions();
    if !permissions.readonly() {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    #[allow(
        clippy::permissions_set_readonly_false,
        reason = "on Windows this is one attribute, and gives nobody a right"
    )]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions)
}

/// Gives a file back the permissions that it had: its write protection.
pub fn give_back_permissions(path: &Path, permissions: Permissions) {
    let _ = fs::set_permissions(path, permissions);
}

/// A rename needs nothing more here.
pub fn sync_folder(_folder: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &Path) -> Metadata {
        fs::symlink_metadata(path).unwrap()
    }

    #[test]
    fn what_is_made_private_admits_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (private, file) = (folder.path().join("private"), folder.path().join("private").join("file"));
        create_private_folder(&private).unwrap();
        drop(new_private_file(&file).unwrap());
        assert!(is_of_user_only(&private, &found(&private)));
        assert!(is_of_user_only(&file, &found(&file)));
        for path in [&file, &private] {
            open_to_others(path);
            assert!(!is_of_user_only(path, &found(path)), "{}", path.display());
        }
    }

    #[test]
    fn a_private_file_is_nobody_elses_while_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = new_private_file(&path).unwrap();
        assert!(File::open(&path).is_err());
        drop(file);
        assert!(File::open(&path).is_ok());
        assert!(new_private_file(&path).is_err());
    }

    #[test]
    fn write_protection_stays_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [file, new] = ["file", "new"].map(|name| folder.path().join(name));
        let protect = |path: &Path| {
            let mut permissions = found(path).permissions();
            permissions.set_readonly(true);
            fs::set_permissions(path, permissions).unwrap();
        };
        fs::write(&file, "old").unwrap();
        fs::write(&new, "new").unwrap();
        protect(&file);
        rename(&new, &file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(found(&file).permissions().readonly());
        remove_file(&file).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn somebody_who_holds_the_file_for_a_moment_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let [file, new] = ["file", "new"].map(|name| folder.path().join(name));
        fs::write(&file, "old").unwrap();
        fs::write(&new, "new").unwrap();
        let held = OpenOptions::new().read(true).share_mode(0).open(&file).unwrap();
        let holder = std::thread::spawn(move || {
            std::thread::sleep(PAUSE + PAUSE / 2);
            drop(held);
        });
        rename(&new, &file).unwrap();
        holder.join().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn a_file_keeps_its_number_and_says_its_further_names() {
        let folder = tempfile::tempdir().unwrap();
        let [file, other] = ["file", "other"].map(|name| folder.path().join(name));
        fs::write(&file, "").unwrap();
        assert!(!has_further_names(&file, &found(&file)));
        fs::hard_link(&file, &other).unwrap();
        assert!(has_further_names(&file, &found(&file)));
        assert_eq!(number_of(&file), number_of(&other));
        assert_ne!(number_of(&file), number_of(folder.path()));
    }
}
