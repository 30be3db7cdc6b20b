//! Which files are Maven's, and what each of them is.

use std::path::Path;

use super::model::Model;
use super::perils;
use super::settings::SettingsFile;
use crate::edit::xml::{Document, NotWellFormed};
use crate::tools::java::Setting;
use crate::tools::reading::{Among, Origin, RelPath, SourceFile, Unparsable, folded, is_one_of};

/// A file, taken apart.
#[derive(Debug, Default)]
pub struct MavenFile {
    /// What it is.
    pub content: Content,
    /// What Maven may see in it that cannot be seen here.
    pub doubts: Vec<Unparsable>,
    /// By what it would lead the token elsewhere.
    pub perils: Vec<Setting>,
}

/// What a file is to Maven.
#[derive(Debug, Default)]
pub enum Content {
    /// A project.
    Project(Box<Model>),
    /// Settings, with the repositories of their profiles and mirrors.
    Settings(Box<Model>, SettingsFile),
    /// Arguments that a repository gives Maven and Java in `.mvn`.
    Arguments(Vec<String>),
    /// Extensions of Maven itself, which it fetches before it reads any project.
    Extensions,
    /// What starts a Maven of the repository's own.
    Wrapper,
    /// Something else.
    #[default]
    Nothing,
}

/// What a file's name says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Named {
    /// `pom.xml`.
    Project,
    /// `settings.xml` and names such as `settings-ci.xml`; whether it is one of Maven's, its root element tells.
    Settings,
    /// A name that often is a project's or a settings file's, and as often something else's.
    Maybe,
    /// Any other. Such a file is read because something names it.
    Other,
}

impl Named {
    fn of(file_name: &str) -> Self {
        if is_one_of(file_name, &["pom.xml"]) {
            return Self::Project;
        }
        let name = folded(file_name);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_xml = ending == "xml";
        if is_xml && name.contains("settings") {
            return Self::Settings;
        }
        let is_likely = || ["pom", "maven", "build", "project", "mvn"].iter().any(|part| name.contains(part));
        if ending == "pom" || is_xml && is_likely() { Self::Maybe } else { Self::Other }
    }
}

/// Whether Maven is pointed at a file like this one.
pub fn reads(path: RelPath<'_>, among: Among) -> bool {
    let name = path.name();
    if is_configuration(name) || is_wrapper(name) {
        return is_configuration(name) || among == Among::Project;
    }
    match Named::of(name) {
        Named::Project | Named::Settings => true,
        Named::Maybe => among == Among::Project || !is_fetched(path),
        Named::Other => path.is_named(&[EXTENSIONS]) && path.is_in(".mvn"),
    }
}

/// Whether it lies as Maven lays out what it has fetched: `hello/1.0/hello-1.0.pom`. Caches of jobs hold thousands of them beside
/// the checkout. In the checkout it may be a repository of the checkout's own, with parents and dependencies of projects.
fn is_fetched(path: RelPath<'_>) -> bool {
    let last = |folder: &Path| folder.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let (version, artifact) = (last(path.folder()), path.folder().parent().and_then(last));
    let (Some(version), Some(artifact)) = (version, artifact) else { return false };
    path.name().strip_suffix(".pom").is_some_and(|stem| stem == format!("{artifact}-{version}"))
}

/// Whether a file is named as Maven's settings are.
pub fn is_settings(file_name: &str) -> bool {
    Named::of(file_name) == Named::Settings
}

const EXTENSIONS: &str = "extensions.xml";

fn is_wrapper(file_name: &str) -> bool {
    is_one_of(file_name, &["mvnw", "maven-wrapper.properties"])
}

/// Arguments of Maven and Java, and properties of Maven 4.
fn is_configuration(file_name: &str) -> bool {
    is_one_of(file_name, &["maven.config", "jvm.config"]) || is_one_of(file_name, &PROPERTIES)
}

const PROPERTIES: [&str; 3] = ["maven.properties", "maven-user.properties", "maven-system.properties"];

impl MavenFile {
    /// Takes a file apart.
    pub fn parse(file: &SourceFile) -> Self {
        let (name, text) = (file.name(), &file.text.body);
        if is_wrapper(name) {
            return Content::Wrapper.into();
        }
        if is_one_of(name, &PROPERTIES) {
            let (perils, words) = perils::of_properties(&file.text);
            return Self { perils, ..Content::Arguments(words).into() };
        }
        if is_configuration(name) {
            let perils = perils::of_arguments(name, text);
            return Self { perils, ..Content::Arguments(super::configuration::words(text)).into() };
        }
        if file.is_named(&[EXTENSIONS]) {
            return Content::Extensions.into();
        }
        let named = Named::of(name);
        // Samples are often one comment.
        let is_blank = text.trim().is_empty() || named == Named::Project && !text.contains("project");
        if is_blank || named == Named::Maybe && !seems_mavens(text) {
            return Self::default();
        }
        let mut doubts: Vec<Unparsable> = Unparsable::doubted(file).into_iter().collect();
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                if doubts.is_empty() && is_told(named, text, &error) {
                    doubts.push(Unparsable::not_well_formed(&file.source, &error));
                }
                return Self { doubts, ..Self::default() };
            }
        };
        let root = document.root();
        let holds = |part: &str| root.child(part).is_some();
        // Maven takes a settings file whatever its root element is called. Other programs have such files too.
        let has_settings = ["servers", "mirrors", "profiles"].into_iter().any(holds);
        let mut perils = Vec::new();
        let content = if root.name() == "project" && file.source.origin != Origin::User {
            Content::Project(Box::new(Model::of_project(&file.source.path, root)))
        } else if root.name() == "settings" || named == Named::Other || named == Named::Maybe && has_settings {
            perils = perils::of_settings(text, root);
            Content::Settings(Box::new(Model::of_settings(root)), SettingsFile::of(root))
        } else {
            Content::Nothing
        };
        Self { content, doubts, perils }
    }
}

impl From<Content> for MavenFile {
    fn from(content: Content) -> Self {
        Self { content, ..Self::default() }
    }
}

/// Whether a file under a name that others use too has anything that concerns repositories.
fn seems_mavens(text: &str) -> bool {
    ["modelVersion", "artifactId", "<settings", "epositories", "<mirror", "<server", "<module", "<parent"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether it is worth a word that a file is not well-formed.
fn is_told(named: Named, text: &str, error: &NotWellFormed) -> bool {
    match named {
        Named::Project | Named::Other => true,
        Named::Settings => error.is_bound || text.contains("<settings"),
        // Maven cannot read it either, and nobody has said that it is Maven's.
        Named::Maybe => error.is_bound,
    }
}
