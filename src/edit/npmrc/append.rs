//! Lines that have the last word, whatever the file.

use std::collections::BTreeSet;

use super::Assignment;
use super::ini::{PROTOTYPE, lines};
use crate::edit::text::{Text, TextEdit, line_ending};

/// Plans the insertion of lines where they have an effect: behind everything else at the top level, so that they win over
/// earlier assignments of the same keys, and before the first section. Where the clients see different first sections, that is
/// two places.
///
/// Some things would win all the same (npm/ini, lib/ini.js). A list, to which a later assignment adds, becomes a comment. A
/// section that would be put where one of the keys is gets another name; where it is an object or `null` behind a key with
/// dots, it becomes a comment as well.
pub fn append(text: &Text, added: &[String]) -> Vec<TextEdit> {
    let own = Text::from(added.join("\n"));
    let keys: BTreeSet<String> =
        lines(&own).filter_map(|line| line.assignment(Vec::new())).map(|found| found.key).collect();
    let replaces_any = |section: &str| replaced_by(section).is_some_and(|key| keys.contains(&key));
    let end = text.body.len();
    let mut edits = Vec::new();
    let (mut for_npm, mut for_others) = (None, None);
    for line in lines(text) {
        if let Some(section) = line.section() {
            for_npm.get_or_insert(line.start);
            if !section.only_for_npm {
                for_others.get_or_insert(line.start);
            }
            if replaces_any(&section.name) {
                edits.push(TextEdit::insert(line.start + 1, "-"));
            }
        } else if for_others.is_none() {
            let wins = |found: Assignment| {
                let makes_a_list = found.of_list && keys.contains(&found.key);
                makes_a_list || (found.is_section && replaces_any(&found.key))
            };
            if line.assignment(Vec::new()).is_some_and(wins) {
                edits.push(TextEdit::insert(line.start, ";"));
            }
        }
    }
    let ending = line_ending(&text.body);
    for at in BTreeSet::from([for_npm.unwrap_or(end), for_others.unwrap_or(end)]) {
        let needs_break = at > 0 && !text.body[..at].ends_with(['\n', '\r']);
        let first = if needs_break { ending } else { "" };
        let inserted = added.iter().fold(first.to_owned(), |inserted, line| inserted + line + ending);
        edits.push(TextEdit::insert(at, inserted));
    }
    edits
}

/// The key at the top level in whose place a section is put: the first of the names between its dots, or the only one where
/// its dots are escaped.
fn replaced_by(section: &str) -> Option<String> {
    let mut rest = section;
    loop {
        let dot = rest.match_indices('.').map(|(at, _)| at).find(|&at| !rest[..at].ends_with('\\'));
        match dot {
            Some(at) if &rest[..at] == PROTOTYPE => rest = &rest[at + 1..],
            Some(at) => return Some(rest[..at].to_owned()),
            None => return rest.contains("\\.").then(|| rest.replace("\\.", ".")),
        }
    }
}
