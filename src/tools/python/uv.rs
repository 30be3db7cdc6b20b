//! uv: asks the program `keyring` for an index that has a user, which a variable of the index's name may say, or the address itself
//! (measured with uv 0.13). That user is no secret.

use std::collections::BTreeMap;

use super::addresses::{has_user, items, served_at, with_user};
use super::files::{Found, Spot};
use super::{HELPER, Python, of_inputs};
use crate::kernel::dialect::USER_NAME;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::reach::{Role, ServedFeed};
use crate::tools::reading::{Place, Sources};

/// How uv asks a keyring.
pub const PROVIDER: &str = "UV_KEYRING_PROVIDER";
/// Variables that list indexes, the first with names.
pub const LISTS: [&str; 4] = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];
/// Where uv publishes.
pub const PUBLISH: &str = "UV_PUBLISH_URL";
/// As whom it publishes, wherever that is.
pub const PUBLISH_USER: &str = "UV_PUBLISH_USERNAME";

pub fn plan(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    match draft.host.variable(PROVIDER) {
        None => draft.set(Variable::new(PROVIDER, Template::text("subprocess"))),
        Some("subprocess") => {}
        Some(_) => {
            draft.warn(format!("uv: the variable {PROVIDER} keeps uv from asking a keyring, so it gets no token; remove it"));
        }
    }
    for variable in LISTS {
        let mut listed: Vec<String> = Vec::new();
        let mut is_ours = false;
        for item in items(sources.host.variable(variable).unwrap_or_default()) {
            let is_served = served_at(served, item.url).is_some();
            is_ours |= is_served;
            let url = if is_served { with_user(item.url) } else { item.url.to_owned() };
            listed.push(item.name.map_or(url.clone(), |name| format!("{name}={url}")));
        }
        if variable == LISTS[0] {
            let new = of_inputs(served, sources, &Python::Uv);
            is_ours |= !new.is_empty();
            listed.extend(new.into_iter().map(|feed| {
                let url = with_user(&feed.written);
                feed.name.as_ref().map_or(url.clone(), |name| format!("{name}={url}"))
            }));
        }
        if is_ours {
            draft.set(Variable::new(variable, Template::text(listed.join(" "))));
        }
    }
    publish(served, draft);
    name_users(served, sources, draft);
    for feed in served {
        draft.serve(feed, HELPER);
    }
}

/// One variable says as whom uv publishes, so only where another says to which feed.
fn publish(served: &[ServedFeed], draft: &mut Draft<'_>) {
    let is_ours = draft.host.variable(PUBLISH).is_some_and(|url| served_at(served, url).is_some());
    let others = [PUBLISH_USER, "UV_PUBLISH_PASSWORD", "UV_PUBLISH_TOKEN"];
    if is_ours && others.iter().all(|name| draft.host.variable(name).is_none()) {
        draft.set(Variable::new(PUBLISH_USER, Template::text(USER_NAME)));
    }
}

/// Has uv ask for the indexes of its configuration, by their names. Says what has none.
fn name_users(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    // What each name stands for: the feeds, and whether there is anything else.
    let mut names: BTreeMap<String, (&str, bool, Place)> = BTreeMap::new();
    let in_variables: Vec<&str> = LISTS
        .iter()
        .flat_map(|variable| items(sources.host.variable(variable).unwrap_or_default()))
        .map(|item| item.url)
        .collect();
    let has_uv = draft.look.program("uv").is_some();
    for (file, found) in sources.of::<Found>() {
        for index in &found.indexes {
            let feed = served_at(served, &index.url);
            let place = Place::line(&file.source, index.line);
            if let (Some(name), Spot::UvTable, Role::Source) = (&index.name, index.spot, index.role) {
                let (_, is_served, _) = names.entry(key(name)).or_insert((name.as_str(), true, place));
                *is_served &= feed.is_some();
                continue;
            }
            let asks_not = match index.spot {
                Spot::UvTable | Spot::UvKey => index.role == Role::Source,
                // Mostly pip's.
                Spot::Requirements => has_uv,
                _ => false,
            };
            let Some(feed) = feed.filter(|_| asks_not && !has_user(&index.url)) else { continue };
            if in_variables.contains(&index.url.as_str()) {
                continue;
            }
            let remedy = match index.spot {
                Spot::UvTable => "write name = \"…\" beside it".to_owned(),
                _ => format!("write {}", with_user(&index.url)),
            };
            draft.warn(format!("uv: uv asks no keyring for {} in {place}, which has neither name nor user; {remedy}", feed.feed));
        }
    }
    for (key, (name, is_served, place)) in names {
        let variable = format!("UV_INDEX_{key}_USERNAME");
        let is_of_feed = served.iter().any(|feed| feed.name.as_deref().is_some_and(|other| self::key(other) == key));
        if !is_of_feed || draft.host.variable(&variable).is_some_and(|user| user != USER_NAME) {
            continue;
        }
        if is_served {
            draft.set(Variable::new(variable, Template::text(USER_NAME)));
        } else {
            draft.warn(format!(
                "uv: the index '{name}' in {place} gets no token, since that name stands for another address too; use two names"
            ));
        }
    }
}

/// A name as variables have it.
fn key(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
