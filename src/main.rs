//! From arguments to a command, and from its end to an exit code.

use std::process::ExitCode;

use clap::Parser;

use ado_entra_auth::{cli, commands};

fn main() -> ExitCode {
    commands::run(cli::Cli::parse().command)
}
