//! Our reading of a file beside a client's; the fuzz target has it too.

use std::collections::BTreeMap;

use ado_entra_auth::edit::npmrc::{Client, append, assignments};
use ado_entra_auth::edit::text::{Text, splice};
use serde::Deserialize;

/// The clients, in the order of an answer.
pub const CLIENTS: [Client; 3] = [Client::Npm, Client::Pnpm, Client::Yarn];
/// A key as we write them.
pub const KEY: &str = "//pkgs.dev.azure.com/o/:_authToken";
const ADDED: [(&str, &str); 2] = [(KEY, "${X}"), ("registry", "r")];

/// What a client makes of a key.
#[derive(Deserialize)]
pub enum Described {
    #[serde(rename = "list")]
    List(Option<String>),
    #[serde(rename = "section")]
    Section(#[allow(dead_code, reason = "its place in the answer")] bool),
    #[serde(untagged)]
    Text { text: String, replaced: Option<String> },
}

/// A file's keys and values at the top level, for each client that can read it.
pub type Answer = Vec<Option<Vec<(String, Described)>>>;

/// What our reader says of a client: a text, or a list's items joined; nothing where that
/// would take the kind of each assignment: whether it added to a list or replaced a text by one, and what an empty list is.
fn ours(text: &Text, client: Client) -> BTreeMap<String, Option<(bool, String)>> {
    let mut found: BTreeMap<String, Option<(bool, String)>> = BTreeMap::new();
    for assignment in assignments(text).filter(|found| found.readers().contains(&client)) {
        let new = match found.get(&assignment.key) {
            Some(None) => None,
            Some(Some((false, _))) if assignment.of_list => None,
            Some(Some((true, items))) if items.is_empty() => None,
            Some(Some((true, items))) => Some((true, format!("{items},{}", assignment.value))),
            _ => Some((assignment.of_list, assignment.value)),
        };
        found.insert(assignment.key, new);
    }
    found
}

/// Fails where our reading of a file is not a client's.
pub fn compare(bytes: &[u8], client: Client, theirs: &[(String, Described)]) {
    let text = Text::decode(bytes).unwrap();
    let shown = format!("{client:?} {}", bytes.escape_ascii());
    let mut ours = ours(&text, client);
    let variable = |name: &str| [("X", "x"), ("BLANK", "")].into_iter().find(|row| row.0 == name).map(|row| row.1);
    for (key, described) in theirs {
        // A blank line, for the older ones.
        if key.is_empty() && client != Client::Npm {
            ours.remove(key);
            continue;
        }
        let is_null = matches!(described, Described::Text { text, .. } if text == "null");
        // npm's takes `null` for a section, and puts that elsewhere where the key has dots.
        if is_null && client == Client::Npm {
            ours.remove(key);
            continue;
        }
        let mine = ours.remove(key);
        match (mine, described) {
            // A section may stand in a key's place, as may an object of JSON.
            (_, Described::Section(_)) | (Some(None), _) => {}
            // In the prototype a key neither adds to the same one before nor replaces it.
            (Some(_), _) if client == Client::Yarn && shown.contains("__proto") => {}
            (Some(Some((true, items))), Described::List(theirs)) => {
                assert_eq!(Some(&items), theirs.as_ref().or(Some(&items)), "{shown}: {key}");
            }
            (Some(Some((false, value))), Described::Text { text, replaced }) => {
                assert_eq!(&value, text, "{shown}: {key}");
                assert_eq!(&client.expand(&value, variable), replaced, "{shown}: {key}");
            }
            (mine, _) => panic!("{shown}: {key} is {mine:?} for us"),
        }
    }
    // A section takes the place of what is nothing.
    let is_nothing = |value: &str| matches!(value, "" | "0" | "false" | "null" | "[object Object]");
    ours.retain(|_, mine| mine.as_ref().is_some_and(|(_, value)| !is_nothing(value)));
    assert!(ours.is_empty(), "{shown}: only we see {ours:?}");
}

/// The file with lines of ours.
pub fn with_last_word(bytes: &[u8]) -> Vec<u8> {
    let text = Text::decode(bytes).unwrap();
    let added = ADDED.map(|(key, value)| format!("{key}={value}"));
    text.encode(&splice(&text.body, &append(&text, &added)))
}

/// Fails where a client makes something else of such a file.
pub fn last_word_is_ours(bytes: &[u8], client: Client, theirs: &[(String, Described)]) {
    for (key, value) in ADDED {
        let last = theirs.iter().find(|(found, _)| found == key).map(|(_, described)| described);
        let is_ours = matches!(last, Some(Described::Text { text, .. }) if text == value);
        assert!(is_ours, "{client:?} {}: {key}", bytes.escape_ascii());
    }
}
