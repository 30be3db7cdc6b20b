//! What `${…}` stands for, as far as files and the environment tell.
//!
//! A property may have several values, by profile and by project, and each of them counts: a repository id that stands for a
//! feed in one profile and for a foreign server in another must be seen to do so.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use super::model::{Model, Properties};
use crate::host::Host;

/// How many values one text may come to, and how many references are followed for it. Beyond, it stays as it is written, which
/// is safe: an address that cannot be seen gets no credential.
const MOST_VALUES: usize = 16;
const MOST_STEPS: usize = 200;
/// More references than any address has; a bound on recursion.
const MOST_REFERENCES: usize = 16;
const DEEPEST: usize = 8;

/// The project and settings files among which references are resolved.
#[derive(Debug)]
pub struct Projects<'m> {
    host: &'m Host,
    models: Vec<&'m Model>,
    parents: Vec<Option<usize>>,
    children: BTreeMap<usize, Vec<usize>>,
    settings: Vec<&'m Model>,
    /// What `.mvn` defines, for all of them.
    defined: &'m Properties,
}

impl<'m> Projects<'m> {
    /// Finds who is whose parent.
    pub fn new(host: &'m Host, models: Vec<&'m Model>, settings: Vec<&'m Model>, defined: &'m Properties) -> Self {
        let by_path: BTreeMap<&Path, usize> =
            models.iter().enumerate().map(|(index, model)| (model.path.as_path(), index)).collect();
        let parent = |model: &Model| model.parents.iter().find_map(|path| by_path.get(path.as_path()).copied());
        let parents: Vec<Option<usize>> = models.iter().map(|model| parent(model)).collect();
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children.entry(*parent).or_default().push(index);
            }
        }
        Self { host, models, parents, children, settings, defined }
    }

    /// The projects above one, nearest first.
    pub fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut chain = vec![index];
        while let Some(parent) =
            chain.last().and_then(|&last| self.parents[last]).filter(|parent| !chain.contains(parent))
        {
            chain.push(parent);
        }
        chain.split_off(1)
    }

    /// The projects below one.
    fn descendants(&self, index: usize) -> Vec<usize> {
        let mut found = vec![index];
        let mut at = 0;
        while let Some(next) = found.get(at).copied() {
            let below = self.children.get(&next).into_iter().flatten().filter(|child| !found.contains(child));
            let below: Vec<usize> = below.copied().collect();
            found.extend(below);
            at += 1;
        }
        found.split_off(1)
    }

    /// Everything that a text of a project, or of a settings file, may stand for.
    pub fn resolved(&self, text: &str, project: Option<usize>) -> Vec<String> {
        self.expanded(text, project, DEEPEST, &Cell::new(MOST_STEPS))
    }

    fn expanded(&self, text: &str, project: Option<usize>, depth: usize, steps: &Cell<usize>) -> Vec<String> {
        let unresolved = || vec![text.to_owned()];
        if depth == 0 || text.matches("${").count() > MOST_REFERENCES {
            return unresolved();
        }
        let mut results = vec![String::new()];
        let mut rest = text;
        while let Some((before, name, after)) = reference(rest) {
            if steps.get() == 0 {
                return unresolved();
            }
            steps.set(steps.get() - 1);
            let mut values: Vec<String> = Vec::new();
            for value in self.values(name, project) {
                for value in self.expanded(&value, project, depth - 1, steps) {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
            if values.is_empty() {
                values.push(format!("${{{name}}}"));
            }
            if results.len() * values.len() > MOST_VALUES {
                return unresolved();
            }
            let joined =
                |result: &String| values.iter().map(move |v| format!("{result}{before}{v}")).collect::<Vec<_>>();
            results = results.iter().flat_map(joined).collect();
            rest = after;
        }
        for result in &mut results {
            result.push_str(rest);
        }
        results
    }

    /// What a name may stand for, unresolved in turn.
    fn values(&self, name: &str, project: Option<usize>) -> Vec<String> {
        let mut values = self.defined.get(name).cloned().unwrap_or_default();
        if let Some(variable) = name.strip_prefix("env.") {
            values.extend(self.host.variable(variable).map(str::to_owned));
            return values;
        }
        let defined = values.len();
        let mut add = |properties: &Properties| {
            let found = properties.get(name);
            values.extend(found.into_iter().flatten().cloned());
            found.is_some()
        };
        for model in &self.settings {
            add(&model.profile_properties);
        }
        if let Some(project) = project {
            let own = self.models[project];
            let mut known = add(&own.coordinates);
            for index in std::iter::once(project).chain(self.ancestors(project)) {
                add(&self.models[index].profile_properties);
                // The nearest definition hides those above.
                known = known || add(&self.models[index].properties);
            }
            if !known && values.len() == defined {
                for index in self.descendants(project) {
                    values.extend(self.models[index].properties.get(name).into_iter().flatten().cloned());
                    values.extend(self.models[index].profile_properties.get(name).into_iter().flatten().cloned());
                }
            }
        }
        values
    }
}

/// The text before the first reference, its name, and the text behind.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("${")?;
    let end = start + text[start..].find('}')?;
    Some((&text[..start], &text[start + 2..end], &text[end + 1..]))
}
