//! Files of a run that its tools read once, at their start: they hold a reference at first, and from the first renewal on the token.

use std::path::Path;

use zeroize::Zeroizing;

use crate::disk;
use crate::kernel::secret::AccessToken;
use crate::plan::FileReference;

/// A place in a file.
pub struct Place {
    reference: FileReference,
    /// What stands there.
    current: Zeroizing<String>,
}

impl Place {
    /// A place that holds the reference still.
    pub fn new(reference: FileReference) -> Self {
        Self { current: Zeroizing::new(reference.spelled.clone()), reference }
    }

    /// Whose token belongs there.
    pub fn organization(&self) -> &str {
        &self.reference.organization
    }

    /// Puts a token there, in one step. Only where the file is the run's own as ever, and the token means nothing to any format.
    pub fn put(&mut self, folder: &Path, token: &AccessToken) {
        let path = folder.join(&self.reference.file);
        if !is_plain(token.reveal()) || !disk::is_private_folder(folder) || !disk::is_private_file(&path) {
            return;
        }
        let Ok(Some(bytes)) = disk::read(&path).map(|read| read.map(Zeroizing::new)) else { return };
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        let next = Zeroizing::new(text.replace(self.current.as_str(), token.reveal()));
        if disk::replace_private(&path, next.as_bytes()).is_ok() {
            self.current = Zeroizing::new(token.reveal().to_owned());
        }
    }
}

/// Whether a text is one of the tokens that a header can carry as they are (RFC 6750). No file's format gives one of these characters a
/// meaning within a value.
fn is_plain(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> FileReference {
        FileReference { file: "npmrc".to_owned(), spelled: "${X}".to_owned(), organization: "contoso".to_owned() }
    }

    #[test]
    fn a_token_follows_the_reference_and_a_token_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run");
        disk::create_private_folder(&folder).unwrap();
        let path = folder.join("npmrc");
        disk::write_private(&path, b"a=1\r\nx=${X}\ny=${X}\nz=${Y}").unwrap();
        let mut place = Place::new(reference());
        let read = || String::from_utf8(disk::read(&path).unwrap().unwrap()).unwrap();
        for token in ["eyJ.a-b_c.d", "second=="] {
            place.put(&folder, &AccessToken::new(token));
            assert_eq!(read(), format!("a=1\r\nx={token}\ny={token}\nz=${{Y}}"));
            assert!(disk::is_private_file(&path));
        }
        for odd in ["a b", "a\nb", "a;b", "a<b", "${Z}", "", "=", "a\"b"] {
            place.put(&folder, &AccessToken::new(odd));
            assert!(read().contains("second=="), "{odd}");
        }
    }

    #[test]
    fn a_file_that_is_not_the_runs_own_gets_none() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("run");
        disk::create_private_folder(&folder).unwrap();
        let path = folder.join("npmrc");
        disk::write_private(&path, b"x=${X}").unwrap();
        disk::open_to_others(&path);
        Place::new(reference()).put(&folder, &AccessToken::new("token"));
        assert_eq!(disk::read(&path).unwrap().unwrap(), b"x=${X}");
        disk::remove_file(&path).unwrap();
        Place::new(reference()).put(&folder, &AccessToken::new("token"));
        assert!(!disk::exists(&path));
    }
}
