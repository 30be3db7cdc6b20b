//! What `${…}` stands for, as far as files and the environment tell.
//!
//! A property may have several values, by profile and by project, and each of them counts: a repository id that stands for a
//! feed in one profile and for a foreign server in another must be seen to do so. Where Maven may know a value that is not seen
//! here, the reference counts as one more value, marked as open.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

use super::model::{Model, Properties, add_value};
use super::names::{Known, known};
use crate::host::Host;

/// How many values one text may come to, and how many references are followed for it. Beyond, all its references are open.
pub const MOST_VALUES: usize = 16;
const MOST_STEPS: usize = 200;
/// More references than any address has; a bound on recursion.
const MOST_REFERENCES: usize = 16;
const DEEPEST: usize = 8;
/// More parents above one another than any project has.
const MOST_ANCESTORS: usize = 64;
/// How many references are followed for all texts together.
const MOST_STEPS_OF_ALL: usize = 2_000_000;

/// Stands before a reference whose value cannot be told, in place of the dollar sign. No XML file can hold it.
pub const OPEN: char = '\u{1}';

/// The reference as it is written, for messages.
pub fn written(text: &str) -> String {
    text.replace(OPEN, "$")
}

/// The first reference that a resolved text still has, and where; without its braces.
pub fn left_over(text: &str) -> Option<(usize, &str)> {
    let at = text.match_indices(['$', OPEN]).map(|(at, _)| at).find(|&at| text[at + 1..].starts_with('{'))?;
    let name = &text[at + 2..];
    Some((at, &name[..name.find('}').unwrap_or(name.len())]))
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub enum Within {
    /// In this project, or inherited by it.
    Project(usize),
    /// In settings: Maven resolves it with whichever project is at hand.
    Settings,
}

/// The project and settings files among which references are resolved.
#[derive(Debug)]
pub struct Projects<'m> {
    host: &'m Host,
    models: Vec<&'m Model>,
    parents: Vec<Option<usize>>,
    /// Whether several projects may be the parent.
    torn: Vec<bool>,
    /// What profiles of settings define.
    settings: Properties,
    /// What `.mvn` and the job's variables define by `-D`, for all of them.
    defined: &'m Properties,
    /// What any project defines.
    everywhere: OnceCell<Properties>,
    /// The ancestors of the project that was asked for last.
    chain: RefCell<(usize, Rc<[usize]>)>,
    steps_left: Cell<usize>,
}

impl<'m> Projects<'m> {
    /// Finds who is whose parent.
    pub fn new(host: &'m Host, models: Vec<&'m Model>, settings: &[&'m Model], defined: &'m Properties) -> Self {
        let (parents, torn) = parents(&models);
        let mut of_settings = Properties::new();
        for (name, values) in settings.iter().flat_map(|model| &model.profile_properties) {
            for value in values {
                add_value(&mut of_settings, name, value);
            }
        }
        Self {
            host,
            models,
            parents,
            torn,
            settings: of_settings,
            defined,
            everywhere: OnceCell::new(),
            chain: RefCell::new((usize::MAX, Rc::default())),
            steps_left: Cell::new(MOST_STEPS_OF_ALL),
        }
    }

    /// The projects above one, nearest first; no more than [`MOST_ANCESTORS`].
    pub fn ancestors(&self, index: usize) -> Rc<[usize]> {
        if self.chain.borrow().0 == index {
            return Rc::clone(&self.chain.borrow().1);
        }
        let mut chain = Vec::new();
        let mut next = self.parents[index];
        while let Some(parent) = next.filter(|parent| *parent != index && !chain.contains(parent)) {
            if chain.len() == MOST_ANCESTORS {
                break;
            }
            chain.push(parent);
            next = self.parents[parent];
        }
        let chain: Rc<[usize]> = chain.into();
        *self.chain.borrow_mut() = (index, Rc::clone(&chain));
        chain
    }

    /// Whether more projects stand above one than are looked at.
    pub fn is_too_deep(&self, ancestors: &[usize]) -> bool {
        ancestors.len() == MOST_ANCESTORS && ancestors.last().is_some_and(|last| self.parents[*last].is_some())
    }

    /// Everything that a text may stand for. A reference that no file defines stays as it is written; an open one has
    /// [`OPEN`] before it.
    pub fn resolved(&self, text: &str, within: Within) -> Vec<String> {
        if !text.contains("${") {
            return vec![text.to_owned()];
        }
        let mut found = self.expanded(text, within, DEEPEST, &Cell::new(MOST_STEPS));
        for value in &mut found {
            // What only the joining of values has made a reference of, a second pass would resolve.
            let mut rest = value.as_str();
            while let Some((_, name, after)) = reference(rest) {
                if self.is_known(name, within) {
                    *value = value.replace("${", &format!("{OPEN}{{"));
                    break;
                }
                rest = after;
            }
        }
        found
    }

    fn is_known(&self, name: &str, within: Within) -> bool {
        let Values { known, is_open } = self.values(name, within);
        is_open || !known.is_empty()
    }

    fn expanded(&self, text: &str, within: Within, depth: usize, steps: &Cell<usize>) -> Vec<String> {
        let all_open = || vec![text.replace("${", &format!("{OPEN}{{"))];
        if !text.contains("${") {
            return vec![text.to_owned()];
        }
        if depth == 0 || text.matches("${").count() > MOST_REFERENCES {
            return all_open();
        }
        let mut results = vec![String::new()];
        let mut rest = text;
        while let Some((before, name, after)) = reference(rest) {
            if steps.get() == 0 || self.steps_left.get() == 0 {
                return all_open();
            }
            steps.set(steps.get() - 1);
            self.steps_left.set(self.steps_left.get() - 1);
            let Values { known, is_open } = self.values(name, within);
            let mut values: Vec<String> = Vec::new();
            for value in known.iter().flat_map(|value| self.expanded(value, within, depth - 1, steps)) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            if is_open {
                values.push(format!("{OPEN}{{{name}}}"));
            } else if values.is_empty() {
                values.push(format!("${{{name}}}"));
            }
            if results.len() * values.len() > MOST_VALUES {
                return all_open();
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
    fn values(&self, name: &str, within: Within) -> Values {
        let mut values = Values::default();
        values.add(self.defined.get(name));
        values.add(self.settings.get(name));
        let variable = self.host.variable(name.strip_prefix("env.").unwrap_or(name));
        let Within::Project(project) = within else {
            values.known.extend(variable.map(str::to_owned));
            values.add(self.everywhere().get(name));
            values.is_open = match known(name) {
                Known::Nowhere => false,
                Known::Last if name.starts_with("env.") => variable.is_none(),
                Known::First | Known::Element | Known::Last => true,
            };
            return values;
        };
        let own = self.models[project];
        let element = own.element(name);
        values.known.extend(element.clone());
        values.add(own.profile_properties.get(name));
        let plain = own.properties.get(name);
        values.add(plain);
        values.known.extend(variable.filter(|_| plain.is_none()).map(str::to_owned));
        // The nearest definition hides those above.
        let mut hidden = plain.is_some();
        let mut torn = self.torn[project];
        for &index in self.ancestors(project).iter() {
            values.add(self.models[index].profile_properties.get(name));
            if !hidden {
                hidden = values.add(self.models[index].properties.get(name));
            }
            torn |= self.torn[index];
        }
        values.is_open = match known(name) {
            Known::First => true,
            Known::Element => element.is_none(),
            Known::Last if name.starts_with("env.") => plain.is_none() && variable.is_none(),
            Known::Last => plain.is_none() && element.is_none(),
            Known::Nowhere => torn && plain.is_none(),
        };
        values
    }

    fn everywhere(&self) -> &Properties {
        self.everywhere.get_or_init(|| {
            let mut all = Properties::new();
            for model in &self.models {
                for (name, values) in model.properties.iter().chain(&model.profile_properties) {
                    for value in values {
                        add_value(&mut all, name, value);
                    }
                }
            }
            all
        })
    }
}

/// What a name may stand for.
#[derive(Debug, Default)]
struct Values {
    known: Vec<String>,
    /// Whether Maven may know another.
    is_open: bool,
}

impl Values {
    fn add(&mut self, values: Option<&Vec<String>>) -> bool {
        self.known.extend(values.into_iter().flatten().cloned());
        values.is_some()
    }
}

/// Who is whose parent, and where that cannot be told: by the file that the project points at, else by its coordinates, under
/// which Maven knows every project of a build.
fn parents(models: &[&Model]) -> (Vec<Option<usize>>, Vec<bool>) {
    let by_path: HashMap<&Path, usize> =
        models.iter().enumerate().map(|(index, model)| (model.path.as_path(), index)).collect();
    let mut by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, model) in models.iter().enumerate() {
        if let (Some(group), Some(artifact)) = (model.group(), model.own.artifact.as_deref()) {
            let known = by_name.entry((group, artifact)).or_default();
            if known.len() < 2 {
                known.push(index);
            }
        }
    }
    let parent = |model: &Model| {
        let wanted = model.parent.as_ref()?;
        let pointed = model.parents.iter().find_map(|path| by_path.get(path.as_path()).copied());
        if let Some(pointed) = pointed.filter(|index| models[*index].is_named(wanted)) {
            return Some((pointed, false));
        }
        let key = wanted.group.as_deref().zip(wanted.artifact.as_deref());
        let named = key.and_then(|key| by_name.get(&key)).map(Vec::as_slice).unwrap_or_default();
        named.first().copied().or(pointed).map(|index| (index, named.len() > 1))
    };
    models
        .iter()
        .map(|model| parent(model))
        .map(|found| (found.map(|(index, _)| index), found.is_some_and(|f| f.1)))
        .unzip()
}

/// The text before the first reference, its name, and the text behind.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("${")?;
    let end = start + text[start..].find('}')?;
    Some((&text[..start], &text[start + 2..end], &text[end + 1..]))
}
