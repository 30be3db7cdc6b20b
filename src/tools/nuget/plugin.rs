//! This program as NuGet's credential provider, for whatever has no credential by a name.
//!
//! Since 6.13 (in the SDK since 9.0.200) NuGet starts what on PATH is called `nuget-plugin-…`, unless a variable names the plugins.
//! (<https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins>)
//! `nuget.exe` since 3.3 and Paket start whatever is called `CredentialProvider*.exe` in the folders of another variable (measured with
//! nuget.exe 5.8). Older SDKs see neither.
//! (<https://learn.microsoft.com/nuget/reference/extensibility/nuget-exe-credential-providers>)

use std::collections::BTreeSet;
use std::path::Path;

use super::config::{self, NuGetFile};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::Look;
use crate::kernel::dialect::{Dialect, NUGET_PROGRAM, NUGET_PROVIDER};
use crate::kernel::organization::Organization;
use crate::kernel::run_folder;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::reach::{NamedBy, ServedFeed};
use crate::tools::reading::{Origin, Sources};

/// Where NuGet keeps for 30 days what a plugin at a path claims to know. Ours lies at another path in each run, and would leave a file
/// behind for each.
pub const CACHE_VARIABLE: &str = "NUGET_PLUGINS_CACHE_PATH";
const CACHE: &str = "nuget-plugins";
/// The folders in which nuget.exe and Paket look for credential providers, between semicolons on every system.
pub const FOLDERS_VARIABLE: &str = "NUGET_CREDENTIALPROVIDERS_PATH";
/// Each switches off that NuGet looks for plugins on PATH.
pub const POINTERS: [&str; 3] = ["NUGET_PLUGIN_PATHS", "NUGET_NETCORE_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS"];
/// The first SDK with NuGet 6.13.
const FIRST_SDK: [u32; 3] = [9, 0, 200];

/// The clients of later steps, as far as they ask this program.
pub struct Clients {
    /// Whether all SDKs that were found look for this program, as every nuget.exe does.
    pub are_new: bool,
    /// The organizations whose token they are given.
    organizations: BTreeSet<Organization>,
    /// The feeds that only Paket's files name.
    pakets: BTreeSet<String>,
}

impl Clients {
    /// Whether a client that looks for it is given the token for a feed.
    pub fn ask_for(&self, one: &ServedFeed) -> bool {
        one.feed.serves(Protocol::NuGet) && self.organizations.contains(&one.feed.organization)
    }

    /// Whether only Paket uses a feed. All its versions of the last years ask.
    pub fn is_pakets_only(&self, one: &ServedFeed) -> bool {
        self.pakets.contains(one.feed.url.as_str())
    }
}

/// Puts this program where NuGet finds it, for any feed of the organizations that are served. `unnamed` get no credential by name.
pub fn set_up(served: &[ServedFeed], unnamed: &[&ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Clients {
    let mut organizations: BTreeSet<Organization> = served.iter().map(|one| one.feed.organization.clone()).collect();
    let pakets = only_pakets(unnamed, sources);
    let unnamed: Vec<&ServedFeed> =
        unnamed.iter().filter(|one| !pakets.contains(one.feed.url.as_str())).copied().collect();
    let mixed = mixed(served, &unnamed, sources);
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
    draft.program(NUGET_PROVIDER);
    let folders = folders(&draft.names.programs(), draft.host.variable(FOLDERS_VARIABLE).unwrap_or_default());
    draft.set(Variable::new(FOLDERS_VARIABLE, Template::text(folders)));
    if draft.host.variable(CACHE_VARIABLE).is_none() {
        let folder = draft.names.file(CACHE).to_string_lossy().into_owned();
        draft.set(Variable::new(CACHE_VARIABLE, Template::text(folder)));
    }
    if let Some(name) = POINTERS.into_iter().find(|name| draft.host.variable(name).is_some()) {
        draft.note(format!("nuget: {name} is set, so NuGet does not look for this task's credential provider on PATH"));
        organizations.clear();
    }
    Clients { are_new: are_new(draft.look), organizations, pakets }
}

/// Our folder before those of others. That of an earlier run has no more to say.
fn folders(own: &Path, former: &str) -> String {
    let is_others = |folder: &&str| {
        !folder.is_empty() && run_folder::of_program(&Path::new(folder).join(run_folder::PROGRAM)).is_none()
    };
    let others = former.split(';').filter(is_others);
    std::iter::once(&*own.to_string_lossy()).chain(others).collect::<Vec<_>>().join(";")
}

/// The addresses of feeds that only Paket's files name. Their sources without a password of their own are those that it asks for.
fn only_pakets(unnamed: &[&ServedFeed], sources: Sources<'_>) -> BTreeSet<String> {
    let named_by = |is_pakets: bool| {
        let files = sources.of::<NuGetFile>().filter(move |(_, parsed)| parsed.is_pakets == is_pakets);
        let feeds = files.flat_map(|(_, parsed)| &parsed.sources).filter_map(|source| Feed::parse(&source.url.text));
        feeds.map(|feed| feed.url.as_str().to_owned()).collect::<BTreeSet<String>>()
    };
    let (pakets, others) = (named_by(true), named_by(false));
    let feeds_input = NamedBy::Feeds.to_string();
    let urls = unnamed.iter().filter(|one| one.named_in != feeds_input).map(|one| one.feed.url.as_str().to_owned());
    urls.filter(|url| pakets.contains(url) && !others.contains(url)).collect()
}

/// The organizations that must not be answered for: where files name sources of several at the host that they share, NuGet shows the
/// answer for the first to the others (measured with the SDK 3.1). A source with a credential by its name has its own, unless a client
/// may be given the file: then it does not read ours.
fn mixed(served: &[ServedFeed], unnamed: &[&ServedFeed], sources: Sources<'_>) -> BTreeSet<Organization> {
    let is = |feed: &Feed, one: &ServedFeed| one.feed.url == feed.url;
    let is_served_by_name =
        |feed: &Feed| served.iter().any(|one| is(feed, one)) && !unnamed.iter().any(|one| is(feed, one));
    let gives_config = sources.of::<NuGetFile>().any(|(_, parsed)| parsed.gives_config);
    let mut exposed: BTreeSet<Organization> =
        unnamed.iter().filter(|one| one.feed.is_at_shared_host()).map(|one| one.feed.organization.clone()).collect();
    // Paket keeps an answer for its source only.
    for (file, parsed) in sources.of::<NuGetFile>().filter(|(_, parsed)| !parsed.is_pakets) {
        let is_given =
            file.source.origin == Origin::Workspace && (gives_config || !config::is_found(file.source.name()));
        let feeds = parsed.sources.iter().filter_map(|source| Feed::parse(&source.url.text));
        let feeds = feeds.filter(|feed| feed.is_at_shared_host() && (is_given || !is_served_by_name(feed)));
        exposed.extend(feeds.map(|feed| feed.organization));
    }
    if exposed.len() > 1 { exposed } else { BTreeSet::new() }
}

/// Whether every SDK on PATH asks, as far as their files tell: a project may choose any. Where there is none, a later step may bring one.
fn are_new(look: &dyn Look) -> bool {
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
