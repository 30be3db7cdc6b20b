//! Which causes a text speaks of.

use std::cmp::Reverse;

use super::{Cause, Sign, all, by_name, with_code};

/// How far the words of a sign may be apart, in bytes: a status line with its headers, or an answer's body.
const NEAR_BYTES: usize = 1200;

/// The rank of what stands in no list.
const UNLISTED: usize = usize::MAX;

/// Something that a text speaks of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// What it is.
    pub what: Named,
    /// The byte of the text where it shows.
    pub at: usize,
}

/// What a text can name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// A row of the table.
    Cause(&'static Cause),
    /// A code that no row has, in capitals.
    UnknownCode(String),
}

impl Mention {
    /// The row of the table; nothing for a code that is in none.
    pub fn cause(&self) -> Option<&'static Cause> {
        match self.what {
            Named::Cause(cause) => Some(cause),
            Named::UnknownCode(_) => None,
        }
    }
}

/// A mention before it is known which count.
struct Hit {
    what: Named,
    /// Our own message's name goes before elements of `error_codes`, and these before everything else.
    rank: usize,
    at: usize,
    /// How many letters speak for it.
    weight: usize,
}

const LONGEST_ANSWER: usize = 64 * 1024;
/// The codes of the services have at most seven digits.
const LONGEST_NUMBER: usize = 10;

/// The cause that a text speaks of first: by the name at the end of our own message, by a code, or by what the services say
/// without one.
pub fn find_in(text: &str) -> Option<&'static Cause> {
    // Answers of services are short; a long one must not cost time.
    let text = &text[..text.floor_char_boundary(LONGEST_ANSWER)];
    mentions(text).iter().find_map(Mention::cause)
}

/// The cause whose code a text names first; the elements of Entra's `error_codes` go before all others.
pub fn named_in(text: &str) -> Option<&'static Cause> {
    codes(&text.to_ascii_lowercase()).iter().find_map(|(_, _, code)| with_code(code))
}

/// What a text speaks of, each once, in its order. Codes silence what is said without one, and what is certain silences hints.
pub fn mentions(text: &str) -> Vec<Mention> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Hit> = codes(&lower).into_iter().map(|(rank, at, code)| coded(rank, at, &code)).collect();
    let silent = found.iter().any(|hit| match &hit.what {
        Named::Cause(_) => true,
        Named::UnknownCode(code) => code.starts_with("AADSTS"),
    });
    let at_a_code = |sign: &Hit| found.iter().any(|code| code.at == sign.at);
    let (mut refined, signs): (Vec<Hit>, Vec<Hit>) = signs_in(&lower).into_iter().partition(at_a_code);
    let hint = if found.is_empty() && signs.is_empty() { best_hint(&lower) } else { None };
    found.append(&mut refined);
    if !silent {
        found.extend(signs);
    }
    found.extend(hint);
    found.extend(own_name(&lower));
    found.sort_by_key(|hit| (hit.rank, hit.at, Reverse(hit.weight)));
    // What stands at one place is one thing: the most exact sign of it.
    found.dedup_by_key(|hit| (hit.rank, hit.at));
    let mut mentions: Vec<Mention> = Vec::new();
    for Hit { what, at, .. } in found {
        if mentions.iter().all(|earlier| earlier.what != what) {
            mentions.push(Mention { what, at });
        }
    }
    mentions
}

fn coded(rank: usize, at: usize, code: &str) -> Hit {
    let what = with_code(code).map_or_else(|| Named::UnknownCode(code.to_ascii_uppercase()), Named::Cause);
    Hit { what, rank, at, weight: code.len() }
}

/// What our own messages end with.
fn own_name(lower: &str) -> Option<Hit> {
    const BEFORE: &str = "troubleshooting: ";
    let at = lower.find(BEFORE)?;
    let name = lower[at + BEFORE.len()..].split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    Some(Hit { what: Named::Cause(by_name(name)?), rank: 0, at, weight: name.len() })
}

/// Codes with their ranks and places, in order.
fn codes(lower: &str) -> Vec<(usize, usize, String)> {
    const LIST: &str = "error_codes";
    let mut codes = Vec::new();
    for (at, _) in lower.match_indices(LIST) {
        // A relay may write the numbers, or the whole list, as a text; it may escape the marks around it.
        let marks = |c: char| c.is_ascii_whitespace() || "\\\":=".contains(c);
        let Some(list) = lower[at + LIST.len()..].trim_start_matches(marks).strip_prefix('[') else { continue };
        let end = list.find(|c: char| !c.is_ascii_digit() && !"[],\\\" \t\r\n".contains(c)).unwrap_or(list.len());
        let numbers = list[..end]
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| (1..=LONGEST_NUMBER).contains(&number.len()));
        for number in numbers.take(16) {
            codes.push((codes.len() + 1, at, format!("aadsts{number}")));
        }
    }
    for prefix in ["aadsts", "tf", "vs"] {
        for (at, _) in lower.match_indices(prefix) {
            let end = at + prefix.len() + lower[at + prefix.len()..].bytes().take_while(u8::is_ascii_digit).count();
            let inside = |c: char| c.is_ascii_alphanumeric();
            let whole = !lower[..at].ends_with(inside) && !lower[end..].starts_with(inside);
            // Shorter numbers are years and versions.
            if whole && (5..=LONGEST_NUMBER).contains(&(end - at - prefix.len())) {
                codes.push((UNLISTED, at, lower[at..end].to_owned()));
            }
        }
    }
    codes.sort();
    codes
}

/// Where signs are found.
fn signs_in(lower: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for cause in all() {
        for sign in cause.signs {
            let weight = sign.iter().map(|word| word.len()).sum();
            let hit = |at| Hit { what: Named::Cause(cause), rank: UNLISTED, at, weight };
            hits.extend(place(lower, sign).map(hit));
        }
    }
    hits
}

/// Hints describe one answer together: the one of most words counts, of equals the one that comes first in a run.
fn best_hint(lower: &str) -> Option<Hit> {
    let mut hints: Vec<(&'static Cause, Sign)> =
        all().flat_map(|cause| cause.hints.iter().map(move |hint| (cause, *hint))).collect();
    hints.sort_by_key(|(_, hint)| Reverse(hint.len()));
    hints.into_iter().find_map(|(cause, hint)| {
        Some(Hit { what: Named::Cause(cause), rank: UNLISTED, at: place(lower, hint)?, weight: 0 })
    })
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
        let cut_before = before.ends_with(inside) && word.starts_with(inside);
        let cut_after = after.starts_with(inside) && word.ends_with(inside);
        !cut_before && !cut_after
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
        assert_eq!(mentions("error_codes: none, 90002"), []);
    }
}
