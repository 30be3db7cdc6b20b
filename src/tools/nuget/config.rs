//! Sources of `nuget.config` and its like.

use std::path::PathBuf;

use super::names::decoded;
use super::values::{self, Value};
use super::{paket, project, scripts};
use crate::edit::xml::{Document, Node, NotWellFormed};
use crate::host::Host;
use crate::kernel::organization::Organization;
use crate::reach::{Binding, Role};
use crate::tools::reading::{
    Mention, Origin, Peril, Place, Reading, Receiver, Sent, Source, SourceFile, Unparsable, folded, is_one_of,
};

/// Whatever a client may be given by `-ConfigFile`. Lists of packages are none, and there may be thousands.
pub fn is_config(file_name: &str) -> bool {
    let name = folded(file_name);
    name.ends_with(".config") && name != "packages.config"
}

/// Whether clients find a file of this name by themselves.
pub fn is_found(file_name: &str) -> bool {
    is_one_of(file_name, &["nuget.config"])
}

/// Whether a configuration of another name speaks of sources: most `.config` files are those of applications.
fn speaks_of_sources(text: &str) -> bool {
    ["packageSource", "Sources", "apikeys"].iter().any(|word| text.contains(word))
}

/// A file, taken apart.
#[derive(Debug, Default)]
pub struct NuGetFile {
    /// The sources that it names.
    pub sources: Vec<NamedSource>,
    /// The credentials that it has.
    pub credentials: Vec<OwnCredential>,
    /// Whether it has clients read one configuration file and no other: by an argument, or by a property of projects.
    pub gives_config: bool,
    /// Which file that is, where it can be told.
    pub given: Option<PathBuf>,
    /// What else it sends: where to, and the text as written and resolved.
    pub(super) sends: Vec<(Receiver, String)>,
    /// Whether it takes sources from elsewhere that cannot be told.
    pub has_open_source: bool,
    /// Whether it is Paket's.
    pub is_pakets: bool,
    /// What NuGet may see in it that cannot be seen here.
    pub doubts: Vec<Unparsable>,
    /// Sources of Azure whose server's certificate is not checked, with their lines.
    pub(super) unchecked: Vec<(String, usize)>,
}

/// A source in a file.
#[derive(Debug)]
pub struct NamedSource {
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub url: Value,
    /// The line that has a user name and a password of its own for it, in Paket's file.
    pub own_password: Option<usize>,
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
        if scripts::is_pipeline(file.name()) {
            return Self { gives_config: scripts::gives_config(text), ..Self::default() };
        }
        if !Self::matters(file) {
            return Self::default();
        }
        if project::is_project(file.name()) {
            return project::parse(file);
        }
        if paket::is_dependencies(file.name()) {
            return paket::parse(file, host);
        }
        let doubt = Unparsable::doubted(file);
        match Document::parse(text) {
            Ok(document) => Self { doubts: doubt.into_iter().collect(), ..of_config(text, document.root(), host) },
            Err(_) if doubt.is_some() => Self { doubts: doubt.into_iter().collect(), ..Self::default() },
            Err(error) => Self::unread(file, &error),
        }
    }

    /// Whether a file has a say in what NuGet does, as most projects and most files of applications have not. There may be thousands.
    pub fn matters(file: &SourceFile) -> bool {
        let (name, text) = (file.name(), &file.text.body);
        if project::is_project(name) {
            return project::speaks_of_sources(text);
        }
        folded(name).starts_with("nuget.")
            || paket::is_dependencies(name)
            || file.source.origin == Origin::User
            || !scripts::is_pipeline(name) && speaks_of_sources(text)
    }

    pub fn unread(file: &SourceFile, error: &NotWellFormed) -> Self {
        Self { doubts: vec![Unparsable::not_well_formed(&file.source, error)], ..Self::default() }
    }

    /// What it names and sends.
    pub fn read(&self, source: &Source, reading: &mut Reading) {
        let place = Place::of(source);
        reading.doubts.extend(self.doubts.iter().cloned());
        for NamedSource { name, url, .. } in &self.sources {
            let (name, doubt, url, place) = (name.clone(), url.doubt(), url.text.clone(), place.clone());
            reading.mentions.push(Mention { name, url, doubt, role: Role::Source, bound: Binding::Name, place });
        }
        for (name, line) in &self.unchecked {
            let what =
                format!("lets NuGet take any certificate of the source '{name}' (disableTLSCertificateValidation)");
            reading.perils.push(Peril::new(Place::line(source, *line), what));
        }
        for (receiver, text) in &self.sends {
            reading.sends.push(Sent { receiver: receiver.clone(), text: text.clone(), place: place.clone() });
        }
    }
}

fn of_config(text: &str, root: Node<'_>, host: &Host) -> NuGetFile {
    let mut found = NuGetFile::default();
    for source in root.descend(&["packageSourceCredentials"]).into_iter().flat_map(Node::children) {
        let name = decoded(source.name());
        let pair = |add: Node<'_>| {
            let key = add.attribute("key").filter(|_| is_add(add)).unwrap_or_default();
            Some((key.to_owned(), add.attribute("value")?.to_owned()))
        };
        let values: Vec<(String, String)> = source.children().filter_map(pair).collect();
        for (_, value) in &values {
            found.sends.push((Receiver::Name(name.clone()), format!("{value} {}", values::expanded(value, host))));
        }
        found.credentials.push(OwnCredential { name, values });
    }
    for add in adds(root, "apikeys") {
        if let (Some(url), Some(value)) = (add.attribute("key"), add.attribute("value")) {
            found.sends.push((
                Receiver::Url(values::expanded(url, host)),
                format!("{value} {}", values::expanded(value, host)),
            ));
        }
    }
    for value in adds(root, "config").filter_map(|add| add.attribute("value")) {
        found
            .sends
            .push((Receiver::Url(values::expanded(value, host)), format!("{value} {}", values::expanded(value, host))));
    }
    if root.name() != "configuration" {
        return found;
    }
    let value = |add: &Node<'_>| add.attribute("value").and_then(|value| values::address(value.trim(), host));
    of_sections(text, root, host, &mut found);
    for add in adds(root, "config") {
        let is_push = add.attribute("key").is_some_and(|key| key.eq_ignore_ascii_case("defaultPushSource"));
        if let Some(url) = value(&add).filter(|_| is_push) {
            found.sources.push(NamedSource { name: None, url, own_password: None });
        }
    }
    found
}

const SOURCES: &str = "packageSources";

/// Sections whose addresses NuGet sends no credential of that name to; the last is that of other programs.
const WITHOUT_SOURCES: [&str; 4] = ["config", "apikeys", "fallbackPackageFolders", "appSettings"];

/// Whether the `<add>`s of a section may be sources: NuGet 6.12 has `auditSources` too, and later ones may have more. A section
/// under the usual name in other letters is none (measured with nuget.exe 5.8).
fn may_have_sources(section: &str) -> bool {
    let is_in_other_letters = section != SOURCES && section.eq_ignore_ascii_case(SOURCES);
    !is_in_other_letters && !WITHOUT_SOURCES.contains(&section)
}

/// The sources of every section that may have some.
fn of_sections(text: &str, root: Node<'_>, host: &Host, found: &mut NuGetFile) {
    let (mut line, mut counted) = (1, 0);
    for section in root.children().filter(|section| may_have_sources(section.name())) {
        for add in section.children().filter(|child| is_add(*child)) {
            let Some((name, value)) = add.attribute("key").zip(add.attribute("value")) else { continue };
            let value = value.trim();
            // Among packages that is a folder of another machine. Elsewhere nobody has measured it.
            let is_without_scheme = section.name() != SOURCES && value.starts_with("//");
            let url = if is_without_scheme {
                values::address(&format!("https:{value}"), host)
            } else {
                values::address(value, host)
            };
            let Some(url) = url else { continue };
            // NuGet 6.8 and later.
            // It may refer to a variable.
            let mut unchecked = add.attributes_in_any_case("disableTLSCertificateValidation");
            let is_off = |value: &str| value.trim().is_empty() || value.trim().eq_ignore_ascii_case("false");
            if unchecked.any(|value| !is_off(value))
                && (Organization::of_url(&url.text).is_some() || url.doubt().is_some())
            {
                let start = add.start_tag().start;
                line += text[counted..start].matches('\n').count();
                counted = start;
                found.unchecked.push((name.to_owned(), line));
            }
            // Blanks around it are part of a name (measured with nuget.exe 5.8 and the SDK 3.1).
            found.sources.push(NamedSource { name: Some(name.to_owned()), url, own_password: None });
        }
    }
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
