//! Azure Repos: git over HTTP by the real `git http-backend`, and the least of git-lfs.

mod store;

pub(crate) use store::GitStore;

use crate::azure::access::{self, Door, Visit};
use crate::azure::errors;
use crate::azure::place::{self, Area};
use crate::faults::DevOpsError;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::Repository;
use anyhow::Context;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Repos,
    claims: |_, call| {
        place::of(call)
            .is_some_and(|p| p.area == Area::Main && p.rest.iter().take(2).any(|s| s.eq_ignore_ascii_case("_git")))
    },
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Main, |visit| {
        let Visit { organization, place, caller, .. } = visit;
        let at = place.rest.iter().position(|s| s.eq_ignore_ascii_case("_git")).unwrap_or(0);
        let mut name = place.rest.get(at + 1).cloned().unwrap_or_default();
        // git-lfs appends `.git` to an address that lacks it (measured with 3.3.0).
        if place.rest.get(at + 3).is_some_and(|s| s == "lfs")
            && let Some(bare) = name.strip_suffix(".git")
        {
            name = bare.to_owned();
        }
        // `/{org}/_git/{repo}` is short for the project of the same name.
        let project = place.rest[..at].first().cloned().unwrap_or_else(|| name.clone());
        let found = organization
            .repository(&project, &name)
            .filter(|r| caller.is_job || r.readers.as_ref().is_none_or(|ids| ids.contains(&caller.object_id)));
        let Some(repository) = found else {
            let refusal = DevOpsError::no_repository(&name);
            let by_git = place.rest.get(at + 3).is_none_or(|service| service != "lfs");
            // As text: git shows its user nothing else.
            return if by_git { Answer::text(404, &refusal.message) } else { errors::answer(&refusal) };
        };
        let raw: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
        let rest = place.rest.get(at + 2..).unwrap_or_default();
        let base = format!("{}/{}", call.origin(), raw[..raw.len() - rest.len()].join("/"));
        serve(state, call, &organization.name, repository, rest, &base)
    })
}

/// Answers for a repository whose owner (organization or foreign host) lets the caller in. `base` is its address.
pub(crate) fn serve(
    state: &State,
    call: &Call,
    owner: &str,
    repository: &Repository,
    rest: &[String],
    base: &str,
) -> Answer {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match rest.as_slice() {
        ["info", "lfs", "objects", "batch"] => lfs_batch(call, repository, base),
        ["info", "lfs", "objects", id] if call.method == "PUT" => lfs_upload(state, call, owner, repository, id),
        ["info", "lfs", "objects", id] | ["lfs-storage", id] => lfs_object(repository, id),
        ["info", "refs"] | ["git-upload-pack" | "git-receive-pack"] => {
            let Some(store) = &state.git else {
                return Answer::text(404, "the world was started without repositories");
            };
            let directory = store.path(owner, &repository.project, &repository.name);
            let pushes = call.query.contains("git-receive-pack") || call.path.ends_with("git-receive-pack");
            if pushes && !repository.allow_push {
                // As text: git shows its user nothing else.
                return Answer::text(403, &DevOpsError::no_git_right("GenericContribute").message);
            }
            backend(call, &directory, &rest.join("/"))
                .unwrap_or_else(|problem| Answer::text(500, &format!("git http-backend: {problem:#}")))
        }
        _ => Answer::status(404),
    }
}

/// Runs `git http-backend` as a CGI program.
fn backend(call: &Call, directory: &std::path::Path, path: &str) -> anyhow::Result<Answer> {
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", directory)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{path}"))
        .env("REQUEST_METHOD", &call.method)
        .env("QUERY_STRING", &call.query)
        .env("CONTENT_TYPE", call.header("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", call.body.len().to_string())
        .env("REMOTE_USER", "caller")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", store::nowhere())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // Configuration that was meant for clients must not reach the server.
    for name in store::CLIENT_VARIABLES {
        command.env_remove(name);
    }
    if let Some(encoding) = call.header("content-encoding") {
        command.env("HTTP_CONTENT_ENCODING", encoding);
    }
    if let Some(protocol) = call.header("git-protocol") {
        command.env("GIT_PROTOCOL", protocol);
    }
    let mut child = command.spawn().context("starting git")?;
    let mut input = child.stdin.take().context("no pipe to git")?;
    let body = call.body.clone();
    let writer = std::thread::spawn(move || input.write_all(&body));
    let output = child.wait_with_output()?;
    // The backend may answer without reading everything.
    let _ = writer.join();
    let split = memchr::memmem::find(&output.stdout, b"\r\n\r\n").context("no head in the answer")?;
    let head = String::from_utf8_lossy(&output.stdout[..split]).into_owned();
    let mut answer = Answer { body: output.stdout[split + 4..].to_vec(), ..Answer::status(200) };
    for line in head.lines() {
        match line.split_once(": ") {
            Some(("Status", value)) => answer.status = value.get(..3).and_then(|s| s.parse().ok()).unwrap_or(500),
            Some((name, value)) => answer = answer.header(name, value),
            None => {}
        }
    }
    Ok(answer)
}

/// The id of an LFS object: SHA-256 of its content.
pub(crate) fn lfs_id(content: &str) -> String {
    crate::guid::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes()).as_ref())
}

/// Keeps what a client sends as an object of an organization's repository.
fn lfs_upload(state: &State, call: &Call, owner: &str, repository: &Repository, id: &str) -> Answer {
    let content = String::from_utf8_lossy(&call.body).into_owned();
    if !repository.allow_push || lfs_id(&content) != id {
        return Answer::status(403);
    }
    state.change_world(|world| {
        let organization = world.organizations.iter_mut().find(|organization| organization.name == owner);
        let repositories = organization.into_iter().flat_map(|organization| &mut organization.repositories);
        let is_it = |known: &&mut Repository| known.project == repository.project && known.name == repository.name;
        repositories.filter(is_it).for_each(|known| known.lfs_files.push((String::new(), content.clone())));
    });
    Answer::status(200)
}

fn lfs_batch(call: &Call, repository: &Repository, base: &str) -> Answer {
    let asked: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let storage = repository.lfs_storage.as_deref().unwrap_or(base);
    let objects: Vec<Value> = asked["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| {
            let id = object["oid"].as_str().unwrap_or_default();
            let known = repository.lfs_files.iter().any(|(_, content)| lfs_id(content) == id);
            let (action, granted) = match asked["operation"].as_str() {
                Some("upload") => ("upload", repository.allow_push),
                _ => ("download", known),
            };
            if !granted {
                return json!({ "oid": id, "size": object["size"], "error": { "code": 404, "message": "unknown object" } });
            }
            let tail = if repository.lfs_storage.is_some() { "lfs-storage" } else { "info/lfs/objects" };
            let address = format!("{storage}/{tail}/{id}");
            json!({ "oid": id, "size": object["size"], "actions": { action: { "href": address } } })
        })
        .collect();
    Answer::with_body(
        200,
        "application/vnd.git-lfs+json",
        json!({ "transfer": "basic", "objects": objects }).to_string(),
    )
}

fn lfs_object(repository: &Repository, id: &str) -> Answer {
    match repository.lfs_files.iter().find(|(_, content)| lfs_id(content) == id) {
        Some((_, content)) => Answer::with_body(200, "application/octet-stream", content.as_bytes()),
        None => Answer::status(404),
    }
}
