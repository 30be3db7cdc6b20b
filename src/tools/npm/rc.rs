//! Settings of npm, pnpm and yarn 1, whatever the file: `.npmrc` and what is named like one, `.yarnrc`, `pnpm-workspace.yaml`.

use std::path::PathBuf;

use crate::edit::npmrc;
use crate::host::Host;
use crate::tools::reading::{Origin, Source, SourceFile};

/// The settings of a file, in their order.
#[derive(Debug)]
pub struct Rc(pub Vec<Line>);

/// A setting.
#[derive(Debug)]
pub struct Line {
    /// Its key, as npm spells it.
    pub key: String,
    /// Its value, references not replaced.
    pub value: String,
    /// The line's number, from 1.
    pub number: usize,
}

const YARN: &str = ".yarnrc";
const PNPM: &str = "pnpm-workspace.yaml";

/// Whether a file of this name may be an rc file: scripts copy `release.npmrc` and `.npmrc-publish` into place.
pub fn is_rc(name: &str) -> bool {
    name.contains(".npmrc") || [YARN, PNPM].contains(&name)
}

/// Settings that say through whom the traffic goes, or whom it trusts.
const TRUST: &[&str] = &["ca", "cafile"];
const PROXIES: &[&str] = &["proxy", "http-proxy", "https-proxy"];

impl Rc {
    /// Reads a file.
    pub fn parse(file: &SourceFile, host: &Host) -> Self {
        let text = &file.text.body;
        let lines: Vec<Line> = match file.name() {
            YARN if file.source.origin != Origin::User => yarn(text),
            PNPM if file.source.origin != Origin::User => pnpm(text),
            _ => npmrc::assignments(&file.text)
                .map(|found| Line { key: found.key, value: found.value, number: found.line })
                .collect(),
        };
        let with_key = |line: Line| Line { key: npmrc::expand(&line.key, |name| host.variable(name)), ..line };
        Self(lines.into_iter().map(with_key).collect())
    }

    /// The rc files that this one points to.
    pub fn further_files(&self, source: &Source) -> Vec<PathBuf> {
        let Some(folder) = source.path.parent().filter(|_| source.origin != Origin::User) else { return Vec::new() };
        let file = |line: &Line| match line.key.as_str() {
            "globalconfig" => Some(folder.join(&line.value)),
            "prefix" => Some(folder.join(&line.value).join("etc").join("npmrc")),
            _ => None,
        };
        self.0.iter().filter_map(file).collect()
    }
}

impl Line {
    /// The value with what `${VAR}` stands for in a later step.
    pub fn expanded(&self, host: &Host) -> String {
        npmrc::expand(&self.value, |name| host.variable(name))
    }

    /// Whether it names a registry.
    pub fn is_registry(&self) -> bool {
        self.key == "registry" || (self.key.starts_with('@') && self.key.ends_with(":registry"))
    }

    /// The part of the key before a credential's name, `//host/path/`.
    pub fn prefix(&self) -> Option<(&str, &str)> {
        self.key.strip_prefix("//").and_then(|_| self.key.rsplit_once(':'))
    }

    /// Where the value is sent: to the URL of its key, or to any.
    pub fn receiver(&self, host: &Host) -> String {
        let expand = |prefix: &str| npmrc::expand(prefix, |name| host.variable(name));
        self.prefix().map(|(prefix, _)| format!("https:{}", expand(prefix))).unwrap_or_default()
    }

    /// What it does to every credential, in a clause; nothing where it does nothing.
    pub fn peril(&self, host: &Host) -> Option<String> {
        let value = self.expanded(host);
        let unset = ["", "null", "undefined", "false", "~"].contains(&value.trim());
        let key = self.prefix().map_or(self.key.as_str(), |(_, name)| name);
        if PROXIES.contains(&key) && !unset && !is_own_proxy(&value, host) {
            return Some("sends npm's traffic through a proxy that the job does not set".to_owned());
        }
        if TRUST.contains(&key) && !unset {
            return Some("makes npm trust a certificate authority that the job does not set".to_owned());
        }
        (key == "strict-ssl" && !unset_to_true(&value)).then(|| "switches off the check of certificates".to_owned())
    }
}

/// A blank or absent value leaves the default, which is to check.
fn unset_to_true(value: &str) -> bool {
    ["", "true", "null", "undefined", "~"].contains(&value.trim())
}

/// Whether the agent or the pipeline sends everything through this proxy anyway.
fn is_own_proxy(value: &str, host: &Host) -> bool {
    let same = |name: &&str| host.variable_in_any_case(name).is_some_and(|own| same_address(own, value));
    ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "AGENT_PROXYURL", "NPM_CONFIG_HTTPS_PROXY", "NPM_CONFIG_PROXY"]
        .iter()
        .any(same)
}

fn same_address(one: &str, other: &str) -> bool {
    one.trim().trim_end_matches('/').eq_ignore_ascii_case(other.trim().trim_end_matches('/'))
}

/// yarn 1 writes a key, a blank and a value, each with or without quotes (yarnpkg/yarn, src/lockfile/parse.js).
fn yarn(text: &str) -> Vec<Line> {
    let unquoted = |word: &str| word.trim().trim_matches(['"', '\'']).to_owned();
    let line = |(index, line): (usize, &str)| {
        let line = line.trim();
        let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some(parts) => parts,
            None => line
                .split_once([' ', '\t', ':'])
                .filter(|(key, _)| !key.starts_with('@'))
                .or_else(|| line.split_once(' '))?,
        };
        let value = value.trim_start_matches(':');
        (!line.starts_with('#')).then(|| Line { key: unquoted(key), value: unquoted(value), number: index + 1 })
    };
    text.lines().enumerate().filter_map(line).collect()
}

/// The settings of `pnpm-workspace.yaml` that matter here: `registry`, `registries`, and those of trust, under npm's names
/// (pnpm.io/settings).
fn pnpm(text: &str) -> Vec<Line> {
    let unquoted = |word: &str| word.trim().trim_matches(['"', '\'']).to_owned();
    let mut lines = Vec::new();
    let mut below = String::new();
    for (index, line) in text.lines().enumerate() {
        let bare = line.split(" #").next().unwrap_or_default();
        let Some((key, value)) = parted(bare.trim()) else { continue };
        let key = unquoted(key);
        if !line.starts_with([' ', '\t']) {
            below.clone_from(&key);
        }
        let key = match (below.as_str(), key.as_str()) {
            ("registries", "registries") => continue,
            ("registries", "default") => "registry".to_owned(),
            ("registries", scope) => format!("{scope}:registry"),
            (_, "httpsProxy") => "https-proxy".to_owned(),
            (_, "httpProxy") => "http-proxy".to_owned(),
            (_, "strictSsl") => "strict-ssl".to_owned(),
            (_, other) => other.to_owned(),
        };
        lines.push(Line { key, value: unquoted(value), number: index + 1 });
    }
    lines
}

/// A key and its value: the colon is the first that a blank or the end follows.
fn parted(line: &str) -> Option<(&str, &str)> {
    let at = line
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| line[at + 1..].is_empty() || line[at + 1..].starts_with(' '))?;
    (!line.starts_with('#')).then(|| (&line[..at], &line[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(lines: Vec<Line>) -> Vec<(String, String)> {
        lines.into_iter().map(|line| (line.key, line.value)).collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn yarns_file_is_read() {
        let text = "# x\nregistry \"https://r.example/\"\n\"@a:registry\" \"https://a.example/\"\n@b:registry https://b.example/\nstrict-ssl false\n";
        let wanted = [
            ("registry", "https://r.example/"),
            ("@a:registry", "https://a.example/"),
            ("@b:registry", "https://b.example/"),
            ("strict-ssl", "false"),
        ];
        assert_eq!(pairs(yarn(text)), expected(&wanted));
    }

    #[test]
    fn pnpms_workspace_is_read() {
        let text = "packages: ['.']\nregistries:\n  default: https://r.example/ # x\n  '@a': \"https://a.example/\"\nhttpsProxy: http://p.example:1\n";
        let wanted = [
            ("packages", "['.']"),
            ("registry", "https://r.example/"),
            ("@a:registry", "https://a.example/"),
            ("https-proxy", "http://p.example:1"),
        ];
        assert_eq!(pairs(pnpm(text)), expected(&wanted));
    }

    #[test]
    fn what_opens_the_traffic_to_others_is_a_peril_and_what_the_job_does_itself_is_not() {
        let host = Host {
            environment: [("HTTPS_PROXY".to_owned(), "http://proxy.contoso.example:8080".to_owned())].into(),
            ..Host::default()
        };
        let peril = |key: &str, value: &str| {
            Line { key: key.to_owned(), value: value.to_owned(), number: 1 }.peril(&host).is_some()
        };
        for (key, value) in [
            ("https-proxy", "http://evil.example:8099"),
            ("proxy", "evil.example"),
            ("strict-ssl", "false"),
            ("ca", "-----BEGIN CERTIFICATE-----"),
            ("cafile", "./evil.pem"),
            ("//pkgs.dev.azure.com/:cafile", "./evil.pem"),
        ] {
            assert!(peril(key, value), "{key}={value}");
        }
        for (key, value) in [
            ("https-proxy", "${HTTPS_PROXY}"),
            ("https-proxy", "http://proxy.contoso.example:8080/"),
            ("proxy", "null"),
            ("strict-ssl", "true"),
            ("ca", ""),
            ("noproxy", "evil.example"),
            ("registry", "https://evil.example/"),
        ] {
            assert!(!peril(key, value), "{key}={value}");
        }
    }
}
