//! A run that is killed at any moment is put back by the next one, and leaves no token behind.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, KillWhen, TaskStep};

use crate::support::{
    BINARY, Snapshot, emulator, finish, job, leaks_below, next_job, run, side_by_side, step, tool, words,
};
use crate::undo::{fill_checkout, fill_home};

/// What changes when a run begins or ends: every call by which files and folders come, go, and take their content.
const CALLS: [&str; 14] = [
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "flock",
    "chmod",
    "fchmod",
    "fchmodat",
    "ftruncate",
];

/// An agent with files of the user, on which job after job is killed.
struct Agent<'e> {
    emulator: &'e Emulator,
    /// Keeps the agent's folder.
    _first: Job<'e>,
    root: PathBuf,
    start: Snapshot,
}

impl<'e> Agent<'e> {
    fn new(emulator: &'e Emulator, filled: bool) -> Self {
        let first = job(emulator);
        fill_checkout(&first);
        if filled {
            fill_home(&first);
        }
        let root = first.root().to_path_buf();
        Self { emulator, start: Snapshot::files_of(&first), _first: first, root }
    }

    /// How many lines a step prints that is not killed.
    fn lines(&self) -> usize {
        let mut job = next_job(self.emulator, &self.root);
        let lines = run(self.emulator, &mut job, &step()).raw_stdout.lines().count();
        finish(&mut job);
        lines
    }

    /// What must hold after a killed job, before and after the next one.
    fn check(&self, killed: &mut Job<'_>, what: &str) {
        killed.abandon();
        assert_eq!(leaks_below(self.emulator, &self.root), Vec::<String>::new(), "{what}");
        let mut next = next_job(self.emulator, &self.root);
        // A run that touches none of the files itself.
        run(self.emulator, &mut next, &step().input("tools", "git"));
        let temp = next.temp();
        let swept = Snapshot::files_of(&next).without(&temp);
        self.start.assert_same(&swept, &format!("{what}, after the next run"));
        finish(&mut next);
        self.start.assert_same(&Snapshot::files_of(&next), &format!("{what}, after the next job"));
    }
}

/// The same step, each part of which is killed as it enters the n-th of a system call. strace counts each call by itself.
fn killed_at(step: &TaskStep, strace: &Path, call: &str, nth: usize) -> TaskStep {
    let inject = format!("inject={call}:signal=SIGKILL:when={nth}");
    let (strace, trace) = (strace.display().to_string(), format!("trace={call}"));
    let command = [&strace, "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, BINARY];
    TaskStep {
        command: words(&[&command[..], &["task"]].concat()),
        post_command: Some(words(&[&command[..], &["post"]].concat())),
        // strace waits for all whom it follows.
        ..step.clone().input("keepFresh", "false")
    }
}

/// Kills a part of the step at every call that changes files, and demands that many kills at least.
fn killed_at_each_call(least: usize, part: impl Fn(&mut Job<'_>, &Emulator, TaskStep) -> bool + Sync) {
    let Some(strace) = tool("strace") else { return };
    let kills = AtomicUsize::new(0);
    side_by_side(WORKERS, &CALLS, |call| {
        let emulator = emulator();
        for filled in [true, false] {
            let agent = Agent::new(&emulator, filled);
            for nth in 1.. {
                let mut killed = next_job(&emulator, &agent.root);
                if !part(&mut killed, &emulator, killed_at(&step(), &strace, call, nth)) {
                    break;
                }
                kills.fetch_add(1, Ordering::Relaxed);
                agent.check(&mut killed, &format!("killed at {call} number {nth}"));
            }
        }
    });
    let kills = kills.into_inner();
    assert!(kills >= least, "only {kills} kills");
}

const WORKERS: usize = 3;

#[test]
fn a_step_killed_at_any_change_of_a_file_is_put_back() {
    killed_at_each_call(60, |job, _, step| job.run_task(&step).unwrap().exit_code.is_none());
}

#[test]
fn a_post_job_part_killed_at_any_change_of_a_file_is_put_back() {
    killed_at_each_call(45, |job, emulator, mut step| {
        step.command = words(&[BINARY, "task"]);
        run(emulator, job, &step);
        // As the agent does it, but the temporary folder is not emptied: the whole agent dies.
        step.command = step.post_command.take().unwrap();
        job.run_task(&step).unwrap().exit_code.is_none()
    });
}

#[test]
fn a_step_killed_after_any_line_is_put_back() {
    let emulator = emulator();
    let agent = Agent::new(&emulator, true);
    let lines = agent.lines();
    for line in (1..lines).step_by(3) {
        let mut killed = next_job(&emulator, &agent.root);
        killed.run_task_and_kill(&step(), &KillWhen::Lines(line)).unwrap();
        agent.check(&mut killed, &format!("killed after line {line}"));
    }
}

#[test]
fn a_step_killed_at_any_time_is_put_back() {
    let emulator = emulator();
    let agent = Agent::new(&emulator, true);
    for time in (0..150).step_by(10) {
        let mut killed = next_job(&emulator, &agent.root);
        killed.run_task_and_kill(&step(), &KillWhen::After(Duration::from_millis(time))).unwrap();
        agent.check(&mut killed, &format!("killed after {time} ms"));
    }
}

/// The agent tries a failed step again in the same job.
#[test]
fn a_killed_step_can_be_tried_again_in_its_job() {
    let Some(strace) = tool("strace") else { return };
    let emulator = emulator();
    let agent = Agent::new(&emulator, true);
    for (call, nth) in
        [("mkdir", 1), ("mkdir", 2), ("fsync", 1), ("fsync", 3), ("fsync", 5), ("rename", 1), ("rename", 3)]
    {
        let mut job = next_job(&emulator, &agent.root);
        let post_command = step().post_command;
        let outcome = job.run_task(&TaskStep { post_command, ..killed_at(&step(), &strace, call, nth) }).unwrap();
        assert_eq!(outcome.exit_code, None, "{call} {nth}");
        run(&emulator, &mut job, &step());
        finish(&mut job);
        agent.start.assert_same(&Snapshot::files_of(&job), &format!("killed at {call} {nth}, then again"));
    }
}

/// Killed while it says its variables: the second attempt must take neither these nor its own for the user's.
#[test]
fn a_step_killed_while_it_sets_variables_can_be_tried_again_in_its_job() {
    let emulator = emulator();
    let agent = Agent::new(&emulator, true);
    let lines = agent.lines();
    for line in (4..lines).step_by(2) {
        let mut job = next_job(&emulator, &agent.root);
        let before = Snapshot::of(&job);
        job.run_task_and_kill(&step(), &KillWhen::Lines(line)).unwrap();
        let outcome = run(&emulator, &mut job, &step());
        let config = outcome.variables_set.iter().find(|variable| variable.name == "NPM_CONFIG_USERCONFIG").unwrap();
        assert!(crate::support::read(&config.value).starts_with("; mine\nfund=false\n"), "the user's own lines");
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), &format!("killed after line {line}, then again"));
    }
}

/// Java may be told of another home folder, and what is changed there must be found again by the next run.
#[test]
fn a_killed_run_is_put_back_in_the_home_folder_that_java_is_told_of() {
    use ado_entra_auth_emulator::agent::Variable;
    let emulator = emulator();
    let agent = Agent::new(&emulator, false);
    let elsewhere = agent.root.join("java home").display().to_string().replace(' ', "-");
    let options = format!("-Duser.home={elsewhere}");
    let settings = Path::new(&elsewhere).join(".m2/settings.xml");
    crate::support::write_file(&settings, crate::undo::SETTINGS);
    let job = || {
        let mut job = next_job(&emulator, &agent.root);
        job.set_variable(Variable::public("MAVEN_OPTS", &options));
        job
    };
    let before = Snapshot::below(&agent.root);
    let mut killed = job();
    run(&emulator, &mut killed, &step());
    assert!(crate::support::read(&settings).contains("<id>feed1</id>"));
    killed.abandon();
    let mut next = job();
    run(&emulator, &mut next, &step().input("tools", "git"));
    assert_eq!(crate::support::read(&settings), crate::undo::SETTINGS);
    finish(&mut next);
    before.assert_same(&Snapshot::below(&agent.root), "after the next job");
}

/// A file with a second name is written over, and not exchanged: a kill may come between any two of its writes.
#[test]
fn a_step_killed_while_it_writes_over_a_file_is_put_back() {
    use std::os::unix::fs::MetadataExt;
    let Some(strace) = tool("strace") else { return };
    let emulator = emulator();
    let agent = Agent::new(&emulator, false);
    let mut first = next_job(&emulator, &agent.root);
    let settings = first.home().join(".m2/settings.xml");
    crate::support::write_file(&settings, crate::undo::SETTINGS);
    let second = first.home().join("second.xml");
    std::fs::hard_link(&settings, &second).unwrap();
    finish(&mut first);
    let path = settings.display().to_string();
    for (part, call) in
        [("task", "write"), ("task", "ftruncate"), ("task", "fsync"), ("post", "write"), ("post", "fsync")]
    {
        for nth in 1.. {
            let mut killed = next_job(&emulator, &agent.root);
            let mut step = killed_at(&step(), &strace, call, nth);
            let traced = if part == "task" { step.command } else { step.post_command.clone().unwrap() };
            if part == "post" {
                run(&emulator, &mut killed, &crate::support::step());
            }
            let on_path = ["-P", &path].map(Into::into);
            step.command = traced[..1].iter().cloned().chain(on_path).chain(traced[1..].iter().cloned()).collect();
            let outcome = killed.run_task(&step).unwrap();
            let half = crate::support::read(&second);
            killed.abandon();
            let mut next = next_job(&emulator, &agent.root);
            run(&emulator, &mut next, &crate::support::step().input("tools", "git"));
            finish(&mut next);
            let what = format!("{part} killed at {call} {nth}, which left\n{half}");
            assert_eq!(crate::support::read(&second), crate::undo::SETTINGS, "{what}");
            assert_eq!(std::fs::metadata(&settings).unwrap().nlink(), 2, "{what}");
            assert!(!next.home().join(".ado-entra-auth").exists(), "{what}");
            if outcome.exit_code == Some(0) {
                assert!(nth > 1, "{part} does not call {call}, {}", outcome.log);
                break;
            }
        }
    }
}

/// Somebody removes the agent's work folder after a crash, and the agent makes it anew: another folder of the same name.
#[test]
fn a_killed_run_is_put_back_where_the_temporary_folder_was_made_anew() {
    let emulator = emulator();
    let agent = Agent::new(&emulator, true);
    let mut killed = next_job(&emulator, &agent.root);
    run(&emulator, &mut killed, &step());
    let temp = killed.temp();
    killed.abandon();
    // The old one is kept, so that the new one is another.
    std::fs::rename(&temp, temp.with_extension("old")).unwrap();
    std::fs::create_dir(&temp).unwrap();
    let mut next = next_job(&emulator, &agent.root);
    run(&emulator, &mut next, &step().input("tools", "git"));
    std::fs::remove_dir_all(temp.with_extension("old")).unwrap();
    agent.start.assert_same(&Snapshot::files_of(&next).without(&temp), "after the next run");
    finish(&mut next);
}
