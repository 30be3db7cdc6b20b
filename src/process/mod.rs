//! This process among others of the same user: what it holds in memory is nobody's to read, it does not outlive its parent, and it may
//! leave another behind that does.

mod known;
mod left_behind;

pub use known::{Process, ancestors, is_at};
pub use left_behind::{Waiting, close_streams, end, input, part};

/// Lets nobody look into this process, and leaves no image of its memory behind where it ends badly: it may hold secrets.
///
/// A limit of size keeps files of memory images away, but not those that the system pipes to a program, as most
/// distributions do (core(5)). Where a process is not dumpable there is neither, and only root can trace it or read what
/// `/proc` knows of it (prctl(2)). What it starts can be looked into as ever.
pub fn seal_off() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Ends this process when its parent is gone, the wrapper that an agent has started: nobody would hear of what it does.
///
/// By a signal that cannot be held up. A kill at any moment is harmless, and the next run puts back what was changed.
pub fn end_with_parent() {
    #[cfg(unix)]
    {
        let parent = rustix::process::getppid();
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        watch(parent);
        // It may have gone in between, and is not missed then.
        if rustix::process::getppid() != parent {
            std::process::exit(1);
        }
    }
}

/// Looks now and then whether the parent is still the same, where no signal tells.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn watch(parent: Option<rustix::process::Pid>) {
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);
    let _ = std::thread::Builder::new().spawn(move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(PAUSE);
        }
        std::process::exit(1);
    });
}
