//! Sources of project files.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::config::{NamedSource, NuGetFile};
use super::values::{self, Value};
use crate::edit::xml::Document;
use crate::tools::reading::{SourceFile, Unparsable, is_one_of};

/// Project files and what they import.
pub fn is_project(file_name: &str) -> bool {
    let endings = ["csproj", "fsproj", "vbproj", "vcxproj", "props", "targets"];
    file_name.rsplit_once('.').is_some_and(|(_, end)| is_one_of(end, &endings))
}

const SOURCES: [&str; 2] = ["RestoreSources", "RestoreAdditionalProjectSources"];
const CONFIG: &str = "RestoreConfigFile";
/// More than any project has; a bound on what a hostile file costs.
const MOST_ADDRESSES: usize = 1000;

/// Whether a project file speaks of sources. Hardly any does.
pub fn speaks_of_sources(text: &str) -> bool {
    SOURCES.iter().chain([&CONFIG]).any(|property| text.contains(property))
}

/// Takes a project file apart.
pub fn parse(file: &SourceFile) -> NuGetFile {
    match Document::parse(&file.text.body) {
        Ok(document) => of_project(&document, file),
        Err(error) => NuGetFile::unread(file, &error),
    }
}

fn of_project(document: &Document<'_>, file: &SourceFile) -> NuGetFile {
    let folder = file.source.path.parent().unwrap_or(Path::new("."));
    let config = document.nodes().find(|node| node.name() == CONFIG && !node.content().trim().is_empty());
    let given = config.and_then(|node| path(node.content().trim(), folder));
    let has_open_source = takes_from_elsewhere(document);
    let found = NuGetFile { gives_config: config.is_some(), given, has_open_source, ..NuGetFile::default() };
    let urls: Vec<Value> = addresses(document).take(MOST_ADDRESSES + 1).collect();
    if urls.len() > MOST_ADDRESSES {
        let doubt = Unparsable::hides_names(&file.source, "it names too many sources");
        return NuGetFile { doubts: vec![doubt], ..found };
    }
    let sources = urls.into_iter().map(|url| NamedSource { name: None, url, own_password: None }).collect();
    NuGetFile { sources, ..found }
}

/// Whether a list takes in a property that this file does not have, other than what the list was before. It may be set beside it.
fn takes_from_elsewhere(document: &Document<'_>) -> bool {
    let known: HashSet<String> = document.nodes().map(|node| node.name().to_ascii_lowercase()).collect();
    let lists = document.nodes().filter(|node| SOURCES.contains(&node.name()));
    let mut items = lists.flat_map(|node| node.content().split(';')).map(str::trim);
    items.any(|item| {
        let name = item.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
        name.is_some_and(|name| !known.contains(&name.to_ascii_lowercase()))
    })
}

/// The addresses in lists of sources: those written there, and those of this file's properties that an item refers to.
fn addresses<'d>(document: &'d Document<'_>) -> impl Iterator<Item = Value> + 'd {
    // Looked up once by its name, and only once: a list may repeat it a million times.
    let mut properties: HashMap<String, Vec<Value>> = HashMap::new();
    for node in document.nodes().filter(|node| !SOURCES.contains(&node.name())) {
        if let Some(address) = address(node.content()) {
            properties.entry(node.name().to_ascii_lowercase()).or_default().push(address);
        }
    }
    let lists = document.nodes().filter(|node| SOURCES.contains(&node.name()));
    let items = lists.flat_map(|node| node.content().split(';')).map(str::trim);
    items.flat_map(move |item| match item.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) {
        Some(name) => properties.remove(&name.to_ascii_lowercase()).unwrap_or_default(),
        None => address(item).into_iter().collect(),
    })
}

fn address(text: &str) -> Option<Value> {
    if !values::is_remote(text) {
        return None;
    }
    let reference = text.find("$(").and_then(|at| Some(text[at..=at + text[at..].find(')')?].to_owned()));
    let open = reference.filter(|reference| values::decides(text, reference));
    Some(Value { text: text.to_owned(), open })
}

/// The path of a file, where only what `MSBuild` always has is referred to; nothing where that cannot be told.
fn path(written: &str, folder: &Path) -> Option<PathBuf> {
    let here = ["$(MSBuildThisFileDirectory)", "$(MSBuildProjectDirectory)", "$(SolutionDir)"];
    let rest = here.iter().find_map(|here| written.strip_prefix(here)).unwrap_or(written).replace('\\', "/");
    let rest = if rest.len() < written.len() { rest.trim_start_matches('/') } else { &rest };
    let mut path = folder.to_path_buf();
    for part in Path::new(rest).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    (!rest.contains("$(")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::reading::Hidden;
    use crate::tools::testing::file;

    fn parsed(content: &str) -> NuGetFile {
        let text = format!("<Project><PropertyGroup>{content}</PropertyGroup></Project>");
        parse(&file("/agent/1/s/a/app.csproj", &text))
    }

    #[test]
    fn properties_are_followed_within_the_file() {
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json";
        let text = format!(
            "<Feed>{feed}</Feed><Cache>..\\x</Cache><RestoreSources>$(RestoreSources);$(feed);$(Cache);$(Elsewhere);\
             https://pkgs.dev.azure.com/$(Org)/_packaging/f/nuget/v3/index.json</RestoreSources>"
        );
        let found = parsed(&text).sources;
        let found: Vec<(&str, Option<&str>)> =
            found.iter().map(|source| (source.url.text.as_str(), source.url.open.as_deref())).collect();
        let open = "https://pkgs.dev.azure.com/$(Org)/_packaging/f/nuget/v3/index.json";
        assert_eq!(found, [(feed, None), (open, Some("$(Org)"))]);
    }

    #[test]
    fn a_property_is_looked_up_once_however_often_it_is_referred_to() {
        let lists = "$(a);".repeat(1_000_000);
        let text = format!("{}<b>https://b/</b><RestoreSources>{lists}$(B)</RestoreSources>", "<a/>".repeat(200_000));
        let start = std::time::Instant::now();
        let found = parsed(&text).sources;
        assert_eq!(found.iter().map(|source| source.url.text.as_str()).collect::<Vec<_>>(), ["https://b/"]);
        // A search for each item would take minutes.
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    }

    #[test]
    fn too_many_sources_are_a_doubt() {
        let list = |count: usize| format!("<RestoreSources>{}</RestoreSources>", "https://a/;".repeat(count));
        let properties =
            format!("{}<RestoreSources>$(a)</RestoreSources>", "<a>https://a/</a>".repeat(MOST_ADDRESSES + 1));
        let config = "<RestoreConfigFile>x.config</RestoreConfigFile>";
        for text in [list(MOST_ADDRESSES + 1) + config, properties + config] {
            let found = parsed(&text);
            assert!(found.doubts[0].hides == Hidden::Names && found.sources.is_empty() && found.gives_config);
        }
        let found = parsed(&list(MOST_ADDRESSES));
        assert_eq!((found.doubts.len(), found.sources.len()), (0, MOST_ADDRESSES));
    }

    #[test]
    fn a_configuration_file_of_the_projects_own_is_found() {
        for (written, expected) in [
            ("x.config", Some("/agent/1/s/a/x.config")),
            ("..\\.\\ci\\x.config", Some("/agent/1/s/ci/x.config")),
            ("$(MSBuildThisFileDirectory)x.config", Some("/agent/1/s/a/x.config")),
            ("$(SolutionDir)\\ci/x.config", Some("/agent/1/s/a/ci/x.config")),
            ("$(Somewhere)/x.config", None),
        ] {
            let text = format!("<RestoreConfigFile>{written}</RestoreConfigFile>");
            let found = parsed(&text);
            assert_eq!((found.given, found.gives_config), (expected.map(PathBuf::from), true), "{written}");
        }
        assert!(!parsed("<RestoreConfigFile></RestoreConfigFile>").gives_config);
    }
}
