//! What is served, beside what Maven makes of the same files. The fuzz target has it too.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::Case;

/// A line of what Maven's builder prints.
#[derive(Clone, Copy)]
pub struct Line<'l> {
    /// The project's file.
    pub file: &'l str,
    /// `built` for what a project comes to, `raw` for what it says, `asked` for where its parents are looked for, `failed`.
    pub how: &'l str,
    /// The repository's id.
    pub id: &'l str,
    /// Its address.
    pub url: &'l str,
}

impl<'l> Line<'l> {
    /// Takes one apart.
    pub fn of(line: &'l str) -> Self {
        let mut parts = line.split('\t');
        let mut next = || parts.next().unwrap_or_default();
        Self { file: next(), how: next(), id: next(), url: next() }
    }
}

/// The ids under which a credential serves somebody: every one is a permitted feed's, wherever Maven uses it. And where nothing is
/// in doubt, every feed has one.
pub fn judge(case: &Case, served: &BTreeSet<String>, lines: &[Line<'_>]) {
    for Line { file, how, id, url } in lines.iter().filter(|line| served.contains(line.id)) {
        assert!(leads_nowhere(url) || stays(url), "'{id}' is served, and is {url} ({how}) in {file}\n{case}");
    }
    if !case.is_plain || lines.iter().any(|line| line.how == "failed") {
        return;
    }
    let mut are_feeds: BTreeMap<&str, bool> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.how == "built") {
        *are_feeds.entry(line.id).or_insert(true) &= is_feed(line.url);
    }
    for (id, _) in are_feeds.into_iter().filter(|(_, is_feed)| *is_feed) {
        assert!(id.contains("${") || served.contains(id), "'{id}' is a feed and is not served\n{case}");
    }
}

/// Whether a credential under the id of a repository at this address stays with the organization.
fn stays(url: &str) -> bool {
    url.starts_with("https://pkgs.dev.azure.com/contoso/") && !url.contains("..")
}

/// With a reference that nothing resolves, before or after, an address leads nowhere, or into no organization.
fn leads_nowhere(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    let is_open = host.is_empty() || host.rsplit('@').next().unwrap_or_default().contains("${");
    url.contains("${") && (is_open || url.starts_with("https://pkgs.dev.azure.com/${"))
}

fn is_feed(url: &str) -> bool {
    let feed = url.strip_prefix("https://pkgs.dev.azure.com/contoso/_packaging/");
    let name = feed.and_then(|rest| rest.strip_suffix("/maven/v1")).unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}
