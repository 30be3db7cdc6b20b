//! Sources of `nuget.config` and of project files.

use super::names::decoded;
use crate::edit::xml::{Document, Node, NotWellFormed};
use crate::host::Host;
use crate::reach::{Binding, Role};
use crate::tools::reading::{Mention, Place, Reading, Receiver, Sent, Source, SourceFile, Unparsable};

/// `nuget.config` in any letters, and names such as `nuget.release.config`, which a client may be given.
pub fn is_config(file_name: &str) -> bool {
    let name = file_name.to_ascii_lowercase();
    name.starts_with("nuget.") && name.ends_with(".config")
}

/// Project files and what they import.
pub fn is_project(file_name: &str) -> bool {
    let name = file_name.to_ascii_lowercase();
    [".csproj", ".fsproj", ".vbproj", ".vcxproj", ".props", ".targets"].iter().any(|ending| name.ends_with(ending))
}

const PROJECT_PROPERTIES: [&str; 2] = ["RestoreSources", "RestoreAdditionalProjectSources"];

/// A file, taken apart.
#[derive(Debug, Default)]
pub struct NuGetFile {
    /// The sources that it names, by name and URL.
    pub sources: Vec<(Option<String>, String)>,
    /// The credentials that it has.
    pub credentials: Vec<OwnCredential>,
    /// What else it sends: where to, and the text as written and resolved.
    sends: Vec<(Receiver, String)>,
    /// What NuGet may see in it that cannot be seen here.
    pub doubts: Vec<Unparsable>,
}

/// A credential for a source in a configuration file.
#[derive(Debug)]
pub struct OwnCredential {
    /// The source's name.
    pub name: String,
    /// What it consists of, by key.
    pub values: Vec<(String, String)>,
}

impl NuGetFile {
    /// Takes a file apart.
    pub fn parse(file: &SourceFile, host: &Host) -> Self {
        let text = &file.text.body;
        if is_project(file.name()) {
            // There may be thousands; hardly any speaks of sources.
            if !PROJECT_PROPERTIES.iter().any(|property| text.contains(property)) {
                return Self::default();
            }
            return Document::parse(text)
                .map_or_else(|error| Self::unread(file, &error), |document| of_project(&document));
        }
        let doubt = Unparsable::doubted(file);
        match Document::parse(text) {
            Ok(document) => Self { doubts: doubt.into_iter().collect(), ..of_config(document.root(), host) },
            Err(_) if doubt.is_some() => Self { doubts: doubt.into_iter().collect(), ..Self::default() },
            Err(error) => Self::unread(file, &error),
        }
    }

    fn unread(file: &SourceFile, error: &NotWellFormed) -> Self {
        Self { doubts: vec![Unparsable::not_well_formed(&file.source, error)], ..Self::default() }
    }

    /// What it names and sends.
    pub fn read(&self, source: &Source, reading: &mut Reading) {
        let place = Place::of(source);
        reading.doubts.extend(self.doubts.iter().cloned());
        for (name, url) in &self.sources {
            let (name, url, place) = (name.clone(), url.clone(), place.clone());
            reading.mentions.push(Mention { name, url, doubt: None, role: Role::Source, bound: Binding::Name, place });
        }
        for (receiver, text) in &self.sends {
            reading.sends.push(Sent { receiver: receiver.clone(), text: text.clone(), place: place.clone() });
        }
    }
}

fn of_config(root: Node<'_>, host: &Host) -> NuGetFile {
    let mut found = NuGetFile::default();
    for source in root.descend(&["packageSourceCredentials"]).into_iter().flat_map(Node::children) {
        let name = decoded(source.name());
        let pair = |add: Node<'_>| {
            let key = add.attribute("key").filter(|_| is_add(add)).unwrap_or_default();
            Some((key.to_owned(), add.attribute("value")?.to_owned()))
        };
        let values: Vec<(String, String)> = source.children().filter_map(pair).collect();
        for (_, value) in &values {
            found.sends.push((Receiver::Name(name.clone()), format!("{value} {}", expanded(value, host))));
        }
        found.credentials.push(OwnCredential { name, values });
    }
    for add in adds(root, "apikeys") {
        if let (Some(url), Some(value)) = (add.attribute("key"), add.attribute("value")) {
            found.sends.push((Receiver::Url(expanded(url, host)), format!("{value} {}", expanded(value, host))));
        }
    }
    for value in adds(root, "config").filter_map(|add| add.attribute("value")) {
        found.sends.push((Receiver::Url(expanded(value, host)), format!("{value} {}", expanded(value, host))));
    }
    if root.name() != "configuration" {
        return found;
    }
    let value = |add: &Node<'_>| add.attribute("value").map(|value| expanded(value.trim(), host));
    for add in adds(root, "packageSources") {
        if let (Some(name), Some(url)) = (add.attribute("key"), value(&add).filter(|url| may_be_remote(url))) {
            found.sources.push((Some(name.trim().to_owned()), url));
        }
    }
    for add in adds(root, "config") {
        let is_push = add.attribute("key").is_some_and(|key| key.eq_ignore_ascii_case("defaultPushSource"));
        if let Some(url) = value(&add).filter(|url| is_push && may_be_remote(url)) {
            found.sources.push((None, url));
        }
    }
    found
}

/// The `<add>`s of a section. NuGet takes that one name in any case of letters, that of a section as it is (measured with
/// nuget.exe 5.8).
fn adds<'d>(root: Node<'d>, section: &str) -> impl Iterator<Item = Node<'d>> {
    root.descend(&[section]).into_iter().flat_map(Node::children).filter(|child| is_add(*child))
}

/// Whether an element is an `<add>`.
pub fn is_add(element: Node<'_>) -> bool {
    element.name().eq_ignore_ascii_case("add")
}

fn of_project(document: &Document<'_>) -> NuGetFile {
    let properties = document.nodes().filter(|node| PROJECT_PROPERTIES.contains(&node.name()));
    let urls = properties.flat_map(|node| node.content().split(';')).map(str::trim);
    let sources = urls.filter(|url| is_remote(url)).map(|url| (None, url.to_owned())).collect();
    NuGetFile { sources, ..NuGetFile::default() }
}

fn is_remote(url: &str) -> bool {
    let scheme = url.split("://").next().unwrap_or_default();
    scheme.len() < url.len() && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

/// Folders take no credentials. What a variable hides may be anything.
fn may_be_remote(url: &str) -> bool {
    is_remote(url) || url.contains('%') && !url.starts_with(['/', '\\', '.'])
}

/// Puts in what `%NAME%` stands for, the way of .NET on every system: an unknown name stays as it is.
fn expanded(value: &str, host: &Host) -> String {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('%') {
        result.push_str(before);
        let known = behind.split_once('%').and_then(|(name, after)| Some((host.variable(name)?, after)));
        if let Some((value, after)) = known {
            result.push_str(value);
            rest = after;
        } else {
            result.push('%');
            rest = behind;
        }
    }
    result.push_str(rest);
    result
}
