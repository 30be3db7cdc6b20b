//! `bunfig.toml`: registries and trust in `[install]`, under npm's names (bun.sh/docs/runtime/bunfig).

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rc::Line;
use crate::edit::text::Lines;
use crate::host::Host;

/// The file's name.
pub const NAME: &str = "bunfig.toml";
/// A longer file is none that anybody wrote, and its values would take a hundred times as much.
const LARGEST_BYTES: usize = 1024 * 1024;

/// What it sets.
///
/// # Errors
///
/// Where it is too long, or no TOML: what bun makes of it cannot be told.
pub fn settings(text: &str, host: &Host) -> Result<Vec<Line>, &'static str> {
    if text.len() > LARGEST_BYTES {
        return Err("it is larger than 1 MiB");
    }
    let table = DeTable::parse(text).map_err(|_| "it is not TOML")?;
    let mut found = Settings { lines: Lines::of(text), found: Vec::new(), host };
    let Some(install) = table.get_ref().get("install").and_then(|install| install.get_ref().as_table()) else {
        return Ok(found.found);
    };
    for (name, value) in install {
        match name.get_ref().as_ref() {
            "registry" => found.registry("registry", value),
            "scopes" => {
                for (scope, value) in value.get_ref().as_table().into_iter().flatten() {
                    found.registry(&format!("@{}:registry", scope.get_ref().trim_start_matches('@')), value);
                }
            }
            key @ ("ca" | "cafile") => found.add(key, value.get_ref().as_str().unwrap_or("[…]"), value),
            _ => {}
        }
    }
    Ok(found.found)
}

struct Settings<'h> {
    lines: Lines,
    found: Vec<Line>,
    host: &'h Host,
}

impl Settings<'_> {
    /// A registry: its address, or a table with that and a credential.
    fn registry(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        let table = value.get_ref().as_table();
        let text =
            |name: &str| table.and_then(|table| table.get(name)).filter(|value| value.get_ref().as_str().is_some());
        let address = if table.is_some() { text("url") } else { Some(value) };
        let Some(url) = address.and_then(|value| value.get_ref().as_str()) else { return };
        self.add(key, url, value);
        let prefix = url.trim_start_matches("https:").trim_end_matches('/');
        for (name, of_npm) in [("token", "_authToken"), ("password", "_password"), ("username", "username")] {
            if let Some(secret) = text(name) {
                let value = secret.get_ref().as_str().unwrap_or_default();
                self.add(&format!("{prefix}/:{of_npm}"), value, secret);
            }
        }
    }

    /// bun's references have no braces: `$NAME`.
    fn add(&mut self, key: &str, value: &str, at: &Spanned<DeValue<'_>>) {
        let reference = value.strip_prefix('$').filter(|name| !name.starts_with('{'));
        let value = reference.map_or_else(|| value.to_owned(), |name| format!("${{{name}}}"));
        self.found.push(Line::new(key, &value, self.lines.at(at.span().start), self.host));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_and_trust_are_read_in_both_forms() {
        let text = "telemetry = false\n[install]\nregistry = \"https://r.example/\"\ncafile = \"./ca.pem\"\n[install.scopes]\n\
                    a = \"https://a.example\"\n\"@b\" = { url = \"https://b.example/x/\", token = \"$TOKEN\" }\n";
        let lines = settings(text, &Host::default()).unwrap();
        let mut read: Vec<(&str, &str, usize)> =
            lines.iter().map(|line| (line.key.as_str(), line.value.as_str(), line.number)).collect();
        read.sort_by_key(|line| line.2);
        let expected = [
            ("registry", "https://r.example/", 3),
            ("cafile", "./ca.pem", 4),
            ("@a:registry", "https://a.example", 6),
            ("@b:registry", "https://b.example/x/", 7),
            ("//b.example/x/:_authToken", "${TOKEN}", 7),
        ];
        assert_eq!(read, expected);
        assert!(settings("[install", &Host::default()).is_err());
        assert!(settings("", &Host::default()).unwrap().is_empty());
    }
}
