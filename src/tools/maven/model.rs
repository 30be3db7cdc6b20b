//! Projects and settings as far as repositories go.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::references::MOST_VALUES;
use crate::edit::xml::Node;
use crate::reach::Role;

/// The values that a property may have: profiles give it several, and any profile may be active. No more of each than matter.
pub type Properties = BTreeMap<String, Vec<String>>;

/// Adds a value of a property, unless there are more already than are looked at.
pub fn add_value(properties: &mut Properties, name: &str, value: &str) {
    let known = match properties.get_mut(name) {
        Some(known) => known,
        None => properties.entry(name.to_owned()).or_default(),
    };
    if known.len() <= MOST_VALUES && !known.iter().any(|known| known == value) {
        known.push(value.to_owned());
    }
}

/// A project or a settings file.
#[derive(Debug, Default)]
pub struct Model {
    /// Where it is.
    pub path: PathBuf,
    /// As written, references and all.
    pub repositories: Vec<Repository>,
    /// Outside profiles.
    pub properties: Properties,
    /// Inside them.
    pub profile_properties: Properties,
    /// Where the parent's file may be.
    pub parents: Vec<PathBuf>,
    /// The modules, as written.
    pub modules: Vec<String>,
    /// What it is called.
    pub own: Coordinates,
    /// What its parent is called.
    pub parent: Option<Coordinates>,
    /// Its `name`.
    name: Option<String>,
    /// Whether it replaces what Maven calls `central`, outside profiles: for repositories, for plugin repositories.
    pub replaces_central: [bool; 2],
    /// Where settings have Maven keep what it fetches.
    pub local_repository: Option<String>,
}

/// What a project is called.
#[derive(Debug, Default)]
pub struct Coordinates {
    /// `groupId`, as written.
    pub group: Option<String>,
    /// `artifactId`, as written.
    pub artifact: Option<String>,
    /// `version`, as written.
    pub version: Option<String>,
}

impl Coordinates {
    fn of(node: Node<'_>) -> Self {
        let [group, artifact, version] = ["groupId", "artifactId", "version"]
            .map(|part| node.child_content(part).filter(|text| !text.is_empty()).map(str::to_owned));
        Self { group, artifact, version }
    }

    fn part(&self, part: &str) -> Option<&str> {
        match part {
            "groupId" => self.group.as_deref(),
            "artifactId" => self.artifact.as_deref(),
            "version" => self.version.as_deref(),
            _ => None,
        }
    }
}

/// A repository, as written.
#[derive(Debug)]
pub struct Repository {
    /// Its id.
    pub id: Option<String>,
    /// Its address; with [`Form::Joined`] the id is in it.
    pub url: String,
    /// What for.
    pub role: Role,
    /// How it is written.
    pub form: Form,
}

/// How a repository is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Id and address apart.
    Apart,
    /// `id::layout::url` or `id::url`.
    Joined,
}

impl Repository {
    /// Whether its text depends on who inherits it.
    pub fn has_references(&self) -> bool {
        self.url.contains("${") || self.id.as_ref().is_some_and(|id| id.contains("${"))
    }
}

impl Model {
    /// A project, by its root element.
    pub fn of_project(path: &Path, root: Node<'_>) -> Self {
        let mut model = Self { path: normal(path), own: Coordinates::of(root), ..Self::default() };
        let profiles = root.descend(&["profiles", "profile"]);
        for holder in std::iter::once(root).chain(profiles.iter().copied()) {
            model.add_repositories(holder);
            // A site is deployed with the server of its id as well.
            for kind in ["repository", "snapshotRepository", "site"] {
                model.add(&holder.descend(&["distributionManagement", kind]), Role::Publish);
            }
            let modules = [["modules", "module"], ["subprojects", "subproject"]].map(|path| holder.descend(&path));
            model.modules.extend(modules.iter().flatten().map(|module| module.content().to_owned()));
        }
        model.replaces_central = [["repositories", "repository"], ["pluginRepositories", "pluginRepository"]]
            .map(|path| root.descend(&path).iter().any(|node| node.child_content("id") == Some("central")));
        model.add_of_plugins(root);
        add_properties(&mut model.properties, root);
        for profile in profiles {
            add_properties(&mut model.profile_properties, profile);
        }
        model.name = root.child_content("name").map(str::to_owned);
        let parent = root.child("parent");
        model.parent = parent.map(Coordinates::of);
        // `../pom.xml` where the project says nothing; nothing where it says that it is nowhere near.
        let relative = parent.map(|parent| parent.child_content("relativePath").unwrap_or("../pom.xml"));
        model.parents = relative.map(|relative| pointed(path, relative)).unwrap_or_default();
        model
    }

    /// Settings, by their root element.
    pub fn of_settings(root: Node<'_>) -> Self {
        let mut model = Self::default();
        let local = root.child_content("localRepository").filter(|text| !text.is_empty());
        model.local_repository = local.map(str::to_owned);
        model.add(&root.descend(&["mirrors", "mirror"]), Role::Source);
        // Maven 4 takes repositories outside profiles, too (apache/maven, `DefaultSettingsBuilder.java`).
        model.add_repositories(root);
        for profile in root.descend(&["profiles", "profile"]) {
            model.add_repositories(profile);
            add_properties(&mut model.profile_properties, profile);
        }
        model.add_of_plugins(root);
        model
    }

    fn add_repositories(&mut self, holder: Node<'_>) {
        self.add(&holder.descend(&["repositories", "repository"]), Role::Source);
        self.add(&holder.descend(&["pluginRepositories", "pluginRepository"]), Role::Source);
    }

    fn add(&mut self, nodes: &[Node<'_>], role: Role) {
        for node in nodes {
            if let Some(url) = node.child_content("url") {
                let id = node.child_content("id").filter(|id| !id.is_empty()).map(str::to_owned);
                self.repositories.push(Repository { id, url: url.to_owned(), role, form: Form::Apart });
            }
        }
    }

    /// Where the plugins `deploy` and `wagon` publish to: properties of theirs, and their configuration, wherever it stands.
    fn add_of_plugins(&mut self, root: Node<'_>) {
        let mut url_of = BTreeMap::new();
        for url in root.descendants().filter(|node| node.name() == "url") {
            let holder = url.parent().map(|holder| holder.start_tag().start);
            url_of.entry(holder).or_insert_with(|| url.content());
        }
        for node in root.descendants() {
            let (id, url, form) = match node.name() {
                name if ALTERNATIVES.contains(&name) => (None, node.content(), Form::Joined),
                "repositoryId" | "serverId" => {
                    match url_of.get(&node.parent().map(|holder| holder.start_tag().start)) {
                        Some(&url) => (Some(node.content().to_owned()), url, Form::Apart),
                        None => continue,
                    }
                }
                _ => continue,
            };
            self.repositories.push(Repository { id, url: url.to_owned(), role: Role::Publish, form });
        }
    }

    /// Its group, its own or its parent's.
    pub fn group(&self) -> Option<&str> {
        self.own.group.as_deref().or_else(|| self.parent.as_ref()?.group.as_deref())
    }

    fn version(&self) -> Option<&str> {
        self.own.version.as_deref().or_else(|| self.parent.as_ref()?.version.as_deref())
    }

    /// Whether it is a project to build, and not a file of another program whose root element has the same name.
    pub fn is_built(&self) -> bool {
        self.own.artifact.is_some()
    }

    /// Whether it is the project that another calls its parent by these coordinates.
    pub fn is_named(&self, wanted: &Coordinates) -> bool {
        let varies = |version: &str| version.contains(['$', '[', '(', ',']);
        let same_version = match (self.version(), wanted.version.as_deref()) {
            (Some(own), Some(wanted)) => own == wanted || varies(own) || varies(wanted),
            _ => true,
        };
        self.group() == wanted.group.as_deref() && self.own.artifact == wanted.artifact && same_version
    }

    /// Whether it has these coordinates to the letter.
    pub fn is_called(&self, wanted: &Coordinates) -> bool {
        self.is_named(wanted) && self.version() == wanted.version.as_deref()
    }

    /// The text of one of its elements, by a name such as `project.groupId`, where it is known for certain.
    pub fn element(&self, name: &str) -> Option<String> {
        let prefixed = ["project.", "pom."].iter().find_map(|prefix| name.strip_prefix(prefix));
        let text = match prefixed.unwrap_or(name) {
            "groupId" => self.group(),
            "version" => self.version(),
            "artifactId" => self.own.artifact.as_deref(),
            "name" => prefixed.and(self.name.as_deref()),
            rest => self.parent.as_ref()?.part(rest.strip_prefix("parent.")?),
        };
        // The parent's version may be a range, and stands for another text then.
        text.filter(|text| !text.is_empty() && !text.contains(['[', '(', ','])).map(str::to_owned)
    }
}

/// Properties of the plugin `deploy` that hold a repository's id and address.
pub const ALTERNATIVES: [&str; 3] =
    ["altDeploymentRepository", "altSnapshotDeploymentRepository", "altReleaseDeploymentRepository"];

fn add_properties(properties: &mut Properties, holder: Node<'_>) {
    for property in holder.descend(&["properties"]).into_iter().flat_map(Node::children) {
        add_value(properties, property.name(), property.content());
    }
}

/// The files that a project may mean by a path: itself, or the one in the folder, by its letters and along links. Java has no
/// absolute path below another.
pub fn pointed(project: &Path, relative: &str) -> Vec<PathBuf> {
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
pub fn normal(path: &Path) -> PathBuf {
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
