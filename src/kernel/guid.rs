//! GUIDs, and the form in which Entra puts them into subjects.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Sixteen bytes, in the order in which the text has them. Shown in lower case with hyphens.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Guid([u8; 16]);

/// A text that is no GUID, or does not stand for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAGuid {
    /// In the usual form.
    #[error("it is not a GUID such as 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")]
    Text,
    /// In the form that subjects have.
    #[error("it is not a GUID as Entra codes it: 22 letters, digits, '-' and '_'")]
    Coded,
}

/// How many hexadecimal digits stand between the hyphens.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

impl Guid {
    /// The GUID of sixteen bytes in the order of its text.
    pub const fn of_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Whether a text is a GUID in its usual form.
    pub fn is(text: &str) -> bool {
        Self::parse(text).is_ok()
    }

    /// Reads `0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9`, in any case of letters and with the hyphens.
    pub fn parse(text: &str) -> Result<Self, NotAGuid> {
        if !text.is_ascii() || !text.split('-').map(str::len).eq(GROUPS) {
            return Err(NotAGuid::Text);
        }
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let digit = |index: usize| pair.get(index).and_then(|digit| char::from(*digit).to_digit(16));
            let value = digit(0).zip(digit(1)).map(|(high, low)| high * 16 + low);
            *byte = value.and_then(|value| u8::try_from(value).ok()).ok_or(NotAGuid::Text)?;
        }
        Ok(Self(bytes))
    }

    /// The form in Entra's subjects: base64url without padding over the bytes as .NET lays a GUID out in memory.
    pub fn coded(&self) -> String {
        URL_SAFE_NO_PAD.encode(turned(self.0))
    }

    /// The GUID that a subject's part stands for.
    pub fn decode(coded: &str) -> Result<Self, NotAGuid> {
        let bytes = URL_SAFE_NO_PAD.decode(coded).map_err(|_| NotAGuid::Coded)?;
        Ok(Self(turned(bytes.try_into().map_err(|_| NotAGuid::Coded)?)))
    }
}

/// Between the order of the text and .NET's: the first group of 4 bytes and the two of 2 are little-endian there. Its own inverse.
fn turned(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

impl FromStr for Guid {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        Self::parse(text)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}
