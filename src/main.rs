//! From arguments to a command, and from its end to an exit code.

use std::process::ExitCode;

use clap::Parser;

use ado_entra_auth::helper::start::{self, Start};
use ado_entra_auth::kernel::environment;
use ado_entra_auth::{cli, commands, process};

fn main() -> ExitCode {
    process::seal_off();
    // Before the command line's parser: a client waits for its answer.
    match start::of(&environment::arguments(), environment::program) {
        Start::Client(call) => return start::run(&call),
        Start::Unclear => return start::refuse(),
        Start::CommandLine => {}
    }
    match cli::Cli::try_parse() {
        Ok(cli) => commands::run(cli.command),
        Err(error) => commands::answer(&error),
    }
}
