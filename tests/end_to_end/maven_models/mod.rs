//! What Maven's own model builder makes of projects, beside what is served for them.

mod cases;
mod judge;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{BINARY, in_parallel, tool, write_file};
use cases::{Case, Draw, ENVIRONMENT};
use judge::{Line, judge};

/// Enough that every pair of a name and a place where it is defined comes up; a matter of seconds.
const CASES: u64 = 300;

/// Draws, always the same ones.
fn draw(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move |count| {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % count
    }
}

/// The ids that the step would serve.
fn served(folder: &Path, home: &Path) -> BTreeSet<String> {
    let mut command = Command::new(BINARY);
    command
        .args(["dry-run", "--format", "json", "--input", "organizations=contoso", "--working-directory"])
        .arg(folder);
    let home = format!("-Duser.home={}", home.display());
    let output = command.env_clear().envs(ENVIRONMENT).env("MAVEN_OPTS", home).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = shown["changes"].as_array().unwrap().iter().filter_map(|change| change["entries"].as_array());
    changes.flatten().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect()
}

/// What Maven's builder prints for folders.
fn built(folders: &[PathBuf], list: &Path) -> Option<String> {
    let (java, maven) = (tool("java")?, tool("mvn")?);
    let lib = maven.canonicalize().unwrap().parent()?.parent()?.join("lib/*");
    let lines: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    write_file(list, lines.join("\n"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/maven_models/models.java");
    let mut command = Command::new(java);
    let output = command.arg("-cp").arg(lib).arg(source).arg(list).env_clear().envs(ENVIRONMENT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_is_served_resolves_to_the_same_host_and_organization_in_maven() {
    let folder = tempfile::tempdir().unwrap();
    let place = |seed: u64| folder.path().join(seed.to_string());
    let case = |seed: u64| (place(seed), Case::of(&mut Draw(&mut draw(seed))));
    let cases: Vec<(PathBuf, Case)> = (1..=CASES).map(case).collect();
    for (folder, case) in &cases {
        case.write(folder);
    }
    let folders: Vec<PathBuf> = cases.iter().map(|(folder, _)| folder.clone()).collect();
    let Some(built) = built(&folders, &folder.path().join("list")) else { return };
    let lines: Vec<Line<'_>> = built.lines().map(Line::of).collect();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let asked = AtomicUsize::new(0);
    in_parallel(&cases, |(folder, case)| {
        let ids = served(folder, &home);
        let lines: Vec<Line<'_>> =
            lines.iter().filter(|line| Path::new(line.file).starts_with(folder)).copied().collect();
        judge(case, &ids, &lines);
        let is_asked = lines.iter().any(|line| ids.contains(line.id));
        asked.fetch_add(usize::from(is_asked), Ordering::Relaxed);
    });
    let (asked, failed) = (asked.into_inner(), lines.iter().filter(|line| line.how == "failed").count());
    // The test would be worth little where nothing is served, or nothing is built.
    assert!(asked * 12 > cases.len(), "{asked} of {} are served", cases.len());
    assert!(failed * 2 < lines.len(), "{failed} of {} fail", lines.len());
}
