//! The NuGet v3 interface of a feed: service index, versions, packages, registrations, search, and pushes.
//!
//! As the real service does, the index names its resources by the ids of project and feed, so a client meets addresses that no
//! configuration of its own holds.

use super::{Reply, Shelf};
use crate::archive;
use crate::message::{Answer, Call};
use crate::world::{Package, PackageFile, Protocol};
use serde_json::{Value, json};

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Reply {
    match (call.method.as_str(), tail) {
        ("GET" | "HEAD", ["v3", "index.json"]) => index(shelf).into(),
        ("GET" | "HEAD", ["v3", "flat2", id, "index.json"]) => versions(shelf, id).into(),
        ("GET" | "HEAD", ["v3", "flat2", id, version, file]) => download(shelf, id, version, file).into(),
        ("GET" | "HEAD", ["v3", "registrations2", id, "index.json"]) => registration(shelf, id).into(),
        ("GET" | "HEAD", ["v3", "query2", ..]) => search(call, shelf).into(),
        ("PUT", ["v2", ..]) => push(call),
        _ => Answer::status(404).into(),
    }
}

fn index(shelf: &Shelf<'_>) -> Answer {
    let base = format!("{}nuget/", shelf.base_by_id);
    let resource = |kind: &str, path: &str| json!({ "@id": format!("{base}{path}"), "@type": kind });
    Answer::json(
        200,
        &json!({
            "version": "3.0.0",
            "resources": [
                resource("PackageBaseAddress/3.0.0", "v3/flat2/"),
                resource("RegistrationsBaseUrl/3.0.0-beta", "v3/registrations2/"),
                resource("RegistrationsBaseUrl/3.4.0", "v3/registrations2/"),
                resource("RegistrationsBaseUrl/3.6.0", "v3/registrations2/"),
                resource("SearchQueryService", "v3/query2/"),
                resource("SearchQueryService/3.0.0-beta", "v3/query2/"),
                resource("SearchQueryService/3.0.0-rc", "v3/query2/"),
                resource("PackagePublish/2.0.0", "v2/"),
            ],
        }),
    )
}

fn versions(shelf: &Shelf<'_>, id: &str) -> Answer {
    let found: Vec<&str> = shelf.versions(Protocol::Nuget, id).into_iter().map(|p| p.version.as_str()).collect();
    if found.is_empty() { Answer::status(404) } else { Answer::json(200, &json!({ "versions": found })) }
}

fn download(shelf: &Shelf<'_>, id: &str, version: &str, file: &str) -> Answer {
    shelf
        .versions(Protocol::Nuget, id)
        .into_iter()
        .filter(|package| package.version == version)
        .find_map(|package| Some(shelf.download(package, package.file(file)?)))
        .unwrap_or_else(|| Answer::status(404))
}

fn entry(shelf: &Shelf<'_>, package: &Package) -> Value {
    let base = format!("{}nuget/v3/", shelf.base_by_id);
    let lower = package.name.to_lowercase();
    let dependencies: Vec<Value> = package
        .dependencies
        .iter()
        .map(|(id, range)| json!({ "@type": "PackageDependency", "id": id, "range": format!("[{range}, )") }))
        .collect();
    let content = format!("{base}flat2/{lower}/{v}/{lower}.{v}.nupkg", v = package.version);
    json!({
        "@id": format!("{base}registrations2/{lower}/{}.json", package.version), "@type": "Package",
        "packageContent": content, "registration": format!("{base}registrations2/{lower}/index.json"),
        "catalogEntry": {
            "@id": format!("{base}registrations2/{lower}/{}.json#entry", package.version), "@type": "PackageDetails",
            "id": package.name, "version": package.version, "authors": "contoso", "listed": true, "packageContent": content,
            "description": "", "dependencyGroups": [{ "@type": "PackageDependencyGroup", "dependencies": dependencies }],
        },
    })
}

fn registration(shelf: &Shelf<'_>, id: &str) -> Answer {
    let found = shelf.versions(Protocol::Nuget, id);
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return Answer::status(404) };
    let address = format!("{}nuget/v3/registrations2/{}/index.json", shelf.base_by_id, id.to_lowercase());
    let items: Vec<Value> = found.iter().map(|package| entry(shelf, package)).collect();
    Answer::json(
        200,
        &json!({
            "@id": address, "@type": ["catalog:CatalogRoot", "PackageRegistration"], "count": 1,
            "items": [{
                "@id": format!("{address}#page"), "@type": "catalog:CatalogPage", "count": items.len(), "items": items,
                "parent": address, "lower": first.version, "upper": last.version,
            }],
        }),
    )
}

fn search(call: &Call, shelf: &Shelf<'_>) -> Answer {
    let wanted = call.query_value("q").unwrap_or_default().to_lowercase();
    let data: Vec<Value> = shelf
        .packages
        .iter()
        .filter(|p| p.protocol == Protocol::Nuget && p.name.to_lowercase().contains(&wanted))
        .map(|p| {
            json!({
                "@type": "Package", "id": p.name, "version": p.version, "description": "", "authors": ["contoso"],
                "versions": [{ "version": p.version, "downloads": 0 }],
            })
        })
        .collect();
    Answer::json(200, &json!({ "totalHits": data.len(), "data": data }))
}

/// A push sends the package as the only part of a form.
fn push(call: &Call) -> Reply {
    let start = memchr::memmem::find(&call.body, b"PK\x03\x04");
    let end = memchr::memmem::rfind(&call.body, b"\r\n--");
    let (Some(start), Some(end)) = (start, end) else { return Answer::status(400).into() };
    let Some(content) = call.body.get(start..end) else { return Answer::status(400).into() };
    let nuspec = archive::unzip(content, |name| name.ends_with(".nuspec") && !name.contains('/'));
    let nuspec = String::from_utf8(nuspec.unwrap_or_default()).unwrap_or_default();
    let field = |name: &str| {
        let (_, after) = nuspec.split_once(&format!("<{name}>"))?;
        after.split_once('<').map(|(value, _)| value.trim().to_owned())
    };
    let (Some(id), Some(version)) = (field("id"), field("version")) else { return Answer::status(400).into() };
    let lower = id.to_lowercase();
    let package = Package {
        protocol: Protocol::Nuget,
        files: vec![
            PackageFile { name: format!("{lower}.{version}.nupkg"), content: content.into() },
            PackageFile { name: format!("{lower}.nuspec"), content: nuspec.into_bytes().into() },
        ],
        name: id,
        version,
        dependencies: Vec::new(),
    };
    Reply::Published(package, Answer::status(202))
}
