//! The journal on a real disk, with Maven's settings as the shared file.

#![allow(clippy::disallowed_methods, reason = "a test looks at the disk itself")]

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::apply::record::RunRecord;
use crate::host::Host;
use crate::plan::Change;
use crate::tools::maven::Maven;
use crate::tools::testing::{self, Disk, feed};

/// What the Maven tool wants in the home folder for repositories of these ids.
fn wanted(home: &Path, ids: &[&str]) -> SharedFile {
    let url = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";
    let feeds: Vec<_> = ids.iter().map(|id| feed(Some(id), url, "pom.xml")).collect();
    let host = Host { home: Some(home.to_path_buf()), ..Host::default() };
    let plan = testing::planned(&Maven, &feeds, &[], &host, &Disk::default()).unwrap();
    let shared = plan.changes.into_iter().find_map(|change| match change {
        Change::SharedFile(file) => Some(file),
        _ => None,
    });
    shared.unwrap()
}

/// A run whose private folder is there and complete, as after the step's main part.
fn begun(temp: &Path, job: &str) -> Run {
    let run = Run::new(temp.to_path_buf(), job.to_owned()).unwrap();
    fs::create_dir_all(run.directory()).unwrap();
    RunRecord::mark_complete(&run.directory()).unwrap();
    run
}

struct Machine {
    _folder: TempDir,
    home: PathBuf,
    agents: [PathBuf; 2],
}

fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    Machine { home: made("home"), agents: [made("agent1"), made("agent2")], _folder: folder }
}

const SETTINGS: [Option<&str>; 6] = [
    None,
    Some(""),
    Some("<settings/>"),
    Some("<settings>\r\n  <servers/>\r\n</settings>"),
    Some(
        "\u{feff}<!-- mine --><settings><servers><server><id>a</id><password>{x=}</password></server></servers></settings>",
    ),
    Some("<settings>\n  <!-- a comment -->\n  <mirrors><mirror><id>m</id></mirror></mirrors>\n</settings>\n"),
];

fn content(home: &Path) -> Option<Vec<u8>> {
    fs::read(home.join(".m2/settings.xml")).ok()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn begin_with(home: &Path, settings: Option<&str>) {
    if let Some(settings) = settings {
        fs::create_dir(home.join(".m2")).unwrap();
        fs::write(home.join(".m2/settings.xml"), settings).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Jobs of two agents under one account come and go in any order, each with ids of its own choice.
    #[test]
    fn whoever_goes_last_leaves_everything_as_it_was(
        settings in proptest::sample::select(&SETTINGS[..]),
        choices in proptest::collection::vec(proptest::sample::subsequence(vec!["a", "b", "c & <d>"], 1..=3), 1..5),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 10),
    ) {
        let machine = machine();
        begin_with(&machine.home, settings);
        let before = (content(&machine.home), names(&machine.home));
        let ledger = Ledger::at(&machine.home);
        let mut waiting: Vec<_> = choices.iter().enumerate().collect();
        let mut holding: Vec<(Run, &Vec<&str>)> = Vec::new();
        for step in order.iter().cycle().take(20) {
            if holding.is_empty() || (!waiting.is_empty() && step.index(2) == 0) {
                let Some((number, ids)) = waiting.pop() else { break };
                let run = begun(&machine.agents[number % 2], &format!("job{number}"));
                ledger.hold(&wanted(&machine.home, ids), &run).unwrap();
                holding.push((run, ids));
            } else {
                let (run, _) = holding.swap_remove(step.index(holding.len()));
                prop_assert_eq!(ledger.release(&run.id).unwrap(), Vec::<String>::new());
            }
            let now = String::from_utf8(content(&machine.home).unwrap_or_default()).unwrap();
            for id in holding.iter().flat_map(|(_, ids)| ids.iter()) {
                let id = format!("<id>{}</id>", id.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
                prop_assert!(now.contains(&id), "{id} is gone while a run needs it:\n{now}");
            }
        }
        for (run, _) in holding {
            ledger.release(&run.id).unwrap();
        }
        prop_assert_eq!((content(&machine.home), names(&machine.home)), before);
    }
}

#[test]
fn a_sweep_takes_what_is_over_and_leaves_what_goes_on() {
    let machine = machine();
    let [own, other] = &machine.agents;
    let ledger = Ledger::at(&machine.home);
    let killed = begun(own, "job1");
    let elsewhere = begun(other, "job7");
    ledger.hold(&wanted(&machine.home, &["killed"]), &killed).unwrap();
    ledger.hold(&wanted(&machine.home, &["elsewhere"]), &elsewhere).unwrap();

    // A later step of the same job lets an earlier one be.
    ledger.sweep(&begun(own, "job1")).unwrap();
    let both = String::from_utf8(content(&machine.home).unwrap()).unwrap();
    assert!(both.contains("killed") && both.contains("elsewhere"));

    // The next job of the agent takes what its killed one left, and nothing of the other agent's.
    ledger.sweep(&begun(own, "job2")).unwrap();
    let rest = String::from_utf8(content(&machine.home).unwrap()).unwrap();
    assert!(!rest.contains("killed") && rest.contains("elsewhere"), "{rest}");

    // The other agent has emptied its temporary folder: its job is over.
    fs::remove_dir_all(elsewhere.directory()).unwrap();
    ledger.sweep(&begun(own, "job2")).unwrap();
    assert_eq!(names(&machine.home), Vec::<String>::new());
}

#[test]
fn a_run_that_was_killed_before_it_wrote_the_file_leaves_nothing() {
    for settings in SETTINGS {
        let machine = machine();
        begin_with(&machine.home, settings);
        let before = (content(&machine.home), names(&machine.home));
        let run = begun(&machine.agents[0], "job1");
        Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap();
        // As if the process had ended between the journal and the file.
        match settings {
            Some(settings) => fs::write(machine.home.join(".m2/settings.xml"), settings).unwrap(),
            None => fs::remove_dir_all(machine.home.join(".m2")).unwrap(),
        }
        Ledger::at(&machine.home).sweep(&begun(&machine.agents[0], "job2")).unwrap();
        assert_eq!((content(&machine.home), names(&machine.home)), before, "{settings:?}");
    }
}

#[test]
fn what_others_could_have_put_into_the_journal_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let victim = "victim.txt";
    let entry = |path: &str| {
        let encoded = |text: &str| STANDARD.encode(text);
        serde_json::json!({
            "version": 1, "path": path, "original": encoded("evil"), "written": encoded("mine"), "created_folders": [],
            "edits": [], "changed_by_others": false,
            "holders": [{"run": "0", "temp_directory": "/nope", "agent": null, "job": "x", "since": 0}],
        })
        .to_string()
    };
    let name = |path: &str| format!("{:016x}.json", fingerprint(path));
    let machine = machine();
    let outside = machine.home.parent().unwrap().join(victim);
    let climbing = format!("../{victim}");
    for (path, file_name, folder_mode, file_mode, taken) in [
        (victim, name(victim), 0o700, 0o600, true),
        (victim, name(victim), 0o755, 0o600, false),
        (victim, name(victim), 0o700, 0o644, false),
        (victim, name("other"), 0o700, 0o600, false),
        (climbing.as_str(), name(&climbing), 0o700, 0o600, false),
        (outside.to_str().unwrap(), name(outside.to_str().unwrap()), 0o700, 0o600, false),
    ] {
        for file in [&machine.home.join(victim), &outside] {
            fs::write(file, "mine").unwrap();
        }
        let folder = machine.home.join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let entry_path = folder.join(file_name);
        fs::write(&entry_path, entry(path)).unwrap();
        fs::set_permissions(&entry_path, fs::Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(folder_mode)).unwrap();
        Ledger::at(&machine.home).sweep(&begun(&machine.agents[0], "job2")).unwrap();
        let now = fs::read_to_string(machine.home.join(victim)).unwrap();
        assert_eq!(now, if taken { "evil" } else { "mine" }, "{path} {folder_mode:o} {file_mode:o}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
        let _ = fs::remove_dir_all(folder);
    }
}

#[test]
fn a_journal_that_is_not_ours_stops_a_run_and_a_broken_entry_is_left_alone() {
    let machine = machine();
    begin_with(&machine.home, SETTINGS[5]);
    let before = content(&machine.home);
    let ledger = Ledger::at(&machine.home);
    let run = begun(&machine.agents[0], "job2");
    let folder = machine.home.join(FOLDER);
    fs::create_dir(&folder).unwrap();
    let error = ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap_err();
    assert!(error.to_string().contains(FOLDER), "{error}");
    fs::remove_dir(&folder).unwrap();
    disk::create_private_folder(&folder).unwrap();
    disk::write_private(&folder.join("0000000000000000.json"), b"{\"version\":1,").unwrap();
    ledger.sweep(&run).unwrap();
    assert_eq!(content(&machine.home), before);
}

#[test]
fn agents_of_equal_paths_in_containers_leave_each_other_alone() {
    let machine = machine();
    let ledger = Ledger::at(&machine.home);
    let own = begun(&machine.agents[0], "job1");
    ledger.hold(&wanted(&machine.home, &["a"]), &own).unwrap();
    // In its container the other agent has a folder of the same path, and not our run in it.
    fs::rename(&machine.agents[0], machine.agents[0].with_extension("elsewhere")).unwrap();
    fs::create_dir(&machine.agents[0]).unwrap();
    let held = content(&machine.home);
    ledger.sweep(&begun(&machine.agents[0], "job9")).unwrap();
    assert_eq!(content(&machine.home), held);
}

#[test]
fn a_file_that_cannot_be_read_for_once_is_put_back_the_next_time() {
    let machine = machine();
    begin_with(&machine.home, SETTINGS[5]);
    let before = (content(&machine.home), names(&machine.home));
    let ledger = Ledger::at(&machine.home);
    let run = begun(&machine.agents[0], "job1");
    ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    // A link in a circle: the system can say what is wrong, but not what is there.
    let (file, aside) = (machine.home.join(".m2/settings.xml"), machine.home.join(".m2/aside"));
    fs::rename(&file, &aside).unwrap();
    std::os::unix::fs::symlink("settings.xml", &file).unwrap();
    assert_eq!(ledger.release(&run.id).unwrap().len(), 1);
    fs::remove_file(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    ledger.release(&run.id).unwrap();
    assert_eq!((content(&machine.home), names(&machine.home)), before);
}

#[test]
fn what_the_user_changes_while_runs_come_and_go_stays() {
    // Where among the runs' comings and goings the user edits the file.
    for edited_after in 0..3 {
        for settings in [SETTINGS[4], SETTINGS[5]] {
            let machine = machine();
            begin_with(&machine.home, settings);
            let before = String::from_utf8(content(&machine.home).unwrap()).unwrap();
            let ledger = Ledger::at(&machine.home);
            let edit = || {
                let now = String::from_utf8(content(&machine.home).unwrap()).unwrap();
                fs::write(machine.home.join(".m2/settings.xml"), format!("{now}<!-- the user's -->")).unwrap();
            };
            let first = begun(&machine.agents[0], "job1");
            let second = begun(&machine.agents[1], "job2");
            let steps: [&dyn Fn(); 3] = [
                &|| ledger.hold(&wanted(&machine.home, &["a", "b"]), &first).unwrap(),
                &|| ledger.hold(&wanted(&machine.home, &["b", "c"]), &second).unwrap(),
                &|| _ = ledger.release(&first.id).unwrap(),
            ];
            for (number, step) in steps.iter().enumerate() {
                step();
                if number == edited_after {
                    edit();
                }
            }
            ledger.release(&second.id).unwrap();
            let after = String::from_utf8(content(&machine.home).unwrap()).unwrap();
            assert_eq!(after, format!("{before}<!-- the user's -->"), "edited after step {edited_after}");
            assert_eq!(names(&machine.home), [".m2"]);
        }
    }
}

#[test]
fn an_entry_of_a_later_version_is_left_alone() {
    let machine = machine();
    begin_with(&machine.home, SETTINGS[5]);
    let run = begun(&machine.agents[0], "job1");
    let ledger = Ledger::at(&machine.home);
    ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    let entry = fs::read_dir(machine.home.join(FOLDER)).unwrap().next().unwrap().unwrap().path();
    let later = fs::read_to_string(&entry).unwrap().replace("\"version\":1", "\"version\":2");
    fs::write(&entry, later).unwrap();
    let held = content(&machine.home);
    ledger.release(&run.id).unwrap();
    assert_eq!(content(&machine.home), held);
    let known = fs::read(&entry).unwrap();
    ledger.hold(&wanted(&machine.home, &["b"]), &begun(&machine.agents[1], "job2")).unwrap_err();
    assert_eq!((content(&machine.home), fs::read(&entry).unwrap()), (held, known));
}
