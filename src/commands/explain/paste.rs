//! What people paste: logs with colours and the agent's times, bodies with JSON's escapes, headers with a URL's.

use std::borrow::Cow;

use regex_lite::Captures;

use super::facts::pattern;
use crate::diagnosis::first_sentence;

/// A line without the agent's time, colours and escapes. Where an escape was the end of a line, there is one.
pub fn plain(line: &str) -> Cow<'_, str> {
    let mut line: Cow<'_, str> = without_time(line.trim_start_matches('\u{feff}')).into();
    if line.contains(['\x1b', '\u{9b}']) {
        line = without_colours(&line).into();
    }
    if line.contains('\\') {
        line = unescaped(&line).into();
    }
    match with_decoded_header(&line) {
        Some(decoded) => decoded.into(),
        None => line,
    }
}

/// The agent begins each line of its files and of the download with a time: `2026-01-01T10:00:00.1234567Z `.
fn without_time(line: &str) -> &str {
    let is_time = |time: &str| {
        let form = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            19 => byte == b'.' || byte == b'Z',
            _ => byte.is_ascii_digit() || at > 19,
        };
        time.len() >= 20 && time.ends_with('Z') && time.bytes().enumerate().all(form)
    };
    match line.split_once(' ') {
        Some((time, rest)) if is_time(time) => rest,
        _ => line,
    }
}

fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' if letters.peek() == Some(&'[') => _ = letters.find(char::is_ascii_alphabetic),
            '\u{9b}' => _ = letters.find(char::is_ascii_alphabetic),
            _ => plain.push(letter),
        }
    }
    plain
}

fn unescaped(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        plain += before;
        let number = after.strip_prefix("u00").and_then(|number| u8::from_str_radix(number.get(..2)?, 16).ok());
        let (letter, length) = match (after.as_bytes().first(), number) {
            (_, Some(number)) if number < 0x80 => (char::from(number), 5),
            (Some(b'n' | b'r'), _) => ('\n', 1),
            (Some(b't'), _) => (' ', 1),
            (Some(b'"'), _) => ('"', 1),
            (Some(b'/'), _) => ('/', 1),
            _ => ('\\', 0),
        };
        plain.push(letter);
        rest = &after[length..];
    }
    plain + rest
}

/// Azure DevOps encodes the text of this header as in a URL.
fn with_decoded_header(line: &str) -> Option<String> {
    const HEADER: &str = "x-tfs-serviceerror:";
    let at = line.to_ascii_lowercase().find(HEADER)?;
    let (name, value) = line.split_at(at + HEADER.len());
    let query = format!("t={}", value.trim());
    let decoded = url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned());
    Some(format!("{name} {}", decoded.collect::<Vec<_>>().join("&")))
}

/// The step that begins with a line of a job's log.
pub fn step(line: &str) -> Option<&str> {
    Some(line.split_once("##[section]Starting: ")?.1.trim())
}

/// A number alone, as an `AADSTS` code.
pub fn bare_number(text: &str) -> Option<String> {
    let text = text.trim_matches(['[', ']']);
    ((4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("AADSTS{text}"))
}

/// The service's first sentence after a code, without anything that may be a token.
pub fn sentence_after(text: &str, code: &str) -> Option<String> {
    let at = text.to_ascii_uppercase().find(code)? + code.len();
    let line = text[at..].lines().next()?.trim_start_matches([':', ' ']);
    let sentence = first_sentence(line.split('"').next()?);
    let opaque = pattern(r"eyJ[\w.-]*|[A-Za-z0-9_~.+=-]{32,}")?;
    let guid = pattern(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.?$")?;
    let shown =
        opaque.replace_all(
            &sentence,
            |run: &Captures<'_>| {
                if guid.is_match(&run[0]) { run[0].to_owned() } else { "***".to_owned() }
            },
        );
    (shown.len() > 3).then(|| shown.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_colours_go() {
        assert_eq!(plain("\x1b[31mTF400813\x1b[0m"), "TF400813");
        assert_eq!(
            plain(r#"{\"message\":\"need \u0027ReadPackages\u0027\r\nTrace"#),
            "{\"message\":\"need 'ReadPackages'\n\nTrace"
        );
        assert_eq!(plain("X-TFS-ServiceError: VS403463%3a+The%20policy\r"), "X-TFS-ServiceError: VS403463: The policy");
        assert_eq!(plain("\u{feff}2026-01-01T10:00:01.1234567Z \x1b[1mx\\y"), "x\\y");
        assert_eq!(plain("2026-01-01 10:00:01Z x"), "2026-01-01 10:00:01Z x");
    }

    #[test]
    fn no_token_is_in_a_sentence() {
        let said = |text: &str| sentence_after(text, "AADSTS99999");
        assert_eq!(said("x AADSTS99999: It is so. Trace ID: y").as_deref(), Some("It is so."));
        assert_eq!(said("AADSTS99999: bad eyJhbGciOi.eyJzdWIi.sig here").as_deref(), Some("bad *** here"));
        let secret = "a".repeat(40);
        assert_eq!(said(&format!("AADSTS99999: bad {secret} here")).as_deref(), Some("bad *** here"));
        assert_eq!(said("AADSTS99999"), None);
    }
}
