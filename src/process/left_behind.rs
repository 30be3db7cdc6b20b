//! A process that outlives the step which started it, and its end.

#![allow(clippy::disallowed_methods, reason = "this program itself, and the system's own that ends a process")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Process;

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
        #[cfg(windows)]
        windows::detach(&mut command)?;
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

/// The standard input, read past the standard library's buffer, which nobody wipes.
pub fn input() -> io::Result<File> {
    #[cfg(unix)]
    let input = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let input = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(File::from(input))
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
    #[cfg(windows)]
    windows::close_streams();
}

/// Asks a process of this user's to end, or makes it end. `holds` tells whether it is still the one that is meant; it can only where the
/// system tells processes apart.
pub fn end(process: Process, kindly: bool, holds: impl Fn() -> bool) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let signals: &[Signal] = if kindly { &[Signal::TERM, Signal::CONT] } else { &[Signal::KILL] };
        let Some(number) = i32::try_from(process.number).ok().and_then(Pid::from_raw) else { return };
        // Opened first: now its number can become nobody else's. Before Linux 5.3, and on macOS, there is only the number.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let opened = rustix::process::pidfd_open(number, rustix::process::PidfdFlags::empty());
        if process.is_there() && holds() {
            for signal in signals {
                #[cfg(any(target_os = "linux", target_os = "android"))]
                if let Ok(opened) = &opened {
                    let _ = rustix::process::pidfd_send_signal(opened, *signal);
                    continue;
                }
                let _ = kill_process(number, *signal);
            }
        }
    }
    // There is no other way than this one, kindly or not.
    #[cfg(windows)]
    windows::end(process, holds);
    #[cfg(windows)]
    let _ = kindly;
}

#[cfg(windows)]
mod windows {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::windows::process::CommandExt;
    use std::process::Command;

    use filedescriptor::{AsRawFileDescriptor, FileDescriptor, StdioDescriptor};
    use winsafe::{HPROCESS, co};

    use super::Process;

    /// Without a console, and thus without a window and the console's signals (`CreateProcess`, "Process Creation Flags").
    const DETACHED_PROCESS: u32 = 0x8;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

    /// Has a command start a process that holds no stream of ours. What Node starts ends with Node, but not what that starts in turn
    /// (libuv, src/win/process.c: `JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK`).
    pub(super) fn detach(command: &mut Command) -> io::Result<()> {
        command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
        // Whatever of ours is inheritable, a child has, and copies are not. All are made before the first stream is closed: two may be one.
        let copies = [copy(&io::stdin())?, copy(&io::stdout())?, copy(&io::stderr())?];
        let places = [StdioDescriptor::Stdin, StdioDescriptor::Stdout, StdioDescriptor::Stderr];
        copies.iter().zip(places).try_for_each(|(copy, place)| put(copy, place))
    }

    fn copy(stream: &impl AsRawFileDescriptor) -> io::Result<FileDescriptor> {
        FileDescriptor::dup(stream).map_err(|_| io::Error::last_os_error())
    }

    /// Puts a copy of a stream in the place of one of ours, and closes that one.
    fn put(stream: &impl AsRawFileDescriptor, place: StdioDescriptor) -> io::Result<()> {
        FileDescriptor::redirect_stdio(stream, place).map(drop).map_err(|_| io::Error::last_os_error())
    }

    pub(super) fn close_streams() {
        let nothing: io::Result<File> = OpenOptions::new().read(true).write(true).open("NUL");
        if let Ok(nothing) = nothing {
            for place in [StdioDescriptor::Stdin, StdioDescriptor::Stdout, StdioDescriptor::Stderr] {
                let _ = put(&nothing, place);
            }
        }
    }

    pub(super) fn end(process: Process, holds: impl Fn() -> bool) {
        // Opened first: while it is, its number is nobody else's.
        let Ok(opened) = HPROCESS::OpenProcess(co::PROCESS::TERMINATE, false, process.number) else { return };
        if process.is_there() && holds() {
            let _ = opened.TerminateProcess(1);
        }
    }
}
