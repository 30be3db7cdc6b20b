//! The whole task against the emulator, with the agent's environment and the real tools.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends there, in its helpers too")]

mod agents;
mod exchange;
mod exchange_refused;
mod exchange_trouble;
mod git;
mod inputs;
mod kills;
mod masking;
mod maven;
mod npm;
mod nuget;
mod peers;
mod steps;
mod support;
mod undo;
mod wrapper;
