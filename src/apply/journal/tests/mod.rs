//! The journal on a real disk, with Maven's settings as the shared file.

#![allow(clippy::disallowed_methods, reason = "a test looks at the disk itself")]

mod damage;
mod order;
mod places;
mod script;

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::apply::record::RunRecord;
use crate::plan::{Entry, Revise, SharedFile};
use crate::tools::{maven, nuget};

/// Maven's settings in the home folder with servers of these ids, each with this variable.
fn settings_with(home: &Path, ids: &[&str], variable: &str) -> SharedFile {
    shared(home, ".m2/settings.xml", maven::settings::revise, ids, variable)
}

fn shared(place: &Path, file: &str, revise: Revise, ids: &[&str], variable: &str) -> SharedFile {
    let entry = |id: &&str| Entry { key: (*id).to_owned(), variable: variable.to_owned() };
    SharedFile { path: place.join(file), place: place.to_path_buf(), entries: ids.iter().map(entry).collect(), revise }
}

/// The same under the variable that every job has for it.
fn wanted(home: &Path, ids: &[&str]) -> SharedFile {
    settings_with(home, ids, "ADO_ENTRA_AUTH_MAVEN_CONTOSO")
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
    // In memory where the system has such a place: the journal waits for the disk after each write.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
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
#[cfg(unix)]
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
    assert_eq!(ledger.release(&run).unwrap().len(), 1);
    fs::remove_file(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    ledger.release(&run).unwrap();
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
                &|| _ = ledger.release(&first).unwrap(),
            ];
            for (number, step) in steps.iter().enumerate() {
                step();
                if number == edited_after {
                    edit();
                }
            }
            ledger.release(&second).unwrap();
            let after = String::from_utf8(content(&machine.home).unwrap()).unwrap();
            assert_eq!(after, format!("{before}<!-- the user's -->"), "edited after step {edited_after}");
            assert_eq!(names(&machine.home), [".m2"]);
        }
    }
}
