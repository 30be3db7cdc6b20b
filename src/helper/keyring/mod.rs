//! The words of the program `keyring`, as Python's clients use it.
//!
//! `get SERVICE USER` prints the password (pip 23.1 to 26.1, uv), `--mode=creds --output=json get SERVICE [USER]` prints user name and
//! password as JSON (pip 26.2), `get SERVICE --mode creds` prints both on a line each (uv). Who finds nothing prints nothing and exits
//! with 1 (measured with pip 23.2 to 26.3 and uv 0.13).

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use zeroize::Zeroizing;

use super::others::ASKED_AGAIN;
use super::vault::Issued;
use super::{Question, Reply};
use crate::diagnosis::Explanation;
use crate::kernel::dialect::{Dialect, USER_NAME};

/// What follows from a call.
pub enum Outcome {
    /// What the client reads.
    Answer(Zeroizing<String>),
    /// Done, with nothing to say.
    Silence,
    /// The user's own keyring is to answer.
    NotOurs,
    /// The user is told why there is no token.
    Trouble(Explanation),
}

/// A call, as far as it matters here.
#[derive(Debug, Default, PartialEq)]
struct Call<'a> {
    operation: &'a str,
    service: &'a str,
    has_user: bool,
    with_user_name: bool,
    as_json: bool,
}

/// Who asks, the one for whom a call speaks first: each step of a job answers the clients that it has set up.
///
/// Our module names the client that has imported it. Only uv asks for credentials behind the address, and only pip sets the encoding of
/// what it reads, to these letters. Where a job sets them for all, uv is taken for pip.
fn askers(call: &Call<'_>, variable: &dyn Fn(&str) -> Option<String>) -> impl Iterator<Item = Dialect> {
    let named = variable(ASKED_AGAIN).and_then(|name| Dialect::PYTHON.into_iter().find(|one| one.name() == name));
    let is_uv = !call.as_json && (call.with_user_name || variable("PYTHONIOENCODING").is_none_or(|set| set != "utf-8"));
    let first = named.unwrap_or(if is_uv { Dialect::Uv } else { Dialect::Pip });
    std::iter::once(first).chain(Dialect::PYTHON.into_iter().filter(move |other| *other != first))
}

/// Answers a call of the program with these arguments. `variable` looks into the environment.
pub fn answer(
    arguments: &[OsString],
    variable: &dyn Fn(&str) -> Option<String>,
    ask: &mut dyn FnMut(&Question) -> Reply,
) -> Outcome {
    let arguments: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let Some(call) = arguments.as_deref().and_then(parse) else { return Outcome::NotOurs };
    // pip and uv ask for the bare host as well, over http too: that is no address of a feed.
    let mut replies = askers(&call, variable).map(|client| ask(&Question { client, url: call.service.to_owned() }));
    let reply = replies.find(|reply| !matches!(reply, Reply::NotOurs)).unwrap_or(Reply::NotOurs);
    match (reply, call.operation) {
        (Reply::NotOurs, _) => Outcome::NotOurs,
        (Reply::Token(issued), "get") => Outcome::Answer(words(&issued, &call)),
        (Reply::Trouble(explanation), "get") => Outcome::Trouble(explanation),
        // The token lives in the job only: there is nothing to store, and a refusal of it changes nothing.
        (Reply::Token(_) | Reply::Trouble(_), _) => Outcome::Silence,
    }
}

fn words(issued: &Issued, call: &Call<'_>) -> Zeroizing<String> {
    let token = issued.token.reveal();
    Zeroizing::new(match (call.as_json, call.with_user_name) {
        // A token holds nothing that JSON would escape.
        (true, _) => format!("{{\"username\": \"{USER_NAME}\", \"password\": \"{token}\"}}\n"),
        (false, true) => format!("{USER_NAME}\n{token}\n"),
        (false, false) => format!("{token}\n"),
    })
}

/// Takes a call apart; nothing where the program would do anything else than look up, store or erase.
fn parse<'a>(arguments: &[&'a str]) -> Option<Call<'a>> {
    let mut call = Call::default();
    let mut words = Vec::new();
    let mut arguments = arguments.iter().copied();
    while let Some(argument) = arguments.next() {
        let Some(option) = argument.strip_prefix("--") else {
            // Among them a `-` that begins another option.
            if argument.starts_with('-') {
                return None;
            }
            words.push(argument);
            continue;
        };
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = if option.contains('=') { value } else { arguments.next()? };
        match (name, value) {
            ("mode", "creds") => call.with_user_name = true,
            ("output", "json") => call.as_json = true,
            ("mode", "password") | ("output", "plain") => {}
            _ => return None,
        }
    }
    match words.as_slice() {
        ["get", service] => (call.operation, call.service) = ("get", service),
        [operation @ ("get" | "set" | "del"), service, _] => {
            (call.operation, call.service, call.has_user) = (operation, service, true);
        }
        _ => return None,
    }
    // Without a user name the program looks up credentials only.
    (call.has_user || call.with_user_name).then_some(call)
}
