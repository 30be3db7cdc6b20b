//! The service whose door the token opens: its organizations, its feeds, and whether it accepts an identity.

pub mod feed;
pub mod first_look;
pub mod probe;
pub mod rights;
mod side_by_side;
pub mod tenant;
