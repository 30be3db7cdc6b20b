//! What every room may import, and what imports none: secrets, GUIDs, the clock, organizations.

pub mod clock;
pub mod guid;
pub mod organization;
pub mod secret;
