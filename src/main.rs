//! From arguments to a command, and from its end to an exit code.

use std::process::ExitCode;

use clap::Parser;

use ado_entra_auth::{cli, commands};

fn main() -> ExitCode {
    commands::forgo_core_dumps();
    match cli::Cli::try_parse() {
        Ok(cli) => commands::run(cli.command),
        Err(error) => commands::answer(&error),
    }
}
