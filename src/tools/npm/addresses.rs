//! Addresses of feeds in files that hold whole ones: lock files, dependencies. They are searched, not parsed.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;
use url::Url;

use super::scan::{Scan, Scheme};
use super::spelling::{REACH, Stretch, each_stretch};
use crate::azure_devops::feed::Feed;

/// The feeds that a text names, each once, with the line on which it stands first.
#[derive(Debug, Default, PartialEq)]
pub struct Addresses {
    /// Over https at the default port.
    pub feeds: Vec<(String, usize)>,
    /// Over http, with a port of its own, or without a scheme, which a client may take from its registry.
    pub exposed: Vec<(String, usize)>,
    /// Where the host of feeds is named in such a way and the feed cannot be told.
    pub unclear: Option<usize>,
    /// The first address of another host, and its line, but those that are there for people.
    pub elsewhere: Option<(String, usize)>,
    /// Of a lock file of yarn's: where its archives come from that lie elsewhere than their registry has them.
    pub archives: BTreeSet<String>,
    /// Of a lock file of yarn 1's: the scopes of packages, and where they come from, as [`super::classic::fetched`] has them.
    pub fetched: Option<BTreeSet<String>>,
}

/// Whether an address may go without a scheme: in an rc file, keys look so.
#[derive(Clone, Copy, PartialEq)]
pub enum Schemes {
    /// One is looked for behind every `//`.
    Optional,
    /// Only what says http or https is one.
    Required,
}

/// Different feeds that are told apart; no project has more.
const MOST_FEEDS: usize = 10_000;
/// Different exposed feeds that are told apart, for as many warnings.
const MOST_EXPOSED: usize = 100;
/// Addresses with an odd spelling that are parsed; a bound on what a hostile file costs.
const MOST_ODD: usize = 50_000;
const LONGEST_AUTHORITY: usize = 1_024;

/// The feeds whose packages a text names: lock files hold whole URLs, in a host form of their own. Whatever a client would turn into
/// the address of a feed counts, in any spelling.
pub fn feeds_in_text(text: &str, schemes: Schemes) -> Addresses {
    let mut found = Found::default();
    let slashes = memmem::Finder::new(b"//");
    each_stretch(text, |stretch| {
        let mut position = stretch.begins.start;
        let mut scan = Scan::new(stretch.bytes, &slashes);
        while let Some((at, start, scheme)) = scan.next(position) {
            if at >= stretch.begins.end {
                break;
            }
            position = start;
            if scheme != Scheme::None || schemes == Schemes::Optional {
                found.look(stretch, start, scheme);
            }
        }
    });
    Addresses {
        feeds: found.feeds.into_iter().collect(),
        exposed: found.exposed.into_iter().collect(),
        unclear: found.unclear,
        elsewhere: found.elsewhere,
        archives: BTreeSet::new(),
        fetched: None,
    }
}

#[derive(Default)]
struct Found {
    feeds: BTreeMap<String, usize>,
    exposed: BTreeMap<String, usize>,
    unclear: Option<usize>,
    elsewhere: Option<(String, usize)>,
    /// Addresses that had to be parsed to be told.
    odd: usize,
    /// The feed found last: most addresses of a lock file are of one.
    last: String,
    /// Another host that was found last, plain and with the slash behind it.
    foreign: Vec<u8>,
}

impl Found {
    fn look(&mut self, stretch: &Stretch<'_>, start: usize, scheme: Scheme) {
        let bytes = &stretch.bytes[start..stretch.bytes.len().min(start + REACH)];
        if !self.foreign.is_empty() && bytes.starts_with(&self.foreign) {
            return;
        }
        let line = || stretch.line(start);
        let near = &bytes[..bytes.len().min(LONGEST_AUTHORITY)];
        let end = memchr::memchr3(b'/', b'?', b'#', near).unwrap_or(near.len());
        if end == LONGEST_AUTHORITY {
            self.unclear.get_or_insert_with(line);
            return;
        }
        let (authority, rest) = bytes.split_at(end);
        let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let port = if host.iter().all(is_plain) {
            std::str::from_utf8(host).is_ok_and(is_of_feeds).then_some(None)
        } else if may_be_of_feeds(authority) {
            self.odd += 1;
            if self.odd > MOST_ODD {
                self.unclear.get_or_insert_with(line);
                return;
            }
            parsed(authority).filter(|url| url.host_str().is_some_and(is_of_feeds)).map(|url| url.port())
        } else {
            None
        };
        let Some(port) = port else {
            // The next of it is nothing new, unless it may be the first that is not there for people.
            if self.elsewhere.is_some()
                && rest.starts_with(b"/")
                && host.len() == authority.len()
                && host.iter().all(is_plain)
            {
                self.foreign = [authority, b"/"].concat();
            }
            if scheme != Scheme::None && self.elsewhere.is_none() && !is_for_people(&stretch.bytes[..start]) {
                self.elsewhere = Some((String::from_utf8_lossy(authority).into_owned(), line()));
            }
            return;
        };
        let cut = rest.iter().position(|byte| b"\"' ,)}>#?:".contains(byte)).unwrap_or(rest.len());
        // The end of the text may lie within a character, never within an address that matters.
        let path = String::from_utf8_lossy(&rest[..cut]);
        if scheme == Scheme::Https && port.is_none() {
            let npm = path.to_ascii_lowercase().find("/npm/");
            if let Some(npm) = npm.filter(|_| self.feeds.len() < MOST_FEEDS) {
                let registry = format!("https://{}{}/npm/registry/", String::from_utf8_lossy(authority), &path[..npm]);
                if registry != self.last {
                    self.feeds.entry(registry.clone()).or_insert_with(line);
                    self.last = registry;
                }
            }
        } else if self.unclear.is_none() && (names_packages(rest) || is_of_one(authority) && path.len() > 1) {
            match exposed_feed(authority, &path, rest, scheme, port) {
                Some(url) if self.exposed.len() < MOST_EXPOSED || self.exposed.contains_key(&url) => {
                    self.exposed.entry(url).or_insert_with(line);
                }
                _ => self.unclear = Some(line()),
            }
        }
    }
}

/// Whether an address stands under a key of lock files by which no client fetches anything. `before` ends with its slashes.
fn is_for_people(before: &[u8]) -> bool {
    let tail = String::from_utf8_lossy(&before[before.len().saturating_sub(64)..]).into_owned();
    let tail = tail.trim_end_matches(['/', ':']).trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let tail = tail.strip_suffix('"').unwrap_or_default().trim_end();
    let key = tail.strip_suffix(':').unwrap_or_default().trim_end();
    key.ends_with("\"url\"") || key.ends_with("\"funding\"")
}

/// Whether an authority with letters beyond those of a plain name is worth a closer look.
fn may_be_of_feeds(authority: &[u8]) -> bool {
    let lower = authority.to_ascii_lowercase();
    let names = |word: &str| memmem::find(&lower, word.as_bytes()).is_some();
    lower.iter().any(|byte| *byte == b'%' || !byte.is_ascii()) || names("azure") || names("visualstudio")
}

fn parsed(authority: &[u8]) -> Option<Url> {
    Url::parse(&format!("https://{}/", String::from_utf8_lossy(authority))).ok()
}

fn names_packages(rest: &[u8]) -> bool {
    memmem::find(&rest.to_ascii_lowercase(), b"_packaging").is_some()
}

/// Whether it is an organization's own host: clients send the credential of a feed there to its other paths too.
fn is_of_one(authority: &[u8]) -> bool {
    let host = parsed(authority).and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| host.ends_with(OWN))
}

const OWN: &str = ".pkgs.visualstudio.com";

/// Whether a host is one of Azure Artifacts.
pub fn is_of_feeds(host: &str) -> bool {
    let own = host.len().checked_sub(OWN.len()).and_then(|at| host.get(at..));
    host.eq_ignore_ascii_case("pkgs.dev.azure.com") || own.is_some_and(|end| end.eq_ignore_ascii_case(OWN))
}

/// The feed at an exposed address; nothing where readers may differ about its path.
fn exposed_feed(authority: &[u8], path: &str, rest: &[u8], scheme: Scheme, port: Option<u16>) -> Option<String> {
    let host = parsed(authority)?.host_str()?.to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._~%@-".contains(c);
    let climbs = |dots: &[u8]| memmem::find(rest, dots).is_some();
    if climbs(b"..") || climbs(b"%2e") || climbs(b"%2E") || !path.chars().all(plain) {
        return None;
    }
    let feed = Feed::parse(&format!("https://{host}{path}"))?;
    let base = feed.base_url();
    let path = base.strip_prefix("https://")?.strip_prefix(host.as_str())?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if scheme == Scheme::Https { "https" } else { "http" };
    Some(format!("{scheme}://{host}{port}{path}/npm/registry/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        feeds_in_text(text, Schemes::Optional).feeds.into_iter().map(|(url, _)| url).collect()
    }

    #[test]
    fn lock_files_name_feeds_once_and_what_is_exposed_apart() {
        let feed = "https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry";
        let text = format!(
            "a@1:\n  resolved \"{feed}/a/-/a-1.tgz#1\"\nb@1:\n  resolved \"{feed}/b/-/b-1.tgz#2\"\n\
             c@1:\n  resolved \"https://registry.example.com/c/-/c-1.tgz#3\"\n\
             d@1:\n  resolved \"http://PKGS.dev.azure.com/contoso/_packaging/f/npm/registry/d/-/d-1.tgz\"\n\
             e: {{tarball: https://u@pkgs.dev.azure.com:444/contoso/_packaging/f/npm/registry/e/-/e-1.tgz}}\n"
        );
        let owned = |rows: &[(&str, usize)]| rows.iter().map(|(url, line)| ((*url).to_owned(), *line)).collect();
        let expected = Addresses {
            feeds: owned(&[("https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry/", 2)]),
            exposed: owned(&[
                ("http://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/", 8),
                ("https://pkgs.dev.azure.com:444/contoso/_packaging/f/npm/registry/", 9),
            ]),
            elsewhere: Some(("registry.example.com".to_owned(), 6)),
            ..Addresses::default()
        };
        assert_eq!(feeds_in_text(&text, Schemes::Optional), expected);
        let people = "{\"funding\": {\"url\" : \"https://a.example\"}, \"b\": {\"funding\":\"http://b.example\"}}";
        assert_eq!(feeds_in_text(people, Schemes::Optional).elsewhere, None);
        let one = "{\"foo\": [\"foo@1.0.0\", \"http://evil.example/url\", {}, \"\"]}";
        assert_eq!(feeds_in_text(one, Schemes::Optional).elsewhere, Some(("evil.example".to_owned(), 1)));
    }

    const PATH: &str = "/contoso/_packaging/f/npm/registry/d/-/d-1.tgz";

    /// A lock file's line with an address, and what is found in it.
    fn resolved(written: &str) -> (String, Addresses) {
        let text = format!("{{\"resolved\": \"{}\"}}", written.replace("{}", PATH));
        let found = feeds_in_text(&text, Schemes::Optional);
        (text, found)
    }

    #[test]
    fn whatever_a_client_turns_into_an_exposed_address_is_seen() {
        for written in [
            "http://pkgs.dev.azure.com{}",
            "HTTP://Pkgs.Dev.Azure.Com{}",
            "http:\\/\\/pkgs.dev.azure.com{}",
            "\\u0068ttp://pkgs.dev.azure.com{}",
            "http://\\u0070kgs.dev.azure.com{}",
            "http://%70kgs.dev.azure.com{}",
            "http://pkgs.dev%2eazure.com{}",
            "http://ｐkgs.dev.azure.com{}",
            "http://pkgs。dev.azure.com{}",
            "http://pk\u{ad}gs.dev.azure.com{}",
            "http://\\ud835\\uddc9kgs.dev.azure.com{}",
            "http://user:word@pkgs.dev.azure.com{}",
            "http://a b,'@pkgs.dev.azure.com{}",
            "http://a\\\"b@pkgs.dev.azure.com{}",
            "http://x@y@pkgs.dev.azure.com{}",
            "http:pkgs.dev.azure.com{}",
            "http:/pkgs.dev.azure.com{}",
            "http:////pkgs.dev.azure.com{}",
            "http:\\\\\\\\pkgs.dev.azure.com{}",
            "http://pkgs.dev\\n.azure.com{}",
            "ht\\ttp://pkgs.dev.azure.com{}",
            "ht\ttp://pkgs.dev.azure.com{}",
            "http:\n   //pkgs.dev.azure.com{}",
            "http://pkgs.dev.\\\n   azure.com{}",
            "git+http://pkgs.dev.azure.com{}",
            &format!("http://{}@pkgs.dev.azure.com{{}}", "x".repeat(2_000)),
            "//pkgs.dev.azure.com{}",
            "\\/\\/pkgs.dev.azure.com{}",
            "https://pkgs.dev.azure.com:444{}",
            "https://pkgs.dev.azure.com:0080{}",
            "http://pkgs.dev.azure.com:443{}",
            "http://pkgs.dev.azure.com/x/..{}",
            "http://pkgs.dev.azure.com/fabrikam/_packaging/a,/../../..{}",
            "http://pkgs.dev.azure.com/%2e%2E{}",
            "http://contoso.pkgs.visualstudio.com/x.tgz",
            "https://Contoso.pkgs.visualstudio.com:444/x.tgz",
        ] {
            let (text, found) = resolved(written);
            assert!(!found.exposed.is_empty() || found.unclear.is_some(), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_no_client_turns_into_one_is_not() {
        for written in [
            "https://pkgs.dev.azure.com{}",
            "https://pkgs.dev.azure.com:443{}",
            "https://pkgs.dev.azure.com:{}",
            "https:\\/\\/u@pkgs.dev.azure.com{}",
            "https:\\u002f\\u002fpkgs.dev.azure.com{}",
            "http://pkgs.dev.azure.com.{}",
            "http://pkgs.dev.azure.com.evil.example{}",
            "http://evil.example/pkgs.dev.azure.com{}",
            "http://pkgs.dev.azure.com@evil.example{}",
            "http://xpkgs.dev.azure.com{}",
            "http://pkgs.dev.azure.com/",
            "http://contoso.pkgs.visualstudio.com/",
            "/pkgs.dev.azure.com{}",
        ] {
            let (text, found) = resolved(written);
            assert!(found.exposed.is_empty() && found.unclear.is_none(), "{text}: {found:?}");
            assert_eq!(found.feeds.len(), usize::from(written.starts_with("https")), "{text}");
        }
        let key = format!("//pkgs.dev.azure.com{PATH}:_authToken=x");
        assert_eq!(feeds_in_text(&key, Schemes::Required), Addresses::default());
    }

    #[test]
    fn an_exposed_address_is_seen_behind_any_number_of_others() {
        let rest = &PATH["/contoso".len()..];
        let feeds = (0..MOST_FEEDS + 10).map(|n| format!("\"https://pkgs.dev.azure.com/o{n}{rest}\"\n"));
        let exposed = (0..MOST_EXPOSED).map(|n| format!("\"http://pkgs.dev.azure.com/o{n}{rest}\"\n"));
        let text: String = feeds.chain(exposed).collect();
        assert_eq!(feeds_in_text(&text, Schemes::Optional).unclear, None);
        let found = feeds_in_text(&format!("{text}\"http://pkgs.dev.azure.com{PATH}\""), Schemes::Optional);
        assert_eq!(found.unclear, Some(MOST_FEEDS + 10 + MOST_EXPOSED + 1));
    }

    #[test]
    fn hostile_lock_files_are_read_once() {
        let host = "https://pkgs.dev.azure.com/";
        for unit in
            [host, "pkgs.dev.azure.com/", ".pkgs.visualstudio.com", "https://", "://", "http:", "/", "\\", "ä€😀"]
        {
            assert_eq!(urls(&unit.repeat(2_000_000 / unit.len())), Vec::<String>::new());
        }
        // Characters of several bytes at the bound, and a feed behind it all.
        let feed = format!("{host}contoso/_packaging/f/npm/registry/");
        for padding in ["", "a", "aa"] {
            let text = format!("{padding}{host}{padding}{}\n{feed}x.tgz", "€".repeat(2_000));
            assert_eq!(urls(&text), [feed.as_str()]);
        }
    }
}
