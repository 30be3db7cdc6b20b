//! A small agent of Azure Pipelines: gives a task its environment, reads what it prints, applies it, runs later steps, checks
//! out repositories, and cleans up.
//!
//! In reading order: [`options`] (what a job is made of), [`job`] (a running job), `step` (a task's handler), `script` (a
//! script step), `checkout` (the agent's own git), `environment` (names and values), [`variables`], `commands` (the grammar of
//! `##vso`), [`masking`], `clients` (what a company's machine gives its tools so that they get through the proxy), `process`
//! (starting and ending programs).
//!
//! The rules are those of the agent's sources (microsoft/azure-pipelines-agent at 42bde98).

mod checkout;
mod clients;
pub mod commands;
mod environment;
pub mod job;
pub mod masking;
pub mod options;
mod orphans;
mod process;
mod script;
mod step;
pub mod variables;

pub use environment::variable_name;
pub use job::Job;
pub use options::{CollectionForm, JobOptions, KillWhen, TaskStep};
pub use script::ScriptOutcome;
pub use step::{StepOutcome, StepResult};
pub use variables::Variable;
