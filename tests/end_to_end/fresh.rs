//! A job that outlives its first token: every tool goes on, and nothing stays behind.

use std::path::PathBuf;
use std::time::Duration;

use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::{Emulator, World};

use crate::npm::{FEED, FLAGS, installed, package};
use crate::support::{finish, job, run, script, step, tool, write};

/// How long a token lives here.
const LIFE: Duration = Duration::from_secs(8);

/// An emulator whose tokens live for seconds.
fn short_lived(world: World) -> Emulator {
    Emulator::start(World { access_token_life: LIFE, ..world }).unwrap()
}

/// The process that renews the job's tokens.
fn renewing(job: &Job<'_>) -> Vec<u32> {
    job.processes()
}

/// The run's private folder.
fn folder(job: &Job<'_>) -> PathBuf {
    let entries = std::fs::read_dir(job.temp()).unwrap().flatten();
    let mut folders = entries.map(|entry| entry.path()).filter(|path| path.join("vault.json").is_file());
    folders.next().unwrap()
}

fn work(job: &mut Job<'_>) {
    let sources = job.sources();
    script(job, &sources, "rm -rf c node_modules package-lock.json \"$HOME/.npm\"");
    script(job, &sources, "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello c");
    script(job, &sources, &format!("npm install {FLAGS}"));
    assert!(sources.join("c/README.md").is_file() && installed(&sources, "@contoso/hello"));
}

#[test]
fn git_and_npm_work_when_the_first_token_is_long_gone() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    write(&job, "package.json", package(&["@contoso/hello"]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.warnings.iter().all(|warning| warning.contains("expires in")), "{:?}", outcome.warnings);
    assert_eq!(renewing(&job).len(), 1);
    for _ in 0..3 {
        work(&mut job);
        std::thread::sleep(LIFE + Duration::from_secs(1));
    }
    work(&mut job);
    let folder = folder(&job);
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0, "the post-job part ends it");
    assert!(renewing(&job).is_empty() && !folder.exists());
}
