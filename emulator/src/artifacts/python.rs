//! The Python index of a feed: the simple repository interface in HTML and JSON, files, and uploads.
//!
//! Shapes: the Python packaging user guide, "Simple repository API" and "Legacy upload API". That a feed has `pypi/simple/` and
//! `pypi/upload/` is documented; not known is the address of its files (here `pypi/download/`), and whether it speaks JSON.

use super::{Reply, Shelf};
use crate::guid;
use crate::message::{Answer, Call};
use crate::world::{Package, PackageFile, Protocol, python_name};
use aws_lc_rs::digest;
use serde_json::{Value, json};

const JSON: &str = "application/vnd.pypi.simple.v1+json";

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Reply {
    match (call.method.as_str(), tail) {
        ("GET" | "HEAD", ["simple"]) => projects(shelf).into(),
        ("GET" | "HEAD", ["simple", name]) => project(call, shelf, name).into(),
        ("GET" | "HEAD", ["download", name, version, file]) => download(shelf, name, version, file).into(),
        ("POST", ["upload"]) => upload(call, shelf),
        _ => Answer::status(404).into(),
    }
}

fn page(links: &str) -> Answer {
    Answer::html(
        200,
        &format!("<!DOCTYPE html>\n<html><head><title>Links</title></head><body>\n{links}</body></html>\n"),
    )
}

fn projects(shelf: &Shelf<'_>) -> Answer {
    let packages = shelf.packages.iter().filter(|package| package.protocol == Protocol::Python);
    page(&packages.map(|p| format!("<a href=\"{0}/\">{0}</a><br/>\n", python_name(&p.name))).collect::<String>())
}

fn project(call: &Call, shelf: &Shelf<'_>, name: &str) -> Answer {
    let found = shelf.versions(Protocol::Python, name);
    if found.is_empty() {
        return Answer::status(404);
    }
    let files: Vec<(String, String, String)> = found
        .iter()
        .flat_map(|package| package.files.iter().map(move |file| (package, file)))
        .map(|(package, file)| {
            let url = format!("{}download/{}/{}/{}", shelf.base, python_name(name), package.version, file.name);
            let sha256 = guid::hex(digest::digest(&digest::SHA256, &file.content).as_ref());
            (file.name.clone(), url, sha256)
        })
        .collect();
    if call.header("accept").is_some_and(|accepted| accepted.contains(JSON)) {
        let files: Vec<Value> = files
            .iter()
            .map(|(name, url, sha256)| json!({ "filename": name, "url": url, "hashes": { "sha256": sha256 } }))
            .collect();
        let body = json!({ "meta": { "api-version": "1.0" }, "name": python_name(name), "files": files });
        return Answer::with_body(200, JSON, body.to_string());
    }
    page(
        &files.iter().map(|(n, url, sha)| format!("<a href=\"{url}#sha256={sha}\">{n}</a><br/>\n")).collect::<String>(),
    )
}

fn download(shelf: &Shelf<'_>, name: &str, version: &str, file: &str) -> Answer {
    let versions = shelf.versions(Protocol::Python, name);
    let mut found = versions.into_iter().filter(|package| package.version == version);
    let found = found.find_map(|package| Some(shelf.download(package, package.file(file)?)));
    found.unwrap_or_else(|| Answer::status(404))
}

/// The fields of a form: name, the name of a file, and the content.
fn fields<'b>(body: &'b [u8], boundary: &str) -> Vec<(String, Option<String>, &'b [u8])> {
    let mark = format!("--{boundary}");
    let mut starts: Vec<usize> = memchr::memmem::find_iter(body, mark.as_bytes()).collect();
    starts.push(body.len());
    let parts = starts.windows(2).filter_map(|pair| body.get(pair[0] + mark.len() + 2..pair[1]));
    let field = |part: &'b [u8]| {
        let head = memchr::memmem::find(part, b"\r\n\r\n")?;
        let says = String::from_utf8_lossy(&part[..head]).into_owned();
        let value = |key: &str| {
            let (_, rest) = says.split_once(&format!("; {key}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        Some((value("name")?, value("filename"), part.get(head + 4..part.len() - 2)?))
    };
    parts.filter_map(field).collect()
}

fn upload(call: &Call, shelf: &Shelf<'_>) -> Reply {
    let kind = call.header("content-type").unwrap_or_default();
    let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"')).unwrap_or_default();
    let fields = fields(&call.body, boundary);
    let text = |name: &str| {
        let (_, _, value) = fields.iter().find(|(field, ..)| field == name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let content = fields.iter().find(|(name, ..)| name == "content");
    let (Some(name), Some(version), Some((_, Some(file), content))) = (text("name"), text("version"), content) else {
        return Answer::text(400, "an upload without name, version and content").into();
    };
    if shelf
        .versions(Protocol::Python, &name)
        .iter()
        .any(|known| known.version == version && known.file(file).is_some())
    {
        return Answer::text(409, "the file is already there").into();
    }
    let package = Package {
        protocol: Protocol::Python,
        name,
        version,
        dependencies: Vec::new(),
        files: vec![PackageFile { name: file.clone(), content: (*content).into() }],
    };
    Reply::Published(package, Answer::status(202))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart() {
        let body =
            b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; \
                     name=\"content\"; filename=\"x.whl\"\r\n\r\nP\r\nK\r\n--b--\r\n";
        let expected =
            [("name".to_owned(), None, b"x".as_slice()), ("content".to_owned(), Some("x.whl".to_owned()), b"P\r\nK")];
        assert_eq!(fields(body, "b"), expected);
        assert!(fields(b"", "b").is_empty());
    }
}
