use super::{Workshop, read};

#[test]
fn mangled_texts_are_mended() {
    let Some(shop) = Workshop::with_certificate() else { return };
    let thumbprint = shop.fingerprint("cert.pem", "sha1");
    let sound = shop.text("both.pem");
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        [&mark[..], &sound.encode_utf16().flat_map(bytes).collect::<Vec<_>>()].concat()
    };
    let around_lines = |before, after| sound.lines().flat_map(|line| [before, line, after]).collect::<String>();
    let texts: [(&str, Vec<u8>); 20] = [
        ("as it is", sound.clone().into()),
        ("\\n in place of line ends", sound.replace('\n', "\\n").into()),
        ("\\\\n, escaped twice", sound.replace('\n', "\\\\n").into()),
        ("\\r\\n in place of line ends", sound.replace('\n', "\\r\\n").into()),
        ("\\n before line ends", sound.replace('\n', "\\n\n").into()),
        ("a backslash before line ends", sound.replace('\n', "\\\n").into()),
        ("%0A in place of line ends", sound.replace('\n', "%0A").into()),
        ("%0D%0A in place of line ends", sound.replace('\n', "%0D%0A").into()),
        ("CRLF", sound.replace('\n', "\r\n").into()),
        ("CR", sound.replace('\n', "\r").into()),
        ("blanks in place of line ends", sound.replace('\n', " ").into()),
        ("nothing in place of line ends", sound.replace('\n', "").into()),
        ("blanks around lines", around_lines("  ", "\t \n").into()),
        ("empty lines", sound.replace('\n', "\n\n").into()),
        ("a mark", format!("\u{FEFF}{sound}").into()),
        ("quotes", format!("\"{}\"", sound.replace('\n', "\\n")).into()),
        ("quotes around lines", around_lines("'", "'\n").into()),
        ("text around blocks", format!("Bag Attributes\n    localKeyID: 01\n{sound}\nthe end: 100%\n").into()),
        ("UTF-16, as Windows writes it", utf16([0xFF, 0xFE], u16::to_le_bytes)),
        ("UTF-16, the other way round", utf16([0xFE, 0xFF], u16::to_be_bytes)),
    ];
    for (what, text) in texts {
        let certificate = read(&text, None).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(certificate.thumbprint_sha1(), thumbprint, "{what}");
    }
}

#[test]
fn other_blocks_are_passed_over() {
    let Some(shop) = Workshop::with_certificate() else { return };
    shop.openssl("crl2pkcs7 -nocrl -certfile cert.pem -out chain.p7b");
    shop.openssl("rsa -in key.pem -pubout -out public.pem");
    shop.openssl("req -new -key key.pem -subj /CN=x -out request.pem");
    let text = ["chain.p7b", "public.pem", "request.pem", "both.pem"].map(|name| shop.text(name)).concat();
    let text = text + "-----BEGIN SOMETHING NEW-----\nAAAA\n-----END SOMETHING NEW-----\n";
    assert!(read(text.as_bytes(), None).is_ok());
}
