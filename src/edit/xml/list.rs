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
    text: &'t str,
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
                let layout =
                    Layout { text, prefix: element.prefix(), lines: lines(text, element.start_tag().start, root) };
                let replacement = layout.written_in_place(&item.element());
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
    let layout = Layout { text, prefix: "", lines: Some(Lines { ending, indentation: "    ".to_owned(), step: "  " }) };
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
    let frame = |range: std::ops::Range<usize>, written: &dyn Fn(&str) -> String| {
        Some((String::new(), TextEdit { range, replacement: unlike(text, written) }))
    };
    let (prefix, name, ending) = (found.unwrap_or(root).prefix(), list.name, line_ending(text));
    match found {
        Some(found) if !found.is_self_closing() => {
            let end = found.end_tag().start;
            let beside = found.children().next().map(|child| child.start_tag().start);
            let lines = own_line(text, end).map(|line| {
                let step = step(text, root);
                let indentation =
                    beside.and_then(|start| own_line(text, start)).map(|line| line.indentation.to_owned());
                let indentation = indentation.unwrap_or_else(|| format!("{}{step}", line.indentation));
                (line.start, Lines { ending, indentation, step })
            });
            let place = lines.as_ref().map_or(end, |(start, _)| *start);
            let layout = Layout { text, prefix, lines: lines.map(|(_, lines)| lines) };
            Frame { place, layout, before: None, after: None }
        }
        Some(found) => {
            // `<servers/>` becomes `<servers>`, and its end tag is ours.
            let tag = found.start_tag();
            let place = tag.end;
            let lines = lines(text, tag.start, root);
            let (ending, indentation) = lines.as_ref().map_or(("", ""), |lines| (ending, lines.indentation.as_str()));
            let before = frame(tag.clone(), &|padding| format!("{}{ending}", opened(&text[tag.clone()], padding)));
            let after = frame(place..place, &|padding| format!("{indentation}</{prefix}{name}{padding}>"));
            Frame { place, layout: Layout { text, prefix, lines: lines.map(Lines::deeper) }, before, after }
        }
        None if root.is_self_closing() => {
            let tag = root.start_tag();
            let (place, root) = (tag.end, root.name());
            let before = frame(tag.clone(), &|padding| {
                format!("{}{ending}  <{prefix}{name}>{ending}", opened(&text[tag.clone()], padding))
            });
            let after =
                frame(place..place, &|padding| format!("  </{prefix}{name}>{ending}</{prefix}{root}{padding}>"));
            let lines = Some(Lines { ending, indentation: "    ".to_owned(), step: "  " });
            Frame { place, layout: Layout { text, prefix, lines }, before, after }
        }
        None => {
            let end = root.end_tag().start;
            let step = step(text, root);
            let line = own_line(text, end);
            let place = line.as_ref().map_or(end, |line| line.start);
            let outer = line.as_ref().map(|line| format!("{}{step}", line.indentation));
            let (outer, ending) = outer.as_ref().map_or(("", ""), |outer| (outer.as_str(), ending));
            let before = frame(place..place, &|padding| format!("{outer}<{prefix}{name}{padding}>{ending}"));
            let after = frame(place..place, &|padding| format!("{outer}</{prefix}{name}{padding}>{ending}"));
            let lines = line.map(|_| Lines { ending, indentation: format!("{outer}{step}"), step });
            Frame { place, layout: Layout { text, prefix, lines }, before, after }
        }
    }
}

/// A self-closing tag as a start tag.
fn opened(tag: &str, padding: &str) -> String {
    format!("{}{padding}>", tag.strip_suffix("/>").unwrap_or(tag).trim_end())
}

/// Something to write that `text` does not hold yet, in a comment for instance, so that it can be found again: the same with
/// as many blanks in a tag as it takes.
fn unlike(text: &str, written: impl Fn(&str) -> String) -> String {
    let mut padding = String::new();
    loop {
        let words = written(&padding);
        if !text.contains(&words) {
            return words;
        }
        padding.push(' ');
    }
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
        unlike(self.text, |padding| self.laid_out(element, padding))
    }

    /// The element as it stands in the place of another.
    fn written_in_place(&self, element: &NewElement) -> String {
        unlike(self.text, |padding| self.laid_out(element, padding).trim().to_owned())
    }

    fn laid_out(&self, element: &NewElement, padding: &str) -> String {
        let mut result = String::new();
        self.write(element, padding, &mut result, 0);
        result
    }

    fn write(&self, element: &NewElement, padding: &str, result: &mut String, depth: usize) {
        let (prefix, name) = (self.prefix, &element.name);
        let indent = |result: &mut String| {
            if let Some(lines) = &self.lines {
                result.push_str(&lines.indentation);
                result.push_str(&lines.step.repeat(depth));
            }
        };
        indent(result);
        result.extend(["<", prefix, name]);
        for (key, value) in &element.attributes {
            result.extend([" ", key, "=\"", &super::escaped(value), "\""]);
        }
        if element.children.is_empty() && element.text.is_empty() {
            result.push_str(" />");
        } else {
            result.push('>');
            result.push_str(&super::escaped(&element.text));
            if !element.children.is_empty() {
                self.break_line(result);
                for child in &element.children {
                    self.write(child, "", result, depth + 1);
                }
                indent(result);
            }
            result.extend(["</", prefix, name, padding, ">"]);
        }
        self.break_line(result);
    }

    fn break_line(&self, result: &mut String) {
        if let Some(lines) = &self.lines {
            result.push_str(lines.ending);
        }
    }
}

#[cfg(test)]
pub mod testing {
    //! What every list must keep to, for the tests of those who have one.

    use crate::edit::text::{TextEdit, splice};

    /// The text after the edits.
    pub fn after(text: &str, edits: &[(String, TextEdit)]) -> String {
        splice(text, &edits.iter().map(|(_, edit)| edit.clone()).collect::<Vec<_>>())
    }

    /// Takes back each edit that `chosen` means by finding the very text that it had put in.
    ///
    /// # Panics
    ///
    /// Where that text does not stand there once.
    pub fn take_back(before: &str, after: &str, edits: &[(String, TextEdit)], chosen: impl Fn(&str) -> bool) -> String {
        let mut body = after.to_owned();
        for (key, edit) in edits.iter().rev().filter(|(key, _)| chosen(key)) {
            let places: Vec<usize> = body.match_indices(&edit.replacement).map(|(at, _)| at).collect();
            assert_eq!(places.len(), 1, "{key:?} put {:?} into\n{after}", edit.replacement);
            body.replace_range(places[0]..places[0] + edit.replacement.len(), &before[edit.range.clone()]);
        }
        body
    }

    /// Takes everything back, the elements first.
    pub fn undone(before: &str, after: &str, edits: &[(String, TextEdit)]) -> String {
        let framed = take_back(before, after, edits, |key| !key.is_empty());
        take_back(before, &framed, edits, str::is_empty)
    }
}
