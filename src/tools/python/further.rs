//! Files of clients that ask by pip's ways: Pipenv and hatch start pip (hatch uv as well), and PDM starts the program `keyring` by itself
//! (measured with Pipenv 2026.10, hatch 1.18, PDM 2.29). To publish, hatch imports Python's package `keyring`, and asks only as a user.
//! The address is an argument, a variable, or in a file at home.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::addresses::items;
use super::files::{Found, Spot, TRUST, UNCHECKED, may_be_azure};
use super::named::Publisher;
use super::{Python, UPLOAD};
use crate::edit::text::Lines;
use crate::host::Host;
use crate::reach::{Role, ServedFeed};
use crate::tools::dotenv::{ELSEWHERE, OF_PYTHON, leads_elsewhere};
use crate::tools::reading::{SourceFile, Sources, Unparsable};
use crate::tools::tables::{Value, table, tables, text};

/// How hatch publishes.
pub const HATCH: Publisher =
    Publisher { place: "HATCH_INDEX_REPO", user: "HATCH_INDEX_USER", secrets: &["HATCH_INDEX_AUTH"] };
/// Where PDM publishes.
pub const PDM_PUBLISH: &str = "PDM_PUBLISH_REPO";
/// Holds a secret of the user's own for it.
pub const PDM_PASSWORD: &str = "PDM_PUBLISH_PASSWORD";

/// Whether a client of this job may import the package `keyring`: hatch does when it publishes, and PDM where it has that package.
pub fn imports_keyring(served: &[ServedFeed], sources: Sources<'_>) -> bool {
    served.iter().any(|feed| feed.written.contains(UPLOAD)) || sources.of::<Found>().any(|(_, found)| found.is_of_hatch)
}

/// Files of variables that the job has Pipenv read, or `uv run` for what it starts (measured with Pipenv 2026.10; uv 0.6 and 0.9 go by
/// them themselves, uv 0.13 does not).
pub fn env_files<'h>(client: &Python, host: &'h Host) -> impl Iterator<Item = PathBuf> + use<'h> {
    let of_pipenv = host.variable("PIPENV_DOTENV_LOCATION").filter(|_| matches!(client, Python::Pip));
    let of_uv = host.variable("UV_ENV_FILE").unwrap_or_default().split(' ').filter(|file| !file.is_empty());
    of_pipenv.into_iter().chain(of_uv).map(|file| host.working_directory.join(file))
}

/// Sources of a `Pipfile`, and of PDM's below `tool.pdm` in `pyproject.toml`.
pub fn sources(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    let sources = root.get("source").and_then(|source| source.get_ref().as_array());
    for source in sources.into_iter().flat_map(|all| all.iter()).filter_map(|source| source.get_ref().as_table()) {
        one(source, lines, found);
    }
}

/// Settings in `pdm.toml`: the usual index, and further ones by name. One may complete a source that another file names, so that its
/// own address decides nothing, and PDM takes the path to a setting in one key as well.
pub fn pdm(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    for source in table(root, "pypi").into_iter().chain(tables(root, "pypi").map(|(_, further)| further)) {
        index(source, Role::Source, lines, found);
    }
    for (_, repository) in tables(root, "repository") {
        index(repository, Role::Publish, lines, found);
    }
    trusting(root, lines, found);
}

fn trusting(root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    for (key, value) in root {
        let what = match key.get_ref().rsplit('.').next() {
            Some("verify_ssl") if value.get_ref().as_bool() != Some(true) => Some(UNCHECKED),
            Some("ca_certs") => Some(TRUST),
            _ => None,
        };
        found.perils.extend(what.map(|what| (lines.at(key.span().start), what)));
        if let Some(further) = value.get_ref().as_table() {
            trusting(further, lines, found);
        }
    }
}

fn one(source: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    // Another file may have the address of a source without one.
    if text(source, "url", lines).is_none_or(|(url, _)| may_be_azure(&url)) {
        trusting(source, lines, found);
    }
    index(source, Role::Source, lines, found);
}

fn index(source: &DeTable<'_>, role: Role, lines: &Lines, found: &mut Found) {
    if let Some(url) = text(source, "url", lines) {
        found.add(None, url, role, Spot::Other);
        if let (Some(index), Some((_, line))) = (found.indexes.last_mut(), text(source, "password", lines)) {
            index.password = Some(line);
        }
    }
}

/// Lock files, which are searched: Pipenv takes from its own whether it checks certificates.
pub fn lock(file: &SourceFile, found: &mut Found) {
    let body = &file.text.body;
    let is_off = |(at, key): &(usize, &str)| {
        let value = body[at + key.len()..].trim_start_matches(|c: char| c.is_whitespace() || "\":=".contains(c));
        !value.starts_with("true")
    };
    // One is enough.
    if let Some((at, _)) = body.match_indices("verify_ssl").find(is_off) {
        found.perils.push((Lines::of(body).at(at), UNCHECKED));
    }
    // Neither client writes plain letters as escapes, behind which an address or a key could hide.
    let mut rest = body.as_str();
    while let Some((_, escape)) = rest.split_once('\\') {
        let code = escape.strip_prefix('u').map(|code| !code.starts_with("00") || code.as_bytes().get(2) > Some(&b'7'));
        if !code.unwrap_or(escape.starts_with(['"', '\\', 'n', 't', 'r', 'b', 'f'])) {
            found.unread = Some(Unparsable::hides_names(&file.source, "it writes plain letters as escapes"));
            return;
        }
        rest = &escape[1..];
    }
}

/// Variables that hatch sets for a client: in `hatch.toml`, or below `tool.hatch` in `pyproject.toml`.
pub fn hatch(client: &Python, root: &DeTable<'_>, lines: &Lines, found: &mut Found) {
    found.is_of_hatch = true;
    let spot = if matches!(client, Python::Uv) { Spot::UvKey } else { Spot::Other };
    let mut see = |name: &str, value: &str, line: usize| {
        let is = |(known, _): &&(&str, Role)| known.eq_ignore_ascii_case(name);
        if let Some((_, role)) = client.variables_of_addresses().iter().find(is) {
            for item in items(value) {
                found.add(None, (item.url.to_owned(), line), *role, spot);
            }
        } else if leads_elsewhere(name, OF_PYTHON)
            && ![Python::Pip, Python::Uv]
                .iter()
                .any(|other| other.variables_of_addresses().iter().any(|known| is(&known)))
        {
            found.perils.push((line, ELSEWHERE));
        }
    };
    for (_, environment) in tables(root, "envs") {
        for (name, value) in table(environment, "env-vars").into_iter().flatten() {
            see(name.get_ref(), value.get_ref().as_str().unwrap_or_default(), lines.at(name.span().start));
        }
        if let Some(overrides) = environment.get("overrides") {
            overridden(overrides, false, "", &mut |name, value, at| see(name, value, lines.at(at)));
        }
    }
}

/// Shows what overrides set below `env-vars`, as `NAME=value` or in tables, `{ key = "NAME", value = "…" }`: the name, the value and
/// the position. Of other texts there no harm comes.
fn overridden(value: &Value<'_>, is_set: bool, beside: &str, see: &mut dyn FnMut(&str, &str, usize)) {
    match value.get_ref() {
        DeValue::String(text) if is_set => {
            let (name, value_of) = text.split_once('=').unwrap_or((text, beside));
            see(name, value_of, value.span().start);
        }
        DeValue::Array(all) => all.iter().for_each(|one| overridden(one, is_set, beside, see)),
        DeValue::Table(table) => {
            let beside = table.get("value").and_then(|value| value.get_ref().as_str()).unwrap_or_default();
            for (key, value) in table {
                if is_set {
                    see(key.get_ref(), value.get_ref().as_str().unwrap_or_default(), key.span().start);
                }
                overridden(value, is_set || key.get_ref().ends_with("env-vars"), beside, see);
            }
        }
        _ => {}
    }
}
