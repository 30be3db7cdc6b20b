//! What a `package.json` says: the addresses of dependencies, and settings for publishing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::addresses::{Addresses, Schemes, feeds_in_text};
use super::classic;
use super::rc::Line;
use super::spelling::each_stretch;

/// A `package.json`, or what pnpm takes for one: `package.json5`, `package.yaml`.
#[derive(Debug)]
pub struct Manifest {
    /// Whole addresses, of dependencies and of whatever else.
    pub addresses: Addresses,
    /// The registry that `publishConfig` names, and its line.
    pub publish_registry: Option<(String, usize)>,
    /// What else `publishConfig` sets: any setting of an rc file counts there (npm, lib/commands/publish.js).
    pub publish_settings: Vec<Line>,
    /// The hosts that it names, as those of a lock file of yarn 1's.
    pub hosts: BTreeSet<String>,
    /// Whether it may set more there that cannot be told here.
    pub is_unclear: bool,
}

/// A manifest's part that matters; the rest takes no memory.
#[derive(Deserialize)]
struct Publishing {
    #[serde(rename = "publishConfig")]
    settings: Option<Value>,
}

const PUBLISHING: &str = "publishConfig";
/// No manifest that somebody wrote is larger.
const LARGEST_PARSED_BYTES: usize = 1024 * 1024;

impl Manifest {
    /// Reads a file. The addresses are found whether or not it is JSON.
    pub fn parse(text: &str) -> Self {
        let addresses = feeds_in_text(text, Schemes::Optional);
        let (publish_registry, publish_settings, is_unclear) = (None, Vec::new(), false);
        let mut manifest =
            Self { addresses, publish_registry, publish_settings, hosts: classic::named(text), is_unclear };
        if !names_publishing(text) {
            return manifest;
        }
        let small = Some(text).filter(|text| text.len() <= LARGEST_PARSED_BYTES);
        let parsed = small.and_then(|text| serde_json::from_str::<Publishing>(text).ok());
        let Some(Publishing { settings }) = parsed else {
            manifest.is_unclear = true;
            return manifest;
        };
        let line = |(key, value): (&String, &Value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (key != "registry").then(|| Line::literal(key, &value, line_of(text, key)))
        };
        let settings = settings.as_ref().and_then(Value::as_object);
        let registry = settings.and_then(|settings| settings.get("registry")?.as_str());
        manifest.publish_registry = registry.map(|url| (url.to_owned(), line_of(text, PUBLISHING)));
        manifest.publish_settings = settings.into_iter().flatten().filter_map(line).collect();
        manifest
    }
}

/// Whether a text has that name, in any spelling.
fn names_publishing(text: &str) -> bool {
    let mut found = false;
    let finder = memchr::memmem::Finder::new(PUBLISHING);
    each_stretch(text, |stretch| found = found || finder.find(stretch.bytes).is_some());
    found
}

fn line_of(text: &str, key: &str) -> usize {
    let at = text.find(&format!("\"{key}\"")).unwrap_or_default();
    1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_for_publishing_are_read() {
        let text = "{\n\"name\": \"x\",\n\"publishConfig\": {\"registry\": \"https://r.example/\",\n\"strict-ssl\": false, \"https-proxy\": \"http://p\"}}";
        let lines = Manifest::parse(text).publish_settings;
        let mut read: Vec<(&str, &str, usize)> =
            lines.iter().map(|line| (line.key.as_str(), line.value.as_str(), line.number)).collect();
        read.sort_unstable();
        assert_eq!(read, [("https-proxy", "http://p", 4), ("strict-ssl", "false", 4)]);
        assert!(Manifest::parse("no JSON").publish_settings.is_empty());
    }

    #[test]
    fn what_clients_may_read_and_we_cannot_is_unclear() {
        let settings = "\"publishConfig\": {\"strict-ssl\": false}";
        for rest in ["\"n\": 1e999", "\"d\": \"\\ud800\"", &format!("\"a\": {}{}", "[".repeat(130), "]".repeat(130))] {
            let manifest = Manifest::parse(&format!("{{{rest}, {settings}}}"));
            assert!(manifest.is_unclear || !manifest.publish_settings.is_empty(), "{rest}");
        }
        for text in [
            "publishConfig:\n  strict-ssl: false\n".to_owned(),
            "{publishConfig: {'strict-ssl': false}}".to_owned(),
            "{\"publish\\u0043onfig\": {}, \"x\": }".to_owned(),
            format!("\u{feff}{{{settings}}}"),
            format!("{{{settings}, {settings}}}"),
            format!("{{{settings}, \"x\": \"{}\"}}", "x".repeat(LARGEST_PARSED_BYTES)),
        ] {
            assert!(Manifest::parse(&text).is_unclear, "{}", &text[..40.min(text.len())]);
        }
        for text in ["{\"n\": 1e999}", "no JSON", "name: x\n", "{\"publishConfig\": {\"access\": \"public\"}}"] {
            assert!(!Manifest::parse(text).is_unclear, "{text}");
        }
    }
}
