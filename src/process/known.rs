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
        // A system that starts no further program just now says nothing of this one.
        #[cfg(target_vendor = "apple")]
        if shown::ask(self.number, &["state="]).is_err() {
            return true;
        }
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

/// Whether a process is this program, as far as Windows shows it to others: by the name of its file, at any command.
#[cfg(windows)]
pub fn is_at(process: &Process, _command: &str) -> bool {
    let own = crate::kernel::environment::program();
    let Some(name) = own.as_deref().and_then(|own| own.file_name()) else { return false };
    let image = windows::image(process.number).unwrap_or_default();
    let is_it = std::path::Path::new(&image).file_name().is_some_and(|found| found.eq_ignore_ascii_case(name));
    process.started.is_some() && process.is_there() && is_it
}

/// The same by the line that the system's `ps` shows.
#[cfg(target_vendor = "apple")]
pub fn is_at(process: &Process, command: &str) -> bool {
    let own = crate::kernel::environment::program();
    let Some(name) = own.as_deref().and_then(|own| own.file_name()?.to_str()) else { return false };
    let line = shown::ask(process.number, &["command="]).ok().flatten().unwrap_or_default();
    process.started.is_some() && process.is_there() && line.trim_end().ends_with(&format!("/{name} {command}"))
}

/// The processes above this one's parent, the wrapper, nearest first: the agent's worker is the first that outlives the step. None
/// where they cannot be seen; in a container there may be only what was put there from outside for this step.
pub fn ancestors() -> Vec<Process> {
    let parent = |number: &u32| parent(*number).filter(|parent| *parent != 0);
    std::iter::successors(Some(std::process::id()), parent).skip(2).take(MOST_ANCESTORS).map(Process::of).collect()
}

/// The fields of `/proc/<number>/stat` (proc(5)) from the third on, behind a name that may hold anything.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(clippy::disallowed_methods, reason = "the system's list of processes is no file of a disk")]
fn fields(number: u32) -> Option<Vec<String>> {
    let text = std::fs::read(format!("/proc/{number}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn known(number: u32) -> Option<Known> {
    let fields = fields(number)?;
    let has_ended = matches!(fields.first()?.as_str(), "Z" | "X");
    Some(Known { started: fields.get(19)?.parse().ok()?, has_ended })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn parent(number: u32) -> Option<u32> {
    fields(number)?.get(1)?.parse().ok()
}

#[cfg(windows)]
use windows::{known, parent};

#[cfg(windows)]
mod windows {
    use winsafe::guard::CloseHandleGuard;
    use winsafe::{HPROCESS, HPROCESSLIST, co};

    use super::Known;

    /// What a process is asked for that has not ended (`GetExitCodeProcess`).
    const STILL_ACTIVE: u32 = 259;

    fn open(number: u32) -> Option<CloseHandleGuard<HPROCESS>> {
        HPROCESS::OpenProcess(co::PROCESS::QUERY_LIMITED_INFORMATION, false, number).ok()
    }

    pub(super) fn known(number: u32) -> Option<Known> {
        let process = open(number)?;
        let (started, ..) = process.GetProcessTimes().ok()?;
        let started = u64::from(started.dwHighDateTime) << 32 | u64::from(started.dwLowDateTime);
        Some(Known { started, has_ended: process.GetExitCodeProcess().ok()? != STILL_ACTIVE })
    }

    /// Its parent, unless that one has ended and somebody later has its number.
    pub(super) fn parent(number: u32) -> Option<u32> {
        let mut all = HPROCESSLIST::CreateToolhelp32Snapshot(co::TH32CS::SNAPPROCESS, None).ok()?;
        let mut found = all.iter_processes().filter_map(Result::ok);
        let parent = found.find(|process| process.th32ProcessID == number)?.th32ParentProcessID;
        (known(parent)?.started <= known(number)?.started).then_some(parent)
    }

    /// The path of the program that it runs.
    pub(super) fn image(number: u32) -> Option<String> {
        open(number)?.QueryFullProcessImageName(co::PROCESS_NAME::WIN32).ok()
    }
}

#[cfg(target_vendor = "apple")]
fn known(number: u32) -> Option<Known> {
    shown::known(&shown::ask(number, &["state=", "lstart="]).ok()??)
}

#[cfg(target_vendor = "apple")]
fn parent(number: u32) -> Option<u32> {
    shown::ask(number, &["ppid="]).ok()??.trim().parse().ok()
}

/// What `ps` shows, on a system that has no other list of processes for programs without unsafe code: ps(1) of macOS.
#[cfg(any(target_vendor = "apple", all(test, target_os = "linux")))]
mod shown {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::Known;

    /// Asks for fields of a process; nothing where there is none, an error where nobody can be asked.
    #[cfg(target_vendor = "apple")]
    #[allow(clippy::disallowed_methods, reason = "the system's list of processes")]
    pub(super) fn ask(number: u32, fields: &[&str]) -> std::io::Result<Option<String>> {
        let mut ps = std::process::Command::new("/bin/ps");
        // Times as they are shown everywhere and all the year.
        ps.env_clear().env("LC_ALL", "C").env("TZ", "UTC").arg("-ww").arg("-p").arg(number.to_string());
        fields.iter().for_each(|field| {
            ps.arg("-o").arg(field);
        });
        let output = ps.stdin(std::process::Stdio::null()).output()?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// From a state and the time of the start: `Ss   Tue Dec  1 01:19:23 2026`. What counts of the time is whether it is the same.
    pub(super) fn known(line: &str) -> Option<Known> {
        let (state, started) = line.trim().split_once(char::is_whitespace)?;
        let mut hasher = DefaultHasher::new();
        started.split_whitespace().for_each(|word| word.hash(&mut hasher));
        Some(Known { started: hasher.finish(), has_ended: state.starts_with('Z') })
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::disallowed_methods, reason = "processes of the test's own")]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn what_ps_shows_tells_a_process_from_another() {
        let known = |line| shown::known(line).map(|known| (known.started, known.has_ended));
        let one = known("Ss   Tue Dec  1 01:19:23 2026    \n").unwrap();
        assert!(!one.1);
        assert_eq!(known("R+ Tue Dec  1 01:19:23 2026\n"), Some(one));
        assert_eq!(known("Z    Tue Dec  1 01:19:23 2026\n"), Some((one.0, true)));
        assert_ne!(known("S    Tue Dec  1 01:19:24 2026\n"), Some(one));
        assert_eq!([known(""), known("\n")], [None, None]);
    }

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
