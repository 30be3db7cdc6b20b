//! The keys under which npm, pnpm and yarn 1 look for a registry's credential.

use std::collections::BTreeSet;

use super::addresses::{Addresses, is_of_feeds};
use super::rc::{Line, Rc};
use crate::azure_devops::feed::Feed;
use crate::plan::draft::Draft;
use crate::plan::{PrivateFile, Template};
use crate::reach::ServedFeed;
use crate::tools::reading::{Origin, ReadFile, Sources, folded};

/// The key prefixes that cover a feed: packages lie under `npm/registry/`, uploads and older clients use `npm/`
/// (microsoft/azure-pipelines-tasks#21090). npm compares them with host and path as they stand in the registry's URL, without
/// the default port; yarn 1 keeps that (measured with 1.22.22).
pub fn key_prefixes(served: &ServedFeed) -> BTreeSet<String> {
    let base = served.feed.base_url();
    let base = base.strip_prefix("https:").unwrap_or(&base);
    let mut prefixes = BTreeSet::from([format!("{base}/npm/registry/"), format!("{base}/npm/"), own_prefix(served)]);
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

/// Says where yarn 1 would send no token: for packages without a scope it sends one only with `always-auth`. Ours does not say so for it:
/// with that setting yarn 1 sends the token also to another registry for which a file has a credential, where a lock file leads there
/// (measured with 1.22.22).
pub fn warn_of_yarn_1(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    let is_set = |line: &Line| line.key.trim_start_matches("//").rsplit(':').next() == Some("always-auth");
    if sources.of::<Rc>().any(|(_, rc)| rc.lines.iter().any(is_set)) {
        return;
    }
    let of_yarn_1 = |(file, found): &(&ReadFile, &Addresses)| {
        let settings = file.source.path.with_file_name(super::yarn::USUAL_NAME);
        found.is_of_yarn_1 && file.source.origin == Origin::Workspace && draft.look.read(&settings).is_none()
    };
    let Some((lock, _)) = sources.of::<Addresses>().find(of_yarn_1) else { return };
    let is_served =
        |url: &String| Feed::parse(url).is_some_and(|feed| served.iter().any(|one| one.feed.url == feed.url));
    let registries = sources.of::<Rc>().flat_map(|(file, rc)| rc.lines.iter().map(move |line| (file, line)));
    let is_its = |file: &ReadFile| folded(file.source.name()).contains("npmrc") || file.source.name() == ".yarnrc";
    let mut registries =
        registries.filter(|(file, line)| is_its(file) && line.key == "registry" && line.readings.iter().any(is_served));
    if let Some((file, _)) = registries.next() {
        draft.warn(format!(
            "npm: yarn 1, by {}, sends its token only for packages with a scope: add the line always-auth=true to {}",
            lock.source.shown, file.source.shown
        ));
    }
}
