//! What project and settings files say about repositories.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use super::configuration::{self, is_configuration};
use super::references::Projects;
use super::{is_settings, is_wrapper};
use crate::edit::xml::{Document, Node};
use crate::host::Host;
use crate::tools::{Credential, Mention, Origin, Receiver, SourceFile, Unparsable};

/// The values that a property may have: profiles give it several, and any profile may be active.
pub type Properties = BTreeMap<String, Vec<String>>;

/// A project or a settings file.
#[derive(Debug, Default)]
pub struct Model {
    /// Its place among the source files.
    file: usize,
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
    /// What settings have for a server: its id and a text.
    servers: Vec<(String, String)>,
}

#[derive(Debug)]
struct Repository {
    id: Option<String>,
    url: String,
}

/// What the files hold.
#[derive(Default)]
struct Models {
    projects: Vec<Model>,
    settings: Vec<Model>,
    /// What `.mvn` defines.
    defined: Properties,
    unparsable: Vec<Unparsable>,
}

fn read(files: &[SourceFile]) -> Models {
    let mut found = Models { defined: configuration::properties(files), ..Models::default() };
    for (index, file) in files.iter().enumerate() {
        let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if is_wrapper(name) || is_configuration(name) || file.text.body.trim().is_empty() {
            continue;
        }
        let is_settings = is_settings(name);
        let of_any_name = name != "pom.xml" && !is_settings;
        let doubt = Unparsable::doubted(file);
        let doubted = doubt.is_some();
        found.unparsable.extend(doubt);
        match Document::parse(&file.text.body) {
            Ok(document) if document.root().name() == "project" && file.origin != Origin::User => {
                found.projects.push(project(index, &file.path, document.root()));
            }
            // Other programs have settings files too. What is named as Maven's own is, whatever it says.
            Ok(document) if document.root().name() == "settings" || of_any_name => {
                found.settings.push(settings_file(index, document.root()));
            }
            Ok(_) => {}
            Err(_) if doubted || is_settings && !file.text.body.contains("<settings") => {}
            Err(error) => found.unparsable.push(Unparsable::not_well_formed(file, &error)),
        }
    }
    found
}

/// The files of modules and parents, and those that `.mvn` names. None need exist.
pub fn further_files(files: &[SourceFile], host: &Host) -> Vec<PathBuf> {
    let found = read(files);
    let projects = Projects::new(host, &found.projects, &found.settings, &found.defined);
    let known: HashSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let mut further = BTreeSet::new();
    for (index, model) in found.projects.iter().enumerate() {
        further.extend(model.parents.iter().cloned());
        for module in &model.modules {
            for module in projects.resolved(module, Some(index)) {
                further.extend(pointed(&model.path, &module));
            }
        }
    }
    for (folder, name) in configuration::file_names(files) {
        // Maven takes them from the folder that it is started in.
        let below = found.projects.iter().filter_map(|model| model.path.parent());
        let starts = below.filter(|start| start.starts_with(&folder)).chain([folder.as_path()]);
        further.extend(starts.map(|start| normal(&start.join(&name))));
    }
    further.retain(|path| !known.contains(path.as_path()));
    let mut further: Vec<PathBuf> = further.into_iter().collect();
    // Where both lead to one file, the plain path is its name.
    further.sort_by_key(|path| path.components().any(|component| component == Component::ParentDir));
    further
}

/// What the servers of settings files send.
pub fn credentials(files: &[SourceFile], host: &Host) -> Vec<Credential> {
    let found = read(files);
    let projects = Projects::new(host, &found.projects, &found.settings, &found.defined);
    let mut credentials = Vec::new();
    for model in &found.settings {
        let SourceFile { shown, origin, .. } = &files[model.file];
        for (id, written) in model.servers.iter().filter(|(_, written)| written.contains("${")) {
            let text = format!("{written} {}", projects.resolved(written, None).join(" "));
            for id in projects.resolved(id, None) {
                let (receiver, text, place) = (Receiver::Name(id), text.clone(), shown.clone());
                credentials.push(Credential { receiver, text, place, origin: *origin });
            }
        }
    }
    credentials
}

/// Every repository that the files name.
pub fn mentions(files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>> {
    let Models { projects: models, settings, defined, unparsable } = read(files);
    let mut result: Vec<Result<Mention, Unparsable>> = unparsable.into_iter().map(Err).collect();
    let projects = Projects::new(host, &models, &settings, &defined);
    let mut found = Found::default();
    for model in &settings {
        let origin = files[model.file].origin;
        found.add((model.file, origin), &model.repositories, |text| projects.resolved(text, None));
    }
    for (index, model) in models.iter().enumerate() {
        let origin = files[model.file].origin;
        found.add((model.file, origin), &model.repositories, |text| projects.resolved(text, Some(index)));
        for module in model.modules.iter().filter(|module| module.contains("${")) {
            if projects.resolved(module, Some(index)).iter().any(|module| module.contains("${")) {
                let reason = format!("where its module '{module}' lies cannot be told; write out the path");
                result.push(Err(Unparsable::hides_names(&files[model.file], reason)));
            }
        }
        // What a project inherits, Maven resolves with the project's own properties.
        for ancestor in projects.ancestors(index) {
            let inherited = models[ancestor].repositories.iter().filter(|repository| repository.has_references());
            let file = models[ancestor].file;
            let origin = origin.max(files[file].origin);
            found.add((file, origin), inherited, |text| projects.resolved(text, Some(index)));
        }
    }
    result.extend(
        found
            .mentions
            .into_iter()
            .map(|((file, origin), name, url)| Ok(Mention { name, url, file: files[file].shown.clone(), origin })),
    );
    result
}

/// Mentions by file, id and URL, each once.
#[derive(Default)]
struct Found {
    mentions: Vec<((usize, Origin), Option<String>, String)>,
    known: HashSet<((usize, Origin), Option<String>, String)>,
}

impl Found {
    fn add<'r>(
        &mut self,
        file: (usize, Origin),
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
                    let mention = (file, id.clone(), url.trim().to_owned());
                    if self.known.insert(mention.clone()) {
                        self.mentions.push(mention);
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

fn project(file: usize, path: &Path, root: Node<'_>) -> Model {
    let mut model = Model { file, path: normal(path), ..Model::default() };
    let profiles = root.descend(&["profiles", "profile"]);
    for holder in std::iter::once(root).chain(profiles.iter().copied()) {
        add_repositories(&mut model.repositories, holder);
        // A site is deployed with the server of its id as well.
        for kind in ["repository", "snapshotRepository", "site"] {
            add(&mut model.repositories, &holder.descend(&["distributionManagement", kind]));
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

fn settings_file(file: usize, root: Node<'_>) -> Model {
    let mut model = Model { file, ..Model::default() };
    add(&mut model.repositories, &root.descend(&["mirrors", "mirror"]));
    for server in root.descend(&["servers", "server"]) {
        let id = server.child_content("id").unwrap_or_default();
        let texts = server.descendants().map(Node::content).filter(|text| !text.is_empty());
        model.servers.extend(texts.map(|text| (id.to_owned(), text.to_owned())));
    }
    for profile in root.descend(&["profiles", "profile"]) {
        add_repositories(&mut model.repositories, profile);
        add_properties(&mut model.profile_properties, profile);
    }
    model
}

fn add_repositories(repositories: &mut Vec<Repository>, holder: Node<'_>) {
    add(repositories, &holder.descend(&["repositories", "repository"]));
    add(repositories, &holder.descend(&["pluginRepositories", "pluginRepository"]));
}

fn add(repositories: &mut Vec<Repository>, nodes: &[Node<'_>]) {
    for node in nodes {
        if let Some(url) = node.child_content("url") {
            let id = node.child_content("id").filter(|id| !id.is_empty()).map(str::to_owned);
            repositories.push(Repository { id, url: url.to_owned() });
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
