//! The tools: where the configuration of each is, which feeds it names, what a credential looks like there.
//!
//! Everything here is pure: it takes text and gives a plan. A tool is one file and one line in [`TOOLS`].

mod azure_cli;
pub(crate) mod cargo;
mod conda;
mod dotenv;
mod error;
pub(crate) mod git;
pub(crate) mod gradle;
mod java;
pub mod maven;
pub(crate) mod npm;
pub(crate) mod nuget;
mod properties;
mod proxies;
pub(crate) mod python;
pub(crate) mod reading;
mod tables;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::kernel::paths::is_same_name;
use crate::plan::TokenSource;
use crate::plan::draft::Draft;
use crate::reach::{Binding, ServedFeed};

use reading::{Among, Mention, Parsed, Reading, RelPath, SourceFile, Sources};

pub use error::PlanError;

/// Every tool, in the order of the log.
pub static TOOLS: &[&dyn Tool] = &[
    &npm::Npm,
    &npm::yarn::Yarn,
    &npm::bun::Bun,
    &maven::Maven,
    &gradle::Gradle,
    &nuget::NuGet,
    &python::Python::Pip,
    &python::Python::Uv,
    &python::Python::Poetry,
    &python::Python::Twine,
    &cargo::Cargo,
    &conda::Conda,
    &git::WITH_HELPER,
    &azure_cli::AzureCli,
];

/// Further names of the input `tools`, and the tool that serves such a client: yarn 1 reads npm's files, yarn 2 its own.
pub const SERVED_BY: &[(&str, &str)] =
    &[("pnpm", "npm"), ("yarn", "npm"), ("bun", "npm"), ("universal", "azureDevOpsCli")];

/// What people write for a name of the input `tools`: the name, and words between blanks.
const CALLED: &[(&str, &str)] = &[
    ("npm", "node npx"),
    ("yarn", "yarnpkg yarnberry"),
    ("maven", "mvn mvnw mvnd"),
    ("gradle", "gradlew"),
    ("nuget", "dotnet msbuild"),
    ("pip", "pipenv pdm hatch python pypi"),
    ("conda", "mamba micromamba"),
    ("git", "go terraform precommit gitlfs"),
    ("azureDevOpsCli", "az azurecli azuredevops"),
];

pub use crate::kernel::dialect::USER_NAME;

/// Folders that hold what any package manager fetched, or history: configuration in them configures no build of this job.
/// What only one tool has is in its [`ToolId`].
const DEPENDENCY_FOLDERS: &[&str] =
    &[".hg", ".svn", "vendor", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox"];

/// Those that people fill too: a second checkout may lie in one.
const FILLED_BY_PEOPLE: &[&str] = &["vendor"];

/// What there is to know of a tool before it reads anything.
#[derive(Debug)]
pub struct ToolId {
    /// Its name in the input `tools`.
    pub name: &'static str,
    /// What its feeds speak; nothing for a tool without feeds.
    pub speaks: Option<Protocol>,
    /// When `auto` takes it.
    pub auto: Auto,
    /// Whether a feed that an input names by its protocol's address is for it.
    pub takes_inputs: bool,
    /// What later steps may see set: names, or beginnings of names that end in `*`.
    pub variables: &'static [&'static str],
    /// Folders in which it keeps what it fetched.
    pub dependency_folders: &'static [&'static str],
    /// How its clients come by the token, for `docs/tools.md`.
    pub ways: &'static [Way],
}

/// How some clients of a tool come by the token. The table of `docs/tools.md` has a row for each.
#[derive(Debug)]
pub struct Way {
    /// Which clients, where it is not all.
    pub clients: &'static str,
    /// Which of them tests run, and for what.
    pub tried: &'static str,
    /// How they come by it.
    pub source: TokenSource,
    /// When they take another token.
    pub fresh: Fresh,
    /// What the post-job part does.
    pub afterwards: &'static str,
}

/// When a client takes another token, once its first has ended and the job's process has renewed it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fresh {
    /// It asks each time that it needs one.
    EachUse,
    /// It asks, or reads a private file of the run, when it starts.
    EachStart,
    /// It reads what the run cannot change any more: a variable, or a file that is not the run's own.
    NextStep,
}

/// What the private files and the variables of a run come to.
const REMOVED: &str = "files removed, variables as before";

/// When `auto` takes a tool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Auto {
    /// Always: it needs no configuration.
    Always,
    /// Where the project's configuration or an input names a feed for it.
    NamesAFeed,
    /// Never, since its credential goes wherever a command of its client says.
    OnlyIfNamed,
}

/// A client that takes credentials for feeds or repositories.
pub trait Tool: Sync {
    /// What there is to know of it beforehand.
    fn id(&self) -> &'static ToolId;

    /// The tool that takes a file apart for this one too: those of one family read the same, and each file is taken apart once.
    fn family(&self) -> &'static str {
        self.id().name
    }

    /// The tool before it in [`TOOLS`] whose reading is this one's too, so that it is made and kept once.
    fn reads_like(&self) -> Option<&'static str> {
        None
    }

    /// Whether the project is one of this tool's, where it shares its feeds with others. Only then does `auto` take it.
    fn is_used(&self, _sources: Sources<'_>) -> bool {
        true
    }

    /// Whether its client asks this program for any address at run time, so that the tool is set up also where no file names a feed.
    fn asks_by_address(&self) -> bool {
        false
    }

    /// Whether it reads this file.
    fn reads(&self, path: RelPath<'_>, among: Among) -> bool;

    /// Whether it only searches a file of this name for addresses, and takes nothing apart: such files may be large.
    fn searches(&self, _name: &str) -> bool {
        false
    }

    /// Whether a file that it reads configures it, so that what it refers to counts. Some kinds of files mostly do other things.
    fn is_configured_by(&self, _file: &SourceFile) -> bool {
        true
    }

    /// Configuration outside the workspace, which stays in force: the user's own and the machine's.
    fn outside(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf>;

    /// The folders whose journals know of this tool's changes to files that are not ours alone.
    fn places(&self, _host: &Host) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Takes a file apart, once.
    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed;

    /// Files of any name that these files refer to, and that its tool would read too. None need exist.
    fn further(&self, _sources: Sources<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Everything that files and variables say.
    fn read(&self, sources: Sources<'_>) -> Reading;

    /// Under which form two names are one to this tool.
    fn name_key(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Whether an input that gives a mention's name an address settles the doubt about what else the name stands for.
    fn is_settled_by_input(&self, _mention: &Mention) -> bool {
        false
    }

    /// The URL at which this tool uses a feed that an input names by its bare address.
    fn feed_url(&self, feed: &Feed) -> String;

    /// What its credential for a feed of an input is bound to.
    fn binds(&self) -> Binding {
        Binding::Name
    }

    /// The name under which this tool knows a feed that an input names without one; nothing where only a file can tell.
    fn usual_name(&self, feed: &Feed) -> Option<String> {
        Some(feed.name.clone())
    }

    /// Drafts what the tool needs in later steps for these feeds, or for every permitted organization.
    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError>;
}

/// Which tools are wanted.
#[derive(Clone)]
pub struct Choice {
    /// All that there are, as the inputs set them up.
    pub tools: Vec<&'static dyn Tool>,
    /// The names that the user has set; nothing where the workspace decides.
    pub named: Option<BTreeSet<&'static str>>,
}

impl Choice {
    /// Whether the user wants a tool; nothing where the workspace decides.
    pub fn wants(&self, tool: &str) -> Option<bool> {
        self.named.as_ref().map(|named| named.iter().any(|name| stands_for(name, tool)))
    }
}

#[cfg(test)]
mod tests;

/// Every name that the input `tools` takes, in the order of the pages.
pub fn names() -> impl Iterator<Item = &'static str> {
    let is_tool = |name: &str| TOOLS.iter().any(|tool| tool.id().name == name);
    let further = move |tool: &'static str| SERVED_BY.iter().filter(move |(name, by)| *by == tool && !is_tool(name));
    TOOLS
        .iter()
        .map(|tool| tool.id().name)
        .flat_map(move |name| std::iter::once(name).chain(further(name).map(|(name, _)| *name)))
}

/// The name of the input `tools` that somebody meant by another, such as `pip3` or `nuget.exe`.
pub fn meant(name: &str) -> Option<&'static str> {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let plain = letters.strip_suffix("exe").unwrap_or(&letters);
    let called = || CALLED.iter().find(|(_, called)| called.split(' ').any(|called| called == plain));
    names().find(|known| known.eq_ignore_ascii_case(plain)).or_else(|| Some(called()?.0))
}

/// Whether a name of the input `tools` stands for a tool.
pub fn stands_for(name: &str, tool: &str) -> bool {
    name == tool || SERVED_BY.contains(&(name, tool))
}

/// Whether the client of a tool asks this program for any address.
pub fn asks_by_address(name: &str) -> bool {
    TOOLS.iter().any(|tool| tool.id().name == name && tool.asks_by_address())
}

/// The folders whose journals know of any tool's changes, each once.
pub fn places(host: &Host) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = TOOLS.iter().flat_map(|tool| tool.places(host)).collect();
    places.sort();
    places.dedup();
    places
}

/// The names of dependency folders that only package managers fill, unless git tracks something in one.
pub fn filled_by_package_managers() -> Vec<&'static str> {
    let mut names = DEPENDENCY_FOLDERS.to_vec();
    for tool in TOOLS {
        names.extend_from_slice(tool.id().dependency_folders);
    }
    names.retain(|name| !FILLED_BY_PEOPLE.contains(name));
    names
}

/// Whether a folder of this name holds dependencies.
pub fn is_dependency_folder(name: &str) -> bool {
    let is_one = |folders: &[&str]| folders.iter().any(|folder| is_same_name(folder, name));
    is_one(DEPENDENCY_FOLDERS) || TOOLS.iter().any(|tool| is_one(tool.id().dependency_folders))
}
