//! A file as bytes with its mark and line ending; an edit as a range and its replacement.

use std::borrow::Cow;
use std::ops::Range;

/// The content of a text file, which encodes back to the very bytes that it came from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text {
    /// The text without a byte-order mark.
    pub body: String,
    marked: bool,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Encoding {
    #[default]
    Utf8,
    SingleBytes,
    Utf16LittleEndian,
    Utf16BigEndian,
}

/// Bytes that begin as UTF-16 and do not go on so.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("it begins as UTF-16 and is none; save it as UTF-8")]
pub struct NotUtf16;

const MARK: &[u8] = b"\xef\xbb\xbf";
const LITTLE_ENDIAN_MARK: &[u8] = b"\xff\xfe";
const BIG_ENDIAN_MARK: &[u8] = b"\xfe\xff";

impl Text {
    /// Takes the bytes of a file: UTF-16 where its mark says so, else UTF-8. Bytes that are neither stand for a character each,
    /// as in Latin-1: whatever the encoding, what we look for and write is ASCII, and the rest goes back unchanged.
    ///
    /// Bytes that are handed over are not copied: a lock file may be large.
    pub fn decode<'b>(bytes: impl Into<Cow<'b, [u8]>>) -> Result<Self, NotUtf16> {
        let bytes = bytes.into();
        for (mark, encoding, unit) in [
            (LITTLE_ENDIAN_MARK, Encoding::Utf16LittleEndian, u16::from_le_bytes as fn([u8; 2]) -> u16),
            (BIG_ENDIAN_MARK, Encoding::Utf16BigEndian, u16::from_be_bytes),
        ] {
            if let Some(rest) = bytes.strip_prefix(mark) {
                let (pairs, odd) = rest.as_chunks::<2>();
                let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
                let body = String::from_utf16(&units).ok().filter(|_| odd.is_empty()).ok_or(NotUtf16)?;
                return Ok(Self { body, marked: true, encoding });
            }
        }
        let marked = bytes.starts_with(MARK);
        let mut bytes = bytes.into_owned();
        if marked {
            bytes.drain(..MARK.len());
        }
        let (body, encoding) = String::from_utf8(bytes).map_or_else(
            |error| (error.into_bytes().into_iter().map(char::from).collect(), Encoding::SingleBytes),
            |text| (text, Encoding::Utf8),
        );
        Ok(Self { body, marked, encoding })
    }

    /// The bytes to write for `body` in place of this text's own, with the same mark and encoding.
    pub fn encode(&self, body: &str) -> Vec<u8> {
        let mut bytes = match self.encoding {
            Encoding::Utf16LittleEndian => LITTLE_ENDIAN_MARK.to_vec(),
            Encoding::Utf16BigEndian => BIG_ENDIAN_MARK.to_vec(),
            Encoding::Utf8 | Encoding::SingleBytes if self.marked => MARK.to_vec(),
            Encoding::Utf8 | Encoding::SingleBytes => Vec::new(),
        };
        match self.encoding {
            Encoding::Utf8 => bytes.extend(body.as_bytes()),
            Encoding::SingleBytes => {
                bytes.extend(body.chars().map(|character| u8::try_from(character).unwrap_or(b'?')));
            }
            Encoding::Utf16LittleEndian => bytes.extend(body.encode_utf16().flat_map(u16::to_le_bytes)),
            Encoding::Utf16BigEndian => bytes.extend(body.encode_utf16().flat_map(u16::to_be_bytes)),
        }
        bytes
    }

    /// Whether a byte-order mark stands before it.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// Whether it is UTF-16, which many tools cannot read.
    pub fn is_utf16(&self) -> bool {
        matches!(self.encoding, Encoding::Utf16LittleEndian | Encoding::Utf16BigEndian)
    }

    /// Whether its letters beyond ASCII are guesses.
    pub fn is_single_bytes(&self) -> bool {
        self.encoding == Encoding::SingleBytes
    }
}

/// A new text, in UTF-8 without a mark.
impl From<String> for Text {
    fn from(body: String) -> Self {
        Self { body, ..Self::default() }
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

/// The lines of a text, by their ends.
pub struct Lines(Vec<usize>);

impl Lines {
    /// Those of a text.
    pub fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The line on which a position lies, from 1.
    pub fn at(&self, position: usize) -> usize {
        self.0.partition_point(|end| *end < position) + 1
    }
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
        fn utf16_comes_back_byte_for_byte(body in ".{0,50}", big in any::<bool>(), tail in proptest::collection::vec(any::<u8>(), 0..6)) {
            let mut bytes = if big { BIG_ENDIAN_MARK } else { LITTLE_ENDIAN_MARK }.to_vec();
            bytes.extend(body.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }));
            let text = Text::decode(&bytes).unwrap();
            prop_assert_eq!(&text.body, &body);
            prop_assert_eq!(text.encode(&body), bytes.clone());
            bytes.extend(tail);
            if let Ok(text) = Text::decode(&bytes) {
                prop_assert_eq!(text.encode(&text.body), bytes);
            }
        }

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
    fn utf16_is_read_and_written() {
        let text = Text::decode(b"\xff\xfe<\0\xe4\0").unwrap();
        assert_eq!((text.body.as_str(), text.encode("€")), ("<ä", b"\xff\xfe\xac\x20".to_vec()));
        let text = Text::decode(b"\xfe\xff\0<\xd8\x3d\xde\x00").unwrap();
        assert_eq!((text.body.as_str(), text.is_utf16()), ("<😀", true));
        for bytes in [b"\xff\xfe<".as_slice(), b"\xff\xfe\x00\xd8", b"\xfe\xff\xde\x00\0<"] {
            assert_eq!(Text::decode(bytes), Err(NotUtf16));
        }
    }
}
