//! What a step hands to the process that it leaves behind: by a pipe, and nowhere else.

use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::helper::vault::Key;
use crate::plan::FileReference;
use crate::process::Process;

/// What is no secret of it.
#[derive(Debug, Deserialize, Serialize)]
pub struct Handover {
    /// The run's private folder.
    pub folder: PathBuf,
    /// The agent's worker, whose end ends the renewal too; nothing where it cannot be seen.
    pub worker: Option<Process>,
    /// The tokens.
    pub tokens: Vec<Held>,
    /// Where files of the run refer to them.
    pub references: Vec<FileReference>,
}

/// A token that the run holds, without the token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Held {
    /// Its tenant; blank where nobody says it.
    pub tenant: String,
    /// Whose services take it.
    pub organizations: Vec<String>,
    /// When it ends, in seconds since 1970, by this machine's clock.
    pub expires_at: u64,
}

/// What was handed over: that, the vault's key, and the variables by which the identity signs in.
pub type Received = (Handover, Key, Vec<(String, String)>);

/// Parts the parts: no variable has it in its name or value.
const END: u8 = 0;
/// More than any environment holds that a system passes on.
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

impl Handover {
    /// All of it, for a pipe. No copy of a secret is left in memory.
    pub fn to_bytes<'v>(
        &self,
        key: &Key,
        variables: &(impl Iterator<Item = (&'v str, &'v str)> + Clone),
    ) -> Zeroizing<Vec<u8>> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let key = key.to_text();
        let parts = || variables.clone().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let parts = || [json.as_slice(), key.as_bytes()].into_iter().chain(parts());
        let mut bytes = Zeroizing::new(Vec::with_capacity(parts().map(|part| part.len() + 1).sum()));
        for part in parts() {
            bytes.extend_from_slice(part);
            bytes.push(END);
        }
        bytes
    }

    /// Reads all of it, to its end; nothing where it is not whole.
    pub fn read(input: impl Read) -> Option<Received> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_BYTES));
        // No byte more, so that what was read is not moved.
        input.take(LARGEST_BYTES as u64 - 1).read_to_end(&mut bytes).ok()?;
        let text = std::str::from_utf8(bytes.strip_suffix(&[END])?).ok()?;
        let mut parts = text.split('\0');
        let handover = serde_json::from_str(parts.next()?).ok()?;
        let key = Key::parse(parts.next()?)?;
        let mut variables = Vec::new();
        while let Some(name) = parts.next() {
            variables.push((name.to_owned(), parts.next()?.to_owned()));
        }
        Some((handover, key, variables))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_arrives() {
        let held = Held { tenant: "t".to_owned(), organizations: vec!["contoso".to_owned()], expires_at: 7 };
        let handover =
            Handover { folder: PathBuf::from("/t d/é"), worker: None, tokens: vec![held], references: Vec::new() };
        let key = Key::generate().unwrap();
        let variables = [("INPUT_X", "a=b\nc"), ("EMPTY", "")];
        let bytes = handover.to_bytes(&key, &variables.into_iter());
        assert_eq!(bytes.len(), bytes.capacity(), "nothing was moved while it was written");
        let (read, read_key, read_variables) = Handover::read(bytes.as_slice()).unwrap();
        assert_eq!((read.folder, read.tokens[0].expires_at), (handover.folder, 7));
        assert_eq!(read_key.to_text(), key.to_text());
        assert_eq!(read_variables, variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(Handover::read(&bytes[..length]).is_none(), "{length}");
        }
    }
}
