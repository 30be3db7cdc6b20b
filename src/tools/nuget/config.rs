//! Sources of `nuget.config` and of project files.

use super::names::decoded;
use crate::edit::xml::{Document, Node, NotWellFormed};
use crate::host::Host;
use crate::tools::{Credential, Mention, Origin, Receiver, SourceFile, Unparsable};

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

/// What one file names.
pub fn mentions(file: &SourceFile, host: &Host) -> Vec<Result<Mention, Unparsable>> {
    let text = &file.text.body;
    let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let found = if is_project(name) {
        // There may be thousands; hardly any speaks of sources.
        if PROJECT_PROPERTIES.iter().any(|property| text.contains(property)) {
            of_project(text)
        } else {
            Ok(Vec::new())
        }
    } else {
        of_config(text, host)
    };
    let mention = |(name, url)| {
        let SourceFile { shown, origin, .. } = file;
        Ok(Mention { name, url, file: shown.clone(), origin: *origin })
    };
    // A project file names no sources.
    let doubt = if is_project(name) { None } else { Unparsable::doubted(file) };
    let mut result: Vec<_> = doubt.map(Err).into_iter().collect();
    match found {
        Ok(found) => result.extend(found.into_iter().map(mention)),
        Err(_) if !result.is_empty() => {}
        Err(error) => result.push(Err(Unparsable::not_well_formed(file, &error))),
    }
    result
}

/// What one file has NuGet send.
pub fn credentials(file: &SourceFile, host: &Host) -> Vec<Credential> {
    let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(document) = (!is_project(name)).then(|| Document::parse(&file.text.body).ok()).flatten() else {
        return Vec::new();
    };
    let credential = |receiver: Receiver, value: &str| Credential {
        receiver,
        text: format!("{value} {}", expanded(value, host)),
        place: file.shown.clone(),
        origin: file.origin,
    };
    let root = document.root();
    let mut found = Vec::new();
    for source in root.descend(&["packageSourceCredentials"]).into_iter().flat_map(Node::children) {
        for value in source.children().filter_map(|add| add.attribute("value")) {
            found.push(credential(Receiver::Name(decoded(source.name())), value));
        }
    }
    for add in adds(root, "apikeys") {
        if let (Some(url), Some(value)) = (add.attribute("key"), add.attribute("value")) {
            found.push(credential(Receiver::Url(expanded(url, host)), value));
        }
    }
    for value in adds(root, "config").filter_map(|add| add.attribute("value")) {
        found.push(credential(Receiver::Url(expanded(value, host)), value));
    }
    found
}

/// Every spelling of every source's name.
pub fn source_names(files: &[SourceFile], host: &Host) -> Vec<String> {
    let configs =
        files.iter().filter(|file| file.origin != Origin::Dependency && !file.path.to_str().is_some_and(is_project));
    let mut names: Vec<String> = configs
        .flat_map(|file| of_config(&file.text.body, host).unwrap_or_default())
        .filter_map(|(name, _)| name)
        .collect();
    names.sort();
    names.dedup();
    names
}

type Named = (Option<String>, String);

fn of_config(text: &str, host: &Host) -> Result<Vec<Named>, NotWellFormed> {
    let document = Document::parse(text)?;
    let root = document.root();
    if root.name() != "configuration" {
        return Ok(Vec::new());
    }
    let value = |add: &Node<'_>| add.attribute("value").map(|value| expanded(value.trim(), host));
    let mut found = Vec::new();
    for add in adds(root, "packageSources") {
        if let (Some(name), Some(url)) = (add.attribute("key"), value(&add).filter(|url| may_be_remote(url))) {
            found.push((Some(name.trim().to_owned()), url));
        }
    }
    for add in adds(root, "config") {
        let is_push = add.attribute("key").is_some_and(|key| key.eq_ignore_ascii_case("defaultPushSource"));
        if let Some(url) = value(&add).filter(|url| is_push && may_be_remote(url)) {
            found.push((None, url));
        }
    }
    Ok(found)
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

fn of_project(text: &str) -> Result<Vec<Named>, NotWellFormed> {
    let document = Document::parse(text)?;
    let properties = document.nodes().filter(|node| PROJECT_PROPERTIES.contains(&node.name()));
    let urls = properties.flat_map(|node| node.content().split(';')).map(str::trim);
    Ok(urls.filter(|url| is_remote(url)).map(|url| (None, url.to_owned())).collect())
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
