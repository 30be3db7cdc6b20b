//! Azure Arc: `GET http://localhost:40342/metadata/identity/oauth2/token`, which answers with a challenge: whoever can read the file
//! it names may have the token.
//!
//! Rules: Microsoft's page "Authenticate against Azure resources with Azure Arc-enabled servers".

use super::token::{self, NoIdentity, Selector};
use super::{ARC_KEY_FOLDER, ArcAgent, Host, imds};
use crate::faults::{ArcFault, Effect, MachineFault};
use crate::message::{Answer, Call};
use crate::state::locked;
use crate::vault::SecretKind;
use crate::{guid, jwt};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PATH: &str = "/metadata/identity/oauth2/token";

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    vec![("IDENTITY_ENDPOINT", format!("{}{PATH}", host.base())), ("IMDS_ENDPOINT", host.base())]
}

pub(super) fn answer(host: &Host, call: &Call) -> Answer {
    let fault = match &call.effect {
        Some(Effect::Machine(MachineFault::Arc(fault))) => Some(fault),
        _ => None,
    };
    let resource =
        match imds::checked(call, PATH, |version| matches!(version, "2019-11-01" | "2020-06-01" | "2021-02-01")) {
            Ok(resource) => resource,
            Err(answer) => return answer,
        };
    let sent = call.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    match sent {
        None if matches!(fault, Some(ArcFault::NoChallenge)) => {}
        None => {
            return challenge(host, fault).unwrap_or_else(|problem| {
                Answer::text(500, &format!("the emulator failed to write a key: {problem}"))
            });
        }
        Some(key) => match locked(&host.keys).remove(key.trim()) {
            // A key is good once; its file goes with it.
            Some(file) => drop(std::fs::remove_file(file)),
            None => return imds::error(401, "unauthorized", "The key is not known."),
        },
    }
    grant(host, call, &resource)
}

fn grant(host: &Host, call: &Call, resource: &str) -> Answer {
    let world = host.state.world();
    let mut names =
        vec![("client_id", Selector::Client), ("object_id", Selector::Object), ("msi_res_id", Selector::Resource)];
    if host.machine.arc_agent == ArcAgent::Old {
        names.clear();
    }
    let application = match token::identity(host, &world, &names, |name| call.query_value(name)) {
        Ok(application) => application,
        Err(NoIdentity::Unknown | NoIdentity::Several | NoIdentity::Overnamed) => {
            return imds::error(400, "invalid_request", "Identity not found");
        }
    };
    match token::grant(host, application, resource, call) {
        Ok(granted) => {
            let mut body = token::body(&granted, imds::FIELDS, call);
            for (name, _) in &names {
                if let Some(value) = call.query_value(name) {
                    body[*name] = value.into();
                }
            }
            Answer::json(200, &body)
        }
        Err(relayed) => relayed,
    }
}

/// 401 that names a file with a fresh key.
fn challenge(host: &Host, fault: Option<&ArcFault>) -> std::io::Result<Answer> {
    let refusal = imds::error(401, "unauthorized", "The key from the challenge's file is required.");
    match fault {
        Some(ArcFault::NoHeader) => return Ok(refusal),
        Some(ArcFault::Header(text)) => return Ok(refusal.header("WWW-Authenticate", text.clone())),
        _ => {}
    }
    let folder = &host.machine.key_folder;
    let beside = folder.parent().unwrap_or(folder);
    let name = guid::random();
    let named = |tail: &str| format!("{ARC_KEY_FOLDER}/{tail}");
    let mut size = 64;
    // The path as the challenge names it, and where the file really is.
    let (path, file): (String, PathBuf) = match fault {
        Some(ArcFault::Outside) => {
            let parent = Path::new(ARC_KEY_FOLDER).parent().unwrap_or(Path::new("/"));
            (parent.join(format!("{name}.key")).display().to_string(), beside.join(format!("{name}.key")))
        }
        Some(ArcFault::Traversal) => (named(&format!("../{name}.key")), beside.join(format!("{name}.key"))),
        Some(ArcFault::OtherExtension) => (named(&format!("{name}.txt")), folder.join(format!("{name}.txt"))),
        Some(ArcFault::KeySize(bytes)) => {
            size = *bytes;
            (named(&format!("{name}.key")), folder.join(format!("{name}.key")))
        }
        _ => (named(&format!("{name}.key")), folder.join(format!("{name}.key"))),
    };
    let key = jwt::filler(size);
    host.state.vault().keep(SecretKind::MachineSecret, &key, Value::Null);
    std::fs::create_dir_all(folder)?;
    match fault {
        Some(ArcFault::Missing) => {}
        Some(ArcFault::Folder) => std::fs::create_dir(&file)?,
        Some(ArcFault::Link) => {
            let target = beside.join(format!("{name}.secret"));
            std::fs::write(&target, &key)?;
            // By its name alone, so that it leads there under whatever path the folder is seen.
            link(Path::new(&format!("../{name}.secret")), &file)?;
        }
        _ => std::fs::write(&file, &key)?,
    }
    locked(&host.keys).insert(key, file);
    Ok(refusal.header("WWW-Authenticate", format!("Basic realm={path}")))
}

#[cfg(unix)]
fn link(target: &Path, file: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, file)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
