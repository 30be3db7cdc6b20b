use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::Chain;
use super::super::encryption::Try;
use super::bytes::as_ber;
use super::{CertificateError, Workshop, read, refusal};
use crate::kernel::clock::now;

const PASSWORD: &str = "pass wörd 😀";

/// Checks that what was read signs for `cert.pem`.
fn signs(shop: &Workshop, content: &[u8], password: Option<&str>, what: &str) {
    let certificate = read(content, password).unwrap_or_else(|error| panic!("{what}: {error}"));
    let assertion = certificate.assertion("client", "https://audience.example", now() + 5, Chain::Omitted).unwrap();
    shop.verified(assertion.reveal(), "cert.pem");
}

#[test]
fn keys_in_the_clear() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("rsa -in key.pem -traditional -out pkcs1.pem");
    shop.openssl("x509 -in cert.pem -trustout -addtrust clientAuth -out trusted.pem");
    let [key, pkcs1, certificate, trusted] =
        ["key.pem", "pkcs1.pem", "cert.pem", "trusted.pem"].map(|name| shop.text(name));
    assert!(
        pkcs1.contains("-----BEGIN RSA PRIVATE KEY-----") && trusted.contains("-----BEGIN TRUSTED CERTIFICATE-----")
    );
    for key in [&key, &pkcs1] {
        for certificate in [&certificate, &trusted] {
            for text in [[key, certificate.as_str()].concat(), [certificate, key.as_str()].concat()] {
                signs(&shop, text.as_bytes(), None, &text);
                signs(&shop, text.as_bytes(), Some("not needed"), &text);
            }
        }
    }
}

#[test]
fn encrypted_keys() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let schemes = [
        "-v2 aes-256-cbc",
        "-v2 aes-192-cbc",
        "-v2 aes-128-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000",
        "-v2 des3",
        "-scrypt",
        "-v1 PBE-SHA1-3DES",
        "-v1 PBE-SHA1-2DES",
        "-v1 PBE-SHA1-RC2-40 -provider legacy -provider default",
        "-v1 PBE-SHA1-RC2-128 -provider legacy -provider default",
    ];
    for scheme in schemes {
        let command = format!("pkcs8 -topk8 -in key.pem -out encrypted.pem {scheme} -passout");
        let password = format!("pass:{PASSWORD}");
        shop.openssl_with(&command.split_whitespace().chain([password.as_str()]).collect::<Vec<_>>());
        let text = shop.text("encrypted.pem") + &shop.text("cert.pem");
        assert!(text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{text}");
        signs(&shop, text.as_bytes(), Some(PASSWORD), scheme);
        assert_eq!(refusal(text.as_bytes(), None), CertificateError::PasswordMissing, "{scheme}");
        for wrong in ["", "password"] {
            assert_eq!(refusal(text.as_bytes(), Some(wrong)), CertificateError::PasswordWrong, "{scheme}");
        }
    }
}

#[test]
fn pfx_files() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let kinds = [
        "",
        "-certpbe AES-256-CBC -keypbe AES-256-CBC -macalg sha512",
        "-certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha384 -iter 100000",
        // As Windows by default: both in 3DES, SHA-1, 2000 rounds, with attributes of its own on key and bag.
        "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -iter 2000 -keyex -name te-1234 -CSP Microsoft-Provider -LMK",
        "-legacy",
        "-certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES -provider legacy -provider default",
        "-certpbe NONE -keypbe AES-256-CBC",
        "-nomac",
        "-nomac -certpbe AES-256-CBC",
    ];
    for kind in kinds {
        let command = format!("pkcs12 -export -inkey key.pem -in cert.pem -out file.pfx {kind} -passout");
        let export = |password: &str| {
            let password = format!("pass:{password}");
            shop.openssl_with(&command.split_whitespace().chain([password.as_str()]).collect::<Vec<_>>());
            shop.bytes("file.pfx")
        };
        let file = export(PASSWORD);
        signs(&shop, &file, Some(PASSWORD), kind);
        assert_eq!(refusal(&file, None), CertificateError::PasswordMissing, "{kind}");
        for wrong in ["", "password"] {
            assert_eq!(refusal(&file, Some(wrong)), CertificateError::PasswordWrong, "{kind}");
        }
        let file = export("");
        for password in [None, Some(""), Some("not needed")] {
            signs(&shop, &file, password, kind);
        }
    }
}

#[test]
fn a_wrong_password_that_decrypts_to_garbage_is_wrong() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl(
        "pkcs12 -export -iter 1 -nomac -certpbe AES-256-CBC -inkey key.pem -in cert.pem -out file.pfx -passout pass:x",
    );
    let file = shop.bytes("file.pfx");
    for number in 0..2000 {
        assert_eq!(refusal(&file, Some(&number.to_string())), CertificateError::PasswordWrong, "{number}");
    }
}

#[test]
fn a_pfx_without_encryption_needs_no_password() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl(
        "pkcs12 -export -inkey key.pem -in cert.pem -out file.pfx -certpbe NONE -keypbe NONE -nomac -passout pass:",
    );
    for password in [None, Some(""), Some("not needed")] {
        signs(&shop, &shop.bytes("file.pfx"), password, "neither encryption nor authentication");
    }
}

#[test]
fn a_pfx_by_dotnet_without_a_password_has_none_at_all() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out file.pfx -certpbe NONE -keypbe NONE -passout pass:");
    let mut file = shop.bytes("file.pfx");
    let (old, new) = super::super::pfx::mac_under(&file, Try::Nothing).unwrap();
    let at = file.windows(old.len()).position(|window| window == old).unwrap();
    file[at..at + new.len()].copy_from_slice(&new);
    // OpenSSL tries both forms too.
    shop.write("none.pfx", &file);
    shop.openssl("pkcs12 -in none.pfx -nodes -passin pass: -out read.pem");
    for password in [None, Some(""), Some("not needed")] {
        signs(&shop, &file, password, "no password");
    }
}

#[test]
fn a_pfx_in_ber() {
    let Some(shop) = Workshop::with_certificate() else { return };
    for kind in ["", "-legacy", "-certpbe NONE -keypbe NONE"] {
        shop.openssl(&format!("pkcs12 -export -inkey key.pem -in cert.pem -out file.pfx -passout pass:x {kind}"));
        let file = as_ber(&shop.bytes("file.pfx"));
        shop.write("ber.pfx", &file);
        shop.openssl("pkcs12 -in ber.pfx -nodes -legacy -passin pass:x -out read.pem");
        signs(&shop, &file, Some("x"), kind);
        assert_eq!(refusal(&file, Some("y")), CertificateError::PasswordWrong, "{kind}");
    }
}

#[test]
fn what_variables_hold_of_binary_files() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out file.pfx -passout pass:x");
    shop.openssl("base64 -in file.pfx -out file.txt");
    let in_lines = shop.text("file.txt");
    assert!(in_lines.lines().count() > 10);
    let in_one = in_lines.replace('\n', "");
    let crlf = in_lines.replace('\n', "\r\n");
    for text in [&in_lines, &in_one, &crlf, &format!("\u{FEFF} \"{in_one}\"\n")] {
        signs(&shop, text.as_bytes(), Some("x"), "the base64 of a PFX file");
    }
    let text = STANDARD.encode(shop.bytes("both.pem"));
    signs(&shop, text.as_bytes(), None, "the base64 of a PEM text");
}
