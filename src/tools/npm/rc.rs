//! Settings of npm, pnpm and yarn 1, whatever the file: `.npmrc` and what is named like one, `.yarnrc`, `pnpm-workspace.yaml`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::addresses::{Addresses, Schemes, feeds_in_text};
use super::{bunfig, yaml, yarnrc};
use crate::edit::npmrc::{self, Assignment, Client};
use crate::edit::text::Text;
use crate::host::Host;
use crate::tools::reading::{Origin, Source, SourceFile, Unparsable, folded, is_one_of};

/// What a file sets.
#[derive(Debug, Default)]
pub struct Rc {
    /// The settings, in their order.
    pub lines: Vec<Line>,
    /// Whole addresses beside them, of a file that has dependencies too.
    pub addresses: Addresses,
    /// Why it has no effect, as far as that goes.
    pub doubt: Option<Unparsable>,
}

/// A setting.
#[derive(Debug)]
pub struct Line {
    /// Its key, as a client spells it.
    pub key: String,
    /// Its value, references not replaced.
    pub value: String,
    /// What the clients make of the value in a later step: one, or several where they differ.
    pub readings: Vec<String>,
    /// The line's number, from 1.
    pub number: usize,
}

/// More settings than any file has: each takes some hundred bytes, and a repository does not decide how many.
pub const MOST_LINES: usize = 100_000;
const YARN: &str = ".yarnrc";
const PNPM: &str = "pnpm-workspace.yaml";
const BUN: &str = bunfig::NAME;

/// Whether a file of this name may be an rc file: scripts copy `release.npmrc` and `.npmrc-publish` into place, and npm reads
/// `etc/npmrc` below whatever `prefix` says.
pub fn is_rc(name: &str) -> bool {
    folded(name).contains(".npmrc") || is_one_of(name, &[YARN, PNPM, BUN, "npmrc"])
}

/// A text as npm reads it: as UTF-8, whatever its mark says.
pub fn as_npm_reads(text: &Text) -> Cow<'_, str> {
    if text.is_utf16() || text.is_single_bytes() {
        return Cow::Owned(String::from_utf8_lossy(&text.encode(&text.body)).into_owned());
    }
    Cow::Borrowed(&text.body)
}

impl Rc {
    /// Reads a file.
    pub fn parse(file: &SourceFile, host: &Host) -> Self {
        let text = as_npm_reads(&file.text);
        let (mut lines, mut addresses) = (Vec::new(), Addresses::default());
        let name = folded(file.name());
        match &*name {
            YARN if file.source.origin != Origin::User => lines = yarnrc::settings(&text, host),
            PNPM if file.source.origin != Origin::User => {
                addresses = feeds_in_text(&text, Schemes::Required);
                let Ok(settings) = yaml::settings(&text, host) else {
                    let reason = "its settings cannot be told; write each on a line of its own, without anchors";
                    return Self { doubt: Some(Unparsable::hides_names(&file.source, reason)), addresses, lines };
                };
                lines = settings;
            }
            BUN if file.source.origin != Origin::User => match bunfig::settings(&text, host) {
                Ok(settings) => lines = settings,
                Err(reason) => {
                    return Self { doubt: Some(Unparsable::hides_names(&file.source, reason)), ..Self::default() };
                }
            },
            _ => {
                let text = Text::decode(text.as_bytes()).unwrap_or_default();
                let assignments = npmrc::assignments(&text).flat_map(|assignment| of_assignment(&assignment, host));
                lines.extend(assignments.take(MOST_LINES + 1));
            }
        }
        if lines.len() > MOST_LINES {
            let doubt = Some(Unparsable::hides_names(&file.source, "it has too many settings"));
            return Self { doubt, ..Self::default() };
        }
        let reason = "npm reads no UTF-16; save it as UTF-8";
        let doubt = file.text.is_utf16().then(|| Unparsable::malformed(&file.source, reason));
        Self { lines, addresses, doubt }
    }

    /// The rc files that this one points to.
    pub fn further_files(&self, source: &Source) -> Vec<PathBuf> {
        let Some(folder) = source.path.parent().filter(|_| source.origin != Origin::User) else { return Vec::new() };
        let file = |line: &Line| match line.key.as_str() {
            "globalconfig" => line.readings.iter().map(|value| folder.join(value)).collect(),
            "prefix" => line.readings.iter().map(|value| folder.join(value).join("etc").join("npmrc")).collect(),
            _ => Vec::new(),
        };
        self.lines.iter().flat_map(file).collect()
    }
}

impl Line {
    /// A setting of which no reader of the package `ini` knows.
    pub fn new(key: &str, value: &str, number: usize, host: &Host) -> Self {
        let clients = [Client::Npm, Client::Pnpm];
        let readings = clients.iter().filter_map(|client| client.expand(value, |name| host.variable(name)));
        let readings = readings.collect::<BTreeSet<_>>().into_iter().collect();
        Self { key: key.to_owned(), value: value.to_owned(), readings, number }
    }

    /// The same as it stands, for a file in which nothing is replaced.
    pub fn literal(key: &str, value: &str, number: usize) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), readings: vec![value.to_owned()], number }
    }

    /// Whether yarn 2 and later sign in with it.
    pub fn is_credential(&self) -> bool {
        self.key.ends_with(":npmAuthToken") || self.key.ends_with(":npmAuthIdent")
    }

    /// Whether it names a registry.
    pub fn is_registry(&self) -> bool {
        self.key == "registry" || (self.key.starts_with('@') && self.key.ends_with(":registry"))
    }

    /// The part of the key before a credential's name, `//host/path/`.
    pub fn prefix(&self) -> Option<(&str, &str)> {
        self.key.strip_prefix("//").and_then(|_| self.key.rsplit_once(':'))
    }

    /// Where the value is sent: to the URL of its key, or to any.
    pub fn receiver(&self, host: &Host) -> String {
        let expand = |prefix: &str| npmrc::expand(prefix, |name| host.variable(name));
        self.prefix().map(|(prefix, _)| format!("https:{}", expand(prefix))).unwrap_or_default()
    }

    /// The name of the one variable that it refers to and says nothing beside.
    pub fn sole_reference(&self) -> Option<&str> {
        let name = self.value.trim().strip_prefix("${")?.strip_suffix('}')?;
        let name = name.strip_suffix('?').unwrap_or(name);
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
    }
}

/// A setting for each key that the clients make of a line.
fn of_assignment(assignment: &Assignment, host: &Host) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (key, value) in assignment.readings(|name| host.variable(name)) {
        match lines.iter_mut().find(|line| line.key == key) {
            Some(line) if !line.readings.contains(&value) => line.readings.push(value),
            Some(_) => {}
            None => {
                let (written, number) = (assignment.value.clone(), assignment.line);
                lines.push(Line { key, value: written, readings: vec![value], number });
            }
        }
    }
    lines
}
