//! A process that outlives the step which started it, and its end.

#![allow(clippy::disallowed_methods, reason = "this program itself, and the system's own that ends a process")]

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Process;

/// Whether a process may outlive its step here. On Windows one would hold the agent's pipes, for which the agent waits.
pub const MAY_STAY: bool = cfg!(unix);
/// More than it says.
const LONGEST_ANSWER_BYTES: u64 = 4096;

/// A process that waits for what it is to go on with. It ends by itself where nothing comes.
pub struct Waiting(Child);

impl Waiting {
    /// Starts a program that may outlive this process, with these variables and no others.
    ///
    /// It holds no stream of ours, since the agent waits for everybody who does.
    pub fn start(
        program: &Path,
        argument: &str,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(argument).env_clear().envs(variables);
        // A bare container has no null device.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map(Self)
    }

    /// Hands it what it is to go on with.
    pub fn hand_over(mut self, input: &[u8]) -> io::Result<Self> {
        if let Some(mut pipe) = self.0.stdin.take() {
            pipe.write_all(input)?;
        }
        Ok(self)
    }

    /// Leaves it behind. Gives the line that it answers to what it was handed: it waits for nobody before that.
    pub fn leave_behind(mut self) -> io::Result<String> {
        let mut answer = String::new();
        if let Some(output) = self.0.stdout.take() {
            BufReader::new(output.take(LONGEST_ANSWER_BYTES)).read_line(&mut answer)?;
        }
        Ok(answer.trim_end().to_owned())
    }
}

/// Parts this process from the step that started it: a session of its own, and no folder that somebody may want to remove.
pub fn part() -> io::Result<()> {
    #[cfg(unix)]
    rustix::process::setsid()?;
    std::env::set_current_dir("/")
}

/// Lets go of this process's streams, as far as the system has something in their place. Nobody holds the other ends.
pub fn close_streams() {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, open};
        if let Ok(nothing) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
            let _ = rustix::stdio::dup2_stdin(&nothing);
            let _ = rustix::stdio::dup2_stdout(&nothing);
            let _ = rustix::stdio::dup2_stderr(&nothing);
        }
    }
}

/// Asks a process of this user's to end, or makes it end. `holds` tells whether it is still the one that is meant; it can only where the
/// system tells processes apart.
pub fn end(process: Process, kindly: bool, holds: impl Fn() -> bool) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
        let signals: &[Signal] = if kindly { &[Signal::TERM, Signal::CONT] } else { &[Signal::KILL] };
        let Some(number) = i32::try_from(process.number).ok().and_then(Pid::from_raw) else { return };
        // Opened first: now its number can become nobody else's. Before Linux 5.3 there is only the number.
        let opened = pidfd_open(number, PidfdFlags::empty());
        if process.is_there() && holds() {
            for signal in signals {
                let _ = match &opened {
                    Ok(opened) => pidfd_send_signal(opened, *signal),
                    Err(_) => kill_process(number, *signal),
                };
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (process, kindly, holds);
}
