//! Processes that outlive their step: the agent kills at the job's end whatever has the job's mark in its first environment.
//!
//! As in microsoft/azure-pipelines-agent (JobExtension.cs `FinalizeJob`, ProcessExtensions.cs).

use std::process::{Command, Stdio};

/// The processes with this mark in their environment, as far as it can be read.
pub(super) fn of(lookup_id: &str) -> Vec<u32> {
    let wanted = format!("VSTS_PROCESS_LOOKUP_ID=vsts_{lookup_id}");
    let is_of_job = |number: &u32| {
        let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(is_of_job).collect()
}

/// Kills them. How many there were.
pub(super) fn end(lookup_id: &str) -> usize {
    let found = of(lookup_id);
    for number in &found {
        let _ = Command::new("kill").args(["-KILL", &number.to_string()]).stderr(Stdio::null()).status();
    }
    found.len()
}
