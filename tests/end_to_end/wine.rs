//! Jobs of an agent on Windows, by wine: the program and Node are Windows', the agent around them is the emulator's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::agent::{Job, ScriptOutcome, TaskStep};
use ado_entra_auth_emulator::{Emulator, World};

use crate::fresh::{LONGER, living};
use crate::modes::set_mode;
use crate::support::{
    Snapshot, assert_succeeded, claims, finish, job, leaks_below, next_job, read, run, step, variable, words,
    write_file,
};
use crate::undo::{fill_checkout, fill_home};

/// wine has one user, whose home is that of the job at hand.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Windows on this machine: wine with Node, as `scripts/windows` brings them, and the program as it was built for Windows.
struct Windows {
    folder: PathBuf,
    program: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Windows {
    /// Nothing, with what is missing, where it is not there.
    fn start() -> Option<Self> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        let folder = target.join("tools/windows");
        let program = target.join("x86_64-pc-windows-gnu/debug/ado-entra-auth.exe");
        let missing = [&folder.join("prefix"), &program].into_iter().find(|path| !path.exists()).cloned();
        if let Some(missing) = missing {
            let strict = std::env::var_os("ADO_ENTRA_AUTH_NO_SKIP").is_some_and(|value| !value.is_empty());
            assert!(!strict, "{} is missing; scripts/test brings it", missing.display());
            println!("skipped: wine and the program for Windows are missing; scripts/test brings them");
            return None;
        }
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Self { folder, program, _alone: alone })
    }

    /// A job whose folders only its user can enter: wine takes access lists over from the folder above, whatever it is told.
    fn prepare(&self, job: &Job<'_>) -> TaskStep {
        for folder in [job.root().to_path_buf(), job.home().to_path_buf(), job.temp(), job.root().join("_work/1")] {
            set_mode(&folder, 0o700);
        }
        // wine's own.
        for folder in ["Local", "Roaming"] {
            std::fs::create_dir_all(job.home().join("AppData").join(folder)).unwrap();
        }
        let task = job.root().join("_work/_tasks/AdoEntraAuth/1.0.0");
        let bin = task.join("bin/win32-x64");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::copy(&self.program, bin.join("ado-entra-auth.exe")).unwrap();
        // wine lacks it, Windows does not.
        let missing = "bcryptprimitives.dll";
        std::fs::copy(self.folder.join(missing), bin.join(missing)).unwrap();
        for file in ["index.js", "post.js", "task.json"] {
            std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("task").join(file), task.join(file)).unwrap();
        }
        let file = |name: &str| task.join(name).into_os_string();
        let command = self.command(job, &["node".into(), file("index.js")]);
        let post_command = Some(self.command(job, &["node".into(), file("post.js")]));
        TaskStep { command, post_command, ..step() }
    }

    fn command(&self, job: &Job<'_>, program: &[OsString]) -> Vec<OsString> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/wine.sh");
        let given = [&script, &self.folder, job.root(), job.home()].map(OsString::from);
        [words(&["/bin/bash"]), given.to_vec(), program.to_vec()].concat()
    }

    /// A later step that starts the program as a client does, by the path that the step wrote, and says this to it.
    fn ask(&self, job: &mut Job<'_>, program: &[&str], question: &str) -> ScriptOutcome {
        let asked = job.temp().join("question");
        write_file(&asked, question);
        let program: Vec<OsString> = program.iter().map(OsString::from).collect();
        let line: Vec<OsString> = [
            words(&["/bin/sh", "-c", "question=$1; shift; exec \"$@\" < \"$question\"", "sh"]),
            vec![asked.clone().into_os_string()],
            self.command(job, &program),
        ]
        .concat();
        let sources = job.sources();
        let outcome = job.run_program(&line, &sources, &[]).unwrap();
        std::fs::remove_file(asked).unwrap();
        outcome
    }
}

/// The folder of this machine that a path of Windows means.
fn unix(path: &str) -> PathBuf {
    PathBuf::from(path.trim_start_matches("Z:").trim_start_matches("z:").replace('\\', "/"))
}

fn emulator() -> Emulator {
    Emulator::start(World::sample_with_repositories()).unwrap()
}

/// The token that stands in what a helper printed.
fn token_in(text: &str) -> String {
    let token = text.split(['=', '"', '\n', ' ']).find(|word| word.starts_with("eyJ")).unwrap_or_default();
    assert!(claims(token)["aud"].is_string(), "{text}");
    token.to_owned()
}

/// How git asks for a credential, as it reads in the private file.
fn helper_of_git(job: &Job<'_>) -> Vec<String> {
    let config = read(unix(&variable(job, "GIT_CONFIG_VALUE_0")));
    let helper =
        config.lines().find_map(|line| line.trim().strip_prefix("helper = ").filter(|helper| !helper.is_empty()));
    let helper = helper.unwrap_or_else(|| panic!("{config}")).trim_matches('"').trim_start_matches('!');
    let words = helper.split(['\'', ' ']).filter(|word| !word.is_empty());
    words.chain(["get"]).map(str::to_owned).collect()
}

#[test]
fn a_whole_job_of_windows() {
    let Some(windows) = Windows::start() else { return };
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    fill_home(&job);
    let step = windows.prepare(&job);
    let before = Snapshot::of(&job).without_modes();
    let outcome = run(&emulator, &mut job, &step);
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);

    // npm: the private file has the user's own lines and ours, which refer to a variable.
    let npmrc = variable(&job, "NPM_CONFIG_USERCONFIG");
    assert!(npmrc.starts_with(r"Z:\") && !npmrc.contains('/'), "{npmrc}");
    let npmrc = read(unix(&npmrc));
    assert!(npmrc.contains("fund=false"), "{npmrc}");
    assert!(npmrc.contains("//pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/:_authToken=${ADO_ENTRA_AUTH_"));
    // Maven: no installation here, so the file at home.
    let settings = read(job.home().join(".m2/settings.xml"));
    assert!(
        settings.contains("<id>feed1</id>") && settings.contains("${env.ADO_ENTRA_AUTH_MAVEN_CONTOSO}"),
        "{settings}"
    );
    // NuGet: above the checkout.
    assert!(read(job.root().join("_work/1/nuget.config")).contains("feed1"));
    assert_eq!(leaks_below(&emulator, &job.temp()), Vec::<String>::new());

    // git: as it reads the private file.
    let helper = helper_of_git(&job);
    let asked: Vec<&str> = helper.iter().map(String::as_str).collect();
    assert!(asked[0].starts_with("Z:/") && asked[0].ends_with("ado-entra-auth.exe"), "{asked:?}");
    let question = |organization: &str| {
        format!("capability[]=authtype\nprotocol=https\nhost=dev.azure.com\npath={organization}/Shop/_git/hello\n\n")
    };
    let answer = windows.ask(&mut job, &asked, &question("contoso"));
    assert!(answer.succeeded(), "{}", answer.raw);
    let token = token_in(&answer.raw);
    assert!(!answer.log.contains(&token), "the agent masks it");
    let other = windows.ask(&mut job, &asked, &question("northwind"));
    assert!(!other.raw.contains("eyJ"), "{}", other.raw);

    // cargo: by the name on PATH.
    let bin = job.prepended_paths().last().unwrap().clone();
    let provider = format!(r"{bin}\cargo-credential-ado-entra-auth.exe");
    assert!(unix(&provider).is_file(), "{provider}");
    std::fs::copy(windows.folder.join("bcryptprimitives.dll"), unix(&bin).join("bcryptprimitives.dll")).unwrap();
    let index = |organization: &str| {
        let url = format!("sparse+https://pkgs.dev.azure.com/{organization}/_packaging/feed1/Cargo/index/");
        format!(
            "{{\"v\":1,\"registry\":{{\"index-url\":\"{url}\"}},\"kind\":\"get\",\"operation\":\"read\",\"args\":[]}}\n"
        )
    };
    let answer = windows.ask(&mut job, &[&provider, "--cargo-plugin"], &index("contoso"));
    assert_eq!(token_in(&answer.raw), token);
    let other = windows.ask(&mut job, &[&provider, "--cargo-plugin"], &index("northwind"));
    assert!(other.raw.contains("url-not-supported"), "{}", other.raw);

    finish(&mut job);
    let bin = PathBuf::from(&step.command.last().unwrap()).with_file_name("bin/win32-x64");
    std::fs::remove_file(bin.join("ado-entra-auth-checked")).unwrap();
    before.assert_same(&Snapshot::of(&job).without_modes(), "after the job");
}

/// Those of the processes that renew tokens.
fn renewing(processes: &[u32]) -> Vec<u32> {
    let is_it = |process: &&u32| {
        let line = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        line.contains("ado-entra-auth.exe") && line.trim_end_matches('\0').ends_with("\0renew")
    };
    processes.iter().filter(is_it).copied().collect()
}

#[test]
fn a_process_stays_that_renews_the_token_and_ends_with_the_job() {
    let Some(windows) = Windows::start() else { return };
    let emulator = living(LONGER, World::sample_with_repositories());
    let mut job = job(&emulator);
    let step = windows.prepare(&job).input("tools", "git");
    let started = Instant::now();
    // Without Node, which would write to files here: the agent waits for whoever holds a stream of the step's.
    let program = job.root().join("_work/_tasks/AdoEntraAuth/1.0.0/bin/win32-x64/ado-entra-auth.exe");
    let held = job.root().join("held");
    let mut command = windows.command(&job, &[program.into_os_string(), "task".into()]);
    command.splice(0..0, words(&["env", &format!("HELD_BY={}", held.display())]));
    let outcome = run(&emulator, &mut job, &TaskStep { command, ..step });
    assert!(!held.exists(), "{}", outcome.log);
    assert!(outcome.warnings.is_empty() && outcome.log.contains("Renewal:  while the job runs"), "{}", outcome.log);
    let [process] = renewing(&job.processes())[..] else { panic!("{:?}", job.processes()) };
    let helper = helper_of_git(&job);
    let words: Vec<&str> = helper.iter().map(String::as_str).collect();
    let question = "capability[]=authtype\nprotocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n\n";
    let asked = |job: &mut Job<'_>| token_in(&windows.ask(job, &words, question).raw);
    let first = asked(&mut job);
    std::thread::sleep((LONGER + Duration::from_secs(2)).saturating_sub(started.elapsed()));
    let second = asked(&mut job);
    let end = |token: &str| claims(token)["exp"].as_u64().unwrap();
    assert!(end(&second) > end(&first) && end(&second) > now(), "{first} {second}");
    finish(&mut job);
    assert_eq!(renewing(&[process]), Vec::<u32>::new());
    assert_eq!(leaks_below(&emulator, &job.temp()), Vec::<String>::new());
}

#[test]
fn what_a_killed_step_left_is_put_back() {
    let Some(windows) = Windows::start() else { return };
    for in_midst in [true, false] {
        let emulator = emulator();
        let agent = tempfile::tempdir().unwrap();
        let mut killed = next_job(&emulator, agent.path());
        fill_checkout(&killed);
        fill_home(&killed);
        let step = windows.prepare(&killed);
        let settings = killed.home().join(".m2/settings.xml");
        let files = |job: &Job<'_>| {
            let bin = job.root().join("_work/_tasks/AdoEntraAuth/1.0.0/bin/win32-x64/ado-entra-auth-checked");
            let _ = std::fs::remove_file(bin);
            Snapshot::files_of(job).without_modes()
        };
        let before = files(&killed);
        if in_midst {
            let program = killed.root().join("_work/_tasks/AdoEntraAuth/1.0.0/bin/win32-x64/ado-entra-auth.exe");
            let mut command = windows.command(&killed, &[program.into_os_string(), "task".into()]);
            command.splice(0..0, words(&["env", &format!("KILLED_WITH={}", settings.display())]));
            let outcome = killed.run_task(&TaskStep { command, ..step.clone() }).unwrap();
            assert_ne!(outcome.exit_code, Some(0), "{}", outcome.log);
        } else {
            run(&emulator, &mut killed, &step);
        }
        assert!(read(&settings).contains("feed1"), "in the midst: {in_midst}");
        killed.abandon();
        for folder in [killed.temp(), killed.home().to_path_buf(), agent.path().join("_work/1")] {
            assert_eq!(leaks_below(&emulator, &folder), Vec::<String>::new());
        }

        let mut job = next_job(&emulator, agent.path());
        let only_git = TaskStep { ..windows.prepare(&job).input("tools", "git") };
        let outcome = job.run_task(&only_git).unwrap();
        assert_succeeded(&outcome);
        finish(&mut job);
        before.assert_same(&files(&job), &format!("in the midst: {in_midst}"));
    }
}
