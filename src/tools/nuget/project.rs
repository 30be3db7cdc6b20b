//! Sources of project files.

use std::path::{Component, Path, PathBuf};

use super::config::{NamedSource, NuGetFile};
use super::values::{self, Value};
use crate::edit::xml::{Document, Node};
use crate::tools::reading::SourceFile;

/// Project files and what they import.
pub fn is_project(file_name: &str) -> bool {
    let endings = ["csproj", "fsproj", "vbproj", "vcxproj", "props", "targets"];
    file_name.rsplit_once('.').is_some_and(|(_, end)| endings.iter().any(|ending| end.eq_ignore_ascii_case(ending)))
}

const SOURCES: [&str; 2] = ["RestoreSources", "RestoreAdditionalProjectSources"];
const CONFIG: &str = "RestoreConfigFile";

/// Whether a project file speaks of sources. Hardly any does.
pub fn speaks_of_sources(text: &str) -> bool {
    SOURCES.iter().chain([&CONFIG]).any(|property| text.contains(property))
}

/// Takes a project file apart.
pub fn parse(file: &SourceFile) -> NuGetFile {
    match Document::parse(&file.text.body) {
        Ok(document) => of_project(&document, file.source.path.parent().unwrap_or(Path::new("."))),
        Err(error) => NuGetFile::unread(file, &error),
    }
}

fn of_project(document: &Document<'_>, folder: &Path) -> NuGetFile {
    let properties = document.nodes().filter(|node| SOURCES.contains(&node.name()));
    let items = properties.flat_map(|node| node.content().split(';')).map(str::trim);
    let urls = items.flat_map(|item| addresses(item, document));
    let sources = urls.map(|url| NamedSource { name: None, url }).collect();
    let config = document.nodes().find(|node| node.name() == CONFIG && !node.content().trim().is_empty());
    let given = config.and_then(|node| path(node.content().trim(), folder));
    NuGetFile { sources, gives_config: config.is_some(), given, ..NuGetFile::default() }
}

/// The addresses that an item of a list may stand for: its own, or those of the one property of this file that it refers to.
fn addresses(item: &str, document: &Document<'_>) -> Vec<Value> {
    let Some(name) = item.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) else {
        return address(item).into_iter().collect();
    };
    let is_it = |node: &Node<'_>| node.name().eq_ignore_ascii_case(name) && !SOURCES.contains(&node.name());
    document.nodes().filter(is_it).filter_map(|node| address(node.content().trim())).collect()
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
