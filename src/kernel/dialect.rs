//! The clients that ask this program for a credential when they need one.

use std::ffi::OsStr;
use std::path::Path;

/// The user name that stands beside the token wherever a client insists on one. The services ignore it.
pub const USER_NAME: &str = "ado-entra-auth";

/// The file name under which cargo starts this program.
pub const CARGO_PROGRAM: &str = "cargo-credential-ado-entra-auth";

/// The file name under which pip and uv start a keyring.
pub const KEYRING_PROGRAM: &str = "keyring";

/// The file name under which NuGet starts this program: it takes whatever on PATH begins so, in these letters.
pub const NUGET_PROGRAM: &str = "nuget-plugin-ado-entra-auth";

/// The file name under which older nuget.exe and Paket start this program: they look for `CredentialProvider*.exe` on every system.
pub const NUGET_PROVIDER: &str =
    if cfg!(windows) { "CredentialProvider-AdoEntraAuth" } else { "CredentialProvider-AdoEntraAuth.exe" };

/// The file name under which the init script of a run has Gradle start this program.
pub const GRADLE_PROGRAM: &str = "gradle-credential-ado-entra-auth";

/// Who asks a run's vault: a client that starts this program, with the words in which it is answered, or a script.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Dialect {
    /// git's credential helpers.
    Git,
    /// cargo's credential providers.
    Cargo,
    /// pip, by the program of the Python package `keyring`.
    Pip,
    /// uv, by the same program.
    Uv,
    /// poetry, by a module of that package, which starts the program.
    Poetry,
    /// twine, likewise.
    Twine,
    /// NuGet's plugins, and its older credential providers.
    NuGet,
    /// The init script that a run lays down for Gradle.
    Gradle,
    /// Nobody who starts this program as a helper: this program's own command line, in a script of a later step.
    Script,
}

impl Dialect {
    /// Every dialect in which this program is started as a helper.
    pub const ALL: [Self; 8] =
        [Self::Git, Self::Cargo, Self::NuGet, Self::Gradle, Self::Pip, Self::Uv, Self::Poetry, Self::Twine];
    /// Those of Python's clients, which start one program.
    pub const PYTHON: [Self; 4] = [Self::Pip, Self::Uv, Self::Poetry, Self::Twine];

    /// Its name: in the arguments of `credential`, in a run's vault and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Cargo => "cargo",
            Self::NuGet => "nuget",
            Self::Gradle => "gradle",
            Self::Script => "script",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Twine => "twine",
        }
    }

    /// The file names under which clients start this program, without the ending that Windows adds. None where their
    /// configuration names the program and what to pass to it.
    ///
    /// For clients that pass a provider no arguments of ours: cargo sends them in the question (measured with cargo 1.95), NuGet none.
    /// Gradle's init script is the same in all runs, and finds that of its job on PATH.
    pub fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Git | Self::Script => &[],
            Self::Cargo => &[CARGO_PROGRAM],
            Self::Pip | Self::Uv | Self::Poetry | Self::Twine => &[KEYRING_PROGRAM],
            Self::NuGet => &[NUGET_PROGRAM, NUGET_PROVIDER],
            Self::Gradle => &[GRADLE_PROGRAM],
        }
    }

    /// The dialect of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The dialect of a client that started this program as `path`, going by the file's name: of several that start it so, the first.
    pub fn of_program(path: &OsStr) -> Option<Self> {
        let name = Path::new(path).file_name()?.to_str()?;
        let is_program = |program: &&str| {
            if cfg!(windows) {
                let (stem, ending) = name.split_at_checked(program.len()).unwrap_or((name, ""));
                stem.eq_ignore_ascii_case(program) && (ending.is_empty() || ending.eq_ignore_ascii_case(".exe"))
            } else {
                name == *program
            }
        };
        Self::ALL.into_iter().find(|dialect| dialect.programs().iter().any(is_program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_found_by_both_its_names_and_by_no_other() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::of_name(dialect.name()), Some(dialect));
            for program in dialect.programs() {
                for path in [(*program).to_owned(), format!("/a b/bin/{program}")] {
                    let found = Dialect::of_program(OsStr::new(&path)).unwrap();
                    assert!(
                        found == dialect || [found, dialect].iter().all(|one| Dialect::PYTHON.contains(one)),
                        "{path}"
                    );
                }
                let near = [format!("x{program}"), format!("{program}x"), format!("{program}/x")];
                assert!(near.iter().all(|path| Dialect::of_program(OsStr::new(path)).is_none()));
            }
        }
        for other in ["", "ado-entra-auth", "git", "cargo", "nuget", "/"] {
            assert_eq!(Dialect::of_program(OsStr::new(other)), None);
        }
        assert_eq!(Dialect::of_name("Git"), None);
        // No configuration has this program print a token.
        assert_eq!(Dialect::of_name(Dialect::Script.name()), None);
    }
}
