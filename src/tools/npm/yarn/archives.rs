//! Where a lock file of yarn's says that archives lie.
//!
//! yarn binds an address to a package whose archive is not where its registry would have it: `…::__archiveUrl=https%3A%2F%2F…`. It
//! sends the registry's credential there, to whichever host (measured with 2.4, 3.8 and 4.18).

use std::collections::BTreeSet;

use super::super::spelling::each_stretch;

const MARK: &[u8] = b"archiveUrl=";
/// No lock file has more such addresses; a bound on what a hostile one costs.
const MOST: usize = 10_000;
/// How often text may be encoded within text: a patch of a patch of an archive comes to less.
const DEEPEST: usize = 6;

/// The addresses, each once. An empty one stands for what cannot be told.
pub fn archives(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_stretch(text, |stretch| {
        let mut bytes = stretch.bytes.to_vec();
        for level in 0.. {
            collect(&bytes, &mut found);
            let decoded = decode(&bytes);
            if decoded == bytes {
                break;
            }
            bytes = decoded;
            if level == DEEPEST && memchr::memmem::find(&bytes, b"rchive").is_some() {
                found.insert(String::new());
                break;
            }
        }
        if found.len() > MOST {
            found = BTreeSet::from([String::new()]);
        }
    });
    found
}

fn collect(bytes: &[u8], found: &mut BTreeSet<String>) {
    for at in memchr::memmem::find_iter(bytes, MARK) {
        let value = &bytes[at + MARK.len()..];
        let end = value.iter().position(|byte| b"\"' &\n".contains(byte)).unwrap_or(value.len());
        found.insert(String::from_utf8_lossy(&decode(&value[..end])).into_owned());
    }
}

/// Undoes percent escapes, once.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut result = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                result.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            (byte, ..) => {
                result.push(byte);
                at += 1;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_found() {
        let one = "https://evil.example/x.tgz";
        let encoded = "https%3A%2F%2Fevil.example%2Fx.tgz";
        for text in [
            format!("resolution: \"@a/b@npm:1.0.0::__archiveUrl={encoded}\"\n"),
            format!("resolution: \"@a/b@npm:1.0.0::x=y&__archiveUrl={encoded}&z=1\"\n"),
            format!("resolution: \"@a/b@npm:1.0.0::%5F%5Farchive%55rl={encoded}\"\n"),
            format!("resolution: \"@a/b@npm:1.0.0::\\u005f_archive\\x55rl={encoded}\"\n"),
            format!(
                "resolution: \"@a/b@patch:@a/b@npm%3A1.0.0%3A%3A__archiveUrl%3D{}#x\"\n",
                encoded.replace('%', "%25")
            ),
        ] {
            assert!(archives(&text).iter().any(|url| url.starts_with(one)), "{text}: {:?}", archives(&text));
        }
        assert_eq!(archives("resolution: \"a@npm:1.0.0\"\n"), BTreeSet::new());
        let feed = "https%3A%2F%2Fcontoso.pkgs.visualstudio.com%2F_packaging%2Ff%2Fnpm%2Fregistry%2F%40a%252fb%2F-%2Fb-1.0.0.tgz";
        let found = archives(&format!("x::__archiveUrl={feed}\n"));
        assert!(found.iter().all(|url| url.starts_with("https://contoso.pkgs.visualstudio.com/")), "{found:?}");
        let deep = (0..9).fold("rchive/".to_owned(), |text, _| text.replace('%', "%25").replace('/', "%2F"));
        assert!(archives(&deep).contains(""));
    }
}
