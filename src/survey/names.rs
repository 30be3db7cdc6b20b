//! Names that stand, or may stand, for more than a permitted feed.

use std::collections::{BTreeMap, BTreeSet};

use super::left_alone;
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::tools::{Hidden, Mention, Origin, ServedFeed, Tool, Unparsable};

/// Takes back the names that also stand for a URL which is no feed of a permitted organization, or that stand for feeds of
/// several organizations: the tool would send the credential to whichever the file at hand names.
pub(super) fn withhold_doubtful_names(
    tool: &'static dyn Tool,
    mentions: &[Mention],
    served: &mut Vec<(ServedFeed, bool)>,
    permitted_feed: &dyn Fn(&str) -> Option<Feed>,
    warnings: &mut Vec<String>,
) {
    // The first file for each thing that a name stands for: files may repeat a name without end.
    let mut standing: BTreeMap<String, BTreeMap<Option<Organization>, &str>> = BTreeMap::new();
    for mention in mentions {
        if let Some(name) = &mention.name {
            let organization = permitted_feed(&mention.url).map(|feed| feed.organization);
            standing.entry(tool.name_key(name)).or_default().entry(organization).or_insert(&mention.file);
        }
    }
    let mut withheld = BTreeSet::new();
    for (feed, _) in served.iter() {
        let Some(key) = feed.name.as_deref().map(|name| tool.name_key(name)) else { continue };
        let mut others = standing.get(&key).into_iter().flatten();
        let Some((organization, other)) = others.find(|(o, _)| o.as_ref() != Some(&feed.feed.organization)) else {
            continue;
        };
        let what = if organization.is_some() {
            "a feed of another organization"
        } else {
            "something that is no permitted feed"
        };
        if withheld.insert(key) {
            let name = feed.name.as_deref().unwrap_or_default();
            warnings.push(format!(
                "{}: '{name}' stands for the feed {} in {}, but for {what} in {other}, so it gets no token; give the two \
                 different names",
                tool.name(),
                feed.feed,
                feed.named_in
            ));
        }
    }
    served.retain(|(feed, _)| feed.name.as_deref().is_none_or(|name| !withheld.contains(&tool.name_key(name))));
}

/// Takes back every name that a file which cannot be read here may give to something else.
pub(super) fn withhold_hidden_names(
    tool: &'static dyn Tool,
    hiding: &[Unparsable],
    served: &mut Vec<(ServedFeed, bool)>,
    warnings: &mut Vec<String>,
) {
    for Unparsable { file, reason, hides, origin } in hiding {
        let hidden = |name: &str| *hides == Hidden::Names || !name.is_ascii();
        let before = served.len();
        served.retain(|(feed, _)| !feed.name.as_deref().is_some_and(hidden));
        if served.len() == before {
            if *hides == Hidden::Names && *origin != Origin::Dependency {
                warnings.push(left_alone(tool, file, reason));
            }
        } else {
            let which = if *hides == Hidden::Names { "no name" } else { "no name with letters beyond ASCII" };
            warnings.push(format!(
                "{}: {which} gets a token, since {} may read in {file} that it stands for something else: {reason}",
                tool.name(),
                tool.name()
            ));
        }
    }
}
