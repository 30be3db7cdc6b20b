//! One file a command: the only place where finding out, planning and acting meet.

mod check;
#[cfg(feature = "emulator")]
mod demo;
mod dry_run;
mod explain;
mod given;
mod keep;
mod later;
mod post;
mod renew;
mod runs;
mod setup;
mod status;
mod stop;
mod task;
mod token;
mod workspace;

use std::process::ExitCode;

use crate::cli::Command;
use crate::diagnosis::say;
use crate::diagnosis::turns;

/// Runs a command. Exit codes: 0 done, 1 trouble that stands on stderr, 2 wrong arguments. In task mode trouble is said to
/// the agent, and the exit code is 0.
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Task => return task::run(),
        Command::Post => return post::run(),
        Command::Renew => return renew::run(),
        Command::DryRun(arguments) => dry_run::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Setup(arguments) => setup::run(&arguments),
        #[cfg(feature = "emulator")]
        Command::Demo(arguments) => demo::run(&arguments),
        #[cfg(not(feature = "emulator"))]
        Command::Demo(_) => Err(anyhow::anyhow!(
            "this build has no emulator\nremedy: run scripts/demo in a clone of the project, which builds one that has"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            if error.is::<given::WrongArguments>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Says what is wrong with the arguments, or gives the help or version that they ask for.
///
/// An argument may be a text from a log, and an agent may read what is said of it: so it says no commands.
pub fn answer(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        say(&text);
        ExitCode::from(2)
    } else {
        print(&text);
        ExitCode::SUCCESS
    }
}

/// Says an error on stderr.
fn complain(text: &str) {
    say(&format!("error: {text}"));
}

/// Says a warning on stderr.
fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// A document for programs. Texts in it come from elsewhere: they command no agent and no terminal.
fn json(value: &serde_json::Value) -> String {
    use std::fmt::Write;
    let mut document = String::new();
    for character in format!("{value:#}\n").chars() {
        let is_plain = character == '\n' || !(character == '#' || character.is_control() || turns(character));
        if is_plain {
            document.push(character);
        } else {
            let _ = write!(document, "\\u{:04x}", u32::from(character));
        }
    }
    document
}

/// Prints to stdout outside task mode. A reader that is gone is no trouble.
#[allow(clippy::disallowed_methods, reason = "the door to stdout for what a command prints")]
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
