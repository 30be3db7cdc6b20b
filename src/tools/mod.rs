//! The tools: where the configuration of each is, which feeds it names, what a credential looks like there.
//!
//! Everything here is pure: it takes text and gives a plan. A tool is one file and one line in [`TOOLS`].

pub mod git;
pub mod maven;
pub mod npm;
pub mod nuget;

use std::path::PathBuf;

use crate::azure_devops::feed::{Feed, Protocol};
use crate::diagnosis::Explain;
use crate::edit::text::Text;
use crate::edit::xml::NotWellFormed;
use crate::edit::xml::doubt::{Doubt, doubt};
use crate::kernel::organization::Organization;
use crate::plan::Plan;

use crate::host::{Host, Look};

/// Every tool, in the order of the log.
pub static TOOLS: [&dyn Tool; 4] = [&npm::Npm, &maven::Maven, &nuget::NuGet, &git::Git];

/// Tools that the manifest names and this version does not serve.
pub const LATER_TOOLS: [(&str, &str); 12] = [
    ("yarn", "yarn 1 reads what the tool 'npm' sets up, for packages with a scope"),
    ("pnpm", "pnpm reads what the tool 'npm' sets up"),
    ("bun", ""),
    ("gradle", ""),
    ("pip", ""),
    ("uv", ""),
    ("poetry", ""),
    ("twine", ""),
    ("cargo", ""),
    ("conda", ""),
    ("universal", ""),
    ("azureDevOpsCli", ""),
];

pub use crate::kernel::dialect::USER_NAME;

/// What a credential of a tool is bound to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Binding {
    /// The URL: it cannot go elsewhere.
    Url,
    /// A name that another file may give to another URL.
    Name,
}

/// A client that takes credentials for feeds or repositories.
pub trait Tool: Sync {
    /// Its name in the input `tools`.
    fn name(&self) -> &'static str;

    /// What its feeds speak; nothing for a tool without feeds, which `auto` always chooses.
    fn protocol(&self) -> Option<Protocol>;

    /// What its credentials are bound to.
    fn binding(&self) -> Binding;

    /// Whether it reads a file of this name in the workspace.
    fn reads(&self, file_name: &str) -> bool;

    /// The user's own configuration outside the workspace, which stays in force.
    fn user_files(&self, host: &Host, look: &dyn Look) -> Vec<PathBuf>;

    /// The folders whose journals know of this tool's changes to files that are not ours alone.
    fn places(&self, _host: &Host) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether it reads a file of this name below a dependency folder, where files can only take a name's credential away.
    fn reads_among_dependencies(&self, file_name: &str) -> bool {
        self.binding() == Binding::Name && self.reads(file_name)
    }

    /// Files of any name that these files refer to, and that its tool would read too. None need exist.
    fn further_files(&self, _files: &[SourceFile], _host: &Host) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Every registry, repository or source that these files name. `files` holds what [`Tool::reads`] accepted, and then the
    /// user's own files.
    fn mentions(&self, files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>>;

    /// Every text that these files have the tool send somewhere beside a source's own address.
    fn credentials(&self, _files: &[SourceFile], _host: &Host) -> Vec<Credential> {
        Vec::new()
    }

    /// Under which form two names are one to this tool.
    fn name_key(&self, name: &str) -> String {
        name.to_owned()
    }

    /// The URL at which this tool uses a feed that an input names by its bare address.
    fn feed_url(&self, feed: &Feed) -> String;

    /// Adds to the plan what the tool needs in later steps.
    fn plan(&self, request: &Request<'_>, plan: &mut Plan) -> Result<(), PlanError>;
}

/// A file that a tool reads.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// The path as messages show it: below the working directory, with slashes.
    pub shown: String,
    /// Its content.
    pub text: Text,
    /// Whose it is.
    pub origin: Origin,
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// It belongs to the repository, and says what the job needs.
    Workspace,
    /// It lies below a dependency folder or beside the working directory: nothing is set up for it, but a tool may read it.
    Dependency,
    /// The user's own.
    User,
}

/// A place of a file that names a registry, repository or source.
#[derive(Clone, Debug)]
pub struct Mention {
    /// The tool's own name for it, where its credentials go by name.
    pub name: Option<String>,
    /// The URL with the tool's own references resolved as far as can be seen.
    pub url: String,
    /// The file, as [`SourceFile::shown`].
    pub file: String,
    /// Whose the file is.
    pub origin: Origin,
}

/// A text that a file has its tool send.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Where to.
    pub receiver: Receiver,
    /// The text as written, or with references resolved.
    pub text: String,
    /// The file, and the line where that is known.
    pub place: String,
    /// Whose the file is.
    pub origin: Origin,
}

/// Where a text is sent.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// To this URL; empty where it may be any.
    Url(String),
    /// To whatever has this name.
    Name(String),
}

/// A file that cannot be read as its tool would read it.
#[derive(Clone, Debug)]
pub struct Unparsable {
    /// The file, as [`SourceFile::shown`].
    pub file: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
    /// What the tool may see in it.
    pub hides: Hidden,
    /// Whose it is.
    pub origin: Origin,
}

/// What a tool may see in a file that cannot be read here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hidden {
    /// Nothing: it cannot read the file either.
    Nothing,
    /// Names with letters beyond ASCII.
    Letters,
    /// Any name.
    Names,
}

impl Unparsable {
    /// A file that its tool cannot read either.
    pub fn malformed(file: &SourceFile, reason: impl Into<String>) -> Self {
        Self { file: file.shown.clone(), reason: reason.into(), hides: Hidden::Nothing, origin: file.origin }
    }

    /// A file that its tool may read, and find any name in.
    pub fn hides_names(file: &SourceFile, reason: impl Into<String>) -> Self {
        Self { hides: Hidden::Names, ..Self::malformed(file, reason) }
    }

    /// An XML file that is not well-formed.
    pub fn not_well_formed(file: &SourceFile, error: &NotWellFormed) -> Self {
        let hides = if error.is_bound { Hidden::Names } else { Hidden::Nothing };
        Self { hides, ..Self::malformed(file, error.to_string()) }
    }

    /// An XML file in which its tool may see something else.
    pub fn doubted(file: &SourceFile) -> Option<Self> {
        Some(match doubt(&file.text)? {
            Doubt::Everything(reason) => Self::hides_names(file, reason),
            Doubt::Letters(reason) => Self { hides: Hidden::Letters, ..Self::malformed(file, reason) },
        })
    }
}

/// A feed that a tool is to get a credential for.
#[derive(Clone, Debug)]
pub struct ServedFeed {
    /// The tool's own name for it.
    pub name: Option<String>,
    /// The feed, with the URL as the tool has it.
    pub feed: Feed,
    /// The file or input that named it.
    pub named_in: String,
}

/// A permitted organization, as this step serves it.
#[derive(Clone, Debug)]
pub struct ServedOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its name in every spelling that the job uses, for clients that compare with case.
    pub spellings: Vec<String>,
    /// Whether this step's token serves it, rather than that of an earlier step whose connection belongs to it.
    pub serves: bool,
    /// Where it was named: the service connection, the pipeline or an input.
    pub named_in: String,
}

/// What a tool plans from.
pub struct Request<'a> {
    /// The feeds of permitted organizations, each name and URL once.
    pub feeds: &'a [ServedFeed],
    /// The permitted organizations, for tools that go by organization.
    pub organizations: &'a [ServedOrganization],
    /// Whether a feed's organization is served by this step's token rather than by an earlier step that owns it.
    pub serves: &'a dyn Fn(&Organization) -> bool,
    /// The workspace's files that this tool reads, and then the user's own.
    pub files: &'a [SourceFile],
    /// The machine and the job.
    pub host: &'a Host,
    /// A look at the disk.
    pub look: &'a dyn Look,
    /// How git is to get its credentials.
    pub git_credential: git::Delivery,
}

/// Why a tool cannot be planned for.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A user's own file, which would have to be carried over, cannot be read.
    #[error("{tool} cannot be set up: {file} cannot be used: {reason}")]
    UserFile {
        /// The tool.
        tool: &'static str,
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// The repository would have a tool send the token elsewhere.
    #[error(
        "{tool} would send the token in the variable {variable} to {address}, which is no permitted organization's: {place} \
         refers to it"
    )]
    Leak {
        /// The tool.
        tool: &'static str,
        /// The file, and the line where that is known.
        place: String,
        /// The variable.
        variable: String,
        /// The host, where it can be told.
        address: String,
    },
    /// There is no folder to write to.
    #[error("{tool} cannot be set up: {reason}")]
    NoPlace {
        /// The tool.
        tool: &'static str,
        /// What is missing.
        reason: String,
    },
}

impl Explain for PlanError {
    fn remedy(&self) -> String {
        match self {
            Self::UserFile { tool, file, .. } => {
                format!("correct or remove {file}, or leave '{tool}' out of the input 'tools'")
            }
            Self::Leak { place, variable, .. } => {
                format!("find out who wrote it, and remove the reference to {variable} from {place}")
            }
            Self::NoPlace { tool, .. } => {
                format!("change that in the agent's or the job's set-up, or leave '{tool}' out of the input 'tools'")
            }
        }
    }
}

/// The tool that the input `tools` means by `name`, without regard to case.
pub fn by_name(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.into_iter().find(|tool| tool.name().eq_ignore_ascii_case(name))
}

/// The folders whose journals know of any tool's changes, each once.
pub fn places(host: &Host) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = TOOLS.iter().flat_map(|tool| tool.places(host)).collect();
    places.sort();
    places.dedup();
    places
}

/// The variable through which `tool` reaches the token for `organization` in later steps.
///
/// One for each tool and organization, named the same in every job: a file that refers to it means each job's own token,
/// so that two agents under one account can share the file, and a later step can take an organization over.
pub fn token_variable(tool: &str, organization: &Organization) -> String {
    format!("ADO_ENTRA_AUTH_{}_{}", tool.to_ascii_uppercase(), organization.variable_part())
}
