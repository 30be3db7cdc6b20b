//! Text as its readers take it: JSON's and YAML's escapes undone, line breaks and tabs dropped as the URL standard drops them
//! (url.spec.whatwg.org, "basic URL parser"), a backslash as the slash that it is in an address.
//!
//! It goes through in pieces, so that a large file is never held twice.

use std::ops::Range;

/// Bytes that are looked at together; an address never matters beyond [`REACH`] of its beginning.
const PIECE: usize = 256 * 1024;
/// More than any feed's address has.
pub const REACH: usize = 4_096;

/// How far a stretch shows what was before it.
const LOOKBACK: usize = 16;

/// A stretch of such text.
pub struct Stretch<'b> {
    /// The text.
    pub bytes: &'b [u8],
    /// Where something may begin that is to be found here: the next stretch goes on where this one ends.
    pub begins: Range<usize>,
    breaks: &'b [usize],
    first_line: usize,
}

impl Stretch<'_> {
    /// The line on which a position lies, from 1.
    pub fn line(&self, position: usize) -> usize {
        self.first_line + self.breaks.partition_point(|&at| at <= position)
    }
}

#[derive(Clone, Copy)]
enum State {
    Text,
    Escaped,
    Digits { left: u8, value: u32 },
}

struct Spelling {
    buffer: Vec<u8>,
    /// Positions in the buffer at which a new line begins.
    breaks: Vec<usize>,
    first_line: usize,
    state: State,
    indented: bool,
    high_surrogate: Option<u32>,
    /// How much of the buffer has been looked at.
    seen: usize,
}

/// Hands the text on, stretch by stretch.
pub fn each_stretch(text: &str, mut look: impl FnMut(&Stretch<'_>)) {
    let mut spelling = Spelling {
        buffer: Vec::with_capacity(text.len().min(PIECE + REACH)),
        breaks: Vec::new(),
        first_line: 1,
        state: State::Text,
        indented: false,
        high_surrogate: None,
        seen: 0,
    };
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let plain = match spelling.state {
            State::Text if !spelling.indented => {
                memchr::memchr3(b'\\', b'\n', b'\t', rest).unwrap_or(rest.len()).min(PIECE)
            }
            _ => 0,
        };
        if plain > 0 {
            let mut part = &rest[..plain];
            while let Some(at) = memchr::memchr(b'\r', part) {
                spelling.buffer.extend_from_slice(&part[..at]);
                part = &part[at + 1..];
            }
            spelling.buffer.extend_from_slice(part);
        } else {
            spelling.take(rest[0]);
        }
        rest = &rest[plain.max(1)..];
        if spelling.buffer.len() >= PIECE + REACH {
            look(&spelling.stretch(spelling.buffer.len() - REACH));
            spelling.forget();
        }
    }
    look(&spelling.stretch(spelling.buffer.len()));
}

impl Spelling {
    fn stretch(&self, end: usize) -> Stretch<'_> {
        Stretch { bytes: &self.buffer, begins: self.seen..end, breaks: &self.breaks, first_line: self.first_line }
    }

    /// Drops all but the last [`REACH`] bytes and a little before them.
    fn forget(&mut self) {
        let gone = self.buffer.len() - REACH - LOOKBACK;
        self.seen = LOOKBACK;
        self.buffer.drain(..gone);
        let passed = self.breaks.partition_point(|&at| at <= gone);
        self.first_line += passed;
        self.breaks.drain(..passed);
        self.breaks.iter_mut().for_each(|at| *at -= gone);
    }

    fn take(&mut self, byte: u8) {
        match (self.state, byte) {
            (State::Text, b'\\') => {
                self.state = State::Escaped;
                self.indented = false;
            }
            (State::Text | State::Escaped, b'\n') => {
                self.state = State::Text;
                self.indented = true;
                self.breaks.push(self.buffer.len());
            }
            (State::Text, b'\t' | b'\r') => {}
            (State::Text, b' ') if self.indented => {}
            (State::Text, _) => {
                self.indented = false;
                self.buffer.push(byte);
            }
            (State::Escaped, b'x') => self.state = State::Digits { left: 2, value: 0 },
            (State::Escaped, b'u') => self.state = State::Digits { left: 4, value: 0 },
            (State::Escaped, b'U') => self.state = State::Digits { left: 8, value: 0 },
            (State::Escaped, b'n' | b't' | b'r' | b'\r') => self.state = State::Text,
            (State::Escaped, _) => {
                self.state = State::Text;
                match byte {
                    b'/' | b'\\' => self.buffer.push(b'/'),
                    // It does not end the string.
                    b'"' => self.buffer.push(b'_'),
                    _ => self.buffer.extend([b'/', byte]),
                }
            }
            (State::Digits { left, value }, _) => {
                if let Some(digit) = char::from(byte).to_digit(16) {
                    let value = value.wrapping_mul(16) | digit;
                    self.state = State::Digits { left: left - 1, value };
                    if left == 1 {
                        self.state = State::Text;
                        self.push_code(value);
                    }
                } else {
                    // No escape after all, as in a path of Windows.
                    self.state = State::Text;
                    self.buffer.push(b'/');
                    self.take(byte);
                }
            }
        }
    }

    fn push_code(&mut self, value: u32) {
        let high = self.high_surrogate.take();
        let code = match (high, value) {
            (_, 0xd800..=0xdbff) => {
                self.high_surrogate = Some(value);
                return;
            }
            (Some(high), 0xdc00..=0xdfff) => 0x10000 + ((high - 0xd800) << 10) + (value - 0xdc00),
            _ => value,
        };
        match char::from_u32(code) {
            Some('\n' | '\t' | '\r') => {}
            Some('\\') => self.buffer.push(b'/'),
            Some('"') => self.buffer.push(b'_'),
            character => {
                let mut bytes = [0; 4];
                self.buffer.extend(character.unwrap_or('\u{fffd}').encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        let mut all = Vec::new();
        each_stretch(text, |stretch| all.extend_from_slice(&stretch.bytes[stretch.begins.clone()]));
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn escapes_are_undone_and_breaks_dropped() {
        for (text, expected) in [
            ("http:\\/\\/h", "http://h"),
            ("\\u0068ttp:\\\\\\\\h", "http://h"),
            ("\\x68\\U00000074tp", "http"),
            ("\\ud835\\uddc1x", "\u{1d5c1}x"),
            ("a\\\n   b\n  c\r\nd\te\\nf\\u000ag", "abcdefg"),
            ("a b \\\" c", "a b _ c"),
            ("\\u00zz\\", "/zz"),
        ] {
            assert_eq!(spelled(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_known_in_every_stretch() {
        let line = "0123456789 abcdef\n";
        let text = format!("{}X\n{}X", line.repeat(40_000), line.repeat(7));
        let mut found = Vec::new();
        each_stretch(&text, |stretch| {
            let hits = stretch.begins.clone().filter(|at| stretch.bytes[*at] == b'X');
            found.extend(hits.map(|at| stretch.line(at)));
        });
        assert_eq!(found, [40_001, 40_009]);
    }
}
