//! A job on a fresh agent with the binary as its task.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, JobOptions, StepOutcome, TaskStep};
use ado_entra_auth_emulator::world::CONNECTION;
use ado_entra_auth_emulator::Emulator;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ado-entra-auth");

/// A job of the sample world's pipeline.
pub fn job(emulator: &Emulator) -> Job<'_> {
    Job::new(emulator, JobOptions::default()).unwrap()
}

/// The step with the sample connection.
pub fn step() -> TaskStep {
    bare_step().connection("azureDevOpsServiceConnection", CONNECTION)
}

/// The step without a connection.
pub fn bare_step() -> TaskStep {
    TaskStep::new([BINARY, "task"]).post([BINARY, "post"])
}

/// Writes a file of the checkout.
pub fn write(job: &Job<'_>, path: &str, content: &str) {
    let path = job.sources().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Fails with the whole log unless the step succeeded.
pub fn assert_succeeded(outcome: &StepOutcome) {
    assert_eq!(
        outcome.result,
        ado_entra_auth_emulator::agent::StepResult::Succeeded,
        "stdout:\n{}\nstderr:\n{}",
        outcome.raw_stdout,
        outcome.raw_stderr
    );
}

/// Whether a program is on PATH.
pub fn has(program: &str) -> bool {
    which::which(program).is_ok()
}

/// Every file below a folder with its bytes, for comparisons.
pub fn tree(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                found.insert(path.clone(), Vec::new());
                folders.push(path);
            } else if kind.is_file() {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            } else {
                found.insert(path.clone(), b"(link)".to_vec());
            }
        }
    }
    found
}
