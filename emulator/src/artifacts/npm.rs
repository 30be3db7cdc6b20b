//! The npm registry of a feed: package documents, tarballs, publishing, `/-/whoami` and `/-/ping`.

use super::{Reply, Shelf};
use crate::message::{Answer, Call};
use crate::world::{Package, PackageFile, Protocol};
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Reply {
    match (call.method.as_str(), tail) {
        ("GET", ["-", "whoami"]) => Answer::json(200, &json!({ "username": "contoso" })).into(),
        // Audits find nothing.
        ("GET" | "HEAD", ["-", "ping"]) | ("POST", ["-", "npm", ..]) => Answer::json(200, &json!({})).into(),
        ("GET" | "HEAD", [name @ .., "-", file]) => tarball(shelf, &name.join("/"), file).into(),
        ("GET" | "HEAD", name) => document(shelf, &name.join("/")).into(),
        ("PUT", name) => publish(call, &name.join("/")),
        _ => Answer::status(405).into(),
    }
}

/// When all packages were published: yarn 4 takes none that is only days old.
const PUBLISHED: &str = "2020-01-01T00:00:00.000Z";

fn missing(name: &str) -> Answer {
    Answer::json(404, &json!({ "error": format!("Package '{name}' was not found.") }))
}

fn document(shelf: &Shelf<'_>, name: &str) -> Answer {
    let found = shelf.versions(Protocol::Npm, name);
    let Some(latest) = found.last() else { return missing(name) };
    let (mut versions, mut times) = (serde_json::Map::new(), serde_json::Map::new());
    for package in &found {
        let Some(file) = package.files.first() else { continue };
        let dependencies: serde_json::Map<String, Value> =
            package.dependencies.iter().map(|(name, range)| (name.clone(), range.as_str().into())).collect();
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &file.content);
        let sha512 = digest::digest(&digest::SHA512, &file.content);
        times.insert(package.version.clone(), PUBLISHED.into());
        versions.insert(
            package.version.clone(),
            json!({
                "name": package.name, "version": package.version, "dependencies": dependencies,
                "dist": {
                    "tarball": format!("{}{}/-/{}", shelf.base, package.name, file.name),
                    "shasum": crate::guid::hex(sha1.as_ref()),
                    "integrity": format!("sha512-{}", STANDARD.encode(sha512.as_ref())),
                },
            }),
        );
    }
    Answer::json(
        200,
        &json!({ "name": name, "_id": name, "dist-tags": { "latest": latest.version }, "versions": versions, "time": times }),
    )
}

fn tarball(shelf: &Shelf<'_>, name: &str, file: &str) -> Answer {
    shelf
        .versions(Protocol::Npm, name)
        .into_iter()
        .find_map(|package| Some(shelf.download(package, package.file(file)?)))
        .unwrap_or_else(|| missing(name))
}

fn publish(call: &Call, name: &str) -> Reply {
    let sent: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let attachment = sent["_attachments"].as_object().and_then(|all| all.iter().next());
    let version = sent["versions"].as_object().and_then(|all| all.keys().next());
    let content = attachment.and_then(|(_, a)| STANDARD.decode(a["data"].as_str()?).ok());
    let (Some((file, _)), Some(version), Some(content)) = (attachment, version, content) else {
        return Answer::json(400, &json!({ "error": "no attachment" })).into();
    };
    let file = file.rsplit('/').next().unwrap_or(file).to_owned();
    let package = Package {
        protocol: Protocol::Npm,
        name: name.to_owned(),
        version: version.clone(),
        dependencies: Vec::new(),
        files: vec![PackageFile { name: file, content: content.into() }],
    };
    Reply::Published(package, Answer::json(200, &json!({ "ok": "created new package" })))
}
