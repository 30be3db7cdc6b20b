//! What a `package.json` says: the addresses of dependencies, and settings for publishing.

use serde_json::Value;

use super::addresses::{Addresses, Schemes, feeds_in_text};
use super::rc::Line;

/// A `package.json`.
#[derive(Debug)]
pub struct Manifest {
    /// Whole addresses, of dependencies and of whatever else.
    pub addresses: Addresses,
    /// What `publishConfig` sets: any setting of an rc file counts there (npm, lib/commands/publish.js).
    pub publish_settings: Vec<Line>,
}

impl Manifest {
    /// Reads a file. The addresses are found whether or not it is JSON.
    pub fn parse(text: &str) -> Self {
        let addresses = feeds_in_text(text, Schemes::Optional);
        let parsed: Value = serde_json::from_str(text).unwrap_or_default();
        let settings = parsed.get("publishConfig").and_then(Value::as_object);
        let line = |(key, value): (&String, &Value)| {
            // Its registry is among the addresses.
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (key != "registry").then(|| Line::literal(key, &value, line_of(text, key)))
        };
        Self { addresses, publish_settings: settings.into_iter().flatten().filter_map(line).collect() }
    }
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
}
