//! Addresses of feeds in files that hold whole ones: lock files, dependencies.

use std::collections::BTreeMap;

/// The addresses that a text holds, each once, with the line on which it stands first.
#[derive(Debug, PartialEq)]
pub struct Addresses(pub Vec<(String, usize)>);

/// More than any feed's address has; a lock file may be written to be slow to read.
const LONGEST_URL: usize = 2_048;
/// Different addresses that are told apart; no project has more.
const MOST_ADDRESSES: usize = 10_000;

/// The feeds whose packages a text names: lock files hold whole URLs, in a host form of their own. One over http or with a port
/// of its own is kept apart.
pub fn feeds_in_text(text: &str) -> Addresses {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let (mut line, mut counted, mut end) = (1, 0, 0);
    for at in memchr::memmem::find_iter(text.as_bytes(), "://") {
        if at < end {
            continue;
        }
        let scheme = text[end..at].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        let start = at - scheme;
        let url = &text[start..text.floor_char_boundary(at + LONGEST_URL)];
        let url = &url[..url.find(|c: char| c.is_whitespace() || "\"',)}#>\\".contains(c)).unwrap_or(url.len())];
        end = start + url.len();
        if !is_of_feeds(&url[scheme + 3..]) {
            continue;
        }
        let Some(npm) = url.to_ascii_lowercase().find("/npm/").filter(|_| found.len() < MOST_ADDRESSES) else {
            continue;
        };
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..start]).count();
        counted = start;
        found.entry(format!("{}/npm/registry/", &url[..npm])).or_insert(line);
    }
    Addresses(found.into_iter().collect())
}

/// Whether what follows `://` begins with a host of Azure Artifacts.
fn is_of_feeds(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    host == "pkgs.dev.azure.com" || host.ends_with(".pkgs.visualstudio.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        feeds_in_text(text).0.into_iter().map(|(url, _)| url).collect()
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
        let expected = [
            ("http://PKGS.dev.azure.com/contoso/_packaging/f/npm/registry/", 8),
            ("https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry/", 2),
            ("https://u@pkgs.dev.azure.com:444/contoso/_packaging/f/npm/registry/", 9),
        ];
        assert_eq!(feeds_in_text(&text).0, expected.map(|(url, line)| (url.to_owned(), line)));
    }

    #[test]
    fn hostile_lock_files_are_read_once() {
        let host = "https://pkgs.dev.azure.com/";
        for unit in [host, "pkgs.dev.azure.com/", ".pkgs.visualstudio.com", "https://", "://", "ä€😀"] {
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
