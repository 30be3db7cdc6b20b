use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::super::{Chain, hexadecimal};
use super::{CertificateError, Workshop, read};
use crate::diagnosis::Explanation;
use crate::kernel::clock::now;

const CLIENT: &str = "1d2c0000-0000-4000-8000-000000000001";
const AUDIENCE: &str = "https://login.microsoftonline.com/5a1c0000-0000-4000-8000-000000000002/oauth2/v2.0/token";

#[test]
fn an_assertion_is_what_microsoft_asks_for() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let certificate = read(&shop.bytes("both.pem"), None).unwrap();
    let now = now() + 5;
    let assertion = certificate.assertion(CLIENT, AUDIENCE, now, Chain::Omitted).unwrap();
    let (header, claims) = shop.verified(assertion.reveal(), "cert.pem");

    let hash = URL_SAFE_NO_PAD.decode(header["x5t#S256"].as_str().unwrap()).unwrap();
    assert_eq!(hexadecimal(&hash), shop.fingerprint("cert.pem", "sha256"));
    assert_eq!(header, json!({ "typ": "JWT", "alg": "PS256", "x5t#S256": header["x5t#S256"] }));
    let expected = json!({ "aud": AUDIENCE, "iss": CLIENT, "sub": CLIENT, "jti": claims["jti"], "nbf": now, "iat": now,
                           "exp": now + 300 });
    assert_eq!(claims, expected);

    let again = certificate.assertion(CLIENT, AUDIENCE, now, Chain::Omitted).unwrap();
    let (_, again) = shop.verified(again.reveal(), "cert.pem");
    assert_ne!(again["jti"], claims["jti"]);
    let form = regex_lite::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
    assert!(form.is_match(claims["jti"].as_str().unwrap()), "{claims}");
}

#[test]
fn a_certificate_says_what_the_portal_shows() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let certificate = read(&shop.bytes("both.pem"), None).unwrap();
    assert_eq!(certificate.thumbprint_sha1(), shop.fingerprint("cert.pem", "sha1"));
    assert_eq!(certificate.thumbprint_sha256(), shop.fingerprint("cert.pem", "sha256"));
    assert_eq!(certificate.subject(), "CN=pipeline,O=Contoso");
    let days = certificate.expires_at().saturating_sub(now()) / 86400;
    assert!((29..=30).contains(&days), "{days}");

    let shown = format!("{certificate:?}");
    assert_eq!(
        shown,
        format!(
            "Certificate {{ subject: \"CN=pipeline,O=Contoso\", thumbprint: \"{}\", .. }}",
            certificate.thumbprint_sha1()
        )
    );
}

/// A root, an authority below it, and a certificate of that one.
fn with_chain() -> Option<Workshop> {
    let shop = Workshop::open()?;
    shop.openssl("req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 90 -subj /CN=root");
    shop.write(
        "authority.ext",
        "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid",
    );
    shop.write("leaf.ext", "authorityKeyIdentifier=keyid");
    shop.openssl("req -new -newkey rsa:2048 -nodes -keyout authority.key -out authority.csr -subj /CN=authority");
    let sign = "x509 -req -days 60 -CAcreateserial";
    shop.openssl(&format!(
        "{sign} -in authority.csr -CA root.pem -CAkey root.key -out authority.pem -extfile authority.ext"
    ));
    shop.openssl("req -new -newkey rsa:2048 -nodes -keyout key.pem -out leaf.csr -subj /CN=leaf");
    shop.openssl(&format!(
        "{sign} -in leaf.csr -CA authority.pem -CAkey authority.key -out leaf.pem -extfile leaf.ext"
    ));
    // An authority that has changed its key under its name.
    shop.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.pem -days 90 -subj /CN=authority",
    );
    Some(shop)
}

#[test]
fn the_chain_is_sent_from_the_leaf_up() {
    let Some(shop) = with_chain() else { return };
    let certificates = ["leaf", "authority", "root"]
        .map(|name| STANDARD.encode(shop.openssl(&format!("x509 -in {name}.pem -outform DER"))));
    shop.write("rest.pem", ["root.pem", "stranger.pem", "authority.pem"].map(|name| shop.text(name)).concat());
    shop.openssl("pkcs12 -export -inkey key.pem -in leaf.pem -certfile rest.pem -out all.pfx -passout pass:x");
    let pem = ["root.pem", "stranger.pem", "root.pem", "leaf.pem", "key.pem", "authority.pem", "leaf.pem"];
    let pem = pem.map(|name| shop.text(name)).concat();
    for content in [pem.as_bytes(), &shop.bytes("all.pfx")] {
        let certificate = read(content, Some("x")).unwrap();
        assert_eq!(certificate.thumbprint_sha1(), shop.fingerprint("leaf.pem", "sha1"));
        let sent = certificate.assertion(CLIENT, AUDIENCE, now() + 5, Chain::Sent).unwrap();
        let (header, _) = shop.verified(sent.reveal(), "leaf.pem");
        assert_eq!(header["x5c"], json!(certificates));
        let omitted = certificate.assertion(CLIENT, AUDIENCE, now() + 5, Chain::Omitted).unwrap();
        assert!(shop.verified(omitted.reveal(), "leaf.pem").0.get("x5c").is_none());
    }
}

#[test]
fn a_renewed_certificate_goes_before_the_old_one_of_the_same_key() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("req -x509 -key key.pem -out renewed.pem -days 90 -subj /CN=renewed");
    let [key, old, new] = ["key.pem", "cert.pem", "renewed.pem"].map(|name| shop.text(name));
    for content in [[&*key, &old, &new].concat(), [&*new, &old, &key].concat()] {
        assert_eq!(read(content.as_bytes(), None).unwrap().subject(), "CN=renewed");
    }
}

#[test]
fn a_certificate_signs_only_while_it_is_valid() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let certificate = read(&shop.bytes("both.pem"), None).unwrap();
    let printed = String::from_utf8(shop.openssl("x509 -in cert.pem -noout -dates -dateopt iso_8601")).unwrap();
    let date = |name| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.replace(' ', "T")
    };
    let until = certificate.expires_at();
    let sign = |now_seconds| certificate.assertion(CLIENT, AUDIENCE, now_seconds, Chain::Omitted);
    assert!(sign(until).is_ok());

    let expired = sign(until + 1).unwrap_err();
    assert!(matches!(expired, CertificateError::Expired { .. }), "{expired:?}");
    let shown = Explanation::of(&expired).to_string();
    assert!(shown.contains(&format!("has expired on {}, and it is 20", date("notAfter="))), "{shown}");
    assert!(shown.contains(&certificate.thumbprint_sha1()) && shown.contains("CN=pipeline,O=Contoso"), "{shown}");

    let early = sign(1_000_000_000).unwrap_err();
    assert!(matches!(early, CertificateError::NotYetValid { .. }), "{early:?}");
    let expected = format!("is not valid before {}, and it is 2001-09-09T01:46:40Z", date("notBefore="));
    assert!(early.to_string().contains(&expected), "{early}");
}
