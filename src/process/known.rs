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
