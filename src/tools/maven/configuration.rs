//! Arguments that a repository gives Maven and Java in `.mvn`.
//!
//! Everything that may be a property or the name of a file counts as one: Maven's versions split these files in different ways,
//! and take an option in several spellings.

use std::path::{Path, PathBuf};

use super::model::Properties;
use crate::tools::SourceFile;

/// `maven.config` and `jvm.config`.
pub fn is_configuration(file_name: &str) -> bool {
    matches!(file_name, "maven.config" | "jvm.config")
}

/// Options that name a file, which may follow without a blank.
const FILE_OPTIONS: [&str; 3] = ["-gs", "-s", "-f"];

/// The project's folder, where the file lies in `.mvn`.
fn project_folder(file: &SourceFile) -> Option<&Path> {
    let name = file.path.file_name()?.to_str().filter(|name| is_configuration(name));
    let folder = file.path.parent().filter(|_| name.is_some())?;
    if folder.file_name()? == ".mvn" { folder.parent() } else { None }
}

/// Since Maven 3.9 each line is an argument, before that blanks separate them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let quotes = |c: char| matches!(c, '"' | '\'');
    text.lines().chain(text.split_whitespace()).map(move |word| word.trim().trim_matches(quotes))
}

/// The properties that these files define.
pub fn properties(files: &[SourceFile]) -> Properties {
    let mut properties = Properties::new();
    for file in files.iter().filter(|file| project_folder(file).is_some()) {
        for (name, value) in words(&file.text.body).filter_map(|word| word.split_once('=')) {
            let name = name.strip_prefix("-D").unwrap_or(name).trim().to_owned();
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            let values = properties.entry(name).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    properties
}

/// The project folders, and what may name a file from one of them or from a folder below.
pub fn file_names(files: &[SourceFile]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for file in files {
        let Some(folder) = project_folder(file) else { continue };
        for word in words(&file.text.body) {
            let attached = FILE_OPTIONS.iter().filter_map(|option| word.strip_prefix(option));
            let value = word.split_once('=').map(|(_, value)| value);
            for name in attached.chain(value).chain([word]) {
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
