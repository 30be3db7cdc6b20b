//! cargo's words: version 1 of the protocol of its credential providers.
//!
//! The provider speaks first and says which versions it knows; then each line is a request and has a line for an answer, until cargo
//! closes the pipe. Source: The Cargo Book, "Credential Provider Protocol"; the tests hold what cargo 1.95 sends.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::lines::{Line, next_line, say};
use super::{Question, Reply};
use crate::kernel::dialect::Dialect;

/// The argument by which cargo says that it is the one who asks.
pub const PLUGIN_ARGUMENT: &str = "--cargo-plugin";
const VERSION: u64 = 1;

/// What cargo asks, as far as it matters here. A `login` also carries a token, which is not read.
#[derive(Deserialize)]
struct Request {
    v: u64,
    registry: Registry,
    kind: String,
}

#[derive(Deserialize)]
struct Registry {
    #[serde(rename = "index-url")]
    index_url: String,
}

#[derive(Serialize)]
enum Answer<'a> {
    Ok(Credential<'a>),
    Err(Refusal),
}

#[derive(Serialize)]
struct Credential<'a> {
    kind: &'a str,
    /// The whole value of the header `Authorization`.
    token: &'a str,
    cache: &'a str,
    expiration: u64,
    /// The token of one operation serves the others: cargo asks once a registry.
    operation_independent: bool,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Refusal {
    /// cargo asks the next provider.
    UrlNotSupported,
    /// cargo says so, and stops.
    OperationNotSupported,
    /// cargo shows this, and stops.
    Other {
        message: String,
        #[serde(rename = "caused-by")]
        caused_by: Vec<String>,
    },
}

/// Speaks with cargo until it has no more to ask. cargo waits for the first line, so nothing is done before it.
pub fn serve(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    ask: &mut dyn FnMut(&Question) -> Reply,
) -> io::Result<()> {
    say(output, br#"{"v":[1]}"#)?;
    loop {
        match next_line(input)? {
            Line::Text(line) => say(output, &answer(&line, ask))?,
            Line::End => return Ok(()),
            // Where the next request begins is not known any more.
            Line::TooLong => return say(output, &words(&Answer::Err(not_understood("it is longer than 1 MiB")))),
        }
    }
}

/// The answer to one request. Nothing of the request is repeated in it.
fn answer(line: &[u8], ask: &mut dyn FnMut(&Question) -> Reply) -> Zeroizing<Vec<u8>> {
    // However deep the line is nested: what is read has two levels, and serde_json passes over the rest without recursion.
    let Ok(request) = serde_json::from_slice::<Request>(line) else {
        return words(&Answer::Err(not_understood("it is not what version 1 of the protocol has")));
    };
    if request.v != VERSION {
        return words(&Answer::Err(not_understood("it is not of version 1 of the protocol")));
    }
    let question = Question { client: Dialect::Cargo, url: request.registry.index_url };
    match ask(&question) {
        Reply::NotOurs => words(&Answer::Err(Refusal::UrlNotSupported)),
        // Another provider must not be given what is ours, so cargo stops.
        _ if matches!(request.kind.as_str(), "login" | "logout") => words(&Answer::Err(no_login())),
        _ if request.kind != "get" => words(&Answer::Err(Refusal::OperationNotSupported)),
        Reply::Trouble(explanation) => words(&Answer::Err(Refusal::Other {
            message: crate::diagnosis::harmless(&explanation.headline),
            caused_by: vec![crate::diagnosis::harmless(&format!("remedy: {}", explanation.remedy))],
        })),
        Reply::Token(issued) => {
            let header = Zeroizing::new(format!("Bearer {}", issued.token.reveal()));
            words(&Answer::Ok(Credential {
                kind: "get",
                token: &header,
                cache: "expires",
                expiration: issued.expires_at,
                operation_independent: true,
            }))
        }
    }
}

fn no_login() -> Refusal {
    let message = "cargo needs no login for this feed, since AdoEntraAuth@1 hands out its token".to_owned();
    Refusal::Other { message, caused_by: vec!["remedy: leave `cargo login` and `cargo logout` out".to_owned()] }
}

fn not_understood(reason: &str) -> Refusal {
    let message = format!("AdoEntraAuth@1 does not understand cargo's request: {reason}");
    Refusal::Other { message, caused_by: vec!["remedy: use a newer release of AdoEntraAuth@1".to_owned()] }
}

fn words(answer: &Answer<'_>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(answer).unwrap_or_default())
}
