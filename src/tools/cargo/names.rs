//! The names of registries, which variables of cargo's go by.

use std::collections::{BTreeMap, BTreeSet};

use super::Cargo;
use super::config::Config;
use crate::azure_devops::feed::Feed;
use crate::host::Host;
use crate::kernel::dialect::CARGO_PROGRAM;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::reach::ServedFeed;
use crate::tools::Tool;
use crate::tools::reading::{Origin, Place, Sources};

const PREFIX: &str = "CARGO_REGISTRIES_";

fn variable(key: &str, what: &str) -> String {
    format!("{PREFIX}{key}_{what}")
}

/// The registries that variables of the job name: the variable, the name and the address.
pub fn in_variables(host: &Host) -> impl Iterator<Item = (String, String, String)> {
    let named = host.environment.iter().filter(|(_, url)| !url.is_empty());
    named.filter_map(|(variable, url)| {
        let name = variable.strip_prefix(PREFIX)?.strip_suffix("_INDEX")?;
        Some((variable.clone(), name.to_lowercase(), url.clone()))
    })
}

/// What the names stand for, in whatever file or variable.
pub struct Names {
    /// By the form of a name that variables have.
    addresses: BTreeMap<String, BTreeSet<String>>,
    /// The feeds that have a name or are a source, by their URLs.
    feeds: BTreeSet<String>,
}

impl Names {
    /// All that files and variables name.
    pub fn of(sources: Sources<'_>) -> Self {
        let in_files = sources.of::<Config>().flat_map(|(_, config)| config.indexes.clone());
        let in_files = in_files.map(|(name, url, _)| (name, url));
        let in_variables = in_variables(sources.host).map(|(_, name, url)| (Some(name), url));
        let mut names = Self { addresses: BTreeMap::new(), feeds: BTreeSet::new() };
        for (name, url) in in_files.chain(in_variables) {
            names.feeds.extend(url_of_feed(&url));
            if let Some(name) = name {
                names.addresses.entry(Cargo.name_key(&name)).or_default().insert(url);
            }
        }
        names
    }

    /// Whether a name stands for served feeds only; nothing where it stands for none.
    fn is_only_for(&self, key: &str, served: &BTreeSet<&str>) -> Option<bool> {
        let is_served = |url: &String| url_of_feed(url).is_some_and(|url| served.contains(url.as_str()));
        let urls = self.addresses.get(key)?;
        urls.iter().any(is_served).then(|| urls.iter().all(is_served))
    }

    /// Has our provider asked where a registry names one of its own, which goes before those for all: what the feed is for here,
    /// this step knows. The variable goes before files, by the name; so only where the name is our feeds' alone.
    pub fn replace_providers(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
        let of_files = sources.of::<Config>().filter(|(file, _)| file.source.origin != Origin::Beside);
        let of_files = of_files.flat_map(|(file, config)| {
            let place = |line: &usize| Place::line(&file.source, *line);
            config.providers.iter().map(move |(name, line)| (Cargo.name_key(name), place(line)))
        });
        let of_files: BTreeMap<String, Place> = of_files.collect();
        let served: BTreeSet<&str> = served.iter().map(|served| served.feed.url.as_str()).collect();
        for key in self.addresses.keys() {
            let Some(only_ours) = self.is_only_for(key, &served) else { continue };
            let name = variable(key, "CREDENTIAL_PROVIDER");
            let standing = draft.host.variable(&name).filter(|value| *value != CARGO_PROGRAM);
            let place = match (standing, of_files.get(key)) {
                (Some(_), _) => Place::Variable(name),
                (None, None) => continue,
                (None, Some(_)) if only_ours && is_sayable(key) => {
                    draft.set(Variable::new(name, Template::text(CARGO_PROGRAM)));
                    continue;
                }
                (None, Some(place)) => place.clone(),
            };
            draft.warn(format!(
                "cargo: {place} sets a credential provider for the registry '{}', which cargo asks in place of this task's: \
                 remove it",
                key.to_lowercase()
            ));
        }
    }

    /// Gives the feeds that only inputs name a name, by which manifests and commands can call them.
    pub fn name_feeds_of_inputs(&self, served: &[ServedFeed], draft: &mut Draft<'_>) {
        for feed in served.iter().filter(|served| !self.feeds.contains(served.feed.url.as_str())) {
            let Some(key) = feed.name.as_deref().map(|name| Cargo.name_key(name)) else { continue };
            if !is_sayable(&key) || self.addresses.contains_key(&key) {
                draft.warn(format!(
                    "cargo: the feed {} gets no name, since '{}' {}: write name={} in the input 'feeds', with another name",
                    feed.feed,
                    feed.name.as_deref().unwrap_or_default(),
                    if is_sayable(&key) { "stands for another address" } else { "is none that a registry can have" },
                    feed.feed.url
                ));
                continue;
            }
            let url = feed.feed.url.as_str().trim_end_matches('/');
            draft.set(Variable::new(variable(&key, "INDEX"), Template::text(format!("sparse+{url}/"))));
        }
    }
}

fn url_of_feed(written: &str) -> Option<String> {
    Feed::parse(written).map(|feed| feed.url.to_string())
}

/// Whether a registry can have this name and a variable can say it.
fn is_sayable(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
