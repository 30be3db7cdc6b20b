use proptest::prelude::*;

use super::super::CertificateError::{Damaged, PasswordWrong, TooMuchWork};
use super::bytes::{definite, rebuilt, with_integer};
use super::{Workshop, read, refusal};

#[test]
fn too_many_rounds_are_refused() {
    let Some(shop) = Workshop::with_certificate() else { return };
    // 65536 is easily found, 2^31 - 1 takes an hour.
    let (old, new) = (&[1, 0, 0][..], &[0x7F, 0xFF, 0xFF, 0xFF][..]);
    for scheme in ["-v2 aes-256-cbc", "-v1 PBE-SHA1-3DES"] {
        shop.openssl(&format!(
            "pkcs8 -topk8 -iter 65536 {scheme} -in key.pem -outform DER -passout pass:x -out key.der"
        ));
        shop.write("bomb.der", with_integer(&shop.bytes("key.der"), old, new));
        let key = String::from_utf8(shop.openssl("enc -base64 -in bomb.der")).unwrap();
        let text = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{key}-----END ENCRYPTED PRIVATE KEY-----\n");
        assert_eq!(refusal(text.as_bytes(), Some("x")), TooMuchWork, "{scheme}");
    }
    shop.openssl("pkcs12 -export -iter 65536 -inkey key.pem -in cert.pem -passout pass:x -out file.pfx");
    let bomb = with_integer(&shop.bytes("file.pfx"), old, new);
    assert_eq!(refusal(&bomb, Some("x")), TooMuchWork);

    // OpenSSL's scrypt: N 16384, r 8, p 1.
    shop.openssl("pkcs8 -topk8 -scrypt -in key.pem -outform DER -passout pass:x -out key.der");
    let sound = shop.bytes("key.der");
    let bombs = [
        with_integer(&sound, &[0x40, 0], &[0x40, 0, 0, 0]),
        with_integer(&sound, &[8], &[0x7F, 0xFF]),
        with_integer(&sound, &[1], &[0x7F, 0xFF]),
        // Few enough rounds, but half a gibibyte.
        with_integer(&with_integer(&sound, &[8], &[1]), &[0x40, 0], &[0x40, 0, 0]),
    ];
    for bomb in bombs {
        shop.write("bomb.der", bomb);
        let key = String::from_utf8(shop.openssl("enc -base64 -in bomb.der")).unwrap();
        let text = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{key}-----END ENCRYPTED PRIVATE KEY-----\n");
        assert_eq!(refusal(text.as_bytes(), Some("x")), TooMuchWork);
    }
}

#[test]
fn many_parts_may_not_ask_for_more_together() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("pkcs8 -topk8 -iter 6000000 -in key.pem -passout pass:x -out slow.pem");
    let [key, certificate] = ["slow.pem", "cert.pem"].map(|name| shop.text(name));
    assert!(read([&*key, &certificate].concat().as_bytes(), Some("x")).is_ok());
    assert_eq!(refusal([&*key, &key, &certificate].concat().as_bytes(), Some("x")), TooMuchWork);
}

#[test]
fn a_wrong_password_of_a_slow_file_is_a_wrong_password() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("pkcs12 -export -keypbe NONE -certpbe NONE -iter 4000000 -inkey key.pem -in cert.pem -passout pass:x -out slow.pfx");
    assert_eq!(refusal(&shop.bytes("slow.pfx"), Some("y")), PasswordWrong);
    assert!(read(&shop.bytes("slow.pfx"), Some("x")).is_ok());
}

#[test]
fn deep_nesting_is_refused() {
    let lengths = (0..2000).fold(Vec::new(), |inner, _| definite(0x30, &inner));
    let endless = [0x30, 0x80].repeat(400_000);
    for deep in [lengths, endless] {
        assert_eq!(refusal(&deep, Some("x")), Damaged);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..600), head in 0..4usize) {
        let heads: [&[u8]; 4] = [b"", &[0x30, 0x82], b"-----BEGIN CERTIFICATE-----", &[0xFF, 0xFE]];
        prop_assert!(read(&[heads[head], &bytes].concat(), Some("x")).is_err());
    }

    #[test]
    fn no_text_breaks_the_reader(text in "(-----BEGIN |-----END |PRIVATE KEY|CERTIFICATE|-----|\\\\n|%|[a-zA-Z0-9+/= ]{0,9}|\\PC){0,40}") {
        prop_assert!(read(text.as_bytes(), Some("x")).is_err());
    }
}

#[test]
fn no_changed_byte_breaks_the_reader() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("pkcs12 -export -iter 1 -inkey key.pem -in cert.pem -passout pass:x -out file.pfx");
    shop.openssl(
        "pkcs12 -export -nomac -certpbe NONE -keypbe NONE -inkey key.pem -in cert.pem -passout pass: -out clear.pfx",
    );
    shop.openssl("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
    shop.openssl("x509 -in cert.pem -outform DER -out cert.der");
    let same = |_: u8, _: &[u8]| None;
    for file in ["file.pfx", "clear.pfx", "key.der", "cert.der"] {
        let sound = shop.bytes(file);
        assert_eq!(rebuilt(&sound, &same, definite), sound);
        for at in 0..sound.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut changed = sound.clone();
                changed[at] ^= change;
                let _ = read(&changed, Some("x"));
            }
            let _ = read(&sound[..at], Some("x"));
        }
    }
}
