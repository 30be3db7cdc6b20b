//! Where the token may go: feeds that inputs name, and permitted organizations.

use std::collections::BTreeSet;

use super::identity::{CONNECTION, ConnectionType};
use super::{InputError, items};
use crate::agent::job::Job;
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::reach::{FeedInput, NamedBy, PermittedOrganization, Standing};

pub(super) fn feeds(job: &Job) -> Result<Vec<FeedInput>, InputError> {
    const NAME: &str = "feeds";
    items(job, NAME)?
        .into_iter()
        .map(|item| {
            let (name, url) = match item.split_once('=') {
                Some((name, url)) if !name.contains("://") => (Some(name.trim().to_owned()), url.trim()),
                _ => (None, item),
            };
            let refused = |reason: &str| InputError::Refused { name: NAME, value: item.to_owned(), reason: reason.to_owned() };
            let feed = Feed::parse(url).ok_or_else(|| {
                refused("it is not the address of an Azure Artifacts feed, such as https://pkgs.dev.azure.com/<organization>/_packaging/<feed>")
            })?;
            if name.as_ref().is_some_and(String::is_empty) {
                return Err(refused("there is no name before the '='"));
            }
            Ok(FeedInput { name, feed })
        })
        .collect()
}

pub(super) fn permitted(
    job: &Job,
    connection_type: ConnectionType,
    feeds: &[FeedInput],
) -> Result<Vec<PermittedOrganization>, InputError> {
    const NAME: &str = "organizations";
    let mut permitted: Vec<PermittedOrganization> = Vec::new();
    let mut add = |organization: Organization, standing, written: &str, named_by| {
        let spelling = spelling_in(&organization, written);
        let known = permitted.iter_mut().find(|known| known.organization == organization);
        if let Some(known) = known {
            known.spellings.insert(spelling);
            known.named_by.push(named_by);
        } else {
            let spellings = BTreeSet::from([organization.name().to_owned(), spelling]);
            permitted.push(PermittedOrganization { organization, standing, spellings, named_by: vec![named_by] });
        }
    };
    let own_url = || job.input(CONNECTION).and_then(|id| job.endpoint(id).url);
    let url = if connection_type == ConnectionType::AzureDevOps { own_url() } else { None };
    if let Some((organization, url)) = url.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Owned, &url, NamedBy::Connection);
    }
    let collection = job.pipeline().collection;
    if let Some((organization, url)) = collection.and_then(|url| Some((Organization::of_url(&url)?, url))) {
        add(organization, Standing::Permitted, &url, NamedBy::Pipeline);
    }
    for item in items(job, NAME)? {
        let organization = Organization::parse(item).map_err(|error| InputError::Refused {
            name: NAME,
            value: item.to_owned(),
            reason: error.to_string(),
        })?;
        add(organization, Standing::Permitted, item, NamedBy::Organizations);
    }
    for input in feeds {
        add(input.feed.organization.clone(), Standing::Permitted, input.feed.url.as_str(), NamedBy::Feeds);
    }
    Ok(permitted)
}

/// The organization's name as a URL or an input spells it.
fn spelling_in(organization: &Organization, written: &str) -> String {
    let same = |part: &&str| part.eq_ignore_ascii_case(organization.name());
    written.split(['/', '.', '@']).find(same).unwrap_or_else(|| organization.name()).to_owned()
}
