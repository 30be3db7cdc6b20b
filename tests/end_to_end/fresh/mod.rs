//! A job that outlives its first token: every tool goes on, and nothing stays behind.

mod clocks;
mod ends;
mod identities;
mod planted;
mod secrets;
mod steps;
pub mod tools;
mod traced;
mod trouble;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::read;

/// How long a token lives here.
pub const LIFE: Duration = Duration::from_secs(8);
/// After a token's end.
pub const OVER: Duration = Duration::from_secs(9);
/// How long one lives for clients that take seconds themselves.
pub const LONGER: Duration = Duration::from_secs(20);

/// An emulator whose tokens live for seconds.
pub fn short_lived(world: World) -> Emulator {
    living(LIFE, world)
}

/// An emulator whose tokens live so long.
pub fn living(access_token_life: Duration, world: World) -> Emulator {
    Emulator::start(World { access_token_life, ..world }).unwrap()
}

/// The process that renews the job's tokens.
fn renewing(job: &Job<'_>) -> u32 {
    let processes = job.processes();
    let [process] = processes.as_slice() else { panic!("{processes:?}") };
    *process
}

/// The private folders of the job's runs, the latest last.
fn folders(job: &Job<'_>) -> Vec<PathBuf> {
    let runs: serde_json::Value =
        serde_json::from_str(&crate::support::variable(job, "ADO_ENTRA_AUTH_RUNS")).unwrap_or_default();
    let folder = |run: &serde_json::Value| PathBuf::from(run["directory"].as_str().unwrap());
    runs.as_array().into_iter().flatten().map(folder).collect()
}

fn folder(job: &Job<'_>) -> PathBuf {
    folders(job).pop().unwrap()
}

fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

/// Waits until something holds.
fn until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// When the job's tokens end, as the latest run's facts have it for its first.
fn ends_at(job: &Job<'_>) -> u64 {
    ends(&folder(job))
}

fn ends(folder: &Path) -> u64 {
    let facts: serde_json::Value = serde_json::from_str(&read(folder.join("facts.json"))).unwrap();
    facts["tokens"][0]["expires_at"].as_u64().unwrap()
}

/// Waits until the first tokens are gone, and each run has one that was renewed just now.
fn until_first_are_gone(job: &Job<'_>) {
    let first: Vec<(PathBuf, u64)> = folders(job).into_iter().map(|folder| (folder.clone(), ends(&folder))).collect();
    let gone = |(_, first): &(PathBuf, u64)| now() > *first;
    until("the first tokens' end", 2 * LONGER, || first.iter().all(gone));
    let last: Vec<u64> = first.iter().map(|(folder, _)| ends(folder)).collect();
    let is_new = || first.iter().zip(&last).all(|((folder, _), last)| ends(folder) > *last);
    until("a renewal of each", 2 * LONGER, is_new);
    // A later run looks at what an earlier one has renewed, again and again.
    std::thread::sleep(LONGER / 8);
}

/// Waits until the tokens are renewed.
fn until_renewed(job: &Job<'_>) {
    let before = ends_at(job);
    until("a renewal", 3 * LIFE, || ends_at(job) > before);
}

/// Whether git gets something of contoso in a later step, and what it says.
fn clones(job: &mut Job<'_>) -> (bool, String) {
    let sources = job.sources();
    let hello = "https://dev.azure.com/contoso/Shop/_git/hello";
    let outcome = job.run_script(&format!("rm -rf c; GIT_TERMINAL_PROMPT=0 git clone -q {hello} c"), &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded() && sources.join("c/README.md").is_file(), outcome.raw)
}
