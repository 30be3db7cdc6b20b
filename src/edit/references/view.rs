//! A text as a parser would hand it on: characters, each with the place that it comes from.

use std::collections::{BTreeMap, VecDeque};

type Placed = (usize, char);

/// XML as its reader hands on content and attributes: references resolved, comments, instructions and the marks of CDATA gone.
/// Tags stay: names in them do no harm.
pub(super) struct Xml<'t> {
    text: &'t str,
    entities: &'t Entities,
    position: usize,
    /// What is left of an entity's value.
    value: VecDeque<Placed>,
    /// How much more may come out of entities: as much as the text is long, so that they cannot multiply it.
    budget: usize,
    has_no_end_of: [bool; 2],
}

/// Marks of what a reader leaves out.
const LEFT_OUT: [(&str, &str); 2] = [("<!--", "-->"), ("<?", "?>")];
const MARKS_OF_CDATA: [&str; 2] = ["<![CDATA[", "]]>"];

impl<'t> Xml<'t> {
    pub(super) fn new(text: &'t str, entities: &'t Entities) -> Self {
        let (position, value, budget) = (0, VecDeque::new(), text.len());
        Self { text, entities, position, value, budget, has_no_end_of: [false; 2] }
    }

    fn skip_what_is_left_out(&mut self) {
        'again: loop {
            let rest = &self.text[self.position..];
            if !rest.starts_with(['<', ']']) {
                return;
            }
            if let Some(mark) = MARKS_OF_CDATA.iter().find(|mark| rest.starts_with(**mark)) {
                self.position += mark.len();
                continue;
            }
            for (index, (start, end)) in LEFT_OUT.iter().enumerate() {
                if self.has_no_end_of[index] || !rest.starts_with(start) {
                    continue;
                }
                if let Some(length) = rest[start.len()..].find(end) {
                    self.position += start.len() + length + end.len();
                    continue 'again;
                }
                self.has_no_end_of[index] = true;
            }
            return;
        }
    }

    /// The reference at the position and its length, where one can be resolved.
    fn resolve(&self) -> Option<(usize, Resolved<'t>)> {
        let rest = self.text[self.position..].strip_prefix('&')?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"#_.-:".contains(c))?;
        let name = rest[..end].to_owned();
        rest[end..].strip_prefix(';')?;
        let length = end + 2;
        if let Some(number) = name.strip_prefix('#') {
            let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
            let code = u32::from_str_radix(digits.trim_start_matches('0'), radix).ok()?;
            return Some((length, Resolved::Character(char::from_u32(code)?)));
        }
        let known = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
        if let Some((_, character)) = known.iter().find(|row| row.0 == name) {
            return Some((length, Resolved::Character(*character)));
        }
        self.entities.0.get(&name).map(|value| (length, Resolved::Value(value)))
    }
}

enum Resolved<'t> {
    Character(char),
    Value(&'t str),
}

impl Iterator for Xml<'_> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            if let Some(placed) = self.value.pop_front() {
                return Some(placed);
            }
            self.skip_what_is_left_out();
            let at = self.position;
            let character = self.text[at..].chars().next()?;
            match if character == '&' { self.resolve() } else { None } {
                None => self.position += character.len_utf8(),
                Some((length, Resolved::Character(character))) => {
                    self.position += length;
                    return Some((at, character));
                }
                Some((length, Resolved::Value(value))) => {
                    self.position += length;
                    if let Some(budget) = self.budget.checked_sub(value.len()) {
                        self.budget = budget;
                        self.value.extend(value.chars().map(|character| (at, character)));
                    }
                    continue;
                }
            }
            return Some((at, character));
        }
    }
}

/// The entities that a document type declares with a value of their own.
pub(super) struct Entities(BTreeMap<String, String>);

/// More or longer ones than a name would be put together of.
const MOST_ENTITIES: usize = 64;
const LONGEST_DECLARATION: usize = 1_024;
/// How deeply values may refer to each other.
const ROUNDS: usize = 4;

impl Entities {
    pub(super) fn of(text: &str) -> Self {
        let mut found = Self(BTreeMap::new());
        for (at, start) in text.match_indices("<!ENTITY").take(MOST_ENTITIES) {
            let declaration = &text[at + start.len()..];
            let declaration = declaration[..declaration.floor_char_boundary(LONGEST_DECLARATION)].trim_start();
            let Some((name, rest)) = declaration.split_once(char::is_whitespace) else { continue };
            let rest = rest.trim_start();
            let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
            let Some((value, _)) = rest[1..].split_once(quote) else { continue };
            found.0.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        for _ in 0..ROUNDS {
            let resolved = |value: &String| Xml::new(value, &found).map(|(_, character)| character).collect();
            let next = found.0.iter().map(|(name, value)| (name.clone(), resolved(value))).collect();
            found = Self(next);
        }
        found
    }
}

/// Strings of JSON, TOML, YAML, Java's properties and shells: numbered characters, continued lines and backslashes undone.
pub(super) struct Unescaped<I> {
    source: I,
    ahead: VecDeque<Placed>,
}

impl<I: Iterator<Item = Placed>> Unescaped<I> {
    pub(super) fn new(source: I) -> Self {
        Self { source, ahead: VecDeque::new() }
    }

    fn peek(&mut self, index: usize) -> Option<char> {
        while self.ahead.len() <= index {
            self.ahead.push_back(self.source.next()?);
        }
        self.ahead.get(index).map(|placed| placed.1)
    }

    fn pop(&mut self) -> Option<Placed> {
        self.ahead.pop_front().or_else(|| self.source.next())
    }

    /// The character of so many digits behind the escape's letter.
    fn numbered(&mut self, digits: usize) -> Option<char> {
        let mut code = 0;
        for index in 1..=digits {
            code = code * 16 + self.peek(index)?.to_digit(16)?;
        }
        self.ahead.drain(..=digits);
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

impl<I: Iterator<Item = Placed>> Iterator for Unescaped<I> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            let (at, character) = self.pop()?;
            if character != '\\' {
                return Some((at, character));
            }
            let digits = match self.peek(0) {
                None => return Some((at, '\\')),
                Some('\n' | '\r') => {
                    while self.peek(0).is_some_and(char::is_whitespace) {
                        self.pop();
                    }
                    continue;
                }
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                Some('n' | 'r' | 't' | 'b' | 'f') => {
                    self.pop();
                    return Some((at, ' '));
                }
                Some(_) => 0,
            };
            let numbered = if digits == 0 { None } else { self.numbered(digits) };
            return numbered.map(|character| (at, character)).or_else(|| self.pop());
        }
    }
}
