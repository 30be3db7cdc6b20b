//! npm, whose user configuration pnpm and yarn classic read too.
//!
//! Later steps get a user configuration of ours that holds the user's own lines and then a credential for each feed, which
//! refers to a variable: npm, pnpm and yarn replace `${VAR}` (npm's documentation of `.npmrc`).

mod addresses;
mod keys;
mod rc;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::reading::{
    Among, Mention, Origin, Parsed, Place, ReadFile, Reading, Receiver, RelPath, Sent, SourceFile, Sources, Unparsable,
};
use super::{Auto, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::npmrc;
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{PrivateFile, Template, TokenSource, Variable};
use crate::reach::{Binding, Role, ServedFeed};

use addresses::{Addresses, feeds_in_text};
use keys::key_prefixes;
use rc::Rc;

/// npm.
pub struct Npm;

static ID: ToolId = ToolId {
    name: "npm",
    speaks: Some(Protocol::Npm),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[USER_CONFIG],
    dependency_folders: &["node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store"],
    ways: &[Way { clients: "", source: TokenSource::Reference, afterwards: super::REMOVED }],
};

/// Files that hold whole addresses and are searched for them.
const SEARCHED: &[&str] = &["package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];
const USER_CONFIG: &str = "NPM_CONFIG_USERCONFIG";
const REGISTRY: &str = "NPM_CONFIG_REGISTRY";

/// A file that no client of these can read, since it is UTF-16.
struct Unread(Unparsable);

impl Tool for Npm {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        // Packages bring a package.json each, and none of them has a say.
        rc::is_rc(path.name())
            || SEARCHED.contains(&path.name()) && (among == Among::Project || path.name() != SEARCHED[0])
    }

    fn searches(&self, name: &str) -> bool {
        SEARCHED.contains(&name)
    }

    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let named = host.variable_in_any_case(USER_CONFIG).map(PathBuf::from);
        named.or_else(|| host.home.as_ref().map(|home| home.join(".npmrc"))).into_iter().collect()
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        if file.text.is_utf16() {
            return Box::new(Unread(Unparsable::malformed(&file.source, "npm reads no UTF-16; save it as UTF-8")));
        }
        if file.source.origin != Origin::User && SEARCHED.contains(&file.name()) {
            return Box::new(feeds_in_text(&file.text.body));
        }
        Box::new(Rc::parse(file, host))
    }

    /// An rc file may name another one: with `globalconfig`, or with `prefix`, below which npm looks for `etc/npmrc`.
    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.of::<Rc>().flat_map(|(file, rc)| rc.further_files(&file.source)).collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        reading.doubts.extend(sources.of::<Unread>().map(|(_, unread)| unread.0.clone()));
        for (file, addresses) in sources.of::<Addresses>() {
            reading.mentions.extend(
                addresses.0.iter().map(|(url, line)| mention(url.clone(), None, Place::line(&file.source, *line))),
            );
        }
        for (file, rc) in sources.of::<Rc>() {
            read_rc(file, rc, sources.host, &mut reading);
        }
        let registry = sources.host.environment.iter().find(|(name, _)| name.eq_ignore_ascii_case(REGISTRY));
        if let Some((name, url)) = registry.filter(|(_, url)| !url.is_empty()) {
            reading.mentions.push(mention(url.clone(), None, Place::Variable(name.clone())));
        }
        reading
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/npm/registry/", feed.base_url())
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        // What npm cannot read has no effect to carry over.
        let user_file = sources.of::<Rc>().find(|(file, _)| file.source.origin == Origin::User);
        let carried = user_file.and_then(|(file, _)| file.text.clone()).unwrap_or_default();
        let mut lines = BTreeSet::new();
        for feed in served {
            let reference = format!("${{{}}}", draft.reference(&feed.feed.organization));
            for prefix in key_prefixes(feed) {
                lines.insert(format!("{prefix}:_authToken={reference}"));
            }
            keys::warn_of_nearer(feed, sources, draft);
            draft.serve(feed, TokenSource::Reference);
        }
        let lines: Vec<String> = lines.into_iter().collect();
        let edits = npmrc::append(&carried, &lines);
        let file = draft.private_file(PrivateFile::carrying("npmrc", carried, edits));
        draft.set(user_config_variable(draft.host, &file));
        Ok(())
    }
}

fn mention(url: String, doubt: Option<String>, place: Place) -> Mention {
    Mention { name: None, url, doubt, role: Role::Source, bound: Binding::Path, place }
}

fn read_rc(file: &ReadFile, rc: &Rc, host: &Host, reading: &mut Reading) {
    for line in &rc.0 {
        let place = Place::line(&file.source, line.number);
        let expanded = line.expanded(host);
        let receiver = if line.is_registry() {
            let doubt =
                expanded.contains("${").then(|| format!("no variable of the job has what '{}' refers to", line.value));
            reading.mentions.push(mention(expanded.clone(), doubt, place.clone()));
            expanded.clone()
        } else {
            line.receiver(host)
        };
        if let Some(what) = line.peril(host) {
            reading.perils.push(super::reading::Peril { place: place.clone(), what });
        }
        let text = format!("{} {expanded}", line.value);
        reading.sends.push(Sent { receiver: Receiver::Url(receiver), text, place });
    }
}

/// The variable that points npm to our file. Where the job has it in another spelling, two would be in each other's way, so
/// that spelling is used.
fn user_config_variable(host: &Host, file: &std::path::Path) -> Variable {
    let standing = host.environment.keys().find(|name| name.eq_ignore_ascii_case(USER_CONFIG));
    let name = standing.map_or(USER_CONFIG, String::as_str);
    let variable = Variable::new(name, Template::text(file.to_string_lossy()));
    if name == USER_CONFIG { variable } else { variable.exact_case() }
}

#[cfg(test)]
mod tests;
