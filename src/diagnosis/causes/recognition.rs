//! Which causes a text speaks of.

use std::cmp::Reverse;

use super::{Cause, Sign, all, by_name, with_code};

/// How far the words of a sign may be apart, in bytes: a status line with its headers, or an answer's body.
const NEAR_BYTES: usize = 1200;

/// Where something stands: elements of `error_codes` in their order, then everything else by its first byte.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Listed(usize),
    Byte(usize),
}

/// A cause in a text.
struct Hit {
    cause: &'static Cause,
    /// Where its first word begins.
    at: Place,
    /// How many letters speak for it.
    weight: usize,
}

/// The cause that a text speaks of first, by the name of a cause in our own message, by a code, or by what the services say
/// without one.
pub fn find_in(text: &str) -> Option<&'static Cause> {
    all_in(text).first().copied()
}

/// The cause whose code a text names first; the elements of Entra's `error_codes` go before all others.
pub fn named_in(text: &str) -> Option<&'static Cause> {
    codes_in(text).into_iter().find_map(|code| with_code(&code))
}

/// The causes that a text speaks of, each once, in its order. Codes silence texts without a code, and what is certain silences
/// hints.
pub fn all_in(text: &str) -> Vec<&'static Cause> {
    let lower = text.to_ascii_lowercase();
    let own = own_name(&lower);
    let mut named: Vec<Hit> = Vec::new();
    for (at, code) in code_places(&lower) {
        named.extend(with_code(&code).map(|cause| Hit { cause, at, weight: code.len() }));
    }
    let begins_with_code = |hit: &Hit| named.iter().any(|other| other.at == hit.at);
    let (refined, signs): (Vec<Hit>, Vec<Hit>) =
        hits(&lower, |cause| cause.signs).into_iter().partition(begins_with_code);
    named.extend(refined);
    let found = if !named.is_empty() {
        named
    } else if !signs.is_empty() {
        signs
    } else {
        hits(&lower, |cause| cause.hints)
    };
    let mut causes: Vec<&'static Cause> = Vec::new();
    for cause in own.into_iter().chain(in_order(found)) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}

/// The codes that a text names, in capitals, each once: the elements of `error_codes`, then the others in their order.
pub fn codes_in(text: &str) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for (_, code) in code_places(&text.to_ascii_lowercase()) {
        let code = code.to_ascii_uppercase();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// What our own messages end with.
fn own_name(lower: &str) -> Option<&'static Cause> {
    let (_, rest) = lower.split_once("troubleshooting: ")?;
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    by_name(name)
}

/// By place; of those at one place the weightiest alone.
fn in_order(mut hits: Vec<Hit>) -> impl Iterator<Item = &'static Cause> {
    hits.sort_by_key(|hit| (hit.at, Reverse(hit.weight)));
    hits.dedup_by_key(|hit| hit.at);
    hits.into_iter().map(|hit| hit.cause)
}

/// Codes and where they stand, in order.
fn code_places(lower: &str) -> Vec<(Place, String)> {
    let mut places = Vec::new();
    for list in lower.split("error_codes").skip(1) {
        // A relay may write the numbers, or the whole list, as a text; it may escape the marks around it.
        let list = list.trim_start_matches(|c: char| c.is_ascii_whitespace() || "\\\":=".contains(c));
        let Some(list) = list.strip_prefix('[') else { continue };
        let end = list.find(|c: char| !c.is_ascii_digit() && !"[],\\\" \t\r\n".contains(c)).unwrap_or(list.len());
        let numbers = list[..end].split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        let codes = numbers.take(16).map(|number| format!("aadsts{number}"));
        places.extend((places.len()..).map(Place::Listed).zip(codes));
    }
    for prefix in ["aadsts", "tf", "vs"] {
        for (at, _) in lower.match_indices(prefix) {
            if lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            let digits = lower[at + prefix.len()..].bytes().take_while(u8::is_ascii_digit).count();
            let end = at + prefix.len() + digits;
            // A year after the letters is no code.
            if digits >= 5 && !lower[end..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                places.push((Place::Byte(at), lower[at..end].to_owned()));
            }
        }
    }
    places.sort_by_key(|(at, _)| *at);
    places
}

/// Where signs of this kind are found.
fn hits(lower: &str, signs: fn(&Cause) -> &'static [Sign]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for cause in all() {
        for sign in signs(cause) {
            if let Some(at) = place(lower, sign) {
                hits.push(Hit { cause, at: Place::Byte(at), weight: sign.iter().map(|word| word.len()).sum() });
            }
        }
    }
    hits
}

/// Where the first word of a sign stands with all the others near it.
fn place(lower: &str, sign: Sign) -> Option<usize> {
    let (first, others) = sign.split_first()?;
    whole(lower, first).find(|at| {
        let near = &lower[boundary(lower, at.saturating_sub(NEAR_BYTES))..boundary(lower, at + NEAR_BYTES)];
        others.iter().all(|word| whole(near, word).next().is_some())
    })
}

/// Where a word or sentence stands that no letter or digit goes on with.
fn whole<'t>(lower: &'t str, word: &str) -> impl Iterator<Item = usize> + 't {
    let word = word.to_ascii_lowercase();
    let places: Vec<usize> = lower.match_indices(word.as_str()).map(|(at, _)| at).collect();
    places.into_iter().filter(move |at| {
        let (before, after) = (&lower[..*at], &lower[at + word.len()..]);
        let inside = |c: char| c.is_ascii_alphanumeric();
        !(before.ends_with(inside) && word.starts_with(inside))
            && !(after.starts_with(inside) && word.ends_with(inside))
    })
}

/// The next place at or after `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<&'static str> {
        find_in(text).map(|cause| cause.name)
    }

    #[test]
    fn a_longer_code_is_not_taken_for_a_shorter_one() {
        assert_eq!(name("AADSTS7002138: x"), Some("AADSTS7002138"));
        assert_eq!(name("aadsts700213: x"), Some("AADSTS700213"));
        assert_eq!(name("TF401444: the AADSTS90002"), Some("TF401444"));
        for unknown in ["AADSTS9000231: x", "AADSTS90002x", "xTF401444", "TF40144", "VS2022"] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn listed_codes_go_before_all_others() {
        for list in
            [r#""error_codes":[700213,90002]"#, r#"\"error_codes\": [ \"[700213]\" ]"#, r#""error_codes":"[700213]""#]
        {
            assert_eq!(name(&format!("AADSTS500011: x {list}")), Some("AADSTS700213"), "{list}");
        }
        assert_eq!(codes_in("error_codes: none, 90002"), [""; 0]);
    }
}
