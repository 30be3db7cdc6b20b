//! NuGet: sources of `nuget.config` and of project files, credentials by the source's name.
//!
//! `nuget.exe`, `dotnet` and `MSBuild` look for credentials in this order: a variable of the source's name, the configuration
//! files from the nearest to the farthest, credential providers. Each way has a gap, so all three are set:
//!
//! - a configuration file in the pipeline's workspace, the folder above the checkout, which every client below it reads as a
//!   parent of the project's own; it holds references to variables, and any name fits (measured with nuget.exe 5.8);
//! - variables for plain names, which also reach a client that is given `--configfile` or works elsewhere;
//! - the variables of Microsoft's credential provider, for sources without a name.

mod config;
mod credentials;
mod environment;
mod names;
mod places;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{
    Binding, Credential, Mention, PlanError, Request, SourceFile, Tool, USER_NAME, Unparsable, token_variable,
};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::plan::{Change, Entry, Plan, Served, SharedFile};

const NAME: &str = "nuget";

/// NuGet in all its clients.
#[derive(Debug)]
pub struct NuGet;

impl Tool for NuGet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(Protocol::NuGet)
    }

    fn binding(&self) -> Binding {
        Binding::Name
    }

    fn reads(&self, file_name: &str) -> bool {
        config::is_config(file_name) || config::is_project(file_name)
    }

    fn reads_among_dependencies(&self, file_name: &str) -> bool {
        config::is_config(file_name)
    }

    fn user_files(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf> {
        places::files_in_force(host, look)
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        places::journalled(host)
    }

    fn mentions(&self, files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>> {
        files.iter().flat_map(|file| config::mentions(file, host)).collect()
    }

    fn credentials(&self, files: &[SourceFile], host: &Host) -> Vec<Credential> {
        files.iter().flat_map(|file| config::credentials(file, host)).collect()
    }

    /// NuGet compares the names of sources without regard to case.
    fn name_key(&self, name: &str) -> String {
        name.to_lowercase()
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/nuget/v3/index.json", feed.base_url())
    }

    fn plan(&self, request: &Request<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        if request.feeds.is_empty() {
            return Ok(());
        }
        let sources = self.sources(request, plan);
        let entries: Vec<Entry> = sources.iter().map(|source| source.entry.clone()).collect();
        if !entries.is_empty() {
            let places = places::for_credentials(request.host, request.look);
            if places.is_empty() {
                plan.warnings.push(
                    "NuGet gets credentials by variables only, since neither the pipeline's workspace nor a home \
                     folder is known"
                        .to_owned(),
                );
            }
            credentials::warn(request, &entries, &places, plan);
            plan.changes.extend(places.into_iter().map(|place| {
                let (entries, revise) = (entries.clone(), credentials::revise as crate::plan::Revise);
                Change::SharedFile(SharedFile { path: place.file, place: place.folder, entries, revise })
            }));
        }
        environment::add_source_variables(request, &sources, plan);
        environment::add_provider_variables(request, plan);
        let provided = places::has_provider(request.host, request.look);
        let reached = |feed: &Feed| provided || sources.iter().any(|source| source.feed.url == feed.url);
        for served in request.feeds.iter().filter(|served| reached(&served.feed)) {
            let (target, named_in) = (served.feed.to_string(), served.named_in.clone());
            plan.served.push(Served { tool: NAME, target, named_in });
        }
        plan.user_names.push(USER_NAME.to_owned());
        Ok(())
    }
}

/// A source by one spelling of its name.
struct Source<'r> {
    entry: Entry,
    feed: &'r Feed,
}

impl NuGet {
    /// The sources to write, each spelling once: clients compare the names of credentials with regard to case (measured with
    /// nuget.exe 5.8), those of sources without. What has no name, or none that can be written safely, is said.
    fn sources<'r>(&self, request: &Request<'r>, plan: &mut Plan) -> Vec<Source<'r>> {
        let mut spellings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in config::source_names(request.files, request.host) {
            spellings.entry(self.name_key(&name)).or_default().push(name);
        }
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        let mut sources: Vec<Source<'r>> = Vec::new();
        for served in request.feeds {
            let feed = &served.feed;
            let Some(name) = &served.name else {
                say_unnamed(request, feed, &served.named_in, plan);
                continue;
            };
            let variable = token_variable(NAME, &feed.organization);
            let same = spellings.get(&self.name_key(name)).into_iter().flatten().filter(|other| *other != name);
            for spelling in std::iter::once(name).chain(same) {
                if !names::can_be_element(spelling) {
                    plan.warnings.push(format!(
                        "NuGet gets no credential for {feed} by name: its source name '{spelling}' in {} cannot be \
                         written to nuget.config; rename the source",
                        served.named_in
                    ));
                    continue;
                }
                match variables.get(spelling) {
                    None => {
                        variables.insert(spelling.clone(), variable.clone());
                        sources
                            .push(Source { entry: Entry { key: spelling.clone(), variable: variable.clone() }, feed });
                    }
                    Some(known) if *known == variable => {}
                    Some(_) => plan.warnings.push(format!(
                        "NuGet gets no credential for {feed} by name: the source name '{spelling}' in {} stands for a \
                         feed of another organization too",
                        served.named_in
                    )),
                }
            }
        }
        sources
    }
}

fn say_unnamed(request: &Request<'_>, feed: &Feed, named_in: &str, plan: &mut Plan) {
    let same_url = |other: &Feed| other.url.as_str().eq_ignore_ascii_case(feed.url.as_str());
    let named = request.feeds.iter().any(|served| served.name.is_some() && same_url(&served.feed));
    if !named && !places::has_provider(request.host, request.look) {
        plan.warnings.push(format!(
            "{named_in} names {feed} without a source name, for which NuGet needs Microsoft's credential provider, \
             and that is not installed: add the feed to nuget.config as a source"
        ));
    }
}

#[cfg(test)]
mod tests;
