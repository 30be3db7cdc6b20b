use super::super::error::Block;
use super::{CertificateError, Workshop, refusal};
use crate::diagnosis::Explanation;

use CertificateError::{
    Base64, Content, Damaged, Empty, Encryption, KeyRejected, Masked, Mismatch, NoCertificate, NoKey, NotRsa,
    OldEncryption, OpenSsh, TooLarge, TooShort, Unexpanded, Unfinished, Unknown,
};

#[test]
fn what_is_no_certificate_at_all() {
    let rows: [(&[u8], CertificateError); 13] = [
        (b"", Empty),
        (b" \r\n\t", Empty),
        (b"\"\"", Empty),
        (b"\xEF\xBB\xBF", Empty),
        (b"***", Masked),
        (b" ***\n", Masked),
        (b"$(signingCertificate)", Unexpanded { name: "signingCertificate".into() }),
        (b"$(group.certificate-1)\n", Unexpanded { name: "group.certificate-1".into() }),
        (b"$(cat key.pem; rm x)", Unknown),
        (b"certificates/pipeline.pfx", Unknown),
        (b"hello", Unknown),
        (b"\xFF\xFE\x00\xD8", Unknown),
        (b"\x30\x82\x01\x00", Damaged),
    ];
    for (content, expected) in rows {
        assert_eq!(refusal(content, None), expected, "{}", String::from_utf8_lossy(content));
    }
    assert_eq!(refusal(&vec![b'A'; 1024 * 1024 + 1], None), TooLarge);
}

#[test]
fn what_cannot_be_mended_is_named() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let [key, certificate] = ["key.pem", "cert.pem"].map(|name| shop.text(name));
    let both = shop.text("both.pem");
    let of_certificate = Block { number: 2, label: Some("CERTIFICATE") };
    let of_key = Block { number: 1, label: Some("PRIVATE KEY") };
    let cut = |text: &str| text[..text.len() - 40].to_owned();
    let line = certificate.lines().nth(5).unwrap();
    let rows = [
        (cut(&both), Unfinished { block: of_certificate }),
        (cut(&key) + "\n" + &certificate, Unfinished { block: of_key }),
        (both.replace(line, &format!("{}!", &line[1..])), Base64 { block: of_certificate }),
        (both.replace(line, &line[3..]), Base64 { block: of_certificate }),
        (both.replace(line, &line[4..]), Content { block: of_certificate }),
        (both.replace(line, "***"), Masked),
        ("-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----".to_owned(), Masked),
        ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----".to_owned(), Base64 { block: of_key }),
        (key.replace("PRIVATE KEY", "CERTIFICATE"), Content { block: Block { number: 1, label: Some("CERTIFICATE") } }),
        ("-----BEGIN PRIVATE KEY".to_owned(), Unfinished { block: of_key }),
        ("-----BEGIN geheim-----".to_owned(), Unfinished { block: Block { number: 1, label: None } }),
    ];
    for (text, expected) in rows {
        assert_eq!(refusal(text.as_bytes(), None), expected, "{text}");
    }
    let shown = Unfinished { block: of_certificate }.to_string();
    assert_eq!(shown, "the PEM text ends before '-----END …' of block 2 (CERTIFICATE)");
}

#[test]
fn halves_are_named() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("rsa -in key.pem -pubout -out public.pem");
    shop.openssl("rsa -in key.pem -RSAPublicKey_out -out public1.pem");
    shop.openssl("req -new -key key.pem -subj /CN=x -out request.pem");
    shop.openssl("x509 -in cert.pem -outform DER -out cert.cer");
    shop.openssl("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
    shop.openssl("pkcs12 -export -nokeys -in cert.pem -out certificates.pfx -passout pass:x");
    shop.openssl("pkcs12 -export -nocerts -inkey key.pem -out key.pfx -passout pass:x");
    let [key, certificate, public, public1, request] =
        ["key.pem", "cert.pem", "public.pem", "public1.pem", "request.pem"].map(|name| shop.bytes(name));
    let rows = [
        (key.clone(), NoCertificate { found: None }),
        (shop.bytes("key.der"), NoCertificate { found: None }),
        (shop.bytes("key.pfx"), NoCertificate { found: None }),
        ([key, request.clone()].concat(), NoCertificate { found: Some("a certificate request") }),
        (certificate.clone(), NoKey { found: None }),
        (shop.bytes("cert.cer"), NoKey { found: None }),
        (shop.bytes("certificates.pfx"), NoKey { found: None }),
        ([certificate.clone(), public].concat(), NoKey { found: Some("a public key") }),
        ([certificate, public1].concat(), NoKey { found: Some("a public key") }),
        (request, NoKey { found: Some("a certificate request") }),
    ];
    for (content, expected) in rows {
        assert_eq!(refusal(&content, Some("x")), expected, "{}", String::from_utf8_lossy(&content));
    }
}

#[test]
fn keys_that_entra_does_not_take_are_named() {
    let Some(shop) = Workshop::open() else { return };
    let rows = [
        ("ec -pkeyopt ec_paramgen_curve:P-256", NotRsa { kind: "an elliptic-curve (EC)" }),
        ("ec -pkeyopt ec_paramgen_curve:secp256k1", NotRsa { kind: "an elliptic-curve (EC)" }),
        ("ed25519", NotRsa { kind: "an Ed25519" }),
        ("ed448", NotRsa { kind: "an Ed448" }),
        ("rsa-pss", NotRsa { kind: "an RSASSA-PSS" }),
        ("rsa:1024", TooShort { bits: 1024 }),
        ("rsa:2047", TooShort { bits: 2047 }),
    ];
    for (key, expected) in rows {
        shop.self_signed(key, "key.pem", "cert.pem");
        let both = [shop.bytes("key.pem"), shop.bytes("cert.pem")].concat();
        assert_eq!(refusal(&both, None), expected, "{key}");
    }
    shop.openssl("ecparam -genkey -name prime256v1 -out key.pem");
    shop.openssl("req -x509 -key key.pem -out cert.pem -days 3 -subj /CN=x");
    let text = shop.text("key.pem") + &shop.text("cert.pem");
    assert!(text.contains("-----BEGIN EC PARAMETERS-----") && text.contains("-----BEGIN EC PRIVATE KEY-----"));
    assert_eq!(refusal(text.as_bytes(), None), NotRsa { kind: "an elliptic-curve (EC)" });

    shop.openssl("dsaparam -genkey -out key.pem 1024");
    shop.openssl("req -x509 -key key.pem -out cert.pem -days 3 -subj /CN=x");
    shop.openssl("pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem");
    for key in ["key.pem", "pkcs8.pem"] {
        assert_eq!(refusal(&[shop.bytes(key), shop.bytes("cert.pem")].concat(), None), NotRsa { kind: "a DSA" });
    }
}

#[test]
fn a_strangers_certificate_is_named() {
    let Some(shop) = Workshop::with_certificate() else { return };
    for (key, file) in [("rsa:2048", "rsa.pem"), ("ed25519", "ed.pem")] {
        shop.self_signed(key, "stranger.key", file);
        let text = shop.text("key.pem") + &shop.text(file);
        let refusal = refusal(text.as_bytes(), None);
        let thumbprint = shop.fingerprint(file, "sha1");
        assert_eq!(refusal, Mismatch { thumbprints: vec![thumbprint.clone()] });
        assert!(Explanation::of(&refusal).to_string().contains(&thumbprint));
    }
}

#[test]
fn forms_that_are_not_read_are_named_with_what_converts_them() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("rsa -in key.pem -traditional -aes256 -passout pass:x -out old.pem");
    let certificate = shop.text("cert.pem");
    let old = shop.text("old.pem") + &certificate;
    assert!(old.contains("Proc-Type: 4,ENCRYPTED"));
    for text in [&old, &old.replace('\n', " "), &old.replace('\n', "\\n")] {
        assert_eq!(refusal(text.as_bytes(), Some("x")), OldEncryption);
    }
    assert!(Explanation::of(&OldEncryption).remedy.contains("openssl pkcs8 -topk8"));

    let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    assert_eq!(refusal(ssh.as_bytes(), None), OpenSsh);

    shop.openssl(
        "pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in key.pem -passout pass:x -out md5.pem",
    );
    shop.openssl("pkcs8 -topk8 -v2 camellia-256-cbc -in key.pem -passout pass:x -out camellia.pem");
    for (file, scheme) in [("md5.pem", "1.2.840.113549.1.5.3"), ("camellia.pem", "1.2.392.200011.61.1.1.1.4")] {
        let text = shop.text(file) + &certificate;
        assert_eq!(refusal(text.as_bytes(), Some("x")), Encryption { scheme: scheme.into() });
    }
}

#[test]
fn a_key_whose_numbers_do_not_fit_is_named() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let der = shop.openssl("rsa -in key.pem -traditional -outform DER");
    // The last byte belongs to the last number, which speeds signing up.
    let mut broken = der;
    *broken.last_mut().unwrap() ^= 1;
    shop.write("broken.der", &broken);
    let key = shop.openssl("enc -base64 -in broken.der");
    let key =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----\n", String::from_utf8(key).unwrap());
    assert_eq!(refusal((key + &shop.text("cert.pem")).as_bytes(), None), KeyRejected);
}

#[test]
fn errors_hold_nothing_of_keys_and_passwords() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let both = shop.text("both.pem");
    shop.openssl("pkcs8 -topk8 -in key.pem -passout pass:geheim -out encrypted.pem");
    let encrypted = shop.text("encrypted.pem") + &shop.text("cert.pem");
    let bodies: Vec<&str> =
        both.lines().chain(encrypted.lines()).filter(|line| !line.contains('-') && line.len() > 8).collect();
    let texts = (0..both.len()).step_by(97).flat_map(|at| [both[..at].to_owned(), both[at..].to_owned()]);
    let texts = texts.chain([both.replace("-----", ""), both.replace("-----END", "-----BEGIN"), encrypted.clone()]);
    for text in texts {
        let Err(error) = super::read(text.as_bytes(), Some("geheimer")) else { continue };
        let shown = format!("{} {error:?}", Explanation::of(&error));
        assert!(!shown.contains("geheim"), "{shown}");
        assert!(!bodies.iter().any(|line| shown.contains(&line[..8])), "{shown}");
    }
}
