//! What project and settings files say about repositories.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use super::configuration::{self, is_configuration};
use super::references::Projects;
use super::settings::SettingsFile;
use super::{is_settings, is_wrapper};
use crate::edit::xml::{Document, Node};
use crate::reach::{Binding, Role};
use crate::tools::reading::{
    Mention, Origin, Place, ReadFile, Reading, Receiver, Sent, SourceFile, Sources, Unparsable,
};

/// The values that a property may have: profiles give it several, and any profile may be active.
pub type Properties = BTreeMap<String, Vec<String>>;

/// A project or a settings file.
#[derive(Debug, Default)]
pub struct Model {
    /// Where it is.
    pub path: PathBuf,
    /// As written, references and all.
    repositories: Vec<Repository>,
    /// Outside profiles.
    pub properties: Properties,
    /// Inside them.
    pub profile_properties: Properties,
    /// Where the parent's file may be.
    pub parents: Vec<PathBuf>,
    /// The modules, as written.
    modules: Vec<String>,
    /// `project.groupId` and the like.
    pub coordinates: Properties,
}

#[derive(Debug)]
struct Repository {
    id: Option<String>,
    url: String,
    role: Role,
}

/// A file, taken apart.
#[derive(Debug, Default)]
pub struct MavenFile {
    /// What it is.
    pub content: Content,
    /// What Maven may see in it that cannot be seen here.
    pub doubts: Vec<Unparsable>,
}

/// What a file is to Maven.
#[derive(Debug, Default)]
pub enum Content {
    /// A project.
    Project(Model),
    /// Settings, with the repositories of their profiles and mirrors.
    Settings(Model, SettingsFile),
    /// Arguments that a repository gives Maven and Java in `.mvn`.
    Arguments(Vec<String>),
    /// What starts a Maven of the repository's own.
    Wrapper,
    /// Something else.
    #[default]
    Nothing,
}

impl MavenFile {
    /// Takes a file apart.
    pub fn parse(file: &SourceFile) -> Self {
        let (name, text) = (file.name(), &file.text.body);
        if is_wrapper(name) {
            return Self { content: Content::Wrapper, doubts: Vec::new() };
        }
        if is_configuration(name) {
            return Self { content: Content::Arguments(configuration::words(text)), doubts: Vec::new() };
        }
        let is_settings = is_settings(name);
        // Samples are often one comment.
        if !is_settings && !text.contains("project") && name == "pom.xml" || text.trim().is_empty() {
            return Self::default();
        }
        let of_any_name = name != "pom.xml" && !is_settings;
        let mut doubts: Vec<Unparsable> = Unparsable::doubted(file).into_iter().collect();
        let content = match Document::parse(text) {
            Ok(document) if document.root().name() == "project" && file.source.origin != Origin::User => {
                Content::Project(project(&file.source.path, document.root()))
            }
            // Other programs have settings files too. What is named as Maven's own is, whatever it says.
            Ok(document) if document.root().name() == "settings" || of_any_name => {
                Content::Settings(settings_model(document.root()), SettingsFile::of(document.root()))
            }
            Ok(_) => Content::Nothing,
            Err(_) if !doubts.is_empty() || is_settings && !text.contains("<settings") => Content::Nothing,
            Err(error) => {
                doubts.push(Unparsable::not_well_formed(&file.source, &error));
                Content::Nothing
            }
        };
        Self { content, doubts }
    }
}

/// What the files hold.
struct Models<'s> {
    projects: Vec<(&'s ReadFile, &'s Model)>,
    settings: Vec<(&'s ReadFile, &'s Model, &'s SettingsFile)>,
    /// What `.mvn` defines.
    defined: Properties,
}

impl<'s> Models<'s> {
    fn of(sources: Sources<'s>) -> Self {
        let (mut projects, mut settings) = (Vec::new(), Vec::new());
        for (file, parsed) in sources.of::<MavenFile>() {
            match &parsed.content {
                Content::Project(model) => projects.push((file, model)),
                Content::Settings(model, own) => settings.push((file, model, own)),
                Content::Arguments(_) | Content::Wrapper | Content::Nothing => {}
            }
        }
        Self { projects, settings, defined: configuration::properties(sources) }
    }

    fn references<'m>(&'m self, sources: Sources<'m>) -> Projects<'m> {
        let projects = self.projects.iter().map(|(_, model)| *model).collect();
        let settings = self.settings.iter().map(|(_, model, _)| *model).collect();
        Projects::new(sources.host, projects, settings, &self.defined)
    }
}

/// The files of modules and parents, and those that `.mvn` names. None need exist.
pub fn further_files(sources: Sources<'_>) -> Vec<PathBuf> {
    let models = Models::of(sources);
    let projects = models.references(sources);
    let known: HashSet<&Path> = sources.files.iter().map(|file| file.source.path.as_path()).collect();
    let mut further = BTreeSet::new();
    for (index, (_, model)) in models.projects.iter().enumerate() {
        further.extend(model.parents.iter().cloned());
        for module in &model.modules {
            for module in projects.resolved(module, Some(index)) {
                further.extend(pointed(&model.path, &module));
            }
        }
    }
    for (folder, name) in configuration::file_names(sources) {
        // Maven takes them from the folder that it is started in.
        let below = models.projects.iter().filter_map(|(_, model)| model.path.parent());
        let starts = below.filter(|start| start.starts_with(&folder)).chain([folder.as_path()]);
        further.extend(starts.map(|start| normal(&start.join(&name))));
    }
    further.retain(|path| !known.contains(path.as_path()));
    let mut further: Vec<PathBuf> = further.into_iter().collect();
    // Where both lead to one file, the plain path is its name.
    further.sort_by_key(|path| path.components().any(|component| component == Component::ParentDir));
    further
}

/// What the files say: every repository that they name, and what the servers of settings files send.
pub fn read(sources: Sources<'_>) -> Reading {
    let models = Models::of(sources);
    let projects = models.references(sources);
    let mut reading = Reading::default();
    reading.doubts.extend(sources.of::<MavenFile>().flat_map(|(_, parsed)| parsed.doubts.iter().cloned()));
    let mut found = Found::default();
    for (file, model, own) in &models.settings {
        found.add(&Place::of(&file.source), &model.repositories, |text| projects.resolved(text, None));
        for (id, written) in own.texts.iter().filter(|(_, written)| written.contains("${")) {
            let text = format!("{written} {}", projects.resolved(written, None).join(" "));
            for id in projects.resolved(id, None) {
                let place = Place::of(&file.source);
                reading.sends.push(Sent { receiver: Receiver::Name(id), text: text.clone(), place });
            }
        }
    }
    for (index, (file, model)) in models.projects.iter().enumerate() {
        found.add(&Place::of(&file.source), &model.repositories, |text| projects.resolved(text, Some(index)));
        for module in model.modules.iter().filter(|module| module.contains("${")) {
            if projects.resolved(module, Some(index)).iter().any(|module| module.contains("${")) {
                let reason = format!("where its module '{module}' lies cannot be told; write out the path");
                reading.doubts.push(Unparsable::hides_names(&file.source, reason));
            }
        }
        // What a project inherits, Maven resolves with the project's own properties.
        for ancestor in projects.ancestors(index) {
            let (holder, above) = models.projects[ancestor];
            let inherited = above.repositories.iter().filter(|repository| repository.has_references());
            let (shown, origin) = (holder.source.shown.clone(), file.source.origin.max(holder.source.origin));
            let place = Place::File { shown, line: None, origin };
            found.add(&place, inherited, |text| projects.resolved(text, Some(index)));
        }
    }
    reading.mentions = found.mentions;
    reading
}

/// Mentions by place, id and URL, each once.
#[derive(Default)]
struct Found {
    mentions: Vec<Mention>,
    known: HashSet<(Place, Option<String>, String)>,
}

impl Found {
    fn add<'r>(
        &mut self,
        place: &Place,
        repositories: impl IntoIterator<Item = &'r Repository>,
        resolved: impl Fn(&str) -> Vec<String>,
    ) {
        for repository in repositories {
            let ids = match &repository.id {
                Some(id) => resolved(id).into_iter().map(Some).collect(),
                None => vec![None],
            };
            for url in resolved(&repository.url) {
                for id in &ids {
                    let url = url.trim().to_owned();
                    if self.known.insert((place.clone(), id.clone(), url.clone())) {
                        let (name, place, role) = (id.clone(), place.clone(), repository.role);
                        self.mentions.push(Mention { name, url, doubt: None, role, bound: Binding::Name, place });
                    }
                }
            }
        }
    }
}

impl Repository {
    fn has_references(&self) -> bool {
        self.url.contains("${") || self.id.as_ref().is_some_and(|id| id.contains("${"))
    }
}

fn project(path: &Path, root: Node<'_>) -> Model {
    let mut model = Model { path: normal(path), ..Model::default() };
    let profiles = root.descend(&["profiles", "profile"]);
    for holder in std::iter::once(root).chain(profiles.iter().copied()) {
        add_repositories(&mut model.repositories, holder);
        // A site is deployed with the server of its id as well.
        for kind in ["repository", "snapshotRepository", "site"] {
            add(&mut model.repositories, &holder.descend(&["distributionManagement", kind]), Role::Publish);
        }
    }
    for holder in std::iter::once(root).chain(profiles.iter().copied()) {
        let modules = [["modules", "module"], ["subprojects", "subproject"]].map(|path| holder.descend(&path));
        model.modules.extend(modules.iter().flatten().map(|module| module.content().to_owned()));
    }
    add_properties(&mut model.properties, root);
    for profile in profiles {
        add_properties(&mut model.profile_properties, profile);
    }
    let parent = root.child("parent");
    // `../pom.xml` where the project says nothing; nothing where it says that it is nowhere near.
    let relative = parent.map(|parent| parent.child_content("relativePath").unwrap_or("../pom.xml"));
    model.parents = relative.map(|relative| pointed(path, relative)).unwrap_or_default();
    for part in ["groupId", "artifactId", "version", "name", "url"] {
        let inherited = || parent.filter(|_| matches!(part, "groupId" | "version"))?.child_content(part);
        if let Some(value) = root.child_content(part).or_else(inherited) {
            for prefix in ["project.", "pom.", ""] {
                model.coordinates.insert(format!("{prefix}{part}"), vec![value.to_owned()]);
            }
        }
        if let Some(value) = parent.and_then(|parent| parent.child_content(part)) {
            model.coordinates.insert(format!("project.parent.{part}"), vec![value.to_owned()]);
        }
    }
    model
}

fn settings_model(root: Node<'_>) -> Model {
    let mut model = Model::default();
    add(&mut model.repositories, &root.descend(&["mirrors", "mirror"]), Role::Source);
    for profile in root.descend(&["profiles", "profile"]) {
        add_repositories(&mut model.repositories, profile);
        add_properties(&mut model.profile_properties, profile);
    }
    model
}

fn add_repositories(repositories: &mut Vec<Repository>, holder: Node<'_>) {
    add(repositories, &holder.descend(&["repositories", "repository"]), Role::Source);
    add(repositories, &holder.descend(&["pluginRepositories", "pluginRepository"]), Role::Source);
}

fn add(repositories: &mut Vec<Repository>, nodes: &[Node<'_>], role: Role) {
    for node in nodes {
        if let Some(url) = node.child_content("url") {
            let id = node.child_content("id").filter(|id| !id.is_empty()).map(str::to_owned);
            repositories.push(Repository { id, url: url.to_owned(), role });
        }
    }
}

fn add_properties(properties: &mut Properties, holder: Node<'_>) {
    for property in holder.descend(&["properties"]).into_iter().flat_map(Node::children) {
        properties.entry(property.name().to_owned()).or_default().push(property.content().to_owned());
    }
}

/// The files that a project may mean by a path: itself, or the one in the folder, by its letters and along links. Java has no
/// absolute path below another.
fn pointed(project: &Path, relative: &str) -> Vec<PathBuf> {
    let relative = relative.trim().replace('\\', "/");
    let (Some(folder), false) = (project.parent(), relative.is_empty()) else { return Vec::new() };
    let along_links = folder.join(relative.trim_start_matches('/'));
    let by_letters = normal(&along_links);
    let mut files = Vec::new();
    for path in [by_letters, along_links] {
        for file in [path.join("pom.xml"), path] {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

/// The path without `.` and `..`, by its letters alone.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
