//! `GET /{org}[/{project}]/_apis/git/repositories`: those that the caller may read.

use super::access::{self, Door, Visit};
use super::place;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use serde_json::{Value, json};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Repositories,
    claims: |_, call| place::of(call).is_some_and(|p| p.api(&["git", "repositories"]).is_some()),
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Main, |visit| {
        let Visit { organization, place, caller, .. } = visit;
        let project = place.api(&["git", "repositories"]).and_then(|(project, _)| organization.project(project?));
        let of_project = |name: &str| project.is_none_or(|project| project.name == name);
        let readable = organization.repositories.iter().filter(|repository| {
            let readers = repository.readers.as_ref();
            of_project(&repository.project) && readers.is_none_or(|ids| ids.contains(&caller.object_id))
        });
        let shown = readable.map(|r| json!({ "name": r.name, "project": { "name": r.project }, "isDisabled": false }));
        let all: Vec<Value> = shown.collect();
        Answer::json(200, &json!({ "count": all.len(), "value": all }))
    })
}
