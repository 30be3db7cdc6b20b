//! Addresses with the name of a user in them: pip before 26.2 and uv ask a keyring only for those.

use crate::kernel::dialect::USER_NAME;
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

/// Whether somebody else's user stands in an address; ours may hold the token of an earlier step.
pub fn has_other_user(url: &str) -> bool {
    let is_other = |user: &str| user.split(':').next() != Some(USER_NAME);
    parts(url).and_then(|(_, user, _)| user).is_some_and(is_other)
}

/// Whether any user stands in an address.
pub fn has_user(url: &str) -> bool {
    parts(url).is_some_and(|(_, user, _)| user.is_some())
}

/// An address around the place where its user goes.
pub fn around_user(url: &str) -> Option<(String, String)> {
    let (scheme, _, rest) = parts(url)?;
    Some((format!("{scheme}://{USER_NAME}"), format!("@{rest}")))
}

/// An address with our user, where nobody else's stands in it.
pub fn with_user(url: &str) -> String {
    match around_user(url).filter(|_| !has_other_user(url)) {
        Some((before, after)) => before + &after,
        None => url.to_owned(),
    }
}

/// The feed that is served at an address as it is written.
pub fn served_at<'s>(served: &'s [ServedFeed], url: &str) -> Option<&'s ServedFeed> {
    served.iter().find(|feed| feed.written == url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_user_goes_in_where_none_other_is() {
        let ours = "https://ado-entra-auth@h/a@b/";
        for url in ["https://h/a@b/", "https://ado-entra-auth@h/a@b/", "https://ado-entra-auth:x.y@h/a@b/"] {
            assert_eq!(with_user(url), ours);
        }
        for url in ["https://az@h/", "https://ado-entra-auth-2@h/", "none"] {
            assert_eq!(with_user(url), url);
        }
        let found: Vec<_> = items("a=https://h/?x=1  https://h/?x=1").map(|item| (item.name, item.url)).collect();
        assert_eq!(found, [(Some("a"), "https://h/?x=1"), (None, "https://h/?x=1")]);
    }
}
