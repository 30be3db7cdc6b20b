//! The settings of `pnpm-workspace.yaml` that matter here: `registry`, `registries`, and those of trust, under npm's names
//! (pnpm.io/settings).

use saphyr_parser::{Event, Parser};

use super::rc::{Line, MOST_LINES};
use crate::host::Host;

/// What stands for a value that is no text: it is set, whatever it is.
const COMPOUND: &str = "[…]";
const REGISTRIES: &str = "registries";

/// A text in which pnpm may see settings that cannot be told here.
#[derive(Debug)]
pub struct Unclear;

/// Reads a file as YAML has it: in whatever style, with escapes undone. The parser's events are taken one by one, so that no depth
/// and no alias costs more than its text.
///
/// # Errors
///
/// Where it is no YAML, has more settings than any file, or takes them from elsewhere in the text.
pub fn settings(text: &str, host: &Host) -> Result<Vec<Line>, Unclear> {
    let mut lines = Vec::new();
    // The keys that wait for their values: at the top level, and below `registries`.
    let (mut key, mut scope): (Option<String>, Option<String>) = (None, None);
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|_| Unclear)?;
        let mut add = |name: &str, value: &str| lines.push(Line::new(name, value, span.start.line(), host));
        let in_registries = depth == 2 && key.as_deref() == Some(REGISTRIES);
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                match (depth, key.as_deref()) {
                    (2, None) => return Err(Unclear),
                    (2, Some(name)) if name != REGISTRIES => {
                        add(npms(name), COMPOUND);
                        key = None;
                    }
                    _ if in_registries => return Err(Unclear),
                    _ => {}
                }
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    (key, scope) = (None, None);
                }
            }
            Event::Scalar(value, ..) if depth == 1 || in_registries => {
                let waiting = if in_registries { &mut scope } else { &mut key };
                match waiting.take() {
                    // It takes settings from elsewhere.
                    None if value == "<<" => return Err(Unclear),
                    None => *waiting = Some(value.into_owned()),
                    Some(name) if !in_registries => add(npms(&name), &value),
                    Some(name) if name == "default" => add("registry", &value),
                    Some(name) => add(&format!("{name}:registry"), &value),
                }
            }
            Event::Alias(_) if depth == 1 || in_registries => return Err(Unclear),
            _ => {}
        }
        if lines.len() > MOST_LINES {
            return Err(Unclear);
        }
    }
    Ok(lines)
}

/// npm's name of one of pnpm's settings.
fn npms(name: &str) -> &str {
    match name {
        "httpsProxy" => "https-proxy",
        "httpProxy" => "http-proxy",
        "strictSsl" => "strict-ssl",
        "caFile" => "cafile",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        let lines = settings(text, &Host::default()).unwrap();
        lines.into_iter().map(|line| (line.key, line.value, line.number)).collect()
    }

    #[test]
    fn settings_are_read_in_every_style() {
        let text = "packages: ['.']\nregistries:\n  default: https://r.example/ # x\n  '@a': \"https://a.example/\"\nhttpsProxy: http://p.example:1\n";
        let expected = [
            ("packages", COMPOUND, 1),
            ("registry", "https://r.example/", 3),
            ("@a:registry", "https://a.example/", 4),
            ("https-proxy", "http://p.example:1", 5),
        ];
        assert_eq!(read(text), expected.map(|(key, value, line)| (key.to_owned(), value.to_owned(), line)));
        for text in [
            "httpsProxy:\n  http://p\nstrictSsl:\n  false\n",
            "{httpsProxy: \"http://p\", strictSsl: false}",
            "\"https\\x50roxy\": http://p\n\"strict\\x53sl\": false\n",
            "x: 1\rhttpsProxy: http://p\rstrictSsl: false\r",
            "? httpsProxy\n: http://p\n? strictSsl\n: !!bool false\n",
            "catalog: {httpsProxy: no, a: [b, {c: d}]}\nhttpsProxy: &p http://p\nstrictSsl: |\n  false\n",
        ] {
            let found = read(text);
            let has = |key: &str, value: &str| found.iter().any(|line| line.0 == key && line.1.trim() == value);
            assert!(has("https-proxy", "http://p") && has("strict-ssl", "false"), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_unclear_and_nothing_is_nothing() {
        for text in [
            "a: &a {httpsProxy: http://p}\n<<: *a\n",
            "a: &a http://p\nhttpsProxy: *a\n",
            "registries: {default: [x]}",
            "? [httpsProxy]\n: x\n",
            "a: [",
            "a: b: c\n",
        ] {
            assert!(settings(text, &Host::default()).is_err(), "{text}");
        }
        for text in ["", "# x\n", "packages:\n  - .\n"] {
            assert!(read(text).iter().all(|line| line.0 == "packages"), "{text}");
        }
        let deep = "[".repeat(200_000);
        assert!(settings(&format!("a: {deep}"), &Host::default()).is_err());
    }
}
