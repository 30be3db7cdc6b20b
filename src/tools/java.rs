//! What the environment tells Java, for the tools that run on it.

use std::path::PathBuf;

use crate::host::Host;

/// Words that quotes hold together.
pub fn quoted_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut inside = false;
    for character in text.chars() {
        match character {
            '"' => inside = !inside,
            blank if blank.is_whitespace() && !inside => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The folder that one of these variables, whose words Java takes as arguments, gives in a property. The first that does overrides the
/// others; in one, the last.
pub fn folder(host: &Host, variables: &[&str], property: &str) -> Option<PathBuf> {
    variables.iter().find_map(|name| {
        let words = quoted_words(host.variable(name)?);
        let value =
            |word: &String| Some(word.strip_prefix("-D")?.strip_prefix(property)?.strip_prefix('=')?.to_owned());
        let folder = words.iter().rev().find_map(value)?;
        Some(host.working_directory.join(folder.trim_matches('\'')))
    })
}

/// The home folders in which Java may look: the account's, whatever HOME says, and HOME's for what honours it. Where the
/// job sets Java's own idea of it in one of these variables, that one alone.
pub fn homes(host: &Host, variables: &[&str]) -> Vec<PathBuf> {
    if let Some(home) = folder(host, variables, "user.home") {
        return vec![home];
    }
    let mut homes: Vec<PathBuf> = [&host.account_home, &host.home].into_iter().flatten().cloned().collect();
    homes.dedup();
    homes
}
