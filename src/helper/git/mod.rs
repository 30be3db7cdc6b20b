//! git's words, in the protocol of its credential helpers.
//!
//! Source: git's documentation of git-credential, "Input/output format".

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use super::vault::Issued;
use super::{Question, Reply};
use crate::diagnosis::Explanation;
use crate::kernel::dialect::{Dialect, USER_NAME};

/// What git may say at most; it says a few hundred bytes.
pub const LARGEST_REQUEST_BYTES: u64 = 1024 * 1024;
/// git's own limit for a line.
const LONGEST_LINE_BYTES: usize = 65_535;

/// A request of git's, as far as it matters here.
#[derive(Debug, Default, PartialEq)]
struct GitRequest {
    protocol: String,
    host: String,
    path: String,
    takes_bearer: bool,
}

/// What follows from a request.
pub enum Outcome {
    /// The answer for git.
    Answer(Zeroizing<String>),
    /// Nothing is said, and nobody else is asked.
    Silence,
    /// The user's own helpers are to answer.
    NotOurs,
    /// The user is told why there is no token.
    Trouble(Explanation),
}

/// Answers `operation`, the word that git adds to a helper's arguments.
pub fn answer(operation: &str, input: &[u8], ask: &mut dyn FnMut(&Question) -> Reply) -> Outcome {
    let Some(request) = parse(input) else { return Outcome::Silence };
    let Some(question) = request.question() else { return Outcome::NotOurs };
    match (ask(&question), operation) {
        (Reply::NotOurs, _) => Outcome::NotOurs,
        (Reply::Token(issued), "get") => Outcome::Answer(words(&issued, request.takes_bearer)),
        (Reply::Trouble(explanation), "get") => Outcome::Trouble(explanation),
        // The token lives in the job only: there is nothing to store, and a refusal of it changes nothing.
        (Reply::Token(_) | Reply::Trouble(_), _) => Outcome::Silence,
    }
}

fn words(issued: &Issued, takes_bearer: bool) -> Zeroizing<String> {
    let (token, expiry) = (issued.token.reveal(), issued.expires_at);
    Zeroizing::new(if takes_bearer {
        format!(
            "capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\npassword_expiry_utc={expiry}\nquit=1\n"
        )
    } else {
        format!("username={USER_NAME}\npassword={token}\npassword_expiry_utc={expiry}\nquit=1\n")
    })
}

impl GitRequest {
    /// The question, where the protocol is https and the host nothing but a name and perhaps a port: git undoes percent escapes, and a
    /// URL that is put together from other texts could name another host. Nor may a path climb, also behind a `?` or `#`: where the URL
    /// had an escape for it, git goes to where the path leads to (measured with git 2).
    fn question(&self) -> Option<Question> {
        let (name, port) = self.host.split_once(':').unwrap_or((&self.host, ""));
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        // git passes the port on where the URL names it, the default one too.
        let is_plain = is_name && matches!(port, "" | "443") && !self.host.ends_with(':');
        let climbs = self.path.split('/').any(|part| matches!(part, "." | ".."));
        (is_plain && !climbs && self.protocol.eq_ignore_ascii_case("https"))
            .then(|| Question { client: Dialect::Git, url: format!("https://{}/{}", self.host, self.path) })
    }
}

/// Whether git shows this very token, as the credential that a server has refused.
pub fn shows(input: &[u8], token: &str) -> bool {
    let mut lines = input.split(|byte| *byte == b'\n');
    lines.any(|line| {
        ["password=", "credential="].iter().any(|key| line.strip_prefix(key.as_bytes()) == Some(token.as_bytes()))
    })
}

/// Takes a request apart; nothing where it is not beyond doubt.
///
/// Only LF ends a line, so a CR stands in a value and means mischief (CVE-2024-52006), as do a NUL, a key that comes
/// twice, and an absent host (CVE-2020-11008).
fn parse(input: &[u8]) -> Option<GitRequest> {
    let input = std::str::from_utf8(input).ok()?;
    let mut request = GitRequest::default();
    for line in input.split('\n').take_while(|line| !line.is_empty()) {
        if line.len() > LONGEST_LINE_BYTES || line.chars().any(char::is_control) {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let field = match key {
            "protocol" => &mut request.protocol,
            "host" => &mut request.host,
            "path" => &mut request.path,
            "capability[]" => {
                request.takes_bearer = (request.takes_bearer || value == "authtype") && !value.is_empty();
                continue;
            }
            _ => continue,
        };
        if !field.is_empty() || value.is_empty() {
            return None;
        }
        value.clone_into(field);
    }
    (!request.protocol.is_empty() && !request.host.is_empty()).then_some(request)
}
