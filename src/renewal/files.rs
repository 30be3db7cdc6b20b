//! Files of a run that its tools read once, at their start: they hold a reference at first, and from the first renewal on the token.

use std::path::Path;

use zeroize::Zeroizing;

use crate::disk;
use crate::kernel::secret::AccessToken;

/// A place in a file.
pub struct Place {
    /// The file's name in the run's folder.
    file: String,
    /// What stands there.
    current: Zeroizing<String>,
}

impl Place {
    /// A place that holds the reference still.
    pub fn new((file, spelled): (String, String)) -> Self {
        Self { file, current: Zeroizing::new(spelled) }
    }

    /// Puts a token there, in one step. Only where the file is the run's own as ever, and the token means nothing to any format. False
    /// where it could not be written.
    pub fn put(&mut self, folder: &Path, token: &AccessToken) -> bool {
        let path = folder.join(&self.file);
        if !is_plain(token.reveal()) || !disk::is_private_folder(folder) || !disk::is_private_file(&path) {
            return true;
        }
        let Ok(Some(bytes)) = disk::read(&path).map(|read| read.map(Zeroizing::new)) else { return true };
        let Ok(text) = std::str::from_utf8(&bytes) else { return true };
        let next = Zeroizing::new(text.replace(self.current.as_str(), token.reveal()));
        let is_written = disk::replace_private(&path, next.as_bytes()).is_ok();
        if is_written {
            self.current = Zeroizing::new(token.reveal().to_owned());
        }
        is_written
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

    fn reference() -> (String, String) {
        ("npmrc".to_owned(), "${X}".to_owned())
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
