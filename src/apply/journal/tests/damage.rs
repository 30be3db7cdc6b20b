//! What lies in the journal and cannot be believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::kernel::fingerprint::fingerprint;

const FILE: &str = ".m2/settings.xml";

/// A run has its server in the settings, and has ended without its post-job part.
fn held(settings: Option<&str>) -> (Machine, Slot, Run) {
    let machine = machine();
    begin_with(&machine.home, settings);
    let run = begun(&machine.agents[0], "job1");
    Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    let slot = Slot::of(&machine.home.join(FOLDER), Path::new(FILE));
    (machine, slot, run)
}

fn kept_original(slot: &Slot) -> PathBuf {
    slot.entry().with_extension("original")
}

/// The ways in which an entry was damaged, each of its bytes changed among them.
fn damages(good: &[u8]) -> Vec<Vec<u8>> {
    let mut bad = vec![
        good[..good.len() / 2].to_vec(),
        good[..good.len() - 1].to_vec(),
        vec![0; good.len()],
        Vec::new(),
        [good, b"x"].concat(),
        [b" ", good].concat(),
        b"garbage".to_vec(),
        b"{\"version\":1,".to_vec(),
        b"{\"version\":2}".to_vec(),
    ];
    for position in (0..good.len()).step_by(17) {
        let mut flipped = good.to_vec();
        flipped[position] ^= 1 << (position % 8);
        bad.push(flipped);
    }
    bad
}

#[test]
fn a_damaged_entry_is_set_aside_and_said_once_and_the_file_is_as_before() {
    for settings in SETTINGS {
        let good = fs::read(held(settings).1.entry()).unwrap();
        let samples = if settings == SETTINGS[4] { usize::MAX } else { 9 };
        for bad in damages(&good).into_iter().take(samples) {
            let (machine, slot, run) = held(settings);
            fs::write(slot.entry(), &bad).unwrap();
            let ledger = Ledger::at(&machine.home);
            let said = ledger.release(&run).unwrap();
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains("damaged") && said[0].contains(FILE), "{said:?}");
            assert_eq!(content(&machine.home), settings.map(|text| text.as_bytes().to_vec()), "{said:?}");
            let aside = slot.entry().with_file_name(format!("damaged-{}", slot.entry().file_name().unwrap().display()));
            assert_eq!(fs::read(&aside).unwrap(), bad);
            assert!(said[0].contains(&aside.display().to_string()));
            // No later run fails for it, or speaks of it again.
            let next = begun(&machine.agents[0], "job2");
            assert_eq!(ledger.sweep(&next).unwrap(), Vec::<String>::new());
            ledger.hold(&wanted(&machine.home, &["a", "b"]), &next).unwrap();
            assert_eq!(ledger.release(&next).unwrap(), Vec::<String>::new());
            assert_eq!(content(&machine.home), settings.map(|text| text.as_bytes().to_vec()));
        }
    }
}

#[test]
fn where_entry_and_former_bytes_are_damaged_what_is_ours_goes_all_the_same() {
    for settings in SETTINGS {
        let (machine, slot, _) = held(settings);
        for file in [slot.entry(), kept_original(&slot)] {
            fs::write(file, "garbage").unwrap();
        }
        let said = Ledger::at(&machine.home).sweep(&begun(&machine.agents[0], "job2")).unwrap();
        assert_eq!(said.len(), 1, "{said:?}");
        let rest = String::from_utf8(content(&machine.home).unwrap()).unwrap();
        assert!(!rest.contains("ADO_ENTRA_AUTH_") && !rest.contains("<id>a</id><username>ado"), "{rest}");
    }
}

#[test]
fn damaged_former_bytes_are_noticed_and_the_edits_taken_back_by_themselves() {
    for settings in SETTINGS.into_iter().flatten() {
        for flip in [0, 30, 70, 100] {
            let (machine, slot, run) = held(Some(settings));
            let mut bytes = fs::read(kept_original(&slot)).unwrap();
            let position = flip.min(bytes.len() - 1);
            bytes[position] ^= 4;
            fs::write(kept_original(&slot), bytes).unwrap();
            assert_eq!(Ledger::at(&machine.home).release(&run).unwrap(), Vec::<String>::new());
            assert_eq!(content(&machine.home).unwrap(), settings.as_bytes());
            assert_eq!(names(&machine.home), [".m2"]);
        }
    }
}

#[test]
fn an_entry_that_was_removed_makes_nobody_take_our_edits_for_the_users() {
    for settings in SETTINGS {
        for with_original in [true, false] {
            let (machine, slot, _) = held(settings);
            fs::remove_file(slot.entry()).unwrap();
            if !with_original {
                fs::remove_dir_all(machine.home.join(FOLDER)).unwrap();
            }
            let ledger = Ledger::at(&machine.home);
            let next = begun(&machine.agents[0], "job2");
            let said = ledger.sweep(&next).unwrap();
            assert_eq!(said.len(), usize::from(with_original), "{said:?}");
            if with_original {
                assert_eq!(content(&machine.home), settings.map(|text| text.as_bytes().to_vec()), "{said:?}");
            }
            ledger.hold(&settings_with(&machine.home, &["a", "b"], "ADO_ENTRA_AUTH_OTHER"), &next).unwrap();
            let both = String::from_utf8(content(&machine.home).unwrap()).unwrap();
            assert!(!both.contains("ADO_ENTRA_AUTH_MAVEN_CONTOSO") && both.contains("ADO_ENTRA_AUTH_OTHER"), "{both}");
            assert_eq!(ledger.release(&next).unwrap(), Vec::<String>::new());
            let rest = String::from_utf8(content(&machine.home).unwrap_or_default()).unwrap();
            assert!(!rest.contains("ADO_ENTRA_AUTH_"), "{rest}");
            assert!(!machine.home.join(FOLDER).exists());
        }
    }
}

#[test]
fn an_entry_in_the_place_of_another_is_set_aside() {
    let (machine, slot, run) = held(SETTINGS[5]);
    let moved = slot.entry().with_file_name("0123456789abcdef.json");
    fs::rename(slot.entry(), &moved).unwrap();
    let said = Ledger::at(&machine.home).release(&run).unwrap();
    assert!(said.iter().any(|said| said.contains("damaged or not its own")), "{said:?}");
    assert_eq!(content(&machine.home).unwrap(), SETTINGS[5].unwrap().as_bytes());
    assert_eq!(names(&machine.home.join(FOLDER)), ["damaged-0123456789abcdef.json"]);
    // A copy beside the true one takes nothing from a run that goes on.
    let (machine, slot, _) = held(SETTINGS[5]);
    fs::copy(slot.entry(), slot.entry().with_file_name("0123456789abcdef.json")).unwrap();
    let before = content(&machine.home);
    assert_eq!(Ledger::at(&machine.home).sweep(&begun(&machine.agents[1], "job2")).unwrap().len(), 1);
    assert_eq!(content(&machine.home), before);
}

#[test]
fn an_entry_about_what_can_be_no_file_is_set_aside_and_said_once() {
    for name in ["a\0b".to_owned(), "x".repeat(300)] {
        let (machine, slot, run) = held(SETTINGS[5]);
        let Ok(Found::Entry(mut entry)) = FileEntry::load(&slot, &machine.home) else { panic!("no entry") };
        entry.path = PathBuf::from(name);
        entry.save(&Slot::of(&machine.home.join(FOLDER), Path::new("other"))).unwrap();
        let ledger = Ledger::at(&machine.home);
        let said = ledger.sweep(&run).unwrap();
        assert!(said.len() == 1 && said[0].contains("damaged or not its own"), "{said:?}");
        assert_eq!(ledger.sweep(&run).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn what_was_set_aside_is_never_written_over() {
    let machine = machine();
    for number in 1..4 {
        let run = begun(&machine.agents[0], &format!("job{number}"));
        let ledger = Ledger::at(&machine.home);
        ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
        let slot = Slot::of(&machine.home.join(FOLDER), Path::new(FILE));
        fs::write(slot.entry(), format!("garbage {number}")).unwrap();
        ledger.release(&run).unwrap();
    }
    let folder = machine.home.join(FOLDER);
    let kept = names(&folder).into_iter().filter(|name| name.ends_with("json"));
    let mut texts: Vec<String> = kept.map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect();
    texts.sort();
    assert_eq!(texts, ["garbage 1", "garbage 2", "garbage 3"]);
}

/// An entry as version 1.0 wrote it.
fn first_entry(path: &str, original: Option<&str>, written: &str, edits: &serde_json::Value) -> String {
    let encoded = |text: &str| STANDARD.encode(text);
    serde_json::json!({
        "version": 1, "path": path, "original": original.map(encoded), "written": encoded(written),
        "created_folders": [], "edits": edits, "changed_by_others": false,
        "holders": [{"run": "0", "temp_directory": "/nope", "agent": null, "job": "x", "since": 0}],
    })
    .to_string()
}

fn put(folder: &Path, file_name: &str, entry: &str) -> PathBuf {
    if !folder.exists() {
        disk::create_private_folder(folder).unwrap();
    }
    let path = folder.join(file_name);
    disk::write_private(&path, entry.as_bytes()).unwrap();
    path
}

fn name_of(path: &str) -> String {
    format!("{:016x}.json", fingerprint(path))
}

#[test]
fn an_entry_of_the_first_version_puts_its_file_back() {
    let edits = serde_json::json!([{"key": "a", "variable": "V", "removed": "", "inserted": "mine", "users": ["0"]}]);
    for (before, now, expected) in [
        (Some("user's"), "user'smine", Some("user's")),
        (None, "mine", None),
        (Some("user's"), "user'smine, and more", Some("user's, and more")),
    ] {
        let machine = machine();
        let written = format!("{}mine", before.unwrap_or_default());
        fs::write(machine.home.join("f"), now).unwrap();
        put(&machine.home.join(FOLDER), &name_of("f"), &first_entry("f", before, &written, &edits));
        assert_eq!(Ledger::at(&machine.home).sweep(&begun(&machine.agents[0], "job2")).unwrap(), Vec::<String>::new());
        assert_eq!(fs::read_to_string(machine.home.join("f")).ok().as_deref(), expected);
        assert!(!machine.home.join(FOLDER).exists());
    }
}

#[test]
fn what_others_could_have_put_into_the_journal_is_not_believed() {
    let victim = "victim.txt";
    let machine = machine();
    let outside = machine.home.parent().unwrap().join(victim);
    let climbing = format!("../{victim}");
    let (folders, files): (&[bool], &[bool]) = (&[true], &[false]);
    for (path, file_name, opened, taken) in [
        (victim, name_of(victim), &[][..], true),
        (victim, name_of(victim), folders, false),
        (victim, name_of(victim), files, false),
        (victim, name_of("other"), &[], false),
        (climbing.as_str(), name_of(&climbing), &[], false),
        (outside.to_str().unwrap(), name_of(outside.to_str().unwrap()), &[], false),
    ] {
        for file in [&machine.home.join(victim), &outside] {
            fs::write(file, "mine").unwrap();
        }
        let folder = machine.home.join(FOLDER);
        let entry_path = put(&folder, &file_name, &first_entry(path, Some("evil"), "mine", &serde_json::json!([])));
        for opened in opened.iter().map(|of_folder| if *of_folder { &folder } else { &entry_path }) {
            disk::open_to_others(opened);
        }
        let said = Ledger::at(&machine.home).sweep(&begun(&machine.agents[0], "job2")).unwrap();
        assert_eq!(said.is_empty(), taken, "{said:?}");
        let now = fs::read_to_string(machine.home.join(victim)).unwrap();
        assert_eq!(now, if taken { "evil" } else { "mine" }, "{path} {opened:?}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
        let _ = fs::remove_dir_all(folder);
    }
}

#[test]
fn a_journal_that_is_not_ours_stops_a_run() {
    let machine = machine();
    begin_with(&machine.home, SETTINGS[5]);
    let before = content(&machine.home);
    let folder = machine.home.join(FOLDER);
    fs::create_dir(&folder).unwrap();
    disk::open_to_others(&folder);
    let run = begun(&machine.agents[0], "job2");
    let error = Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap_err();
    assert!(error.to_string().contains(FOLDER), "{error}");
    assert_eq!(content(&machine.home), before);
}

#[test]
fn an_entry_of_a_later_version_is_left_alone() {
    let (machine, slot, run) = held(SETTINGS[5]);
    let ledger = Ledger::at(&machine.home);
    let known = fs::read_to_string(slot.entry()).unwrap();
    let later = known.lines().next().unwrap().replace("\"version\":2", "\"version\":3,\"more\":1");
    sealed::save(&slot.entry(), later.into_bytes()).unwrap();
    let known = fs::read(slot.entry()).unwrap();
    let held = content(&machine.home);
    assert_eq!(ledger.release(&run).unwrap(), Vec::<String>::new());
    let error = ledger.hold(&wanted(&machine.home, &["b"]), &begun(&machine.agents[1], "job2")).unwrap_err();
    assert!(error.to_string().contains("later version"), "{error}");
    assert_eq!((content(&machine.home), fs::read(slot.entry()).unwrap()), (held, known));
}
