//! `GET /{org}/_apis/projects[/{project}]`.

use super::access::{self, Door, Visit};
use super::{errors, place};
use crate::faults::DevOpsError;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use serde_json::json;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Projects,
    claims: |_, call| place::of(call).is_some_and(|p| p.api(&["projects"]).is_some()),
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Main, |visit| {
        let Visit { organization, place, .. } = visit;
        let shown = |p: &crate::world::Project| json!({ "id": p.id, "name": p.name, "state": "wellFormed" });
        let Some(wanted) = place.api(&["projects"]).and_then(|(_, rest)| rest.first()) else {
            let all: Vec<_> = organization.projects.iter().map(shown).collect();
            return Answer::json(200, &json!({ "count": all.len(), "value": all }));
        };
        match organization.project(wanted) {
            Some(project) => Answer::json(200, &shown(project)),
            None => errors::answer(&DevOpsError::no_project(wanted)),
        }
    })
}
