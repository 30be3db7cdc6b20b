//! Where things are in an XML file: elements, their tags and their text, as positions in the bytes that the user wrote.
//!
//! The parser is asked for positions only. Nothing is ever printed back from what it read, no entity of a document type is
//! expanded, nothing is fetched.

pub mod doubt;
pub mod list;
mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

/// A text that is not the XML file it should be, so that no place in it can be trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct NotWellFormed {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
    /// Whether it is only a bound of this parser, so that others may read the text.
    pub is_bound: bool,
}

impl NotWellFormed {
    /// What is wrong at a byte position of `text`.
    fn at(text: &str, position: usize, reason: impl Into<String>) -> Self {
        let before = &text.as_bytes()[..position.min(text.len())];
        let breaks = before.split(|&byte| byte == b'\n').count();
        Self { line: breaks, reason: reason.into(), is_bound: false }
    }
}

/// The elements of a well-formed text.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    /// In the order of their start tags; the root is the first.
    elements: Vec<Element<'a>>,
}

#[derive(Debug)]
struct Element<'a> {
    parent: Option<usize>,
    /// The first element behind it and all that is in it, by its number.
    after: usize,
    /// As written, with its prefix.
    name: Range<usize>,
    attributes: Vec<(String, String)>,
    start_tag: Range<usize>,
    /// Empty where the start tag closes the element itself.
    end_tag: Range<usize>,
    /// What stands directly in it, references and CDATA resolved; from its first words on, if any.
    content: Cow<'a, str>,
}

/// An element of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl Document<'_> {
    /// The root element.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, index: 0 }
    }

    /// Every element, in the order of their start tags.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.elements.len()).map(|index| Node { document: self, index })
    }
}

impl<'d> Node<'d> {
    fn element(self) -> &'d Element<'d> {
        &self.document.elements[self.index]
    }

    /// The name as written, with its prefix.
    fn written_name(self) -> &'d str {
        &self.document.text[self.element().name.clone()]
    }

    /// The name without its prefix.
    pub fn name(self) -> &'d str {
        let written = self.written_name();
        written.split_once(':').map_or(written, |(_, local)| local)
    }

    /// The prefix as written, with its colon; empty where there is none.
    pub fn prefix(self) -> &'d str {
        let written = self.written_name();
        &written[..written.len() - self.name().len()]
    }

    /// The element that it is directly in; nothing for the root.
    pub fn parent(self) -> Option<Node<'d>> {
        self.element().parent.map(|index| Node { index, ..self })
    }

    /// The elements directly in it.
    pub fn children(self) -> impl Iterator<Item = Node<'d>> {
        let after = self.element().after;
        let from = move |index: usize| (index < after).then_some(Node { index, ..self });
        std::iter::successors(from(self.index + 1), move |child| from(child.element().after))
    }

    /// Every element in it.
    pub fn descendants(self) -> impl Iterator<Item = Node<'d>> {
        (self.index + 1..self.element().after).map(move |index| Node { index, ..self })
    }

    /// The elements directly in it that have this name, whatever their prefix.
    pub fn children_named(self, name: &str) -> impl Iterator<Item = Node<'d>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first element directly in it that has this name.
    pub fn child(self, name: &str) -> Option<Node<'d>> {
        self.children_named(name).next()
    }

    /// The elements that this path of names leads to from here.
    pub fn descend(self, path: &[&str]) -> Vec<Node<'d>> {
        path.iter()
            .fold(vec![self], |nodes, name| nodes.into_iter().flat_map(|node| node.children_named(name)).collect())
    }

    /// The text directly in it without the blanks around, character references and CDATA resolved. A reference to an
    /// entity of a document type stays as it is written.
    pub fn content(self) -> &'d str {
        self.element().content.trim()
    }

    /// The text of the first element directly in it that has this name.
    pub fn child_content(self, name: &str) -> Option<&'d str> {
        self.child(name).map(Node::content)
    }

    /// The value of an attribute.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.element().attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of the attributes of this name, in any case of letters.
    pub fn attributes_in_any_case(self, name: &str) -> impl Iterator<Item = &'d str> {
        let attributes = self.element().attributes.iter();
        attributes.filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Where its start tag is.
    pub fn start_tag(self) -> Range<usize> {
        self.element().start_tag.clone()
    }

    /// Where its end tag is; empty behind a start tag that closes the element itself.
    pub fn end_tag(self) -> Range<usize> {
        self.element().end_tag.clone()
    }

    /// Where it is, from its start tag to its end tag.
    pub fn range(self) -> Range<usize> {
        self.element().start_tag.start..self.element().end_tag.end
    }

    /// Whether its start tag closes it: `<servers/>`.
    pub fn is_self_closing(self) -> bool {
        self.element().end_tag.is_empty()
    }
}

/// Whether `text` can be written into a file at all: XML has no way to hold most control characters.
pub fn can_hold(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// `text` as it stands between tags or in an attribute's value, in either quotes. In ASCII, whatever the file's encoding.
pub fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\'' => result.push_str("&apos;"),
            ascii if ascii.is_ascii() => result.push(ascii),
            other => result.extend(["&#x", &format!("{:X}", u32::from(other)), ";"]),
        }
    }
    result
}
