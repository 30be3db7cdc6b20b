//! From an error to what the user reads: what is wrong, what stands against what, what to do.

pub mod causes;

use std::fmt;
use std::io::Write;

use causes::Cause;

/// An error that knows its remedy.
pub trait Explain: std::error::Error {
    /// What helps to see why: a name and a value each. Never a secret.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What the user can do.
    fn remedy(&self) -> String;

    /// The row of the table of causes, for who wants to read on.
    fn cause(&self) -> Option<&'static Cause> {
        None
    }
}

/// An error as it is shown. The first line stands alone, then come the facts, the remedy, and the name to look up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// What is wrong, in a sentence.
    pub headline: String,
    /// What helps to see why.
    pub facts: Vec<(&'static str, String)>,
    /// What to do.
    pub remedy: String,
    /// Where to read on.
    pub cause: Option<&'static Cause>,
}

impl Explanation {
    /// The explanation of an error.
    pub fn of(error: &dyn Explain) -> Self {
        Self { headline: error.to_string(), facts: error.facts(), remedy: error.remedy(), cause: Explain::cause(error) }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", harmless(&self.headline))?;
        for (name, value) in &self.facts {
            write!(f, "\n  {name:<9} {}", harmless(value))?;
        }
        write!(f, "\nremedy: {}", harmless(&self.remedy))?;
        match self.cause {
            Some(cause) => write!(f, "\ntroubleshooting: {}", cause.name),
            None => Ok(()),
        }
    }
}

/// Whether a character turns the direction of writing or parts lines, so that it could show a text as another.
pub fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A text from outside as one line that commands nothing: no control characters, no `##vso[` and no `##[`.
///
/// The agent obeys `##vso[` anywhere in a line and in any case of letters, and itself writes `**vso` in its place
/// (microsoft/azure-pipelines-agent, Agent.Sdk/Util/StringUtil.cs).
pub fn harmless(text: &str) -> String {
    let blank = |c: char| if c.is_control() || turns(c) { ' ' } else { c };
    let line: String = text.chars().map(blank).collect();
    line.replace("##", "**")
}

/// Says a text on stderr, line by line. The agent reads stderr for commands as it reads stdout, so each line commands nothing. A
/// reader that is gone is no trouble.
#[allow(clippy::disallowed_methods, reason = "the door to stderr for what people read")]
pub fn say(text: &str) {
    let lines: String = text.lines().flat_map(|line| [harmless(line), "\n".to_owned()]).collect();
    let _ = std::io::stderr().write_all(lines.as_bytes());
}

/// An id of a service, which is short unless somebody else wrote it.
pub fn shortened(id: &str) -> String {
    harmless(id).chars().take(100).collect()
}

/// The first sentence of a service's text, at most 300 characters.
pub fn first_sentence(text: &str) -> String {
    let line = harmless(text);
    let line = ["Trace ID:", "Correlation ID:", "Timestamp:"]
        .iter()
        .filter_map(|marker| line.find(marker))
        .min()
        .map_or(line.as_str(), |end| &line[..end]);
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line[..end].trim().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_command_nothing() {
        for text in ["##vso[task.complete]", "a\r\n##VSO[x.y]z", "####vso[a.b]", "##[error]x", "\u{85}##vso[a.b]"] {
            let shown = harmless(text);
            assert!(!shown.contains("##") && !shown.contains(['\r', '\n', '\u{85}']), "{shown}");
        }
    }

    #[test]
    fn a_sentence_is_enough() {
        let text = "AADSTS700213: No matching federated identity record found. Check it.\r\nTrace ID: x";
        assert_eq!(first_sentence(text), "AADSTS700213: No matching federated identity record found.");
        assert_eq!(first_sentence("AADSTS1: text Trace ID: x"), "AADSTS1: text");
    }
}
