//! The `ini` package's own reading of lines, sections, quotes and escapes (npm/ini, lib/ini.js).

use std::borrow::Cow;

use super::javascript::{self, Kind, Parsed, is_blank};
use super::{Assignment, Client};
use crate::edit::text::Text;

/// The assignments that have an effect at the top level for one client at least, in their order.
pub fn assignments(text: &Text) -> impl Iterator<Item = Assignment> {
    let mut readers = vec![Client::Npm, Client::Pnpm, Client::Yarn];
    lines(text).filter_map(move |line| {
        let section = line.section();
        if let Some(section) = &section {
            enter(section, &mut readers);
        }
        let is_key = section.is_none_or(|section| section.only_for_npm);
        (is_key && !readers.is_empty()).then(|| line.assignment(readers.clone())).flatten()
    })
}

/// Leaves the clients that are at the top level behind a section's header.
fn enter(section: &Section, readers: &mut Vec<Client>) {
    if section.only_for_npm {
        readers.retain(|&client| client != Client::Npm);
    } else if section.name == PROTOTYPE {
        // For yarn's `ini` that is the prototype of every object: what stands there is seen in all.
        *readers = vec![Client::Yarn];
    } else {
        readers.clear();
    }
}

/// A header `[name]`.
pub(super) struct Section {
    pub(super) name: String,
    /// Whether blanks follow it, which make it a key for the `ini` of pnpm and yarn.
    pub(super) only_for_npm: bool,
}

/// The key and the section that the package keeps out of its objects.
pub(super) const PROTOTYPE: &str = "__proto__";

/// A line and where it stands.
pub(super) struct Line<'t> {
    /// From 1.
    number: usize,
    /// Its first byte in the body.
    pub(super) start: usize,
    /// As the clients see it.
    seen: Cow<'t, str>,
}

/// The lines that are neither blank nor a comment. A file in UTF-16 has none that a client could read.
pub(super) fn lines(text: &Text) -> impl Iterator<Item = Line<'_>> {
    let mut position = 0;
    let mut number = 0;
    let body = if text.is_utf16() { "" } else { text.body.as_str() };
    let all = std::iter::from_fn(move || {
        let rest = body.get(position..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let start = position;
        let ending = if rest[length..].starts_with("\r\n") { 2 } else { 1 };
        position += length + ending;
        number += 1;
        Some((number, start, &rest[..length]))
    });
    let seen = |line, start| {
        let line = if text.is_single_bytes() { as_utf8(line) } else { Cow::Borrowed(line) };
        // The clients see the mark, and no section behind it.
        if start == 0 && text.is_marked() { Cow::Owned(format!("\u{feff}{line}")) } else { line }
    };
    all.map(move |(number, start, line)| Line { number, start, seen: seen(line, start) }).filter(|line| {
        let first = line.seen.trim_start_matches(is_blank).chars().next();
        !matches!(first, None | Some(';' | '#'))
    })
}

/// What Node reads where bytes are no UTF-8.
fn as_utf8(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return Cow::Borrowed(line);
    }
    let bytes: Vec<u8> = line.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect();
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

impl Line<'_> {
    /// The section that begins here: nothing stands before the bracket, not even a blank, and only blanks behind it.
    pub(super) fn section(&self) -> Option<Section> {
        let (name, behind) = self.seen.strip_prefix('[')?.split_once(']')?;
        let section = || Section { name: unsafe_text(name).text, only_for_npm: !behind.is_empty() };
        behind.chars().all(is_blank).then(section)
    }

    /// The assignment in this line.
    pub(super) fn assignment(&self, readers: Vec<Client>) -> Option<Assignment> {
        let (key, value) = match self.seen.split_once('=') {
            Some(("", _)) => return None,
            // For the regular expression these end a line as well, so that nothing matches.
            Some((_, value)) if value.contains(['\u{2028}', '\u{2029}']) => return None,
            Some((key, value)) => (key, unsafe_text(value)),
            None => (&*self.seen, Parsed { text: "true".to_owned(), kind: Kind::Other }),
        };
        let key = unsafe_text(key);
        let stem = key.text.strip_suffix("[]").filter(|stem| key.kind == Kind::Text && !stem.is_empty());
        let of_list = stem.is_some() || value.kind == Kind::List;
        let key = stem.unwrap_or(&key.text).to_owned();
        let is_section = value.kind == Kind::Object || value.text == "null";
        let assignment = Assignment { key, value: value.text, line: self.number, of_list, is_section, readers };
        (assignment.key != PROTOTYPE).then_some(assignment)
    }
}

/// What the package's `unsafe` makes of a key or a value.
fn unsafe_text(text: &str) -> Parsed {
    let text = javascript::trim(text);
    let is_single = javascript::is_quoted_with(text, '\'');
    if is_single || javascript::is_quoted_with(text, '"') {
        let inner = if is_single { text.get(1..text.len() - 1).unwrap_or_default() } else { text };
        return javascript::from_json(inner).unwrap_or_else(|| Parsed { text: inner.to_owned(), kind: Kind::Text });
    }
    Parsed { text: without_comment(text), kind: Kind::Text }
}

fn without_comment(text: &str) -> String {
    let mut result = String::new();
    let mut is_escaped = false;
    for character in text.chars() {
        match (is_escaped, character) {
            (true, ';' | '#' | '\\') => result.push(character),
            (true, other) => result.extend(['\\', other]),
            (false, ';' | '#') => break,
            (false, '\\') => {}
            (false, other) => result.push(other),
        }
        is_escaped = !is_escaped && character == '\\';
    }
    if is_escaped {
        result.push('\\');
    }
    javascript::trim(&result).to_owned()
}
