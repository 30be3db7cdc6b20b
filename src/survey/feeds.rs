//! The feeds that a tool is to serve, and those that it is not.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::{Wanted, names};
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::reach::{Address, Binding, Role, ServedFeed};
use crate::tools::Tool;
use crate::tools::reading::{Detour, Mention, Origin, Peril, Reading, Unparsable};

/// What the files and inputs name for one tool.
#[derive(Default)]
pub(super) struct Found {
    /// The feeds to serve, each once.
    pub served: Vec<ServedFeed>,
    /// Whether it is the workspace or an input that names one, and not only the user's own files.
    pub chooses: bool,
    /// Whether the repository leads the tool's traffic elsewhere, or may do so, so that nothing may be set up for any address.
    pub led_away: bool,
    /// Whether feeds were found that get nothing, which the warnings say.
    pub withheld: bool,
    /// The numbers of the feeds that inputs name for it.
    pub inputs: Vec<usize>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A feed that may be served, and whether it chooses its tool.
pub(super) type Candidate = (ServedFeed, bool);

pub(super) fn of_tool(tool: &'static dyn Tool, reading: &Reading, unread: &[Unparsable], wanted: &Wanted<'_>) -> Found {
    let mut found = Found::default();
    let mut candidates = of_mentions(tool, &reading.mentions, wanted, &mut found.warnings);
    candidates.extend(of_inputs(tool, wanted, &mut found.inputs));
    let before = candidates.len();
    names::withhold_doubtful(tool, &reading.mentions, wanted, &mut candidates, &mut found.warnings);
    let doubts: Vec<Unparsable> = reading.doubts.iter().chain(unread).cloned().collect();
    names::withhold_hidden(tool, &doubts, &mut candidates, &mut found.warnings);
    withhold_looked_at(tool, wanted, &mut candidates, &mut found.warnings);
    withhold_exposed(tool, &reading.mentions, wanted, &mut candidates, &mut found.warnings);
    let is_perilous = withhold_perilous(tool, reading, wanted, &mut candidates, &mut found.warnings);
    found.led_away = is_perilous || doubts.iter().any(|doubt| names::may_lead_away(tool, doubt));
    withhold_led_away(tool, reading, wanted, &mut candidates, &mut found.warnings);
    found.withheld = candidates.len() < before || !found.warnings.is_empty();
    found.chooses = candidates.iter().any(|(_, chooses)| *chooses);
    // What the repository names goes before what the user's own files repeat.
    candidates.sort_by_key(|(_, chooses)| !chooses);
    let mut seen = BTreeMap::new();
    for (feed, _) in candidates {
        let name = feed.name.as_deref().map(|name| tool.name_key(name));
        let at = *seen.entry((name, feed.role, feed.feed.url.to_string())).or_insert(found.served.len());
        match found.served.get_mut(at) {
            Some(known) => known.by_input |= feed.by_input,
            None => found.served.push(feed),
        }
    }
    found
}

/// Whether a file may name to a tool what this task does not see.
pub(super) fn is_blinded(reading: &Reading, unread: &[Unparsable]) -> bool {
    let mut doubts = reading.doubts.iter().chain(unread);
    doubts.any(|doubt| doubt.hides.is_any_name() && doubt.origin != Origin::User)
}

fn of_mentions(
    tool: &'static dyn Tool,
    mentions: &[Mention],
    wanted: &Wanted<'_>,
    warnings: &mut Vec<String>,
) -> Vec<Candidate> {
    let id = tool.id();
    let mut candidates = Vec::new();
    for mention in mentions.iter().filter(|mention| mention.place.origin() != Origin::Beside) {
        let named_in = mention.place.whole();
        if let Some(doubt) = &mention.doubt {
            if names::is_settled(tool, mention, wanted) {
                continue;
            }
            // Under a name, an input could mostly not say more than that the name stands for two addresses.
            let by_input = mention.bound != Binding::Name || tool.is_settled_by_input(mention);
            let or_input = if by_input { ", or name it in the input 'feeds'" } else { "" };
            warnings.push(format!(
                "{}: {} names an address that cannot be told for certain, so it gets no token: {doubt}. If it is a feed, write out \
                 its address there{or_input}",
                id.name, mention.place
            ));
            continue;
        }
        match wanted.reach.feed(&mention.url) {
            Address::Permitted(feed) => {
                if id.speaks.is_some() && feed.protocol.is_none_or(|protocol| Some(protocol) == id.speaks) {
                    let chooses = mention.place.origin() == Origin::Workspace;
                    let (name, written) = (mention.name.clone(), mention.url.clone());
                    let (role, bound) = (mention.role, mention.bound);
                    let by_input = false;
                    candidates.push((ServedFeed { name, role, bound, feed, written, named_in, by_input }, chooses));
                }
            }
            Address::Unlisted(other) => {
                warnings.push(unlisted(tool, mention, &other, wanted.reach.unserved.get(&other)));
            }
            Address::Exposed(feed) if mention.bound != Binding::Path => warnings.push(format!(
                "{}: {named_in} names the feed {feed} over http or with a port of its own, so it gets no token; write https, \
                 without a port",
                id.name
            )),
            Address::Exposed(_) | Address::Elsewhere => {}
        }
    }
    candidates
}

fn of_inputs(tool: &'static dyn Tool, wanted: &Wanted<'_>, numbers: &mut Vec<usize>) -> Vec<Candidate> {
    let id = tool.id();
    let mut candidates = Vec::new();
    for (number, input) in wanted.feeds.iter().enumerate() {
        let feed = match input.feed.protocol {
            Some(protocol) if Some(protocol) == id.speaks && id.takes_inputs => Some(input.feed.clone()),
            None if id.speaks.is_some() => Feed::parse(&tool.feed_url(&input.feed)),
            _ => None,
        };
        if let Some(feed) = feed {
            numbers.push(number);
            let name = input.name.clone().or_else(|| tool.usual_name(&feed));
            let (written, named_in) = (feed.url.to_string(), "the input 'feeds'".to_owned());
            let (role, bound) = (Role::Source, tool.binds());
            let (chooses, by_input) = (input.feed.protocol.is_some(), true);
            candidates.push((ServedFeed { name, role, bound, feed, written, named_in, by_input }, chooses));
        }
    }
    candidates
}

/// Takes back the feeds that the step has looked at and found to lead elsewhere.
fn withhold_looked_at(
    tool: &'static dyn Tool,
    wanted: &Wanted<'_>,
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) {
    let mut told = BTreeSet::new();
    candidates.retain(|(feed, _)| {
        let url = feed.feed.url.as_str();
        let Some(reason) = wanted.reach.withheld.get(url) else { return true };
        if told.insert((url.to_owned(), feed.named_in.clone())) {
            let (name, feed, place) = (tool.id().name, &feed.feed, &feed.named_in);
            warnings.push(format!("{name}: {place} names the feed {feed}, which gets no token: {reason}"));
        }
        false
    });
}

/// Takes back the feeds of an organization whose host something names over http or with a port: this tool's keys know neither, so
/// it would send the credential there too.
fn withhold_exposed(
    tool: &'static dyn Tool,
    mentions: &[Mention],
    wanted: &Wanted<'_>,
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) {
    let mut exposed: BTreeSet<Organization> = BTreeSet::new();
    for mention in mentions.iter().filter(|mention| mention.bound == Binding::Path) {
        if let Address::Exposed(feed) = wanted.reach.feed(&mention.url)
            && exposed.insert(feed.organization.clone())
        {
            let what = if mention.url.starts_with("https:") { "with a port of its own" } else { "over http" };
            warnings.push(format!(
                "{}: {} names the feed {feed} {what}, and {} would send the token there: so it gets none for {}. Write https, \
                 without a port",
                tool.id().name,
                mention.place,
                tool.id().name,
                feed.organization
            ));
        }
    }
    candidates.retain(|(feed, _)| !exposed.contains(&feed.feed.organization));
}

/// The first peril of each file and remedy, with the further ones in words: `, line 3 too, line 4 sends …`. Those of a file stand together.
fn by_file<'r>(perils: impl Iterator<Item = &'r Peril>) -> Vec<(&'r Peril, String)> {
    let mut files: Vec<(&Peril, String, usize)> = Vec::new();
    for peril in perils {
        let whole = peril.place.whole();
        let is_like = |first: &Peril| first.remedy == peril.remedy && first.place.whole() == whole;
        match files.iter_mut().rev().take(REMEDIES_OF_A_FILE).find(|(first, ..)| is_like(first)) {
            None => files.push((peril, String::new(), 1)),
            Some((first, further, count)) => {
                *count += 1;
                let what = if first.what == peril.what { "too" } else { peril.what.as_str() };
                match (*count).cmp(&MOST_OF_A_FILE) {
                    Ordering::Less => further.extend([",", &peril.place.to_string()[whole.len()..], " ", what]),
                    Ordering::Equal => further.push_str(", and others"),
                    Ordering::Greater => {}
                }
            }
        }
    }
    files.into_iter().map(|(first, further, _)| (first, further)).collect()
}

/// More than any tool has.
const REMEDIES_OF_A_FILE: usize = 4;
/// From so many settings of a file on they are told as others.
const MOST_OF_A_FILE: usize = 9;

/// Takes back everything where the repository leads the tool's traffic through somebody else. Whether it does.
fn withhold_perilous(
    tool: &'static dyn Tool,
    reading: &Reading,
    wanted: &Wanted<'_>,
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) -> bool {
    let name = tool.id().name;
    let perils = || reading.perils.iter().filter(|peril| peril.place.is_of_repository());
    let may_ask = tool.asks_by_address() && (wanted.choice.wants(name) == Some(true) || reading.puts_one_together());
    if may_ask || !candidates.is_empty() {
        let warning = |(first, further): (&Peril, String)| {
            format!("{name}: {} {}{further}, so {name} gets no token; {}", first.place, first.what, first.remedy)
        };
        warnings.extend(by_file(perils()).into_iter().map(warning));
    }
    let is_perilous = perils().next().is_some();
    if is_perilous {
        candidates.clear();
    }
    is_perilous
}

/// Takes back everything where a file of the repository has the tool show a feed's credential to somebody else.
fn withhold_led_away(
    tool: &'static dyn Tool,
    reading: &Reading,
    wanted: &Wanted<'_>,
    candidates: &mut Vec<Candidate>,
    warnings: &mut Vec<String>,
) {
    let is_of_ours = |detour: &&Detour| detour.registry.as_ref().is_none_or(|url| wanted.reach.may_see(url));
    let away = reading.detours.iter().filter(is_of_ours).find(|detour| !wanted.reach.may_see(&detour.url));
    let Some(Detour { client, place, url, .. }) = away.filter(|_| !candidates.is_empty()) else { return };
    let name = tool.id().name;
    warnings.push(format!(
        "{name}: {place} has a package fetched from '{url}', where {client} would send the token too, so it gets none; have the \
         package come from its registry's own address"
    ));
    candidates.clear();
}

fn unlisted(tool: &'static dyn Tool, mention: &Mention, other: &Organization, unserved: Option<&String>) -> String {
    let (name, place) = (tool.id().name, mention.place.whole());
    let what =
        Feed::parse(&mention.url).map_or_else(|| format!("a repository of {other}"), |feed| format!("the feed {feed}"));
    if let Some(reason) = unserved {
        return format!("{name}: {place} names {what}, which gets no token: {reason}");
    }
    format!(
        "{name}: {place} names {what}, whose organization is not permitted, so it gets no token; check the \
         spelling, and only if that organization is yours, add '{other}' to the input 'organizations'"
    )
}
