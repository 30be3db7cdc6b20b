//! The journal's loader: whatever bytes lie where an entry should, nothing panics and no file beside the place changes.

#![no_main]

use std::fs;
use std::path::Path;

use ado_entra_auth::apply::Run;
use ado_entra_auth::apply::journal::Ledger;
use ado_entra_auth::apply::record::{RunRecord, earlier_runs};
use ado_entra_auth::kernel::fingerprint::fingerprint;
use libfuzzer_sys::fuzz_target;

fn write_private(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let folder = path.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let place = folder.path().join("home");
    let beside = folder.path().join("beside");
    let entry = format!(".ado-entra-auth/{:016x}.json", fingerprint("settings.xml"));
    write_private(&place.join(entry), bytes);
    write_private(&place.join("settings.xml"), b"<settings/>");
    fs::write(&beside, "untouched").unwrap();
    let temp_directory = folder.path().join("temp");
    let run = Run::new(temp_directory, "job".to_owned()).unwrap();
    let _ = Ledger::at(&place).sweep(&run);
    let _ = Ledger::at(&place).release(&run);
    assert_eq!(fs::read(&beside).unwrap(), b"untouched");
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| ["home", "beside", "temp"].iter().any(|known| name == *known)));
    write_private(&folder.path().join("temp/run.json"), bytes);
    let _ = RunRecord::load(&folder.path().join("temp"));
    let _ = earlier_runs(std::str::from_utf8(bytes).ok());
});
