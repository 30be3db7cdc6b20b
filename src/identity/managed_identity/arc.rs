//! A server of Azure Arc: its agent first names a file that only its administrators and the group `himds` can read, and
//! wants to hear what stands in it.

use std::path::{Path, PathBuf};

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use super::imds::metadata_header;
use super::near::{self, Reach};
use super::{KeepSecret, Machine, ManagedIdentityError, Question, Selector, Source, thrice};
use crate::diagnosis::first_sentence;
use crate::disk::{self, ReadTrouble};
use crate::http::{Answer, Http, secret_header};

const ENDPOINT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
const API_VERSION: &str = "2020-06-01";
const LARGEST_KEY_BYTES: usize = 4096;

/// The request that carries the key; asks for the challenge first.
pub(super) async fn question(
    http: &Http,
    machine: &Machine,
    resource: &str,
    selector: &Selector,
    keep_secret: &mut KeepSecret<'_>,
) -> Result<Question, ManagedIdentityError> {
    let endpoint = machine.identity_endpoint.as_deref().unwrap_or(ENDPOINT);
    let mut url = near::address("IDENTITY_ENDPOINT", endpoint, "http", Reach::Machine)?;
    url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
    if let Selector::ClientId(id) = selector {
        // Agents that know no user-assigned identities pass it over; the token then speaks of another, which is noticed.
        url.query_pairs_mut().append_pair("client_id", id);
    }
    let mut question = Question {
        source: Source::Arc,
        method: Method::GET,
        url,
        headers: metadata_header(),
        body: None,
        pin: None,
        again: thrice,
    };
    let challenge = question.send(http).await?;
    let key = key_file(&challenge, &machine.arc_keys)?;
    let text = read(&key)?;
    keep_secret(text.trim());
    let value = secret_header(&format!("Basic {}", text.trim()));
    let broken = || ManagedIdentityError::KeyFile { path: key.display().to_string(), reason: "it holds no key".into() };
    question.headers.insert(AUTHORIZATION, value.ok_or_else(broken)?);
    Ok(question)
}

/// The file that a challenge names: a `.key` directly in the folder that the agent keeps for them. Anything else would let whoever
/// answers here have a file of its choice sent to it.
fn key_file(challenge: &Answer, folder: &Path) -> Result<PathBuf, ManagedIdentityError> {
    if challenge.status != 401 {
        return Err(ManagedIdentityError::Challenge { status: challenge.status });
    }
    let headers: Vec<&str> =
        challenge.headers.get_all(WWW_AUTHENTICATE).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    // Arc's agent sends one; of several, another program may mean another.
    let only = if let [header] = headers.as_slice() { *header } else { "" };
    let realm = only.strip_prefix("Basic realm=").map(|realm| realm.trim().trim_matches('"'));
    let nameless = || ManagedIdentityError::Realm { header: first_sentence(&headers.join(" · ")) };
    let path = realm.filter(|path| !path.is_empty()).ok_or_else(nameless)?;
    let path = Path::new(path);
    let outside =
        || ManagedIdentityError::KeyPath { path: path.display().to_string(), folder: folder.display().to_string() };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(outside)?;
    // Compared as texts: `a/./b` and `a//b` are the same path as far as its parts go.
    let (wanted, named) = (folder.join(name), path.as_os_str());
    let same = wanted.as_os_str() == named || cfg!(windows) && wanted.as_os_str().eq_ignore_ascii_case(named);
    if !same || path.extension().is_none_or(|extension| extension != "key") {
        return Err(outside());
    }
    Ok(path.to_path_buf())
}

fn read(path: &Path) -> Result<String, ManagedIdentityError> {
    let failed = |reason: String| ManagedIdentityError::KeyFile { path: path.display().to_string(), reason };
    if disk::is_link(path) {
        return Err(failed("it is a link".to_owned()));
    }
    let bytes = match disk::read(path) {
        Ok(bytes) => bytes.ok_or_else(|| failed("there is no such file".to_owned()))?,
        Err(ReadTrouble::Io(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(ManagedIdentityError::KeyDenied { path: path.display().to_string() });
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    if bytes.len() > LARGEST_KEY_BYTES {
        return Err(failed(format!("it is larger than {LARGEST_KEY_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed("it is no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn challenge(status: u16, header: &str) -> Answer {
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(header).unwrap())]);
        Answer { status, headers, body: String::new(), tries: 1 }
    }

    #[test]
    fn a_challenge_names_a_key_in_its_folder() {
        // A path without its drive is nowhere on Windows.
        let root = if cfg!(windows) { "C:" } else { "" };
        let spelled = |text: &str| text.replace("{root}", root).replace('/', std::path::MAIN_SEPARATOR_STR);
        let folder = PathBuf::from(spelled("{root}/var/opt/azcmagent/tokens"));
        let named = |text: &str| key_file(&challenge(401, &spelled(text)), &folder);
        let path = named("Basic realm={root}/var/opt/azcmagent/tokens/1.key").unwrap();
        assert_eq!(path, folder.join("1.key"));
        for text in [
            "Basic realm={root}/etc/shadow",
            "Basic realm={root}/etc/passwd.key",
            "Basic realm={root}/var/opt/azcmagent/tokens/1.txt",
            "Basic realm={root}/var/opt/azcmagent/tokens/../../../../etc/x.key",
            "Basic realm={root}/var/opt/azcmagent/tokens/sub/1.key",
            "Basic realm={root}/var/opt/azcmagent/tokens//1.key",
            "Basic realm={root}/var/opt/azcmagent/tokens/./1.key",
            "Basic realm=1.key",
            "Basic realm=",
            "Bearer realm={root}/var/opt/azcmagent/tokens/1.key",
            "",
        ] {
            assert!(named(text).is_err(), "{text}");
        }
        let answered = key_file(&challenge(200, "Basic realm=/var/opt/azcmagent/tokens/1.key"), &folder);
        assert!(matches!(answered, Err(ManagedIdentityError::Challenge { .. })));
    }
}
