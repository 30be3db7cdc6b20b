//! Adding elements to a list of a file, such as `<server>`s to `<servers>` in `<settings>`.
//!
//! Every element goes in and out on its own, and so does the frame that it needs around it, since the jobs of two agents under
//! one account may come and go in any order.

use super::{Document, Node, NotWellFormed};
use crate::edit::text::{TextEdit, line_ending};

/// The kind of list.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The root element that holds it.
    pub root: &'static str,
    /// Its own element.
    pub name: &'static str,
    /// What a second element of that name means to the file's reader.
    pub second: Second,
}

/// What the reader of a file does about a second list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Second {
    /// It refuses the file.
    Refused,
    /// It reads the first only.
    Ignored,
}

/// Something that must stand in the list.
pub trait Item {
    /// What it goes by.
    fn key(&self) -> &str;
    /// Whether this element is the one that goes by the key.
    fn is_named(&self, element: Node<'_>) -> bool;
    /// Whether this element says already what is wanted.
    fn is_met(&self, element: Node<'_>) -> bool;
    /// The element to write.
    fn element(&self) -> NewElement;
}

/// An element to write: a name, attributes, and either text or elements. Values are escaped when it is written.
#[derive(Clone, Debug, Default)]
pub struct NewElement {
    /// Its name without a prefix.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<(&'static str, String)>,
    /// Its text.
    pub text: String,
    /// The elements in it.
    pub children: Vec<NewElement>,
}

/// How the file is laid out around the place of an edit.
struct Layout<'t> {
    prefix: &'t str,
    /// Nothing where the file does not break lines there, so neither do we.
    lines: Option<Lines<'t>>,
}

#[derive(Clone)]
struct Lines<'t> {
    ending: &'static str,
    /// The indentation of a list's element.
    indentation: String,
    /// One step of indentation.
    step: &'t str,
}

/// Plans the edits after which `text` has every item in its list: each item's own under its key, the frame's under an empty
/// one. No edit for an item that is there already.
pub fn add<I: Item>(text: Option<&str>, items: &[I], list: List) -> Result<Vec<(String, TextEdit)>, NotWellFormed> {
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(whole_file(text, items, list));
    }
    let document = Document::parse(text)?;
    let root = document.root();
    if root.name() != list.root {
        let reason = format!("its root element is <{}>, not <{}>", root.name(), list.root);
        return Err(NotWellFormed::at(text, root.start_tag().start, reason));
    }
    let mut lists = root.children_named(list.name);
    let found = lists.next();
    if let Some(second) = lists.next().filter(|_| list.second == Second::Refused) {
        let reason = format!("it has <{}> twice, which is an error", list.name);
        return Err(NotWellFormed::at(text, second.start_tag().start, reason));
    }
    let mut edits = Vec::new();
    let mut missing = Vec::new();
    for item in items {
        match found.and_then(|list| list.children().find(|element| item.is_named(*element))) {
            None => missing.push(item),
            Some(element) if item.is_met(element) => {}
            Some(element) => {
                let layout = Layout { prefix: element.prefix(), lines: lines(text, element.start_tag().start, root) };
                let replacement = layout.written(&item.element()).trim().to_owned();
                edits.push((item.key().to_owned(), TextEdit { range: element.range(), replacement }));
            }
        }
    }
    if !missing.is_empty() {
        let frame = frame(text, root, found, list);
        edits.extend(frame.before);
        for item in missing {
            edits.push((item.key().to_owned(), TextEdit::insert(frame.place, frame.layout.written(&item.element()))));
        }
        edits.extend(frame.after);
    }
    Ok(edits)
}

fn whole_file<I: Item>(text: &str, items: &[I], list: List) -> Vec<(String, TextEdit)> {
    if items.is_empty() {
        return Vec::new();
    }
    let List { root, name, .. } = list;
    let ending = line_ending(text);
    let layout = Layout { prefix: "", lines: Some(Lines { ending, indentation: "    ".to_owned(), step: "  " }) };
    let frame = |words: String| (String::new(), TextEdit::insert(text.len(), words));
    let mut edits = vec![frame(format!("<{root}>{ending}  <{name}>{ending}"))];
    for item in items {
        edits.push((item.key().to_owned(), TextEdit::insert(text.len(), layout.written(&item.element()))));
    }
    edits.push(frame(format!("  </{name}>{ending}</{root}>{ending}")));
    edits
}

/// Where new elements go, and what must stand before and after them.
struct Frame<'t> {
    place: usize,
    layout: Layout<'t>,
    before: Option<(String, TextEdit)>,
    after: Option<(String, TextEdit)>,
}

fn frame<'t>(text: &'t str, root: Node<'t>, found: Option<Node<'t>>, list: List) -> Frame<'t> {
    let edit =
        |range: std::ops::Range<usize>, replacement: String| Some((String::new(), TextEdit { range, replacement }));
    let prefix = found.unwrap_or(root).prefix();
    let (open, close) = (format!("<{prefix}{}>", list.name), format!("</{prefix}{}>", list.name));
    match found {
        Some(found) if !found.is_self_closing() => {
            let end = found.end_tag().start;
            let beside = found.children().next().map(|child| child.start_tag().start);
            let lines = own_line(text, end).map(|line| {
                let step = step(text, root);
                let indentation =
                    beside.and_then(|start| own_line(text, start)).map(|line| line.indentation.to_owned());
                let indentation = indentation.unwrap_or_else(|| format!("{}{step}", line.indentation));
                (line.start, Lines { ending: line_ending(text), indentation, step })
            });
            let place = lines.as_ref().map_or(end, |(start, _)| *start);
            Frame { place, layout: Layout { prefix, lines: lines.map(|(_, lines)| lines) }, before: None, after: None }
        }
        Some(found) => {
            // `<servers/>` becomes `<servers>`, and its end tag is ours.
            let tag = found.start_tag();
            let opened = opened(&text[tag.clone()]);
            let lines = lines(text, tag.start, root);
            let place = tag.end;
            let (before, after) = match &lines {
                None => (opened, close),
                Some(lines) => (format!("{opened}{}", lines.ending), format!("{}{close}", lines.indentation)),
            };
            let lines = lines.map(Lines::deeper);
            Frame {
                place,
                layout: Layout { prefix, lines },
                before: edit(tag, before),
                after: edit(place..place, after),
            }
        }
        None if root.is_self_closing() => {
            let tag = root.start_tag();
            let (ending, place) = (line_ending(text), tag.end);
            let before = format!("{}{ending}  {open}{ending}", opened(&text[tag.clone()]));
            let after = format!("  {close}{ending}</{prefix}{}>", root.name());
            let lines = Lines { ending, indentation: "    ".to_owned(), step: "  " };
            let layout = Layout { prefix, lines: Some(lines) };
            Frame { place, layout, before: edit(tag, before), after: edit(place..place, after) }
        }
        None => {
            let end = root.end_tag().start;
            let Some(line) = own_line(text, end) else {
                let layout = Layout { prefix, lines: None };
                return Frame { place: end, layout, before: edit(end..end, open), after: edit(end..end, close) };
            };
            let (step, ending, place) = (step(text, root), line_ending(text), line.start);
            let outer = format!("{}{step}", line.indentation);
            let before = edit(place..place, format!("{outer}{open}{ending}"));
            let after = edit(place..place, format!("{outer}{close}{ending}"));
            let lines = Lines { ending, indentation: format!("{outer}{step}"), step };
            Frame { place, layout: Layout { prefix, lines: Some(lines) }, before, after }
        }
    }
}

/// A self-closing tag as a start tag.
fn opened(tag: &str) -> String {
    format!("{}>", tag.strip_suffix("/>").unwrap_or(tag).trim_end())
}

struct Line<'t> {
    start: usize,
    indentation: &'t str,
}

/// The line at `position`, if nothing but blanks stands before it there.
fn own_line(text: &str, position: usize) -> Option<Line<'_>> {
    let start = text[..position].rfind('\n')? + 1;
    let indentation = &text[start..position];
    indentation.chars().all(|c| matches!(c, ' ' | '\t')).then_some(Line { start, indentation })
}

/// The layout for an element that stands at `position`.
fn lines<'t>(text: &'t str, position: usize, root: Node<'t>) -> Option<Lines<'t>> {
    let line = own_line(text, position)?;
    Some(Lines { ending: line_ending(text), indentation: line.indentation.to_owned(), step: step(text, root) })
}

/// By how much the file indents what is in its root element.
fn step<'t>(text: &'t str, root: Node<'t>) -> &'t str {
    let lines = root.children().filter_map(|child| own_line(text, child.start_tag().start));
    lines.map(|line| line.indentation).find(|indentation| !indentation.is_empty()).unwrap_or("  ")
}

impl Lines<'_> {
    fn deeper(self) -> Self {
        Self { indentation: format!("{}{}", self.indentation, self.step), ..self }
    }
}

impl Layout<'_> {
    /// The element with its own indentation and line break, so that it can be taken out again by itself.
    fn written(&self, element: &NewElement) -> String {
        let mut result = String::new();
        self.write(element, &mut result, 0);
        result
    }

    fn write(&self, element: &NewElement, result: &mut String, depth: usize) {
        let (prefix, name) = (self.prefix, &element.name);
        let indent = |result: &mut String| {
            if let Some(lines) = &self.lines {
                result.push_str(&lines.indentation);
                result.push_str(&lines.step.repeat(depth));
            }
        };
        indent(result);
        result.push_str(&format!("<{prefix}{name}"));
        for (key, value) in &element.attributes {
            result.push_str(&format!(" {key}=\"{}\"", super::escaped(value)));
        }
        if element.children.is_empty() && element.text.is_empty() {
            result.push_str(" />");
        } else {
            result.push('>');
            result.push_str(&super::escaped(&element.text));
            if !element.children.is_empty() {
                self.break_line(result);
                for child in &element.children {
                    self.write(child, result, depth + 1);
                }
                indent(result);
            }
            result.push_str(&format!("</{prefix}{name}>"));
        }
        self.break_line(result);
    }

    fn break_line(&self, result: &mut String) {
        if let Some(lines) = &self.lines {
            result.push_str(lines.ending);
        }
    }
}
