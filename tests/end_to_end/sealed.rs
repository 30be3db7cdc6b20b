//! The program among others of the same user: nobody looks into it, and it ends with the wrapper that started it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ado_entra_auth_emulator::world::CONNECTION;
use ado_entra_auth_emulator::{Effect, Endpoint, Fault};

use crate::support::{BINARY, Snapshot, emulator, finish, job, next_job, run, tool};
use crate::undo::{fill_checkout, fill_home};

/// A user without rights, where the tests run as root.
const NOBODY: &str = "65534";

/// The program and its arguments, as a user without rights.
fn as_nobody(program: &Path, arguments: &[&str]) -> Command {
    let mut command = if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    command
}

/// What another process of the user sees of this one's environment.
fn environment_as_seen(child: &Child) -> Result<String, String> {
    let output = as_nobody(Path::new("cat"), &[&format!("/proc/{}/environ", child.id())]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn no_other_process_of_the_user_looks_into_the_program() {
    let (Some(_), Some(sleep)) = (tool("setpriv"), tool("sleep")) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = folder.path().join("ado-entra-auth");
    std::fs::copy(BINARY, &program).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let started = |program: &Path, arguments: &[&str]| {
        let mut command = as_nobody(program, arguments);
        command.env("SECRET", "in the environment").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        // Until it is the program itself that runs.
        let name = || std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap_or_default();
        let begun = Instant::now();
        while !program.file_name().unwrap().to_string_lossy().starts_with(name().trim()) || name().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", name());
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(300));
        child
    };
    // A helper waits for its question, and so does the control.
    let mut open = started(&sleep, &["60"]);
    assert!(environment_as_seen(&open).unwrap().contains("SECRET=in the environment"));
    let mut sealed = started(&program, &["credential", "git", "get"]);
    let seen = environment_as_seen(&sealed);
    assert!(sealed.try_wait().unwrap().is_none(), "it did not wait for its question");
    assert!(seen.as_ref().is_err_and(|error| error.contains("Permission denied")), "{seen:?}");
    for child in [&mut open, &mut sealed] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// The processes that this one has started.
fn children_of(parent: u32) -> Vec<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let parent_of = |process: &u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    processes.filter(|process| parent_of(process) == Some(parent)).collect()
}

fn goes_on(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_step_whose_wrapper_is_killed_ends_and_changes_nothing() {
    let Some(node) = tool("node") else { return };
    let emulator = emulator();
    let job = job(&emulator);
    fill_checkout(&job);
    fill_home(&job);
    let step = crate::wrapper::unpack(&job, &node.display().to_string());
    let fault = emulator.fault(Fault::new(Endpoint::Token, Effect::Delay(Duration::from_secs(5))));
    emulator.reference(job.pipeline(), &[CONNECTION.to_owned()]);
    // The wrapper notes in the task's own folder that it has checked the program.
    let snapshot = || Snapshot::of(&job).without(&job.root().join("_work/_tasks"));
    let before = snapshot();
    let mut command = Command::new(&step.command[0]);
    command.args(&step.command[1..]).env_clear().envs(job.task_environment(&step)).current_dir(job.sources());
    let mut wrapper = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while emulator.fired(fault) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(45));
        std::thread::sleep(Duration::from_millis(5));
    }
    let programs = children_of(wrapper.id());
    let named = |process: &u32| std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    assert!(programs.iter().any(|process| named(process).starts_with("ado-entra-auth")), "{programs:?}");
    wrapper.kill().unwrap();
    wrapper.wait().unwrap();
    let killed = Instant::now();
    while programs.iter().any(|process| goes_on(*process)) {
        assert!(killed.elapsed() < Duration::from_secs(3), "the program goes on without its wrapper");
        std::thread::sleep(Duration::from_millis(5));
    }
    before.assert_same(&snapshot(), "the wrapper was killed");
    emulator.end_faults();
    let root: PathBuf = job.root().to_path_buf();
    let mut next = next_job(&emulator, &root);
    run(&emulator, &mut next, &crate::support::step());
    finish(&mut next);
}
