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
use super::one_host;
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::Look;
use crate::kernel::dialect::{Dialect, NUGET_PROGRAM, NUGET_PROVIDER};
use crate::kernel::organization::Organization;
use crate::kernel::paths::is_below;
use crate::kernel::run_folder;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::reach::ServedFeed;
use crate::tools::reading::{Origin, Sources, is_one_of};

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
    /// Whether all SDKs that were found look for this program on PATH, and nothing tells of older clients.
    pub are_new: bool,
    /// Whether NuGet looks for this program on PATH, from 6.13 on.
    pub new_find_it: bool,
    /// Whether nuget.exe and Paket find this program.
    pub older_find_it: bool,
    /// The organizations whose token they are given.
    organizations: BTreeSet<Organization>,
    /// Where.
    hosts: Hosts,
    /// The feeds that only Paket's files name.
    pakets: BTreeSet<String>,
}

/// The hosts at which a client is given a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hosts {
    /// All of the service's.
    All,
    /// Those that are an organization's own.
    OfOneOrganization,
}

impl Clients {
    /// Whether a client that finds this program is given the token for a feed.
    pub fn ask_for(&self, one: &ServedFeed) -> bool {
        (self.new_find_it || self.older_find_it)
            && one.feed.serves(Protocol::NuGet)
            && self.organizations.contains(&one.feed.organization)
            && !self.is_silent_at(one)
    }

    /// Whether Paket is given the token for a feed.
    pub fn paket_asks_for(&self, one: &ServedFeed) -> bool {
        self.older_find_it && self.ask_for(one)
    }

    /// Whether only Paket uses a feed.
    pub fn is_pakets_only(&self, one: &ServedFeed) -> bool {
        self.pakets.contains(one.feed.url.as_str())
    }

    /// The clients that are not given the token for a feed without Microsoft's provider: the beginning of a sentence.
    pub fn who_needs_more(&self, is_answered: bool) -> &'static str {
        match (is_answered, self.new_find_it, self.older_find_it) {
            (false, ..) => "NuGet needs",
            (true, false, _) => "dotnet and MSBuild need",
            (true, true, true) => "dotnet and MSBuild before NuGet 6.13 need",
            (true, true, false) => "NuGet before 6.13 needs",
        }
    }

    fn is_silent_at(&self, one: &ServedFeed) -> bool {
        self.hosts == Hosts::OfOneOrganization && one.feed.is_at_shared_host()
    }
}

/// Puts this program where clients find it, for any feed of the organizations that are served. `unnamed` get no credential by name.
pub fn set_up(served: &[ServedFeed], unnamed: &[&ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Clients {
    let organizations: BTreeSet<Organization> = served.iter().map(|one| one.feed.organization.clone()).collect();
    for organization in &organizations {
        draft.deposit(Dialect::NuGet, organization, None);
    }
    let pakets = only_pakets(unnamed, sources);
    let of_nuget = served.iter().filter(|one| !pakets.contains(one.feed.url.as_str()));
    let mut hosts = Hosts::All;
    if draft.is_blinded || one_host::may_have_several_organizations(of_nuget, sources) {
        hosts = Hosts::OfOneOrganization;
        draft.silence(Dialect::NuGet);
    }
    draft.program(NUGET_PROGRAM);
    let older_find_it = put_for_older(sources, draft);
    if draft.host.variable(CACHE_VARIABLE).is_none() {
        let folder = draft.names.file(CACHE).to_string_lossy().into_owned();
        draft.set(Variable::new(CACHE_VARIABLE, Template::text(folder)));
    }
    let pointer = POINTERS.into_iter().find(|name| draft.host.variable(name).is_some());
    if let Some(name) = pointer {
        let others = if older_find_it { "; nuget.exe finds it" } else { "" };
        draft.note(format!(
            "nuget: {name} is set, so dotnet and MSBuild do not look for this task's credential provider on PATH{others}"
        ));
    }
    let new_find_it = pointer.is_none();
    let are_new = new_find_it && are_new(draft.look);
    let clients = Clients { are_new, new_find_it, older_find_it, organizations, hosts, pakets };
    let is_missed = unnamed.iter().any(|one| clients.is_silent_at(one));
    if is_missed || may_be_given(sources) && served.iter().any(|one| clients.is_silent_at(one)) {
        draft.note(
            "nuget: this task's credential provider is silent at pkgs.dev.azure.com, since files name NuGet sources of several \
             organizations there, or may do so. NuGet would show one organization's token to the other. Write those addresses with the \
             organization's own host, such as contoso.pkgs.visualstudio.com",
        );
    }
    clients
}

/// Whether a client may be given a configuration file, and then reads no other.
fn may_be_given(sources: Sources<'_>) -> bool {
    let mut files = sources.of::<NuGetFile>().filter(|(file, _)| file.source.origin != Origin::User);
    files.any(|(file, parsed)| {
        parsed.gives_config
            || parsed.sources.iter().any(|source| source.name.is_some()) && !config::is_found(file.source.name())
    })
}

/// Puts this program where nuget.exe and Paket look for it. Whether they find it.
///
/// A Paket that Mono runs starts by Mono whatever is called `.exe`, and fails where that is no program of .NET, also for other sources.
/// (fsprojects/Paket, `src/Paket.Core/Common/ProcessHelper.fs`)
fn put_for_older(sources: Sources<'_>, draft: &mut Draft<'_>) -> bool {
    let former = draft.host.variable(FOLDERS_VARIABLE).unwrap_or_default().to_owned();
    let others = of_others(&former);
    if !cfg!(windows) && mono_runs_paket(sources, draft) {
        draft.note(format!(
            "nuget: a Paket that Mono runs fails with this task's credential provider. So {FOLDERS_VARIABLE} does not name it, and \
             nuget.exe does not find it either; install Paket as a tool of .NET"
        ));
        if others != former {
            draft.set(Variable::new(FOLDERS_VARIABLE, Template::text(others)));
        }
        return false;
    }
    draft.program(NUGET_PROVIDER);
    let own = draft.names.programs().to_string_lossy().into_owned();
    let folders = if others.is_empty() { own } else { format!("{own};{others}") };
    draft.set(Variable::new(FOLDERS_VARIABLE, Template::text(folders)));
    true
}

/// Whether a Paket for Mono lies where it is kept: beside its file, or in a folder above the working directory.
fn mono_runs_paket(sources: Sources<'_>, draft: &Draft<'_>) -> bool {
    let host = draft.host;
    let is_of_job =
        |folder: &&Path| host.pipeline_workspace.as_ref().is_none_or(|workspace| is_below(folder, workspace));
    let above = host.working_directory.ancestors().take_while(is_of_job);
    let of_files = sources.of::<NuGetFile>().filter(|(_, parsed)| parsed.is_pakets);
    let mut folders = of_files.filter_map(|(file, _)| file.source.path.parent()).chain(above);
    folders.any(|folder| {
        let names = draft.look.list(&folder.join(".paket"));
        names.iter().any(|name| is_one_of(name, &["paket.exe", "paket.bootstrapper.exe"]))
    })
}

/// The folders without those of earlier runs of this task, which have no more to say.
fn of_others(folders: &str) -> String {
    let is_others = |folder: &&str| {
        !folder.is_empty() && run_folder::of_program(&Path::new(folder).join(run_folder::PROGRAM)).is_none()
    };
    folders.split(';').filter(is_others).collect::<Vec<_>>().join(";")
}

/// The addresses of feeds that only Paket's files name.
fn only_pakets(unnamed: &[&ServedFeed], sources: Sources<'_>) -> BTreeSet<String> {
    let named_by = |is_pakets: bool| {
        let files = sources.of::<NuGetFile>().filter(move |(_, parsed)| parsed.is_pakets == is_pakets);
        let feeds = files.flat_map(|(_, parsed)| &parsed.sources).filter_map(|source| Feed::parse(&source.url.text));
        feeds.map(|feed| feed.url.as_str().to_owned()).collect::<BTreeSet<String>>()
    };
    let (pakets, others) = (named_by(true), named_by(false));
    let urls = unnamed.iter().filter(|one| !one.by_input).map(|one| one.feed.url.as_str().to_owned());
    urls.filter(|url| pakets.contains(url) && !others.contains(url)).collect()
}

/// Whether every SDK on PATH asks, as far as their files tell: a project may choose any. Where there is none, a later step may bring one.
fn are_new(look: &dyn Look) -> bool {
    // Where it is, MSBuild of Visual Studio may be too.
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
