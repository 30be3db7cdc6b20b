//! The parts of this room that each system does in its own way: one interface, a file a system.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other_systems;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(not(target_os = "linux"))]
pub use other_systems::*;
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// What a link does to [`open_without_waiting`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Links {
    /// The file behind it is opened.
    Followed,
    /// Opening fails.
    Refused,
}
