//! What tools read, as data: files taken apart once, and what they name, send and leave in doubt.

mod file;

use crate::edit::xml::NotWellFormed;
use crate::edit::xml::doubt::{Doubt, doubt};
use crate::reach::{Binding, Role};

pub use crate::edit::references::may_mean;
pub use file::{Among, Origin, Parsed, ReadFile, RelPath, Source, SourceFile, Sources, folded, is_one_of};

/// What a tool's files and variables say.
#[derive(Debug, Default)]
pub struct Reading {
    /// Every registry, repository or source that they name.
    pub mentions: Vec<Mention>,
    /// Every text that they have the tool send somewhere beside an address of [`Self::mentions`].
    pub sends: Vec<Sent>,
    /// Files that cannot be read as the tool reads them.
    pub doubts: Vec<Unparsable>,
    /// Settings by which a credential would reach somebody else, whatever its address.
    pub perils: Vec<Peril>,
    /// Addresses of no feed to which the tool would show a feed's credential.
    pub detours: Vec<Detour>,
    /// Where the address of a feed is put together, so that only the client knows which it is.
    pub put_together: Vec<Place>,
}

impl Reading {
    /// Whether the project puts the address of a feed together.
    pub fn puts_one_together(&self) -> bool {
        self.put_together.iter().any(|place| place.origin() == Origin::Workspace)
    }
}

/// An address to which a tool shows the credential of a feed, though a file and not the feed sends it there.
#[derive(Clone, Debug)]
pub struct Detour {
    /// The client that does so.
    pub client: &'static str,
    /// Where it stands.
    pub place: Place,
    /// The address; blank where it cannot be told.
    pub url: String,
    /// The registry whose credential it is; nothing where it may be any.
    pub registry: Option<String>,
}

/// Where something is said.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// In a file.
    File {
        /// The file, as [`Source::shown`].
        shown: String,
        /// The line, where it is known.
        line: Option<usize>,
        /// Whose the file is.
        origin: Origin,
    },
    /// In a variable of the job.
    Variable(String),
    /// Nowhere: the tool has it built in. In words, such as "Maven itself".
    BuiltIn(&'static str),
}

impl Place {
    /// A place in a file.
    pub fn of(source: &Source) -> Self {
        Self::File { shown: source.shown.clone(), line: None, origin: source.origin }
    }

    /// A line of a file.
    pub fn line(source: &Source, line: usize) -> Self {
        Self::File { shown: source.shown.clone(), line: Some(line), origin: source.origin }
    }

    /// Whose it is. A variable of the job belongs to whoever wrote the pipeline.
    pub fn origin(&self) -> Origin {
        match self {
            Self::File { origin, .. } => *origin,
            Self::Variable(_) => Origin::Workspace,
            Self::BuiltIn(_) => Origin::Beside,
        }
    }

    /// Whether the repository has the say there, rather than the user or the pipeline.
    pub fn is_of_repository(&self) -> bool {
        matches!(self, Self::File { origin: Origin::Workspace | Origin::Beside, .. })
    }

    /// The same without the line.
    pub fn whole(&self) -> String {
        match self {
            Self::File { shown, .. } => shown.clone(),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { shown, line: Some(line), .. } => write!(f, "{shown} line {line}"),
            Self::File { shown, line: None, .. } => f.write_str(shown),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::BuiltIn(what) => f.write_str(what),
        }
    }
}

/// A registry, repository or source that something names.
#[derive(Clone, Debug)]
pub struct Mention {
    /// The tool's own name for it.
    pub name: Option<String>,
    /// The URL with the tool's own references resolved as far as can be seen.
    pub url: String,
    /// Why the tool may see another URL there, in a clause; then it gets nothing. Nothing where every reading agrees.
    pub doubt: Option<String>,
    /// What the tool uses it for.
    pub role: Role,
    /// What a credential for it would be bound to.
    pub bound: Binding,
    /// Where it is named.
    pub place: Place,
}

/// A text that a file has its tool send.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where to.
    pub receiver: Receiver,
    /// The text as written, or with references resolved.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// Where a text is sent.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// To this URL; empty where it may be any.
    Url(String),
    /// To whatever has this name.
    Name(String),
}

/// A setting by which a tool's credential would reach somebody else, whatever its address.
#[derive(Clone, Debug)]
pub struct Peril {
    /// Where it stands.
    pub place: Place,
    /// What it does, in a clause that follows the place: "sends the traffic of npm through evil.example".
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Peril {
    /// A setting that the pipeline could make as well.
    pub fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into(), remedy: "remove that setting, or let the pipeline set it in a variable" }
    }
}

/// A file that cannot be read as its tool would read it.
#[derive(Clone, Debug)]
pub struct Unparsable {
    /// The file, as [`Source::shown`].
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
    /// Any name, and any variable that it refers to: nobody has searched it.
    Everything,
}

impl Hidden {
    /// Whether any name may be there.
    pub fn is_any_name(self) -> bool {
        matches!(self, Self::Names | Self::Everything)
    }
}

impl Unparsable {
    /// A file that its tool cannot read either.
    pub fn malformed(source: &Source, reason: impl Into<String>) -> Self {
        Self { file: source.shown.clone(), reason: reason.into(), hides: Hidden::Nothing, origin: source.origin }
    }

    /// A file that nobody has searched.
    pub fn unsearched(source: &Source, reason: impl Into<String>) -> Self {
        Self { hides: Hidden::Everything, ..Self::malformed(source, reason) }
    }

    /// A file that its tool may read, and find any name in.
    pub fn hides_names(source: &Source, reason: impl Into<String>) -> Self {
        Self { hides: Hidden::Names, ..Self::malformed(source, reason) }
    }

    /// An XML file that is not well-formed.
    pub fn not_well_formed(source: &Source, error: &NotWellFormed) -> Self {
        let hides = if error.is_bound { Hidden::Names } else { Hidden::Nothing };
        Self { hides, ..Self::malformed(source, error.to_string()) }
    }

    /// An XML file in which its tool may see something else.
    pub fn doubted(file: &SourceFile) -> Option<Self> {
        let source = &file.source;
        Some(match doubt(&file.text)? {
            Doubt::Everything(reason) => Self::hides_names(source, reason),
            Doubt::Letters(reason) => Self { hides: Hidden::Letters, ..Self::malformed(source, reason) },
        })
    }
}
