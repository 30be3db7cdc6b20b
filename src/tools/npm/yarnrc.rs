//! yarn 1's `.yarnrc`: keys, a blank or a colon, and a value, in the language of its lock file (yarnpkg/yarn,
//! src/lockfile/parse.js). Nothing is replaced in it.

use super::rc::{Line, MOST_LINES};
use crate::host::Host;

/// Reads a file. Lines that yarn could not read have no effect, since it stops there.
pub fn settings(text: &str, host: &Host) -> Vec<Line> {
    let lines = text.split(['\n', '\r']).enumerate().flat_map(|(index, text)| {
        let (keys, value) = parted(text);
        keys.into_iter().map(move |key| Line::new(&named(&key), &value, index + 1, host))
    });
    lines.take(MOST_LINES + 1).collect()
}

/// The keys of a line, which commas part, and its value.
fn parted(line: &str) -> (Vec<String>, String) {
    let mut rest = line.trim();
    let mut keys = Vec::new();
    if rest.starts_with('#') {
        return (keys, String::new());
    }
    while let Some((key, behind)) = word(rest) {
        keys.push(key);
        rest = behind.trim_start();
        let Some(further) = rest.strip_prefix(',') else { break };
        rest = further.trim_start();
    }
    let value = rest.trim_start_matches([':', ' ', '\t']);
    (keys, word(value).map_or_else(|| value.to_owned(), |(value, _)| value))
}

/// The first word of a text, and what is behind it: a string of JSON, or what stands before a blank, a comma or a colon that ends it.
fn word(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        let mut escaped = false;
        let end = text.char_indices().skip(1).find(|(_, character)| {
            let ends = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        let end = end.map(|(at, _)| at + 1)?;
        let inner = serde_json::from_str(&text[..end]).unwrap_or_else(|_| text[1..end - 1].to_owned());
        return Some((inner, &text[end..]));
    }
    let ends = |(at, character): &(usize, char)| {
        // An address has a colon of its own, and so has `@scope:registry`.
        let next = text[at + 1..].chars().next();
        matches!(character, ' ' | '\t' | ',') || (*character == ':' && next.is_none_or(|next| next == ' '))
    };
    let end = text.char_indices().find(|part| part.1.is_ascii() && ends(part)).map_or(text.len(), |(at, _)| at);
    (end > 0).then(|| (text[..end].trim_matches('\'').to_owned(), &text[end..]))
}

/// A setting's name: an argument of the command line, perhaps for one command only, is one too, as in `--install.registry`.
fn named(key: &str) -> String {
    let argument = key.strip_prefix("--").map(|argument| argument.rsplit('.').next().unwrap_or(argument));
    argument.unwrap_or(key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_yarn_does() {
        let text = "# x\nregistry \"https://r.example/\"\n\"@a:registry\" \"https://a.example/\"\n@b:registry https://b.example/\n\
            strict-ssl false\n--install.https-proxy \"http://p.example:1\"\n\"strict\\u002dssl\" false\n\
            a, \"https-proxy\", b \"http://p\"\nx 1\rcafile: ./ca.pem\n--install.use-yarnrc \"./x.txt\"\n";
        let expected = [
            ("registry", "https://r.example/", 2),
            ("@a:registry", "https://a.example/", 3),
            ("@b:registry", "https://b.example/", 4),
            ("strict-ssl", "false", 5),
            ("https-proxy", "http://p.example:1", 6),
            ("strict-ssl", "false", 7),
            ("a", "http://p", 8),
            ("https-proxy", "http://p", 8),
            ("b", "http://p", 8),
            ("x", "1", 9),
            ("cafile", "./ca.pem", 10),
            ("use-yarnrc", "./x.txt", 11),
        ];
        let lines = settings(text, &Host::default());
        let read: Vec<_> = lines.iter().map(|line| (line.key.as_str(), line.value.as_str(), line.number)).collect();
        assert_eq!(read, expected);
    }
}
