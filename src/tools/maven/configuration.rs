//! Arguments that a repository gives Maven and Java in `.mvn`.
//!
//! Everything that may be a property or the name of a file counts as one: Maven's versions split these files in different ways,
//! and take an option in several spellings.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::arguments;
use super::files::{Content, MavenFile};
use super::model::{Properties, add_value};
use crate::tools::reading::{Sources, is_one_of};

/// Options that name a file, which may follow without a blank.
const FILE_OPTIONS: [&str; 5] = ["-gs", "-is", "-ps", "-s", "-f"];

/// More settings files than any project names.
const MOST_SETTINGS: usize = 100;

/// The project's folder. The folder `.mvn` may be a link to one of any name.
fn project_folder(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    if is_one_of(&folder.file_name()?.to_string_lossy(), &[".mvn"]) { folder.parent() } else { Some(folder) }
}

/// The words of a file: since Maven 3.9 each line is an argument, before that blanks separate them.
pub fn words(text: &str) -> Vec<String> {
    let quotes = |c: char| matches!(c, '"' | '\'');
    let words = text.lines().chain(text.split_whitespace());
    words.map(|word| word.trim().trim_matches(quotes).to_owned()).collect()
}

/// The words of every file, with the folder of the project that they are for.
fn arguments(sources: Sources<'_>) -> impl Iterator<Item = (&Path, &[String])> {
    sources.of::<MavenFile>().filter_map(|(file, parsed)| match &parsed.content {
        Content::Arguments(words) => Some((project_folder(&file.source.path)?, words.as_slice())),
        _ => None,
    })
}

/// The properties that these files and the job's variables define.
pub fn properties(sources: Sources<'_>) -> Properties {
    let mut properties = Properties::new();
    let of_files = arguments(sources).flat_map(|(_, words)| words.iter().cloned());
    for word in of_files.chain(arguments::of_variables(sources.host)) {
        let attached = word.strip_prefix("-D").unwrap_or(&word);
        // `--define=name=value`, with one dash as well.
        let behind = word.split_once('=').map(|(_, rest)| rest).filter(|_| word.starts_with('-'));
        for definition in [Some(attached), behind].into_iter().flatten() {
            // Without a value it is true.
            let (name, value) = definition.split_once('=').unwrap_or((definition, "true"));
            add_value(&mut properties, name.trim(), value.trim().trim_matches(['"', '\'']));
        }
    }
    properties
}

/// The settings files that `-s` of these files names, each with the file that does.
pub fn settings(sources: Sources<'_>) -> Vec<(String, String)> {
    // They are warned of one by one.
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for (file, parsed) in sources.of::<MavenFile>().filter(|(file, _)| is_one_of(file.source.name(), &["maven.config"]))
    {
        let Content::Arguments(words) = &parsed.content else { continue };
        for (at, word) in words.iter().enumerate() {
            let named = ["--settings", "-s"].iter().find_map(|option| word.strip_prefix(option)).map(str::trim);
            let named = named.map(|rest| rest.trim_start_matches('=').trim_start_matches("./"));
            let settings = match named {
                Some("") => words.get(at + 1).map(String::as_str),
                other => other,
            };
            if let Some(settings) = settings.filter(|settings| !settings.starts_with('-'))
                && found.len() < MOST_SETTINGS
                && known.insert((file.source.shown.as_str(), settings))
            {
                found.push((file.source.shown.clone(), settings.to_owned()));
            }
        }
    }
    found
}

/// The project folders, and what may name a file from one of them or from a folder below.
pub fn file_names(sources: Sources<'_>) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for (folder, words) in arguments(sources) {
        for word in words {
            let attached = FILE_OPTIONS.iter().filter_map(|option| word.strip_prefix(option));
            let value = word.split_once('=').map(|(_, value)| value);
            for name in attached.chain(value).chain([word.as_str()]) {
                let name = name.trim().trim_start_matches('=').trim_matches(['"', '\'']);
                if !name.is_empty() && !name.starts_with('-') && !name.contains("://") {
                    found.push((folder.to_path_buf(), name.to_owned()));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
