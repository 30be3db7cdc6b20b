//! Addresses of which it cannot be told where they lead.

use super::references::{OPEN, left_over};
use crate::azure_devops::feed::Feed;

/// Whose value is missing in an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    /// No file defines it.
    Nobody,
    /// Maven may know one.
    Maven,
}

pub(super) struct Doubtful {
    pub(super) of: Of,
    pub(super) what: String,
}

/// Why it cannot be told where an address leads; nothing where host and organization are certain, or that it is no feed.
pub(super) fn doubt(raw: &str, url: &str) -> Option<Doubtful> {
    // Maven also uses addresses before it resolves them, for the parents of a project: what is a user's name then must not
    // have been a host before.
    let authority = |text: &str| text.split_once("://").map(|(_, rest)| before_path(rest).to_owned());
    let shifts = raw.contains("${") && authority(raw).is_some_and(|part| part.contains('@') && part.contains("${"));
    if shifts {
        return Some(Doubtful { of: Of::Maven, what: "a reference stands before the host".to_owned() });
    }
    let (at, name) = left_over(url)?;
    let (of, what) = if url.contains(OPEN) {
        let name = url.find(OPEN).and_then(|at| left_over(&url[at..])).map_or(name, |(_, name)| name);
        (Of::Maven, format!("Maven may know another value of '{name}' than its files say"))
    } else {
        (Of::Nobody, format!("no file here says what '{name}' stands for"))
    };
    let beginning = url[..at].trim_start().to_ascii_lowercase();
    if beginning.starts_with("file:") {
        return None;
    }
    let host = beginning.split_once("://").map(|(_, rest)| rest).filter(|rest| before_path(rest).len() < rest.len());
    let is_settled = host.is_some_and(|rest| {
        let host = before_path(rest);
        let of_azure =
            ["azure.com", "visualstudio.com"].iter().any(|domain| host.trim_end_matches('.').ends_with(domain));
        // Elsewhere whatever follows; or in an organization that stands before the reference, followed by what nobody in the
        // repository can set.
        let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'));
        plain && !of_azure || of == Of::Nobody && Feed::parse(url).is_some()
    });
    (!is_settled).then_some(Doubtful { of, what })
}

/// A URL behind its scheme, up to its path.
fn before_path(rest: &str) -> &str {
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}
