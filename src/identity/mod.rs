//! From "who runs" to an access token: get an assertion, exchange it.

pub mod claims;
pub mod entra;
pub mod pipeline;
pub mod secret;
