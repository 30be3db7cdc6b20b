//! npm, whose user configuration pnpm, yarn 1 and bun read too, and their family: [`yarn`] is for yarn 2 and later.
//!
//! Later steps get a user configuration of ours that holds the user's own lines and then a credential for each feed, which
//! refers to a variable: npm, pnpm and yarn replace `${VAR}` (npm's documentation of `.npmrc`).

mod addresses;
pub(crate) mod bun;
mod bunfig;
mod classic;
mod keys;
mod manifest;
mod perils;
mod rc;
mod scan;
mod spelling;
mod yaml;
pub(crate) mod yarn;
mod yarnrc;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::dotenv::{self, DotEnv};
use super::reading::{
    Among, Mention, Origin, Parsed, Peril, Place, ReadFile, Reading, Receiver, RelPath, Sent, SourceFile, Sources,
    Unparsable, folded, is_one_of,
};
use super::{Auto, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::npmrc;
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{PrivateFile, Template, TokenSource, Variable};
use crate::reach::{Binding, Role, ServedFeed};

use addresses::{Addresses, Schemes, feeds_in_text};
use keys::key_prefixes;
use manifest::Manifest;
use rc::{Line, Rc, as_npm_reads};

/// npm.
pub struct Npm;

static ID: ToolId = ToolId {
    name: "npm",
    speaks: Some(Protocol::Npm),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[USER_CONFIG, PNPM_FILES[0], PNPM_FILES[1]],
    dependency_folders: &["node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store"],
    ways: &[Way {
        clients: "",
        tried: "npm 6 to 12, pnpm 8 to 11, yarn 1.22, bun 1.4.5: fetch, publish",
        source: TokenSource::Reference,
        fresh: super::Fresh::EachStart,
        afterwards: super::REMOVED,
    }],
};

/// pnpm takes each (@pnpm/cli-utils, readProjectManifest).
const MANIFESTS: [&str; 3] = ["package.json", "package.json5", "package.yaml"];
/// Files that hold whole addresses and are searched for them. npm takes the last for what is installed already.
const SEARCHED: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "lerna.json",
    ".package-lock.json",
    bun::OWN[1],
    bun::OWN[2],
];
const USER_CONFIG: &str = "NPM_CONFIG_USERCONFIG";
/// Where Rush has the file of its clients. It keeps from them what is called `NPM_CONFIG_…`, in capitals (measured with 5.179; on
/// Windows in any letters, by its source).
const RUSH: &str = "common/config/rush";
/// By these pnpm 11 is pointed past npm's file.
const PNPM_FILES: [&str; 2] = ["PNPM_CONFIG_NPMRC_AUTH_FILE", "PNPM_CONFIG_USERCONFIG"];
const REGISTRY: &str = "NPM_CONFIG_REGISTRY";

impl Tool for Npm {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, _among: Among) -> bool {
        // A package's own manifest may name dependencies by their addresses, wherever it lies: in `vendor` for `file:`, in a
        // `node_modules` that the repository brings.
        rc::is_rc(path.name()) || self.searches(path.name()) || is_one_of(path.name(), &dotenv::NAMES)
    }

    fn searches(&self, name: &str) -> bool {
        // pnpm may have one for each branch, `pnpm-lock.main.yaml`.
        is_one_of(name, SEARCHED) || is_one_of(name, &MANIFESTS) || folded(name).starts_with("pnpm-lock.")
    }

    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        user_files(host).into_iter().filter_map(|(_, path)| path).collect()
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        if file.source.origin != Origin::User && self.searches(file.name()) {
            return searched(file);
        }
        if is_one_of(file.name(), &dotenv::NAMES) {
            return Box::new(DotEnv::parse(&file.text.body, dotenv::OF_BUN));
        }
        Box::new(Rc::parse(file, host))
    }

    /// An rc file may name another one: with `globalconfig`, or with `prefix`, below which npm looks for `etc/npmrc`.
    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.of::<Rc>().flat_map(|(file, rc)| rc.further_files(&file.source)).collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        for (file, addresses) in sources.of::<Addresses>() {
            read_addresses(file, addresses, &mut reading);
        }
        for (file, manifest) in sources.of::<Manifest>() {
            read_addresses(file, &manifest.addresses, &mut reading);
            read_lines(file, &manifest.publish_settings, Binding::Path, sources.host, &mut reading);
            if manifest.is_unclear {
                let reason = "its publishConfig cannot be told; write plain JSON";
                reading.doubts.push(Unparsable::hides_names(&file.source, reason));
            }
        }
        for (file, rc) in sources.of::<Rc>() {
            read_addresses(file, &rc.addresses, &mut reading);
            read_lines(file, &rc.lines, Binding::Path, sources.host, &mut reading);
            reading.doubts.extend(rc.doubt.clone());
        }
        classic::read(sources, &mut reading);
        if bun::Bun.is_used(sources) {
            let of_files =
                sources.of::<DotEnv>().flat_map(|(file, lines)| lines.0.iter().map(move |line| (file, *line)));
            let what = "sets a variable by which bun sends its traffic elsewhere";
            reading.perils.extend(of_files.map(|(file, line)| Peril::new(Place::line(&file.source, line), what)));
        }
        if let Some((name, url)) = sources.host.environment.in_any_case(REGISTRY) {
            reading.mentions.push(mention(url.to_owned(), None, Binding::Path, Place::Variable(name.to_owned())));
        }
        reading
    }

    fn binds(&self) -> Binding {
        Binding::Path
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/npm/registry/", feed.base_url())
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let mut lines = BTreeSet::new();
        for feed in served {
            let reference = format!("${{{}}}", draft.reference(&feed.feed.organization));
            for prefix in key_prefixes(feed) {
                lines.insert(format!("{prefix}:_authToken={reference}"));
            }
            keys::warn_of_nearer(feed, sources, draft);
            draft.serve(feed, TokenSource::Reference);
        }
        lines.extend(keys::for_yarn_1(served, sources, draft));
        let mut lines: Vec<String> = lines.into_iter().collect();
        lines.extend(keys::of_root(served, sources, draft));
        let is_of_rush = sources.files.iter().any(|file| {
            file.source.origin == Origin::Workspace && file.source.path.parent().is_some_and(|at| at.ends_with(RUSH))
        });
        for (number, (variable, path)) in user_files(draft.host).into_iter().enumerate() {
            // What npm cannot read has no effect to carry over.
            let mut users = sources.of::<Rc>().filter(|(file, rc)| {
                file.source.origin == Origin::User && Some(&file.source.path) == path.as_ref() && rc.doubt.is_none()
            });
            let carried = users.next().and_then(|(file, _)| file.text.clone()).unwrap_or_default();
            let edits = npmrc::append(&carried, &lines);
            let name = ["npmrc", "npmrc-1", "npmrc-2"][number];
            let file = draft.private_file(PrivateFile::carrying(name, carried, edits));
            let in_small = (is_of_rush && variable == USER_CONFIG).then(|| variable.to_ascii_lowercase());
            draft.set(user_config_variable(variable, in_small, draft.host, &file));
        }
        Ok(())
    }
}

/// What a file says that is searched for addresses, for all of the family.
fn searched(file: &SourceFile) -> Parsed {
    let text = as_npm_reads(&file.text);
    if file.is_named(&MANIFESTS) {
        return Box::new(Manifest::parse(&text));
    }
    let is_lock = file.is_named(&[yarn::LOCK]);
    let archives = if is_lock { yarn::archives(&text) } else { BTreeSet::new() };
    let fetched = if is_lock { classic::fetched(&text) } else { None };
    Box::new(Addresses { archives, fetched, ..feeds_in_text(&text, Schemes::Optional) })
}

fn mention(url: String, doubt: Option<String>, bound: Binding, place: Place) -> Mention {
    Mention { name: None, url, doubt, role: Role::Source, bound, place }
}

fn read_addresses(file: &ReadFile, addresses: &Addresses, reading: &mut Reading) {
    for (url, line) in addresses.feeds.iter().chain(&addresses.exposed) {
        reading.mentions.push(mention(url.clone(), None, Binding::Path, Place::line(&file.source, *line)));
    }
    if let Some(line) = addresses.unclear {
        let reason = format!(
            "line {line} names the host of a feed over http, with a port of its own or in an odd spelling; write https, without a port"
        );
        reading.doubts.push(Unparsable::hides_names(&file.source, reason));
    }
}

fn read_lines(file: &ReadFile, lines: &[Line], bound: Binding, host: &Host, reading: &mut Reading) {
    for line in lines {
        let place = Place::line(&file.source, line.number);
        let text = format!("{} {}", line.value, line.readings.join(" "));
        let receiver = if line.is_registry() {
            // Where one client resolves what another cannot, the other's reading is no address.
            let is_known = |url: &&String| !url.contains("${");
            let known = line.readings.iter().any(|url| is_known(&url));
            let urls = line.readings.iter().filter(|url| !known || is_known(url));
            for url in urls.clone() {
                reading.mentions.push(mention(with_scheme(url), doubt(line, url), bound, place.clone()));
            }
            urls.clone().next().cloned().unwrap_or_default()
        } else {
            line.receiver(host)
        };
        if let Some((what, remedy)) = perils::of_line(line, host) {
            reading.perils.push(Peril { remedy, ..Peril::new(place.clone(), what) });
        }
        reading.sends.push(Sent { receiver: Receiver::Url(receiver), text, place });
    }
}

/// An address without a scheme might be taken for one over http.
fn with_scheme(url: &str) -> String {
    if url.starts_with("//") { format!("http:{url}") } else { url.to_owned() }
}

/// Why a registry's address cannot be told; nothing where it can, or where its host is another's whatever the rest.
fn doubt(line: &Line, url: &str) -> Option<String> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let known = !host.contains('$') && url.contains("://");
    let elsewhere = known && !addresses::is_of_feeds(host.split(':').next().unwrap_or_default());
    (url.contains("${") && !elsewhere).then(|| format!("no variable of the job has what '{}' refers to", line.value))
}

/// The variables by which clients are pointed to a file of the user's, and that file: npm's, and those of pnpm's that the job sets.
fn user_files(host: &Host) -> Vec<(&'static str, Option<PathBuf>)> {
    let named = |variable: &str| host.variable_in_any_case(variable).map(PathBuf::from);
    let of_npm = named(USER_CONFIG).or_else(|| host.home.as_ref().map(|home| home.join(".npmrc")));
    let further = PNPM_FILES.into_iter().map(|variable| (variable, named(variable))).filter(|(_, path)| path.is_some());
    std::iter::once((USER_CONFIG, of_npm)).chain(further).collect()
}

/// The variable that points a client to our file, in another spelling where it is to have one. Where the job has it in a spelling, two
/// would be in each other's way, so that one is used.
fn user_config_variable(variable: &str, spelling: Option<String>, host: &Host, file: &std::path::Path) -> Variable {
    let standing = host.environment.iter().find(|(name, _)| name.eq_ignore_ascii_case(variable));
    let name = standing.map(|(name, _)| name.to_owned()).or(spelling).unwrap_or_else(|| variable.to_owned());
    let set = Variable::new(name.as_str(), Template::text(file.to_string_lossy()));
    if name == variable { set } else { set.exact_case() }
}

#[cfg(test)]
mod tests;
