//! Reading and extending `.npmrc` files, as npm, pnpm and yarn classic read them.
//!
//! The dialect is that of the `ini` package (npm has its version 6; pnpm 10 and yarn 1 have older ones, which differ in what a
//! section is), then of each client's own replacement of `${VAR}`. A reading that is not exactly theirs would be a place
//! where a file says one thing to us and another to them, so the tests compare with npm's own code.

mod append;
mod ini;
mod javascript;
mod replace;

use std::collections::BTreeSet;

pub use append::append;
pub use ini::assignments;
pub use replace::expand;

/// Who reads such a file.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Client {
    /// npm.
    Npm,
    /// pnpm.
    Pnpm,
    /// yarn classic.
    Yarn,
}

/// An assignment at the top level of a file, as one client at least sees it: none reads ours inside a `[section]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// The key without quotes, and without the `[]` of a list; `${VAR}` not replaced yet.
    pub key: String,
    /// The value without quotes or trailing comment, `true` where there is none; `${VAR}` not replaced yet.
    pub value: String,
    /// The line's number, from 1.
    pub line: usize,
    /// Whether it adds to a list, which later plain assignments only make longer.
    pub of_list: bool,
    /// Whether the package treats it as a section of the key's name, since its value is an object or `null`.
    is_section: bool,
    readers: Vec<Client>,
}

impl Assignment {
    /// The clients that have it at the top level: `[x] ` with a blank behind is a section for npm and a key for the others.
    pub fn readers(&self) -> &[Client] {
        &self.readers
    }

    /// Key and value as its readers end up with, `${VAR}` replaced by what `variable` says. Several where they differ; none where
    /// each refuses the line, since pnpm and yarn go on with no variable that is unset.
    pub fn readings<'v>(&self, variable: impl Fn(&str) -> Option<&'v str>) -> BTreeSet<(String, String)> {
        let reading = |&client: &Client| match client {
            Client::Npm => {
                let value = javascript::trim(&self.value);
                Some((client.expand(&self.key, &variable)?, client.expand(value, &variable)?))
            }
            // pnpm takes off a second pair of quotes (@pnpm/npm-conf, lib/util.js).
            Client::Pnpm => {
                let value = javascript::trim(&self.value);
                let inner = javascript::is_quoted_with(value, '"').then(|| javascript::from_json(value)).flatten();
                let value = inner.map_or_else(|| value.to_owned(), |inner| inner.text);
                Some((client.expand(&self.key, &variable)?, client.expand(&value, &variable)?))
            }
            // yarn leaves keys as they are (yarn/src/registries/npm-registry.js, `normalizeConfig`).
            Client::Yarn => Some((self.key.clone(), client.expand(&self.value, &variable)?)),
        };
        self.readers.iter().filter_map(reading).collect()
    }
}

#[cfg(test)]
mod tests;
