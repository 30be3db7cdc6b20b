//! The cargo registry of a feed: a sparse index, downloads, and `cargo publish`.
//!
//! Shapes: cargo's book, "Registry Index" and "Registry Web API" (rust-lang/cargo, `src/doc/src/reference`). That a feed is such a
//! registry below `Cargo/`, and that its `config.json` has `"auth-required": true`, is documented; not known are the addresses that
//! `dl` and `api` name (here below `Cargo/` too), the words of a refusal, and what happens to a version that is published twice
//! (here 409, as with Azure's other protocols).

use super::{Reply, Shelf};
use crate::guid;
use crate::message::{Answer, Call};
use crate::world::{Package, Protocol};
use aws_lc_rs::digest;
use serde_json::{Value, json};

/// Where downloads and uploads go, below `Cargo/`.
const CRATES: &str = "api/v1/crates";

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Reply {
    match (call.method.as_str(), tail) {
        ("GET" | "HEAD", ["index", "config.json"]) => config(call, shelf).into(),
        ("GET" | "HEAD", ["index", path @ .., name]) => index(shelf, path, name).into(),
        ("GET" | "HEAD", ["api", "v1", "crates", name, version, "download"]) => download(shelf, name, version).into(),
        ("PUT", ["api", "v1", "crates", "new"]) => publish(call, shelf),
        _ => error(404, "not found").into(),
    }
}

/// An error that cargo shows.
fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "errors": [{ "detail": text }] }))
}

fn config(call: &Call, shelf: &Shelf<'_>) -> Answer {
    let elsewhere = |host: &Option<String>| match host {
        Some(host) => shelf.base.replacen(&call.origin(), &format!("https://{host}"), 1),
        None => shelf.base.clone(),
    };
    let hosts = shelf.cargo_hosts;
    let downloads = format!("{}{CRATES}", elsewhere(&hosts.downloads));
    let api = elsewhere(&hosts.api);
    Answer::json(200, &json!({ "dl": downloads, "api": api.trim_end_matches('/'), "auth-required": true }))
}

/// The folders of a crate's index file.
pub(crate) fn index_path(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let part = |range: std::ops::Range<usize>| name.get(range).unwrap_or_default().to_owned();
    match name.len() {
        1 | 2 => vec![name.len().to_string()],
        3 => vec!["3".to_owned(), part(0..1)],
        _ => vec![part(0..2), part(2..4)],
    }
}

fn index(shelf: &Shelf<'_>, path: &[&str], name: &str) -> Answer {
    let found = shelf.versions(Protocol::Cargo, name);
    // A file has one address, in small letters.
    if found.is_empty() || path != index_path(name) || name != name.to_lowercase() {
        return error(404, "no such crate");
    }
    let lines: String = found.into_iter().filter_map(line).map(|line| format!("{line}\n")).collect();
    Answer::text(200, &lines)
}

/// What the index says of a version.
fn line(package: &Package) -> Option<Value> {
    let archive = package.files.first()?;
    let checksum = digest::digest(&digest::SHA256, &archive.content);
    let dependencies: Vec<Value> = package
        .dependencies
        .iter()
        .map(|(name, requirement)| {
            json!({
                "name": name, "req": requirement, "features": [], "optional": false, "default_features": true,
                "target": null, "kind": "normal", "registry": null, "package": null,
            })
        })
        .collect();
    Some(json!({
        "name": package.name, "vers": package.version, "deps": dependencies, "features": {}, "yanked": false,
        "cksum": guid::hex(checksum.as_ref()),
    }))
}

fn download(shelf: &Shelf<'_>, name: &str, version: &str) -> Answer {
    let versions = shelf.versions(Protocol::Cargo, name);
    let mut found = versions.into_iter().filter(|package| package.version == version);
    let found = found.find_map(|package| Some(shelf.download(package, package.files.first()?)));
    found.unwrap_or_else(|| error(404, "no such version"))
}

/// The body of an upload: length and JSON, length and archive; the lengths are 32 bits, the lowest byte first.
fn parts(body: &[u8]) -> Option<(Value, &[u8])> {
    let take = |bytes: &'_ [u8]| -> Option<(usize, usize)> {
        let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        Some((4, 4 + usize::try_from(length).ok()?))
    };
    let (start, end) = take(body)?;
    let (metadata, rest) = (body.get(start..end)?, body.get(end..)?);
    let (start, end) = take(rest)?;
    let archive = rest.get(start..end).filter(|_| rest.len() == end)?;
    Some((serde_json::from_slice(metadata).ok()?, archive))
}

fn publish(call: &Call, shelf: &Shelf<'_>) -> Reply {
    let Some((metadata, archive)) = parts(&call.body) else { return error(400, "a malformed upload").into() };
    let text = |value: &Value, field: &str| value[field].as_str().map(str::to_owned);
    let (Some(name), Some(version)) = (text(&metadata, "name"), text(&metadata, "vers")) else {
        return error(400, "an upload without name and version").into();
    };
    if shelf.versions(Protocol::Cargo, &name).iter().any(|package| package.version == version) {
        return error(409, &format!("{name} {version} is already there")).into();
    }
    let dependencies = metadata["deps"].as_array().into_iter().flatten();
    let dependencies = dependencies.filter_map(|one| Some((text(one, "name")?, text(one, "version_req")?))).collect();
    let mut package = Package::cargo_archive(&name, &version, archive.to_vec());
    package.dependencies = dependencies;
    let warnings = json!({ "warnings": { "invalid_categories": [], "invalid_badges": [], "other": [] } });
    Reply::Published(package, Answer::json(200, &warnings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_file_lies_where_cargo_looks_for_it() {
        for (name, path) in [("a", "1"), ("ab", "2"), ("abc", "3/a"), ("abcd", "ab/cd"), ("Contoso-hello", "co/nt")] {
            assert_eq!(index_path(name).join("/"), path, "{name}");
        }
    }

    #[test]
    fn an_upload_has_two_parts_and_nothing_besides() {
        let body = |json: &str, archive: &[u8]| {
            let length = |size: usize| u32::try_from(size).unwrap_or(0).to_le_bytes().to_vec();
            [length(json.len()), json.as_bytes().to_vec(), length(archive.len()), archive.to_vec()].concat()
        };
        let good = body("{\"name\":\"x\"}", b"archive");
        assert_eq!(parts(&good), Some((json!({ "name": "x" }), b"archive".as_slice())));
        let longer = [good.as_slice(), b"x"].concat();
        for bad in [&good[..3], &good[..good.len() - 1], &longer, &body("{", b""), b""] {
            assert_eq!(parts(bad), None);
        }
    }
}
