//! Signed tokens: the keys of the issuers, signing, and verifying.

use crate::guid;
use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use serde_json::{Value, json};

/// The key pair of an issuer.
pub(crate) struct Key {
    id: &'static str,
    signing: EncodingKey,
    verifying: DecodingKey,
    published: Value,
}

/// The key pairs of this Azure.
pub(crate) struct Keys {
    /// Signs assertions of the Azure DevOps issuer and job tokens.
    pub azure_devops: Key,
    /// Signs assertions of the Entra issuer and access tokens.
    pub entra: Key,
    /// Signs the tokens of the Kubernetes cluster.
    pub cluster: Key,
    /// Published nowhere: what it signs must be refused.
    pub stranger: Key,
}

impl Keys {
    /// Reads the key pairs that are part of this crate.
    ///
    /// They are fixed because making an RSA key takes longer than everything else at the start. They protect nothing: every
    /// token that they sign is made up, and no service outside this process knows them.
    pub(crate) fn fixed() -> anyhow::Result<Self> {
        Ok(Self {
            azure_devops: Key::read("azure-devops-emulator-key", include_str!("../keys/azure_devops.pem"))?,
            entra: Key::read("entra-emulator-key", include_str!("../keys/entra.pem"))?,
            cluster: Key::read("cluster-emulator-key", include_str!("../keys/cluster.pem"))?,
            stranger: Key::read("unknown-key", include_str!("../keys/stranger.pem"))?,
        })
    }

    /// The claims of an assertion when the key that its issuer publishes has signed it.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let issuer = claims(token)?["iss"].as_str()?.to_owned();
        let key = match issuer.strip_prefix("https://")?.split('/').next()? {
            "vstoken.dev.azure.com" => &self.azure_devops,
            host if host.ends_with(".oic.prod-aks.azure.com") => &self.cluster,
            _ => &self.entra,
        };
        key.verify(token)
    }
}

impl Key {
    fn read(id: &'static str, pem: &str) -> anyhow::Result<Self> {
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes()).context("reading a signing key")?;
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::RS256).context("deriving the public key")?;
        let verifying = DecodingKey::from_jwk(&jwk).context("deriving the verifying key")?;
        let mut published = serde_json::to_value(&jwk)?;
        published["kid"] = id.into();
        published["x5t"] = id.into();
        published["use"] = "sig".into();
        Ok(Self { id, signing, verifying, published })
    }

    /// A JWT (RS256) with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.id.to_owned());
        header.x5t = Some(self.id.to_owned());
        jsonwebtoken::encode(&header, claims, &self.signing).unwrap_or_default()
    }

    fn verify(&self, token: &str) -> Option<Value> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules.validate_aud = false;
        jsonwebtoken::decode::<Value>(token, &self.verifying, &rules).ok().map(|data| data.claims)
    }

    /// The key set that this key's issuer publishes.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [self.published] })
    }
}

/// The claims of a token, whoever signed it; `None` when it has not the form of one.
pub(crate) fn claims(token: &str) -> Option<Value> {
    part(token, 1)
}

/// The header of a token; `None` when it has not the form of one.
pub(crate) fn header(token: &str) -> Option<Value> {
    part(token, 0)
}

/// A moment in a token, in seconds since 1970; fractions are dropped.
pub(crate) fn moment(value: &Value) -> Option<i64> {
    let whole = |text: &str| text.split('.').next()?.parse().ok();
    value.as_i64().or_else(|| value.as_number().and_then(|number| whole(&number.to_string())))
}

fn part(token: &str, number: usize) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, _, _] = parts.as_slice() else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.get(number)?).ok()?).ok()
}

/// Random characters as they stand in the opaque claims of real tokens.
pub(crate) fn filler(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text += &URL_SAFE_NO_PAD.encode(guid::random_bytes::<48>());
    }
    text.truncate(length);
    text
}
