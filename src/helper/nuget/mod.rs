//! NuGet's words: version 2.0.0 of the protocol of its plugins.
//!
//! Each line is a message. Both sides ask and answer, and tell by an id which answer is for which question; the plugin asks for a
//! handshake as the client does, and may have it log a text. Whether a source is ours is decided for each address, so to NuGet
//! this plugin says of none that it serves it: that it knows credentials is all that it claims.
//! Source: <https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins>; the tests hold what NuGet 5.4 sends.

pub mod provider;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::lines::{Line, next_line, say};
use super::{Question, Reply};
use crate::diagnosis::{Explain, Explanation, harmless};
use crate::kernel::dialect::{Dialect, USER_NAME};
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// The argument by which NuGet says that it is the one who asks.
pub const PLUGIN_ARGUMENT: &str = "-Plugin";
const VERSION: &str = "2.0.0";
const LONGEST_WORD_BYTES: usize = 64;

/// What a message is, without its payload.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    request_id: String,
    #[serde(rename = "Type")]
    kind: String,
    method: String,
}

/// What NuGet asks, as far as it matters here. `SetCredentials` also carries passwords, which are not read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    payload: Option<Asked>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    protocol_version: Option<String>,
    minimum_protocol_version: Option<String>,
    package_source_repository: Option<IgnoredAny>,
    service_index: Option<IgnoredAny>,
    uri: Option<String>,
    is_retry: Option<bool>,
}

/// What this plugin says.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Said<'a> {
    request_id: &'a str,
    #[serde(rename = "Type")]
    kind: &'a str,
    method: &'a str,
    payload: Payload<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_protocol_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a [&'a str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_types: Option<&'a [&'a str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// A token that NuGet has tried in vain.
#[derive(Debug, thiserror::Error)]
#[error("Azure DevOps refuses the access token for {0}")]
pub struct Refused(pub Organization);

impl Explain for Refused {
    fn remedy(&self) -> String {
        "give the identity of the step AdoEntraAuth@1 the right to use the feed".to_owned()
    }
}

/// Speaks with NuGet until it has no more to ask. It waits some seconds for the first line, so nothing is done before it.
///
/// NuGet gives up a plugin that ends, so this ends where it cannot tell whom to answer. It also ends with NuGet itself, which holds the
/// other end of `input`.
pub fn serve(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    ask: &mut dyn FnMut(&Question) -> Reply,
) -> io::Result<()> {
    let mut plugin = Plugin { output, asked: 0, given: BTreeMap::new() };
    let versions =
        Payload { protocol_version: Some(VERSION), minimum_protocol_version: Some(VERSION), ..Payload::default() };
    plugin.request("Handshake", versions)?;
    while let Line::Text(line) = next_line(input)? {
        // What .NET may put before the first.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let Ok(message) = serde_json::from_slice::<Message>(line) else { break };
        if !is_word(&message.request_id) || !is_word(&message.method) {
            break;
        }
        match (message.kind.as_str(), message.method.as_str()) {
            ("Request", "Close") => break,
            ("Request", _) => plugin.answer(&message, line, ask)?,
            // Answers to what this has asked, and questions that are not to be answered any more.
            _ => {}
        }
    }
    Ok(())
}

/// Whether a text may be repeated: ids and names of methods, and nothing that means more.
fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// One side of a conversation.
struct Plugin<'o> {
    output: &'o mut dyn Write,
    /// How many questions this has asked.
    asked: u64,
    /// What NuGet has been given, by organization.
    given: BTreeMap<String, AccessToken>,
}

impl Plugin<'_> {
    fn say(&mut self, request_id: &str, kind: &str, method: &str, payload: Payload<'_>) -> io::Result<()> {
        let line = serde_json::to_vec(&Said { request_id, kind, method, payload }).map(Zeroizing::new)?;
        say(self.output, &line)
    }

    fn request(&mut self, method: &str, payload: Payload<'_>) -> io::Result<()> {
        self.asked += 1;
        let id = format!("00000000-0000-0000-0000-{:012}", self.asked);
        self.say(&id, "Request", method, payload)
    }

    fn answer(&mut self, to: &Message, line: &[u8], ask: &mut dyn FnMut(&Question) -> Reply) -> io::Result<()> {
        let coded = |code| Payload { response_code: Some(code), ..Payload::default() };
        // However deep the line is nested: what is read has two levels, and serde_json passes over the rest without recursion.
        let asked = serde_json::from_slice::<Request>(line).map(|request| request.payload.unwrap_or_default());
        let payload = match (to.method.as_str(), asked) {
            ("Handshake", Ok(asked)) if asked.knows_our_version() => {
                Payload { protocol_version: Some(VERSION), ..coded("Success") }
            }
            ("Handshake", _) => coded("Error"),
            ("Initialize" | "MonitorNuGetProcessExit" | "SetCredentials" | "SetLogLevel", _) => coded("Success"),
            ("GetOperationClaims", Ok(asked)) => {
                let of_a_source = asked.package_source_repository.is_some() || asked.service_index.is_some();
                let claims: &[&str] = if of_a_source { &[] } else { &["Authentication"] };
                Payload { claims: Some(claims), ..Payload::default() }
            }
            ("GetAuthenticationCredentials", Ok(asked)) => return self.give(to, asked, ask),
            _ => {
                let message = Some("AdoEntraAuth@1 does not understand this request");
                return self.say(&to.request_id, "Fault", &to.method, Payload { message, ..Payload::default() });
            }
        };
        self.say(&to.request_id, "Response", &to.method, payload)
    }

    /// Answers for an address. NuGet asks again with `IsRetry` where the address was refused with what NuGet had, which may be what this has
    /// given for another organization of the same host.
    fn give(&mut self, to: &Message, asked: Asked, ask: &mut dyn FnMut(&Question) -> Reply) -> io::Result<()> {
        let question = Question { client: Dialect::NuGet, url: asked.uri.unwrap_or_default() };
        let trouble = match ask(&question) {
            Reply::NotOurs => None,
            Reply::Trouble(explanation) => Some(explanation),
            Reply::Token(issued) => {
                let token = issued.token.reveal();
                let given = self.given.get(issued.organization.name());
                if asked.is_retry == Some(true) && given.is_some_and(|given| given.reveal() == token) {
                    Some(Explanation::of(&Refused(issued.organization)))
                } else {
                    let payload = Payload {
                        response_code: Some("Success"),
                        username: Some(USER_NAME),
                        password: Some(token),
                        authentication_types: Some(&["basic"]),
                        ..Payload::default()
                    };
                    self.say(&to.request_id, "Response", &to.method, payload)?;
                    self.given.insert(issued.organization.name().to_owned(), issued.token);
                    return Ok(());
                }
            }
        };
        let message = trouble.map(|told| harmless(&format!("{} (remedy: {})", told.headline, told.remedy)));
        if let Some(message) = message.as_deref() {
            // NuGet shows no message of an answer.
            let log = Payload { log_level: Some("Warning"), message: Some(message), ..Payload::default() };
            self.request("Log", log)?;
        }
        // Either way NuGet goes on to others. With `NotFound` it would tell the user to run it interactively (measured with NuGet 5.4).
        let payload = Payload { response_code: Some("Error"), message: message.as_deref(), ..Payload::default() };
        self.say(&to.request_id, "Response", &to.method, payload)
    }
}

impl Asked {
    fn knows_our_version(&self) -> bool {
        let numbers =
            |version: Option<&str>| -> Option<Vec<u64>> { version?.split('.').map(|part| part.parse().ok()).collect() };
        let ours = numbers(Some(VERSION));
        let (least, most) =
            (numbers(self.minimum_protocol_version.as_deref()), numbers(self.protocol_version.as_deref()));
        least.is_some() && least <= ours && ours <= most
    }
}
