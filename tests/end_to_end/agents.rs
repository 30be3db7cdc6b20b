//! Two agents under one account share the home folder, and neither takes from the other what it still needs.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::world::{CONNECTION, SECOND_CONNECTION};

use crate::support::{
    BINARY, Snapshot, assert_succeeded, bare_step, emulator, read, run, step, tool, write, write_file,
};
use crate::undo::{POM, SETTINGS};

struct Account<'e> {
    emulator: &'e Emulator,
    folder: tempfile::TempDir,
    jobs: [Option<Job<'e>>; 2],
    start: Snapshot,
}

impl<'e> Account<'e> {
    fn new(emulator: &'e Emulator, settings: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut account = Self { emulator, start: Snapshot::below(folder.path()), folder, jobs: [None, None] };
        if let Some(settings) = settings {
            write_file(&account.settings(), settings);
        }
        // What the machine itself keeps in the home folder comes with the first job.
        drop(account.job(0));
        account.start = Snapshot::below(&account.home());
        account
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn settings(&self) -> PathBuf {
        self.home().join(".m2/settings.xml")
    }

    fn job(&self, agent: usize) -> Job<'e> {
        let options = JobOptions {
            agent_root: Some(self.folder.path().join(["a", "b"][agent])),
            home: Some(self.home()),
            ..JobOptions::default()
        };
        let job = Job::new(self.emulator, options).unwrap();
        write(&job, "pom.xml", if agent == 0 { POM.to_owned() } else { POM.replace("feed1</id>", "feed2</id>") });
        job
    }

    fn begin(&mut self, agent: usize, step: &TaskStep) {
        let mut job = self.job(agent);
        run(self.emulator, &mut job, step);
        self.jobs[agent] = Some(job);
    }

    fn end(&mut self, agent: usize) {
        for outcome in self.jobs[agent].take().unwrap().finish().unwrap() {
            assert_succeeded(&outcome);
        }
    }

    fn kill(&mut self, agent: usize) {
        self.jobs[agent].take().unwrap().abandon();
    }

    /// The server of each job that goes on stands, and where none goes on all is as at the start.
    fn check(&self, servers: [bool; 2], what: &str) {
        let settings = read(self.settings());
        for (agent, stands) in servers.into_iter().enumerate() {
            let id = ["<id>feed1</id>", "<id>feed2</id>"][agent];
            assert_eq!(settings.contains(id), stands, "{what}: {id} in\n{settings}");
        }
        if servers == [false, false] {
            self.start.assert_same(&Snapshot::below(&self.home()), what);
        }
    }
}

#[test]
fn jobs_of_two_agents_end_in_any_order() {
    for settings in [None, Some(SETTINGS), Some("<settings/>"), Some("<settings><servers/></settings>")] {
        for order in ["A B a b", "A B b a", "A a B b", "A B a A b a", "A B b B a b"] {
            let emulator = emulator();
            let mut account = Account::new(&emulator, settings);
            let mut standing = [false, false];
            for (number, act) in order.split(' ').enumerate() {
                let agent = usize::from(act.eq_ignore_ascii_case("b"));
                if act.chars().all(char::is_uppercase) {
                    let other = bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION);
                    account.begin(agent, &if agent == 0 { step() } else { other });
                    standing[agent] = true;
                } else {
                    account.end(agent);
                    standing[agent] = false;
                }
                account.check(standing, &format!("{order}, act {number}, settings {settings:?}"));
            }
        }
    }
}

#[test]
fn both_jobs_may_need_the_same_server() {
    for order in [[0, 1], [1, 0]] {
        let emulator = emulator();
        let mut account = Account::new(&emulator, Some(SETTINGS));
        for agent in [0, 1] {
            account.begin(agent, &step());
            write(account.jobs[agent].as_ref().unwrap(), "pom.xml", POM);
            let mut again = account.jobs[agent].take().unwrap();
            run(&emulator, &mut again, &TaskStep { name: "again".into(), ..step() });
            account.jobs[agent] = Some(again);
        }
        account.end(order[0]);
        assert!(read(account.settings()).contains("<id>feed1</id>"));
        account.end(order[1]);
        account.check([false, false], "both over");
    }
}

#[test]
fn the_sweep_of_a_killed_job_leaves_the_other_agent_alone() {
    let emulator = emulator();
    let mut account = Account::new(&emulator, Some(SETTINGS));
    let only_git = step().input("tools", "git");
    account.begin(0, &step());
    account.begin(1, &step());
    account.kill(0);
    account.check([true, true], "killed");
    // The other agent cannot know that the first one is dead.
    account.begin(0, &only_git);
    account.check([false, true], "the next job of the killed agent");
    account.end(1);
    account.check([false, false], "the other job is over");
    account.end(0);

    // The killed one's agent comes back last.
    account.begin(0, &step());
    account.kill(0);
    account.begin(1, &step());
    account.end(1);
    account.begin(0, &only_git);
    account.check([false, false], "swept at last");
    account.end(0);
    account.check([false, false], "over");
}

/// A neighbour is stopped while it is at the journal, as by a debugger or a disk that hangs.
#[test]
fn a_neighbour_that_is_stopped_is_waited_for_once_and_named() {
    let Some(strace) = tool("strace") else { return };
    let emulator = emulator();
    let mut account = Account::new(&emulator, Some(SETTINGS));
    let stopped = account.job(1);
    emulator.reference(stopped.pipeline(), &[CONNECTION.to_owned()]);
    let mut command = Command::new(strace);
    let lock = account.home().join(".ado-entra-auth.lock");
    // As soon as it has said in the lock's file who it is.
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(&lock);
    command.args(["-e", "trace=write", "-e", "inject=write:signal=SIGSTOP:when=1"]);
    command.args([BINARY, "task"]).env_clear().envs(stopped.task_environment(&step())).current_dir(stopped.sources());
    let mut neighbour = command.stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let note = loop {
        assert!(begun.elapsed() < Duration::from_secs(30), "the neighbour did not come to the journal");
        let note: Option<serde_json::Value> = serde_json::from_str(&read(&lock)).ok();
        match note {
            Some(note) => break note,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut job = account.job(0);
    let begun = Instant::now();
    let outcome = job.run_task(&step()).unwrap();
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?} {}", outcome.log);
    let process = note["process"].to_string();
    let agent = account.folder.path().join("b").display().to_string();
    let whose = ["another job".to_owned(), format!("process {process}"), agent];
    crate::support::assert_failed(&emulator, &outcome, &whose.each_ref().map(String::as_str));
    assert!(outcome.errors[0].contains("end it"), "{}", outcome.errors[0]);
    for signal in ["-KILL", "-CONT"] {
        let _ = Command::new("kill").args([signal, &process]).status();
    }
    neighbour.wait().unwrap();
    drop(job);
    account.begin(0, &step());
    account.end(0);
    account.begin(1, &step());
    account.end(1);
    account.check([false, false], "the neighbour is gone");
}
