//! The extension as it is shipped, unpacked as an agent unpacks it, on Linux in all its forms.

mod extension;
mod places;
mod roots;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, ScriptOutcome, StepOutcome, TaskStep};

use crate::support::{
    Snapshot, assert_no_secret_shown, assert_succeeded, is_program, leaks_below, read, run, step, variable, with_token,
    words, write_file,
};
use extension::Extension;

/// How the commands of a job are started: what stands before each of them, and how the two parts of the task are started.
#[derive(Clone)]
struct Form {
    before: Vec<OsString>,
    parts: Parts,
    /// The input `tools`.
    tools: &'static str,
}

#[derive(Clone)]
enum Parts {
    /// By a Node, as an agent does it.
    Node(PathBuf),
    /// The program itself, by what runs the programs of its machine here.
    Program { runner: PathBuf, program: PathBuf },
}

impl Form {
    fn of_node(node: &Path) -> Self {
        Self { before: Vec::new(), parts: Parts::Node(node.to_path_buf()), tools: "auto" }
    }

    /// The same with this before every command.
    fn within(mut self, words: &[OsString]) -> Self {
        self.before.splice(..0, words.iter().cloned());
        self
    }

    /// The same where `env` has these arguments first.
    fn with_env(self, arguments: &[&str]) -> Self {
        self.within(&words(&[&["env"], arguments].concat()))
    }

    /// The same where a line of the shell comes first; `$0` is the path.
    fn after_line(self, line: &str, path: &Path) -> Self {
        // bash hands on the agent's variables whose names no shell can say.
        let mut before = words(&["bash", "-c", &format!("{line} && exec \"$@\"")]);
        before.push(path.into());
        self.within(&before)
    }

    /// The same in a namespace where the line mounts something.
    fn mounted(self, line: &str, path: &Path) -> Self {
        self.after_line(line, path).within(&words(&["unshare", "-rm"]))
    }

    /// The same for these tools only.
    fn for_tools(self, tools: &'static str) -> Self {
        Self { tools, ..self }
    }

    fn command(&self, command: &[OsString]) -> Vec<OsString> {
        [&self.before, command].concat()
    }

    /// The task's main part, and its post-job part.
    fn parts(&self, task: &Path) -> [TaskStep; 2] {
        [("index.js", "task"), ("post.js", "post")].map(|(script, word)| {
            let command = match &self.parts {
                Parts::Node(node) => vec![node.into(), task.join(script).into()],
                Parts::Program { runner, program } => vec![runner.into(), program.into(), word.into()],
            };
            TaskStep { command: self.command(&command), post_command: None, ..step() }.input("tools", self.tools)
        })
    }

    /// The command of a client's helper.
    fn helper(&self, program: &str, arguments: &[&str]) -> Vec<OsString> {
        let runner = match &self.parts {
            Parts::Node(_) => None,
            Parts::Program { runner, .. } => Some(runner.into()),
        };
        let command: Vec<OsString> = runner.into_iter().chain(words(&[&[program], arguments].concat())).collect();
        self.command(&command)
    }
}

/// How a later step of the job gets a token.
#[derive(Clone, Copy, PartialEq)]
enum Later {
    /// git asks the helper.
    Git,
    /// There is no git, so that the helper is started as git would start it.
    Helper,
}

/// A job on an agent with the extension's task.
struct Scene<'e> {
    emulator: &'e Emulator,
    job: Job<'e>,
    /// The folder into which the task was unpacked.
    task: PathBuf,
    tasks: PathBuf,
}

impl<'e> Scene<'e> {
    fn new(emulator: &'e Emulator, job: Job<'e>, extension: &Extension, umask: &str) -> Self {
        let tasks = job.root().join("_work/_tasks");
        let task = extension.unpack(&tasks, umask);
        crate::undo::fill_checkout(&job);
        Self { emulator, job, task, tasks }
    }

    /// All that the job can change, without the task's own folder.
    fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.job).without(&self.tasks)
    }

    /// The whole job: the step, a later step that gets a token, and the post-job part, which leaves nothing. Gives what the step said.
    fn whole_job(&mut self, form: &Form, later: Later, during: impl FnOnce(&Job<'_>)) -> StepOutcome {
        let before = self.snapshot();
        let [main, post] = form.parts(&self.task);
        let outcome = run(self.emulator, &mut self.job, &main);
        assert!(outcome.log.contains("Identity: "), "{}", outcome.log);
        for (path, mode) in before.new_in(&self.snapshot()) {
            // The program is no secret, and the task's own file by another name.
            assert!(mode.trailing_zeros() >= 6 || is_program(&path), "{}: {mode:o}", path.display());
        }
        assert_eq!(leaks_below(self.emulator, self.job.root()), Vec::<String>::new(), "a job that goes on");
        during(&self.job);

        self.emulator.clear_requests();
        match later {
            Later::Git => {
                let cloned = self.clone_hello(form);
                assert!(cloned.succeeded(), "a later step: {}", cloned.raw);
                let asked = self.emulator.requests_to("dev.azure.com");
                assert!(with_token(&asked).iter().any(|request| request.path.contains("/_git/hello")), "{asked:?}");
            }
            Later::Helper => self.asks(form),
        }

        let ended = self.job.run_task(&post).unwrap();
        assert_succeeded(&ended);
        assert!(ended.warnings.is_empty(), "{}", ended.log);
        assert!(ended.log.contains("what the step set up is taken back"), "{}", ended.log);
        assert_no_secret_shown(self.emulator, &ended);
        before.assert_same(&self.snapshot(), "after the job");
        if later == Later::Git {
            assert!(!self.clone_hello(form).succeeded(), "after the job");
        }
        outcome
    }

    /// A later step that clones a repository, and removes it again.
    fn clone_hello(&mut self, form: &Form) -> ScriptOutcome {
        let sources = self.job.sources();
        let line = "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello && rm hello/README.md && rm -rf hello";
        let outcome = self.job.run_program(&form.command(&words(&["sh", "-c", line])), &sources, &[]).unwrap();
        assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
        outcome
    }

    /// Starts the helper by the words of the file that git would read.
    fn asks(&mut self, form: &Form) {
        let config = read(variable(&self.job, "GIT_CONFIG_VALUE_0"));
        let helper = config.lines().find_map(|line| line.trim().strip_prefix("helper = \"!"));
        let parts: Vec<&str> = helper.unwrap_or_else(|| panic!("{config}")).split('\'').collect();
        let [_, program, " credential git ", folder, _] = parts.as_slice() else { panic!("{config}") };
        let command = form.helper(program, &["credential", "git", folder, "get"]);
        for (host, served) in [("dev.azure.com", true), (crate::support::EVIL, false)] {
            let question = self.job.temp().join("question");
            write_file(&question, format!("protocol=https\nhost={host}\npath=contoso/Shop/_git/hello\n\n"));
            let asking = words(&["sh", "-c", "question=$1; shift; exec \"$@\" < \"$question\"", "sh"]);
            let asking = [asking, vec![question.clone().into()], command.clone()].concat();
            let sources = self.job.sources();
            let answer = self.job.run_program(&asking, &sources, &[]).unwrap();
            std::fs::remove_file(question).unwrap();
            assert!(answer.succeeded(), "{}", answer.raw);
            assert_eq!(!self.emulator.leaks_in(answer.raw.as_bytes()).is_empty(), served, "{host}: {}", answer.raw);
            // The agent masks what the step told it to.
            assert_eq!(self.emulator.leaks_in(answer.log.as_bytes()), Vec::<String>::new(), "{host}");
        }
    }
}
