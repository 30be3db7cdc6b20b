//! What the clients leave to their language: what is blank, and what JSON is as a string.

use serde_json::Value;

/// What `\s` and `trim()` take for blank: Unicode's spaces and the byte-order mark, but not U+0085, which Rust's `trim` takes
/// (ECMA-262, "White Space" and "Line Terminators").
pub(super) fn is_blank(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// A text without the blanks at its ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Whether it begins and ends with this sign, which may be one and the same.
pub(super) fn is_quoted_with(text: &str, quote: char) -> bool {
    text.starts_with(quote) && text.ends_with(quote)
}

/// A value as the string that the language makes of it.
pub(super) struct Parsed {
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What a value was before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Text,
    List,
    /// An object, or `null`, which is one for the language.
    Object,
    Other,
}

/// Reads JSON, or nothing where `JSON.parse` would throw.
pub(super) fn from_json(text: &str) -> Option<Parsed> {
    let value: Value = serde_json::from_str(&without_halves(text)).ok()?;
    let kind = match value {
        Value::String(_) => Kind::Text,
        Value::Array(_) => Kind::List,
        Value::Object(_) | Value::Null => Kind::Object,
        _ => Kind::Other,
    };
    // Read anew, since serde_json's quick way to read a number may be off by its last digit.
    let text = match &value {
        Value::Number(_) => number_as_text(text.trim().parse().unwrap_or_default()),
        value => as_text(value),
    };
    Some(Parsed { text, kind })
}

/// `String(value)`.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_as_text(number.as_f64().unwrap_or_default()),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| if item.is_null() { String::new() } else { as_text(item) };
            items.iter().map(item).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// ECMA-262, `Number::toString`: the shortest digits, with an exponent from 1e21 on and below 1e-6.
fn number_as_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{:e}", value.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // The place of the point, counted from the first digit.
    let point = usize::try_from(exponent + 1).unwrap_or_default();
    let text = match exponent {
        21.. | ..=-7 => {
            let (first, rest) = digits.split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{first}{fraction}e{exponent:+}")
        }
        ..0 => format!("0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or_default())),
        _ if point >= digits.len() => format!("{digits:0<point$}"),
        _ => format!("{}.{}", &digits[..point], &digits[point..]),
    };
    if value < 0.0 { format!("-{text}") } else { text }
}

/// The text with U+FFFD for each escape of half a character, which JavaScript's strings may hold and ours may not.
fn without_halves(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..).and_then(|rest| rest.strip_prefix(r"\u")).and_then(|rest| rest.get(..4))?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(before) = rest.find('\\') {
        result.push_str(&rest[..before]);
        rest = &rest[before..];
        let at = text.len() - rest.len();
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                result.push_str(r"\ufffd");
                rest = &rest[6..];
                continue;
            }
            // An escape of any other kind is a backslash and a character.
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        result.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_javascripts() {
        assert_eq!(trim("\u{feff}\u{a0}\u{2028}\t a \u{3000}\u{b}"), "a");
        for kept in ["\u{85}a\u{85}", "\u{180e}a", "a\u{200b}", "\u{fffd}a"] {
            assert_eq!(trim(kept), kept);
        }
    }

    #[test]
    fn json_becomes_the_string_that_node_makes_of_it() {
        for (json, expected) in [
            (r#""a\u0041\ud83d\ude00""#, "aA😀"),
            (r#""\ud800\ud83d\ude00\udc00x""#, "\u{fffd}😀\u{fffd}x"),
            (r#""\\ud800""#, r"\ud800"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("123456789012345680000", "123456789012345680000"),
            ("1.50", "1.5"),
            ("-0", "0"),
            ("-12.5e-3", "-0.0125"),
            ("0.000001", "0.000001"),
            ("0.00000012", "1.2e-7"),
            ("[1,null,[true,\"x\"],{}]", "1,,true,x,[object Object]"),
            ("null", "null"),
        ] {
            assert_eq!(from_json(json).map(|parsed| parsed.text).as_deref(), Some(expected), "{json}");
        }
        for broken in ["", "\"", "\"\t\"", "01", "\"\\x41\"", "\u{a0}1"] {
            assert!(from_json(broken).is_none(), "{broken}");
        }
    }
}
