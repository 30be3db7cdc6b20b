//! The demo, as somebody starts it who tries the project.

use std::path::Path;
use std::process::Command;

use crate::modes::link;
use crate::support::{BINARY, Snapshot, read, tool};

/// The programs that the demo cannot do without; what else it tries is then said to be missing.
const PROGRAMS: [&str; 4] = ["git", "sh", "bash", "env"];

#[test]
fn the_demo_leaves_nothing_in_the_temporary_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, programs) = (folder.path().join("tmp"), folder.path().join("bin"));
    std::fs::create_dir(&temporary).unwrap();
    std::fs::create_dir(&programs).unwrap();
    for program in PROGRAMS {
        let Some(found) = tool(program) else { return };
        link(found, programs.join(program)).unwrap();
    }
    let before = Snapshot::below(folder.path());
    let demo = |command: &mut Command, folder: &Path| {
        command.env("TMPDIR", folder).env("PATH", &programs);
        command.output().unwrap()
    };
    let output = demo(Command::new(BINARY).arg("demo"), &temporary);
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && shown.contains("git"), "{shown}");
    before.assert_same(&Snapshot::below(folder.path()), "after the demo");
    // The picture of README was drawn from a run with all tools; what does not hang on those must still be said so.
    let pictured = read(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/run.txt"));
    let differs = |line: &str| {
        let hangs =
            ["  token ", "  searched ", "  set ", "  checked ", "  others "].iter().any(|name| line.starts_with(name));
        hangs || line.contains(" fetched ") && !line.starts_with("  git ")
    };
    assert!(shown.lines().count() <= 40, "one screen: {shown}");
    let lines: Vec<&str> = pictured.lines().filter(|line| !differs(line)).collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        assert!(
            shown.lines().any(|said| said == line),
            "'{line}' is not said any more; `scripts/picture --record` draws the picture anew\n{shown}"
        );
    }
}

#[test]
fn a_task_folder_without_the_task_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(BINARY).args(["demo", "--task"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no index.js\nremedy: name the folder that scripts/stage makes"), "{said}");
    assert!(output.stdout.is_empty());
}
