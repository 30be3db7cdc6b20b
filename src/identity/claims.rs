//! What a JWT says of itself. Claims are looked at to find mistakes early and to explain refusals, never as a proof.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The claims that may be shown, and those that are checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// Who signed it.
    pub iss: Option<String>,
    /// Whom it speaks of.
    pub sub: Option<String>,
    /// For whom it is.
    pub aud: Option<Audience>,
    /// The tenant.
    pub tid: Option<String>,
    /// The application (client) id.
    pub appid: Option<String>,
    /// The application (client) id in version 2 tokens.
    pub azp: Option<String>,
    /// The object id of the service principal.
    pub oid: Option<String>,
    /// When it ends, in seconds since 1970.
    pub exp: Option<u64>,
}

/// A single audience or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `audience` is among them.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }

    /// As messages show it.
    pub fn shown(&self) -> String {
        match self {
            Self::One(one) => one.clone(),
            Self::Several(several) => several.join(", "),
        }
    }
}

/// Reads the claims of a JWT without checking its signature; nothing where it is none.
pub fn read(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    // What goes into headers, variables and answers to helpers must be nothing but a token.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !token.bytes().all(allowed) {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_other_texts_are_not() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"aud":["a","b"],"exp":5,"sub":"s","other":{}}"#);
        let claims = read(&format!("e30.{payload}.c2ln")).unwrap();
        assert!(claims.aud.unwrap().contains("b"));
        assert_eq!((claims.exp, claims.sub.as_deref()), (Some(5), Some("s")));
        let broken = format!("e30.{payload}.c2ln\nx");
        for text in ["", "opaque", "a.b", "e30.!!.x", "e30.e30x.x", broken.as_str()] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
