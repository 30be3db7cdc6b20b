//! The host that organizations share: pip and uv send what they know for a user there to every index of the host that has the same user
//! or none (measured with pip 25 and 26, uv 0.13).

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::user;
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::reach::ServedFeed;
use crate::tools::reading::Place;

const HOST: &str = "pkgs.dev.azure.com";

/// An index, and as whom its client asks for it.
pub struct Asked {
    feed: Feed,
    user: Option<String>,
    place: Place,
    /// Whether its client keeps a credential for the whole host, so that no user parts two organizations.
    is_of_host: bool,
}

impl Asked {
    /// An index there; nothing for one elsewhere. `is_settable` says whether a variable can give it its organization's name for a user.
    pub fn new(url: &str, is_settable: bool, place: Place) -> Option<Self> {
        let feed = Feed::parse(url).filter(Feed::is_at_shared_host)?;
        let user =
            user(url).map_or_else(|| is_settable.then(|| feed.organization.to_string()), |user| Some(user.to_owned()));
        Some(Self { feed, user, place, is_of_host: false })
    }

    /// The same where no user parts it from others.
    pub fn of_host(self) -> Self {
        Self { user: None, is_of_host: true, ..self }
    }
}

/// Whether no index of an organization that is not permitted would be sent a token. Says what would be, for permitted ones too.
pub fn is_safe(client: &str, served: &[ServedFeed], asked: &[Asked], draft: &mut Draft<'_>) -> bool {
    let permitted: BTreeSet<&Organization> = draft.organizations().iter().map(|one| &one.organization).collect();
    // An address may stand there with several users, and only one of them is kept among the served.
    let served: BTreeSet<&str> = served.iter().map(|feed| feed.feed.url.as_str()).collect();
    // Two of different organizations are enough to find one that is not of a third, so the work does not grow with their number.
    let mut own: BTreeMap<Option<&str>, Vec<&Asked>> = BTreeMap::new();
    let mut any: Vec<&Asked> = Vec::new();
    for one in asked.iter().filter(|one| served.contains(one.feed.url.as_str())) {
        for known in [own.entry(one.user.as_deref()).or_default(), &mut any] {
            if known.len() < 2 && known.iter().all(|other| other.feed.organization != one.feed.organization) {
                known.push(one);
            }
        }
    }
    let mut is_safe = true;
    let mut told = BTreeSet::new();
    for other in asked {
        let meets = match other.user.as_deref() {
            Some(user) => own.get(&Some(user)),
            None => Some(&any),
        };
        let meets = meets.into_iter().flatten().find(|own| own.feed.organization != other.feed.organization);
        let Some(own) = meets else { continue };
        let is_permitted = permitted.contains(&other.feed.organization);
        is_safe &= is_permitted;
        if told.insert(&other.feed.organization) {
            let is_of_host = other.is_of_host;
            let (own, place, other) = (&own.feed.organization, &other.place, &other.feed.organization);
            let so = if is_permitted { "" } else { "; so it gets none" };
            let remedy = if is_of_host {
                "remove it there".to_owned()
            } else {
                format!("write https://{other}@{HOST}/{other}/… there")
            };
            draft.warn(format!(
                "{client}: it would send the token of {own} to {other}, which {place} names on the same host{so}; {remedy}"
            ));
        }
    }
    is_safe
}
