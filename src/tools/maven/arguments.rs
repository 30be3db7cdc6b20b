//! The arguments that the job gives Maven and Java through the environment.

use std::path::{Path, PathBuf};

use super::ARGUMENTS;
use crate::host::Host;
use crate::tools::java::quoted_words;

/// The user's own `MAVEN_ARGS`.
#[derive(Debug, Default)]
pub struct Arguments {
    words: Vec<Argument>,
    folder: PathBuf,
}

#[derive(Debug)]
enum Argument {
    /// `-s` and its value.
    Settings(String),
    /// `-gs`, or `-is` since Maven 4, and its value.
    GlobalSettings(String),
    Other(String),
}

impl Arguments {
    /// Those of the job.
    pub fn of(host: &Host) -> Self {
        let text = host.variable(ARGUMENTS).unwrap_or_default();
        let words =
            // On Unix the start script splits at blanks whatever quotes there are.
            if cfg!(windows) { quoted_words(text) } else { text.split_whitespace().map(str::to_owned).collect() };
        Self { words: parsed(words), folder: host.working_directory.clone() }
    }

    /// The user settings that they name. Of two, Maven takes the first.
    pub fn settings(&self) -> Option<PathBuf> {
        self.file(|argument| if let Argument::Settings(file) = argument { Some(file) } else { None })
    }

    /// The global settings that they name.
    pub fn global_settings(&self) -> Option<PathBuf> {
        self.file(|argument| if let Argument::GlobalSettings(file) = argument { Some(file) } else { None })
    }

    fn file(&self, named: impl Fn(&Argument) -> Option<&String>) -> Option<PathBuf> {
        self.words.iter().find_map(named).map(|file| self.folder.join(Path::new(file)))
    }

    /// The arguments with the global settings pointed at our copy. The user's own stay first. Maven 4 takes `-gs` too, and says that it
    /// will go; its `-is`, which would go before that, is none of Maven 3's.
    pub fn with_copy(&self, global: &Path) -> String {
        let mut words = Vec::new();
        for argument in &self.words {
            match argument {
                Argument::GlobalSettings(_) => {}
                Argument::Settings(file) => words.extend(["-s".to_owned(), quoted(file)]),
                Argument::Other(word) => words.push(quoted(word)),
            }
        }
        words.extend(["-gs".to_owned(), path_argument(global)]);
        words.join(" ")
    }
}

fn quoted(word: &str) -> String {
    if cfg!(windows) && word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() }
}

/// A private file's path as an argument. On Unix quotes would become part of it.
fn path_argument(file: &Path) -> String {
    if cfg!(windows) { format!("\"{}\"", file.display()) } else { file.display().to_string() }
}

fn parsed(words: Vec<String>) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let kind: fn(String) -> Argument = match name {
            "-s" | "--settings" => Argument::Settings,
            "-gs" | "--global-settings" | "-is" | "--install-settings" => Argument::GlobalSettings,
            _ => {
                arguments.push(Argument::Other(word));
                continue;
            }
        };
        if let Some(value) = value.map(str::to_owned).or_else(|| words.next()) {
            arguments.push(kind(value));
        }
    }
    arguments
}

/// Variables whose words Java or Maven take as arguments, in the order in which one overrides another.
pub const VARIABLES: [&str; 5] = [ARGUMENTS, "_JAVA_OPTIONS", "MAVEN_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"];

/// The arguments that the job's variables hold.
pub fn of_variables(host: &Host) -> impl Iterator<Item = String> {
    VARIABLES.into_iter().filter_map(|name| host.variable(name)).flat_map(quoted_words)
}
