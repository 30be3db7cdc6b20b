//! Addresses with the name of a user in them: pip before 26.2 and uv ask a keyring only for those.

use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::reach::ServedFeed;

/// An address in a list of a variable's: `name=https://…` or `https://…`.
pub struct Item<'v> {
    /// The name.
    pub name: Option<&'v str>,
    /// The address.
    pub url: &'v str,
}

/// The items of a variable's value, which blanks part.
pub fn items(value: &str) -> impl Iterator<Item = Item<'_>> {
    value.split_whitespace().map(|item| match item.split_once('=').filter(|(name, _)| !name.contains(':')) {
        Some((name, url)) => Item { name: Some(name), url },
        None => Item { name: None, url: item },
    })
}

/// The user of an address, and the address without one.
fn parts(url: &str) -> Option<(&str, Option<&str>, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    match authority.rfind('@') {
        Some(at) => Some((scheme, Some(&rest[..at]), &rest[at + 1..])),
        None => Some((scheme, None, rest)),
    }
}

/// The user in an address.
pub fn user(url: &str) -> Option<&str> {
    parts(url)?.1?.split(':').next()
}

fn password(url: &str) -> Option<&str> {
    Some(parts(url)?.1?.split_once(':')?.1).filter(|password| !password.is_empty())
}

/// Whether an address has a password in it.
pub fn has_password(url: &str) -> bool {
    password(url).is_some()
}

/// Whether it is one of the user's own: an earlier step of ours puts an access token, a JWT, into the variables of a pip before 23.1.
pub fn has_own_password(url: &str) -> bool {
    password(url).is_some_and(|password| !password.starts_with("eyJ"))
}

/// An address around the place where its user goes.
pub fn around_user(url: &str) -> Option<(String, String)> {
    let (scheme, _, rest) = parts(url)?;
    Some((format!("{scheme}://"), format!("@{rest}")))
}

/// An address with a user, where none stands in it. It is the organization's name: pip and uv send what they know for a user of a host
/// to all of that host, so that each organization has a user of its own.
pub fn with_user(url: &str, organization: &Organization) -> String {
    match around_user(url).filter(|_| user(url).is_none()) {
        Some((before, after)) => format!("{before}{organization}{after}"),
        None => url.to_owned(),
    }
}

/// The feed that is served at an address, whoever its user is.
pub fn served_at<'s>(served: &'s [ServedFeed], url: &str) -> Option<&'s ServedFeed> {
    let url = Feed::parse(url)?.url;
    served.iter().find(|feed| feed.feed.url == url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_is_the_user_where_none_other_is() {
        let contoso = Organization::parse("contoso").unwrap();
        assert_eq!(with_user("https://h/a@b/", &contoso), "https://contoso@h/a@b/");
        for url in ["https://az@h/", "https://az:secret@h/", "none"] {
            assert_eq!(with_user(url, &contoso), url);
        }
        assert_eq!((user("https://a:b@h/"), user("https://h/@")), (Some("a"), None));
        let passwords = ["https://a:b@h/", "https://:b@h/", "https://a:@h/", "https://a@h/:b@", "h"].map(has_password);
        assert_eq!(passwords, [true, true, false, false, false]);
        assert_eq!(["https://a:b@h/", "https://a:eyJ@h/", "https://a@h/"].map(has_own_password), [true, false, false]);
        let found: Vec<_> = items("a=https://h/?x=1  https://h/?x=1").map(|item| (item.name, item.url)).collect();
        assert_eq!(found, [(Some("a"), "https://h/?x=1"), (None, "https://h/?x=1")]);
    }
}
