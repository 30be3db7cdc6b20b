//! DER taken apart and put together again, changed.

/// From a primitive element's tag and content to what takes its place, where it should change.
pub(super) type Change<'c> = dyn Fn(u8, &[u8]) -> Option<Vec<u8>> + 'c;

/// Rebuilds elements. `change` gives what takes the place of a primitive element, where it should change; `close` writes a
/// constructed element around its new content.
pub(super) fn rebuilt(mut der: &[u8], change: &Change<'_>, close: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    while let [tag, rest @ ..] = der {
        let (length, head) = match rest[0] {
            short @ 0..0x80 => (usize::from(short), 1),
            long => {
                let bytes = usize::from(long - 0x80);
                (rest[1..=bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 1 + bytes)
            }
        };
        let content = &rest[head..head + length];
        der = &rest[head + length..];
        out.extend(if tag & 0x20 != 0 {
            close(*tag, &rebuilt(content, change, close))
        } else {
            change(*tag, content).unwrap_or_else(|| definite(*tag, content))
        });
    }
    out
}

/// An element with its length.
pub(super) fn definite(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().position(|byte| *byte != 0).unwrap_or(7)..];
    let long = (content.len() >= 0x80).then_some(0x80 + u8::try_from(length.len()).unwrap());
    [&[tag], long.as_slice(), length, content].concat()
}

/// An element that says where it ends by a mark there, as only BER allows.
pub(super) fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag | 0x20, 0x80], content, &[0, 0]].concat()
}

/// The same file in BER: without lengths, long strings in pieces.
pub(super) fn as_ber(der: &[u8]) -> Vec<u8> {
    let in_pieces = |tag: u8, content: &[u8]| {
        let long = matches!(tag, 0x04 | 0x80) && content.len() > 64;
        long.then(|| indefinite(tag, &content.chunks(100).flat_map(|piece| definite(0x04, piece)).collect::<Vec<_>>()))
    };
    rebuilt(der, &in_pieces, indefinite)
}

/// The same file with another integer in the place of `old`.
pub(super) fn with_integer(der: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let change = |tag: u8, content: &[u8]| (tag == 0x02 && content == old).then(|| definite(0x02, new));
    let changed = rebuilt(der, &change, definite);
    assert_ne!(changed, der, "the integer is not there");
    changed
}
