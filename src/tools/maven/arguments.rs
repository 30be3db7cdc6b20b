//! The arguments that the job gives Maven and Java through the environment.

use std::path::{Path, PathBuf};

use super::{ARGUMENTS, GLOBAL_COPY, quoted_path, template};
use crate::plan::{Part, Template};
use crate::tools::host::Host;

/// The user's own `MAVEN_ARGS`, split as Maven's start script splits it.
#[derive(Debug, Default)]
pub struct Arguments {
    words: Vec<String>,
    folder: PathBuf,
}

/// The two arguments that name settings files.
#[derive(Clone, Copy)]
enum Names {
    Settings,
    GlobalSettings,
}

impl Names {
    fn spellings(self) -> [&'static str; 2] {
        match self {
            Self::Settings => ["-s", "--settings"],
            Self::GlobalSettings => ["-gs", "--global-settings"],
        }
    }

    /// Whether `word` is this argument, and the value that it brings along.
    fn meant_by(self, word: &str) -> Option<Option<&str>> {
        self.spellings().into_iter().find_map(|spelling| match word.strip_prefix(spelling)? {
            "" => Some(None),
            rest => rest.strip_prefix('=').map(Some),
        })
    }
}

impl Arguments {
    /// Those of the job.
    pub fn of(host: &Host) -> Self {
        let words = host.variable(ARGUMENTS).map(|text| words(text, host.windows)).unwrap_or_default();
        Self { words, folder: host.working_directory.clone() }
    }

    /// The user settings that they name.
    pub fn settings(&self) -> Option<PathBuf> {
        self.file(Names::Settings)
    }

    /// The global settings that they name.
    pub fn global_settings(&self) -> Option<PathBuf> {
        self.file(Names::GlobalSettings)
    }

    /// Of two, Maven takes the first.
    fn file(&self, names: Names) -> Option<PathBuf> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if let Some(value) = names.meant_by(word) {
                let value = value.or_else(|| words.next().map(String::as_str))?;
                return Some(self.folder.join(Path::new(value)));
            }
        }
        None
    }

    /// The arguments with those that name settings files pointed at our copies. The user's own stay first.
    pub fn with_copies(self, user_copy: Option<&str>, windows: bool) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let replaced = match user_copy {
                Some(_) => Names::Settings.meant_by(word).or_else(|| Names::GlobalSettings.meant_by(word)),
                None => Names::GlobalSettings.meant_by(word),
            };
            match replaced {
                Some(None) => drop(words.next()),
                Some(Some(_)) => {}
                None => {
                    let quote = if windows && word.contains(char::is_whitespace) { "\"" } else { "" };
                    parts.push(Part::Text(format!("{quote}{word}{quote} ")));
                }
            }
        }
        if let Some(copy) = user_copy {
            parts.push(Part::Text("-s ".to_owned()));
            parts.extend(quoted_path(copy, windows));
            parts.push(Part::Text(" ".to_owned()));
        }
        parts.push(Part::Text("-gs ".to_owned()));
        parts.extend(quoted_path(GLOBAL_COPY, windows));
        template(parts)
    }
}

/// On Unix the script splits at blanks whatever quotes there are; on Windows quotes hold words together.
fn words(text: &str, quotes: bool) -> Vec<String> {
    if !quotes {
        return text.split_whitespace().map(str::to_owned).collect();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The home folder that the environment gives Java, in the order in which one setting overrides another.
pub fn java_home_folder(host: &Host) -> Option<PathBuf> {
    let variables = [ARGUMENTS, "_JAVA_OPTIONS", "MAVEN_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"];
    variables.into_iter().find_map(|name| {
        let words = words(host.variable(name)?, true);
        let folder = words.iter().rev().find_map(|word| word.strip_prefix("-Duser.home="))?;
        Some(host.working_directory.join(folder.trim_matches('\'')))
    })
}
