//! The end of the process, however it comes.

use std::process::{Command, Stdio};

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::KillWhen;
use ado_entra_auth_emulator::world::CONNECTION;

use super::{LIFE, OVER, clones, folder, renewing, short_lived, signal, until};
use crate::support::{Snapshot, emulator, finish, job, leaks_below, named, next_job, run, step, step_with_env, tool};

#[test]
fn a_process_that_is_stopped_ends_with_the_job_too() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step());
    signal(renewing(&job), "-STOP");
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0);
    before.assert_same(&Snapshot::of(&job), "after the job");
}

#[test]
fn a_process_that_was_killed_is_not_missed() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step());
    signal(renewing(&job), "-KILL");
    assert!(clones(&mut job).0, "until the token's end all is as without it");
    std::thread::sleep(OVER);
    let (cloned, said) = clones(&mut job);
    assert!(!cloned && said.contains("the access token for contoso has expired\n"), "{said}");
    std::fs::remove_dir_all(job.sources().join("c")).unwrap_or_default();
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
}

/// The agent is killed as a whole, and no other job comes.
#[test]
fn it_ends_with_the_agents_worker() {
    let Some(node) = tool("node") else { return };
    let emulator = short_lived(World::sample());
    let job = job(&emulator);
    let step = crate::wrapper::unpack(&job, &node.display().to_string());
    emulator.reference(job.pipeline(), &[CONNECTION.to_owned()]);
    // bash hands on the agent's variables whose names no shell can say.
    let mut worker = Command::new("bash");
    worker.args(["-c", "\"$@\"; echo over; sleep 600", "bash"]).args(&step.command);
    worker.env_clear().envs(job.task_environment(&step)).current_dir(job.sources());
    let mut worker = worker.stdout(Stdio::piped()).spawn().unwrap();
    let said = std::io::BufReader::new(worker.stdout.take().unwrap());
    assert!(std::io::BufRead::lines(said).any(|line| line.unwrap() == "over"));
    let renewing = || {
        let named = |process: &u32| {
            std::fs::read_to_string(format!("/proc/{process}/comm"))
                .is_ok_and(|name| name.starts_with("ado-entra-auth"))
        };
        job.processes().into_iter().filter(named).count()
    };
    assert_eq!(renewing(), 1);
    std::thread::sleep(OVER);
    assert_eq!(renewing(), 1, "it goes on while the worker does");
    worker.kill().unwrap();
    worker.wait().unwrap();
    until("the worker is gone", OVER, || renewing() == 0);
}

#[test]
fn the_next_job_sweeps_what_a_killed_one_left() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut killed = job(&emulator);
    run(&emulator, &mut killed, &step());
    killed.abandon();
    let root = killed.root().to_path_buf();
    let mut next = next_job(&emulator, &root);
    until("its folder is gone", OVER, || killed.processes().is_empty());
    run(&emulator, &mut next, &step());
    finish(&mut next);
    assert_eq!(next.orphans_ended(), 0);
    assert_eq!(leaks_below(&emulator, &root), Vec::<String>::new());
}

/// A step that is cancelled, or fails, leaves no process.
#[test]
fn a_step_that_does_not_succeed_leaves_none() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let failed = job.run_task(&step_with_env(&["SYSTEM_OIDCREQUESTURI=https://evil.example/"])).unwrap();
    assert!(!failed.errors.is_empty());
    until("what waited for more ends", LIFE, || job.processes().is_empty());
    let when = KillWhen::Lines(1);
    let cancelled = job.run_task_and_cancel(&named(&step(), "cancelled"), &when).unwrap();
    assert!(cancelled.killed);
    until("what came in time ends with the job", LIFE, || {
        finish(&mut job);
        job.processes().is_empty()
    });
    assert_eq!(job.orphans_ended(), 0);
}

/// Wherever a kill meets it: the old token serves on or the new one does, and the job's end leaves nothing.
#[test]
fn killed_at_any_change_of_a_file_it_leaves_nothing() {
    let Some(strace) = tool("strace") else { return };
    let calls = ["rename", "renameat", "renameat2", "unlink", "unlinkat", "fsync", "openat", "write"];
    crate::support::side_by_side(3, &calls, |call| {
        for nth in 1..4 {
            let emulator = short_lived(World::sample_with_repositories());
            let mut job = job(&emulator);
            crate::support::write(&job, ".npmrc", format!("registry={}\n", crate::npm::FEED));
            let before = Snapshot::of(&job);
            run(&emulator, &mut job, &step());
            let process = renewing(&job);
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={nth}"));
            let folder = folder(&job);
            let mut tracer = Command::new(&strace)
                .args(["-qq", "-o", "/dev/null"])
                .args(["-e", &trace, "-e", &inject, "-p", &process.to_string()])
                .spawn()
                .unwrap();
            std::thread::sleep(LIFE);
            let killed = job.processes().is_empty();
            let vault = crate::support::read(folder.join("vault.json"));
            assert!(serde_json::from_str::<serde_json::Value>(&vault).is_ok(), "{call} {nth}: {vault}");
            if killed {
                tracer.wait().unwrap();
            }
            finish(&mut job);
            before.assert_same(&Snapshot::of(&job), &format!("killed at {call} number {nth}"));
            let _ = tracer.kill();
            let _ = tracer.wait();
            if !killed {
                break;
            }
        }
    });
}

/// Two agents under one account, whose jobs end in either order.
#[test]
fn two_agents_renew_side_by_side() {
    let emulator = short_lived(World::sample_with_repositories());
    let (mut one, mut two) = (job(&emulator), job(&emulator));
    for job in [&mut one, &mut two] {
        run(&emulator, job, &step());
    }
    std::thread::sleep(OVER);
    assert!(clones(&mut one).0 && clones(&mut two).0);
    finish(&mut one);
    assert!(one.processes().is_empty() && two.processes().len() == 1);
    std::thread::sleep(LIFE);
    assert!(clones(&mut two).0);
    finish(&mut two);
    assert!(two.processes().is_empty());
}
