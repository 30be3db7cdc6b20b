//! Whether one answer of a credential provider would do for several organizations: NuGet keeps it for the whole host.

use url::Url;

use super::config::NuGetFile;
use crate::azure_devops::feed::{Feed, SHARED_HOST};
use crate::kernel::organization::Organization;
use crate::reach::ServedFeed;
use crate::tools::reading::Sources;

/// Whether files or inputs name, or may name, sources of several organizations at the host that they share: NuGet shows the answer for the
/// first to the others (measured with the SDK 3.1). A credential by a source's name makes it none the better: once that is refused NuGet
/// asks, and a client that is given a file does not read ours.
pub fn may_have_several_organizations<'s>(served: impl Iterator<Item = &'s ServedFeed>, sources: Sources<'_>) -> bool {
    // Paket keeps an answer for its source only.
    let files = || sources.of::<NuGetFile>().map(|(_, parsed)| parsed).filter(|parsed| !parsed.is_pakets);
    let of_files = files().flat_map(|parsed| &parsed.sources);
    let of_files = of_files.map(|source| Shared::of(&source.url.text, source.url.open.is_some()));
    let mut first: Option<Organization> = None;
    let is_another = |place: Shared| match place {
        Shared::No => false,
        Shared::OfNobodyKnows => true,
        Shared::Of(organization) => *first.get_or_insert(organization.clone()) != organization,
    };
    files().any(|parsed| parsed.has_open_source)
        || served.map(|one| Shared::of(one.feed.url.as_str(), false)).chain(of_files).any(is_another)
}

/// Whether a source lies at the host that organizations share.
enum Shared {
    No,
    Of(Organization),
    OfNobodyKnows,
}

impl Shared {
    /// For an address as a file has it, which NuGet may read otherwise than this task.
    fn of(url: &str, is_open: bool) -> Self {
        if is_open {
            return Self::OfNobodyKnows;
        }
        if let Some(feed) = Feed::parse(url) {
            return if feed.is_at_shared_host() { Self::Of(feed.organization) } else { Self::No };
        }
        match Url::parse(url.trim()) {
            Ok(url) if url.host_str() != Some(SHARED_HOST) => Self::No,
            _ => Self::OfNobodyKnows,
        }
    }
}
