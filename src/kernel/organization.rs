//! Organizations of Azure DevOps and their hosts: which URL may see a token.
//!
//! This is the one place that decides where a token may go. It compares parsed parts and refuses whatever two parsers could
//! read differently, so that no tool is given a credential for a URL that it resolves to somewhere else.

use std::fmt;

use memchr::memchr3;
use url::Url;

/// An organization of Azure DevOps Services, known by its name without regard to case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Organization(String);

/// Why a text is no organization.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not the name or the URL of an Azure DevOps organization")]
pub struct NotAnOrganization(pub String);

/// Hosts that carry the organization as the first segment of the path.
const SHARED_HOSTS: [&str; 4] = ["dev.azure.com", "pkgs.dev.azure.com", "feeds.dev.azure.com", "vssps.dev.azure.com"];
/// What follows the organization's label in its own hosts.
const OWN_HOST_ENDINGS: [&str; 4] =
    [".visualstudio.com", ".pkgs.visualstudio.com", ".vssps.visualstudio.com", ".feeds.visualstudio.com"];

impl Organization {
    /// An organization by its name (`contoso`) or by any of its URLs (`https://dev.azure.com/contoso/`).
    pub fn parse(text: &str) -> Result<Self, NotAnOrganization> {
        let text = text.trim();
        let found = if text.contains("://") { Self::of_url(text) } else { Self::of_name(text) };
        found.ok_or_else(|| NotAnOrganization(text.to_owned()))
    }

    /// Names are letters, digits and inner hyphens, at most 50 (Microsoft, "Naming restrictions and conventions").
    fn of_name(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let named = !name.is_empty() && name.len() <= 50 && name.bytes().all(allowed);
        (named && !name.starts_with('-') && !name.ends_with('-')).then(|| Self(name.to_ascii_lowercase()))
    }

    /// The organization whose service answers at `written`, or nothing where that is not beyond doubt.
    ///
    /// Only https at the default port counts, and no spelling that clients resolve in different ways: dot segments,
    /// backslashes, encoded slashes or dots, control characters.
    pub fn of_url(written: &str) -> Option<Self> {
        Self::at(&unambiguous(written)?)
    }

    /// The organization whose service answers at an address; only [`unambiguous`] may have made it of a text.
    pub fn at(url: &Url) -> Option<Self> {
        let host = url.host_str().filter(|_| url.scheme() == "https" && url.port().is_none())?;
        if SHARED_HOSTS.contains(&host) {
            return Self::of_name(url.path_segments()?.next()?);
        }
        let label =
            OWN_HOST_ENDINGS.iter().filter_map(|ending| host.strip_suffix(ending)).find(|l| !l.contains('.'))?;
        // `app.vssps.visualstudio.com` belongs to the service itself.
        if label == "app" { None } else { Self::of_name(label) }
    }

    /// Whether a token for this organization may be sent to `url`, as a user or a file wrote it.
    pub fn may_see_token(&self, url: &str) -> bool {
        Self::of_url(url).as_ref() == Some(self)
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The name as a part of an environment variable's name: upper case, hyphens as underscores. Two organizations
    /// cannot meet in it, since names hold no underscore.
    pub fn variable_part(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }

    /// The address of its REST services, `https://dev.azure.com/<name>`.
    pub fn url(&self) -> String {
        format!("https://dev.azure.com/{}", self.0)
    }
}

impl fmt::Display for Organization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses `written` where every client would take it for the same https address at the default port.
pub fn unambiguous(written: &str) -> Option<Url> {
    let lower = written.to_ascii_lowercase();
    // The agent would put a variable's value in place of `$(NAME)`.
    let is_odd = || {
        let escapes = ["\\", "$(", "%2e", "%2f", "%5c", "%00", "%0a", "%0d"];
        escapes.iter().any(|escape| lower.contains(escape)) || written.chars().any(char::is_control)
    };
    // A workspace may have thousands of addresses, most of them plain.
    let is_plain =
        memchr3(b'\\', b'$', b'%', written.as_bytes()).is_none() && written.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain && is_odd() || !lower.starts_with("https://") {
        return None;
    }
    let rest = &lower["https://".len()..];
    // What IDNA maps, what a parser skips, and which of several users ends at the host, is read in different ways.
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    if host.is_empty() || !authority.is_ascii() || host.contains('%') || authority.matches('@').count() > 1 {
        return None;
    }
    let path = rest.split(['?', '#']).next()?;
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return None;
    }
    Url::parse(written).ok().filter(|url| url.port().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_organization_may_see_its_token() {
        let contoso = Organization::parse("contoso").unwrap();
        for url in [
            "https://dev.azure.com/contoso",
            "https://dev.azure.com/contoso/Shop/_git/hello",
            "https://contoso@dev.azure.com/contoso/Shop/_git/hello",
            "https://PKGS.dev.azure.com/CONTOSO/_packaging/f/npm/registry/",
            "https://pkgs.dev.azure.com:443/contoso/_packaging/f/npm/registry/",
            "https://pkgs.dev.azure.com/contoso/My%20Project/_packaging/f/nuget/v3/index.json",
            "https://contoso.pkgs.visualstudio.com/_packaging/f/npm/",
            "https://contoso.visualstudio.com/DefaultCollection/Shop/_git/hello",
            "https://feeds.dev.azure.com/contoso",
        ] {
            assert!(contoso.may_see_token(url), "{url}");
        }
    }

    #[test]
    fn look_alikes_may_not() {
        let contoso = Organization::parse("contoso").unwrap();
        for url in [
            "http://dev.azure.com/contoso",
            "https://pkgs.dev.azure.com.evil.example/contoso/",
            "https://evil-pkgs.dev.azure.com/contoso/",
            "https://pkgs.dev.azure.com./contoso/",
            "https://pkgs.dev.azure.com@evil.example/contoso/",
            "https://pkgs.dev.azure.com:444/contoso/",
            "https://pkgs.dev.аzure.com/contoso/",
            "https://pkgs.dev.azure.com\\@evil.example/contoso/",
            "https://pkgs.dev.azure.com/%2e%2e/contoso/",
            "https://pkgs.dev.azure.com/contoso/%2E%2E/fabrikam/",
            "https://pkgs.dev.azure.com/contoso-evil/_packaging/f/npm/",
            "https://pkgs.dev.azure.com/contoso/../fabrikam/_packaging/f/npm/",
            "https://pkgs.dev.azure.com/fabrikam/../contoso/_packaging/f/npm/",
            "https://pkgs.dev.azure.com/contoso%2ffabrikam/",
            "https://pkgs.dev.azure.com//contoso/",
            "https://pkgs.dev.azure.com/",
            "https://contoso@pkgs.dev.azure.com/fabrikam/",
            "https://contoso.evil.visualstudio.com/",
            "https://contoso.visualstudio.com.evil.example/",
            "https://pkgs.dev.azure.com\n/contoso/",
            "https://pkgs.dev.azure.com/contoso/$(project)/_packaging/f/npm/",
            // Clients other than ours find another host in these, or none.
            "https://pkgs\u{ff0e}dev.azure.com/contoso/",
            "https://p\u{ad}kgs.dev.azure.com/contoso/",
            "https://pkgs.dev.azure.com\u{200b}/contoso/",
            "https:///pkgs.dev.azure.com/contoso/",
            "https:////pkgs.dev.azure.com/contoso/",
            "https://user@evil.example@pkgs.dev.azure.com/contoso/",
            "https://%70kgs.dev.azure.com/contoso/",
            "https://@/contoso/",
            "//pkgs.dev.azure.com/contoso/",
            "https:pkgs.dev.azure.com/contoso/",
            "",
        ] {
            assert!(!contoso.may_see_token(url), "{url}");
        }
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(Organization::parse(" Contoso ").unwrap().name(), "contoso");
        assert_eq!(Organization::parse("https://contoso.visualstudio.com/").unwrap().name(), "contoso");
        for text in
            ["", "con toso", "con/toso", "-contoso", "https://evil.example/contoso", "con_toso", "$(organization)"]
        {
            assert!(Organization::parse(text).is_err(), "{text}");
        }
        assert_eq!(Organization::parse("a-b").unwrap().variable_part(), "A_B");
    }
}
