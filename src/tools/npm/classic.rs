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
/// More scopes and hosts than any lock file has, and longer names; bounds on what a hostile one costs.
const MOST: usize = 1_000;
const LONGEST: usize = 256;
/// More addresses than any project names.
const MOST_ADDRESSES: usize = 100_000;

/// From where a lock file fetches the packages of each scope, blank for none, as `host scope`. Nothing where it is none of yarn 1's.
pub fn fetched(text: &str) -> Option<BTreeSet<String>> {
    if !text.lines().take(5).any(|line| line.trim_end() == "# yarn lockfile v1") {
        return None;
    }
    let (mut found, mut scopes, mut addresses) = (BTreeSet::new(), BTreeSet::new(), 0);
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let text = line.trim();
        if !line.starts_with(char::is_whitespace) {
            scopes = scopes_of(text);
        } else if let Some(url) = text.trim_start_matches('"').strip_prefix("resolved") {
            addresses += 1;
            let host = host(url.trim_start_matches([' ', '\t', ':', '"']));
            found.extend(scopes.iter().map(|scope| format!("{host} {scope}")));
        }
        if line.contains('\\') || found.len() > MOST || addresses > MOST_ADDRESSES {
            return Some(BTreeSet::from([format!(" {ANY}")]));
        }
    }
    Some(found)
}

/// The scopes of an entry's names: `"@c/a@^1", "b@npm:@d/b@1":`.
fn scopes_of(names: &str) -> BTreeSet<String> {
    let of_name = |name: &str| {
        let scope = name.strip_prefix('@').map_or("", |rest| rest.split('/').next().unwrap_or_default());
        if scope.len() > LONGEST { ANY.to_owned() } else { scope.to_owned() }
    };
    let all = names.split(',').take(MOST).map(|name| name.trim().trim_matches(['"', ':']));
    let all = all.flat_map(|name| [Some(name), name.split_once("@npm:").map(|(_, of)| of)]).flatten();
    all.map(of_name).chain((names.split(',').count() > MOST).then(|| ANY.to_owned())).collect()
}

/// Whatever addresses a manifest names: the first request for one goes by no scope.
pub fn named(text: &str) -> BTreeSet<String> {
    let (mut found, mut addresses) = (BTreeSet::new(), 0);
    each_stretch(text, |stretch| {
        for at in memchr::memmem::find_iter(stretch.bytes, b"//").take_while(|at| *at < stretch.begins.end) {
            if found.len() > MOST || addresses > MOST_ADDRESSES {
                break;
            }
            addresses += 1;
            let rest = &stretch.bytes[at..stretch.bytes.len().min(at + LONGEST)];
            let end = rest.iter().position(|byte| b"\"' \n,}".contains(byte)).unwrap_or(rest.len());
            found.insert(format!("{} ", host(&format!("https:{}", String::from_utf8_lossy(&rest[..end])))));
        }
    });
    if found.len() > MOST || addresses > MOST_ADDRESSES { BTreeSet::from([" ".to_owned()]) } else { found }
}

/// An address's host, with the organization on the one that organizations share; blank where it cannot be told.
fn host(url: &str) -> String {
    let url = url.split(['"', '#']).next().and_then(|url| url::Url::parse(url).ok());
    let Some(host) = url.as_ref().and_then(|url| url.host_str()).filter(|host| host.len() <= LONGEST) else {
        return String::new();
    };
    let path = url.as_ref().map_or("", |url| url.path()).trim_start_matches('/');
    let first = path.split('/').next().filter(|first| is_of_feeds(host) && first.len() <= LONGEST);
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
        for (host, scope) in fetched.iter().filter(|_| !hosts.is_empty()).filter_map(|pair| pair.split_once(' ')) {
            let is_signed_in = host.is_empty() || hosts.iter().any(|known| is_same_host(host, known));
            for registry in registries(scope, &lines, sources).into_iter().filter(|_| is_signed_in) {
                reading.detours.push(Detour {
                    client: "yarn",
                    place: Place::of(&file.source),
                    url: host.to_owned(),
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
