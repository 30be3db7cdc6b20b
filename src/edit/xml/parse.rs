//! From a text to its elements: asks the parser for positions, and believes only what stands at them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Document, Element, NotWellFormed};

/// Deeper than any configuration is; a bound on what a hostile file costs.
const DEEPEST: usize = 200;
/// More elements and attributes than any configuration has: each takes some hundred bytes.
pub(super) const MOST_PARTS: usize = 250_000;
/// More attributes than any element has; each is compared with those before it.
pub(super) const MOST_ATTRIBUTES: usize = 200;

impl<'a> Document<'a> {
    /// Finds the elements of `text`, which has no byte-order mark.
    pub fn parse(text: &'a str) -> Result<Self, NotWellFormed> {
        let fault = |position: usize, reason: &str| {
            let blanks = text[position..].len() - text[position..].trim_start().len();
            NotWellFormed::at(text, position + blanks, reason)
        };
        if text.starts_with('\u{feff}') {
            return Err(fault(0, "it has two byte-order marks"));
        }
        let mut reader = Reader::from_str(text);
        let mut elements: Vec<Element<'a>> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut parts = 0;
        let bound = |position: usize, reason: &str| NotWellFormed { is_bound: true, ..fault(position, reason) };
        loop {
            let start = position(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|error| NotWellFormed::at(text, position(reader.error_position()), error.to_string()))?;
            let span = start..position(reader.buffer_position());
            let closed = matches!(event, Event::Empty(_));
            match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    if open.is_empty() && !elements.is_empty() {
                        return Err(fault(start, "there is a second root element"));
                    }
                    if open.len() >= DEEPEST {
                        return Err(bound(start, "its elements are nested too deeply"));
                    }
                    // Counted before they are taken apart.
                    if memchr_iter(b'=', text[span.clone()].as_bytes()).count() > MOST_ATTRIBUTES
                        && tag.attributes().with_checks(false).count() > MOST_ATTRIBUTES
                    {
                        return Err(bound(start, "an element has too many attributes"));
                    }
                    let element = element(text, &tag, span, open.last().copied())?;
                    parts += 1 + element.attributes.len();
                    if parts > MOST_PARTS {
                        return Err(bound(start, "it has too many elements"));
                    }
                    let index = elements.len();
                    elements.push(Element { after: index + 1, ..element });
                    if !closed {
                        open.push(index);
                    }
                }
                Event::End(_) => match open.pop() {
                    Some(index) => {
                        elements[index].after = elements.len();
                        elements[index].end_tag = span;
                    }
                    None => return Err(fault(start, "there is an end tag without a start tag")),
                },
                Event::Text(words) => {
                    content(&mut elements, &open, words.xml10_content()).map_err(|reason| fault(start, reason))?;
                }
                Event::CData(words) => {
                    content(&mut elements, &open, words.xml10_content()).map_err(|reason| fault(start, reason))?;
                }
                Event::GeneralRef(reference) => {
                    let resolved = resolve(&reference).map_err(|reason| fault(start, reason))?;
                    content(&mut elements, &open, resolved).map_err(|reason| fault(start, reason))?;
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(&index) = open.last() {
            let name = &text[elements[index].name.clone()];
            return Err(fault(elements[index].start_tag.start, &format!("the element <{name}> has no end tag")));
        }
        if elements.is_empty() {
            return Err(fault(text.len(), "there is no root element"));
        }
        Ok(Self { text, elements })
    }
}

/// Positions come as u64; a text in memory has no larger ones than usize.
fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn element<'a>(
    text: &'a str,
    tag: &BytesStart<'_>,
    span: Range<usize>,
    parent: Option<usize>,
) -> Result<Element<'a>, NotWellFormed> {
    let fault = |reason: String| NotWellFormed::at(text, span.start, reason);
    let name = tag.name();
    let name: &str = name.as_ref();
    let start = span.start + 1;
    // What the parser takes for a name must stand at the place where it will be cut out.
    let in_place = text.get(span.clone()).is_some_and(|tag| tag.starts_with('<') && tag[1..].starts_with(name));
    if !in_place || !is_name(name) {
        return Err(fault("an element has no proper name".to_owned()));
    }
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| fault(error.to_string()))?;
        let key: &str = attribute.key.as_ref();
        if !is_name(key) || attribute.value.contains('<') {
            return Err(fault("an attribute is not well-formed".to_owned()));
        }
        attributes.push((key.to_owned(), unescaped(&attribute.value).map_err(|reason| fault(reason.to_owned()))?));
    }
    let (name, end) = (start..start + name.len(), span.end);
    Ok(Element { parent, after: 0, name, attributes, start_tag: span, end_tag: end..end, content: Cow::Borrowed("") })
}

/// Adds to the text of the innermost open element. Outside the root only blanks may stand. Most texts are one piece, and stay
/// where they are.
fn content<'a>(elements: &mut [Element<'a>], open: &[usize], words: Cow<'a, str>) -> Result<(), &'static str> {
    match open.last() {
        Some(&index) if elements[index].content.is_empty() => {
            if !words.trim_start().is_empty() {
                elements[index].content = words;
            }
        }
        Some(&index) => elements[index].content.to_mut().push_str(&words),
        None if words.trim().is_empty() => {}
        None => return Err("there is text outside the root element"),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, &'static str> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string().into()),
        Ok(None) => {
            let name: &str = reference;
            let known = quick_xml::escape::resolve_predefined_entity(name);
            Ok(known.map_or_else(|| format!("&{name};").into(), Cow::Borrowed))
        }
        Err(_) => Err("there is a character reference to no character"),
    }
}

/// An attribute's value as a parser hands it on: references resolved, line breaks as blanks.
fn unescaped(value: &str) -> Result<String, &'static str> {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        result.push_str(&rest[..at]);
        let Some(end) = rest[at..].find(';') else { return Err("a reference has no end") };
        let reference = BytesRef::new(&rest[at + 1..at + end]);
        result.push_str(&resolve(&reference)?);
        rest = &rest[at + end + 1..];
    }
    result.push_str(rest);
    Ok(if result.contains(['\n', '\r', '\t']) { result.replace(['\n', '\r', '\t'], " ") } else { result })
}

/// Whether `name` can name an element or an attribute, near enough to tell markup from its look-alikes.
fn is_name(name: &str) -> bool {
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return !name.is_empty();
    }
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':') || c > '\u{b6}';
    name.starts_with(|c: char| inner(c) && !c.is_ascii_digit() && !matches!(c, '-' | '.')) && name.chars().all(inner)
}
