//! A file as bytes with its mark and line ending; an edit as a range and its replacement.

use std::ops::Range;

/// The content of a text file, which encodes back to the very bytes that it came from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text {
    /// The text without a byte-order mark.
    pub body: String,
    marked: bool,
    single_bytes: bool,
}

/// UTF-16 is the one encoding in which what we look for is not plain ASCII bytes.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("it is encoded as UTF-16; save it as UTF-8")]
pub struct Utf16;

const MARK: &[u8] = b"\xef\xbb\xbf";

impl Text {
    /// Takes the bytes of a file. Bytes that are no UTF-8 stand for a character each, as in Latin-1: whatever the encoding,
    /// what we look for and write is ASCII, and the rest goes back unchanged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Utf16> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Utf16);
        }
        let (marked, rest) = bytes.strip_prefix(MARK).map_or((false, bytes), |rest| (true, rest));
        Ok(match std::str::from_utf8(rest) {
            Ok(text) => Self { body: text.to_owned(), marked, single_bytes: false },
            Err(_) => Self { body: rest.iter().map(|&byte| char::from(byte)).collect(), marked, single_bytes: true },
        })
    }

    /// The bytes to write for `body` in place of this text's own, with the same mark and encoding.
    pub fn encode(&self, body: &str) -> Vec<u8> {
        let mut bytes = if self.marked { MARK.to_vec() } else { Vec::new() };
        if self.single_bytes {
            bytes.extend(body.chars().map(|character| u8::try_from(character).unwrap_or(b'?')));
        } else {
            bytes.extend(body.as_bytes());
        }
        bytes
    }
}

/// One replacement in a text: the bytes of `range` give way to `replacement`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TextEdit {
    /// Byte positions in the text that the edit was planned for.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub replacement: String,
}

impl TextEdit {
    /// An edit that only adds.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { range: at..at, replacement: text.into() }
    }
}

/// Applies edits that do not overlap. Several insertions at one place keep their order.
pub fn splice(text: &str, edits: &[TextEdit]) -> String {
    let mut ordered: Vec<&TextEdit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut result = String::with_capacity(text.len() + edits.iter().map(|edit| edit.replacement.len()).sum::<usize>());
    let mut position = 0;
    for edit in ordered {
        result.push_str(&text[position..edit.range.start]);
        result.push_str(&edit.replacement);
        position = edit.range.end;
    }
    result.push_str(&text[position..]);
    result
}

/// The line ending that `text` uses first; LF where it has none.
pub fn line_ending(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_file_comes_back_byte_for_byte(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(text) = Text::decode(&bytes) {
                prop_assert_eq!(text.encode(&text.body), bytes);
            }
        }
    }

    #[test]
    fn edits_keep_what_lies_between() {
        let edits =
            [TextEdit { range: 4..5, replacement: "E".into() }, TextEdit::insert(0, ">"), TextEdit::insert(6, "<")];
        assert_eq!(splice("abcdef", &edits), ">abcdEf<");
    }

    #[test]
    fn utf16_is_named() {
        assert_eq!(Text::decode(b"\xff\xfe<\0"), Err(Utf16));
    }
}
