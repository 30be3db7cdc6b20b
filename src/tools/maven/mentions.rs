//! What Maven's files name: every repository, under every id and address that it may have.

use std::collections::HashSet;
use std::path::PathBuf;

use super::central;
use super::configuration;
use super::doubt::{Of, doubt};
use super::files::{Content, MavenFile};
use super::further;
use super::local;
use super::model::{ALTERNATIVES, Form, Model, Properties, Repository};
use super::references::{OPEN, Projects, Within, left_over, written};
use super::settings::SettingsFile;
use crate::reach::{Binding, Role};
use crate::tools::reading::{Mention, Peril, Place, ReadFile, Reading, Receiver, Sent, Sources, Unparsable};

/// What the files hold.
pub struct Models<'s> {
    /// Projects.
    pub projects: Vec<(&'s ReadFile, &'s Model)>,
    /// Settings.
    pub settings: Vec<(&'s ReadFile, &'s Model, &'s SettingsFile)>,
    /// What `.mvn` and the job's variables define.
    defined: Properties,
}

impl<'s> Models<'s> {
    pub(super) fn of(sources: Sources<'s>) -> Self {
        let (mut projects, mut settings) = (Vec::new(), Vec::new());
        for (file, parsed) in sources.of::<MavenFile>() {
            match &parsed.content {
                Content::Project(model) => projects.push((file, &**model)),
                Content::Settings(model, own) => settings.push((file, &**model, own)),
                Content::Arguments(_) | Content::Extensions | Content::Wrapper | Content::Nothing => {}
            }
        }
        Self { projects, settings, defined: configuration::properties(sources) }
    }

    pub(super) fn references<'m>(&'m self, sources: Sources<'m>) -> Projects<'m> {
        let projects = self.projects.iter().map(|(_, model)| *model).collect();
        let settings: Vec<&Model> = self.settings.iter().map(|(_, model, _)| *model).collect();
        Projects::new(sources.host, projects, &settings, &self.defined)
    }
}

/// What the files say: every repository that they name, and what the servers of settings files send.
pub fn read(sources: Sources<'_>) -> Reading {
    let models = Models::of(sources);
    let projects = models.references(sources);
    let mut found = Found::default();
    for (file, parsed) in sources.of::<MavenFile>() {
        found.reading.doubts.extend(parsed.doubts.iter().cloned());
        let peril =
            |set: &crate::tools::java::Setting| Peril::new(Place::line(&file.source, set.line), set.what.clone());
        found.reading.perils.extend(parsed.perils.iter().map(peril));
        if let Content::Arguments(words) = &parsed.content {
            for repository in alternatives(words) {
                found
                    .add(file, &Place::of(&file.source), &repository, |text| projects.resolved(text, Within::Settings));
            }
        }
    }
    if further::configured(&models, sources).is_none() {
        let arguments = sources.of::<MavenFile>().find(|(_, parsed)| matches!(parsed.content, Content::Arguments(_)));
        let doubt =
            |file: &ReadFile| Unparsable::hides_names(&file.source, "it may name more files than are looked at");
        found.reading.doubts.extend(arguments.map(|(file, _)| doubt(file)));
    }
    found.reading.doubts.extend(local::parents(&models, &projects, sources).doubt);
    for (file, model, own) in &models.settings {
        let resolved = |text: &str| projects.resolved(text, Within::Settings);
        for repository in &model.repositories {
            found.add(file, &Place::of(&file.source), repository, resolved);
        }
        for (id, text) in own.texts.iter().filter(|(_, text)| text.contains("${")) {
            let text = format!("{text} {}", written(&resolved(text).join(" ")));
            for id in resolved(id) {
                let place = Place::of(&file.source);
                found.reading.sends.push(Sent { receiver: Receiver::Name(id), text: text.clone(), place });
            }
        }
    }
    for index in 0..models.projects.len() {
        found.add_project(index, &models, &projects);
    }
    let Found { mut reading, left, settled, .. } = found;
    reading.mentions.extend(left.into_iter().filter(|(key, _)| !settled.contains(key)).map(|(_, mention)| mention));
    reading.mentions.extend(central::mention(&models, &projects, sources));
    reading
}

/// Repositories that a file of arguments names for publishing.
fn alternatives(words: &[String]) -> Vec<Repository> {
    let value = |word: &String| {
        let (name, value) = word.strip_prefix("-D").unwrap_or(word).split_once('=')?;
        ALTERNATIVES.contains(&name.trim()).then(|| value.trim_matches(['"', '\'']).to_owned())
    };
    let repository = |url| Repository { id: None, url, role: Role::Publish, form: Form::Joined };
    words.iter().filter_map(value).map(repository).collect()
}

/// A repository, by where it stands in memory.
type Key = *const Repository;

/// What was found: mentions by place, id and URL, each once.
#[derive(Default)]
struct Found {
    reading: Reading,
    known: HashSet<(Place, Option<String>, String)>,
    /// Repositories of which something stays unresolved that no file defines for the project at hand.
    left: Vec<(Key, Mention)>,
    seen_left: HashSet<Key>,
    /// Repositories that are resolved for some project.
    settled: HashSet<Key>,
    /// Whether it has been said that parents stand too high above one another.
    is_too_deep: bool,
    /// Files with an id that cannot be told.
    nameless: HashSet<PathBuf>,
}

impl Found {
    fn add_project(&mut self, index: usize, models: &Models<'_>, projects: &Projects<'_>) {
        let (file, model) = models.projects[index];
        let resolved = |text: &str| projects.resolved(text, Within::Project(index));
        for repository in &model.repositories {
            self.add(file, &Place::of(&file.source), repository, resolved);
        }
        let is_open = |module: &&String| {
            module.contains("${") && resolved(module).iter().any(|module| left_over(module).is_some())
        };
        for module in model.modules.iter().filter(is_open) {
            let reason = format!("where its module '{module}' lies cannot be told; write out the path");
            self.reading.doubts.push(Unparsable::hides_names(&file.source, reason));
        }
        // What a project inherits, Maven resolves with the project's own properties.
        let ancestors = projects.ancestors(index);
        for &ancestor in ancestors.iter() {
            let (holder, above) = models.projects[ancestor];
            let (shown, origin) = (holder.source.shown.clone(), file.source.origin.max(holder.source.origin));
            let place = Place::File { shown, line: None, origin };
            for repository in above.repositories.iter().filter(|repository| repository.has_references()) {
                self.add(holder, &place, repository, resolved);
            }
        }
        if !self.is_too_deep && projects.is_too_deep(&ancestors) {
            self.is_too_deep = true;
            let reason = "more parents stand above one another than are looked at";
            self.reading.doubts.push(Unparsable::hides_names(&file.source, reason));
        }
    }

    fn add(
        &mut self,
        holder: &ReadFile,
        place: &Place,
        repository: &Repository,
        resolved: impl Fn(&str) -> Vec<String>,
    ) {
        let ids: Vec<Option<String>> = match &repository.id {
            Some(id) => resolved(id).into_iter().map(Some).collect(),
            None => vec![None],
        };
        for url in resolved(&repository.url) {
            for id in &ids {
                let (id, url) = match repository.form {
                    Form::Apart => (id.clone(), url.trim().to_owned()),
                    Form::Joined => match joined(&url) {
                        Some((id, url)) => (Some(id), url),
                        // Nobody has set it, or nothing that has the form.
                        None if !url.contains(OPEN) => continue,
                        None => (Some(url.clone()), url.clone()),
                    },
                };
                if id.as_ref().is_some_and(|id| id.contains(OPEN)) {
                    self.hide_names(holder, id.as_deref().unwrap_or_default());
                    continue;
                }
                self.add_one(place, repository, id, url);
            }
        }
    }

    fn add_one(&mut self, place: &Place, repository: &Repository, name: Option<String>, url: String) {
        let doubt = doubt(&repository.url, &url);
        let (place, role, key) = (place.clone(), repository.role, std::ptr::from_ref(repository));
        let is_left = doubt.as_ref().is_some_and(|doubt| doubt.of == Of::Nobody)
            || name.as_ref().is_some_and(|name| name.contains("${"));
        let (written_url, doubt) = (written(&url), doubt.map(|doubt| doubt.what));
        let mention = Mention { name, url: written_url, doubt, role, bound: Binding::Name, place };
        if is_left {
            if self.seen_left.insert(key) {
                self.left.push((key, mention));
            }
            return;
        }
        if mention.doubt.is_none() {
            self.settled.insert(key);
        }
        if self.known.insert((mention.place.clone(), mention.name.clone(), url)) {
            self.reading.mentions.push(mention);
        }
    }

    /// An id that may be any: the repository may then have any name's credential.
    fn hide_names(&mut self, holder: &ReadFile, id: &str) {
        if self.nameless.insert(holder.source.path.clone()) {
            let reason = format!("the id '{}' of a repository can have any value there; write it out", written(id));
            self.reading.doubts.push(Unparsable::hides_names(&holder.source, reason));
        }
    }
}

/// Id and address of `id::layout::url` or `id::url`, as the plugin `deploy` takes them apart (2.8 and 3.1).
fn joined(text: &str) -> Option<(String, String)> {
    let (id, rest) = text.split_once("::")?;
    let url = rest.split_once("::").map_or(rest, |(_, url)| url);
    Some((id.trim().to_owned(), url.trim().to_owned()))
}
