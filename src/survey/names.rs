//! Names that stand, or may stand, for more than a permitted feed.

use std::collections::{BTreeMap, BTreeSet};

use super::Wanted;
use super::feeds::Candidate;
use crate::kernel::organization::Organization;
use crate::reach::{Address, Binding};
use crate::tools::Tool;
use crate::tools::reading::{Hidden, Mention, Origin, Place, Unparsable};

/// Takes back the names that also stand for a URL which is no feed of a permitted organization, or that stand for feeds of
/// several organizations: the tool would send the credential to whichever the file at hand names.
pub(super) fn withhold_doubtful(
    tool: &'static dyn Tool,
    mentions: &[Mention],
    wanted: &Wanted<'_>,
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) {
    // The first place for each thing that a name stands for: files may repeat a name without end.
    let mut standing: BTreeMap<String, BTreeMap<Option<Organization>, &Mention>> = BTreeMap::new();
    let counts = |mention: &&Mention| mention.bound == Binding::Name && !is_settled(tool, mention, wanted);
    for mention in mentions.iter().filter(counts) {
        if let Some(name) = &mention.name {
            let organization = match wanted.reach.feed(&mention.url) {
                Address::Permitted(feed) if mention.doubt.is_none() => Some(feed.organization),
                _ => None,
            };
            standing.entry(tool.name_key(name)).or_default().entry(organization).or_insert(mention);
        }
    }
    let mut withheld = BTreeSet::new();
    for (feed, _) in candidates.iter().filter(|(feed, _)| feed.bound == Binding::Name) {
        let Some(key) = feed.name.as_deref().map(|name| tool.name_key(name)) else { continue };
        let mut others = standing.get(&key).into_iter().flatten();
        let Some((organization, other)) = others.find(|(o, _)| o.as_ref() != Some(&feed.feed.organization)) else {
            continue;
        };
        let what = if organization.is_some() {
            "a feed of another organization"
        } else {
            "an address that is no permitted feed"
        };
        // What is wrong in the file itself has been said of the mention there.
        let is_said = other.doubt.is_some() && other.place.whole() == feed.named_in;
        if withheld.insert(key) && !is_said {
            let reason = match (&other.place, &other.doubt) {
                (Place::BuiltIn(who), kept) => {
                    let remedy = kept.as_deref().unwrap_or("Use another name for the feed");
                    format!("{who} has that name for an address of its own. {remedy}")
                }
                (place, _) => format!("The same name stands for {what} in {}; use two different names", place.whole()),
            };
            let name = feed.name.as_deref().unwrap_or_default();
            warnings.push(format!(
                "{}: the feed {} gets no token by the name '{name}' in {}. {reason}",
                tool.id().name,
                feed.feed,
                feed.named_in,
            ));
        }
    }
    candidates.retain(|(feed, _)| {
        let named = feed.name.as_deref().filter(|_| feed.bound == Binding::Name);
        named.is_none_or(|name| !withheld.contains(&tool.name_key(name)))
    });
}

/// Whether an input says what a name stands for that a file leaves open.
pub(super) fn is_settled(tool: &dyn Tool, mention: &Mention, wanted: &Wanted<'_>) -> bool {
    let Some(name) = mention.name.as_deref().filter(|_| mention.doubt.is_some()) else { return false };
    let key = tool.name_key(name);
    let mut named = wanted.feeds.iter().filter_map(|input| input.name.as_deref());
    named.any(|name| tool.name_key(name) == key) && tool.is_settled_by_input(mention)
}

/// Whether settings of a client's files may lead what is bound so elsewhere.
fn led_by_files(bound: Binding) -> bool {
    matches!(bound, Binding::Path | Binding::Address)
}

/// Whether a file that cannot be read here may lead a client elsewhere that is answered for any address.
pub(super) fn may_lead_away(tool: &dyn Tool, doubt: &Unparsable) -> bool {
    tool.asks_by_address() && doubt.hides.is_any_name() && doubt.origin != Origin::User
}

/// Takes back every name that a file which cannot be read here may give to something else, and whatever is bound to a path: the
/// file may lead the tool's traffic elsewhere.
pub(super) fn withhold_hidden(
    tool: &'static dyn Tool,
    doubts: &[Unparsable],
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) {
    let name = tool.id().name;
    for doubt in doubts {
        let Unparsable { file, reason, hides, origin } = doubt;
        let leads_away = may_lead_away(tool, doubt);
        let hidden = |name: &str| match hides {
            Hidden::Nothing => false,
            Hidden::Letters => !name.is_ascii(),
            Hidden::Names | Hidden::Everything => true,
        };
        let before = candidates.len();
        candidates.retain(|(feed, _)| {
            let named = feed.name.as_deref().filter(|_| feed.bound == Binding::Name);
            let led_elsewhere = led_by_files(feed.bound) && hides.is_any_name() && *origin != Origin::User;
            !named.is_some_and(hidden) && !led_elsewhere && !leads_away
        });
        if leads_away || candidates.len() < before && led_by_files(tool.binds()) {
            warnings.push(format!(
                "{name}: no feed gets a token, since {name} may find in {file} what leads it elsewhere: {reason}"
            ));
        } else if candidates.len() < before {
            let which = if hides.is_any_name() { "no name" } else { "no name with letters beyond ASCII" };
            warnings.push(format!(
                "{name}: {which} gets a token, since {name} may read in {file} that it stands for something else: {reason}"
            ));
        } else if *origin != Origin::Beside {
            warnings.extend(match hides {
                Hidden::Nothing => Some(format!("{name}: {file} cannot be read, so nothing in it counts: {reason}")),
                Hidden::Letters => None,
                Hidden::Names | Hidden::Everything => {
                    Some(format!("{name}: {file} may hold more than this task sees in it: {reason}"))
                }
            });
        }
    }
}
