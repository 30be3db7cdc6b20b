//! The conda channels of a feed: an index for each platform, and files.
//!
//! Shapes: conda's documentation of repodata. That channels lie below `Conda/repo/` is known from users' threads only.

use super::Shelf;
use crate::guid;
use crate::message::{Answer, Call};
use crate::world::{Package, Protocol};
use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

/// All packages are for every platform.
const PLATFORM: &str = "noarch";

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Answer {
    let packages = || shelf.packages.iter().filter(|package| package.protocol == Protocol::Conda);
    match (call.method.as_str(), tail) {
        ("GET" | "HEAD", [PLATFORM, "repodata.json"]) => index(PLATFORM, packages()),
        ("GET" | "HEAD", [platform, "repodata.json"]) => index(platform, std::iter::empty()),
        ("GET" | "HEAD", [PLATFORM, name]) => {
            let mut found = packages().filter_map(|package| Some(shelf.download(package, package.file(name)?)));
            found.next().unwrap_or_else(|| Answer::status(404))
        }
        _ => Answer::status(404),
    }
}

fn index<'p>(platform: &str, packages: impl Iterator<Item = &'p Package>) -> Answer {
    let about = |package: &'p Package| {
        let file = package.files.first()?;
        let sha256 = guid::hex(digest::digest(&digest::SHA256, &file.content).as_ref());
        let record = json!({
            "name": package.name, "version": package.version, "build": "0", "build_number": 0, "depends": [],
            "subdir": platform, "noarch": "generic", "sha256": sha256, "size": file.content.len(),
        });
        Some((file.name.clone(), record))
    };
    let packages: Map<String, Value> = packages.filter_map(about).collect();
    let body =
        json!({ "info": { "subdir": platform }, "packages": packages, "packages.conda": {}, "repodata_version": 1 });
    Answer::with_body(200, "application/json", body.to_string())
}
