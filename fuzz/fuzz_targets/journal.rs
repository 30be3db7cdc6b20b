//! The journal of a file: whatever lies where it keeps what it knows, nothing panics, no file beside the one that it is about
//! changes, and what cannot be believed is dealt with once. Afterwards a run's edit of that file goes back byte for byte.
//!
//! Each text is the entry, the former bytes, the note of a write and the file itself, parted by the control character that
//! separates records. They lie there sealed, since a fuzzer finds a digest by luck alone, and once more as they are.

#![no_main]

use std::fs;
use std::path::Path;

use ado_entra_auth::apply::Run;
use ado_entra_auth::apply::journal::Ledger;
use ado_entra_auth::apply::record::{RunRecord, earlier_runs};
use ado_entra_auth::disk::{UNFINISHED_PREFIX, create_private_folder, replace_private};
use ado_entra_auth::kernel::fingerprint::fingerprint;
use ado_entra_auth::plan::{Entry, SharedFile};
use ado_entra_auth::tools::maven::settings::revise;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const SEPARATOR: u8 = 0x1e;
/// One that the journal knows by its path alone, where nothing else tells what an entry is about.
const FILE: &str = ".m2/settings.xml";
const JOURNAL: &str = ".ado-entra-auth";
/// Files that are another's, beside the one that the entry is about, and beside the place.
const OTHERS: [&str; 3] = ["beside", "home/mine.xml", "home/.m2/mine.xml"];
const UNTOUCHED: &[u8] = b"<settings><servers><server/></servers></settings>";

/// The bytes, and behind them what makes the journal believe that it wrote them.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    [bytes, format!("\n{digest}\n").as_bytes()].concat()
}

fn check(parts: &[&[u8]], seal: fn(&[u8]) -> Vec<u8>) {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let place = folder.path().join("home");
    let journal = place.join(JOURNAL);
    fs::create_dir_all(place.join(".m2")).unwrap();
    fs::create_dir(folder.path().join("temp")).unwrap();
    create_private_folder(&journal).unwrap();
    for (kind, bytes) in ["json", "original", "overwriting"].into_iter().zip(parts) {
        let name = format!("{:016x}.{kind}", fingerprint(FILE));
        replace_private(&journal.join(name), &seal(bytes)).unwrap();
    }
    // The same entry in another's place, where only its own words tell what it is about.
    replace_private(&journal.join("0123456789abcdef.json"), &seal(parts[0])).unwrap();
    let file = place.join(FILE);
    fs::write(&file, parts.get(3).unwrap_or(&&b"<settings/>"[..])).unwrap();
    for other in OTHERS {
        fs::write(folder.path().join(other), UNTOUCHED).unwrap();
    }

    let run = Run::new(folder.path().join("temp"), "job".to_owned()).unwrap();
    let ledger = Ledger::at(&place);
    ledger.sweep(&run).unwrap();
    ledger.release(&run).unwrap();
    assert_eq!(ledger.sweep(&run).unwrap(), Vec::<String>::new(), "said again");
    let is_unfinished = |folder: &Path| {
        let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
        names.into_iter().any(|name| name.to_string_lossy().starts_with(UNFINISHED_PREFIX))
    };
    assert!(!is_unfinished(&journal) && !is_unfinished(&place.join(".m2")));

    hold_and_release(&ledger, &place, &run);

    for other in OTHERS {
        assert_eq!(fs::read(folder.path().join(other)).unwrap(), UNTOUCHED, "{other}");
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| ["home", "beside", "temp"].iter().any(|known| name == *known)));
}

/// A run of its own edits the file after what lay there was dealt with, and takes its edit back.
fn hold_and_release(ledger: &Ledger, place: &Path, run: &Run) {
    let file = place.join(FILE);
    let entry = format!("{JOURNAL}/{:016x}.json", fingerprint(FILE));
    // What a run that goes on, or a later version of the task, has there is not to be forgotten.
    let is_free = !place.join(entry).exists();
    let before = fs::read(&file).ok();
    let entries = vec![Entry { key: "feed".to_owned(), variable: "ADO_ENTRA_AUTH_X1".to_owned() }];
    let shared = SharedFile { path: file.clone(), place: place.to_path_buf(), entries, revise };
    let is_held = ledger.hold(&shared, run).is_ok();
    let left = ledger.release(run).unwrap();
    // Elements of ours that no journal knows go when the file is held, and stay away.
    let names_ours = before.as_ref().is_some_and(|bytes| String::from_utf8_lossy(bytes).contains("ADO_ENTRA_AUTH"));
    if is_held && is_free && !names_ours {
        assert_eq!(left, Vec::<String>::new());
        assert_eq!(fs::read(&file).ok(), before);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.splitn(4, |byte| *byte == SEPARATOR).collect();
    check(&parts, sealed);
    check(&parts, <[u8]>::to_vec);
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    fs::write(folder.path().join("run.json"), bytes).unwrap();
    let _ = RunRecord::load(folder.path());
    let _ = earlier_runs(std::str::from_utf8(bytes).ok());
});
