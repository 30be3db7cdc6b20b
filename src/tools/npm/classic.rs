//! yarn 1. It sends the credential of a package's registry along to whatever address the package has, where a file has a credential for
//! that address too: for packages with a scope, and for all with `always-auth` (measured with 1.22.22). So a lock file that takes a
//! feed's package from another registry, which the project signs in to, would show that one the token.

use std::collections::BTreeSet;

use super::addresses::{Addresses, is_of_feeds};
use super::manifest::Manifest;
use super::rc::{Line, Rc};
use super::spelling::each_stretch;
use super::{REGISTRY, yarn};
use crate::azure_devops::feed::Feed;
use crate::kernel::paths::is_below;
use crate::plan::draft::Draft;
use crate::tools::reading::{Detour, Origin, Place, ReadFile, Reading, Sources};

/// Stands for any scope.
const ANY: &str = "*";
/// More scopes and hosts than any lock file has; a bound on what a hostile one costs.
const MOST: usize = 1_000;

/// From where a lock file fetches the packages of each scope, blank for none: nothing where it is none of yarn 1's.
pub fn fetched(text: &str) -> Option<BTreeSet<(String, String)>> {
    if !text.lines().take(5).any(|line| line.trim_end() == "# yarn lockfile v1") {
        return None;
    }
    let mut found = BTreeSet::new();
    let mut scopes = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.contains('\\') || found.len() > MOST {
            return Some(BTreeSet::from([(ANY.to_owned(), String::new())]));
        }
        let text = line.trim();
        if !line.starts_with(char::is_whitespace) {
            scopes = scopes_of(text);
        } else if let Some(url) = text.trim_start_matches('"').strip_prefix("resolved") {
            let host = host(url.trim_start_matches([' ', '\t', ':', '"']));
            found.extend(scopes.iter().map(|scope| (scope.clone(), host.clone())));
        }
    }
    Some(found)
}

/// The scopes of an entry's names: `"@c/a@^1", "b@npm:@d/b@1":`.
fn scopes_of(names: &str) -> BTreeSet<String> {
    let of_name = |name: &str| match name.strip_prefix('@') {
        Some(rest) => rest.split('/').next().unwrap_or_default().to_owned(),
        None => String::new(),
    };
    let names = names.split(',').map(|name| name.trim().trim_matches(['"', ':']));
    names.flat_map(|name| [Some(name), name.split_once("@npm:").map(|(_, of)| of)]).flatten().map(of_name).collect()
}

/// Whatever addresses a manifest names: the first request for one goes by no scope.
pub fn named(text: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    each_stretch(text, |stretch| {
        let starts = memchr::memmem::find_iter(stretch.bytes, b"//").take_while(|at| *at < stretch.begins.end);
        for at in starts {
            if found.len() > MOST {
                break;
            }
            let rest = &stretch.bytes[at..];
            let end = rest.iter().position(|byte| b"\"' \n,}".contains(byte)).unwrap_or(rest.len());
            found.insert((String::new(), host(&format!("https:{}", String::from_utf8_lossy(&rest[..end])))));
        }
    });
    if found.len() > MOST { BTreeSet::from([(String::new(), String::new())]) } else { found }
}

/// An address's host, with the organization on the one that organizations share; blank where it cannot be told.
fn host(url: &str) -> String {
    let Some(url) = url.split(['"', '#']).next().and_then(|url| url::Url::parse(url).ok()) else {
        return String::new();
    };
    let host = url.host_str().unwrap_or_default();
    let first = url.path_segments().and_then(|mut parts| parts.next()).filter(|_| is_of_feeds(host));
    format!("https://{host}/{}", first.unwrap_or_default())
}

/// Whether a project is one of yarn 1's, as far as its files tell.
pub fn is_used(sources: Sources<'_>, draft: &Draft<'_>) -> bool {
    let is_lock = |(file, found): &(&ReadFile, &Addresses)| {
        let settings = file.source.path.with_file_name(yarn::USUAL_NAME);
        found.fetched.is_some() && file.source.origin == Origin::Workspace && draft.look.read(&settings).is_none()
    };
    sources.of::<Addresses>().any(|found| is_lock(&found))
}

/// Whether a setting has yarn 1 send a credential for packages without a scope too.
pub fn is_always(line: &Line) -> bool {
    line.key.rsplit(':').next() == Some("always-auth")
}

/// Where yarn 1 would show a feed's credential to another registry.
pub fn read(sources: Sources<'_>, reading: &mut Reading) {
    let locks: Vec<_> =
        sources.of::<Addresses>().filter_map(|(file, all)| Some((file, all.fetched.as_ref()?))).collect();
    let is_yarn_1 = !locks.is_empty() || sources.of::<Rc>().any(|(_, rc)| rc.lines.iter().any(is_always));
    let manifests = sources.of::<Manifest>().filter(|_| is_yarn_1).map(|(file, manifest)| (file, &manifest.hosts));
    for (file, fetched) in locks.into_iter().chain(manifests) {
        let applies = |(rc, _): &(&ReadFile, &Rc)| {
            let folder = rc.source.path.parent();
            rc.source.origin == Origin::User || folder.is_some_and(|folder| is_below(&file.source.path, folder))
        };
        let lines: Vec<&Line> = sources.of::<Rc>().filter(applies).flat_map(|(_, rc)| &rc.lines).collect();
        let hosts: BTreeSet<String> = lines.iter().filter_map(|line| signed_in(line)).collect();
        for (scope, host) in fetched.iter().filter(|_| !hosts.is_empty()) {
            let is_signed_in = host.is_empty() || hosts.iter().any(|known| is_same_host(host, known));
            for registry in registries(scope, &lines, sources).into_iter().filter(|_| is_signed_in) {
                reading.detours.push(Detour {
                    client: "yarn",
                    place: Place::of(&file.source),
                    url: host.clone(),
                    registry: Some(registry),
                });
            }
        }
    }
}

/// The address for which a line has a credential.
fn signed_in(line: &Line) -> Option<String> {
    let (prefix, kind) = line.prefix()?;
    (["_authToken", "_password"].contains(&kind) && !line.value.is_empty()).then(|| host(&format!("https:{prefix}")))
}

fn is_same_host(one: &str, other: &str) -> bool {
    let host = |url: &str| url.split('/').nth(2).map(str::to_ascii_lowercase);
    other.is_empty() || host(one) == host(other)
}

/// The feeds that a scope's packages may come from.
fn registries(scope: &str, lines: &[&Line], sources: Sources<'_>) -> Vec<String> {
    let of_key = |is_it: &dyn Fn(&str) -> bool| {
        let lines = lines.iter().filter(|line| line.is_registry() && is_it(&line.key));
        lines.flat_map(|line| line.readings.clone()).collect::<Vec<_>>()
    };
    let own = of_key(&|key| scope == ANY || !scope.is_empty() && key == format!("@{scope}:registry"));
    let mut found = if own.is_empty() || scope == ANY { of_key(&|key| key == "registry") } else { Vec::new() };
    if own.is_empty() {
        found.extend(sources.host.environment.in_any_case(REGISTRY).map(|(_, url)| url.to_owned()));
    }
    found.extend(own);
    found.retain(|url| Feed::parse(url).is_some());
    found
}
