//! What people paste: logs with colours, bodies with JSON's escapes, headers with a URL's.

use regex_lite::{Captures, Regex};

use super::facts::pattern;
use crate::diagnosis::first_sentence;

/// The text without colours and escapes. Line breaks stay.
pub fn plain(text: &str) -> String {
    let text = pattern(r"\x1b\[[0-9;?]*[A-Za-z]").map_or(text.into(), |colour| colour.replace_all(text, ""));
    let text = pattern(r#"\\(?:u00([0-7][0-9A-Fa-f])|([nrt"/]))"#)
        .map_or(text.clone(), |escape: Regex| escape.replace_all(&text, unescaped).into_owned().into());
    text.lines().map(with_decoded_header).collect::<Vec<_>>().join("\n")
}

fn unescaped(escape: &Captures<'_>) -> String {
    let letter = match (escape.get(1), escape.get(2).map(|letter| letter.as_str())) {
        (Some(number), _) => u8::from_str_radix(number.as_str(), 16).map_or(' ', char::from),
        (None, Some("\"")) => '"',
        (None, Some("/")) => '/',
        (None, _) => '\n',
    };
    letter.to_string()
}

/// Azure DevOps encodes the text of this header as in a URL.
fn with_decoded_header(line: &str) -> String {
    const HEADER: &str = "x-tfs-serviceerror:";
    let Some(at) = line.to_ascii_lowercase().find(HEADER) else { return line.to_owned() };
    let (name, value) = line.split_at(at + HEADER.len());
    let query = format!("t={}", value.trim());
    let decoded = url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned());
    format!("{name} {}", decoded.collect::<Vec<_>>().join("&"))
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
        assert_eq!(
            plain("a\nX-TFS-ServiceError: VS403463%3a+The%20policy\r\nb"),
            "a\nX-TFS-ServiceError: VS403463: The policy\nb"
        );
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
