//! Hosts that are not Azure. They ask for no credential and hand out what they have; the log shows what was sent to them.
//!
//! A foreign host answers below `/npm/`, `/maven/`, `/nuget/` and `/git/`, and at the paths of Azure Artifacts and Azure Repos,
//! so that a redirect or a look-alike address finds something.

use crate::artifacts::{self, Reply, Shelf};
use crate::message::{Answer, Call};
use crate::repos;
use crate::service::{Endpoint, Service};
use crate::state::State;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Foreign,
    claims: |state, call| state.world().foreign_host(&call.host).is_some(),
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    let world = state.world();
    let Some(host) = world.foreign_host(&call.host) else { return Answer::status(404) };
    let segments = call.segments();
    let git = segments.iter().position(|s| s == "git" || s == "_git");
    if let Some(at) = git
        && let Some(name) = segments.get(at + 1)
    {
        let name = name.strip_suffix(".git").unwrap_or(name);
        let Some(repository) = host.repositories.iter().find(|r| r.name == *name) else { return Answer::status(404) };
        let base = format!("https://{}/{}", call.host, segments[..at + 2].join("/"));
        return repos::serve(state, call, &host.name, repository, &segments[at + 2..], &base);
    }
    let rest = match segments.iter().position(|s| s == "_packaging") {
        Some(at) => segments.get(at + 2..).unwrap_or_default().to_vec(),
        None => match segments.as_slice() {
            [first, tail @ ..] if first == "maven" && tail.first().is_none_or(|s| s != "v1") => {
                [vec!["maven".to_owned(), "v1".to_owned()], tail.to_vec()].concat()
            }
            all => all.to_vec(),
        },
    };
    let shelf = Shelf {
        base: String::new(),
        base_by_id: format!("https://{}/", call.host),
        packages: &host.packages,
        redirect: None,
    };
    match artifacts::serve(call, shelf, &rest) {
        Reply::Answer(answer) | Reply::Published(_, answer) => answer,
    }
}
