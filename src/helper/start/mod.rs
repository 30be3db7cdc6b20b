//! From the way a client starts this program to the answer: by the program's own name, or by `credential DIALECT FOLDER`.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use zeroize::Zeroizing;

use super::git::Outcome;
use super::{Question, RefusedAgain, Reply, cargo, git, gradle, keyring, met, nuget, others, reply, vault};
use crate::diagnosis::Explanation;
use crate::diagnosis::causes::clients;
use crate::diagnosis::say;
use crate::disk;
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::kernel::{environment, run_folder};

/// The subcommand by which a client's configuration starts this program.
const SUBCOMMAND: &str = "credential";

/// A client's call.
#[derive(Debug, Eq, PartialEq)]
pub struct Call {
    dialect: Dialect,
    /// The folder of the run that the client's configuration belongs to.
    folder: PathBuf,
    /// What the client itself adds.
    arguments: Vec<OsString>,
}

/// How this program was started.
#[derive(Debug, Eq, PartialEq)]
pub enum Start {
    /// By a client that asks for a credential.
    Client(Call),
    /// Like that, in a form that no configuration of ours has.
    Unclear,
    /// By somebody else.
    CommandLine,
}

/// How this program was started, which its arguments tell, the program's own name first among them. `program` is its own path.
pub fn of(arguments: &[OsString], program: impl FnOnce() -> Option<PathBuf>) -> Start {
    let Some((name, rest)) = arguments.split_first() else { return Start::CommandLine };
    if let Some(dialect) = Dialect::of_program(name) {
        let folder =
            own_path(dialect, Path::new(name), program).and_then(|path| Some(path.parent()?.parent()?.to_path_buf()));
        let call = |folder| Call { dialect, folder, arguments: rest.to_vec() };
        return folder.map_or(Start::Unclear, |folder| Start::Client(call(folder)));
    }
    let [first, rest @ ..] = rest else { return Start::CommandLine };
    if first != SUBCOMMAND {
        return Start::CommandLine;
    }
    let [name, rest @ ..] = rest else { return Start::Unclear };
    match (name.to_str().and_then(Dialect::of_name), rest) {
        (Some(dialect), [folder, arguments @ ..]) => {
            Start::Client(Call { dialect, folder: folder.into(), arguments: arguments.to_vec() })
        }
        _ => Start::Unclear,
    }
}

/// The path below the run's folder under which the client started this program: the program's own, or, where that is a link to it, as the
/// client wrote it.
fn own_path(dialect: Dialect, name: &Path, program: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    let is_named = |path: &PathBuf| Dialect::of_program(path.as_os_str()) == Some(dialect);
    program().filter(is_named).or_else(|| name.is_absolute().then(|| name.to_path_buf()))
}

/// Answers a client. git and cargo go by what they read, Python's clients by the exit code too.
pub fn run(call: &Call) -> ExitCode {
    let answered = match call.dialect {
        Dialect::Git => answer_git(call),
        Dialect::Cargo => answer_lines(call, cargo::PLUGIN_ARGUMENT, cargo::serve),
        Dialect::NuGet if nuget::provider::is_call(&call.arguments) => return answer_provider(call),
        Dialect::NuGet => answer_lines(call, nuget::PLUGIN_ARGUMENT, nuget::serve),
        Dialect::Gradle => answer_lines(call, gradle::ARGUMENT, gradle::serve),
        // The command line asks by itself, once the agent hides the answer.
        Dialect::Script => Ok(()),
        Dialect::Pip | Dialect::Uv | Dialect::Poetry | Dialect::Twine => return answer_keyring(call),
    };
    // A client that is gone is no trouble.
    answered.map_or(ExitCode::SUCCESS, |()| ExitCode::SUCCESS)
}

/// Says that the program was started in a form that no client uses.
pub fn refuse() -> ExitCode {
    complain("a client starts this with a run's folder, not a user\nremedy: see `ado-entra-auth --help`");
    ExitCode::from(2)
}

fn answer_git(call: &Call) -> io::Result<()> {
    let operation = call.arguments.first().and_then(|operation| operation.to_str()).unwrap_or_default();
    let mut input = Zeroizing::new(Vec::new());
    io::stdin().take(git::LARGEST_REQUEST_BYTES).read_to_end(&mut input)?;
    match git::answer(operation, &input, &mut |question| ask_for_git(call, operation, &input, question)) {
        Outcome::Answer(answer) => answers().write_all(answer.as_bytes()),
        Outcome::Silence => Ok(()),
        Outcome::NotOurs => match others::pass_on(operation, &input, &environment::variable) {
            Some(answer) => answers().write_all(&answer),
            None => Ok(()),
        },
        Outcome::Trouble(explanation) => {
            complain(&explanation.to_string());
            Ok(())
        }
    }
}

type Serve = fn(&mut dyn BufRead, &mut dyn Write, &mut dyn FnMut(&Question) -> Reply) -> io::Result<()>;

/// Speaks with a client that says by an argument that it is the one who asks.
fn answer_lines(call: &Call, argument: &str, serve: Serve) -> io::Result<()> {
    if !call.arguments.iter().any(|given| given == argument) {
        complain(&format!("{} starts this, not a user", call.dialect.name()));
        return Ok(());
    }
    let mut answer = asked_first(call);
    serve(&mut io::stdin().lock(), &mut answers().lock(), &mut answer)
}

/// Answers one question, for clients that know no plugins.
fn answer_provider(call: &Call) -> ExitCode {
    let mut ask = asked_first(call);
    let answer = nuget::provider::answer(&call.arguments, &mut |question, is_retry| match ask(question) {
        Reply::Token(issued) if is_retry && is_one_refusal_too_many(call, &issued.organization) => {
            Reply::Trouble(Explanation::of(&nuget::Refused(issued.organization)))
        }
        reply => reply,
    });
    if let Some(trouble) = &answer.trouble {
        complain(&trouble.to_string());
        std::thread::sleep(nuget::provider::UNTIL_READ);
    }
    if answers().write_all(answer.text.as_bytes()).is_ok() { ExitCode::from(answer.code) } else { ExitCode::FAILURE }
}

/// Notes one more refusal. Whether there were several in a row: the first may be of an older token, or of another organization's.
fn is_one_refusal_too_many(call: &Call, organization: &Organization) -> bool {
    met::note_refusal(&call.folder, call.dialect, organization);
    met::is_refused_again(&call.folder, call.dialect, organization)
}

/// Asks, unless a later run is to answer: NuGet asks all that it finds, and an earlier step's identity does not answer where that of
/// a later one was refused.
fn asked_first(call: &Call) -> impl FnMut(&Question) -> Reply {
    let is_ours = call.dialect != Dialect::NuGet || is_first(call, &environment::variable("PATH").unwrap_or_default());
    move |question| if is_ours { ask(call, question) } else { Reply::NotOurs }
}

/// Whether no later run's program lies before this one on PATH.
fn is_first(call: &Call, path: &str) -> bool {
    // Of NuGet's, that on PATH is always there.
    let Some(program) = call.dialect.programs().first() else { return true };
    let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let run_of = |folder: PathBuf| {
        let is_there = disk::exists(&folder.join(&program));
        // By the name only: the same folder may have several paths.
        run_folder::name_of(folder.parent()?).filter(|_| is_there).map(str::to_owned)
    };
    let first = std::env::split_paths(path).find_map(run_of);
    first.is_none_or(|first| run_folder::name_of(&call.folder) == Some(first.as_str()))
}

fn answer_keyring(call: &Call) -> ExitCode {
    let answered = keyring::answer(&call.arguments, &environment::variable, &mut |question| ask(call, question));
    let is_written = match answered {
        keyring::Outcome::Answer(answer) => answers().write_all(answer.as_bytes()).is_ok(),
        keyring::Outcome::Silence => true,
        keyring::Outcome::NotOurs => {
            let others = others::start_keyring(&call.arguments, &environment::variable);
            return others.unwrap_or(ExitCode::FAILURE);
        }
        keyring::Outcome::Trouble(explanation) => {
            complain(&explanation.to_string());
            false
        }
    };
    if is_written { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where the client reads its answer.
#[allow(clippy::disallowed_methods, reason = "the door to stdout for what a client reads")]
fn answers() -> io::Stdout {
    io::stdout()
}

fn ask(call: &Call, question: &Question) -> Reply {
    let vault = vault::open(&call.folder, &environment::variable);
    let reply = reply(question, &vault);
    // Only what opens is the folder of a run.
    if vault.is_ok() {
        met::note_question(&call.folder, call.dialect);
        if let Some(cause) = met::cause(question, &reply) {
            met::note(&call.folder, call.dialect, cause);
        }
    }
    reply
}

/// git asks every helper to erase what a server has refused, whoever gave it. git-lfs asks again then, for as long as it is answered (measured with 3.3).
fn ask_for_git(call: &Call, operation: &str, input: &[u8], question: &Question) -> Reply {
    let reply = ask(call, question);
    let Reply::Token(issued) = &reply else { return reply };
    if operation == "erase" {
        if !git::shows(input, issued.token.reveal()) {
            return reply;
        }
        met::note(&call.folder, call.dialect, &clients::GIT_REFUSED);
        met::note_refusal(&call.folder, call.dialect, &issued.organization);
    } else if met::is_refused_again(&call.folder, call.dialect, &issued.organization) {
        return Reply::Trouble(Explanation::of(&RefusedAgain(issued.organization.clone())));
    }
    reply
}

fn complain(text: &str) {
    say(&format!("error: {text}"));
}
