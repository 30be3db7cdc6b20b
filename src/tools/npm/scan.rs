//! Where addresses begin in a text, in whatever spelling a client takes for one.

use memchr::memmem;

/// What stands before an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// `https:`, in letters of any case.
    Https,
    /// `http:`, likewise.
    Http,
    /// Slashes only, or another scheme.
    None,
}

/// Finds the addresses in one text. Positions only grow.
pub struct Scan<'b> {
    bytes: &'b [u8],
    slashes: &'b memmem::Finder<'b>,
    /// The next colon behind a scheme, as far as it has been looked for. Behind the text there is none.
    next_colon: (usize, Scheme),
    /// The next two slashes, likewise.
    next_slashes: usize,
}

impl<'b> Scan<'b> {
    /// A search of `bytes`; `slashes` finds two of them.
    pub fn new(bytes: &'b [u8], slashes: &'b memmem::Finder<'b>) -> Self {
        Self { bytes, slashes, next_colon: (0, Scheme::None), next_slashes: 0 }
    }

    /// Where the next address at `position` or behind it has its scheme's end or its slashes, and where its host begins. The standard asks for no slash behind `http:`,
    /// and takes many.
    pub fn next(&mut self, position: usize) -> Option<(usize, usize, Scheme)> {
        let bytes = self.bytes;
        // What was found and not yet reached stays: where one of them is rare, the text is searched for it once.
        if self.next_colon.0 <= position {
            self.next_colon = self.colon_behind_scheme(position);
        }
        if self.next_slashes <= position {
            let found = bytes.get(position..).and_then(|rest| self.slashes.find(rest));
            self.next_slashes = found.map_or(bytes.len(), |at| position + at);
        }
        let (colon, scheme) = self.next_colon;
        let at = colon.min(self.next_slashes);
        let before = bytes.get(..at).filter(|before| before.len() < bytes.len())?;
        let scheme = if at == colon {
            scheme
        } else {
            let slashes = before.iter().rev().take_while(|byte| **byte == b'/').count();
            before[..at - slashes].strip_suffix(b":").and_then(scheme_of).unwrap_or(Scheme::None)
        };
        let slashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'/').count();
        Some((at, at + 1 + slashes, scheme))
    }

    fn colon_behind_scheme(&self, mut position: usize) -> (usize, Scheme) {
        while let Some(at) = self.bytes.get(position..).and_then(|rest| memchr::memchr(b':', rest)) {
            let before = &self.bytes[..position + at];
            // Nearly every colon stands behind something else.
            let may_end = matches!(before.last(), Some(b'p' | b'P' | b's' | b'S'));
            if may_end && let Some(scheme) = scheme_of(before) {
                return (before.len(), scheme);
            }
            position += at + 1;
        }
        (self.bytes.len(), Scheme::None)
    }
}

fn scheme_of(before: &[u8]) -> Option<Scheme> {
    let ends_with =
        |word: &[u8]| before.len() >= word.len() && before[before.len() - word.len()..].eq_ignore_ascii_case(word);
    if ends_with(b"https") {
        return Some(Scheme::Https);
    }
    ends_with(b"http").then_some(Scheme::Http)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by looking at each place.
    fn place_by_place(bytes: &[u8], begin: usize) -> Vec<(usize, usize, Scheme)> {
        let (mut found, mut at) = (Vec::new(), begin);
        while at < bytes.len() {
            let slashes_from = |from: usize| bytes[from..].iter().take_while(|byte| **byte == b'/').count();
            let scheme = match bytes[at] {
                b':' => scheme_of(&bytes[..at]),
                b'/' if slashes_from(at) > 1 => {
                    let end = bytes[..at].iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
                    bytes[..end].strip_suffix(b":").and_then(scheme_of).or(Some(Scheme::None))
                }
                _ => None,
            };
            let Some(scheme) = scheme else {
                at += 1;
                continue;
            };
            let start = at + 1 + slashes_from(at + 1);
            found.push((at, start, scheme));
            at = start;
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn every_address_is_found_wherever_the_search_begins(text in "(http|HTTPS|https|s|p|:|/|//|x){0,40}", begin in 0_usize..60) {
            let (bytes, slashes) = (text.as_bytes(), memmem::Finder::new(b"//"));
            let mut scan = Scan::new(bytes, &slashes);
            let (mut found, mut position) = (Vec::new(), begin);
            while let Some((at, start, scheme)) = scan.next(position) {
                position = start;
                found.push((at, start, scheme));
            }
            proptest::prop_assert_eq!(found, place_by_place(bytes, begin), "{}", text);
        }
    }
}
