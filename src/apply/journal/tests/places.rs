//! What agents, files and locks can look like.

use std::time::{Duration, Instant};

use super::*;

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

/// The agent's temporary folder was removed and made anew, with or without another job's run in it.
#[test]
fn an_agent_whose_temporary_folder_was_made_anew_is_known_by_its_registration() {
    for (registration, same_job, is_over) in
        [("org 11 a", false, true), ("org 12 b", false, false), ("", false, false), ("org 11 a", true, true)]
    {
        let machine = machine();
        let ledger = Ledger::at(&machine.home);
        let killed = Run { agent: "org 11 a".to_owned(), ..begun(&machine.agents[0], "job1") };
        ledger.hold(&wanted(&machine.home, &["a"]), &killed).unwrap();
        fs::rename(&machine.agents[0], machine.agents[0].with_extension("gone")).unwrap();
        fs::create_dir(&machine.agents[0]).unwrap();
        let job = if same_job { "job1" } else { "job2" };
        let next = Run { agent: registration.to_owned(), ..begun(&machine.agents[0], job) };
        assert_eq!(ledger.sweep(&next).unwrap(), Vec::<String>::new());
        assert_eq!(content(&machine.home).is_none(), is_over, "{registration:?} {same_job}");
    }
}

#[test]
fn a_step_waits_once_for_a_lock_that_nobody_lets_go_of_and_says_whose_it_is() {
    let machine = machine();
    let neighbour = begun(&machine.agents[1], "plan/job/1");
    let ledger = Ledger::at(&machine.home);
    let turn = turn::wait(&machine.home, &neighbour).unwrap();
    let run = begun(&machine.agents[0], "job1");
    let waited = Instant::now();
    let errors = [
        ledger.sweep(&run).unwrap_err(),
        ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap_err(),
        ledger.release(&run).unwrap_err(),
    ];
    let waited = waited.elapsed();
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(7), "{waited:?}");
    for error in errors {
        use crate::diagnosis::Explain;
        for text in [error.to_string(), error.remedy()] {
            let agent = machine.agents[1].display().to_string();
            let whose = [format!("process {}", std::process::id()), "job plan/job/1".to_owned(), agent];
            assert!(whose.iter().all(|part| text.contains(part)), "{text}");
        }
    }
    drop(turn);
    ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    ledger.release(&run).unwrap();
    assert_eq!(names(&machine.home), Vec::<String>::new());
}

#[test]
fn a_home_in_shared_memory_gets_back_what_it_had() {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let home = folder.path().join("home");
    let agent = folder.path().join("agent");
    fs::create_dir(&home).unwrap();
    fs::create_dir(&agent).unwrap();
    let run = begun(&agent, "job1");
    Ledger::at(&home).hold(&wanted(&home, &["a"]), &run).unwrap();
    assert!(content(&home).is_some());
    Ledger::at(&home).release(&run).unwrap();
    assert_eq!(names(&home), Vec::<String>::new());
}

/// A file of 30 MB, which the first version's entry could not hold.
#[test]
fn a_large_file_is_put_back() {
    let machine = machine();
    let large = format!("<settings>\n<!--{}-->\n</settings>\n", "large ".repeat(5 * 1024 * 1024));
    begin_with(&machine.home, Some(&large));
    let before = names(&machine.home);
    let run = begun(&machine.agents[0], "job1");
    let ledger = Ledger::at(&machine.home);
    ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    assert!(content(&machine.home).unwrap().len() > large.len());
    assert_eq!(ledger.release(&run).unwrap(), Vec::<String>::new());
    assert!(content(&machine.home).unwrap() == large.as_bytes());
    assert_eq!(names(&machine.home), before);
}

/// As large as a file may be: what the task adds would make it one that it cannot read again.
#[test]
fn a_file_that_would_become_too_large_is_refused_before_anything_changes() {
    let machine = machine();
    let size = usize::try_from(disk::LARGEST_FILE_BYTES).unwrap();
    let frame = "<settings><!---->\n</settings>";
    let large = frame.replace("<!--", &format!("<!--{}", "x".repeat(size - frame.len())));
    assert_eq!(large.len(), size);
    begin_with(&machine.home, Some(&large));
    let run = begun(&machine.agents[0], "job1");
    let error = Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap_err();
    assert!(error.to_string().contains("64 MiB"), "{error}");
    assert!(content(&machine.home).unwrap() == large.as_bytes());
    assert_eq!(Ledger::at(&machine.home).release(&run).unwrap(), Vec::<String>::new());
    assert_eq!(names(&machine.home), [".m2"]);
}

#[test]
#[cfg(unix)]
fn what_a_file_is_beside_its_bytes_stays() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let machine = machine();
    begin_with(&machine.home, SETTINGS[4]);
    let file = machine.home.join(".m2/settings.xml");
    let other = machine.home.join("other");
    fs::hard_link(&file, &other).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4750)).unwrap();
    rustix::fs::setxattr(&file, "user.mine", b"x", rustix::fs::XattrFlags::empty()).ok();
    let facts = || {
        let found = fs::metadata(&other).unwrap();
        let mut attribute = [0; 9];
        let attribute =
            rustix::fs::getxattr(&other, "user.mine", &mut attribute[..]).map(|length| attribute[..length].to_vec());
        (
            (found.ino(), found.nlink(), found.mode(), found.mtime(), found.mtime_nsec()),
            attribute.ok(),
            fs::read(&other).unwrap(),
        )
    };
    let before = facts();
    let run = begun(&machine.agents[0], "job1");
    let ledger = Ledger::at(&machine.home);
    ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
    assert_ne!(facts().2, before.2);
    ledger.release(&run).unwrap();
    assert_eq!(facts(), before);
    assert_eq!(names(&machine.home), [".m2", "other"]);
}

/// A file with further names is written over, which a kill can interrupt at any byte.
#[test]
fn a_file_that_was_half_written_over_is_put_back() {
    for in_release in [false, true] {
        let length = SETTINGS[4].unwrap().len();
        for written in [0, 1, 3, 40, length - 1, length, length + 1, length + 50] {
            for edited in [false, true] {
                let machine = machine();
                begin_with(&machine.home, SETTINGS[4]);
                let file = machine.home.join(".m2/settings.xml");
                let before = fs::read(&file).unwrap();
                let run = begun(&machine.agents[0], "job1");
                let ledger = Ledger::at(&machine.home);
                ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap();
                let after = fs::read(&file).unwrap();
                let (from, to) = if in_release { (&after, &before) } else { (&before, &after) };
                let slot = Slot::of(&machine.home.join(FOLDER), Path::new(".m2/settings.xml"));
                slot.note_overwriting(from, to).unwrap();
                let written = written.min(to.len());
                let mut half = [&to[..written], from.get(written..).unwrap_or_default()].concat();
                if edited {
                    half.extend(b"<!-- mine -->");
                }
                fs::write(&file, &half).unwrap();
                ledger.sweep(&begun(&machine.agents[0], "job2")).unwrap();
                let rest = fs::read(&file).unwrap();
                if edited {
                    assert!(rest.ends_with(b"<!-- mine -->"), "{in_release} {written}");
                } else {
                    assert_eq!(rest, before, "{in_release} {written}");
                }
                assert_eq!(names(&machine.home), [".m2"]);
            }
        }
    }
}

#[test]
fn a_folder_in_the_place_of_new_bytes_stops_a_run_before_it_changes_anything() {
    let machine = machine();
    begin_with(&machine.home, SETTINGS[5]);
    fs::create_dir(machine.home.join(".m2/.ado-entra-auth-settings.xml.new")).unwrap();
    let before = (content(&machine.home), names(&machine.home));
    let run = begun(&machine.agents[0], "job1");
    let ledger = Ledger::at(&machine.home);
    let error = ledger.hold(&wanted(&machine.home, &["a"]), &run).unwrap_err();
    assert!(error.to_string().contains("is in the way, remove it"), "{error}");
    assert_eq!(ledger.release(&run).unwrap(), Vec::<String>::new());
    assert_eq!((content(&machine.home), names(&machine.home)), before);
}

#[test]
#[cfg(unix)]
fn a_pipe_in_the_place_of_the_lock_is_said_and_stays() {
    let machine = machine();
    let lock = machine.home.join(".ado-entra-auth.lock");
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    let run = begun(&machine.agents[0], "job1");
    for error in [
        Ledger::at(&machine.home).sweep(&run).unwrap_err(),
        Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap_err(),
    ] {
        assert!(error.to_string().contains("not a plain file"), "{error}");
    }
    assert_eq!(names(&machine.home), [".ado-entra-auth.lock"]);
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink("/nowhere", &lock).unwrap();
    Ledger::at(&machine.home).hold(&wanted(&machine.home, &["a"]), &run).unwrap_err();
    assert!(disk::is_link(&lock));
}
