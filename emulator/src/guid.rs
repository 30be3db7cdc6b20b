//! GUIDs: random ones, and their coding in the subject of an assertion.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Fills a buffer with random bytes.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The generator of the operating system does not fail once it has been seeded.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}

/// A random GUID (version 4) in lower case.
pub fn random() -> String {
    let mut b = random_bytes::<16>();
    b[6] = b[6] & 0x0f | 0x40;
    b[8] = b[8] & 0x3f | 0x80;
    let hex = hex(&b);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the text is a GUID with its four hyphens.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .char_indices()
            .all(|(i, c)| if matches!(i, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() })
}

/// A GUID as Entra writes it into a subject: base64url of its 16 bytes in .NET's order, where the first three groups are
/// little-endian. Empty when the text is no GUID.
pub fn coded(guid: &str) -> String {
    if !is_guid(guid) {
        return String::new();
    }
    let digits: Vec<u8> = guid.bytes().filter(|b| *b != b'-').collect();
    let written: Vec<u8> =
        digits.chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    URL_SAFE_NO_PAD.encode(order.map(|i| written[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_guids_in_the_order_of_dot_net() {
        assert_eq!(coded("ff882432-09b0-437b-bd22-ca13c0037ded"), "MiSI_7AJe0O9IsoTwAN97Q");
        assert_eq!(coded("499b84ac-1321-427f-aa17-267ca6975798"), "rISbSSETf0KqFyZ8ppdXmA");
        assert_eq!(coded("72f988bf-86f1-41af-91ab-2d7cd011db47"), "v4j5cvGGr0GRqy180BHbRw");
    }

    #[test]
    fn random_guids_are_guids() {
        assert!(is_guid(&random()));
        assert_ne!(random(), random());
    }
}
