//! The addresses that a client has, which of them it asks a keyring for, and passwords of the user's own, which it takes without asking
//! (measured with pip 25 and 26, uv 0.13, poetry 2.5 and twine 7).

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{has_own_password, items, served_at};
use super::files::{Found, Spot};
use super::{Python, further, uv};
use crate::azure_devops::feed::Feed;
use crate::host::Host;
use crate::plan::draft::Draft;
use crate::plan::{Template, TokenSource, Variable};
use crate::reach::{NamedBy, Role, ServedFeed};
use crate::tools::reading::{Place, Sources};

/// The variables by which a client publishes.
pub struct Publisher {
    /// Says where.
    pub place: &'static str,
    /// Says as whom, wherever that is. It is no secret.
    pub user: &'static str,
    /// Hold secrets of the user's own.
    pub secrets: &'static [&'static str],
}

impl Publisher {
    /// Sets the user without whom the client asks no keyring, only where a variable says to which feed it publishes.
    pub fn set_user(&self, served: &[ServedFeed], draft: &mut Draft<'_>) {
        let feed = draft.host.variable(self.place).and_then(|url| served_at(served, url));
        let mut others = self.secrets.iter().chain([&self.user]);
        if let Some(feed) = feed.filter(|_| others.all(|name| draft.host.variable(name).is_none())) {
            draft.set(Variable::new(self.user, Template::text(feed.feed.organization.name())));
        }
    }
}

/// An address of a client's.
pub struct Named<'s> {
    /// Its name, where it has one.
    pub name: Option<&'s str>,
    /// The address.
    pub url: &'s str,
    /// What for.
    pub role: Role,
    /// How it stands in a file; nothing for a variable.
    pub spot: Option<Spot>,
    /// Where.
    pub place: Place,
    /// Where a password of the user's own for it stands beside it.
    password: Option<Place>,
}

/// The addresses in files and in these variables.
pub fn all<'s>(variables: &[(&str, Role)], sources: Sources<'s>) -> Vec<Named<'s>> {
    let mut all = Vec::new();
    for (file, found) in sources.of::<Found>() {
        all.extend(found.indexes.iter().map(|index| Named {
            name: index.name.as_deref(),
            url: &index.url,
            role: index.role,
            spot: Some(index.spot),
            place: Place::line(&file.source, index.line),
            password: index.password.map(|line| Place::line(&file.source, line)),
        }));
    }
    for (variable, role) in variables {
        for item in items(sources.host.variable(variable).unwrap_or_default()) {
            let place = Place::Variable((*variable).to_owned());
            let password = has_own_password(item.url).then(|| place.clone());
            all.push(Named { name: item.name, url: item.url, role: *role, spot: None, place, password });
        }
    }
    all
}

/// Addresses of feeds by their files: the first of each, its feed, and all of them in words.
pub fn by_file<'n, 's>(named: &'n [Named<'s>], served: &'n [ServedFeed]) -> Vec<(&'n Named<'s>, &'n Feed, String)> {
    let mut files: Vec<(&Named<'s>, &Feed, Vec<&str>)> = Vec::new();
    for one in named {
        let Some(ServedFeed { feed, .. }) = served_at(served, one.url) else { continue };
        match files.last_mut().filter(|(first, ..)| first.place.whole() == one.place.whole()) {
            None => files.push((one, feed, Vec::new())),
            Some((_, first, further)) => {
                let url = feed.url.as_str();
                further.extend(Some(url).filter(|url| *url != first.url.as_str() && !further.contains(url)));
            }
        }
    }
    let words = |(first, feed, further): (&'n Named<'s>, &'n Feed, Vec<&str>)| {
        let further = match further.len() {
            0 => String::new(),
            more => format!(" and {more} more there"),
        };
        (first, feed, format!("{feed} in {}{further}", first.place))
    };
    files.into_iter().map(words).collect()
}

/// Lists each feed where an address first names it that the client asks for, and says where a password of the user's own keeps it from
/// asking. `otherwise` says how it comes by the token where it asks no keyring.
pub fn list(
    client: &Python,
    served: &[ServedFeed],
    sources: Sources<'_>,
    draft: &mut Draft<'_>,
    otherwise: &dyn Fn(&ServedFeed) -> Option<TokenSource>,
    asks: &dyn Fn(&Named<'_>) -> bool,
) {
    let (tool, helper) = (client.facts().id.name, TokenSource::Helper(client.facts().client));
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for named in all(client.facts().addresses, sources) {
        let Some(feed) = served_at(served, named.url) else { continue };
        if let Some(place) = password(client, &named, sources) {
            draft.warn(format!(
                "{tool}: {place} has a password of your own for {}, which {tool} prefers to this task's token: remove it there",
                feed.feed
            ));
        } else if asks(&named) {
            places.entry(feed.feed.url.to_string()).or_insert_with(|| named.place.whole());
        }
    }
    let by_input = NamedBy::Feeds.to_string();
    let mut told = BTreeSet::new();
    for feed in served {
        let is_of_input = feed.named_in == by_input;
        let named_in = if is_of_input { Some(&by_input) } else { places.get(feed.feed.url.as_str()) };
        let Some(named_in) = named_in.filter(|place| told.insert(format!("{} {place}", feed.feed))) else {
            continue;
        };
        draft.serve(&ServedFeed { named_in: named_in.clone(), ..feed.clone() }, otherwise(feed).unwrap_or(helper));
    }
}

/// Where a password of the user's own for an address stands: beside it, or elsewhere by its name.
fn password(client: &Python, named: &Named<'_>, sources: Sources<'_>) -> Option<Place> {
    named.password.clone().or_else(|| in_variable(client, named, sources.host)).or_else(|| {
        let mut all =
            sources.of::<Found>().flat_map(|(file, found)| found.passwords.iter().map(move |own| (file, own)));
        let (file, (_, line)) = all.find(|(_, (name, _))| Some(name.as_str()) == named.name)?;
        Some(Place::line(&file.source, *line))
    })
}

fn in_variable(client: &Python, named: &Named<'_>, host: &Host) -> Option<Place> {
    let of_name = |before: &str| named.name.map(|name| format!("{before}{}_PASSWORD", uv::key(name)));
    let is_of_hatch = || matches!(&named.place, Place::Variable(name) if name == further::HATCH.place);
    let fixed = match client {
        Python::Pip if named.role != Role::Publish => return None,
        Python::Pip if is_of_hatch() => further::HATCH.secrets,
        Python::Pip => &[further::PDM_PASSWORD],
        Python::Uv if named.role == Role::Publish => uv::PUBLISH.secrets,
        Python::Twine => &["TWINE_PASSWORD"],
        Python::Uv | Python::Poetry => &[],
    };
    let by_name = match client {
        Python::Uv if named.role != Role::Publish => of_name("UV_INDEX_"),
        Python::Poetry => of_name("POETRY_HTTP_BASIC_"),
        _ => None,
    };
    let all = fixed.iter().map(|name| (*name).to_owned()).chain(by_name);
    all.into_iter().find(|name| host.variable(name).is_some()).map(Place::Variable)
}
