//! Jobs on fresh agents with the binary as their task, and what is looked at afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ado_entra_auth_emulator::agent::{Job, JobOptions, ScriptOutcome, StepOutcome, StepResult, TaskStep};
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{CONNECTION, OBJECT, TENANT};
use ado_entra_auth_emulator::{Emulator, World};

use crate::modes::mode;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ado-entra-auth");
/// The step's limit, whatever a server does.
pub const LIMIT: Duration = Duration::from_secs(45);
/// A host that no token may reach.
pub const EVIL: &str = "evil.example";

/// The program's command line.
pub fn program() -> assert_cmd::Command {
    assert_cmd::Command::new(BINARY)
}

/// The sample world, running.
pub fn emulator() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

/// The sample world with its git repositories.
pub fn emulator_with_repositories() -> Emulator {
    Emulator::start(World::sample_with_repositories()).unwrap()
}

/// A world whose organizations all belong to one tenant, and whose first identity is a user of each.
pub fn in_one_tenant(world: World) -> Emulator {
    let mut world = World { tenants: vec![world.tenants[0].clone()], ..world };
    for organization in &mut world.organizations {
        TENANT.clone_into(&mut organization.tenant);
        organization.members.push(OBJECT.into());
    }
    world.applications.iter_mut().for_each(|application| TENANT.clone_into(&mut application.tenant));
    for position in 0..world.connections.len() {
        let before = world.federated_credential_of(&world.connections[position]);
        TENANT.clone_into(&mut world.connections[position].tenant);
        let after = world.federated_credential_of(&world.connections[position]);
        for application in &mut world.applications {
            for credential in application.federated_credentials.iter_mut().filter(|credential| **credential == before) {
                credential.clone_from(&after);
            }
        }
    }
    Emulator::start(world).unwrap()
}

/// A job of the sample world's pipeline.
pub fn job(emulator: &Emulator) -> Job<'_> {
    Job::new(emulator, JobOptions::default()).unwrap()
}

/// A further job on the agent of an earlier one.
pub fn next_job<'e>(emulator: &'e Emulator, agent: &Path) -> Job<'e> {
    Job::new(emulator, JobOptions { agent_root: Some(agent.to_path_buf()), ..JobOptions::default() }).unwrap()
}

/// The step with the sample connection.
pub fn step() -> TaskStep {
    bare_step().connection("azureDevOpsServiceConnection", CONNECTION)
}

/// The step without a connection.
pub fn bare_step() -> TaskStep {
    TaskStep::new([BINARY, "task"]).post([BINARY, "post"])
}

/// The step with arguments of `env` before its program: `NAME=value`, or `-u` and a name. What the agent fixes can be had otherwise
/// only so.
pub fn step_with_env(arguments: &[&str]) -> TaskStep {
    TaskStep { command: words(&[&["env"], arguments, &[BINARY, "task"]].concat()), ..step() }
}

/// The same step under another name, as a second step of the job.
pub fn named(step: &TaskStep, name: &str) -> TaskStep {
    TaskStep { name: name.to_owned(), ..step.clone() }
}

/// Writes a file and the folders above it.
pub fn write_file(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Writes a file of the checkout.
pub fn write(job: &Job<'_>, path: &str, content: impl AsRef<[u8]>) {
    write_file(&job.sources().join(path), content);
}

/// Reads a text; an empty one where there is no such file.
pub fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Runs the step and demands that it succeeds without showing a secret.
pub fn run(emulator: &Emulator, job: &mut Job<'_>, step: &TaskStep) -> StepOutcome {
    let outcome = job.run_task(step).unwrap();
    assert_succeeded(&outcome);
    assert_no_secret_shown(emulator, &outcome);
    outcome
}

/// Runs a task of somebody else's, which must succeed.
pub fn run_quietly(job: &mut Job<'_>, step: &TaskStep) {
    let outcome = job.run_task(step).unwrap();
    assert_eq!(outcome.result, StepResult::Succeeded, "{}", outcome.log);
}

/// Fails with the whole log unless the step succeeded.
pub fn assert_succeeded(outcome: &StepOutcome) {
    assert_eq!(outcome.result, StepResult::Succeeded, "{}\n{}", outcome.log, outcome.raw_stderr);
    assert_eq!(outcome.exit_code, Some(0));
    assert!(outcome.errors.is_empty(), "{}", outcome.log);
}

/// Runs a script in a folder and demands that it exits with 0.
pub fn script(job: &mut Job<'_>, folder: &Path, script: &str) -> ScriptOutcome {
    let outcome = job.run_script(script, folder).unwrap();
    assert!(outcome.succeeded(), "{script}\n{}", outcome.raw);
    outcome
}

/// Ends the job and demands that each post-job part succeeded without a warning.
pub fn finish(job: &mut Job<'_>) {
    for outcome in job.finish().unwrap() {
        assert_succeeded(&outcome);
        assert!(outcome.warnings.is_empty(), "{}", outcome.log);
    }
}

/// Runs a step that must fail as the contract says: one error that holds these words and a remedy, exit code 0, and nothing
/// changed on the disk or in the job's variables.
pub fn assert_refused(emulator: &Emulator, job: &mut Job<'_>, step: &TaskStep, words: &[&str]) -> StepOutcome {
    let before = Snapshot::of(job);
    let outcome = job.run_task(step).unwrap();
    assert_failed(emulator, &outcome, words);
    before.assert_same(&Snapshot::of(job), words.first().unwrap_or(&"a failed step"));
    outcome
}

/// What holds of every failed step.
pub fn assert_failed(emulator: &Emulator, outcome: &StepOutcome, words: &[&str]) {
    let shown = format!("{}\n{}", outcome.log, outcome.raw_stderr);
    assert_eq!(outcome.result, StepResult::Failed, "{words:?}\n{shown}");
    assert_eq!(outcome.exit_code, Some(0), "{shown}");
    assert_eq!(outcome.errors.len(), 1, "{shown}");
    let error = &outcome.errors[0];
    assert!(error.contains("\nremedy: "), "{error}");
    for word in words {
        assert!(error.contains(word), "'{word}' is missing in: {error}");
    }
    assert!(!error.lines().next().unwrap().is_empty() && !outcome.message.is_empty(), "{error}");
    assert!(outcome.variables_set.is_empty() && outcome.paths_prepended.is_empty(), "{:?}", outcome.variables_set);
    assert_no_secret_shown(emulator, outcome);
}

/// No secret in the log as masked, on stderr, or on any line of stdout that is not a command which masks or carries it.
pub fn assert_no_secret_shown(emulator: &Emulator, outcome: &StepOutcome) {
    let leaks = |text: &str| emulator.leaks_in(text.as_bytes());
    assert_eq!(leaks(&outcome.log), Vec::<String>::new(), "{}", outcome.log);
    assert_eq!(leaks(&outcome.raw_stderr), Vec::<String>::new(), "{}", outcome.raw_stderr);
    let carries =
        |line: &&str| line.starts_with("##vso[task.setsecret]") || line.starts_with("##vso[task.setvariable ");
    let rest: Vec<&str> = outcome.raw_stdout.lines().filter(|line| !carries(line)).collect();
    assert_eq!(leaks(&rest.join("\n")), Vec::<String>::new(), "{rest:?}");
}

/// A variable's value in the job; blank where it is not set.
pub fn variable(job: &Job<'_>, name: &str) -> String {
    job.variables().get(name).map(|variable| variable.value.clone()).unwrap_or_default()
}

/// What a JWT says of itself.
pub fn claims(token: &str) -> serde_json::Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap_or_default();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&json).unwrap_or_default()
}

/// Whether a warning holds all of these words.
pub fn warned(outcome: &StepOutcome, words: &[&str]) -> bool {
    outcome.warnings.iter().any(|warning| words.iter().all(|word| warning.contains(word)))
}

/// The requests that carried an issued token in whatever form.
pub fn with_token(requests: &[LoggedRequest]) -> Vec<&LoggedRequest> {
    requests.iter().filter(|request| request.authorization.is_token()).collect()
}

/// Demands that no secret of any kind reached a host.
pub fn assert_nothing_sent_to(emulator: &Emulator, host: &str) {
    assert!(!emulator.secret_was_sent_to(host), "{:?}", emulator.requests_to(host));
    let credentials: Vec<LoggedRequest> = emulator
        .requests_to(host)
        .into_iter()
        .filter(|request| request.authorization != ado_entra_auth_emulator::log::Authorization::None)
        .collect();
    assert!(credentials.is_empty(), "{credentials:?}");
}

/// Everything that a step could change: the files of the agent and of the home folder, with modes and the targets of links, and
/// the job's variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Found>,
    /// Blank ones count as not set, as does what uv and cargo take in place of a blank one: the agent cannot unset a variable.
    variables: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Found {
    mode: u32,
    content: Vec<u8>,
}

impl Snapshot {
    /// The state of a job's agent.
    pub fn of(job: &Job<'_>) -> Self {
        let mut files = tree(job.root());
        files.extend(tree(job.home()));
        let variables = job
            .variables()
            .iter()
            .filter(|variable| {
                let usual = [("UV_KEYRING_PROVIDER", "disabled"), ("CARGO_NET_GIT_FETCH_WITH_CLI", "false")];
                !variable.value.is_empty() && !usual.contains(&(variable.name.as_str(), variable.value.as_str()))
            })
            .map(|variable| (variable.name.to_ascii_uppercase(), variable.value.clone()))
            .collect();
        Self { files, variables }
    }

    /// The same without the variables, for comparisons between jobs.
    pub fn files_of(job: &Job<'_>) -> Self {
        Self { variables: BTreeMap::new(), ..Self::of(job) }
    }

    /// The files below a folder alone.
    pub fn below(folder: &Path) -> Self {
        Self { files: tree(folder), variables: BTreeMap::new() }
    }

    /// The same without modes, where the system makes them up.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn without_modes(mut self) -> Self {
        self.files.values_mut().for_each(|found| found.mode = 0);
        self
    }

    /// The same without a folder and what is below it; the folder itself stays.
    #[must_use]
    pub fn without(mut self, folder: &Path) -> Self {
        self.files.retain(|path, _| path == folder || !path.starts_with(folder));
        self
    }

    /// The same without a folder, save what lies in another below it.
    #[must_use]
    pub fn without_but(mut self, folder: &Path, kept: &Path) -> Self {
        self.files.retain(|path, _| !path.starts_with(folder) || path.starts_with(kept));
        self
    }

    /// What `after` has that this one had not, with its mode.
    pub fn new_in(&self, after: &Self) -> Vec<(PathBuf, u32)> {
        let new = after.files.iter().filter(|(path, _)| !self.files.contains_key(*path));
        new.map(|(path, found)| (path.clone(), found.mode)).collect()
    }

    /// Names what differs.
    pub fn assert_same(&self, after: &Self, what: &str) {
        let mut differences = Vec::new();
        for path in self.files.keys().chain(after.files.keys()) {
            let (then, now) = (self.files.get(path), after.files.get(path));
            if then != now && !path.ends_with("ca.pem") {
                let shown = |found: Option<&Found>| {
                    found.map(|f| format!("{:o} {}", f.mode, String::from_utf8_lossy(&f.content)))
                };
                differences.push(format!("{}: {:?} → {:?}", path.display(), shown(then), shown(now)));
            }
        }
        differences.dedup();
        for name in self.variables.keys().chain(after.variables.keys()) {
            let (then, now) = (self.variables.get(name), after.variables.get(name));
            if then != now {
                differences.push(format!("{name}: {then:?} → {now:?}"));
            }
        }
        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
    }
}

fn tree(folder: &Path) -> BTreeMap<PathBuf, Found> {
    let program_bytes = std::fs::metadata(BINARY).unwrap().len();
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let about = std::fs::symlink_metadata(&path).unwrap();
            let content = if about.is_dir() {
                folders.push(path.clone());
                b"(folder)".to_vec()
            } else if about.is_symlink() {
                std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if is_program(&path) && about.len() == program_bytes {
                // Under each of its names it is as large as all else a hundred times.
                b"(the program)".to_vec()
            } else if about.is_file() {
                std::fs::read(&path).unwrap()
            } else {
                b"(special)".to_vec()
            };
            let mode = mode(&path);
            found.insert(path, Found { mode, content });
        }
    }
    found
}

/// Whether a file is the program, under its own name or that of a client.
pub fn is_program(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| {
        [
            "ado-entra-auth",
            "cargo-credential-ado-entra-auth",
            "nuget-plugin-ado-entra-auth",
            "CredentialProvider-AdoEntraAuth",
            "gradle-credential-ado-entra-auth",
            "keyring",
        ]
        .iter()
        .any(|program| name == *program)
    })
}

/// Names every secret in the files below a folder, save the program under the names of clients: as it is tested, it has the emulator in
/// it, and that one's samples.
pub fn leaks_below(emulator: &Emulator, folder: &Path) -> Vec<String> {
    let files = tree(folder).into_iter().filter(|(path, _)| !is_program(path));
    let leaking = |(path, found): (PathBuf, Found)| {
        let leaks = emulator.leaks_in(&found.content);
        (!leaks.is_empty()).then(|| format!("{}: {leaks:?}", path.display()))
    };
    files.filter_map(leaking).collect()
}

/// Where a tool lies: on PATH, or where `scripts/setup` put it. Says what is skipped where there is none.
pub fn tool(name: &str) -> Option<PathBuf> {
    let brought = brought_tool(&format!("bin/{name}")).or_else(|| which::which(name).ok());
    if brought.is_none() {
        skip(&format!("{name} is missing; scripts/setup brings it"));
    }
    brought
}

/// Where a tool lies that is only in a folder of its own below `target/tools`, or at a place of the system's.
pub fn only_brought(path: &str) -> Option<PathBuf> {
    let brought = brought_tool(path);
    if brought.is_none() {
        skip(&format!("{} is missing; scripts/setup brings it", Path::new("target/tools").join(path).display()));
    }
    brought
}

fn brought_tool(path: &str) -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(path)).filter(|path| path.exists())
}

/// Says what is skipped, or fails where nothing may be.
pub fn skip(why: &str) {
    let strict = std::env::var_os("ADO_ENTRA_AUTH_NO_SKIP").is_some_and(|value| !value.is_empty());
    assert!(!strict, "{why}");
    println!("skipped: {why}");
}

/// Checks rows side by side, since most of their time goes by waiting.
pub fn in_parallel<T: Sync>(rows: &[T], check: impl Fn(&T) + Sync) {
    side_by_side(8, rows, check);
}

/// Checks rows, so many at a time.
pub fn side_by_side<T: Sync>(most: usize, rows: &[T], check: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || {
            while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                check(row);
            }
        };
        let workers: Vec<_> = (0..rows.len().min(most)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// A program and its arguments for [`Job::run_program`].
pub fn words(command: &[&str]) -> Vec<OsString> {
    command.iter().map(OsString::from).collect()
}

/// The claims of every secret of a kind that a request carried, in whatever form; each once.
pub fn carried(emulator: &Emulator, request: &LoggedRequest, kind: &SecretKind) -> Vec<serde_json::Value> {
    let issued = emulator.issued();
    let name = format!("{kind:?} number ");
    let number = |secret: &String| secret.strip_prefix(&name)?.split(',').next()?.parse().ok();
    let numbers: BTreeSet<usize> = request.secrets.iter().filter_map(number).collect();
    numbers.into_iter().map(|number| issued[number].claims.clone()).collect()
}
