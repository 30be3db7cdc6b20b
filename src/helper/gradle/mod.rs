//! The words in which the init script of a run speaks for Gradle: an address on a line, and a line for the answer.
//!
//! `token TOKEN` is for the repository at that address, `none` says that there is none of ours, `error TEXT` why there is none to give.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};

use zeroize::Zeroizing;

use super::lines::{Line, next_line, say};
use super::{Question, Reply};
use crate::diagnosis::harmless;
use crate::kernel::dialect::Dialect;

/// The argument by which the script says that it is the one who asks.
pub const ARGUMENT: &str = "--gradle";

/// Answers the script until it has no more to ask.
pub fn serve(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    ask: &mut dyn FnMut(&Question) -> Reply,
) -> io::Result<()> {
    while let Line::Text(line) = next_line(input)? {
        say(output, answer(&line, ask).as_bytes())?;
    }
    Ok(())
}

fn answer(line: &[u8], ask: &mut dyn FnMut(&Question) -> Reply) -> Zeroizing<String> {
    let url = std::str::from_utf8(line).unwrap_or_default().trim_end_matches(['\r', '\n']).to_owned();
    Zeroizing::new(match ask(&Question { client: Dialect::Gradle, url }) {
        Reply::Token(issued) => format!("token {}", issued.token.reveal()),
        Reply::NotOurs => "none".to_owned(),
        Reply::Trouble(explanation) => format!("error {}", harmless(&explanation.to_string().replace('\n', "; "))),
    })
}
