//! What Azure Pipelines says to the step and hears from it.

pub mod inputs;
pub mod job;
pub mod logging;
