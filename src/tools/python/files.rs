//! The files in which Python's clients name indexes: requirements, `pip.conf`, `.pypirc`, and TOML.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::Python;
use crate::edit::text::Lines;
use crate::host::Host;
use crate::reach::Role;
use crate::tools::reading::{RelPath, SourceFile, Unparsable, folded};
use crate::tools::tables::{self, table, tables, text};

/// More than any file has; a repository does not decide how many.
const MOST: usize = 1000;

/// What a file says.
#[derive(Debug, Default)]
pub struct Found {
    /// The indexes that it names.
    pub indexes: Vec<Index>,
    /// Further files of the same kind that it reads.
    pub further: Vec<PathBuf>,
    /// The lines that have a client trust any certificate of a host of Azure's.
    pub trusting: Vec<usize>,
    /// Whether it keeps poetry from asking a keyring.
    pub has_no_keyring: bool,
    /// Why it cannot be read.
    pub unread: Option<Unparsable>,
}

/// An address of packages.
#[derive(Debug)]
pub struct Index {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The address.
    pub url: String,
    /// The line.
    pub line: usize,
    /// What for.
    pub role: Role,
    /// How it stands there.
    pub spot: Spot,
}

/// How an index is named.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spot {
    /// In a line of requirements.
    Requirements,
    /// By this key of pip's configuration, for all commands or for one only.
    PipKey(&'static str, For),
    /// In a table of uv's.
    UvTable,
    /// In a table of uv's that has uv ask a keyring whatever its name.
    UvAsking,
    /// By a key of uv's.
    UvKey,
    /// Elsewhere, where the name of a user decides nothing.
    Other,
}

/// For which of pip's commands a setting is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum For {
    /// For all.
    All,
    /// For one.
    One,
}

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Requirements,
    PipConfig,
    Pypirc,
    /// TOML, with the client's tables below `tool`.
    Pyproject,
    /// TOML of the client's own.
    Toml,
}

/// Whether a client reads this file of a project.
pub fn is_read(client: &Python, path: RelPath<'_>) -> bool {
    kind(client, path.name()).is_some()
        || client.reads_requirements() && path.is_in("requirements") && has_ending(&folded(path.name()), &["txt", "in"])
}

fn has_ending(folded: &str, endings: &[&str]) -> bool {
    folded.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

fn kind(client: &Python, name: &str) -> Option<Kind> {
    let name = folded(name);
    let requires = || {
        let has_word = ["requirements", "constraints"].iter().any(|word| name.contains(word));
        has_word && has_ending(&name, &["txt", "in"])
    };
    Some(match (client, name.as_str()) {
        (Python::Pip, "pip.conf" | "pip.ini") => Kind::PipConfig,
        (Python::Uv | Python::Poetry, "pyproject.toml") => Kind::Pyproject,
        (Python::Uv, "uv.toml") | (Python::Poetry, "poetry.toml") => Kind::Toml,
        (Python::Twine, ".pypirc") => Kind::Pypirc,
        _ if client.reads_requirements() && requires() => Kind::Requirements,
        _ => return None,
    })
}

/// What a file of any name is that a client was pointed to.
fn kind_of_any(client: &Python, file: &SourceFile, host: &Host) -> Kind {
    let pip_config = || host.variable("PIP_CONFIG_FILE").map(|path| host.working_directory.join(path));
    match client {
        Python::Pip if pip_config().is_some_and(|path| path == file.source.path) => Kind::PipConfig,
        Python::Uv if has_ending(&folded(file.name()), &["toml"]) => Kind::Toml,
        Python::Pip | Python::Uv => Kind::Requirements,
        Python::Poetry => Kind::Toml,
        Python::Twine => Kind::Pypirc,
    }
}

/// Takes a file apart as a client does.
pub fn parse(client: &Python, file: &SourceFile, host: &Host) -> Found {
    let mut found = Found::default();
    match kind(client, file.name()).unwrap_or_else(|| kind_of_any(client, file, host)) {
        Kind::Requirements => requirements(file, host, &mut found),
        Kind::PipConfig => pip_config(&file.text.body, &mut found),
        Kind::Pypirc => pypirc(&file.text.body, &mut found),
        kind => match tables::parse(file) {
            Ok(root) => {
                let (lines, root) = (Lines::of(&file.text.body), root.get_ref());
                let name = if matches!(client, Python::Uv) { "uv" } else { "poetry" };
                let own = match kind {
                    Kind::Pyproject => table(root, "tool").and_then(|tool| table(tool, name)),
                    _ => Some(root),
                };
                match (client, own) {
                    (Python::Uv, Some(own)) => uv(own, &lines, &mut found),
                    (_, Some(own)) => poetry(own, &lines, &mut found),
                    (_, None) => {}
                }
            }
            Err(unread) => found.unread = Some(unread),
        },
    }
    found.indexes.truncate(MOST);
    found.further.truncate(MOST);
    found
}

impl Found {
    fn add(&mut self, name: Option<&str>, (url, line): (String, usize), role: Role, spot: Spot) {
        self.indexes.push(Index { name: name.map(str::to_owned), url, line, role, spot });
    }
}

fn is_azure(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    host == "pkgs.dev.azure.com" || host.ends_with(".visualstudio.com")
}

/// Options stand on lines of their own; a `\` at the end joins the next one. pip takes them abbreviated as well.
fn requirements(file: &SourceFile, host: &Host, found: &mut Found) {
    let folder = file.source.path.parent().unwrap_or(Path::new(""));
    let mut option: Option<&str> = None;
    let mut goes_on = false;
    for (number, line) in file.text.body.lines().enumerate() {
        let (words, joined) = match line.trim_end().strip_suffix('\\') {
            Some(words) => (words, true),
            None => (line, false),
        };
        if !goes_on {
            option = None;
        }
        if goes_on || words.trim_start().starts_with('-') {
            for word in words.split_whitespace().take_while(|word| !word.starts_with('#')) {
                let (name, value) = match word.split_once('=').filter(|_| word.starts_with("--")) {
                    Some((name, value)) => (Some(name), Some(value)),
                    None if word.starts_with("--") => (Some(word), None),
                    None if word.starts_with('-') && word.is_char_boundary(2) => {
                        (word.get(..2), word.get(2..).filter(|rest| !rest.is_empty()))
                    }
                    None => (option, Some(word)),
                };
                option = name;
                let (Some(name), Some(value)) = (name, value) else { continue };
                let value = value.trim_matches(['"', '\'']);
                let is = |short: &str, long: &str| name == short || name.len() > 4 && long.starts_with(name);
                if is("-i", "--index-url") || is("-i", "--extra-index-url") {
                    found.add(None, (expanded(value, host), number + 1), Role::Source, Spot::Requirements);
                } else if is("-r", "--requirement") || is("-c", "--constraint") {
                    found.further.push(folder.join(value));
                } else if is("", "--trusted-host") && is_azure(value) {
                    found.trusting.push(number + 1);
                }
            }
        }
        goes_on = joined;
    }
}

/// With the variables that later steps have in place of `${NAME}`.
fn expanded(text: &str, host: &Host) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        whole.push_str(before);
        let written = &rest[before.len()..rest.len() - tail.len()];
        whole.push_str(host.variable(name).unwrap_or(written));
        rest = tail;
    }
    whole + rest
}

/// The settings of a file as Python's `configparser` reads it: section, key in small letters, a value for each line, the line.
fn settings(body: &str) -> Vec<(String, String, String, usize)> {
    let (mut section, mut key) = (String::new(), None::<String>);
    let mut settings = Vec::new();
    for (number, line) in body.lines().enumerate().take(MOST) {
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) && key.is_some() {
            settings.push((section.clone(), key.clone().unwrap_or_default(), text.to_owned(), number + 1));
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            (section, key) = (name.trim().to_owned(), None);
        } else if let Some((name, value)) = text.split_once(['=', ':']) {
            let name = name.trim().to_lowercase().replace('_', "-");
            settings.push((section.clone(), name.clone(), value.trim().to_owned(), number + 1));
            key = Some(name);
        }
    }
    settings
}

/// The keys under which pip's configuration names indexes.
pub const PIP_KEYS: [&str; 2] = ["index-url", "extra-index-url"];

fn pip_config(body: &str, found: &mut Found) {
    for (section, key, value, line) in settings(body) {
        let Some(key) = PIP_KEYS.into_iter().find(|known| *known == key) else { continue };
        let whom = if section == "global" { For::All } else { For::One };
        for url in value.split_whitespace() {
            found.add(None, (url.to_owned(), line), Role::Source, Spot::PipKey(key, whom));
        }
    }
}

fn pypirc(body: &str, found: &mut Found) {
    for (section, key, value, line) in settings(body) {
        if key == "repository" {
            found.add(Some(&section), (value, line), Role::Publish, Spot::Other);
        }
    }
}

fn uv(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    for entry in root.get("index").and_then(|index| index.get_ref().as_array()).into_iter().flat_map(|all| all.iter()) {
        let Some(entry) = entry.get_ref().as_table() else { continue };
        let name = text(entry, "name", lines).map(|(name, _)| name);
        let always = text(entry, "authenticate", lines).is_some_and(|(value, _)| value == "always");
        let spot = if always { Spot::UvAsking } else { Spot::UvTable };
        for (key, role) in [("url", Role::Source), ("publish-url", Role::Publish)] {
            if let Some(url) = text(entry, key, lines) {
                found.add(name.as_deref(), url, role, spot);
            }
        }
    }
    for settings in [Some(root), table(root, "pip")].into_iter().flatten() {
        for (key, role) in [("index-url", Role::Source), ("publish-url", Role::Publish)] {
            if let Some(url) = text(settings, key, lines) {
                found.add(None, url, role, Spot::UvKey);
            }
        }
        let extra = settings.get("extra-index-url").and_then(|extra| extra.get_ref().as_array());
        for url in extra.into_iter().flat_map(|all| all.iter()) {
            if let Some(text) = url.get_ref().as_str() {
                found.add(None, (text.to_owned(), lines.at(url.span().start)), Role::Source, Spot::UvKey);
            }
        }
        let insecure = settings.get("allow-insecure-host").and_then(|hosts| hosts.get_ref().as_array());
        let trusted = insecure.into_iter().flat_map(|all| all.iter());
        let trusted = trusted.filter(|host| host.get_ref().as_str().is_some_and(is_azure));
        found.trusting.extend(trusted.map(|host| lines.at(host.span().start)));
    }
}

fn poetry(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    for source in
        root.get("source").and_then(|source| source.get_ref().as_array()).into_iter().flat_map(|all| all.iter())
    {
        let Some(source) = source.get_ref().as_table() else { continue };
        let name = text(source, "name", lines).map(|(name, _)| name);
        if let Some(url) = text(source, "url", lines) {
            found.add(name.as_deref(), url, Role::Source, Spot::Other);
        }
    }
    for (name, repository) in tables(root, "repositories") {
        if let Some(url) = text(repository, "url", lines) {
            found.add(Some(name), url, Role::Publish, Spot::Other);
        }
    }
    for (_, certificate) in tables(root, "certificates") {
        if let Some(cert) = certificate.get("cert").filter(|cert| cert.get_ref().as_bool() == Some(false)) {
            found.trusting.push(lines.at(cert.span().start));
        }
    }
    let enabled = table(root, "keyring").and_then(|keyring| keyring.get("enabled")?.get_ref().as_bool());
    found.has_no_keyring = enabled == Some(false);
}
