//! Settings in YAML: of `.yarnrc.yml`, and of `pnpm-workspace.yaml` (pnpm.io/settings), where `registry`, `registries` and those of
//! trust matter. They go under npm's names.

use saphyr_parser::{Event, Parser};

use super::rc::{Line, MOST_LINES};
use crate::host::Host;

/// What stands for a value that is no text: it is set, whatever it is.
const COMPOUND: &str = "[…]";
const REGISTRIES: &str = "registries";

/// A text in which a client may see settings that cannot be told here.
#[derive(Debug)]
pub struct Unclear;

/// A setting of a YAML file.
#[derive(Debug, PartialEq)]
pub struct Setting {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// Its value; a mark where it is no text.
    pub value: String,
    /// The line on which it stands, from 1.
    pub line: usize,
}

/// Reads the settings of `pnpm-workspace.yaml`.
///
/// # Errors
///
/// As [`entries`].
pub fn settings(text: &str, host: &Host) -> Result<Vec<Line>, Unclear> {
    let line = |Setting { path, value, line }: Setting| {
        let key = match &path[..] {
            [_, name] if name == "default" => "registry".to_owned(),
            [_, scope] => format!("{scope}:registry"),
            [name, ..] => npms(name).to_owned(),
            [] => String::new(),
        };
        Line::new(&key, &value, line, host)
    };
    Ok(entries(text, |path| path == [REGISTRIES])?.into_iter().map(line).collect())
}

/// Reads a file as YAML has it: in whatever style, with escapes undone. The parser's events are taken one by one, so that no depth
/// and no alias costs more than its text. What is in a map counts where `opens` says so of the keys that lead to it.
///
/// # Errors
///
/// Where it is no YAML, has more settings than any file, or takes them from elsewhere in the text.
pub fn entries(text: &str, opens: impl Fn(&[String]) -> bool) -> Result<Vec<Setting>, Unclear> {
    let mut found = Vec::new();
    // The keys that lead to where the parser is; the last one waits for its value.
    let (mut path, mut waits): (Vec<String>, bool) = (Vec::new(), false);
    // How deep it is in maps that count, and how deep below them in what does not.
    let (mut depth, mut beyond) = (0_usize, 0_usize);
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|_| Unclear)?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) if beyond > 0 => beyond += 1,
            Event::MappingEnd | Event::SequenceEnd if beyond > 0 => beyond -= 1,
            Event::Scalar(..) | Event::Alias(_) if beyond > 0 => {}
            Event::MappingStart(..) if depth == 0 || waits && opens(&path) => (depth, waits) = (depth + 1, false),
            Event::MappingStart(..) | Event::SequenceStart(..) if depth == 1 && waits && !opens(&path) => {
                found.push(Setting { path: path.clone(), value: COMPOUND.to_owned(), line: span.start.line() });
                path.pop();
                (beyond, waits) = (1, false);
            }
            Event::MappingEnd => {
                path.pop();
                depth = depth.saturating_sub(1);
            }
            Event::Scalar(value, ..) if waits => {
                found.push(Setting { path: path.clone(), value: value.into_owned(), line: span.start.line() });
                path.pop();
                waits = false;
            }
            // `<<` takes settings from elsewhere.
            Event::Scalar(value, ..) if depth > 0 && value != "<<" => {
                path.push(value.into_owned());
                waits = true;
            }
            // A file of comments only.
            Event::Scalar(value, ..) if depth == 0 && value.is_empty() => {}
            Event::Scalar(..) | Event::Alias(_) | Event::MappingStart(..) | Event::SequenceStart(..) => {
                return Err(Unclear);
            }
            Event::DocumentStart(..) if documents > 0 => return Err(Unclear),
            Event::DocumentStart(..) => documents = 1,
            _ => {}
        }
        if found.len() > MOST_LINES {
            return Err(Unclear);
        }
    }
    Ok(found)
}

/// npm's name of a setting of pnpm's, or of yarn's since 2.
pub fn npms(name: &str) -> &str {
    match name {
        "httpsProxy" => "https-proxy",
        "httpProxy" => "http-proxy",
        "strictSsl" | "enableStrictSsl" => "strict-ssl",
        "caFile" | "caFilePath" | "httpsCaFilePath" => "cafile",
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
