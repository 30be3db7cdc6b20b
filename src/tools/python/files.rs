//! The files in which Python's clients name indexes: requirements, `pip.conf`, `.pypirc`, and TOML.

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml::de::DeTable;

use super::addresses::has_password;
use super::{Python, further, requirements};
use crate::edit::text::Lines;
use crate::host::Host;
use crate::reach::Role;
use crate::tools::dotenv::{DotEnv, ELSEWHERE, OF_PYTHON};
use crate::tools::proxies;
use crate::tools::reading::{RelPath, SourceFile, Unparsable, folded};
use crate::tools::tables::{self, table, tables, text};

/// More than any file has; a repository does not decide how many.
const MOST: usize = 1000;
const LONGEST_NAME: usize = 256;

/// What a file says.
#[derive(Debug, Default)]
pub struct Found {
    /// The indexes that it names.
    pub indexes: Vec<Index>,
    /// Further files of the same kind that it reads.
    pub further: Vec<PathBuf>,
    /// Addresses of packages by themselves: their line, and the address.
    pub direct: Vec<(usize, String)>,
    /// What would show a credential to others: the line, and a clause.
    pub perils: Vec<(usize, &'static str)>,
    /// Passwords of the user's own, by the names of indexes that other files may have: the name and the line.
    pub passwords: Vec<(String, usize)>,
    /// Whether it sets anything of uv's own.
    pub is_uvs: bool,
    /// Whether it keeps poetry from asking a keyring.
    pub has_no_keyring: bool,
    /// Whether it has tables of hatch's.
    pub is_of_hatch: bool,
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
    /// The line of a password of the user's own for it.
    pub password: Option<usize>,
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
    /// TOML of another client that starts this one, or asks as it does.
    Further,
    /// Only searched.
    Lock,
    /// Variables that Pipenv or uv sets.
    DotEnv,
}

/// Whether a client reads this file of a project.
pub fn is_read(client: &Python, path: RelPath<'_>) -> bool {
    kind(client, path.name()).is_some()
        || client.reads_requirements() && path.is_in("requirements") && has_ending(&folded(path.name()), &["txt", "in"])
}

/// Whether a file is one of pip's configuration.
pub fn is_pips_configuration(name: &str) -> bool {
    ["pip.conf", "pip.ini"].contains(&&*folded(name))
}

/// Whether a file is PDM's lock, of which there may be one for each platform, `pdm.linux.lock`.
pub fn is_pdm_lock(name: &str) -> bool {
    let name = folded(name);
    name.starts_with("pdm.") && has_ending(&name, &["lock"])
}

fn has_ending(folded: &str, endings: &[&str]) -> bool {
    folded.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

fn kind(client: &Python, name: &str) -> Option<Kind> {
    let name = folded(name);
    let requires =
        || has_ending(&name, &["txt", "in"]) && ["requirements", "constraints"].iter().any(|word| name.contains(word));
    Some(match (client, &*name) {
        (Python::Pip, "pip.conf" | "pip.ini") => Kind::PipConfig,
        (Python::Pip, "pipfile" | "pdm.toml") | (Python::Pip | Python::Uv, "hatch.toml") => Kind::Further,
        (Python::Pip, "pipfile.lock") => Kind::Lock,
        (Python::Pip, ".env") => Kind::DotEnv,
        (Python::Pip, name) if is_pdm_lock(name) => Kind::Lock,
        (Python::Pip | Python::Uv | Python::Poetry, "pyproject.toml") => Kind::Pyproject,
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
        _ if further::env_files(client, host).any(|path| path == file.source.path) => Kind::DotEnv,
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
    let kind = kind(client, file.name()).unwrap_or_else(|| kind_of_any(client, file, host));
    match kind {
        Kind::Requirements => requirements::read(file, host, &mut found),
        Kind::PipConfig => pip_config(&file.text.body, host, &mut found),
        Kind::Pypirc => pypirc(&file.text.body, &mut found),
        Kind::Lock => further::lock(file, &mut found),
        Kind::DotEnv => {
            found.perils.extend(DotEnv::parse(&file.text.body, OF_PYTHON).0.into_iter().map(|line| (line, ELSEWHERE)));
        }
        _ => match tables::parse(file) {
            Ok(root) => toml(client, file, kind, root.get_ref(), host, &mut found),
            Err(unread) => found.unread = Some(unread),
        },
    }
    // pip itself reads no such file, only what asks as it does.
    let is_pyproject = file.is_named(&["pyproject.toml"]) && found.indexes.is_empty();
    let is_others = kind == Kind::DotEnv || is_pyproject && matches!(client, Python::Pip);
    if client.reads_requirements() && !is_others {
        directly(file, &mut found);
    }
    // One is enough for no credential at all.
    found.perils.truncate(MOST);
    if found.indexes.len() > MOST || found.further.len() > MOST || found.direct.len() > MOST {
        found.unread = Some(Unparsable::hides_names(&file.source, "it names more than 1,000 addresses or files"));
        found.indexes.truncate(MOST);
        found.further.truncate(MOST);
        found.direct.truncate(MOST);
    }
    found
}

/// The tables of a client, and of those that start it.
fn toml(client: &Python, file: &SourceFile, kind: Kind, root: &DeTable<'_>, host: &Host, found: &mut Found) {
    let lines = Lines::of(&file.text.body);
    let below = |name: &str| match kind {
        Kind::Pyproject => table(root, "tool").and_then(|tool| table(tool, name)),
        Kind::Further => Some(root).filter(|_| file.is_named(&[&format!("{name}.toml")])),
        _ => Some(root),
    };
    if let Some(own) = below("uv").filter(|_| matches!(client, Python::Uv)) {
        found.is_uvs = true;
        uv(own, &lines, host, found);
    }
    if let Some(own) = below("poetry").filter(|_| matches!(client, Python::Poetry)) {
        poetry(own, &lines, found);
    }
    if file.is_named(&["Pipfile"]) {
        further::sources(root, &lines, found);
    }
    if let Some(own) = below("pdm").filter(|_| matches!(client, Python::Pip)) {
        let read = if kind == Kind::Pyproject { further::sources } else { further::pdm };
        read(own, &lines, found);
    }
    if let Some(own) = below("hatch").filter(|_| client.reads_requirements() && kind != Kind::Toml) {
        further::hatch(client, own, &lines, found);
    }
}

/// The check of certificates is off.
pub const UNCHECKED: &str = "switches off the check of certificates";
const PROXY: &str = "sends the traffic through a proxy that the job does not set";
/// Somebody else can read along.
pub const TRUST: &str = "adds trust in a certificate authority that the job does not set";
const EXPOSED: &str =
    "names a host of feeds over http or at a port of its own, where pip and uv send what they know for the host";

/// Addresses at the hosts of feeds wherever they stand, but in comments of whole lines: what a client fetches from there, it asks for
/// with the credential of an index.
fn directly(file: &SourceFile, found: &mut Found) {
    let indexes: BTreeSet<String> = found.indexes.iter().map(|index| index.url.clone()).collect();
    for (number, line) in
        file.text.body.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with(['#', ';']))
    {
        let lower = line.to_ascii_lowercase();
        let mut from = 0;
        while let Some(at) = lower[from..].find("http").map(|at| from + at) {
            let rest = &line[at..];
            let end = rest.find(|c: char| c.is_whitespace() || "\"'<>,;]})".contains(c)).unwrap_or(rest.len());
            from = at + end;
            let Ok(url) = url::Url::parse(&rest[..end]) else { continue };
            let serves_packages = |host: &str| host == "pkgs.dev.azure.com" || host.ends_with(".pkgs.visualstudio.com");
            if !url.host_str().is_some_and(serves_packages) {
                continue;
            }
            if url.scheme() != "https" || url.port().is_some() {
                found.perils.push((number + 1, EXPOSED));
            } else if !indexes.contains(&rest[..end]) {
                found.direct.push((number + 1, rest[..end].to_owned()));
            }
        }
    }
}

impl Found {
    /// Adds an index, unless there are more than any file has.
    pub fn add(&mut self, name: Option<&str>, (url, line): (String, usize), role: Role, spot: Spot) {
        // One more than is looked at tells that there are more. A section's long name would be kept for each of its addresses.
        if self.indexes.len() <= MOST {
            let name = name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned);
            let password = has_password(&url).then_some(line);
            self.indexes.push(Index { name, url, line, role, spot, password });
        }
    }
}

fn is_azure(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    host == "pkgs.dev.azure.com" || host.ends_with(".visualstudio.com")
}

/// Whether what a client is told to trust may be a host of Azure's: clients take patterns and whole addresses too.
pub fn may_be_azure(trusted: &str) -> bool {
    let host = trusted.split_once("://").map_or(trusted, |(_, rest)| rest);
    let host = host.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    host.contains(['*', '$']) || is_azure(host)
}

/// Shows each setting of a file as Python's `configparser` reads it: section, key in small letters, a value for each line, the line.
fn each_setting<'b>(body: &'b str, mut show: impl FnMut(&'b str, &str, &str, usize)) {
    let (mut section, mut key) = ("", None::<String>);
    for (number, line) in body.lines().enumerate() {
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(key) = key.as_deref().filter(|_| line.starts_with(char::is_whitespace)) {
            show(section, key, text, number + 1);
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            (section, key) = (name.trim(), None);
        } else if let Some((name, value)) = text.split_once(['=', ':']) {
            let name = name.trim().to_lowercase().replace('_', "-");
            show(section, &name, value.trim(), number + 1);
            key = Some(name);
        }
    }
}

/// The keys under which pip's configuration names indexes.
pub const PIP_KEYS: [&str; 2] = ["index-url", "extra-index-url"];

fn pip_config(body: &str, host: &Host, found: &mut Found) {
    each_setting(body, |section, key, value, line| {
        let peril = match key {
            "trusted-host" => value.split_whitespace().any(may_be_azure).then_some(UNCHECKED),
            "proxy" => (!proxies::is_jobs(host, value)).then_some(PROXY),
            "cert" => Some(TRUST),
            _ => None,
        };
        found.perils.extend(peril.map(|what| (line, what)));
        let Some(key) = PIP_KEYS.into_iter().find(|known| *known == key) else { return };
        let whom = if section == "global" { For::All } else { For::One };
        for url in value.split_whitespace() {
            found.add(None, (url.to_owned(), line), Role::Source, Spot::PipKey(key, whom));
        }
    });
}

fn pypirc(body: &str, found: &mut Found) {
    let mut passwords: Vec<(&str, usize)> = Vec::new();
    each_setting(body, |section, key, value, line| match key {
        "repository" => found.add(Some(section), (value.to_owned(), line), Role::Publish, Spot::Other),
        "password" if !value.is_empty() && passwords.len() < MOST => passwords.push((section, line)),
        "ca-cert" | "client-cert" => found.perils.push((line, TRUST)),
        _ => {}
    });
    for index in &mut found.indexes {
        let own = passwords.iter().rev().find(|(name, _)| index.name.as_deref() == Some(name));
        index.password = index.password.or(own.map(|(_, line)| *line));
    }
}

fn uv(root: &DeTable<'_>, lines: &Lines, host: &Host, found: &mut Found) {
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
        for proxy in ["http-proxy", "https-proxy"].into_iter().filter_map(|key| text(settings, key, lines)) {
            if !proxies::is_jobs(host, &proxy.0) {
                found.perils.push((proxy.1, PROXY));
            }
        }
        let insecure = settings.get("allow-insecure-host").and_then(|hosts| hosts.get_ref().as_array());
        let trusted = insecure.into_iter().flat_map(|all| all.iter());
        let trusted = trusted.filter(|host| host.get_ref().as_str().is_none_or(may_be_azure));
        found.perils.extend(trusted.map(|host| (lines.at(host.span().start), UNCHECKED)));
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
    for (name, own) in tables(root, "http-basic") {
        if let Some((_, line)) = text(own, "password", lines).filter(|(password, _)| !password.is_empty()) {
            found.passwords.push((name.to_owned(), line));
        }
    }
    for (_, certificate) in tables(root, "certificates") {
        if let Some(cert) = certificate.get("cert") {
            let what = if cert.get_ref().as_bool() == Some(false) { UNCHECKED } else { TRUST };
            found.perils.push((lines.at(cert.span().start), what));
        }
    }
    let enabled = table(root, "keyring").and_then(|keyring| keyring.get("enabled")?.get_ref().as_bool());
    found.has_no_keyring = enabled == Some(false);
}
