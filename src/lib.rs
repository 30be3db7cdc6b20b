//! Entra tokens for the tools of an Azure Pipelines job.
//!
//! What flows through the crate, in reading order:
//!
//! ```text
//! the agent's environment ──► job ──► identity ──► access token ─┐
//!                                                                ├──► plan ──► apply ──► later steps ──► undo
//! the workspace ──► tools find their configuration ──► feeds ────┘
//! ```
//!
//! Everything left of [`plan`] finds out, a plan is plain data, everything right of it acts. Only [`commands`] knows both sides.

pub(crate) mod agent;
pub mod apply;
pub(crate) mod azure_devops;
pub mod cli;
pub mod commands;
pub mod diagnosis;
pub mod disk;
pub mod edit;
pub mod helper;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod identity;
pub mod kernel;
pub mod plan;
pub mod process;
pub(crate) mod reach;
pub(crate) mod renewal;
pub(crate) mod survey;
pub mod tools;
