//! Jobs in a container: the agent runs on the host, each of its steps in the container, which sees the agent's folders at other paths.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, JobOptions, KillWhen, ScriptOutcome, TaskStep};

use crate::namespaces;
use crate::support::{
    Snapshot, assert_succeeded, emulator_with_repositories, is_program, leaks_below, read, run, tool, with_token,
    words, write, write_file,
};
use crate::undo::{fill_checkout, fill_home};
use crate::wrapper::unpack;

/// Where the agent's folders are in every container.
const WORKSPACE: &str = "/__w/1";
const TEMP: &str = "/__w/_temp/ado-entra-auth-";
const PROGRAM: &str = "/__w/_tasks/AdoEntraAuth/1.0.0/bin/";

/// A container, from its start to its end.
struct Container(tempfile::TempDir);

impl Container {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("container-").tempdir().unwrap();
        for part in ["root", "home", "tmp"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        Self(folder)
    }

    /// One that is started after the machine was.
    fn start_after_the_machine(number: usize) -> Self {
        let container = Self::start();
        write_file(&container.0.path().join("boot_id"), format!("00000000-0000-4000-8000-{number:012}\n"));
        container
    }

    /// The home folder that its image brings, which ends with it.
    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// A job of an agent that runs its steps here.
    fn job<'e>(&self, emulator: &'e Emulator, agent: &Path) -> Job<'e> {
        let (agent_root, home) = (Some(agent.to_path_buf()), Some(self.home()));
        Job::new(emulator, JobOptions { agent_root, home, ..JobOptions::default() }).unwrap()
    }

    fn command(&self, job: &Job<'_>, command: &[OsString]) -> Vec<OsString> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = manifest.join("tests/end_to_end/container.sh");
        let given = [&script, self.0.path(), job.root(), &manifest.join("target/tools")].map(OsString::from);
        [words(&["unshare", "-rmu", "bash"]), given.to_vec(), command.to_vec()].concat()
    }

    /// The unpacked task, both of whose parts run here.
    fn step(&self, job: &Job<'_>, node: &Path) -> TaskStep {
        let step = unpack(job, &node.display().to_string());
        let command = self.command(job, &step.command);
        let post_command = step.post_command.as_ref().map(|post| self.command(job, post));
        TaskStep { command, post_command, ..step }
    }

    /// A later step of the job.
    fn script(&self, job: &mut Job<'_>, script: &str) -> ScriptOutcome {
        let command = self.command(job, &words(&["sh", "-c", script]));
        let sources = job.sources();
        job.run_program(&command, &sources, &[]).unwrap()
    }

    /// Runs the step, whose only trouble is that the agent's authority is not mounted.
    fn run(&self, emulator: &Emulator, job: &mut Job<'_>, step: &TaskStep) {
        let outcome = run(emulator, job, step);
        let [warning] = outcome.warnings.as_slice() else { panic!("{:?}", outcome.warnings) };
        assert!(warning.contains("/__a/ca.pem of the agent is not used: there is no such file"), "{warning}");
        for variable in &outcome.variables_set {
            self.assert_inside(job, variable.value.as_bytes(), &variable.name);
        }
    }

    /// Ends the job, whose post-job part has nothing to say.
    fn finish(job: &mut Job<'_>) {
        let outcomes = job.finish().unwrap();
        assert!(!outcomes.is_empty());
        for outcome in outcomes {
            assert_succeeded(&outcome);
            assert!(outcome.warnings.is_empty(), "{}", outcome.log);
            assert!(outcome.log.contains("what the step set up is taken back"), "{}", outcome.log);
        }
    }

    /// No path of the host, where no step of the job finds anything.
    fn assert_inside(&self, job: &Job<'_>, content: &[u8], what: &str) {
        let content = String::from_utf8_lossy(content);
        for outside in [job.root(), self.0.path()] {
            assert!(!content.contains(&outside.display().to_string()), "{what}: {content}");
        }
    }
}

/// The tools of these tests; nothing where one of them or namespaces are missing.
fn node() -> Option<PathBuf> {
    let found = ["node", "npm", "cargo", "hostname"].map(tool);
    let all = found.iter().all(Option::is_some) && namespaces::available();
    found.into_iter().next().flatten().filter(|_| all)
}

/// The tasks' folder, which holds the emulator's samples in the program under test, is mounted only to be read.
fn assert_no_leak(emulator: &Emulator, job: &Job<'_>, what: &str) {
    for folder in [&job.root().join("_work/1"), &job.temp(), job.home()] {
        assert_eq!(leaks_below(emulator, folder), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn later_steps_in_the_container_are_served_and_nothing_is_left() {
    let Some(node) = node() else { return };
    let emulator = emulator_with_repositories();
    let agent = tempfile::tempdir().unwrap();
    let container = Container::start();
    let mut job = container.job(&emulator, agent.path());
    fill_checkout(&job);
    fill_home(&job);
    write(
        &job,
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
         [dependencies]\ncontoso-hello = { version = \"1\", registry = \"feed1\" }\n",
    );
    write(&job, "src/main.rs", "fn main() {\n    contoso_hello::hello();\n}\n");
    let step = container.step(&job, &node);
    let before = Snapshot::of(&job);
    container.run(&emulator, &mut job, &step);

    let new = before.new_in(&Snapshot::of(&job));
    let config = new.iter().find(|(path, _)| path.ends_with("gitconfig")).map(|(path, _)| read(path)).unwrap();
    assert!(config.contains(&format!("'{PROGRAM}")) && config.contains(&format!(" '{TEMP}")), "{config}");
    for (path, _) in new.iter().filter(|(path, _)| path.is_file()) {
        // The program itself knows where it was built.
        if !is_program(path) {
            container.assert_inside(&job, &std::fs::read(path).unwrap(), &path.display().to_string());
        }
    }
    for name in ["GIT_CONFIG_VALUE_0", "NPM_CONFIG_USERCONFIG"] {
        let value = crate::support::variable(&job, name);
        assert!(value.starts_with(TEMP), "{name}: {value}");
    }
    assert!(job.prepended_paths().iter().any(|path| path.starts_with(TEMP)), "{:?}", job.prepended_paths());
    assert_no_leak(&emulator, &job, "a job that goes on");
    for script in [
        "ado-entra-auth token > ../token && grep -q ^eyJ ../token && rm ../token",
        "ado-entra-auth status",
        "ado-entra-auth check",
    ] {
        let outcome = container.script(&mut job, script);
        assert!(outcome.succeeded(), "{script}: {}", outcome.raw);
    }

    emulator.clear_requests();
    for (script, host, path) in [
        (
            "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello && git -C hello fetch -q && rm -rf hello",
            "dev.azure.com",
            "/contoso/Shop/_git/hello",
        ),
        ("cargo run -q && rm -rf target Cargo.lock", "pkgs.dev.azure.com", "/Cargo/"),
        ("test $(npm view @contoso/hello version) = 1.0.0", "pkgs.dev.azure.com", "/npm/"),
    ] {
        let outcome = container.script(&mut job, &format!("test \"$PWD\" = {WORKSPACE}/s && {script}"));
        assert!(outcome.succeeded() && !outcome.raw.contains("eyJ"), "{script}\n{}", outcome.raw);
        let asked = emulator.requests_to(host);
        assert!(with_token(&asked).iter().any(|request| request.path.contains(path)), "{script}: {asked:?}");
    }
    let sources = job.sources();
    let on_host = "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello";
    assert!(!job.run_script(on_host, &sources).unwrap().succeeded(), "a step with another target");
    // The agent's own git runs on the host in every job, with all variables of this one.
    let (folder, outcome) = job.checkout("Shop/hello").unwrap();
    assert!(outcome.succeeded() && folder.join("README.md").is_file(), "{}", outcome.raw);
    Container::finish(&mut job);
    let after = container.script(
        &mut job,
        "rm -rf hello; GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello",
    );
    assert!(!after.succeeded(), "after the job");
    // The clients' own.
    let [npm, cargo] = [".npm", ".cargo"].map(|folder| container.home().join(folder));
    for folder in [&npm, &cargo] {
        std::fs::remove_dir_all(folder).unwrap();
    }
    before.assert_same(&Snapshot::of(&job), "after the job");
}

/// The container and its home are gone with a killed job. What is left lies in the pipeline's workspace, where the next job sees it from
/// another container, perhaps after the machine has started anew.
#[test]
fn a_job_that_is_killed_in_its_container_is_put_back_from_another() {
    let Some(node) = node() else { return };
    let kills = [None, Some(KillWhen::LineHolds("GIT_CONFIG_COUNT".into())), Some(KillWhen::Lines(8))];
    for (number, (kill, restarted)) in kills.iter().flat_map(|kill| [(kill, false), (kill, true)]).enumerate() {
        let what = format!("{kill:?}, started anew: {restarted}");
        let emulator = emulator_with_repositories();
        let agent = tempfile::tempdir().unwrap();
        let next = || if restarted { Container::start_after_the_machine(number) } else { Container::start() };
        let container = Container::start();
        let mut killed = container.job(&emulator, agent.path());
        fill_checkout(&killed);
        fill_home(&killed);
        let config = killed.root().join("_work/1/nuget.config");
        let step = container.step(&killed, &node);
        let workspace = agent.path().join("_work/1");
        let before = Snapshot::below(&workspace);
        match kill {
            None => container.run(&emulator, &mut killed, &step),
            Some(when) => assert!(killed.run_task_and_kill(&step, when).unwrap().killed, "{what}"),
        }
        assert!(kill.is_some() || read(&config).contains("feed1"), "{what}");
        killed.abandon();
        assert_no_leak(&emulator, &killed, &what);
        drop(container);

        let container = next();
        let mut job = container.job(&emulator, agent.path());
        let only_git = container.step(&job, &node).input("tools", "git");
        container.run(&emulator, &mut job, &only_git);
        before.assert_same(&Snapshot::below(&workspace), &format!("{what}, after the next step"));
        Container::finish(&mut job);
        before.assert_same(&Snapshot::below(&workspace), &format!("{what}, after the next job"));
    }
}
