//! Says what an error means, why it happens, what to do and who can do it, from the table of causes: no network, nothing written.

mod facts;
mod page;
mod paste;

use std::fmt::Write;
use std::io::{IsTerminal, Read};

use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::{Value, json};

use super::print;
use crate::cli::{Cli, Explain, Format};
use crate::diagnosis::Explanation;
use crate::diagnosis::causes::{self, Again, Cause, Mention, Named, Owner};
use facts::Fact;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;
/// What is read of a text; an error stands well within.
const LARGEST_TEXT_BYTES: u64 = 256 * 1024;
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
    facts: Vec<Fact>,
    /// What else the text names.
    others: Vec<String>,
}

/// Runs the command. An error stands on stderr, and with `--format json` on stdout as JSON too.
pub fn run(arguments: &Explain) -> anyhow::Result<()> {
    if arguments.list {
        print(&page::whole());
        return Ok(());
    }
    let text = text(arguments)?;
    let answer = answer(&text);
    if arguments.format == Format::Json {
        let json = match &answer {
            Ok(answer) => as_json(answer),
            Err(error) => json!({ "version": JSON_VERSION, "error": error.headline, "remedy": error.remedy }),
        };
        print(&super::json(&json));
    }
    let answer = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
    if arguments.format == Format::Text {
        print(&as_text(&answer));
    }
    Ok(())
}

/// The text of the arguments, or of stdin where they are `-` or absent.
fn text(arguments: &Explain) -> std::io::Result<String> {
    let given = arguments.text.join(" ");
    if !given.is_empty() && given != "-" {
        return Ok(given);
    }
    if given.is_empty() && std::io::stdin().is_terminal() {
        let missing = "name an error's code, or its text; '-' reads a text that is pasted, until Ctrl+D";
        Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit();
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(LARGEST_TEXT_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn answer(text: &str) -> Result<Answer, Explanation> {
    let bare = text.trim();
    if let Some(cause) = causes::by_name(bare).or_else(|| causes::by_code(bare.parse().ok()?)) {
        return Ok(known(cause));
    }
    let text = paste::plain(text);
    let mut mentions = causes::mentions(&text);
    if mentions.is_empty()
        && let Some(code) = paste::bare_number(bare)
    {
        mentions.push(Mention { what: Named::UnknownCode(code), at: 0 });
    }
    // A code that is in no row tells less than one that is.
    let first = mentions.iter().position(|mention| mention.cause().is_some()).unwrap_or(0);
    if mentions.is_empty() {
        return Err(nothing_known());
    }
    let first = mentions.remove(first);
    let answer = match first.what {
        Named::Cause(cause) => known(cause),
        Named::UnknownCode(code) => unknown(code, &text),
    };
    let others = mentions.iter().take(MOST_OTHERS).map(|mention| match &mention.what {
        Named::Cause(cause) => format!("{} ({})", cause.name, cause.headline),
        Named::UnknownCode(code) => code.clone(),
    });
    Ok(Answer { facts: facts::near(&text, first.at), others: others.collect(), ..answer })
}

fn known(cause: &'static Cause) -> Answer {
    Answer {
        name: cause.name.to_owned(),
        headline: cause.headline.to_owned(),
        meaning: cause.meaning.to_owned(),
        remedy: cause.remedy.to_owned(),
        cause: Some(cause),
        facts: Vec::new(),
        others: Vec::new(),
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
        cause: None,
        facts: Vec::new(),
        others: Vec::new(),
    }
}

fn nothing_known() -> Explanation {
    Explanation {
        headline: "nothing in this text is in the table of known causes".to_owned(),
        facts: Vec::new(),
        remedy: "name a code (AADSTS700213, TF401444, VS800075), the last word of an error of this task, or the whole error \
                 with the lines around it. For a tool's 401 or 403, run `ado-entra-auth status` and `ado-entra-auth check` in a later \
                 step of the job. TROUBLESHOOTING.md lists every known cause"
            .to_owned(),
        cause: None,
    }
}

fn as_text(answer: &Answer) -> String {
    let mut text = format!("{}: {}\n", answer.name, answer.headline);
    for fact in &answer.facts {
        _ = writeln!(text, "  {:<14} {}", fact.name, fact.value);
    }
    _ = writeln!(text, "why: {}\nremedy: {}", answer.meaning, answer.remedy);
    if let Some(cause) = answer.cause {
        _ = writeln!(text, "who: {}", cause.owner.title());
        _ = writeln!(text, "running again helps: {}", cause.again.title());
    }
    if !answer.others.is_empty() {
        _ = writeln!(text, "the text also names: {}", answer.others.join(", "));
    }
    text
}

fn as_json(answer: &Answer) -> Value {
    let facts: serde_json::Map<String, Value> =
        answer.facts.iter().map(|fact| (camel_case(fact.name), json!(fact.value))).collect();
    json!({
        "version": JSON_VERSION,
        "name": answer.name,
        "known": answer.cause.is_some(),
        "codes": answer.cause.map(|cause| cause.codes),
        "headline": answer.headline,
        "meaning": answer.meaning,
        "remedy": answer.remedy,
        "owner": answer.cause.map(|cause| owner_key(cause.owner)),
        "again": answer.cause.map(|cause| again_key(cause.again)),
        "facts": facts,
        "others": answer.others,
    })
}

fn camel_case(words: &str) -> String {
    let mut key = String::new();
    for (number, word) in words.split(' ').enumerate() {
        let (first, rest) = word.split_at(usize::from(number > 0).min(word.len()));
        key += &(first.to_ascii_uppercase() + rest);
    }
    key
}

fn owner_key(owner: Owner) -> &'static str {
    match owner {
        Owner::PipelineAuthor => "pipelineAuthor",
        Owner::ProjectAdministrator => "projectAdministrator",
        Owner::IdentityOwner => "identityOwner",
        Owner::TenantAdministrator => "tenantAdministrator",
        Owner::OrganizationAdministrator => "organizationAdministrator",
        Owner::FeedOwner => "feedOwner",
        Owner::AgentAdministrator => "agentAdministrator",
        Owner::NetworkAdministrator => "networkAdministrator",
        Owner::Service => "service",
        Owner::ThisTask => "thisTask",
    }
}

fn again_key(again: Again) -> &'static str {
    match again {
        Again::No => "no",
        Again::AtOnce => "atOnce",
        Again::AfterAWhile => "afterAWhile",
        Again::AfterMinutes => "afterMinutes",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader of stdout could take for a command, or a terminal for one.
    fn harms(shown: &str) -> bool {
        shown.contains("##") || shown.chars().any(|c| c.is_control() && c != '\n')
    }

    /// Bytes, with what the services and this program write strewn in.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let words = prop_oneof![
            Just(b"AADSTS700213: ".to_vec()),
            Just(b"AADSTS99999: x".to_vec()),
            Just(b"\"error_codes\":[".to_vec()),
            Just(b"X-TFS-ServiceError: %23%23vso%5b%0d%0a".to_vec()),
            Just(b"subject: 'sc://a/##vso[x]".to_vec()),
            Just(b"tenant '\x1b[31m".to_vec()),
            Just(b"troubleshooting: oidc-busy".to_vec()),
            Just("\\u0023\\u0023vso[\\u001b \u{85}\u{e9}".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..40),
        ];
        proptest::collection::vec(words, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_or_commands_anything(bytes in texts()) {
            match answer(&String::from_utf8_lossy(&bytes)) {
                Ok(answer) => {
                    prop_assert!(!harms(&as_text(&answer)));
                    let json = format!("{:#}\n", as_json(&answer)).replace('#', "\\u0023");
                    prop_assert!(!harms(&json));
                }
                Err(error) => prop_assert!(!harms(&error.to_string())),
            }
        }
    }
}
