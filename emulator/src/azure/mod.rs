//! Azure DevOps itself: addresses, callers, refusals, and the parts of its REST interface that a probe asks.

pub(crate) mod access;
pub(crate) mod connection_data;
pub(crate) mod errors;
pub(crate) mod feeds;
pub(crate) mod hosts;
pub(crate) mod organization;
pub(crate) mod place;
pub(crate) mod profile;
pub(crate) mod projects;
pub(crate) mod repositories;
pub(crate) mod sign_in;
