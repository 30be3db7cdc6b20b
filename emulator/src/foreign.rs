//! Hosts that are not Azure. They hand out what they have, some only to those who show a credential, whatever it is; the log shows
//! what was sent to them.
//!
//! A foreign host answers below `/npm/`, `/maven/`, `/nuget/`, `/Cargo/`, `/pypi/` and `/git/`, and at the paths of Azure Artifacts and Azure
//! Repos, so that a redirect or a look-alike address finds something. A stranger, a host that nobody has named, answers at the paths
//! that public registries have as well: a client's own defaults lead there.

use crate::artifacts::{self, Reply, Shelf};
use crate::azure::hosts;
use crate::message::{Answer, Call, Credential};
use crate::repos;
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::{CargoHosts, Challenge, ForeignHost, World};

pub(crate) const SERVICE: Service =
    Service { endpoint: Endpoint::Foreign, claims: |state, call| host(&state.world(), &call.host).is_some(), answer };

/// The host of this name (in lower case) when it is not Azure's. An address without a name is a machine's, never a stranger.
pub(crate) fn host<'a>(world: &'a World, name: &str) -> Option<&'a ForeignHost> {
    let stranger = || world.strangers.as_ref().filter(|_| is_stranger(world, name));
    world.foreign_host(name).or_else(stranger)
}

/// Whether a host (in lower case) is neither Azure's nor one that the world names.
pub(crate) fn is_stranger(world: &World, name: &str) -> bool {
    let named = matches!(url::Host::parse(name), Ok(url::Host::Domain(domain)) if domain != "localhost");
    named && !hosts::is_azure(name) && world.foreign_host(name).is_none()
}

fn answer(state: &State, call: &Call) -> Answer {
    let world = state.world();
    let Some(host) = host(&world, &call.host) else { return Answer::status(404) };
    if host.challenge == Challenge::Basic && call.credential() == Credential::None {
        let realm = format!("Basic realm=\"{}\"", call.host);
        return Answer::text(401, "Unauthorized").header("WWW-Authenticate", realm);
    }
    let segments = call.segments();
    let git = segments.iter().position(|s| s == "git" || s == "_git");
    if let Some(at) = git
        && let Some(name) = segments.get(at + 1)
    {
        let name = name.strip_suffix(".git").unwrap_or(name);
        let Some(repository) = host.repositories.iter().find(|r| r.name == *name) else { return Answer::status(404) };
        let base = format!("{}/{}", call.origin(), segments[..at + 2].join("/"));
        return repos::serve(state, call, &host.name, repository, &segments[at + 2..], &base);
    }
    let rest = match segments.iter().position(|s| s == "_packaging") {
        Some(at) => segments.get(at + 2..).unwrap_or_default().to_vec(),
        None => match segments.as_slice() {
            [first, tail @ ..] if first == "maven" && tail.first().is_none_or(|s| s != "v1") => {
                [vec!["maven".to_owned(), "v1".to_owned()], tail.to_vec()].concat()
            }
            all if is_stranger(&world, &call.host) => as_registry(all),
            all => all.to_vec(),
        },
    };
    let shelf = Shelf {
        base: String::new(),
        base_by_id: format!("{}/", call.origin()),
        packages: &host.packages,
        redirect: None,
        cargo_hosts: &CargoHosts::default(),
    };
    match artifacts::serve(call, shelf, &rest) {
        Reply::Answer(answer) | Reply::Published(_, answer) => answer,
    }
}

/// The path of a public registry as a feed has it: Maven's starts with `maven2`, NuGet's with `v3`, Python's with `simple`, npm's with a package, and cargo's
/// index lies at the root of its host.
fn as_registry(segments: &[String]) -> Vec<String> {
    let known = ["npm", "nuget", "Cargo", "maven", "pypi"];
    let (before, rest): (&[&str], &[String]) = match segments {
        [first, tail @ ..] if first == "maven2" => (&["maven", "v1"], tail),
        [first, ..] if first == "v3" => (&["nuget"], segments),
        [first, ..] if first == "simple" => (&["pypi"], segments),
        [first, ..] if known.contains(&first.as_str()) => (&[], segments),
        [first, ..] if first == "api" => (&["Cargo"], segments),
        [path @ .., name] if name == "config.json" || path == artifacts::cargo::index_path(name) => {
            (&["Cargo", "index"], segments)
        }
        _ => (&["npm"], segments),
    };
    before.iter().map(|word| (*word).to_owned()).chain(rest.iter().cloned()).collect()
}
