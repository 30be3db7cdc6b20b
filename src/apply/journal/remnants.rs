//! Elements of this task that no journal knows: what an entry that was damaged or removed cannot take back any more.
//!
//! They name a variable of this task's, under a user name that is this task's, and hold nothing else. Whatever somebody has
//! made of one is theirs, and stays.

use std::ops::Range;

use super::lines;
use crate::edit::xml::{Document, Node};
use crate::kernel::dialect::GRADLE_PROGRAM;
pub use crate::plan::names::VARIABLE_PREFIX;

/// The user name beside every reference of ours. A test compares it with what the tools write.
const USER_NAME: &str = "ado-entra-auth";
/// A longer element is none of ours.
const LONGEST_BYTES: usize = 4096;

/// How the init script for Gradle begins and ends, which is ours as a whole. A test compares it with what the tool writes.
const SCRIPT: [&str; 2] = ["// ado-entra-auth: begin\n", "\n// ado-entra-auth: end\n"];

/// Whether a file is one that this task makes as a whole, of whatever release.
pub fn is_own_file(body: &str) -> bool {
    body.starts_with(SCRIPT[0]) && body.ends_with(SCRIPT[1])
}

/// The text without our elements that refer to a variable which `is_known` does not know; nothing where there is none, or where
/// the text cannot be understood.
pub fn removed(body: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    if is_own_file(body) {
        return (!is_known(GRADLE_PROGRAM)).then(String::new);
    }
    if !body.contains(VARIABLE_PREFIX) {
        return None;
    }
    let Ok(document) = Document::parse(body) else { return lines::removed(body, is_known) };
    let entries = document.root().children().flat_map(Node::children);
    let remnants = entries.filter(|entry| variable(body, *entry).is_some_and(|variable| !is_known(variable)));
    let ranges: Vec<Range<usize>> = remnants.map(|entry| with_its_line(body, entry.range())).collect();
    let mut rest = body.to_owned();
    for range in ranges.iter().rev() {
        rest.replace_range(range.clone(), "");
    }
    (!ranges.is_empty()).then_some(rest)
}

/// Whether a text names a variable, and not only a longer one.
pub fn mentions(text: &str, variable: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    !variable.is_empty() && text.match_indices(variable).any(|(at, _)| !goes_on(&text[at + variable.len()..]))
}

/// The text without those entries that `other` does not hold.
pub fn without_entries_absent_from(other: &str, body: &str) -> String {
    let mut rest = body.to_owned();
    if let Ok(document) = Document::parse(body) {
        let entries = document.root().children().flat_map(Node::children).map(Node::range);
        let absent: Vec<Range<usize>> = entries.filter(|range| !other.contains(&body[range.clone()])).collect();
        absent.into_iter().rev().for_each(|range| rest.replace_range(range, ""));
    }
    rest
}

/// Whether a text has a root element.
pub fn has_root(body: &str) -> bool {
    Document::parse(body).is_ok()
}

/// Whether nothing stands in a text but tags and blanks.
pub fn is_bare(body: &str) -> bool {
    body.trim().is_empty()
        || Document::parse(body).is_ok_and(|document| {
            let tags: usize = document.nodes().map(|node| node.start_tag().len() + node.end_tag().len()).sum();
            let written: usize = body.chars().filter(|c| !c.is_whitespace()).map(char::len_utf8).sum();
            tags == written && document.nodes().count() <= 2
        })
}

/// The variable that an element refers to, where it is all ours: a user name and a reference, each by an element in it, as
/// Maven's text or as the attributes of a nuget.config, and no more than the third that each of these has.
fn variable<'t>(body: &'t str, entry: Node<'t>) -> Option<&'t str> {
    let text = &body[entry.range()];
    let values = || entry.children().flat_map(|child| [child.content(), child.attribute("value").unwrap_or_default()]);
    let ours = text.len() <= LONGEST_BYTES
        && !text.contains("<!")
        && entry.children().count() == 3
        && entry.descendants().count() == 3
        && values().any(|value| value == USER_NAME);
    let mut found = values().filter_map(|value| {
        let bare = value.strip_prefix("${env.").and_then(|rest| rest.strip_suffix('}'));
        let bare = bare.or_else(|| value.strip_prefix('%')?.strip_suffix('%'))?;
        let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        (bare.starts_with(VARIABLE_PREFIX) && bare.chars().all(of_a_name)).then_some(bare)
    });
    found.next().filter(|_| ours)
}

/// The range, and its line where nothing else stands on it.
fn with_its_line(body: &str, range: Range<usize>) -> Range<usize> {
    let before = body[..range.start].trim_end_matches([' ', '\t']).len();
    let after = range.end + (body[range.end..].len() - body[range.end..].trim_start_matches([' ', '\t']).len());
    let ending = ["\r\n", "\n"].into_iter().find(|ending| body[after..].starts_with(ending));
    match ending {
        Some(ending) if before == 0 || body[..before].ends_with('\n') => before..after + ending.len(),
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::text::splice;
    use crate::plan::{Entry, Revise};
    use crate::tools::{gradle, maven, npm, nuget};

    const FILES: [(Revise, [&str; 4]); 4] = [
        (npm::bun::revise, ["", "a=b\r\n", "//registry.example.com/:_authToken=${ADO_ENTRA_AUTH_X}?\n", "a=b\n[x]\n"]),
        (
            npm::yarn::credentials::revise,
            [
                "",
                "npmRegistries:\r\n  \"//registry.example.com\":\r\n    npmAuthToken: \"${ADO_ENTRA_AUTH_X-}\"\r\n",
                "# ADO_ENTRA_AUTH_X\nnodeLinker: pnp\n",
                "nodeLinker: pnp\nnpmRegistries:\n    # mine\n    '//registry.example.com':\n        npmAlwaysAuth: true\n",
            ],
        ),
        (
            maven::settings::revise,
            [
                "<settings><servers></servers></settings>",
                "<settings>\r\n  <servers>\r\n    <server><id>mine</id></server>\r\n  </servers>\r\n</settings>",
                "<settings>\n  <servers>\n  </servers>\n  <!-- ADO_ENTRA_AUTH_X -->\n</settings>\n",
                "<m:settings xmlns:m='x'><m:servers>\n<m:server/>\n</m:servers></m:settings>",
            ],
        ),
        (
            nuget::credentials::revise,
            [
                "<configuration><packageSourceCredentials></packageSourceCredentials></configuration>",
                "<configuration>\n\t<packageSourceCredentials>\n\t</packageSourceCredentials>\n</configuration>",
                "<configuration><packageSources /><packageSourceCredentials><a/>\n</packageSourceCredentials></configuration>",
                "<configuration>\r\n<packageSourceCredentials>\r\n<x><add key='ClearTextPassword' value='%ADO_ENTRA_AUTH_X%' /></x>\
                 \r\n</packageSourceCredentials>\r\n</configuration>",
            ],
        ),
    ];

    fn written(text: Option<&str>, revise: Revise, variables: &[&str]) -> String {
        let entry = |variable: &&str| Entry {
            key: format!("//{}/:_authToken", variable.to_lowercase()),
            variable: (*variable).to_owned(),
        };
        let entries: Vec<Entry> = variables.iter().map(entry).collect();
        let Ok(edits) = revise(text, &entries) else { panic!("{text:?} cannot be edited") };
        splice(text.unwrap_or_default(), &edits.into_iter().map(|keyed| keyed.edit).collect::<Vec<_>>())
    }

    #[test]
    fn what_the_tools_write_is_known_again_and_goes_without_a_trace() {
        for (revise, texts) in FILES {
            for text in texts {
                let full = written(Some(text), revise, &["ADO_ENTRA_AUTH_ONE", "ADO_ENTRA_AUTH_TWO_A1"]);
                assert_eq!(removed(&full, |_| false).as_deref(), Some(text), "{full}");
                let half = removed(&full, |variable| variable == "ADO_ENTRA_AUTH_ONE").unwrap();
                assert_eq!(half, written(Some(text), revise, &["ADO_ENTRA_AUTH_ONE"]));
                assert_eq!(removed(&full, |_| true), None);
                assert_eq!(removed(text, |_| false), None);
            }
            let made = written(None, revise, &["ADO_ENTRA_AUTH_ONE"]);
            assert!(!is_bare(&made) && is_bare(&removed(&made, |_| false).unwrap()), "{made}");
        }
    }

    #[test]
    fn what_somebody_has_made_of_an_element_is_theirs() {
        for (revise, texts) in FILES {
            let full = written(Some(texts[1]), revise, &["ADO_ENTRA_AUTH_ONE"]);
            for (from, to) in [
                (USER_NAME, "somebody"),
                ("ADO_ENTRA_AUTH_ONE", "ADO_ENTRA_TOKEN"),
                ("ADO_ENTRA_AUTH_ONE", "ADO_ENTRA_AUTH_ONE and more"),
                (">ado", "><!-- mine -->ado"),
                ("key=\"Username\"", "key=\"Username\"><b/></add><add key=\"x\""),
                ("<username>", "<configuration/><username>"),
            ] {
                let theirs = full.replacen(from, to, 1);
                if theirs != full {
                    assert_eq!(removed(&theirs, |_| false), None, "{theirs}");
                }
            }
        }
    }

    #[test]
    fn the_script_for_gradle_is_ours_as_a_whole() {
        let script = written(None, gradle::revise, &["x"]);
        assert_eq!(removed(&script, |_| false).as_deref(), Some(""));
        assert_eq!(removed(&script, |program| program == GRADLE_PROGRAM), None);
        for theirs in [script.replacen("//", "/* mine */ //", 1), format!("{script}// mine\n")] {
            assert_eq!(removed(&theirs, |_| false), None);
        }
    }

    #[test]
    fn a_longer_name_is_another_variable() {
        for (text, expected) in [("%AB%", true), ("AB", true), ("ABC", false), ("AB_1 ABC", false), ("ABC ${AB}", true)]
        {
            assert_eq!(mentions(text, "AB"), expected, "{text}");
        }
    }
}
