//! The one door to the environment. A step takes all of it, as `agent::job`; a client's helper, which must answer within
//! milliseconds, looks at single variables.

#![allow(clippy::disallowed_methods, reason = "the one door to the environment")]

use std::ffi::OsString;
use std::path::PathBuf;

/// Every variable, with its value.
pub fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// A variable's value, empty or not. Nothing where it is not set, or holds what is no text.
///
/// The system itself compares names without regard to case on Windows.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What this process was started as, and with which arguments.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// This program's own path, links followed; nothing where the system does not tell.
///
/// Linux tells in `/proc`, which a bare container may lack. There it is the path that the wrapper has started.
pub fn program() -> Option<PathBuf> {
    let started = || std::env::args_os().next().map(PathBuf::from).filter(|path| path.is_absolute());
    std::env::current_exe().ok().or_else(started)
}
