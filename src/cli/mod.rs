//! The command line: clap types and nothing else.

mod setup;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::kernel::organization::Organization;

pub use setup::{IdentityKind, Issuer, Setup, SetupFormat};

/// Entra tokens for the tools of an Azure Pipelines job, without personal access tokens.
#[derive(Debug, Parser)]
#[command(name = "ado-entra-auth", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a run of the task would write here, file by file and variable by variable: no network, nothing written
    DryRun(DryRun),
    /// Say what an error of Entra, Azure DevOps or a managed identity means, and what to do
    Explain(Explain),
    /// Play a whole job on this machine against an emulated Azure: task, later steps with real tools, clean-up
    Demo(Demo),
    /// Print an access token: the job's own in a later step, else that of the identity in the inputs
    Token(Token),
    /// Say what the steps of this job have set up, in a later step: identities, organizations, tools and their feeds
    Status(Later),
    /// Ask each feed and organization that this job serves whether it lets the identity in, in a later step
    Check(Later),
    /// Work out what to create in Entra and Azure DevOps, as a page to follow or a ready snippet: no network
    Setup(Box<Setup>),
    /// The step itself; the agent starts it through index.js
    #[command(hide = true)]
    Task,
    /// The step's post-job part; the agent starts it through post.js
    #[command(hide = true)]
    Post,
    /// Renews what a step has set up, for as long as the job runs; the step leaves it behind
    #[command(hide = true)]
    Renew,
}

/// Arguments of `dry-run`.
#[derive(Debug, clap::Args)]
pub struct DryRun {
    /// The folder whose configuration is read [default: the current folder, or what the agent says]
    #[arg(long, value_name = "DIR")]
    pub working_directory: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become the command's own help")]
    pub inputs: Inputs,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Inputs of the task.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// An input of the task, as the pipeline would give it; may be repeated
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub inputs: Vec<String>,
    /// An input whose value is read from a file, `-` for standard input: for secrets
    #[arg(long = "input-file", value_name = "NAME=FILE")]
    pub input_files: Vec<String>,
}

/// Arguments of `token`.
#[derive(Debug, clap::Args)]
pub struct Token {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become the command's own help")]
    pub inputs: Inputs,
    /// In a later step of a job: for which organization, where the job has tokens for several
    #[arg(long, value_name = "NAME", value_parser = Organization::parse, conflicts_with_all = ["inputs", "input_files"])]
    pub organization: Option<Organization>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write it into this file, which only you can read, in place of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `status` and `check`.
#[derive(Debug, clap::Args)]
pub struct Later {
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// A code, the text of an error, or files: logs, or the zip of a run's logs; '-', or nothing behind a pipe, reads stdin
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print every known cause: what TROUBLESHOOTING.md holds
    #[arg(long, hide = true, conflicts_with = "text")]
    pub list: bool,
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// A staged task folder whose index.js and post.js to run with node, as the agent does
    #[arg(long, value_name = "DIR")]
    pub task: Option<PathBuf>,
    /// Show every request, variable and file, and the words of each tool
    #[arg(long)]
    pub verbose: bool,
}

/// A form of output.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}
