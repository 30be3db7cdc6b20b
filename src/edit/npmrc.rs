//! Reading and extending `.npmrc` files, as npm, pnpm and yarn classic read them.
//!
//! The dialect is that of the `ini` package with npm's own replacement of `${VAR}` (npm/ini, npm/cli
//! workspaces/config/lib/env-replace.js).

use super::text::{TextEdit, line_ending};

/// An assignment before the first section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment<'a> {
    /// The key, trimmed.
    pub key: &'a str,
    /// The value, trimmed and without quotes or trailing comment; `${VAR}` not replaced yet.
    pub value: String,
    /// The line's number, from 1.
    pub line: usize,
}

/// The assignments that have an effect at the top level, in their order: npm reads none of ours behind a `[section]`.
pub fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    for (number, line) in lines(text) {
        let trimmed = line.trim();
        if is_section(trimmed) {
            break;
        }
        if trimmed.is_empty() || trimmed.starts_with([';', '#']) {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let key = key.trim().trim_end_matches("[]");
        if !key.is_empty() {
            found.push(Assignment { key, value: unquoted(value), line: number });
        }
    }
    found
}

/// Plans the insertion of lines where they have an effect: behind everything else at the top level, so that they win over
/// earlier assignments of the same keys, and before the first section.
pub fn append(text: &str, added: &[String]) -> TextEdit {
    let ending = line_ending(text);
    let at = section_start(text).unwrap_or(text.len());
    let needs_break = at > 0 && !text[..at].ends_with(['\n', '\r']);
    let mut inserted = if needs_break { ending.to_owned() } else { String::new() };
    for line in added {
        inserted.push_str(line);
        inserted.push_str(ending);
    }
    TextEdit::insert(at, inserted)
}

/// Replaces `${VAR}` as npm does: an unset name stays as it is, `${VAR?}` goes blank, a backslash escapes.
pub fn expand<'v>(value: &str, variable: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let before = &rest[..at];
        let escapes = before.len() - before.trim_end_matches('\\').len();
        let Some(name) = rest[at + 2..].split('}').next().filter(|name| rest[at + 2 + name.len()..].starts_with('}'))
        else {
            break;
        };
        let whole = &rest[at..at + name.len() + 3];
        result.push_str(&before[..before.len() - escapes.div_ceil(2)]);
        let (name, blank_if_unset) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        match variable(name) {
            _ if escapes % 2 == 1 => result.push_str(whole),
            Some(value) => result.push_str(value),
            None if blank_if_unset => {}
            None => result.push_str(whole),
        }
        rest = &rest[at + whole.len()..];
    }
    result + rest
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').flat_map(|line| line.split('\r')).enumerate().map(|(index, line)| (index + 1, line))
}

fn is_section(trimmed: &str) -> bool {
    trimmed.starts_with('[') && trimmed.find(']').is_some_and(|end| end + 1 == trimmed.len())
}

fn section_start(text: &str) -> Option<usize> {
    let mut position = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if is_section(line.trim()) {
            return Some(position);
        }
        position += line.len();
    }
    None
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    let mut result = String::new();
    let mut escaped = false;
    for character in value.chars() {
        match (escaped, character) {
            (true, ';' | '#' | '\\') => result.push(character),
            (true, other) => result.extend(['\\', other]),
            (false, ';' | '#') => break,
            (false, '\\') => {}
            (false, other) => result.push(other),
        }
        escaped = !escaped && character == '\\';
    }
    if escaped {
        result.push('\\');
    }
    result.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::text::splice;

    fn keys_and_values(text: &str) -> Vec<(String, String)> {
        assignments(text).into_iter().map(|found| (found.key.to_owned(), found.value)).collect()
    }

    #[test]
    fn reads_as_npm_does() {
        let text = "; comment\r\n # too\r\nregistry = https://r.example/ ; tail\r\n@a:registry=\"https://a.example/\"\nflag\nca[]=x\n\
                    pass=a\\;b\n[section]\nregistry=https://hidden.example/\n";
        let expected = [
            ("registry", "https://r.example/"),
            ("@a:registry", "https://a.example/"),
            ("flag", ""),
            ("ca", "x"),
            ("pass", "a;b"),
        ];
        assert_eq!(keys_and_values(text), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn added_lines_stand_before_the_first_section() {
        for (text, expected) in [
            ("", "k=v\n"),
            ("a=1", "a=1\nk=v\n"),
            ("a=1\r\n", "a=1\r\nk=v\r\n"),
            ("a=1\n[s]\nb=2\n", "a=1\nk=v\n[s]\nb=2\n"),
            ("a=1\n\n  [s]\nb=2", "a=1\n\nk=v\n  [s]\nb=2"),
            ("[s]", "k=v\n[s]"),
        ] {
            assert_eq!(splice(text, &[append(text, &["k=v".to_owned()])]), expected);
        }
    }

    #[test]
    fn variables_are_replaced() {
        let variable = |name: &str| (name == "X").then_some("value");
        for (value, expected) in [
            ("${X}", "value"),
            ("a${X}b${X}", "avaluebvalue"),
            ("${Y}", "${Y}"),
            ("${Y?}", ""),
            ("\\${X}", "${X}"),
            ("\\\\${X}", "\\value"),
            ("${X", "${X"),
            ("$X", "$X"),
        ] {
            assert_eq!(expand(value, variable), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_added_has_the_last_word(text in "([a-z=\\[\\];# ]{0,12}(\n|\r\n)?){0,6}") {
            let changed = splice(&text, &[append(&text, &["//h/:_authToken=${T}".to_owned()])]);
            let found = assignments(&changed);
            prop_assert_eq!(found.last().map(|last| (last.key, last.value.as_str())), Some(("//h/:_authToken", "${T}")));
            let added = append(&text, &["//h/:_authToken=${T}".to_owned()]).replacement;
            prop_assert_eq!(changed.replacen(&added, "", 1), text);
        }
    }
}
