//! What a step hands to the process that it leaves behind: by a pipe, and nowhere else.

use std::io::Read;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::helper::vault::Key;
use crate::process::Process;

/// What is no secret of it.
#[derive(Debug)]
pub struct Handover {
    /// The run's private folder.
    pub folder: PathBuf,
    /// The processes above the step's wrapper: the end of the nearest that outlives the step ends the renewal.
    pub ancestors: Vec<Process>,
    /// The tokens.
    pub tokens: Vec<Held>,
}

/// A token that the run's tools use, without the token.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who renews it.
    pub by: By,
    /// Whose services take it.
    pub organizations: Vec<String>,
    /// When it ends, in seconds since 1970, by this machine's clock.
    pub expires_at: u64,
    /// Where files of the run refer to it: their names in its folder, and the reference as each spells it.
    pub references: Vec<(String, String)>,
}

impl Held {
    /// Whether an organization takes it.
    pub fn serves(&self, organization: &str) -> bool {
        self.organizations.iter().any(|name| name == organization)
    }
}

/// Who renews a token.
#[derive(Clone, Debug)]
pub enum By {
    /// This run, from this tenant; blank where nobody says it.
    Own(String),
    /// An earlier run of the job, which keeps serving an organization. This is its private folder.
    Earlier(PathBuf),
}

/// What was handed over: that, the vault's key, and the variables by which the identity signs in.
pub type Received = (Handover, Key, Vec<(String, String)>);

/// Parts the parts: no variable, path or address has it.
const END: char = '\0';
/// More than any environment holds that a system passes on.
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

impl Handover {
    /// All of it, for a pipe. No copy of a secret is left in memory.
    pub fn to_text(&self, key: &Key, variables: &[(&str, &str)]) -> Zeroizing<String> {
        let plain = self.parts();
        let key = key.to_text();
        let variables = variables.iter().flat_map(|(name, value)| [*name, *value]);
        let parts: Vec<&str> = plain.iter().map(String::as_str).chain([key.as_str()]).chain(variables).collect();
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len() + 1).sum()));
        for part in parts {
            text.push_str(part);
            text.push(END);
        }
        text
    }

    /// Each list begins with its length.
    fn parts(&self) -> Vec<String> {
        let mut parts = vec![self.folder.to_string_lossy().into_owned(), self.ancestors.len().to_string()];
        for Process { number, started } in &self.ancestors {
            parts.extend([number.to_string(), started.unwrap_or_default().to_string()]);
        }
        parts.push(self.tokens.len().to_string());
        for Held { by, organizations, expires_at, references } in &self.tokens {
            let (kind, whose) = match by {
                By::Own(tenant) => (OWN, tenant.clone()),
                By::Earlier(folder) => ("", folder.to_string_lossy().into_owned()),
            };
            parts.extend([kind.to_owned(), whose, expires_at.to_string(), organizations.len().to_string()]);
            parts.extend_from_slice(organizations);
            parts.push(references.len().to_string());
            parts.extend(references.iter().flat_map(|(file, spelled)| [file.clone(), spelled.clone()]));
        }
        parts
    }

    /// Reads all of it, to its end; nothing where it is not whole.
    pub fn read(input: impl Read) -> Option<Received> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_BYTES));
        // No byte more, so that what was read is not moved.
        input.take(LARGEST_BYTES as u64 - 1).read_to_end(&mut bytes).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?.strip_suffix(END)?;
        let mut parts = Parts(text.split(END));
        let folder = parts.text()?.into();
        let ancestors = parts.list(|parts| {
            let (number, started) = (parts.number()?, parts.number()?);
            Some(Process { number: number.try_into().ok()?, started: Some(started).filter(|started| *started > 0) })
        })?;
        let tokens = parts.list(|parts| {
            let (kind, whose) = (parts.text()?, parts.text()?);
            Some(Held {
                by: if kind == OWN { By::Own(whose) } else { By::Earlier(whose.into()) },
                expires_at: parts.number()?,
                organizations: parts.list(Parts::text)?,
                references: parts.list(|parts| Some((parts.text()?, parts.text()?)))?,
            })
        })?;
        let key = Key::parse(parts.0.next()?)?;
        let mut variables = Vec::new();
        while let Some(name) = parts.0.next() {
            variables.push((name.to_owned(), parts.text()?));
        }
        Some((Self { folder, ancestors, tokens }, key, variables))
    }
}

/// A token of this run's.
const OWN: &str = "own";

struct Parts<'t>(std::str::Split<'t, char>);

impl Parts<'_> {
    fn text(&mut self) -> Option<String> {
        self.0.next().map(str::to_owned)
    }

    fn number(&mut self) -> Option<u64> {
        self.0.next()?.parse().ok()
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_arrives() {
        let held = |by: By| Held {
            by,
            organizations: vec!["contoso".to_owned(), "fabrikam".to_owned()],
            expires_at: 7,
            references: vec![("npmrc".to_owned(), "${X}".to_owned())],
        };
        let handover = Handover {
            folder: PathBuf::from("/t d/é"),
            ancestors: vec![Process { number: 5, started: Some(9) }, Process { number: 1, started: None }],
            tokens: vec![held(By::Own("t".to_owned())), held(By::Earlier("/e".into()))],
        };
        let key = Key::generate().unwrap();
        let variables = [("INPUT_X", "a=b\nc"), ("EMPTY", "")];
        let text = handover.to_text(&key, &variables);
        assert_eq!(text.len(), text.capacity(), "nothing was moved while it was written");
        let (read, read_key, read_variables) = Handover::read(text.as_bytes()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{handover:?}"));
        assert_eq!(read_key.to_text(), key.to_text());
        assert_eq!(read_variables, variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for length in [0, 1, text.len() / 2, text.len() - 1] {
            assert!(Handover::read(&text.as_bytes()[..length]).is_none(), "{length}");
        }
    }
}
