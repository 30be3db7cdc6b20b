//! A machine whose clocks jump while the process runs.
//!
//! The process and whoever asks in later steps see a folder of the test's in the place of `/etc`. A library that it names for every program
//! tells them the time.

use std::process::Command;
use std::time::Instant;

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::{Job, TaskStep};

use super::{LIFE, LONGER, ends_at, living, renewing, signal, until};
use crate::namespaces::{available, wholly_mounted};
use crate::support::{finish, in_parallel, job, run, step, step_with_env, words, write_file};

const HOUR: i64 = 3600;

/// The clocks of a machine that a test may set.
struct Clocks(tempfile::TempDir);

impl Clocks {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // What only the system's user reads is not missed.
        let _ = Command::new("cp").args(["-a", "/etc/."]).arg(folder.path()).output().unwrap();
        let source = folder.path().join("clocks.c");
        write_file(&source, include_str!("clocks.c"));
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(folder.path().join("clocks.so"));
        assert!(compiler.arg(source).status().unwrap().success());
        write_file(&folder.path().join("ld.so.preload"), "/etc/clocks.so\n");
        let clocks = Self(folder);
        clocks.set(0, 0);
        clocks
    }

    /// By how many seconds each is off: the one that may be set, and the one that only goes on.
    fn set(&self, wall: i64, running: i64) {
        let next = self.0.path().join("clocks.next");
        write_file(&next, format!("{wall} {running}\n"));
        std::fs::rename(next, self.0.path().join("clocks")).unwrap();
    }

    /// The step on this machine.
    fn step(&self, step: TaskStep) -> TaskStep {
        wholly_mounted(step, MOUNT, self.0.path())
    }

    /// Whether a script of a later step has a token that lives, by this machine's clock.
    fn has_token(&self, job: &mut Job<'_>) -> bool {
        let script = format!("{MOUNT} && ado-entra-auth token");
        let command = words(&["unshare", "-rm", "sh", "-c", &script, self.0.path().to_str().unwrap()]);
        let sources = job.sources();
        let outcome = job.run_program(&command, &sources, &[]).unwrap();
        let has_ended = outcome.raw.contains("the access token for contoso has expired");
        assert_ne!(outcome.succeeded(), has_ended, "{}", outcome.log);
        outcome.succeeded()
    }
}

const MOUNT: &str = "mount --bind \"$0\" /etc";

/// It does not wait for the token's end by either clock, and goes on afterwards.
#[test]
fn a_clock_that_jumps_either_way_has_the_token_renewed_at_once() {
    if !available() {
        return;
    }
    // How long the process and its machine stand still meanwhile is told by the clocks only.
    let rows = [("forward", HOUR, 0, false), ("back", -HOUR, 0, false), ("an hour later", HOUR, HOUR, true)];
    in_parallel(&rows, |(what, wall, running, stopped)| {
        let clocks = Clocks::new();
        let emulator = living(LONGER, World::sample());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &clocks.step(step()));
        let (process, begun, first) = (renewing(&job), Instant::now(), ends_at(&job));
        assert!(clocks.has_token(&mut job), "{what}");
        if *stopped {
            signal(process, "-STOP");
        }
        clocks.set(*wall, *running);
        if *stopped {
            assert!(!clocks.has_token(&mut job), "{what}: nobody renews");
            signal(process, "-CONT");
        }
        until(what, LONGER, || ends_at(&job) != first);
        assert!(begun.elapsed() < LONGER / 2, "{what}: {:?}", begun.elapsed());
        assert!(clocks.has_token(&mut job), "{what}");
        // The clock is set right again.
        clocks.set(0, *running);
        let second = ends_at(&job);
        until(what, LONGER, || ends_at(&job) != second);
        assert!(clocks.has_token(&mut job), "{what}");
        assert_eq!(renewing(&job), process, "{what}");
        clocks.set(0, 0);
        finish(&mut job);
        assert_eq!(job.orphans_ended(), 0, "{what}");
    });
}

/// Where nobody else ends it, as in a container that outlives its job, the job's own limit does, or a week.
#[test]
fn a_process_outlives_no_job_by_long() {
    if !available() {
        return;
    }
    let rows =
        [("SYSTEM_JOBTIMEOUT=120", 3 * HOUR), ("SYSTEM_JOBTIMEOUT=0", 168 * HOUR), ("-uSYSTEM_JOBTIMEOUT", 168 * HOUR)];
    in_parallel(&rows, |(limit, end)| {
        let clocks = Clocks::new();
        let emulator = living(LIFE, World::sample());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &clocks.step(step_with_env(&[limit])));
        renewing(&job);
        let first = ends_at(&job);
        clocks.set(0, end - 60);
        until(limit, LONGER, || ends_at(&job) != first);
        let asked = emulator.requests().len();
        clocks.set(0, *end);
        until(limit, LONGER, || job.processes().is_empty());
        assert_eq!(emulator.requests().len(), asked, "{limit}");
        clocks.set(0, 0);
        finish(&mut job);
    });
}
