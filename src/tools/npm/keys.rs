//! The keys under which npm, pnpm and yarn 1 look for a registry's credential.

use std::collections::BTreeSet;

use super::addresses::is_of_feeds;
use super::classic;
use super::rc::Rc;
use crate::plan::draft::Draft;
use crate::plan::{PrivateFile, Template};
use crate::reach::ServedFeed;
use crate::tools::reading::{Origin, Sources};

/// The key prefixes that cover a feed: packages lie under `npm/registry/`, uploads and older clients use `npm/`
/// (microsoft/azure-pipelines-tasks#21090). npm compares them with host and path as they stand in the registry's URL, without
/// the default port; yarn 1 keeps that (measured with 1.22.22).
pub fn key_prefixes(served: &ServedFeed) -> BTreeSet<String> {
    let base = served.feed.base_url();
    let base = base.strip_prefix("https:").unwrap_or(&base);
    with_port(BTreeSet::from([format!("{base}/npm/registry/"), format!("{base}/npm/"), own_prefix(served)]), served)
}

/// The settings by which yarn 1 sends the token for packages without a scope, where the project is one of yarn 1's and no file says
/// whether it is to. npm 11 says in a line each that it knows no such setting.
pub fn for_yarn_1(served: &[ServedFeed], sources: Sources<'_>, draft: &Draft<'_>) -> BTreeSet<String> {
    let is_said = sources.of::<Rc>().any(|(_, rc)| rc.lines.iter().any(classic::is_always));
    let feeds = served.iter().filter(|_| !is_said && classic::is_used(sources, draft));
    let prefixes = feeds.flat_map(|feed| with_port(BTreeSet::from([own_prefix(feed)]), feed));
    prefixes.map(|prefix| format!("{prefix}:always-auth=true")).collect()
}

/// The same prefixes, and with the default port where the registry's URL has it.
fn with_port(mut prefixes: BTreeSet<String>, served: &ServedFeed) -> BTreeSet<String> {
    if let Some(host) = served.feed.url.host_str().filter(|_| served.written.contains(":443/")) {
        let with_port = |prefix: &String| prefix.replacen(host, &format!("{host}:443"), 1);
        prefixes.extend(prefixes.iter().map(with_port).collect::<Vec<_>>());
    }
    prefixes
}

/// Whether a key's prefix is a whole host of feeds, where npm's look-up for it ends.
pub fn is_root(prefix: &str) -> bool {
    prefix.strip_prefix("//").and_then(|rest| rest.strip_suffix('/')).is_some_and(is_of_feeds)
}

/// Keys that hold nothing and end npm's look-up for other paths on the hosts of feeds: of other organizations, or of no feed. Without
/// them npm 7 and later fall back to the registry's credential for any address on its host (npm-registry-fetch, lib/auth.js). Both
/// files count as a credential there and make no header; they are empty, and must exist for pnpm. A user's own keys stay in force.
pub fn of_root(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Vec<String> {
    let of_users = |key: &str| {
        let mut users = sources.of::<Rc>().filter(|(file, _)| file.source.origin == Origin::User);
        users.any(|(_, rc)| rc.lines.iter().any(|line| line.key == key && !line.value.is_empty()))
    };
    let hosts: BTreeSet<&str> = served.iter().filter_map(|feed| feed.feed.url.host_str()).collect();
    let keys = hosts.into_iter().map(|host| ["certfile", "keyfile"].map(|name| format!("//{host}/:{name}")));
    let missing: Vec<_> = keys.filter(|pair| !pair.iter().all(|key| of_users(key))).flatten().collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let empty = draft.private_file(PrivateFile::new("nothing.pem", Template::text("")));
    // Quoted, an rc file's value is JSON: a path may hold a semicolon, or be one of Windows.
    let path = serde_json::Value::from(empty.to_string_lossy()).to_string();
    missing.into_iter().map(|key| format!("{key}={path}")).collect()
}

/// The prefix that the registry's own URL makes.
fn own_prefix(served: &ServedFeed) -> String {
    let written = served.feed.url.as_str().trim_end_matches('/');
    format!("{}/", written.strip_prefix("https:").unwrap_or(written))
}

/// Says which credentials in the repository's own files go before ours for a feed: they are nearer, and a client takes the
/// nearest of equal keys. Tarballs lie under `npm/registry/` whatever the registry's URL.
pub fn warn_of_nearer(served: &ServedFeed, sources: Sources<'_>, draft: &mut Draft<'_>) {
    let own = own_prefix(served);
    let packages = format!("{}/npm/registry/", served.feed.base_url().trim_start_matches("https:"));
    let of_repository = sources.of::<Rc>().filter(|(file, _)| file.source.origin == Origin::Workspace);
    for (file, rc) in of_repository {
        for line in &rc.lines {
            let Some((prefix, kind)) = line.prefix().filter(|(prefix, _)| *prefix == own || *prefix == packages) else {
                continue;
            };
            let (shown, number) = (&file.source.shown, line.number);
            match kind {
                "_authToken" if line.sole_reference().is_some_and(|name| draft.host.variable(name).is_none()) => {
                    draft.warn(format!(
                        "npm: {shown} line {number} refers to a variable for {prefix}, which its readers prefer to this \
                         task's token. Map it in the 'env' of each step that needs it, or remove the line"
                    ));
                }
                "_authToken" => draft.warn(format!(
                    "npm: {shown} line {number} has a credential of its own for {prefix}, which its readers prefer to this \
                     task's: remove the line"
                )),
                // npm 11 and yarn 1 take our token first, pnpm 10 what is nearer (measured).
                "_auth" | "_password" => draft.warn(format!(
                    "npm: {shown} line {number} has a password of its own for {prefix}, which pnpm prefers to this task's token: \
                     remove the line"
                )),
                _ => {}
            }
        }
    }
}
