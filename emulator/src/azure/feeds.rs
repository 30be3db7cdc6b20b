//! `GET https://feeds.dev.azure.com/{org}[/{project}]/_apis/packaging/feeds[/{feed}]`; a list by `feedRole` (Microsoft, "Feed
//! Management - Get Feeds").

use super::access::{self, Door, Visit};
use super::errors;
use super::place::{self, Area};
use crate::faults::DevOpsError;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::{Feed, Organization};
use serde_json::{Value, json};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Feeds,
    claims: |_, call| {
        place::of(call)
            .is_some_and(|p| matches!(p.area, Area::Feeds | Area::Packages) && p.api(&["packaging", "feeds"]).is_some())
    },
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Feeds, |visit| {
        let Visit { organization, place, caller, .. } = visit;
        let Some((project, rest)) = place.api(&["packaging", "feeds"]) else { return Answer::status(404) };
        let among = |ids: &Option<Vec<String>>| ids.as_ref().is_none_or(|ids| ids.contains(&caller.object_id));
        let readable = |feed: &&Feed| among(&feed.readers);
        let role = call.query_value("feedRole").unwrap_or_default().to_lowercase();
        let has_role = |feed: &&Feed| match role.as_str() {
            "contributor" => among(&feed.publishers),
            "administrator" => false,
            _ => true,
        };
        let Some(wanted) = rest.first() else {
            let project = project.and_then(|name| organization.project(name)).map(|p| p.name.as_str());
            let all: Vec<Value> = organization
                .feeds
                .iter()
                .filter(|feed| project.is_none() || feed.project.as_deref() == project)
                .filter(readable)
                .filter(has_role)
                .map(|feed| shown(organization, feed))
                .collect();
            return Answer::json(200, &json!({ "count": all.len(), "value": all }));
        };
        match organization.feed(project, wanted) {
            Some(feed) if readable(&feed) => Answer::json(200, &shown(organization, feed)),
            Some(_) => errors::answer(&DevOpsError::no_feed_right(&caller.display_name, "ReadPackages")),
            None => not_found(wanted),
        }
    })
}

/// 404 for a feed that does not exist under this name and scope.
pub(crate) fn not_found(feed: &str) -> Answer {
    errors::answer(&DevOpsError::no_feed(feed))
}

fn shown(organization: &Organization, feed: &Feed) -> Value {
    let project = feed.project.as_deref().and_then(|name| organization.project(name));
    json!({
        "id": feed.id, "name": feed.name, "fullyQualifiedName": feed.name,
        "project": project.map(|p| json!({ "id": p.id, "name": p.name })),
        "url": format!("https://feeds.dev.azure.com/{}/_apis/Packaging/Feeds/{}", organization.name, feed.id),
    })
}
