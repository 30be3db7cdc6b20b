//! What every room may import, and what imports none: secrets, GUIDs, the clock, organizations, clients that ask, a run's folder,
//! work that threads share.

pub mod clock;
pub(crate) mod crew;
pub mod dialect;
pub mod environment;
pub mod fingerprint;
pub(crate) mod guid;
pub(crate) mod memory;
pub mod organization;
pub mod paths;
pub(crate) mod run_folder;
pub mod secret;
pub mod variables;
