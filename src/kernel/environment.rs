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

/// What a process of this program needs of the environment that is left behind: by what the agent's own clean-up finds it, the machine's
/// own proxy and authorities, and what Windows' own libraries ask for.
pub fn for_left_behind() -> impl Iterator<Item = (OsString, OsString)> {
    const NEEDED: [&str; 8] = [
        "VSTS_PROCESS_LOOKUP_ID",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SYSTEMROOT",
    ];
    all().filter(|(name, _)| name.to_str().is_some_and(|name| NEEDED.iter().any(|own| own.eq_ignore_ascii_case(name))))
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
