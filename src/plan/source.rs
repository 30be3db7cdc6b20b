//! How a client comes by the token.

use std::fmt;

use crate::kernel::dialect::Dialect;

/// How a client comes by the token. A tool takes the first that its client supports in the version at hand.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TokenSource {
    /// The client starts this program and is answered in its dialect. Nothing of the token stands in its environment or files.
    Helper(Dialect),
    /// The client's configuration, in a file of the run's own, names a variable that nobody can guess.
    Reference,
    /// The client's configuration, in a file that jobs share, names a variable that is called the same in every job.
    SharedReference,
    /// The client's own variable holds the token itself: where nothing else reaches it.
    Variable,
    /// A private file of the run holds the token itself: the last resort.
    File,
}

impl TokenSource {
    /// Its name in the JSON of a dry run.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helper(_) => "helper",
            Self::Reference => "reference",
            Self::SharedReference => "sharedReference",
            Self::Variable => "variable",
            Self::File => "file",
        }
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Helper(_) => "asks a credential helper",
            Self::Reference => "by a variable with a random name",
            Self::SharedReference => "by a variable with a fixed name",
            Self::Variable => "in the tool's own variable",
            Self::File => "in a private file",
        })
    }
}
