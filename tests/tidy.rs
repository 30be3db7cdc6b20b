//! Which room may import which: one direction of flow, no circles. ARCHITECTURE.md shows the same table to people.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads the sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room of `src/`, and the rooms that its code may import. Tests may import more: they set up what they look at.
const ROOMS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("diagnosis", &[]),
    ("edit", &[]),
    ("disk", &[]),
    ("process", &[]),
    ("http", &["kernel", "diagnosis", "disk"]),
    ("host", &[]),
    ("azure_devops", &["kernel", "diagnosis", "http"]),
    ("reach", &["kernel", "azure_devops"]),
    ("identity", &["kernel", "diagnosis", "disk", "http", "azure_devops", "reach"]),
    ("plan", &["kernel", "edit", "host", "reach"]),
    ("tools", &["kernel", "diagnosis", "edit", "azure_devops", "host", "reach", "plan"]),
    ("survey", &["kernel", "azure_devops", "host", "reach", "plan", "tools"]),
    ("helper", &["kernel", "diagnosis", "disk", "azure_devops"]),
    ("agent", &["kernel", "diagnosis", "disk", "http", "azure_devops", "identity", "host", "reach", "plan", "tools"]),
    ("apply", &["kernel", "diagnosis", "disk", "edit", "identity", "reach", "plan", "helper", "agent"]),
    ("cli", &["kernel", "identity"]),
    (
        "commands",
        &[
            "kernel",
            "diagnosis",
            "disk",
            "process",
            "edit",
            "http",
            "azure_devops",
            "identity",
            "host",
            "reach",
            "plan",
            "tools",
            "survey",
            "helper",
            "agent",
            "apply",
            "cli",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without its tests, which stand at its end or in files of their own.
fn code(path: &Path) -> Option<String> {
    let is_test = path.components().any(|part| {
        let part = part.as_os_str().to_str().unwrap();
        matches!(part, "tests" | "tests.rs" | "testing.rs")
    });
    let text = fs::read_to_string(path).unwrap();
    let end =
        text.find("#[cfg(test)]\nmod tests {").or_else(|| text.find("#[cfg(test)]\n#[allow")).unwrap_or(text.len());
    (!is_test).then(|| text[..end].to_owned())
}

fn imports(code: &str) -> BTreeSet<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let word = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    lines
        .flat_map(|line| line.match_indices("crate::").map(move |(at, found)| word(&line[at + found.len()..])))
        .collect()
}

#[test]
fn rooms_import_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut looked_at = BTreeSet::new();
    let mut forbidden = Vec::new();
    for path in files {
        let below = path.strip_prefix(&root).unwrap();
        let own = below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(own.as_str(), "main" | "lib") {
            continue;
        }
        let may = allowed.get(own.as_str()).unwrap_or_else(|| panic!("{own} is not in the table"));
        looked_at.insert(own.clone());
        for other in code(&path).map(|code| imports(&code)).unwrap_or_default() {
            if other != own && !may.contains(&other.as_str()) {
                forbidden.push(format!("{} imports {other}", below.display()));
            }
        }
    }
    assert!(forbidden.is_empty(), "{forbidden:#?}");
    assert_eq!(looked_at.len(), ROOMS.len(), "a room of the table is not there");
}

/// A table without circles is one that can be put in an order: here the order in which it is written.
#[test]
fn the_table_has_no_circles() {
    for (position, (room, may)) in ROOMS.iter().enumerate() {
        for other in *may {
            assert!(
                ROOMS[..position].iter().any(|(earlier, _)| earlier == other),
                "{room} imports {other}, which comes later"
            );
        }
    }
}

/// A module with files of its own has its root among them, so that a folder shows all of it.
#[test]
fn roots_of_modules_lie_in_their_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in ["src", "emulator/src", "tests"] {
        sources(&root.join(place), &mut files);
    }
    files.retain(|path| path.with_extension("").is_dir());
    assert!(files.is_empty(), "each belongs into its folder, as mod.rs: {files:#?}");
}
