//! What project and settings files say about repositories.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::is_settings;
use super::references::Projects;
use crate::edit::xml::{Document, Node};
use crate::tools::host::Host;
use crate::tools::{Mention, SourceFile, Unparsable};

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
    /// Where the parent's file would be.
    pub parent: Option<PathBuf>,
    /// `project.groupId` and the like.
    pub coordinates: Properties,
}

#[derive(Debug)]
struct Repository {
    id: Option<String>,
    url: String,
}

/// Every repository that the files name.
pub fn mentions(files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>> {
    let mut result = Vec::new();
    let mut models = Vec::new();
    let mut settings = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_project = name == "pom.xml";
        let is_settings = is_settings(name) || !file.in_workspace && !is_project;
        if !is_project && !is_settings || file.text.body.trim().is_empty() {
            continue;
        }
        let doubt = Unparsable::doubted(file);
        let doubted = doubt.is_some();
        result.extend(doubt.map(Err));
        match Document::parse(&file.text.body) {
            Ok(document) if is_project && document.root().name() == "project" => {
                models.push(project(index, &file.path, document.root()));
            }
            Ok(document) if is_settings && document.root().name() == "settings" => {
                settings.push(settings_file(index, document.root()));
            }
            // Other programs have files of such names too.
            Ok(_) => {}
            Err(_) if doubted || is_settings && !file.text.body.contains("<settings") => {}
            Err(error) => result.push(Err(Unparsable::not_well_formed(file, &error))),
        }
    }
    let projects = Projects::new(host, &models, &settings);
    let mut found = Found::default();
    for model in &settings {
        found.add(model.file, &model.repositories, |text| projects.resolved(text, None));
    }
    for (index, model) in models.iter().enumerate() {
        found.add(model.file, &model.repositories, |text| projects.resolved(text, Some(index)));
        // What a project inherits, Maven resolves with the project's own properties.
        for ancestor in projects.ancestors(index) {
            let inherited = models[ancestor].repositories.iter().filter(|repository| repository.has_references());
            found.add(models[ancestor].file, inherited, |text| projects.resolved(text, Some(index)));
        }
    }
    result.extend(found.mentions.into_iter().map(|(file, name, url)| {
        let SourceFile { shown, in_workspace, .. } = &files[file];
        Ok(Mention { name, url, file: shown.clone(), in_workspace: *in_workspace })
    }));
    result
}

/// Mentions by file, id and URL, each once.
#[derive(Default)]
struct Found {
    mentions: Vec<(usize, Option<String>, String)>,
    known: HashSet<(usize, Option<String>, String)>,
}

impl Found {
    fn add<'r>(
        &mut self,
        file: usize,
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
    add_properties(&mut model.properties, root);
    for profile in profiles {
        add_properties(&mut model.profile_properties, profile);
    }
    let parent = root.child("parent");
    model.parent = parent.and_then(|parent| parent_file(path, parent.child_content("relativePath")));
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

/// `../pom.xml` where the project says nothing; nothing where it says that it is nowhere near.
fn parent_file(path: &Path, relative: Option<&str>) -> Option<PathBuf> {
    let relative = relative.unwrap_or("../pom.xml").replace('\\', "/");
    if relative.is_empty() {
        return None;
    }
    let parent = normal(&path.parent()?.join(&relative));
    let is_file = Path::new(&relative).extension().is_some_and(|extension| extension == "xml");
    Some(if is_file { parent } else { parent.join("pom.xml") })
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
