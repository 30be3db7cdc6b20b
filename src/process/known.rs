//! What tells a process from others that had its number before.

/// Between a step and the system's first process lie a few.
const MOST_ANCESTORS: usize = 16;

/// A process, by its number and what tells it from others that had the number before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Process {
    /// Its number.
    pub number: u32,
    /// When it started, as the system counts; nothing where it does not tell.
    pub started: Option<u64>,
}

/// What the system knows of a process.
struct Known {
    parent: u32,
    started: u64,
    has_ended: bool,
}

impl Process {
    /// This one.
    pub fn own() -> Self {
        Self::of(std::process::id())
    }

    fn of(number: u32) -> Self {
        Self { number, started: known(number).map(|known| known.started) }
    }

    /// Whether it is still there, as far as the system tells.
    pub fn is_there(&self) -> bool {
        let Some(started) = self.started else { return true };
        known(self.number).is_some_and(|known| known.started == started && !known.has_ended)
    }
}

/// Whether a process is this very program at this command, and no other since it started. Nobody's word is taken for it: what the
/// system shows of a process stays readable where its memory is not (proc(5)). Whose it is the system asks before a signal.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(clippy::disallowed_methods, reason = "the system's list of processes is no file of a disk")]
pub fn is_at(process: &Process, command: &str) -> bool {
    let line = std::fs::read(format!("/proc/{}/cmdline", process.number)).unwrap_or_default();
    let own = crate::kernel::environment::program();
    let Some(name) = own.as_deref().and_then(|own| own.file_name()) else { return false };
    let end = [b"/", name.as_encoded_bytes(), b"\0", command.as_bytes(), b"\0"].concat();
    process.started.is_some() && process.is_there() && line.ends_with(&end)
}

/// The same where the system does not tell: nobody is taken for it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_at(_process: &Process, _command: &str) -> bool {
    false
}

/// The processes above this one's parent, the wrapper, nearest first: the agent's worker is the first that outlives the step. None
/// where they cannot be seen; in a container there may be only what was put there from outside for this step.
pub fn ancestors() -> Vec<Process> {
    let parent = |number: &u32| known(*number).map(|known| known.parent).filter(|parent| *parent != 0);
    std::iter::successors(Some(std::process::id()), parent).skip(2).take(MOST_ANCESTORS).map(Process::of).collect()
}

/// The fields of `/proc/<number>/stat` (proc(5)), behind a name that may hold anything.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(clippy::disallowed_methods, reason = "the system's list of processes is no file of a disk")]
fn known(number: u32) -> Option<Known> {
    let text = std::fs::read(format!("/proc/{number}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let has_ended = matches!(*fields.first()?, "Z" | "X");
    Some(Known { parent: fields.get(1)?.parse().ok()?, started: fields.get(19)?.parse().ok()?, has_ended })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn known(_number: u32) -> Option<Known> {
    None
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::disallowed_methods, reason = "processes of the test's own")]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn only_this_program_at_its_command_is_taken_for_it() {
        let own = crate::kernel::environment::program().unwrap();
        let other = own.with_file_name("other");
        for (name, word, is_it) in [(&own, "renew", true), (&other, "renew", false), (&own, "renewal", false)] {
            let folder = tempfile::tempdir().unwrap();
            let script = folder.path().join(word);
            let _ = std::process::Command::new("mkfifo").arg(&script).status();
            // A shell of such a name, which waits for its script.
            let mut shell = std::process::Command::new("/bin/sh");
            let mut child = shell.arg0(name).arg(word).current_dir(folder.path()).spawn().unwrap();
            let line = || std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
            while !line().ends_with(format!("\0{word}\0").as_bytes()) {
                std::thread::yield_now();
            }
            let found = Process::of(child.id());
            assert_eq!(is_at(&found, "renew"), is_it, "{name:?} {word}");
            assert!(!is_at(&Process { started: None, ..found }, "renew"));
            assert!(!is_at(&Process { started: found.started.map(|at| at + 1), ..found }, "renew"));
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(!is_at(&found, "renew"));
        }
    }
}
