//! Feed URLs of every protocol: parsed into parts, compared by parts.
//!
//! Sources of the forms: Microsoft's pages on Azure Artifacts for each package type; the host forms of the packaging access
//! mappings in microsoft/azure-pipelines-tasks-common-packages.

use std::cell::RefCell;
use std::fmt;

use url::Url;

use crate::kernel::organization::{Organization, unambiguous};

/// Serves the packages of every organization; beside it each has a host of its own.
pub const SHARED_HOST: &str = "pkgs.dev.azure.com";

/// What a feed speaks at a URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// `npm/registry/`, and `npm/` as older clients and uploads have it.
    Npm,
    /// `maven/v1`, for Maven and Gradle.
    Maven,
    /// `nuget/v3/index.json` and `nuget/v2`.
    NuGet,
    /// `pypi/simple/` and `pypi/upload/`.
    Python,
    /// `Cargo/index/`.
    Cargo,
    /// `Conda/repo/<channel>` (as users of it write it in public threads; no page of Microsoft's tells it).
    Conda,
}

/// A feed of Azure Artifacts, as some URL names it.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Whose feed it is.
    pub organization: Organization,
    /// The project of a project-scoped feed, percent-decoded.
    pub project: Option<String>,
    /// The feed's name, without its view.
    pub name: String,
    /// The view after `@`, such as `Release`.
    pub view: Option<String>,
    /// What it speaks at this URL; nothing where the URL ends at the feed.
    pub protocol: Option<Protocol>,
    /// The URL without user, query and fragment. Host in lower case, path as written.
    pub url: Url,
}

thread_local! {
    /// What was parsed last, and what came of it.
    static LAST: RefCell<Option<(String, Option<Feed>)>> = const { RefCell::new(None) };
}

impl Feed {
    /// Parses a URL that a user or a file wrote; nothing where it is no feed of Azure Artifacts.
    ///
    /// An index that cargo prefixes with `sparse+` is taken without the prefix.
    pub fn parse(written: &str) -> Option<Self> {
        // A workspace names one feed thousands of times.
        let known = |last: &Option<(String, Option<Self>)>| {
            last.as_ref().filter(|(text, _)| text == written).map(|(_, feed)| feed.clone())
        };
        if let Some(feed) = LAST.with_borrow(known) {
            return feed;
        }
        let feed = Self::parsed(written);
        LAST.set(Some((written.to_owned(), feed.clone())));
        feed
    }

    fn parsed(written: &str) -> Option<Self> {
        let written = written.trim();
        let written = written.strip_prefix("sparse+").unwrap_or(written);
        let mut url = unambiguous(written)?;
        let organization = Organization::at(&url)?;
        let _ = (url.set_username(""), url.set_password(None));
        url.set_query(None);
        url.set_fragment(None);
        let host = url.host_str()?.to_owned();
        let mut segments: Vec<String> = url.path_segments()?.map(decoded).collect();
        if host.ends_with("azure.com") {
            if host != SHARED_HOST {
                return None;
            }
            segments.remove(0);
        }
        if segments.first().is_some_and(|first| first.eq_ignore_ascii_case("DefaultCollection")) {
            segments.remove(0);
        }
        let marker = segments.iter().position(|segment| segment.eq_ignore_ascii_case("_packaging"))?;
        let project = match marker {
            0 => None,
            1 => Some(segments[0].clone()).filter(|project| !project.is_empty()),
            _ => return None,
        };
        let (name, view) = match segments.get(marker + 1)?.split_once('@') {
            Some((name, view)) => (name.to_owned(), Some(view.to_owned())),
            None => (segments[marker + 1].clone(), None),
        };
        if name.is_empty() {
            return None;
        }
        let protocol = segments.get(marker + 2).and_then(|segment| Protocol::of_segment(segment));
        Some(Self { organization, project, name, view, protocol, url })
    }

    /// Whether both name the same feed and view, whatever the host form, the letters' case or the protocol.
    pub fn same_feed(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        };
        self.organization == other.organization
            && self.name.eq_ignore_ascii_case(&other.name)
            && same(&self.project, &other.project)
            && same(&self.view, &other.view)
    }

    /// Whether its URL is that of its index for cargo, `…/Cargo/index/`, at a host that serves packages.
    pub fn is_cargo_index(&self) -> bool {
        let rest = self.url.as_str().strip_prefix(&self.base_url()).unwrap_or_default();
        self.serves(Protocol::Cargo) && rest.strip_suffix('/').unwrap_or(rest).eq_ignore_ascii_case("/Cargo/index")
    }

    /// Whether its URL is for a protocol, at a host that serves packages.
    pub fn serves(&self, protocol: Protocol) -> bool {
        self.protocol == Some(protocol) && self.serves_packages()
    }

    /// Whether its URL is at the host that serves the packages of every organization.
    pub fn is_at_shared_host(&self) -> bool {
        self.url.host_str() == Some(SHARED_HOST)
    }

    /// Whether its host is one that serves packages.
    pub fn serves_packages(&self) -> bool {
        let own_host = format!("{}.pkgs.visualstudio.com", self.organization);
        self.url.host_str().is_some_and(|host| host == SHARED_HOST || host == own_host)
    }

    /// The URL up to the feed's name and view, without a slash at its end, in the spelling of this feed's own URL.
    pub fn base_url(&self) -> String {
        let text = self.url.as_str();
        let mut end = None;
        let mut marked = false;
        let mut position = text.find("://").map_or(0, |at| at + 3);
        for segment in text[position..].split('/') {
            position += segment.len();
            if marked {
                end = Some(position);
                break;
            }
            marked = segment.eq_ignore_ascii_case("_packaging");
            position += 1;
        }
        text[..end.unwrap_or(text.len())].to_owned()
    }
}

impl fmt::Display for Feed {
    /// `contoso/Shop/feed@Release`, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.organization)?;
        if let Some(project) = &self.project {
            write!(f, "{project}/")?;
        }
        f.write_str(&self.name)?;
        self.view.as_ref().map_or(Ok(()), |view| write!(f, "@{view}"))
    }
}

impl Protocol {
    fn of_segment(segment: &str) -> Option<Self> {
        Some(match segment.to_ascii_lowercase().as_str() {
            "npm" => Self::Npm,
            "maven" => Self::Maven,
            "nuget" => Self::NuGet,
            "pypi" => Self::Python,
            "cargo" => Self::Cargo,
            "conda" => Self::Conda,
            _ => return None,
        })
    }
}

/// Undoes percent escapes, for showing and comparing names.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex =
            (first == b'%').then(|| segment.get(segment.len() - tail.len()..segment.len() - tail.len() + 2)).flatten();
        if let Some(byte) = hex.filter(|hex| !hex.starts_with('+')).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let feed = Feed::parse(
            "https://u@PKGS.dev.azure.com/Contoso/My%20Project/_packaging/Feed@Release/nuget/v3/index.json?x=1",
        )
        .unwrap();
        assert_eq!(feed.organization.name(), "contoso");
        assert_eq!(feed.project.as_deref(), Some("My Project"));
        assert_eq!((feed.name.as_str(), feed.view.as_deref()), ("Feed", Some("Release")));
        assert_eq!(feed.protocol, Some(Protocol::NuGet));
        assert_eq!(
            feed.url.as_str(),
            "https://pkgs.dev.azure.com/Contoso/My%20Project/_packaging/Feed@Release/nuget/v3/index.json"
        );
        assert_eq!(feed.base_url(), "https://pkgs.dev.azure.com/Contoso/My%20Project/_packaging/Feed@Release");
        assert_eq!(feed.to_string(), "contoso/My Project/Feed@Release");
    }

    #[test]
    fn both_host_forms_name_one_feed() {
        let new = Feed::parse("https://pkgs.dev.azure.com/contoso/_packaging/feed/npm/registry/").unwrap();
        let old =
            Feed::parse("https://contoso.pkgs.visualstudio.com/DefaultCollection/_packaging/FEED/maven/v1").unwrap();
        assert!(new.same_feed(&old));
        assert_eq!(old.base_url(), "https://contoso.pkgs.visualstudio.com/DefaultCollection/_packaging/FEED");
        let scoped = Feed::parse("https://contoso.pkgs.visualstudio.com/Shop/_packaging/feed/").unwrap();
        assert!(!new.same_feed(&scoped));
        assert_eq!(scoped.protocol, None);
    }

    #[test]
    fn other_urls_are_no_feeds() {
        for url in [
            "https://registry.example.com/",
            "https://dev.azure.com/contoso/_packaging/f/npm/registry/",
            "https://pkgs.dev.azure.com/contoso/_packaging/",
            "https://pkgs.dev.azure.com/contoso/a/b/_packaging/f/npm/",
            "https://pkgs.dev.azure.com/contoso/Shop/_git/hello",
            "http://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/",
            "${REGISTRY}",
        ] {
            assert!(Feed::parse(url).is_none(), "{url}");
        }
    }
}
