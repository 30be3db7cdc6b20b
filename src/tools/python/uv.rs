//! uv: asks the program `keyring` for an index that has a user, which a variable of the index's name may say, or the address itself
//! (measured with uv 0.13). That user is no secret.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{has_password, items, served_at, user, with_user};
use super::files::{Found, Spot};
use super::named::{self, Named, Publisher};
use super::shared::{self, Asked};
use super::{Python, of_inputs};
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{Part, Template, Variable};
use crate::reach::{Role, ServedFeed};
use crate::tools::reading::{Place, Sources};

/// How uv asks a keyring.
pub const PROVIDER: &str = "UV_KEYRING_PROVIDER";
/// Variables that list indexes, the first with names.
pub const LISTS: [&str; 4] = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];
/// How uv publishes.
pub const PUBLISH: Publisher = Publisher {
    place: "UV_PUBLISH_URL",
    user: "UV_PUBLISH_USERNAME",
    secrets: &["UV_PUBLISH_PASSWORD", "UV_PUBLISH_TOKEN"],
};

/// False where nobody is to ask.
pub fn plan(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> bool {
    let names = Names::of(sources);
    if !shared::is_safe("uv", served, &asked(sources, &names), draft) {
        return false;
    }
    match draft.host.variable(PROVIDER) {
        // uv refuses a blank one.
        None => {
            let usual = Some("disabled".to_owned());
            draft.set(Variable::new(PROVIDER, Template::text("subprocess")).with_former(usual));
        }
        Some("subprocess") => {}
        Some(_) => {
            draft.warn(format!(
                "uv: the variable {PROVIDER} keeps uv from asking a keyring, so it gets no token; remove it"
            ));
        }
    }
    for variable in LISTS {
        let mut listed: Vec<Part> = Vec::new();
        let mut is_ours = false;
        for item in items(sources.host.variable(variable).unwrap_or_default()) {
            is_ours |= served_at(served, item.url).is_some();
            let url = Feed::parse(item.url)
                .map_or_else(|| item.url.to_owned(), |feed| with_user(item.url, &feed.organization));
            let item = item.name.map_or(url.clone(), |name| format!("{name}={url}"));
            listed.push(if has_password(&url) { Part::Carried(item) } else { Part::Text(item) });
        }
        if variable == LISTS[0] {
            let new = of_inputs(served, sources, &Python::Uv);
            is_ours |= !new.is_empty();
            listed.extend(new.into_iter().map(|feed| {
                let url = with_user(&feed.written, &feed.feed.organization);
                Part::Text(feed.name.as_ref().map_or(url.clone(), |name| format!("{name}={url}")))
            }));
        }
        if is_ours {
            let blank = Part::Text(" ".to_owned());
            let parts: Vec<Part> = listed.into_iter().flat_map(|item| [blank.clone(), item]).skip(1).collect();
            draft.set(Variable::new(variable, Template::new(parts)));
        }
    }
    PUBLISH.set_user(served, draft);
    let in_variables: BTreeSet<&str> = LISTS
        .iter()
        .flat_map(|variable| items(sources.host.variable(variable).unwrap_or_default()))
        .map(|i| i.url)
        .collect();
    let asks = |named: &Named<'_>| {
        named.role == Role::Publish
            || user(named.url).is_some()
            || in_variables.contains(named.url)
            || match named.spot {
                Some(Spot::UvTable) => named.name.is_some_and(|name| names.is_settable(name)),
                Some(Spot::UvKey | Spot::Requirements) => false,
                _ => true,
            }
    };
    named::list(&Python::Uv, served, sources, draft, &|_| None, &asks);
    say_what_is_not_asked_for(served, sources, &asks, draft);
    names.set_users(served, draft);
    true
}

/// What the names of indexes stand for: the name as written, the organization unless it is none or several, and the first place.
struct Names(BTreeMap<String, (String, Option<Organization>, Place)>);

impl Names {
    fn of(sources: Sources<'_>) -> Self {
        let mut names: BTreeMap<String, (String, Option<Organization>, Place)> = BTreeMap::new();
        for (file, found) in sources.of::<Found>() {
            for index in found.indexes.iter().filter(|index| index.role == Role::Source) {
                let (Some(name), Spot::UvTable) = (&index.name, index.spot) else { continue };
                let organization = Feed::parse(&index.url).map(|feed| feed.organization);
                let entry = || (name.clone(), organization.clone(), Place::line(&file.source, index.line));
                let (_, known, _) = names.entry(key(name)).or_insert_with(entry);
                if *known != organization {
                    *known = None;
                }
            }
        }
        Self(names)
    }

    /// Whether a variable can say the user of the index of this name.
    fn is_settable(&self, name: &str) -> bool {
        self.0.get(&key(name)).is_some_and(|(_, organization, _)| organization.is_some())
    }

    /// Has uv ask for the indexes of these names, each for its organization.
    fn set_users(self, served: &[ServedFeed], draft: &mut Draft<'_>) {
        for (key, (name, organization, place)) in self.0 {
            let variable = format!("UV_INDEX_{key}_USERNAME");
            let is_of_feed =
                served.iter().any(|feed| feed.name.as_deref().is_some_and(|other| self::key(other) == key));
            let is_free = |by: &Organization| draft.host.variable(&variable).is_none_or(|user| user == by.name());
            match organization {
                Some(organization) if is_free(&organization) => {
                    draft.set(Variable::new(variable, Template::text(organization.name())));
                }
                None if is_of_feed => draft.warn(format!(
                    "uv: the index '{name}' in {place} gets no token, since that name stands for another address too; use two names"
                )),
                _ => {}
            }
        }
    }
}

/// The indexes of files and variables on the host that organizations share.
fn asked(sources: Sources<'_>, names: &Names) -> Vec<Asked> {
    let of_files = sources.of::<Found>().flat_map(|(file, found)| {
        let direct =
            found.direct.iter().filter_map(|(line, url)| Asked::new(url, false, Place::line(&file.source, *line)));
        let indexes = found.indexes.iter().filter(|index| index.role == Role::Source).filter_map(|index| {
            let name = index.name.as_deref().filter(|_| index.spot == Spot::UvTable);
            let place = Place::line(&file.source, index.line);
            Asked::new(&index.url, name.is_some_and(|name| names.is_settable(name)), place)
        });
        indexes.chain(direct).collect::<Vec<_>>()
    });
    let of_variables = LISTS.into_iter().flat_map(|variable| {
        let items = items(sources.host.variable(variable).unwrap_or_default());
        items.filter_map(move |item| Asked::new(item.url, true, Place::Variable(variable.to_owned())))
    });
    of_files.chain(of_variables).collect()
}

/// Says for which indexes uv asks no keyring, since they have neither name nor user. Where nothing else speaks of uv, requirements are
/// pip's.
fn say_what_is_not_asked_for(
    served: &[ServedFeed],
    sources: Sources<'_>,
    asks: &dyn Fn(&Named<'_>) -> bool,
    draft: &mut Draft<'_>,
) {
    let is_used = draft.is_named || sources.of::<Found>().any(|(_, found)| found.is_uvs);
    // Of a name that stands for two addresses, the name's own warning says it.
    let is_said =
        |named: &Named<'_>| !asks(named) && named.name.is_none() && (is_used || named.spot != Some(Spot::Requirements));
    let all: Vec<_> = named::all(&[], sources).into_iter().filter(is_said).collect();
    for (first, feed, feeds) in named::by_file(&all, served) {
        let remedy = match first.spot {
            Some(Spot::UvTable) => "write name = \"…\" beside it".to_owned(),
            _ => format!("write {}", with_user(first.url, &feed.organization)),
        };
        draft.warn(format!("uv: no keyring is asked for {feeds}, without name and user; {remedy}"));
    }
}

/// A name as variables have it.
pub fn key(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
