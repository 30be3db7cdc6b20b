//! Files of clients that ask by pip's ways: Pipenv and hatch start pip (hatch uv as well), and PDM starts the program `keyring` by itself
//! (measured with Pipenv 2026.10, hatch 1.18, PDM 2.29).

use toml::de::DeTable;

use super::Python;
use super::addresses::items;
use super::files::{Found, Spot, TRUST, UNCHECKED, may_be_azure};
use crate::edit::text::Lines;
use crate::reach::Role;
use crate::tools::tables::{table, tables, text};

/// Sources of a `Pipfile`, and of PDM's below `tool.pdm` in `pyproject.toml`.
pub fn sources(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    let sources = root.get("source").and_then(|source| source.get_ref().as_array());
    for source in sources.into_iter().flat_map(|all| all.iter()).filter_map(|source| source.get_ref().as_table()) {
        one(source, lines, found);
    }
}

/// Settings in `pdm.toml`: the usual index, and further ones by name.
pub fn pdm(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    if let Some(usual) = table(root, "pypi") {
        one(usual, lines, found);
        tables(root, "pypi").for_each(|(_, further)| one(further, lines, found));
    }
}

fn one(source: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    let Some((url, line)) = text(source, "url", lines) else { return };
    if may_be_azure(&url) {
        let is_unchecked = |key| source.get(key).and_then(|value| value.get_ref().as_bool()) == Some(false);
        found.perils.extend(is_unchecked("verify_ssl").then_some((line, UNCHECKED)));
        found.perils.extend(source.get("ca_certs").map(|_| (line, TRUST)));
    }
    found.add(None, (url, line), Role::Source, Spot::Other);
}

/// Variables that hatch sets for a client: in `hatch.toml`, or below `tool.hatch` in `pyproject.toml`.
pub fn hatch(client: &Python, root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    let spot = if matches!(client, Python::Uv) { Spot::UvKey } else { Spot::Other };
    for (_, environment) in tables(root, "envs") {
        let Some(set) = table(environment, "env-vars") else { continue };
        for (variable, role) in client.variables_of_addresses() {
            let Some((value, line)) = text(set, variable, lines) else { continue };
            for item in items(&value) {
                found.add(None, (item.url.to_owned(), line), *role, spot);
            }
        }
    }
}
