//! A run that is killed at any moment is put back by the next one, and leaves no token behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, KillWhen, TaskStep};

use crate::support::{
    BINARY, Snapshot, emulator, finish, in_parallel, job, leaks_below, next_job, run, step, tool, words,
};
use crate::undo::{fill_checkout, fill_home};

/// What changes when a run begins or ends: every call by which files and folders come, go, and take their content.
const CALLS: &str = "rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,fsync,fdatasync,flock,chmod,fchmod,\
                     fchmodat,chown,ftruncate";

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

/// The same step, whose main part is killed as it enters the n-th of the calls that change files.
fn killed_at(step: &TaskStep, strace: &Path, call: usize) -> TaskStep {
    let inject = format!("inject={CALLS}:signal=SIGKILL:when={call}");
    let strace = strace.display().to_string();
    let command = [&strace, "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", &inject, BINARY];
    TaskStep {
        command: words(&[&command[..], &["task"]].concat()),
        post_command: Some(words(&[&command[..], &["post"]].concat())),
        ..step.clone()
    }
}

const WORKERS: usize = 3;

#[test]
fn a_step_killed_at_any_change_of_a_file_is_put_back() {
    let Some(strace) = tool("strace") else { return };
    in_parallel(&(0..WORKERS).collect::<Vec<_>>(), |worker| {
        let emulator = emulator();
        let agent = Agent::new(&emulator, worker % 2 == 0);
        for call in (1 + worker..).step_by(WORKERS) {
            let mut killed = next_job(&emulator, &agent.root);
            let outcome = killed.run_task(&killed_at(&step(), &strace, call)).unwrap();
            if outcome.exit_code == Some(0) {
                assert!(call > 10, "only {call} changes, {}", outcome.log);
                break;
            }
            agent.check(&mut killed, &format!("killed at call {call}"));
        }
    });
}

#[test]
fn a_post_job_part_killed_at_any_change_of_a_file_is_put_back() {
    let Some(strace) = tool("strace") else { return };
    in_parallel(&(0..WORKERS).collect::<Vec<_>>(), |worker| {
        let emulator = emulator();
        let agent = Agent::new(&emulator, worker % 2 == 0);
        for call in (1 + worker..).step_by(WORKERS) {
            let mut killed = next_job(&emulator, &agent.root);
            let mut step = killed_at(&step(), &strace, call);
            step.command = words(&[BINARY, "task"]);
            run(&emulator, &mut killed, &step);
            // As the agent does it, but the temporary folder is not emptied: the whole agent dies.
            step.command = step.post_command.take().unwrap();
            let outcome = killed.run_task(&step).unwrap();
            if outcome.exit_code == Some(0) {
                assert!(call > 4, "only {call} changes, {}", outcome.log);
                break;
            }
            agent.check(&mut killed, &format!("post-job part killed at call {call}"));
        }
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
    for call in [3, 5, 7, 9, 11] {
        let mut job = next_job(&emulator, &agent.root);
        let post_command = step().post_command;
        let outcome = job.run_task(&TaskStep { post_command, ..killed_at(&step(), &strace, call) }).unwrap();
        assert_eq!(outcome.exit_code, None);
        run(&emulator, &mut job, &step());
        finish(&mut job);
        agent.start.assert_same(&Snapshot::files_of(&job), &format!("killed at call {call}, then again"));
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
