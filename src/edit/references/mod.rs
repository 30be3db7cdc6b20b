//! The variables that a text refers to, in any tool's dialect: `${X}`, `${X?}`, `${X-…}`, `${X:-…}`, `${env.X}`, `%X%`, `$X`,
//! `$(X)`, `$Env:X`, hatch's `{env:X}` (read in hatchling's `utils/context.py`).
//!
//! It answers whether a file could make some client read a variable, so it would rather find too much: every reading counts that
//! follows from undoing what XML, JSON, TOML, YAML or Java's properties may do to a name, and whatever sections, comments or
//! quotes stand around it. It needs time in proportion to the text, and little memory, whatever the text.

mod scan;
mod view;

use std::cell::Cell;

use memchr::{memchr, memchr2, memchr3};

use view::{Entities, Unescaped, Xml};

/// More than any configuration has; each is kept until the plan is made.
const MOST_REFERENCES: usize = 100_000;

/// The names that `text` refers to, with every line where it does, counted from 1. Nothing where there are more than any
/// configuration has.
pub fn in_text(text: &str) -> Option<Vec<(String, usize)>> {
    let mut found: Vec<(String, usize)> = Vec::new();
    let (mut enough, are_too_many) = (1_024, Cell::new(false));
    let tidy = |found: &mut Vec<(String, usize)>| {
        found.sort_unstable();
        found.dedup();
    };
    let mut note = |name: &str, line: usize| {
        if are_too_many.get() {
            return;
        }
        found.push((name.to_owned(), line));
        // The views of one text report much of it again.
        if found.len() >= enough {
            tidy(&mut found);
            enough = 2 * found.len().max(512);
            are_too_many.set(found.len() > MOST_REFERENCES);
        }
    };
    in_views(text, &mut note, &|| are_too_many.get());
    tidy(&mut found);
    (found.len() <= MOST_REFERENCES).then_some(found)
}

/// Whether a reference that was found may mean a variable.
pub fn may_mean(found: &str, variable: &str) -> bool {
    let Some((start, rest)) = found.split_once(scan::ANYTHING) else { return found.eq_ignore_ascii_case(variable) };
    let end = rest.rsplit(scan::ANYTHING).next().unwrap_or_default();
    let (variable, start, end) = (variable.to_ascii_uppercase(), start.to_ascii_uppercase(), end.to_ascii_uppercase());
    variable.len() >= start.len() + end.len() && variable.starts_with(&start) && variable.ends_with(&end)
}

/// Reports every name that `text` may refer to, with its line, perhaps several times: for a text of many megabytes, of which only
/// some names are asked for.
pub fn each(text: &str, mut report: impl FnMut(&str, usize)) {
    in_views(text, &mut report, &|| false);
}

/// The same, unless it is enough after one way to look at it.
fn in_views(text: &str, report: &mut dyn FnMut(&str, usize), is_enough: &dyn Fn() -> bool) {
    let bytes = text.as_bytes();
    let has_escapes = memchr(b'\\', bytes).is_some();
    if !has_escapes && memchr3(b'$', b'%', b'{', bytes).is_none() && memchr(b'&', bytes).is_none() {
        return;
    }
    let is_xml_like = memchr2(b'<', b'&', bytes).is_some();
    let raw = || text.char_indices();
    scan::scan(text, &mut raw(), report);
    if has_escapes && !is_enough() {
        scan::scan(text, &mut Unescaped::new(raw()), report);
        // pnpm reads JSON out of a string of JSON.
        scan::scan(text, &mut Unescaped::new(Unescaped::new(raw())), report);
    }
    if is_xml_like && !is_enough() {
        let entities = Entities::of(text);
        scan::scan(text, &mut Xml::new(text, &entities), report);
        scan::scan(text, &mut Unescaped::new(Xml::new(text, &entities)), report);
    }
}

#[cfg(test)]
mod tests;
