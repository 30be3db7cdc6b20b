//! NuGet: sources of `nuget.config` and of project files, credentials by the source's name.
//!
//! `nuget.exe`, `dotnet` and `MSBuild` look for credentials in this order: a variable of the source's name, the configuration
//! files from the nearest to the farthest, credential providers. What holds no token goes first:
//!
//! - a configuration file in the pipeline's workspace, the folder above the checkout, which every client below it reads as a
//!   parent of the project's own; it holds references to variables, and any name fits (measured with nuget.exe 5.8);
//! - variables of the sources' names, where there is no place for such a file;
//! - this program as a credential provider, for sources without a name: NuGet 6.13 finds it on PATH, older nuget.exe and Paket by a
//!   variable, and all of them ask by the address;
//! - the variables of Microsoft's credential provider, for older SDKs, where it is installed.

mod config;
pub(crate) mod credentials;
mod environment;
mod names;
mod one_host;
mod paket;
mod places;
mod plugin;
mod project;
mod scripts;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::reading::{Among, Mention, Origin, Parsed, Place, Reading, RelPath, SourceFile, Sources};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::kernel::dialect::Dialect;
use crate::plan::draft::Draft;
use crate::plan::{Entry, SharedFile, TokenSource};
use crate::reach::{Binding, NamedBy, Role, ServedFeed};

use config::NuGetFile;

/// NuGet in all its clients.
#[derive(Debug)]
pub struct NuGet;

static ID: ToolId = ToolId {
    name: "nuget",
    speaks: Some(Protocol::NuGet),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[
        "NuGetPackageSourceCredentials_*",
        "VSS_NUGET_*",
        "ARTIFACTS_CREDENTIALPROVIDER_*",
        plugin::CACHE_VARIABLE,
        plugin::FOLDERS_VARIABLE,
    ],
    dependency_folders: &[],
    ways: &[
        // Once the variable's token is refused they ask.
        Way {
            clients: "nuget.exe from 3.3, SDK from 9.0.200: sources with a name",
            tried: "nuget.exe 5.8: fetch, publish",
            source: TokenSource::Reference,
            fresh: Fresh::EachUse,
            afterwards: "`nuget.config` and variables as before",
        },
        Way {
            clients: "older SDKs: sources with a name",
            tried: "SDK 3.1: fetch, publish",
            source: TokenSource::Reference,
            fresh: Fresh::NextStep,
            afterwards: "`nuget.config` and variables as before",
        },
        Way {
            clients: "nuget.exe from 3.3, SDK from 9.0.200, Paket: sources without a name",
            tried: "nuget.exe 5.8, NuGet 6.13's protocol by the SDK 3.1: fetch",
            source: TokenSource::Helper(Dialect::NuGet),
            fresh: Fresh::EachUse,
            afterwards: super::REMOVED,
        },
        Way {
            clients: "older SDKs: sources without a name",
            tried: "SDK 3.1: fetch",
            source: TokenSource::Variable,
            fresh: Fresh::NextStep,
            afterwards: "variables as before",
        },
    ],
};

impl Tool for NuGet {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        config::is_config(path.name())
            || among == Among::Project
                && (project::is_project(path.name()) || paket::is_dependencies(path.name()) || scripts::is_read(path))
    }

    fn is_configured_by(&self, file: &SourceFile) -> bool {
        NuGetFile::matters(file)
    }

    /// A pipeline is no configuration of NuGet's: it is only searched, and may name any variable.
    fn searches(&self, name: &str) -> bool {
        scripts::is_pipeline(name)
    }

    fn outside(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf> {
        places::files_in_force(host, look)
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        places::journalled(host)
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        Box::new(NuGetFile::parse(file, host))
    }

    /// The files by which projects replace all others.
    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.of::<NuGetFile>().filter_map(|(_, parsed)| parsed.given.clone()).collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        reading.mentions.push(public_source());
        for (file, parsed) in sources.of::<NuGetFile>() {
            parsed.read(&file.source, &mut reading);
        }
        reading
    }

    /// NuGet compares the names of sources without regard to case, with tables of letters that differ by the system. This is
    /// coarser than all of them, also in blanks: names that only look alike are taken for one.
    fn name_key(&self, name: &str) -> String {
        name.trim().to_uppercase().to_lowercase()
    }

    /// An address that a variable begins, or decides on a host of Azure's, is the pipeline's choice and not the file's.
    fn is_settled_by_input(&self, mention: &Mention) -> bool {
        values::is_pipelines_choice(&mention.url)
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/nuget/v3/index.json", feed.base_url())
    }

    fn usual_name(&self, _feed: &Feed) -> Option<String> {
        None
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let mut named = self.named(served, sources, draft);
        let places = places::for_credentials(draft.host, draft.look);
        let in_variables = places.is_empty();
        if in_variables {
            environment::add_source_variables(&mut named, draft);
        } else {
            let entry = |source: &Source<'_>| {
                let variable = draft.reference(&source.feed.feed.organization);
                Entry { key: source.name.clone(), variable }
            };
            let entries: Vec<Entry> = named.iter().map(entry).collect();
            credentials::warn(sources, &entries, &places, draft);
            for place in places.into_iter().filter(|_| !entries.is_empty()) {
                let (entries, revise) = (entries.clone(), credentials::revise as crate::plan::Revise);
                draft.share(SharedFile { path: place.file, place: place.folder, entries, revise });
            }
        }
        let source = if in_variables { TokenSource::Variable } else { TokenSource::Reference };
        let mut unnamed: Vec<&ServedFeed> = Vec::new();
        for one in served {
            if named.iter().any(|source| source.feed.feed.url == one.feed.url) {
                draft.serve(one, source);
            } else {
                unnamed.push(one);
            }
        }
        let clients = plugin::set_up(served, &unnamed, sources, draft);
        paket::warn(served, sources, draft);
        let never = paket::never_asked_for(sources);
        let (pakets, unnamed): (Vec<_>, Vec<_>) = unnamed.into_iter().partition(|one| clients.is_pakets_only(one));
        for one in
            pakets.into_iter().filter(|one| clients.paket_asks_for(one) && !never.contains(one.feed.url.as_str()))
        {
            draft.serve(one, TokenSource::Helper(Dialect::NuGet));
        }
        let all_find_it = clients.new_find_it && clients.older_find_it;
        let are_asked_for = all_find_it && served.iter().all(|one| clients.ask_for(one));
        let needs_no_more = in_variables || clients.are_new && are_asked_for;
        if !needs_no_more {
            scripts::note(served, are_asked_for, sources, draft);
        }
        let provided = !unnamed.is_empty() && places::has_provider(draft.host, draft.look);
        // Where every client asks, a variable would hold the token for nobody.
        let (answered, left): (Vec<_>, Vec<_>) =
            unnamed.into_iter().partition(|one| clients.are_new && clients.ask_for(one));
        for one in answered {
            draft.serve(one, TokenSource::Helper(Dialect::NuGet));
        }
        let in_variable = provided && !left.is_empty() && environment::add_provider_variables(&left, draft);
        for one in left {
            let is_answered = clients.ask_for(one);
            if in_variable {
                draft.serve(one, TokenSource::Variable);
            } else if is_answered {
                draft.serve(one, TokenSource::Helper(Dialect::NuGet));
            }
            if !provided {
                match &one.name {
                    None => draft.warn(needs_provider(one, clients.who_needs_more(is_answered))),
                    Some(name) if in_variables => draft.warn(format!(
                        "NuGet gets no credential for {} by its name '{name}' in {}. This task's file does not reach it there, and no \
                         variable of that name can be set; set a short name for the source of letters and digits",
                        one.feed, one.named_in
                    )),
                    // Said where the name was found to be none that can be written.
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// The source that NuGet has without configuration, and writes into the user's own file. A source of the repository under that
/// name does not even replace it where it stands: nuget.exe 5.8 and the SDK 3.1 prefer the one of the newer protocol (measured).
fn public_source() -> Mention {
    let (name, url) = (Some("nuget.org".to_owned()), "the public source".to_owned());
    let (role, bound, place) = (Role::Source, Binding::Name, Place::BuiltIn("NuGet itself"));
    Mention { name, url, doubt: None, role, bound, place }
}

fn needs_provider(one: &ServedFeed, who_needs: &str) -> String {
    let (feed, named_in) = (&one.feed, &one.named_in);
    let remedy = if *named_in == NamedBy::Feeds.to_string() {
        "write name=URL with the name that it has as a source"
    } else {
        "add it to nuget.config as a source"
    };
    format!(
        "{named_in} names {feed} without a source name. {who_needs} Microsoft's credential provider for it, which is not installed: \
         {remedy}"
    )
}

/// A source by one spelling of its name.
struct Source<'s> {
    name: String,
    feed: &'s ServedFeed,
}

impl NuGet {
    /// The sources to write, each spelling once: clients compare the names of credentials with regard to case (measured with
    /// nuget.exe 5.8), those of sources without. What has no name, or none that can be written safely, is left out.
    fn named<'s>(&self, served: &'s [ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Vec<Source<'s>> {
        let mut spellings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let files = sources.of::<NuGetFile>().filter(|(file, _)| file.source.origin != Origin::Beside);
        for name in files.flat_map(|(_, parsed)| &parsed.sources).filter_map(|source| source.name.as_ref()) {
            let known = spellings.entry(self.name_key(name)).or_default();
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
        let mut found: Vec<Source<'s>> = Vec::new();
        for one in served {
            let (feed, named_in) = (&one.feed, &one.named_in);
            let Some(name) = &one.name else { continue };
            let same = spellings.get(&self.name_key(name)).into_iter().flatten().filter(|other| *other != name);
            for spelling in std::iter::once(name).chain(same) {
                if !names::can_be_element(spelling) {
                    draft.warn(format!(
                        "NuGet gets no credential for {feed} by name: its source name '{spelling}' in {named_in} cannot be \
                         written to nuget.config; rename the source"
                    ));
                    continue;
                }
                match found.iter().find(|known| known.name == *spelling) {
                    None => found.push(Source { name: spelling.clone(), feed: one }),
                    Some(known) if known.feed.feed.organization == feed.organization => {}
                    Some(_) => draft.warn(format!(
                        "NuGet gets no credential for {feed} by name: the source name '{spelling}' in {named_in} stands for a \
                         feed of another organization too"
                    )),
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod provider_tests;
#[cfg(test)]
mod tests;
