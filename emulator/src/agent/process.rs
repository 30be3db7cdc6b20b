//! Starting a program, reading its lines as the agent does, and ending it.

use super::options::KillWhen;
use anyhow::Context;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long the agent waits for output when a child of the ended process still holds a stream.
const STREAM_GRACE: Duration = Duration::from_secs(5);

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Error,
}

/// A process is to be stopped early.
pub(super) struct Ending<'a> {
    /// When.
    pub when: &'a KillWhen,
    /// Whether signals ask it first, as when the agent cancels a step. Otherwise its whole group is killed at once.
    pub gently: bool,
}

/// How long the agent waits after SIGINT, and after SIGTERM.
const PATIENCE: [Duration; 2] = [Duration::from_millis(7_500), Duration::from_millis(2_500)];

/// How a program ended.
pub(super) struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Whether it was stopped on purpose.
    pub stopped: bool,
}

/// Runs a program to its end and hands over every line as it comes.
pub(super) fn run(
    command: &[OsString],
    environment: &BTreeMap<String, String>,
    directory: &Path,
    ending: Option<&Ending<'_>>,
    mut line: impl FnMut(Stream, &str),
) -> anyhow::Result<Ended> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut starting = Command::new(found(program, environment, directory));
    starting.args(arguments).env_clear().envs(environment).current_dir(directory);
    starting.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut starting, 0);
    let mut child = starting.spawn().with_context(|| format!("starting {}", program.display()))?;
    let (sender, lines) = channel();
    if let (Some(out), Some(error)) = (child.stdout.take(), child.stderr.take()) {
        read(out, Stream::Out, sender.clone());
        read(error, Stream::Error, sender);
    }
    follow(&mut child, &lines, ending, &mut line)
}

/// The place of a program that is named without one. The standard library would look for it in a copy of this process, and a copy of
/// a large process costs more than most programs do.
fn found(program: &OsString, environment: &BTreeMap<String, String>, directory: &Path) -> OsString {
    which::which_in(program, environment.get("PATH"), directory)
        .map_or_else(|_| program.clone(), PathBuf::into_os_string)
}

fn follow(
    child: &mut Child,
    lines: &Receiver<(Stream, String)>,
    ending: Option<&Ending<'_>>,
    line: &mut impl FnMut(Stream, &str),
) -> anyhow::Result<Ended> {
    let start = Instant::now();
    let kill = ending.map(|ending| ending.when);
    let gently = ending.is_some_and(|ending| ending.gently);
    let step = Duration::from_millis(if matches!(kill, Some(KillWhen::FileExists(_))) { 1 } else { 10 });
    let (mut count, mut stopped, mut ended_at) = (0, false, None);
    // How often the process was asked, and when last.
    let mut asked = (0, Instant::now());
    loop {
        let mut due = match kill {
            Some(KillWhen::After(time)) => start.elapsed() >= *time,
            Some(KillWhen::FileExists(path)) => path.exists(),
            _ => false,
        };
        let received = lines.recv_timeout(step);
        if let Ok((stream, text)) = &received {
            line(*stream, text);
            count += usize::from(*stream == Stream::Out);
            due |= match kill {
                Some(KillWhen::Lines(wanted)) => count >= *wanted,
                Some(KillWhen::LineHolds(wanted)) => text.contains(wanted.as_str()),
                _ => false,
            };
        }
        stopped |= due && ended_at.is_none();
        if stopped && ended_at.is_none() {
            let waited = asked.1.elapsed();
            let asks = match (gently, asked.0) {
                (true, 0) => signal(child, "-INT"),
                (true, 1) if waited >= PATIENCE[0] => signal(child, "-TERM"),
                (true, 2) if waited >= PATIENCE[1] => child.kill().is_ok(),
                (false, 0) => {
                    end(child);
                    true
                }
                _ => false,
            };
            if asks {
                // Patience begins when the signal is there: sending one takes its time on a busy machine.
                asked = (asked.0 + 1, Instant::now());
            }
        }
        if ended_at.is_none() && child.try_wait()?.is_some() {
            ended_at = Some(Instant::now());
        }
        let over = match (&received, ended_at) {
            (Err(RecvTimeoutError::Disconnected), Some(_)) => true,
            (Err(RecvTimeoutError::Disconnected), None) => {
                std::thread::sleep(step);
                false
            }
            (_, Some(at)) => at.elapsed() > STREAM_GRACE,
            _ => false,
        };
        if over {
            let code = child.wait()?.code();
            return Ok(Ended { code, stopped });
        }
    }
}

/// Sends a signal to the process alone. Whether it was sent.
fn signal(child: &Child, name: &str) -> bool {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).stderr(Stdio::null()).status();
    sent.is_ok_and(|status| status.success())
}

/// Kills the process and its group at once, by its own id.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
}

/// Reads a stream line by line: CR, LF and CRLF each end one; what is not UTF-8 is replaced.
fn read(mut stream: impl Read + Send + 'static, kind: Stream, sender: Sender<(Stream, String)>) {
    std::thread::spawn(move || {
        let mut splitter = Splitter::default();
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            for text in splitter.take(&buffer[..count]) {
                if sender.send((kind, text)).is_err() {
                    return;
                }
            }
        }
        if let Some(text) = splitter.rest() {
            let _ = sender.send((kind, text));
        }
    });
}

/// Cuts bytes into lines.
#[derive(Default)]
pub(super) struct Splitter {
    line: Vec<u8>,
    after_return: bool,
}

impl Splitter {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            let ends = matches!(byte, b'\r' | b'\n');
            if *byte == b'\n' && self.after_return {
                self.after_return = false;
                continue;
            }
            self.after_return = *byte == b'\r';
            if ends {
                lines.push(String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned());
            } else {
                self.line.push(*byte);
            }
        }
        lines
    }

    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.line);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_line_end_ends_a_line() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.take(b"a\r\nb\rc\nd\r"), ["a", "b", "c", "d"]);
        assert_eq!(splitter.take(b"\ne\n\n"), ["e", ""]);
        assert_eq!(splitter.take(b"rest"), Vec::<String>::new());
        assert_eq!(splitter.rest().as_deref(), Some("rest"));
    }
}
