//! Answers tools that ask for a credential at the time of use.

pub mod git;
mod user_helpers;
