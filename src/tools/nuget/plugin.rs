//! This program as NuGet's credential provider, for whatever has no credential by a name.
//!
//! Since 6.13 (in the SDK since 9.0.200) NuGet starts what on PATH is called `nuget-plugin-…`, unless a variable names the plugins.
//! Older clients do not see it.
//! (<https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins>)

use std::collections::BTreeSet;
use std::path::Path;

use super::config::NuGetFile;
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::Look;
use crate::kernel::dialect::{Dialect, NUGET_PROGRAM};
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::reach::ServedFeed;
use crate::tools::reading::Sources;

/// Where NuGet keeps for 30 days what a plugin at a path claims to know. Ours lies at another path in each run, and would leave a file
/// behind for each.
pub const CACHE_VARIABLE: &str = "NUGET_PLUGINS_CACHE_PATH";
const CACHE: &str = "nuget-plugins";
/// Each switches off that NuGet looks for plugins on PATH.
pub const POINTERS: [&str; 3] = ["NUGET_PLUGIN_PATHS", "NUGET_NETCORE_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS"];
/// The first SDK with NuGet 6.13.
const FIRST_SDK: [u32; 3] = [9, 0, 200];

/// The clients of later steps, as far as they ask this program.
pub struct Clients {
    /// Whether all that were found look for plugins on PATH.
    pub are_new: bool,
    /// The organizations whose token they are given.
    organizations: BTreeSet<Organization>,
}

impl Clients {
    /// Whether a client that is new enough is given the token for a feed.
    pub fn ask_for(&self, one: &ServedFeed) -> bool {
        one.feed.serves(Protocol::NuGet) && self.organizations.contains(&one.feed.organization)
    }
}

/// Puts this program where NuGet finds it, for any feed of the organizations that are served. `unnamed` get no credential by name.
pub fn set_up(served: &[ServedFeed], unnamed: &[&ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Clients {
    let mut organizations: BTreeSet<Organization> = served.iter().map(|one| one.feed.organization.clone()).collect();
    let mixed = mixed(served, unnamed, sources);
    organizations.retain(|organization| !mixed.contains(organization));
    for organization in &organizations {
        draft.deposit(Dialect::NuGet, organization, None);
    }
    if unnamed.iter().any(|one| mixed.contains(&one.feed.organization)) {
        draft.note(
            "nuget: this task's credential provider is silent where files name several organizations at one host, since NuGet \
             would show one the other's token; add each source to nuget.config",
        );
    }
    draft.program(NUGET_PROGRAM);
    if draft.host.variable(CACHE_VARIABLE).is_none() {
        let folder = draft.names.file(CACHE).to_string_lossy().into_owned();
        draft.set(Variable::new(CACHE_VARIABLE, Template::text(folder)));
    }
    if let Some(name) = POINTERS.into_iter().find(|name| draft.host.variable(name).is_some()) {
        draft.note(format!("nuget: {name} is set, so NuGet does not look for this task's credential provider on PATH"));
        organizations.clear();
    }
    Clients { are_new: are_new(draft.look), organizations }
}

/// The organizations that must not be answered for: where files name sources of several at the host that they share, NuGet shows the
/// answer for the first to the others (measured with the SDK 3.1). A source with a credential by its name has its own.
fn mixed(served: &[ServedFeed], unnamed: &[&ServedFeed], sources: Sources<'_>) -> BTreeSet<Organization> {
    let is = |feed: &Feed, one: &ServedFeed| one.feed.url == feed.url;
    let is_served_by_name =
        |feed: &Feed| served.iter().any(|one| is(feed, one)) && !unnamed.iter().any(|one| is(feed, one));
    let files = sources.of::<NuGetFile>().flat_map(|(_, parsed)| &parsed.sources);
    let feeds =
        files.filter_map(|source| Feed::parse(&source.url.text)).chain(unnamed.iter().map(|one| one.feed.clone()));
    let exposed: BTreeSet<Organization> = feeds
        .filter(|feed| feed.is_at_shared_host() && !is_served_by_name(feed))
        .map(|feed| feed.organization)
        .collect();
    if exposed.len() > 1 { exposed } else { BTreeSet::new() }
}

/// Whether every client on PATH is new enough, as far as their files tell. A project may choose any SDK that is there.
fn are_new(look: &dyn Look) -> bool {
    if look.program("nuget").is_some() {
        return false;
    }
    let Some(dotnet) = look.program("dotnet") else { return false };
    let sdks = look.list(&dotnet.parent().unwrap_or(Path::new("")).join("sdk"));
    let versions: Vec<Vec<u32>> = sdks.iter().filter_map(|name| version(name)).collect();
    !versions.is_empty() && versions.iter().all(|version| version.as_slice() >= &FIRST_SDK[..])
}

/// The numbers of an SDK's folder, such as `9.0.200` or `10.0.100-rc.1`; nothing where it is called otherwise.
fn version(name: &str) -> Option<Vec<u32>> {
    let numbers = name.split('-').next()?.split('.').map(|part| part.parse().ok());
    numbers.collect::<Option<Vec<u32>>>().filter(|numbers| numbers.len() == 3)
}
