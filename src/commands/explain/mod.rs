//! Says what an error means, why it happens, what to do and who can do it, from the table of causes: no network, nothing written.

mod facts;
mod inflate;
mod page;
mod paste;
mod show;
mod sources;
#[cfg(test)]
mod tests;
mod zip;

use std::io::{self, IsTerminal};

use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::json;

use super::print;
use crate::cli::{Cli, Explain, Format};
use crate::diagnosis::Explanation;
use crate::diagnosis::causes::{self, Cause, Evidence, Mention, Named, Owner, Place, Stranger};
use facts::Fact;
use sources::Lines;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;
/// How many further causes are named.
const MOST_OTHERS: usize = 8;

/// What is known of a text; what stands in it from outside is harmless already.
struct Answer {
    /// The cause's name, or the code that is in no row.
    name: String,
    headline: String,
    meaning: String,
    remedy: String,
    cause: Option<&'static Cause>,
    speaker: Speaker,
    is_guess: bool,
    place: Option<Place>,
    facts: Vec<Fact>,
    /// What else the text names.
    others: Vec<Other>,
    strangers: Vec<Stranger>,
    left_out: Vec<String>,
}

/// Who speaks in a text.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Speaker {
    /// This task.
    Us,
    /// Another program.
    Others,
    /// Nobody: a name or code was looked up.
    Nobody,
}

/// Another cause than the first.
struct Other {
    name: String,
    headline: &'static str,
    remedy: &'static str,
    is_as_likely: bool,
}

impl Answer {
    /// Who can mend it; nothing where that is the author of another program.
    fn owner(&self) -> Option<Owner> {
        self.cause.map(|cause| cause.owner).filter(|owner| *owner != Owner::ThisTask || self.speaker != Speaker::Others)
    }
}

impl Other {
    fn of(mention: &Mention) -> Self {
        let (name, headline, remedy) = match &mention.what {
            Named::Cause(cause) => (cause.name.to_owned(), cause.headline, cause.elsewhere()),
            Named::UnknownCode(code) => (code.clone(), "", ""),
        };
        Self { name, headline, remedy, is_as_likely: mention.is_as_likely && !headline.is_empty() }
    }

    fn shown(&self) -> String {
        if self.headline.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.headline) }
    }
}

/// Runs the command. An error stands on stderr, and with `--format json` on stdout as JSON too.
pub fn run(arguments: &Explain) -> anyhow::Result<()> {
    if arguments.list {
        print(&page::whole());
        return Ok(());
    }
    let answer = answer(arguments)?;
    if arguments.format == Format::Json {
        let json = match &answer {
            Ok(answer) => show::as_json(answer),
            Err(error) => json!({ "version": JSON_VERSION, "error": error.headline, "remedy": error.remedy,
                "notes": error.facts.iter().map(|(_, note)| note).collect::<Vec<_>>() }),
        };
        print(&super::json(&json));
    }
    let answer = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
    if arguments.format == Format::Text {
        print(&show::as_text(&answer));
    }
    Ok(())
}

/// What is known of the text of the arguments, of the files that they name, or of stdin where they are `-` or absent.
fn answer(arguments: &Explain) -> io::Result<Result<Answer, Explanation>> {
    let given = arguments.text.join(" ");
    if given.trim().is_empty() && (!arguments.text.is_empty() || io::stdin().is_terminal()) {
        let missing = "name an error's code, its text or a log's file; '-' reads a text that is pasted, until Ctrl+D";
        Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit();
    }
    if named(&given).is_some() {
        return Ok(of_text(&given));
    }
    let mut lines = Lines::new();
    if given.is_empty() || given == "-" {
        lines.any(None, &mut io::stdin().lock())?;
    } else if !lines.files(&arguments.text)? {
        let is_file = |text: &&String| [".log", ".txt", ".zip"].iter().any(|ending| text.ends_with(ending));
        let missing = arguments.text.iter().filter(is_file).map(|path| format!("not read: {path}: no such file"));
        return Ok(of_text(&given).map_err(|mut error| {
            error.facts.extend(missing.map(|note| ("besides", note)));
            error
        }));
    }
    let is_bare =
        lines.count == 1 && (named(&lines.first).is_some() || paste::bare_number(lines.first.trim()).is_some());
    Ok(if is_bare { of_text(&lines.first) } else { judged(lines) })
}

/// The row that a name or a code alone leads to.
fn named(bare: &str) -> Option<&'static Cause> {
    let bare = bare.trim();
    causes::by_name(bare).or_else(|| causes::by_code(bare.parse().ok()?))
}

fn of_text(text: &str) -> Result<Answer, Explanation> {
    if let Some(cause) = named(text) {
        return Ok(known(cause, Speaker::Nobody));
    }
    let mut lines = Lines::new();
    // A code alone has no sentence behind it.
    let is_word = !text.trim().contains(char::is_whitespace);
    let bare = paste::bare_number(text.trim()).or_else(|| is_word.then(|| format!("{}:", text.trim())));
    lines.text(bare.as_deref().unwrap_or(text));
    judged(lines)
}

fn judged(lines: Lines) -> Result<Answer, Explanation> {
    let Lines { reader, count, first, mut left_out } = lines;
    let reading = reader.finish();
    let Some((found, rest)) = reading.mentions.split_first() else {
        let is_blank = count <= 1 && first.trim().is_empty();
        return Err(nothing_known(is_blank, &show::notes(&reading.strangers, &left_out)));
    };
    let around = format!("{}{}", found.around.0, found.around.1);
    // What is said of this task holds only where it speaks.
    let is_ours =
        found.evidence == Evidence::Own || around.contains("AdoEntraAuth") || around.contains("troubleshooting: ");
    let speaker = if is_ours { Speaker::Us } else { Speaker::Others };
    let answer = match &found.what {
        Named::Cause(cause) => known(facts::refined(cause, &around), speaker),
        Named::UnknownCode(code) => unknown(code.clone(), &found.around.1),
    };
    if rest.len() > MOST_OTHERS {
        left_out.push(format!("{} further causes that the text names", rest.len() - MOST_OTHERS));
    }
    Ok(Answer {
        facts: facts::near(&found.around.0, &found.around.1),
        is_guess: found.evidence == Evidence::Guess,
        place: Some(found.place.clone()).filter(|_| count > 1),
        others: rest.iter().take(MOST_OTHERS).map(Other::of).collect(),
        strangers: reading.strangers,
        left_out,
        ..answer
    })
}

fn known(cause: &'static Cause, speaker: Speaker) -> Answer {
    let is_said = speaker == Speaker::Us && !cause.ours().is_empty();
    let ours = if is_said { format!(" {}", cause.ours()) } else { String::new() };
    Answer {
        name: cause.name.to_owned(),
        headline: cause.headline.to_owned(),
        meaning: cause.meaning().to_owned() + &ours,
        remedy: if speaker == Speaker::Others { cause.elsewhere() } else { cause.remedy }.to_owned(),
        cause: Some(cause),
        speaker,
        ..nothing()
    }
}

fn nothing() -> Answer {
    Answer {
        name: String::new(),
        headline: String::new(),
        meaning: String::new(),
        remedy: String::new(),
        cause: None,
        speaker: Speaker::Others,
        is_guess: false,
        place: None,
        facts: Vec::new(),
        others: Vec::new(),
        strangers: Vec::new(),
        left_out: Vec::new(),
    }
}

fn unknown(code: String, text: &str) -> Answer {
    let (service, remedy) = match code.strip_prefix("AADSTS") {
        Some(number) => ("Entra", format!("see https://login.microsoftonline.com/error?code={number}")),
        None => {
            ("Azure DevOps", "follow the service's own text; Microsoft's documentation may know the code".to_owned())
        }
    };
    let sentence = paste::sentence_after(text, &code);
    Answer {
        meaning: match sentence {
            Some(_) => format!("This program's table has no row for it; the first line is what {service} says."),
            None => {
                format!("This program's table has no row for it, and the text does not have what {service} says of it.")
            }
        },
        headline: sentence.unwrap_or_else(|| format!("a code of {service} that is not in the table of known causes")),
        name: code,
        remedy,
        ..nothing()
    }
}

fn nothing_known(is_blank: bool, notes: &[String]) -> Explanation {
    let blank = "there is no text to look at";
    Explanation {
        headline: if is_blank { blank } else { "nothing in this text is in the table of known causes" }.to_owned(),
        facts: notes.iter().map(|note| ("besides", note.clone())).collect(),
        remedy: "name a code (AADSTS700213, TF401444, VS800075), the last word of an error of this task, or the whole error \
                 with the lines around it. For a tool's 401 or 403, run `ado-entra-auth status` and `ado-entra-auth check` in a later \
                 step of the job. TROUBLESHOOTING.md lists every known cause"
            .to_owned(),
        cause: None,
    }
}
