//! cargo, which asks a credential provider for each registry by its address.
//!
//! The provider is this program, found on PATH by a name of its own: cargo takes a path with blanks apart. One variable names it
//! for all registries, behind what the user has there, so that it is asked first and whatever is not ours goes on to the user's
//! (<https://doc.rust-lang.org/cargo/reference/registry-authentication.html>; measured with cargo 1.95).

mod config;
mod index;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::reading::{Among, Mention, Origin, Parsed, Peril, Place, Reading, RelPath, SourceFile, Sources};
use super::{Auto, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::kernel::dialect::{CARGO_PROGRAM, Dialect};
use crate::kernel::organization::Organization;
use crate::kernel::paths::is_below;
use crate::plan::draft::Draft;
use crate::plan::{Template, TokenSource, Variable};
use crate::reach::{Binding, Role, ServedFeed};

use config::{Config, Unread};

/// cargo.
pub struct Cargo;

static ID: ToolId = ToolId {
    name: "cargo",
    speaks: Some(Protocol::Cargo),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[PROVIDERS, "CARGO_REGISTRIES_*"],
    dependency_folders: &[],
    ways: &[Way {
        clients: "1.74 and newer",
        tried: "1.95: fetch, publish",
        source: TokenSource::Helper(Dialect::Cargo),
        fresh: super::Fresh::EachUse,
        afterwards: super::REMOVED,
    }],
};

/// Blanks part its items; cargo joins them to those of its files, and asks the last first.
const PROVIDERS: &str = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
/// What cargo asks where nothing is configured.
const USUAL_PROVIDER: &str = "cargo:token";
/// cargo reads either, and the one without an ending where both are there.
const FILES: [&str; 2] = ["config.toml", "config"];
const FOLDER: &str = ".cargo";

impl Tool for Cargo {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, _among: Among) -> bool {
        path.is_named(&FILES) && path.is_in(FOLDER)
    }

    /// cargo reads what lies in every folder above the one that it runs in, and in its own.
    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let above = host.working_directory.ancestors().skip(1).filter(|folder| folder.is_absolute());
        let own = host.variable("CARGO_HOME").map(PathBuf::from);
        let own = own.or_else(|| host.home.as_ref().map(|home| home.join(FOLDER)));
        let folders = above.map(|folder| folder.join(FOLDER)).chain(own);
        let files: BTreeSet<PathBuf> = folders.flat_map(|folder| FILES.map(|name| folder.join(name))).collect();
        files.into_iter().collect()
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        match Config::parse(file, host) {
            Ok(config) => Box::new(config),
            Err(unread) => Box::new(unread),
        }
    }

    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.of::<Config>().flat_map(|(_, config)| config.includes.clone()).collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        reading.doubts.extend(sources.of::<Unread>().map(|(_, unread)| unread.0.clone()));
        for (file, config) in sources.of::<Config>() {
            for (name, url, line) in &config.indexes {
                reading.mentions.push(mention(name.clone(), url.clone(), Place::line(&file.source, *line)));
            }
            // What lies above the working directory and still in the pipeline's workspace is a repository's, not the user's.
            let workspace = sources.host.pipeline_workspace.as_ref();
            let is_repositorys = workspace.is_some_and(|folder| is_below(&file.source.path, folder));
            let origin = if is_repositorys { Origin::Beside } else { file.source.origin };
            let peril = |(what, line): &(&str, usize)| {
                let place = Place::File { shown: file.source.shown.clone(), line: Some(*line), origin };
                Peril::new(place, *what)
            };
            reading.perils.extend(config.perils.iter().map(peril));
        }
        for (variable, name, url) in names::in_variables(sources.host) {
            reading.mentions.push(mention(Some(name), url, Place::Variable(variable)));
        }
        reading
    }

    /// As variables have it: in capitals, and without hyphens.
    fn name_key(&self, name: &str) -> String {
        name.to_uppercase().replace('-', "_")
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/Cargo/index/", feed.base_url())
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let mut deposits: BTreeMap<&Organization, BTreeSet<String>> = BTreeMap::new();
        for feed in served {
            if deposits.entry(&feed.feed.organization).or_default().insert(feed.feed.url.to_string()) {
                // The index says to which hosts cargo sends the token.
                draft.look_first(feed, &index::STATEMENT);
                draft.serve(feed, TokenSource::Helper(Dialect::Cargo));
            }
        }
        for (organization, feeds) in deposits {
            draft.deposit(Dialect::Cargo, organization, Some(feeds.into_iter().collect()));
        }
        draft.program(CARGO_PROGRAM);
        draft.set(Variable::new(PROVIDERS, Template::text(providers(sources))));
        let known = names::Names::of(sources);
        known.replace_providers(served, sources, draft);
        known.name_feeds_of_inputs(served, draft);
        Ok(())
    }
}

fn mention(name: Option<String>, url: String, place: Place) -> Mention {
    // What cargo would take for a git repository, or the helper for no index.
    let wrong = Feed::parse(&url).is_some_and(|feed| !url.starts_with("sparse+") || !feed.is_cargo_index());
    let doubt = wrong.then(|| "cargo reads a feed only at sparse+https://…/Cargo/index/".to_owned());
    Mention { name, url, doubt, role: Role::Source, bound: Binding::Url, place }
}

/// The providers that were in force before, and ours last.
fn providers(sources: Sources<'_>) -> String {
    let program = CARGO_PROGRAM;
    let before: Vec<&str> = sources.host.variable(PROVIDERS).unwrap_or_default().split_whitespace().collect();
    let mut items: Vec<&str> = before.into_iter().filter(|item| *item != program).collect();
    let users = sources.of::<Config>().filter(|(file, _)| file.source.origin == Origin::User);
    if items.is_empty() && !users.into_iter().any(|(_, config)| config.lists_providers) {
        items.push(USUAL_PROVIDER);
    }
    items.push(program);
    items.join(" ")
}

#[cfg(test)]
mod tests;
