//! Where another parser may read something else in a file than is read here: other encodings, entities of its own.

use crate::edit::text::Text;

/// What may be something else than it seems.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// Everything, and why.
    Everything(String),
    /// The letters beyond ASCII, and why.
    Letters(String),
}

/// Whether this text, which should be XML, may be something else to another parser.
pub fn doubt(text: &Text) -> Option<Doubt> {
    let body = text.body.as_str();
    let everything = |reason: String| Some(Doubt::Everything(reason));
    let begins = body.trim_start().starts_with('<');
    if body.contains('\0') || !begins && !body.is_ascii() {
        return everything("its encoding is not known; save it as UTF-8".to_owned());
    }
    if body.contains("<!ENTITY") {
        return everything("it has entities of its own; write out what they stand for".to_owned());
    }
    let mut letters = text.is_single_bytes();
    for encoding in declared_encodings(body) {
        match encoding.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf-16" | "us-ascii" | "ascii" => {}
            known if is_single_byte(known) => letters |= !body.is_ascii(),
            _ => return everything(format!("it says that its encoding is '{encoding}'; save it as UTF-8")),
        }
    }
    letters.then(|| Doubt::Letters("its letters beyond ASCII are not UTF-8; save it as UTF-8".to_owned()))
}

/// Encodings in which every ASCII byte is that character and nothing else.
fn is_single_byte(encoding: &str) -> bool {
    let numbered = |beginning: &str| {
        let digits = encoding.strip_prefix(beginning).unwrap_or_default();
        !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(encoding, "latin1" | "latin-1")
        || numbered("iso-8859-")
        || numbered("iso8859-")
        || numbered("windows-125")
        || numbered("cp125")
}

/// What the declaration says. Parsers differ in how they find it, so every place before the first `>` counts.
fn declared_encodings(body: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let body = body.trim_start();
    if !body.starts_with("<?") {
        return found;
    }
    let mut rest = &body[..body.find('>').unwrap_or(body.len())];
    while let Some(at) = rest.find("encoding") {
        rest = &rest[at + "encoding".len()..];
        let Some(value) = rest.trim_start().strip_prefix('=') else { continue };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        // What is not quoted is none that we know.
        found.push(quote.map_or(value, |quote| value[1..].split(quote).next().unwrap_or_default()).trim());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Option<Doubt> {
        doubt(&Text::decode(bytes).unwrap())
    }

    #[test]
    fn what_every_parser_reads_alike_is_not_doubted() {
        for text in [
            "<a/>",
            "",
            "words",
            "\n <a>ä</a>",
            "\u{feff}<a>ä</a>",
            "<?xml version='1.0'?><a encoding='utf-7'/>",
            "<?xml version=\"1.0\" encoding = \"UTF-8\"?><a>ä</a>",
            "<?xml version='1.0' encoding='iso-8859-15'?><a/>",
            "<?xml version='1.0' encoding='windows-1252'?><a/>",
        ] {
            assert_eq!(of(text.as_bytes()), None, "{text}");
        }
        let text = "<?xml version='1.0' encoding='utf-16'?><a>ä</a>";
        let bytes: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(of(&bytes), None);
    }

    #[test]
    fn letters_of_other_encodings_are_doubted() {
        for bytes in [b"<a>\xe4</a>".as_slice(), "<?xml version='1.0' encoding='ISO-8859-1'?><a>ä</a>".as_bytes()] {
            assert!(matches!(of(bytes), Some(Doubt::Letters(_))), "{bytes:?}");
        }
    }

    #[test]
    fn what_hides_elements_is_doubted_altogether() {
        for bytes in [
            b"<?xml version='1.0' encoding='utf-7'?><a/>".as_slice(),
            b"<?xml version='1.0' x='' encoding = \"IBM037\"?><a/>",
            b"<?xml version='1.0' encoding='utf-8' encoding='utf-7'?><a/>",
            b"<?xml version='1.0' encoding='iso-8859-'?><a/>",
            b"\n<?xml version='1.0' encoding=''?><a/>",
            b"<?xml version='1.0' encoding=utf-7?><a/>",
            // UTF-16 and UTF-32 without and with a mark, EBCDIC, two marks.
            b"<\0a\0/\0>\0",
            b"\0\0\xfe\xff\0\0\0<",
            b"\xff\xfe\0\0<\0\0\0",
            b"\x4c\x6f\xa7\x94\x93",
            b"\xef\xbb\xbf\xef\xbb\xbf<a/>",
            b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        ] {
            assert!(matches!(of(bytes), Some(Doubt::Everything(_))), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
