//! Files: which a tool reads, whose each is, and what the tool made of it.

use std::any::Any;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::edit::text::Text;
use crate::host::Host;

/// Whether a name of a file is one of these, in letters of any case: under each of them Windows and macOS open the same file. On
/// other systems such a file is read too, though no client may do so: a repository can only add to what is checked.
pub fn is_one_of(name: &str, names: &[&str]) -> bool {
    let name = if name.is_ascii() { Cow::Borrowed(name) } else { folded(name) };
    names.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// A name of a file in small letters. Some letters beyond ASCII are equal to one of it: macOS takes a Kelvin sign for a `k`.
pub fn folded(name: &str) -> Cow<'_, str> {
    // Every file of a checkout passes here, for every tool: most take no memory.
    let is_small = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if name.bytes().all(is_small) {
        Cow::Borrowed(name)
    } else if name.is_ascii() {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Owned(name.to_uppercase().to_lowercase())
    }
}

/// Where a file lies, for asking who reads it.
#[derive(Clone, Copy, Debug)]
pub struct RelPath<'p> {
    folder: &'p Path,
    name: &'p str,
}

impl<'p> RelPath<'p> {
    /// A file of this name in a folder.
    pub fn new(folder: &'p Path, name: &'p str) -> Self {
        Self { folder, name }
    }

    /// The file's name.
    pub fn name(&self) -> &'p str {
        self.name
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &'p Path {
        self.folder
    }

    /// Whether it has one of these names.
    pub fn is_named(&self, names: &[&str]) -> bool {
        is_one_of(self.name, names)
    }

    /// Whether it lies directly in a folder of this name.
    pub fn is_in(&self, folder: &str) -> bool {
        self.folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| is_one_of(name, &[folder]))
    }
}

/// Among which files one lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Among {
    /// The project's own, below the working directory.
    Project,
    /// Those beside it: in a dependency folder, or beside the working directory. Nothing is set up for them, but a tool may read
    /// them with the same credential.
    Beside,
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// It belongs to the repository, and says what the job needs.
    Workspace,
    /// It lies below a dependency folder or beside the working directory: nothing is set up for it, but a tool may read it.
    Beside,
    /// The user's own.
    User,
}

/// A file that a tool is to take apart.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Which it is.
    pub source: Arc<Source>,
    /// Its content.
    pub text: Text,
}

impl SourceFile {
    /// Its name.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Whether it has one of these names.
    pub fn is_named(&self, names: &[&str]) -> bool {
        is_one_of(self.name(), names)
    }
}

/// Which file it is.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// The path as messages show it: below the working directory, with slashes.
    pub shown: String,
    /// Whose it is.
    pub origin: Origin,
}

impl Source {
    /// The file's name.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// What a tool made of a file.
pub type Parsed = Box<dyn Any + Send + Sync>;

/// A file that a tool has taken apart.
#[derive(Clone)]
pub struct ReadFile {
    /// Which it is.
    pub source: Arc<Source>,
    /// What the tool made of it, for all of its family.
    pub parsed: Arc<dyn Any + Send + Sync>,
    /// Its content, where it is the user's own and may be carried over. What a repository has is not kept: it may be large.
    pub text: Option<Text>,
    /// The variables that it refers to, in whatever dialect, and on which lines; nothing where they are too many to be kept.
    pub references: Arc<Option<Vec<(String, usize)>>>,
}

/// Everything that a tool reads.
#[derive(Clone, Copy)]
pub struct Sources<'s> {
    /// The files, the user's own last.
    pub files: &'s [ReadFile],
    /// The machine and the job, whose public variables are configuration too.
    pub host: &'s Host,
}

impl<'s> Sources<'s> {
    /// The files of one kind, with what was made of each.
    pub fn of<T: 'static>(self) -> impl Iterator<Item = (&'s ReadFile, &'s T)> {
        self.files.iter().filter_map(|file| Some((file, file.parsed.downcast_ref::<T>()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::{file, host, mentioned};

    fn named(name: &str) -> &'static dyn crate::tools::Tool {
        crate::tools::TOOLS.iter().copied().find(|tool| tool.id().name == name).unwrap()
    }

    #[test]
    fn names_are_compared_as_windows_and_macos_do() {
        for name in ["package.json", "Package.JSON", "pac\u{212a}age.j\u{17f}on"] {
            assert!(is_one_of(name, &["package.json"]), "{name}");
        }
        assert!(is_one_of("con\u{fb01}g", &["config"]) && !is_one_of("config", &["config.toml"]));
        let path = RelPath::new(Path::new("/s/.Cargo"), "CONFIG");
        assert!(path.is_in(".cargo") && path.is_named(&["config"]) && !path.is_in("cargo"));
    }

    #[test]
    fn every_tool_reads_its_files_under_names_in_other_letters() {
        let feed = "https://evil.example/";
        let source =
            format!("<configuration><packageSources><add key='f' value='{feed}'/></packageSources></configuration>");
        let pom = format!(
            "<project><repositories><repository><id>f</id><url>{feed}</url></repository></repositories></project>"
        );
        for (tool, path, text) in [
            ("npm", ".NPMRC", format!("registry={feed}")),
            ("npm", ".YarnRC", format!("registry \"{feed}\"")),
            ("npm", "Package.json", format!("{{\"publishConfig\": {{\"@x:registry\": \"{feed}\"}}}}")),
            ("yarn", ".YarnRC.yml", format!("npmRegistryServer: \"{feed}\"")),
            ("cargo", ".Cargo/Config.toml", format!("[registries.f]\nindex = '{feed}'")),
            ("maven", "POM.XML", pom),
            ("nuget", "nuget.con\u{fb01}g", source),
            ("git", ".GitModules", format!("[submodule \"f\"]\npath = f\nurl = {feed}")),
        ] {
            let tool = named(tool);
            let file = file(&format!("/agent/1/s/{path}"), &text);
            let folder = file.source.path.parent().unwrap();
            assert!(tool.reads(RelPath::new(folder, file.name()), Among::Project), "{path}");
            let found = mentioned(tool, std::slice::from_ref(&file), &host(&[]));
            assert!(found.iter().any(|line| line.contains(feed) && line.ends_with(path)), "{path}: {found:?}");
        }
        let maven = named("maven");
        let file = file("/agent/1/s/.mvn/JVM.config", "-javaagent:evil.jar");
        assert!(maven.reads(RelPath::new(Path::new("/agent/1/s/.mvn"), file.name()), Among::Project));
        assert_eq!(crate::tools::testing::reading(maven, &[file], &host(&[])).perils.len(), 1);
        assert!(maven.reads(RelPath::new(Path::new("/agent/1/s/.MVN"), "Extensions.xml"), Among::Project));
    }
}
