//! The task as an agent starts it: the folder of the task, and Node.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::world::CONNECTION;
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};

use crate::support::{BINARY, Snapshot, emulator, finish, job, run, script, step, tool, words};
use crate::undo::{fill_checkout, fill_home};

/// Lays out the task's folder where an agent would unpack it.
pub fn unpack(job: &Job<'_>, node: &str) -> TaskStep {
    let task = job.root().join("_work/_tasks/AdoEntraAuth/1.0.0");
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let bin = task.join(format!("bin/{system}-{machine}"));
    std::fs::create_dir_all(&bin).unwrap();
    // The agent removes what it unpacks anew; what runs from there goes on.
    let program = bin.join(PathBuf::from(BINARY).file_name().unwrap());
    let _ = std::fs::remove_file(&program);
    std::fs::copy(BINARY, program).unwrap();
    for file in ["index.js", "post.js", "task.json"] {
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("task").join(file);
        std::fs::copy(source, task.join(file)).unwrap();
    }
    let file = |name: &str| task.join(name).display().to_string();
    TaskStep {
        command: words(&[node, &file("index.js")]),
        post_command: Some(words(&[node, &file("post.js")])),
        ..step()
    }
}

/// Everything that the step could change, without the task's own note that its program is whole.
fn without_note(job: &Job<'_>, step: &TaskStep) -> Snapshot {
    let bin = PathBuf::from(&step.command[1]).with_file_name("bin");
    for platform in std::fs::read_dir(bin).unwrap() {
        std::fs::remove_file(platform.unwrap().path().join("ado-entra-auth-checked")).unwrap();
    }
    Snapshot::of(job)
}

#[test]
fn the_unpacked_task_serves_a_whole_job() {
    let (Some(node), Some(_)) = (tool("node"), tool("npm")) else { return };
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    fill_home(&job);
    let step = unpack(&job, &node.display().to_string());
    std::fs::create_dir(job.home().join(".npm")).unwrap();
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step);
    let sources = job.sources();
    assert_eq!(script(&mut job, &sources, "npm view @contoso/hello version").raw, "1.0.0\n");
    finish(&mut job);
    before.assert_same(&without_note(&job, &step).without(&job.home().join(".npm")), "after the job");
}

/// The agent's way to cancel: a signal to Node, and little patience. It comes while the step waits for this answer; the step says so.
pub fn cancel(emulator: &Emulator, job: &Job<'_>, step: &TaskStep, signal: &str, at: Endpoint) {
    let fault = emulator.fault(Fault::new(at, Effect::Delay(Duration::from_mins(10))));
    emulator.reference(job.pipeline(), &[CONNECTION.to_owned()]);
    let mut starting = Command::new(&step.command[0]);
    starting.args(&step.command[1..]).env_clear().envs(job.task_environment(step)).current_dir(job.sources());
    let child = starting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while emulator.fired(fault) == 0 {
        assert!(started.elapsed() < Duration::from_secs(45));
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    // Half of what the agent waits before it sends the next signal would be too long already.
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("##vso[task.complete result=Failed;]cancelled"), "{signal}: {said}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_cancelled_step_ends_at_once_and_changes_nothing() {
    let Some(node) = tool("node") else { return };
    for signal in ["-TERM", "-INT"] {
        for at in [Endpoint::Oidc, Endpoint::Token] {
            let emulator = emulator();
            let job = job(&emulator);
            fill_checkout(&job);
            let step = unpack(&job, &node.display().to_string());
            let before = Snapshot::of(&job);
            cancel(&emulator, &job, &step, signal, at);
            before.assert_same(&without_note(&job, &step), signal);
        }
    }
}
