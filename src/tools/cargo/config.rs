//! cargo's configuration files.
//!
//! (<https://doc.rust-lang.org/cargo/reference/config.html>; `include` is read since cargo 1.94.)

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use crate::edit::text::Lines;
use crate::host::Host;
use crate::tools::reading::{SourceFile, Unparsable};
use crate::tools::tables::{self, Value, tables, text};

/// What a configuration file says, each with its line.
#[derive(Debug, Default)]
pub struct Config {
    /// The addresses of registries and sources, with the names of the registries.
    pub indexes: Vec<(Option<String>, String, usize)>,
    /// The registries that name a credential provider of their own.
    pub providers: Vec<(String, usize)>,
    /// Whether it lists credential providers for all registries.
    pub lists_providers: bool,
    /// Settings that lead every credential elsewhere, in a clause.
    pub perils: Vec<(&'static str, usize)>,
    /// Further files that it includes, by their paths.
    pub includes: Vec<PathBuf>,
}

/// A file that cargo cannot read either.
pub struct Unread(pub Unparsable);

impl Config {
    /// Takes a file apart.
    pub fn parse(file: &SourceFile, host: &Host) -> Result<Self, Unread> {
        let table = tables::parse(file).map_err(Unread)?;
        let root = table.get_ref();
        let lines = Lines::of(&file.text.body);
        let mut config = Self { includes: includes(root, file), ..Self::default() };
        for (name, registry) in tables(root, "registries") {
            if let Some((url, line)) = text(registry, "index", &lines) {
                config.indexes.push((Some(name.to_owned()), url, line));
            }
            if let Some(provider) = registry.get("credential-provider") {
                config.providers.push((name.to_owned(), lines.at(provider.span().start)));
            }
        }
        for (_, source) in tables(root, "source") {
            config.indexes.extend(text(source, "registry", &lines).map(|(url, line)| (None, url, line)));
        }
        let registry = root.get("registry").and_then(|registry| registry.get_ref().as_table());
        config.lists_providers = registry.is_some_and(|registry| registry.get("global-credential-providers").is_some());
        if let Some(http) = root.get("http").and_then(|http| http.get_ref().as_table()) {
            config.perils.extend(perils(http, host, &lines));
        }
        Ok(config)
    }
}

/// Settings by which others can read the traffic. A variable of the job goes before a file (measured with cargo 1.95).
fn perils(http: &DeTable<'_>, host: &Host, lines: &Lines) -> Vec<(&'static str, usize)> {
    const PROXY: &str = "sends cargo's traffic through a proxy that the job does not set";
    const AUTHORITY: &str = "makes cargo trust a certificate authority that the job does not set";
    let settings = [
        ("proxy", "CARGO_HTTP_PROXY", PROXY),
        ("cainfo", "CARGO_HTTP_CAINFO", AUTHORITY),
        ("proxy-cainfo", "CARGO_HTTP_PROXY_CAINFO", AUTHORITY),
    ];
    let found = settings.into_iter().filter_map(|(key, variable, what)| {
        let (value, line) = text(http, key, lines)?;
        let is_the_jobs = host.variable(variable).is_some() || key == "proxy" && is_own_proxy(&value, host);
        (!value.is_empty() && !is_the_jobs).then_some((what, line))
    });
    found.collect()
}

/// Whether the agent or the pipeline sends everything through this proxy anyway.
fn is_own_proxy(value: &str, host: &Host) -> bool {
    let bare = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "AGENT_PROXYURL"]
        .iter()
        .any(|name| host.variable_in_any_case(name).is_some_and(|own| bare(own) == bare(value)))
}

/// Paths count from the folder of the file that includes them.
fn includes(root: &DeTable<'_>, file: &SourceFile) -> Vec<PathBuf> {
    let Some(include) = root.get("include") else { return Vec::new() };
    let folder = file.source.path.parent().unwrap_or(&file.source.path);
    let listed = include.get_ref().as_array().into_iter().flat_map(|items| items.iter());
    let path = |item: &Value<'_>| {
        let path = match item.get_ref() {
            DeValue::Table(table) => table.get("path")?.get_ref().as_str()?.to_owned(),
            other => other.as_str()?.to_owned(),
        };
        Some(folder.join(path))
    };
    listed.filter_map(path).chain(path(include)).collect()
}
