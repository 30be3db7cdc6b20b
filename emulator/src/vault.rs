//! Every secret that was handed out, what it is good for, and the search for it in places where it must not be.

use crate::guid;
use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;
use std::collections::HashMap;

/// What a secret was issued as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// An access token for Azure DevOps.
    AccessToken,
    /// An assertion for the exchange at Microsoft Entra.
    Assertion,
    /// The token of a pipeline's job (`System.AccessToken`).
    JobToken,
    /// An assertion that a client made itself and showed to Microsoft Entra.
    ClientAssertion,
    /// A client secret of an application in the world at the start.
    ClientSecret,
    /// The value of a header, or a key, by which a machine's own processes get tokens.
    MachineSecret,
    /// Something that the test wants watched.
    Watched(String),
}

/// An issued secret.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What it is.
    pub kind: SecretKind,
    /// The secret itself.
    pub value: String,
    /// Claims, for tokens; null otherwise.
    pub claims: serde_json::Value,
}

/// What to look for, with the name of the form it has.
type Needle = (&'static str, Vec<u8>);

/// All issued secrets.
#[derive(Default)]
pub(crate) struct Vault {
    issued: Vec<(Issued, Vec<Needle>)>,
    /// What there was before anybody asked: client secrets, keys of machines.
    standing: Vec<(Issued, Vec<Needle>)>,
    by_value: HashMap<String, usize>,
}

impl Vault {
    /// Remembers a secret.
    pub(crate) fn keep(&mut self, kind: SecretKind, value: &str, claims: serde_json::Value) {
        if value.is_empty() || self.find(value).is_some() {
            return;
        }
        let stands = matches!(kind, SecretKind::ClientSecret | SecretKind::MachineSecret);
        let entry = (Issued { kind, value: value.to_owned(), claims }, needles(value));
        if stands {
            self.standing.push(entry);
        } else {
            self.by_value.insert(value.to_owned(), self.issued.len());
            self.issued.push(entry);
        }
    }

    /// What is known about this value.
    pub(crate) fn find(&self, value: &str) -> Option<&Issued> {
        let standing = || self.standing.iter().map(|(issued, _)| issued).find(|issued| issued.value == value);
        self.by_value.get(value).map(|position| &self.issued[*position].0).or_else(standing)
    }

    /// All secrets that were handed out, in the order of their issue; those that stood before anybody asked are left out.
    pub(crate) fn all(&self) -> Vec<Issued> {
        self.issued.iter().map(|(issued, _)| issued.clone()).collect()
    }

    /// Names every secret that these bytes hold by its kind, its number among those issued (or standing), and the form in which they
    /// hold it.
    pub(crate) fn leaks_in(&self, bytes: &[u8]) -> Vec<String> {
        // Line breaks and quoting must not hide a secret.
        let joined: Vec<u8> =
            bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'\\').collect();
        let mut found = Vec::new();
        for (number, (issued, needles)) in self.issued.iter().enumerate().chain(self.standing.iter().enumerate()) {
            for (form, needle) in needles {
                if memmem::find(bytes, needle).is_some() || memmem::find(&joined, needle).is_some() {
                    found.push(format!("{:?} number {number}, {form}", issued.kind));
                }
            }
        }
        found
    }
}

/// The byte strings whose presence gives a secret away.
///
/// Of a JWT a part of its signature is enough: nobody has it who has not the token, and every encoding of the whole holds the
/// same encoding of the part. base64 depends on the position modulo three, hence three needles.
fn needles(secret: &str) -> Vec<Needle> {
    let part = match secret.rsplit_once('.') {
        Some((_, signature)) if signature.len() >= 64 => &signature[12..60],
        _ => secret,
    };
    let mut needles = vec![("raw", part.as_bytes().to_vec()), ("hexadecimal", guid::hex(part.as_bytes()).into_bytes())];
    // Encoders differ on the blank and on the tilde.
    let of_form: String = url::form_urlencoded::byte_serialize(part.as_bytes()).collect();
    let with_tilde = of_form.replace("%7E", "~");
    let mut escaped = vec![of_form.replace('+', "%20"), with_tilde.replace('+', "%20"), of_form, with_tilde];
    escaped.sort();
    escaped.dedup();
    escaped.retain(|form| form != part);
    needles.extend(escaped.into_iter().map(|form| ("percent-encoded", form.into_bytes())));
    if part.len() >= 8 {
        for (shift, unaffected_from) in [(0, 0), (1, 2), (2, 3)] {
            let text = STANDARD.encode([&b"xx"[..shift], part.as_bytes()].concat());
            let whole = (shift + part.len()) / 3 * 4;
            let needle = &text[unaffected_from..whole];
            needles.push(("base64", needle.as_bytes().to_vec()));
            let for_urls = needle.replace('+', "-").replace('/', "_");
            if for_urls != needle {
                needles.push(("base64url", for_urls.into_bytes()));
            }
        }
    }
    needles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_secret_in_every_dress() {
        let mut vault = Vault::default();
        let token = format!("eyJ.payload.{}", crate::jwt::filler(342));
        vault.keep(SecretKind::AccessToken, &token, serde_json::Value::Null);
        vault.keep(SecretKind::Watched("proxy".into()), "pass word+1", serde_json::Value::Null);
        for text in [
            format!("x {token} y"),
            STANDARD.encode(&token),
            STANDARD.encode(format!(":{token}")),
            STANDARD.encode(format!("az:{token}")),
            STANDARD.encode(format!("user:{token}")),
            STANDARD.encode(&token).as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n"),
        ] {
            assert_eq!(vault.leaks_in(text.as_bytes()).len(), 1, "{text}");
        }
        assert_eq!(vault.leaks_in(b"https://u:pass%20word%2B1@proxy/").len(), 1);
        assert_eq!(vault.leaks_in(b"u=pass+word%2B1").len(), 1);
        assert!(vault.leaks_in(b"nothing here").is_empty());
    }
}
