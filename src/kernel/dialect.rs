//! The clients that ask this program for a credential when they need one.

use std::ffi::OsStr;
use std::path::Path;

/// The user name that stands beside the token wherever a client insists on one. The services ignore it.
pub const USER_NAME: &str = "ado-entra-auth";

/// A client that starts this program, and the words in which it is answered.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Dialect {
    /// git's credential helpers.
    Git,
    /// cargo's credential providers.
    Cargo,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::Git, Self::Cargo];

    /// Its name: in the arguments of `credential`, in a run's vault and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Cargo => "cargo",
        }
    }

    /// The file name under which a client may start this program, without the ending that Windows adds.
    ///
    /// For clients that pass a provider no arguments: cargo sends its words in the question (measured with cargo 1.95).
    pub fn program(self) -> &'static str {
        match self {
            Self::Git => "git-credential-ado-entra-auth",
            Self::Cargo => "cargo-credential-ado-entra-auth",
        }
    }

    /// The dialect of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The dialect of a client that started this program as `path`, going by the file's name.
    pub fn of_program(path: &OsStr) -> Option<Self> {
        let name = Path::new(path).file_name()?.to_str()?;
        let is_program = |program: &str| {
            if cfg!(windows) {
                let (stem, ending) = name.split_at_checked(program.len()).unwrap_or((name, ""));
                stem.eq_ignore_ascii_case(program) && (ending.is_empty() || ending.eq_ignore_ascii_case(".exe"))
            } else {
                name == program
            }
        };
        Self::ALL.into_iter().find(|dialect| is_program(dialect.program()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_found_by_both_its_names_and_by_no_other() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::of_name(dialect.name()), Some(dialect));
            for path in [dialect.program().to_owned(), format!("/a b/bin/{}", dialect.program())] {
                assert_eq!(Dialect::of_program(OsStr::new(&path)), Some(dialect));
            }
            let near = [
                format!("x{}", dialect.program()),
                format!("{}x", dialect.program()),
                format!("{}/x", dialect.program()),
            ];
            assert!(near.iter().all(|path| Dialect::of_program(OsStr::new(path)).is_none()));
        }
        for other in ["", "ado-entra-auth", "git", "cargo", "/"] {
            assert_eq!(Dialect::of_program(OsStr::new(other)), None);
        }
        assert_eq!(Dialect::of_name("Git"), None);
    }
}
