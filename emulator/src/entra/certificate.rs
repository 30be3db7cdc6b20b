//! Assertions that a client signs itself, with the key of a certificate that is registered for it.
//!
//! Rules: Microsoft's page on certificate credentials (header, claims, life), Microsoft's guide to errors of client assertions
//! (numbers). What the page only recommends (a fresh `jti`, ten minutes at most) is demanded here.

use super::federated::TOLERATED_SKEW_SECONDS;
use super::{Asked, Refusal};
use crate::world::RegisteredCertificate;
use crate::{guid, jwt};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use x509_parser::certificate::X509Certificate;
use x509_parser::public_key::PublicKey;

/// The longest life of an assertion.
const LONGEST_LIFE_SECONDS: i64 = 600;

/// The checks of an assertion of the client's own.
pub(super) fn check(asked: &Asked<'_>, token: &str, claims: &Value) -> Result<(), Refusal> {
    let header = jwt::header(token).ok_or_else(|| asked.refusal(50_027, claims))?;
    let der = key_of(asked, &header, claims)?;
    let certificate = parse(&der).ok_or_else(|| asked.refusal(700_027, claims))?;
    check_signature(asked, &certificate, &der, &header, token, claims)?;
    check_claims(asked, claims)
}

/// The certificate that the header names, registered or vouched for.
fn key_of(asked: &Asked<'_>, header: &Value, claims: &Value) -> Result<Vec<u8>, Refusal> {
    let named = Named::read(header);
    if named.sha256.is_none() && named.sha1.is_none() && named.brought.is_empty() {
        return Err(malformed("The header names no certificate: it has neither 'x5t#S256' nor 'x5t' nor 'x5c'."));
    }
    let registered = &asked.application.certificates;
    let exact = registered.iter().find_map(|known| match known {
        RegisteredCertificate::Exact(der) if named.is(der) => Some(der.clone()),
        _ => None,
    });
    if let Some(der) = exact {
        return Ok(der);
    }
    let rules: Vec<_> = registered
        .iter()
        .filter_map(|known| match known {
            RegisteredCertificate::SubjectName { common_name, issuer } => Some((common_name, issuer)),
            RegisteredCertificate::Exact(_) => None,
        })
        .collect();
    let Some(leaf) = named.brought.first().filter(|_| !rules.is_empty()) else {
        return Err(bad_key("The key was not found.", &named.thumbprint()));
    };
    let Some(certificate) = parse(leaf).filter(|_| named.is(leaf)) else {
        return Err(malformed("The first certificate of 'x5c' is not the one that the header names."));
    };
    let issued: Vec<_> = rules.iter().filter(|(_, issuer)| is_issued_by(&certificate, issuer)).collect();
    if issued.is_empty() {
        return Err(asked.refusal(50_012, claims));
    }
    let own: Vec<&str> = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).collect();
    if !issued.iter().any(|(name, _)| own.contains(&name.as_str())) {
        return Err(asked.refusal(700_030, claims));
    }
    Ok(leaf.clone())
}

/// How a header names its certificate.
struct Named {
    sha256: Option<Vec<u8>>,
    sha1: Option<Vec<u8>>,
    /// The chain in `x5c`, leaf first.
    brought: Vec<Vec<u8>>,
}

impl Named {
    fn read(header: &Value) -> Self {
        let text = |name: &str| header[name].as_str().map(thumbprint_bytes);
        let chain = header["x5c"].as_array().cloned().unwrap_or_default();
        let brought = chain.iter().filter_map(|one| STANDARD.decode(one.as_str()?).ok()).collect();
        Self { sha256: text("x5t#S256"), sha1: text("x5t"), brought }
    }

    /// Whether every thumbprint in the header is that of this certificate.
    fn is(&self, der: &[u8]) -> bool {
        let fits = |named: &Option<Vec<u8>>, algorithm| {
            named.as_ref().is_none_or(|named| *named == digest::digest(algorithm, der).as_ref())
        };
        let first = self.brought.first().is_none_or(|leaf| leaf == der);
        fits(&self.sha256, &SHA256) && fits(&self.sha1, &SHA1_FOR_LEGACY_USE_ONLY) && first
    }

    fn thumbprint(&self) -> String {
        let bytes = self.sha1.as_ref().or(self.sha256.as_ref());
        bytes.map(|bytes| guid::hex(bytes).to_uppercase()).unwrap_or_default()
    }
}

/// A thumbprint in base64url, or in standard base64 as MSAL for Go writes it.
fn thumbprint_bytes(text: &str) -> Vec<u8> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    x509_parser::parse_x509_certificate(der).ok().map(|(_, certificate)| certificate)
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &[u8]) -> bool {
    parse(issuer).is_some_and(|issuer| {
        certificate.issuer() == issuer.subject() && certificate.verify_signature(Some(issuer.public_key())).is_ok()
    })
}

fn check_signature(
    asked: &Asked<'_>,
    certificate: &X509Certificate<'_>,
    der: &[u8],
    header: &Value,
    token: &str,
    claims: &Value,
) -> Result<(), Refusal> {
    let thumbprint = guid::hex(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()).to_uppercase();
    let algorithm = match header["alg"].as_str() {
        Some("PS256") => &RSA_PSS_2048_8192_SHA256,
        Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(malformed("The algorithm of the signature is neither PS256 nor RS256.")),
    };
    let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else {
        return Err(bad_key("The key is no RSA key.", &thumbprint));
    };
    if key.key_size() < 2048 {
        return Err(asked.refusal(50_032, claims));
    }
    let modulus: Vec<u8> = key.modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
    let public = RsaPublicKeyComponents { n: modulus, e: key.exponent.to_vec() };
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if public.verify(algorithm, signed.as_bytes(), &signature).is_err() {
        return Err(bad_key("The provided signature value did not match the expected signature value.", &thumbprint));
    }
    let (now, validity) = (asked.call.now(), certificate.validity());
    if now > validity.not_after.timestamp() {
        return Err(bad_key("The key used is expired.", &thumbprint));
    }
    if now < validity.not_before.timestamp() {
        return Err(bad_key("The key used is not yet valid.", &thumbprint));
    }
    Ok(())
}

fn check_claims(asked: &Asked<'_>, claims: &Value) -> Result<(), Refusal> {
    let client_id = &asked.application.client_id;
    let said = |name: &str| claims[name].as_str().unwrap_or_default();
    if !said("iss").eq_ignore_ascii_case(client_id) || !said("sub").eq_ignore_ascii_case(client_id) {
        return Err(asked.refusal(50_048, claims));
    }
    if !is_token_endpoint(asked, said("aud")) {
        return Err(asked.refusal(700_023, claims));
    }
    // MSAL for Python gives `iat` alone, and times with fractions.
    let start = jwt::moment(&claims["nbf"]).or_else(|| jwt::moment(&claims["iat"]));
    let (Some(start), Some(exp)) = (start, jwt::moment(&claims["exp"])) else {
        return Err(malformed("The claims 'exp' and one of 'nbf' and 'iat' are required."));
    };
    let now = asked.call.now();
    let long = exp - start > LONGEST_LIFE_SECONDS || exp > now + LONGEST_LIFE_SECONDS + TOLERATED_SKEW_SECONDS;
    if long || now < start - TOLERATED_SKEW_SECONDS || now >= exp {
        return Err(asked.refusal(700_024, claims));
    }
    if said("jti").is_empty() {
        return Err(malformed("The claim 'jti' is required."));
    }
    if !asked.state.use_once(&format!("{client_id} {}", said("jti"))) {
        return Err(malformed("The claim 'jti' has been used before."));
    }
    Ok(())
}

/// Whether an audience is the address of the token endpoint of the tenant that is asked, at any authority.
fn is_token_endpoint(asked: &Asked<'_>, audience: &str) -> bool {
    let Some((host, path)) = audience.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let Some(tenant) = path.strip_suffix("/oauth2/v2.0/token") else { return false };
    let names = asked.tenant.domains.iter().chain([&asked.tenant.id]);
    super::is_authority(host) && names.into_iter().any(|name| name.eq_ignore_ascii_case(tenant))
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(50_027, format!("JWT token is invalid or malformed. {why}"))
}

fn bad_key(reason: &str, thumbprint: &str) -> Refusal {
    Refusal::new(
        700_027,
        format!(
            "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: \
             '{thumbprint}']"
        ),
    )
}
