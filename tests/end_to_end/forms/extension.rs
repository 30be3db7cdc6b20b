//! The packed extension.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::modes::mode;
use crate::support::{read, skip, tool};

/// The extension that `scripts/package` has packed.
pub struct Extension {
    file: PathBuf,
    unzip: PathBuf,
}

impl Extension {
    /// The latest one. Says what is skipped where there is none.
    pub fn packed() -> Option<Self> {
        let unzip = tool("unzip")?;
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        let files = std::fs::read_dir(target).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let packed = files.filter(|path| path.extension().is_some_and(|ending| ending == "vsix"));
        let time = |path: &PathBuf| std::fs::metadata(path).and_then(|found| found.modified());
        let latest = packed.max_by_key(|path| time(path).unwrap_or(SystemTime::UNIX_EPOCH));
        if latest.is_none() {
            skip("target/*.vsix is missing; scripts/package makes it");
        }
        Some(Self { file: latest?, unzip })
    }

    /// Unpacks the task below the agent's folder of tasks, and gives its folder. An agent keeps no modes, which the archive does not
    /// have.
    pub fn unpack(&self, tasks: &Path, umask: &str) -> PathBuf {
        let folder = tasks.join("AdoEntraAuth_0d6c3a52-3f0e-4c8e-9a57-7b1d2c54e1aa");
        let line = "umask \"$1\" && mkdir -p \"$2\" && exec \"$0\" -qq \"$3\" 'AdoEntraAuth/*' -d \"$2\"";
        let mut command = Command::new("sh");
        command.args(["-c", line]).arg(&self.unzip).arg(umask).arg(&folder).arg(&self.file);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let task = folder.join(env!("CARGO_PKG_VERSION"));
        std::fs::rename(folder.join("AdoEntraAuth"), &task).unwrap();

        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("task/index.js");
        let stamped = read(source).replace("const PACKED = false;", "const PACKED = true;");
        let file = self.file.display();
        assert_eq!(read(task.join("index.js")), stamped, "{file} is of another state; scripts/package packs it anew");
        for platform in std::fs::read_dir(task.join("bin")).unwrap().map(|entry| entry.unwrap().path()) {
            let program = platform.join("ado-entra-auth");
            assert!(!program.is_file() || mode(&program) & 0o111 == 0, "{}", program.display());
        }
        task
    }
}
