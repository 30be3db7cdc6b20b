//! The Maven repository of a feed: files by path, their `.sha1`, `maven-metadata.xml`, and uploads.

use super::{Reply, Shelf};
use crate::message::{Answer, Call};
use crate::world::{Package, PackageFile, Protocol};
use aws_lc_rs::digest;

pub(crate) fn answer(call: &Call, shelf: &Shelf<'_>, tail: &[&str]) -> Reply {
    match call.method.as_str() {
        "GET" | "HEAD" => read(shelf, tail).into(),
        "PUT" => write(call, tail),
        _ => Answer::status(405).into(),
    }
}

fn read(shelf: &Shelf<'_>, tail: &[&str]) -> Answer {
    let Some((last, folders)) = tail.split_last() else { return Answer::text(200, "Maven repository") };
    let (file, wants_digest) = last.strip_suffix(".sha1").map_or((*last, false), |file| (file, true));
    let answer = if file == "maven-metadata.xml" { metadata(shelf, folders) } else { content(shelf, folders, file) };
    if !wants_digest || answer.status != 200 {
        return answer;
    }
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &answer.body);
    Answer::text(200, &crate::guid::hex(sha1.as_ref()))
}

fn content(shelf: &Shelf<'_>, folders: &[&str], file: &str) -> Answer {
    let [group @ .., artifact, version] = folders else { return Answer::status(404) };
    let name = format!("{}:{artifact}", group.join("."));
    shelf
        .versions(Protocol::Maven, &name)
        .into_iter()
        .filter(|package| package.version == *version)
        .find_map(|package| Some(shelf.download(package, package.file(file)?)))
        .unwrap_or_else(|| Answer::status(404))
}

fn metadata(shelf: &Shelf<'_>, folders: &[&str]) -> Answer {
    let [group @ .., artifact] = folders else { return Answer::status(404) };
    let found = shelf.versions(Protocol::Maven, &format!("{}:{artifact}", group.join(".")));
    let Some(latest) = found.last() else { return Answer::status(404) };
    let versions: String = found.iter().map(|p| format!("<version>{}</version>", p.version)).collect();
    Answer::with_body(
        200,
        "text/xml",
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata><groupId>{}</groupId><artifactId>{artifact}</artifactId>\
             <versioning><latest>{v}</latest><release>{v}</release><versions>{versions}</versions></versioning></metadata>\n",
            group.join("."),
            v = latest.version
        ),
    )
}

fn write(call: &Call, tail: &[&str]) -> Reply {
    let [group @ .., artifact, version, file] = tail else { return Answer::status(400).into() };
    if file.starts_with("maven-metadata.xml") || tail.len() < 4 {
        return Answer::status(202).into();
    }
    let package = Package {
        protocol: Protocol::Maven,
        name: format!("{}:{artifact}", group.join(".")),
        version: (*version).to_owned(),
        dependencies: Vec::new(),
        files: vec![PackageFile { name: (*file).to_owned(), content: call.body.clone().into() }],
    };
    Reply::Published(package, Answer::status(202))
}
