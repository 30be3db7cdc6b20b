//! Where things are in an XML file: elements, their tags and their text, as positions in the bytes that the user wrote.
//!
//! The parser is asked for positions only. Nothing is ever printed back from what it read, no entity of a document type is
//! expanded, nothing is fetched.

pub mod doubt;
pub mod list;

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Deeper than any configuration is; a bound on what a hostile file costs.
const DEEPEST: usize = 200;
/// More elements and attributes than any configuration has: each takes some hundred bytes.
const MOST_PARTS: usize = 250_000;
/// More attributes than any element has; each is compared with those before it.
const MOST_ATTRIBUTES: usize = 200;

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
    elements: Vec<Element>,
}

#[derive(Debug)]
struct Element {
    parent: Option<usize>,
    /// As written, with its prefix.
    name: Range<usize>,
    attributes: Vec<(String, String)>,
    start_tag: Range<usize>,
    /// Empty where the start tag closes the element itself.
    end_tag: Range<usize>,
    /// What stands directly in it, references and CDATA resolved.
    content: String,
}

/// An element of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    index: usize,
}

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
        let mut elements: Vec<Element> = Vec::new();
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
                    if text[span.clone()].matches('=').count() > MOST_ATTRIBUTES
                        && tag.attributes().with_checks(false).count() > MOST_ATTRIBUTES
                    {
                        return Err(bound(start, "an element has too many attributes"));
                    }
                    let element = element(text, &tag, span, open.last().copied())?;
                    parts += 1 + element.attributes.len();
                    if parts > MOST_PARTS {
                        return Err(bound(start, "it has too many elements"));
                    }
                    elements.push(element);
                    if !closed {
                        open.push(elements.len() - 1);
                    }
                }
                Event::End(_) => match open.pop() {
                    Some(index) => elements[index].end_tag = span,
                    None => return Err(fault(start, "there is an end tag without a start tag")),
                },
                Event::Text(words) => {
                    content(&mut elements, &open, &words.xml10_content()).map_err(|reason| fault(start, reason))?;
                }
                Event::CData(words) => {
                    content(&mut elements, &open, &words.xml10_content()).map_err(|reason| fault(start, reason))?;
                }
                Event::GeneralRef(reference) => {
                    let resolved = resolve(&reference).map_err(|reason| fault(start, reason))?;
                    content(&mut elements, &open, &resolved).map_err(|reason| fault(start, reason))?;
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
    fn element(self) -> &'d Element {
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
        let own = move |node: &Node<'d>| node.element().parent == Some(self.index);
        self.descendants().filter(own)
    }

    /// Every element in it.
    pub fn descendants(self) -> impl Iterator<Item = Node<'d>> {
        let after = self.element().end_tag.end;
        let later = (self.index + 1..self.document.elements.len()).map(move |index| Node { index, ..self });
        later.take_while(move |node| node.element().start_tag.start < after)
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

/// Positions come as u64; a text in memory has no larger ones than usize.
fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn element(
    text: &str,
    tag: &BytesStart<'_>,
    span: Range<usize>,
    parent: Option<usize>,
) -> Result<Element, NotWellFormed> {
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
    Ok(Element { parent, name, attributes, start_tag: span, end_tag: end..end, content: String::new() })
}

/// Adds to the text of the innermost open element. Outside the root only blanks may stand.
fn content(elements: &mut [Element], open: &[usize], words: &str) -> Result<(), &'static str> {
    match open.last() {
        Some(&index) => elements[index].content.push_str(words),
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
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':') || c > '\u{b6}';
    name.starts_with(|c: char| inner(c) && !c.is_ascii_digit() && !matches!(c, '-' | '.')) && name.chars().all(inner)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_found_with_their_places() {
        let text = "<?xml version=\"1.0\"?>\r\n<!-- <servers> -->\r\n<m:settings xmlns:m='urn:x'>\r\n  <m:servers a=\"1 &amp; 2\" />\r\n \
                    <m:id> a<!-- - -->b&lt;<![CDATA[<c>]]>&#x64;&own; </m:id>\r\n</m:settings>";
        let document = Document::parse(text).unwrap();
        let root = document.root();
        assert_eq!((root.name(), root.prefix()), ("settings", "m:"));
        assert_eq!(&text[root.end_tag()], "</m:settings>");
        assert_eq!(root.range().end, text.len());
        let servers = root.child("servers").unwrap();
        assert!(servers.is_self_closing());
        assert_eq!(&text[servers.range()], "<m:servers a=\"1 &amp; 2\" />");
        assert_eq!(servers.attribute("a"), Some("1 & 2"));
        assert_eq!(root.child_content("id"), Some("ab<<c>d&own;"));
        assert_eq!(document.nodes().count(), 3);
    }

    #[test]
    fn paths_lead_to_direct_children_only() {
        let text = "<a><b><c>1</c><x><c>2</c></x></b><c>3</c><b><c>4</c></b></a>";
        let document = Document::parse(text).unwrap();
        let contents: Vec<&str> = document.root().descend(&["b", "c"]).into_iter().map(Node::content).collect();
        assert_eq!(contents, ["1", "4"]);
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("\n\n", 3),
            ("<!-- only -->", 1),
            ("<a>\n<b>\n</a>", 3),
            ("<a>\n<b>\n", 2),
            ("<a/>\n<b/>", 2),
            ("<a/>\n</a>", 2),
            ("<a/>\nwords", 2),
            ("words<a/>", 1),
            ("<a>&#xD800;</a>", 1),
            ("<a>\n&never", 2),
            ("<a>\n<b x=1/></a>", 2),
            ("<a>\n<b x='1' x='2'/></a>", 2),
            ("<a>\n<b x='&amp'/></a>", 2),
            ("<a>\n<></></a>", 2),
            ("<a>\n< b/></a>", 2),
            ("<a>\n<1/></a>", 2),
            ("<a>\n<!-- </a>", 2),
            ("<a>\n<![CDATA[ </a>", 2),
            ("\u{feff}<a/>", 1),
        ] {
            let error = Document::parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Document::parse(&format!("{}{}", "<a>".repeat(199), "</a>".repeat(199))).is_ok());
        let error = Document::parse(&"<a>".repeat(100_000)).unwrap_err();
        assert_eq!(error.reason, "its elements are nested too deeply");
    }

    #[test]
    fn elements_and_attributes_are_bounded() {
        let many = |part: &str, count: usize| format!("<a>{}</a>", part.repeat(count));
        assert!(Document::parse(&many("<b/>", MOST_PARTS - 1)).is_ok());
        assert!(Document::parse(&many("<b c='1'/>", MOST_PARTS / 2 - 1)).is_ok());
        let attributes = |count: usize| (0..count).fold("<a ".to_owned(), |all, n| format!("{all} b{n}='='")) + "/>";
        assert!(Document::parse(&attributes(MOST_ATTRIBUTES)).is_ok());
        for text in [many("<b/>", MOST_PARTS), many("<b c='1'/>", MOST_PARTS / 2), attributes(MOST_ATTRIBUTES + 1)] {
            assert!(Document::parse(&text).unwrap_err().is_bound);
        }
    }

    #[test]
    fn entities_of_a_document_type_are_not_expanded() {
        let text = "<!DOCTYPE a [<!ENTITY x \"yyy\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]><a b='&x;'>&x;&f;</a>";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.root().content(), "&x;&f;");
        assert_eq!(document.root().attribute("b"), Some("&x;"));
    }

    #[test]
    fn values_come_back_from_what_is_written() {
        for value in ["a&b", "<x>", "]]>", "\"'", "a;b", "ä€😀", "&amp;"] {
            let written = escaped(value);
            let text = format!("<a b=\"{written}\" c='{written}'>{written}</a>");
            let document = Document::parse(&text).unwrap();
            let root = document.root();
            assert_eq!((root.content(), root.attribute("b"), root.attribute("c")), (value, Some(value), Some(value)));
        }
        assert!(!can_hold("a\nb") && !can_hold("\0") && can_hold("ä€😀 "));
    }

    /// Bits of XML in any order: most of it is malformed, some of it in ways that only parsers think of.
    fn scraps() -> impl Strategy<Value = String> {
        let scrap = prop_oneof![
            prop::sample::select(vec![
                "<a>",
                "</a>",
                "<a/>",
                "<m:a x='1'>",
                "</m:a>",
                "<",
                ">",
                "&",
                ";",
                "&lt;",
                "&#1;",
                "<!--",
                "-->",
                "<![CDATA[",
                "]]>",
                "<?xml ",
                "?>",
                "<!DOCTYPE a [",
                "]",
                "\"",
                "'",
                "=",
                "/",
                "\r\n",
                "\u{feff}",
                "ä",
                "😀",
                "<ä:ö>",
                "<:>",
            ])
            .prop_map(str::to_owned),
            ".{0,4}",
        ];
        prop::collection::vec(scrap, 0..30).prop_map(|scraps| scraps.concat())
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser_and_every_place_is_in_it(text in scraps()) {
            if let Ok(document) = Document::parse(&text) {
                for node in document.nodes() {
                    let tag = &text[node.start_tag()];
                    prop_assert!(tag.starts_with('<') && tag.ends_with('>'));
                    prop_assert!(node.is_self_closing() == tag.ends_with("/>"));
                    let whole = node.range();
                    prop_assert!(text.is_char_boundary(whole.start) && text.is_char_boundary(whole.end));
                    prop_assert!(document.root().range().start <= whole.start && whole.end <= document.root().range().end);
                }
            }
        }

        #[test]
        fn any_value_comes_back(value in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,20}") {
            let text = format!("<a b=\"{0}\">{0}</a>", escaped(&value));
            let document = Document::parse(&text).unwrap();
            prop_assert_eq!(document.root().content(), value.trim());
            prop_assert_eq!(document.root().attribute("b"), Some(value.as_str()));
        }
    }
}
