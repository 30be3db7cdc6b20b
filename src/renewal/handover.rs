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
const LARGEST_BYTES: usize = 2 * 1024 * 1024;
/// Of the length, in front of all.
const LENGTH_DIGITS: usize = 7;

impl Handover {
    /// All of it, for a pipe, behind its length. No copy of a secret is left in memory.
    pub fn to_text(&self, key: &Key, variables: &[(&str, &str)]) -> Zeroizing<String> {
        let mut plain = String::new();
        self.write(&mut plain);
        let key = key.to_text();
        let length = variables.iter().fold(0, |length, (name, value)| length + name.len() + value.len() + 2);
        let length = plain.len() + key.len() + 1 + length;
        let digits = format!("{length:0LENGTH_DIGITS$}");
        let mut text = Zeroizing::new(String::with_capacity(LENGTH_DIGITS + length));
        text.push_str(&digits);
        text.push_str(&plain);
        put(&mut text, &key);
        for (name, value) in variables {
            put(&mut text, name);
            put(&mut text, value);
        }
        text
    }

    /// Each list begins with its length.
    fn write(&self, text: &mut String) {
        put(text, &self.folder.to_string_lossy());
        put(text, &self.ancestors.len().to_string());
        for Process { number, started } in &self.ancestors {
            put(text, &number.to_string());
            put(text, &started.unwrap_or_default().to_string());
        }
        put(text, &self.tokens.len().to_string());
        for Held { by, organizations, expires_at, references } in &self.tokens {
            match by {
                By::Own(tenant) => {
                    put(text, OWN);
                    put(text, tenant);
                }
                By::Earlier(folder) => {
                    put(text, "");
                    put(text, &folder.to_string_lossy());
                }
            }
            put(text, &expires_at.to_string());
            put(text, &organizations.len().to_string());
            for organization in organizations {
                put(text, organization);
            }
            put(text, &references.len().to_string());
            for (file, spelled) in references {
                put(text, file);
                put(text, spelled);
            }
        }
    }

    /// Reads all of it; nothing where it is not whole. `input` has no buffer of its own, in which secrets would stay.
    pub fn read(mut input: impl Read) -> Option<Received> {
        let mut digits = [0; LENGTH_DIGITS];
        input.read_exact(&mut digits).ok()?;
        let length = std::str::from_utf8(&digits).ok()?.parse().ok().filter(|length| *length <= LARGEST_BYTES)?;
        // As large as it will be: what was read is not moved, and no more is to be wiped.
        let mut bytes = Zeroizing::new(vec![0; length]);
        input.read_exact(&mut bytes).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?.strip_suffix(END)?;
        let mut parts = Parts(text.split(END));
        let mut handover = Self { folder: parts.text()?.into(), ancestors: Vec::new(), tokens: Vec::new() };
        for _ in 0..parts.number()? {
            let (number, started) = (parts.number()?.try_into().ok()?, parts.number()?);
            handover.ancestors.push(Process { number, started: Some(started).filter(|started| *started > 0) });
        }
        for _ in 0..parts.number()? {
            let (kind, whose, expires_at) = (parts.text()?, parts.text()?, parts.number()?);
            let by = if kind == OWN { By::Own(whose) } else { By::Earlier(whose.into()) };
            let mut held = Held { by, organizations: Vec::new(), expires_at, references: Vec::new() };
            for _ in 0..parts.number()? {
                held.organizations.push(parts.text()?);
            }
            for _ in 0..parts.number()? {
                held.references.push((parts.text()?, parts.text()?));
            }
            handover.tokens.push(held);
        }
        let key = Key::parse(parts.0.next()?)?;
        let mut variables = Vec::new();
        while let Some(name) = parts.text() {
            variables.push((name, parts.text()?));
        }
        Some((handover, key, variables))
    }
}

/// A token of this run's.
const OWN: &str = "own";

fn put(text: &mut String, part: &str) {
    text.push_str(part);
    text.push(END);
}

struct Parts<'t>(std::str::Split<'t, char>);

impl Parts<'_> {
    fn text(&mut self) -> Option<String> {
        self.0.next().map(str::to_owned)
    }

    fn number(&mut self) -> Option<u64> {
        self.0.next()?.parse().ok()
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
