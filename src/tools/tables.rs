//! Configuration in TOML: its tables, and the lines of its values.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reading::{SourceFile, Unparsable};
use crate::edit::text::Lines;

/// A value, and where it stands.
pub type Value<'v> = Spanned<DeValue<'v>>;

/// A longer file is none that anybody wrote, and its values would take a hundred times as much.
const LARGEST_BYTES: usize = 1024 * 1024;

/// Takes a file apart.
pub fn parse(file: &SourceFile) -> Result<Spanned<DeTable<'_>>, Unparsable> {
    if file.text.is_utf16() {
        return Err(Unparsable::malformed(
            &file.source,
            "it is UTF-16, which no reader of TOML takes; save it as UTF-8",
        ));
    }
    let body = &file.text.body;
    if body.len() > LARGEST_BYTES {
        return Err(Unparsable::hides_names(&file.source, "it is larger than 1 MiB"));
    }
    DeTable::parse(body)
        .map_err(|error| Unparsable::malformed(&file.source, format!("it is not TOML: {}", error.message())))
}

/// The tables below a table of this name.
pub fn tables<'t>(root: &'t DeTable<'_>, name: &str) -> impl Iterator<Item = (&'t str, &'t DeTable<'t>)> {
    let of_name = root.get(name).and_then(|value| value.get_ref().as_table());
    of_name
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.get_ref().as_ref(), value.get_ref().as_table()?)))
}

/// A text of a table, and its line.
pub fn text(table: &DeTable<'_>, key: &str, lines: &Lines) -> Option<(String, usize)> {
    let value = table.get(key)?;
    Some((value.get_ref().as_str()?.to_owned(), lines.at(value.span().start)))
}

/// A table below a table.
pub fn table<'t>(root: &'t DeTable<'_>, name: &str) -> Option<&'t DeTable<'t>> {
    root.get(name)?.get_ref().as_table()
}
