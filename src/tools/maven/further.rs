//! Files that Maven's files refer to: modules, parents, and those that `.mvn` names.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use super::configuration;
use super::local;
use super::mentions::Models;
use super::model::{normal, pointed};
use super::references::Within;
use crate::kernel::paths::is_below;
use crate::tools::reading::Sources;

/// The files of modules and parents, and those that `.mvn` names. None need exist.
pub fn files(sources: Sources<'_>) -> Vec<PathBuf> {
    let models = Models::of(sources);
    let projects = models.references(sources);
    let known: HashSet<&Path> = sources.files.iter().map(|file| file.source.path.as_path()).collect();
    let mut further = HashSet::new();
    for (index, (_, model)) in models.projects.iter().enumerate() {
        further.extend(model.parents.iter().filter(|path| !known.contains(path.as_path())).cloned());
        for module in &model.modules {
            for module in projects.resolved(module, Within::Project(index)) {
                further
                    .extend(pointed(&model.path, &module).into_iter().filter(|path| !known.contains(path.as_path())));
            }
        }
    }
    further.extend(configured(&models, sources).unwrap_or_default());
    further.extend(local::parents(&models, &projects, sources).files);
    further.retain(|path| !known.contains(path.as_path()));
    let climbs = |path: &PathBuf| path.components().any(|component| component == Component::ParentDir);
    let mut further: Vec<(bool, PathBuf)> = further.into_iter().map(|path| (climbs(&path), path)).collect();
    // Where both lead to one file, the plain path is its name. Letters are compared, and no parts of paths: there may be thousands.
    further.sort_unstable_by(|(climbs, path), (other_climbs, other)| {
        climbs.cmp(other_climbs).then_with(|| path.as_os_str().cmp(other.as_os_str()))
    });
    further.into_iter().map(|(_, path)| path).collect()
}

/// More files than the words of `.mvn` may name in all folders together, and more folders to compare; bounds on what a hostile
/// repository costs.
const MOST_CONFIGURED: usize = 100_000;
const MOST_COMPARED: usize = 2_000_000;

/// The files that `.mvn` may name, from every folder that Maven may be started in; nothing where they are too many.
pub(super) fn configured(models: &Models<'_>, sources: Sources<'_>) -> Option<Vec<PathBuf>> {
    let mut names: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for (folder, name) in configuration::file_names(sources) {
        names.entry(folder).or_default().push(name);
    }
    if names.len().saturating_mul(models.projects.len()) > MOST_COMPARED {
        return None;
    }
    let mut files = Vec::new();
    for (folder, names) in &names {
        let below = models.projects.iter().filter_map(|(_, model)| model.path.parent());
        let starts = below.filter(|start| is_below(start, folder)).chain([folder.as_path()]);
        let starts: BTreeSet<&Path> = starts.collect();
        if files.len() + starts.len().saturating_mul(names.len()) > MOST_CONFIGURED {
            return None;
        }
        files.extend(names.iter().flat_map(|name| starts.iter().map(move |start| normal(&start.join(name)))));
    }
    Some(files)
}
