//! Repositories of Maven's that lie in the checkout, and the parents that it takes from them.
//!
//! A parent there may give an id of the project's another address. Its file is asked for by its path, since it may lie where
//! projects are not looked for. Where that path cannot be told, no name is certain.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::files::{Content, MavenFile};
use super::mentions::Models;
use super::model::{Coordinates, Model, normal};
use super::references::{OPEN, Projects, Within, left_over};
use crate::reach::Role;
use crate::tools::is_dependency_folder;
use crate::tools::reading::{Origin, Source, Sources, Unparsable};

/// More files than any project's parents may be; a bound on what a hostile repository costs.
const MOST_FILES: usize = 50_000;

/// References that stand for a project's folder, at the beginning of a path.
const FOLDERS: [&str; 7] = [
    "${project.basedir}",
    "${pom.basedir}",
    "${basedir}",
    "${maven.multiModuleProjectDirectory}",
    "${session.executionRootDirectory}",
    "${session.rootDirectory}",
    "${project.rootDirectory}",
];

/// What parents may be taken from such repositories.
#[derive(Debug, Default)]
pub struct Local {
    /// Where their files would be. None need exist.
    pub files: BTreeSet<PathBuf>,
    /// Why that cannot be told.
    pub doubt: Option<Unparsable>,
}

/// The parents that Maven may take from repositories in the checkout.
pub fn parents(models: &Models<'_>, projects: &Projects<'_>, sources: Sources<'_>) -> Local {
    let roots = roots(models, projects, sources);
    if roots.is_empty() {
        return Local::default();
    }
    let hidden = |source: &Source, reason: &str| Local {
        doubt: Some(Unparsable::hides_names(source, reason)),
        ..Local::default()
    };
    let reason = "what Maven takes from a repository in the checkout cannot be told; write out that repository's path and the \
        parent's version, or give the parent a <relativePath>";
    if let Some((file, _)) = models.projects.first()
        && roots.iter().any(|root| root.split('/').any(is_dependency_folder))
    {
        return hidden(&file.source, reason);
    }
    let wanted = wanted(models);
    let unclear = |text: &str| text.contains(['$', OPEN, '%', '[', '(', ',']);
    let is_any_root_unclear = roots.iter().any(|root| unclear(root));
    let below = models.projects.iter().filter_map(|(_, model)| model.path.parent());
    let starts: BTreeSet<&Path> = below.chain([sources.host.working_directory.as_path()]).collect();
    let mut files = BTreeSet::new();
    for (source, parent) in wanted {
        let [Some(group), Some(artifact), Some(version)] = [&parent.group, &parent.artifact, &parent.version] else {
            continue;
        };
        let is_unclear = is_any_root_unclear || [group, artifact, version].iter().any(|part| unclear(part));
        // Of a snapshot, metadata say which file is meant.
        let varies = ["SNAPSHOT", "LATEST", "RELEASE"].iter().any(|word| version.contains(word));
        if is_unclear || varies || files.len() + roots.len().saturating_mul(starts.len()) > MOST_FILES {
            return hidden(source, reason);
        }
        let file = format!("{}/{artifact}/{version}/{artifact}-{version}.pom", group.replace('.', "/"));
        for root in &roots {
            files.insert(PathBuf::from(format!("/{root}/{file}")));
            // As text: a group that begins with a dot makes no absolute path of it.
            let path = format!("{root}/{file}");
            for start in &starts {
                let along_links = start.join(&path);
                files.insert(normal(&along_links));
                files.insert(along_links);
            }
        }
    }
    Local { files, doubt: None }
}

/// The parents that are not certain to be the files that their projects point at, each once.
fn wanted<'m>(models: &Models<'m>) -> Vec<(&'m Source, &'m Coordinates)> {
    let by_path: HashMap<&Path, &Model> =
        models.projects.iter().map(|(_, model)| (model.path.as_path(), *model)).collect();
    let mut known = BTreeSet::new();
    let mut wanted = Vec::new();
    for (file, model) in &models.projects {
        let Some(parent) = &model.parent else { continue };
        let pointed = model.parents.iter().find_map(|path| by_path.get(path.as_path()));
        let is_it = pointed.is_some_and(|pointed| pointed.is_called(parent));
        if !is_it && known.insert((&parent.group, &parent.artifact, &parent.version)) {
            wanted.push((&*file.source, parent));
        }
    }
    wanted
}

/// The paths of repositories on disk that files of the checkout name, without slashes before them.
fn roots(models: &Models<'_>, projects: &Projects<'_>, sources: Sources<'_>) -> BTreeSet<String> {
    let settings = models.settings.iter().filter(|(file, ..)| file.source.origin != Origin::User);
    let settings: Vec<&Model> = settings.map(|(_, model, _)| *model).collect();
    let all = models.projects.iter().map(|(_, model)| *model).chain(settings.iter().copied());
    let urls: BTreeSet<&str> = all
        .flat_map(|model| &model.repositories)
        .filter(|repository| repository.role == Role::Source)
        .map(|repository| repository.url.trim())
        .filter(|url| url.contains("${") || !url.contains("://") || is_file(url))
        .collect();
    let mut roots = BTreeSet::new();
    for url in urls {
        let begins = |text: &str| FOLDERS.iter().any(|folder| text.starts_with(folder));
        let rest = if is_file(url) { url[5..].trim_start_matches('/') } else { url };
        if begins(rest) {
            roots.insert(path(rest));
            continue;
        }
        let resolved = projects.resolved(url, Within::Settings);
        roots.extend(resolved.iter().filter(|url| is_local(url)).map(|url| path(url)));
    }
    for (file, parsed) in sources.of::<MavenFile>() {
        if let Content::Arguments(words) = &parsed.content
            && file.source.origin != Origin::User
        {
            roots.extend(words.iter().filter_map(|word| set_by(word)).map(path));
        }
    }
    roots.extend(settings.iter().filter_map(|model| model.local_repository.as_deref()).map(path));
    roots
}

/// The local repository that a word of `.mvn` sets.
fn set_by(word: &str) -> Option<&str> {
    let (_, value) = word.split_once("maven.repo.local")?;
    let at = value.find(['=', ':', ' '])?;
    Some(value[at + 1..].trim().trim_matches(['"', '\''])).filter(|value| !value.is_empty())
}

fn is_file(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// Whether an address may be one on disk. What nobody here defines, the repository does not set.
fn is_local(url: &str) -> bool {
    if is_file(url) || !url.contains([':', '$', OPEN]) {
        return true;
    }
    let of_environment = left_over(url).is_some_and(|(_, name)| name.starts_with("env."));
    url.trim_start().starts_with(OPEN) && !of_environment
}

/// The path in an address, from the folder of a project or from the disk's root.
fn path(url: &str) -> String {
    let url = url.trim().replace('\\', "/");
    let rest = if is_file(&url) { &url[5..] } else { &url };
    let rest = rest.trim_start_matches('/');
    let rest = rest.strip_prefix("localhost/").unwrap_or(rest);
    let folder = FOLDERS.iter().find_map(|folder| rest.strip_prefix(folder));
    folder.unwrap_or(rest).trim_start_matches('/').trim_end_matches('/').to_owned()
}
