//! A whole job under strace, over two ends of its token: what any process of it is started with, writes and sends.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{SECRET, SECRET_CLIENT, TENANT};
use ado_entra_auth_emulator::{Emulator, World};

use super::{LIFE, LONGER, ends_at, folder, living, renewing, until};
use crate::identities::of;
use crate::modes::mode;
use crate::promises::subjects::{CARGO, GIT, NPM, PIP, Subject};
use crate::support::{finish, leaks_below, read, run, tool, variable, words};

/// Long enough for a client that strace slows down and that reads its configuration once, beside others on a slow machine.
const TRACED_LIFE: Duration = Duration::from_secs(4 * LIFE.as_secs());
const TOOLS: [&Subject; 4] = [&NPM, &CARGO, &PIP, &GIT];
/// Where bytes go, or a process is started; strace reads the rest of a client's work too slowly.
const GOING_OUT: &str =
    "trace=execve,execveat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,openat,open,creat,rename,symlink";

/// What strace has seen of a part of the job, and where that part's own streams lead.
struct Part {
    calls: PathBuf,
    streams: PathBuf,
}

impl Part {
    fn new(folder: &Path, name: &str) -> Self {
        let at = |kind: &str| folder.join(format!("{name}.{kind}"));
        Self { calls: at("calls"), streams: at("streams") }
    }

    /// The program under strace, which lets nobody wait for it and is no process of the job.
    fn traced(&self, filter: &[&str], program: &[OsString]) -> Vec<OsString> {
        const START: &str = "readlink /proc/$$/fd/1 /proc/$$/fd/2 >\"$0\"; mark=VSTS_PROCESS_LOOKUP_ID=$VSTS_PROCESS_LOOKUP_ID; \
                             unset VSTS_PROCESS_LOOKUP_ID; exec strace -E \"$mark\" -D -f -q -v -yy -s 1000000 -o \"$@\"";
        let (calls, streams) = (self.calls.to_str().unwrap(), self.streams.to_str().unwrap());
        [&words(&["bash", "-c", START, streams, calls]), &words(filter), program].map(<[_]>::to_vec).concat()
    }

    /// All calls, when the processes have ended: of which process, and the call.
    fn calls(&self) -> Vec<(String, String)> {
        let mut calls = Vec::new();
        until("strace has seen all", LONGER, || {
            let bytes = std::fs::read(&self.calls).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let parts = text.lines().filter_map(|line| line.split_once(' '));
            calls = parts.map(|(process, call)| (process.to_owned(), call.trim_start().to_owned())).collect();
            let of = |ended: bool| -> BTreeSet<&str> {
                let calls = calls.iter().filter(|(_, call)| !ended || call.starts_with("+++ "));
                calls.map(|(process, _)| process.as_str()).collect()
            };
            !calls.is_empty() && of(false) == of(true)
        });
        calls
    }
}

/// Who a job's secrets are kept from.
struct Watch<'w> {
    emulator: &'w Emulator,
    /// The job's first token.
    first: String,
    /// The run's private folder.
    folder: PathBuf,
    /// The process that renews.
    renewing: String,
}

impl Watch<'_> {
    fn shows(&self, text: &str) -> bool {
        !self.emulator.leaks_in(text.as_bytes()).is_empty()
    }

    /// What is wrong with a call that shows a secret; nothing where it may. The first of a step has the agent's environment.
    fn wrong(&self, part: &Part, (process, call): (&str, &str), is_first: bool) -> Option<String> {
        if call.starts_with("execve(") {
            let (arguments, environment) = call.split_once("], [").unwrap_or((call, ""));
            // A tool that takes a reference has the first token, under a name that nobody can guess.
            let may_hold = |variable: &str| {
                let (name, value) = variable.split_once('=').unwrap_or_default();
                is_first || name.starts_with("ADO_ENTRA_AUTH_") && value == self.first
            };
            let environment = environment.split('"');
            let strayed = environment.filter(|variable| self.shows(variable)).find(|variable| !may_hold(variable));
            return if self.shows(arguments) { Some("in an argument".to_owned()) } else { strayed.map(str::to_owned) };
        }
        let written = ["write(", "writev("].iter().find_map(|name| call.strip_prefix(name));
        let Some((target, content)) = written.and_then(|rest| rest.split_once('<')?.1.split_once(">, ")) else {
            return Some("by such a call".to_owned());
        };
        if read(&part.streams).lines().any(|stream| stream == target) {
            // The agent takes these for itself; that each comes after its mask is shown elsewhere.
            let is_command = |line: &str| {
                let line = line.trim_start_matches('"');
                line.starts_with("##vso[task.setsecret]") || line.starts_with("##vso[task.setvariable ")
            };
            let shown = content.split("\\n").filter(|line| self.shows(line)).find(|line| !is_command(line));
            return shown.map(str::to_owned);
        }
        // From the step to the process that stays, from a helper to its client, and among a client's own.
        let is_between = target.starts_with("pipe:[") || target.starts_with("UNIX-");
        let is_runs = Path::new(target).starts_with(&self.folder) && process == self.renewing;
        (!is_between && !is_runs).then(|| format!("written to {target}"))
    }
}

/// Nor is one in any file but the run's private one, from the first renewal on.
#[test]
fn no_process_of_a_long_job_shows_a_secret() {
    if tool("strace").is_none() || !TOOLS.iter().all(|subject| subject.is_here()) {
        return;
    }
    let records = tempfile::tempdir().unwrap();
    let emulator = living(TRACED_LIFE, World::sample_with_repositories());
    emulator.watch("client secret", SECRET);
    let mut job = crate::support::job(&emulator);
    for subject in TOOLS {
        subject.set_up(&mut job, None);
    }
    let step = of("clientSecret").input("clientId", SECRET_CLIENT).input("tenantId", TENANT);
    let step = step.input("clientSecret", SECRET);
    let mut parts = vec![Part::new(records.path(), "step"), Part::new(records.path(), "post")];
    let command = parts[0].traced(&[], &step.command);
    let post_command = step.post_command.as_deref().map(|command| parts[1].traced(&[], command));
    run(&emulator, &mut job, &TaskStep { command, post_command, ..step });
    let process = renewing(&job);
    let watch = Watch {
        emulator: &emulator,
        first: variable(&job, "ADO_ENTRA_TOKEN"),
        folder: folder(&job),
        renewing: process.to_string(),
    };
    let root = job.root().to_path_buf();
    assert_eq!(leaks_below(&emulator, &root), Vec::<String>::new());
    for round in 0..3 {
        for subject in TOOLS {
            let part = Part::new(records.path(), &format!("{}-{round}", subject.tool));
            let script = format!("{}; {} && {}", subject.forget, subject.fetch, subject.proof);
            let app = job.sources().join("app");
            let command = part.traced(&["--seccomp-bpf", "-e", GOING_OUT], &words(&["sh", "-c", &script]));
            let outcome = job.run_program(&command, &app, &[]).unwrap();
            assert!(outcome.succeeded(), "{} in round {round}: {}", subject.tool, outcome.raw);
            parts.push(part);
        }
        let end = ends_at(&job);
        until("the token's end", 2 * TRACED_LIFE, || round == 2 || now() > end);
    }
    assert_eq!(renewing(&job), process);
    let file = watch.folder.join("npmrc");
    let leaks = leaks_below(&emulator, &root);
    assert!(leaks.len() == 1 && leaks[0].starts_with(&format!("{}: ", file.display())), "{leaks:?}");
    assert!(mode(&file) == 0o600 && !read(&file).contains("${"), "{}", read(&file));
    finish(&mut job);
    assert_eq!(leaks_below(&emulator, &root), Vec::<String>::new());
    let tokens = emulator.issued().iter().filter(|issued| issued.kind == SecretKind::AccessToken).count();
    let (mut shown, mut quiet, mut of_renewing) = (0, HashSet::new(), Vec::new());
    for (number, part) in parts.iter().enumerate() {
        for (nth, (process, call)) in part.calls().into_iter().enumerate() {
            let gets = ["read", "recv", "<... "].iter().any(|name| call.starts_with(name));
            // Most calls are made again and again.
            if gets || quiet.contains(&call) {
            } else if !watch.shows(&call) {
                quiet.insert(call.clone());
            } else {
                shown += 1;
                let wrong = watch.wrong(part, (&process, &call), number < 2 && nth == 0);
                assert_eq!(wrong, None, "{}: {process} {call:.2000}", part.calls.display());
            }
            if process == watch.renewing {
                of_renewing.push(call);
            }
        }
    }
    assert!(tokens > 2 && shown > tokens, "the job has secrets: {shown}, {tokens}");
    // It listens nowhere, and starts nobody.
    let calls = |name: &str| of_renewing.iter().filter(|call| call.starts_with(name)).count();
    assert!(calls("connect(") > 1 && calls("execve(") == 1 && calls("rename") > 1, "{}", of_renewing.len());
    for name in ["bind(", "listen(", "accept", "fork(", "socketpair(AF_UNIX, SOCK_DGRAM"] {
        assert_eq!(calls(name), 0, "{name}");
    }
}
