//! Credentials in variables: NuGet's own, and those of Microsoft's credential provider.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Source;
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{Part, Template, Variable};
use crate::reach::ServedFeed;
use crate::tools::USER_NAME;

/// Each holds a token of some 2,000 characters, and every process of the job carries them all.
const MOST_SOURCE_VARIABLES: usize = 10;
/// What a token is taken to measure before it is there.
const TOKEN_CHARACTERS: usize = 2_000;
/// Windows takes 32,767 characters in a variable.
const MOST_CHARACTERS: usize = 30_000;

/// The provider's variables, each under the name that wins where both are set.
const ENDPOINTS: [&str; 2] =
    ["ARTIFACTS_CREDENTIALPROVIDER_EXTERNAL_FEED_ENDPOINTS", "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"];
const PREFIXES: [&str; 2] = ["ARTIFACTS_CREDENTIALPROVIDER_URI_PREFIXES", "VSS_NUGET_URI_PREFIXES"];
const ACCESS_TOKEN: [&str; 2] = ["ARTIFACTS_CREDENTIALPROVIDER_ACCESSTOKEN", "VSS_NUGET_ACCESSTOKEN"];

/// Adds `NuGetPackageSourceCredentials_<name>` for sources whose credential no file can hold, and keeps those that have one. NuGet
/// takes the value as it is, so the token itself must stand there, and only this step's own can.
///
/// The agent turns dots and blanks into `_`. It passes hyphens on, as bash and .NET do; a client that dash starts does not see them.
pub fn add_source_variables(sources: &mut Vec<Source<'_>>, draft: &mut Draft<'_>) {
    let exportable = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    sources.retain(|source| exportable(&source.name));
    let name = |source: &Source<'_>| (source.name.clone(), source.feed.feed.organization.clone());
    let mut names: Vec<(String, Organization)> = sources.iter().map(name).collect();
    if cfg!(windows) {
        // One variable there, whatever the case of its letters.
        names.sort_by_key(|(name, _)| name.to_ascii_lowercase());
        names.dedup_by(|(a, _), (b, _)| a.eq_ignore_ascii_case(b));
    }
    if names.len() > MOST_SOURCE_VARIABLES {
        sources.clear();
        return;
    }
    for (name, organization) in &names {
        let Some(token) = draft.token(organization) else { continue };
        let value = Template::new([
            Part::Text(format!("Username={USER_NAME};Password=")),
            token,
            Part::Text(";ValidAuthenticationTypes=Basic".to_owned()),
        ]);
        draft.set(Variable::new(format!("NuGetPackageSourceCredentials_{name}"), value).exact_case());
    }
}

/// Adds what Microsoft's provider reads, for the feeds that it is to serve. Whether it can.
pub fn add_provider_variables(served: &[&ServedFeed], draft: &mut Draft<'_>) -> bool {
    let mut known = BTreeSet::new();
    let mut feeds: Vec<&Feed> = served.iter().map(|served| &served.feed).collect();
    feeds.retain(|feed| draft.serves(&feed.organization) && known.insert(feed.url.as_str().to_ascii_lowercase()));
    if feeds.is_empty() {
        return false;
    }
    let host = draft.host;
    let name = ENDPOINTS.into_iter().find(|name| host.variable(name).is_some()).unwrap_or(ENDPOINTS[1]);
    let Some(others) = other_endpoints(host.variable(name).unwrap_or_default(), &feeds) else {
        draft.warn(format!(
            "{name} is set to something that is not the JSON of Microsoft's credential provider, and stays as it is: \
             the provider gets no credentials from this task"
        ));
        return false;
    };
    let value = endpoints(&feeds, &others, draft);
    let length = value.render(|_| String::new()).len() + feeds.len() * TOKEN_CHARACTERS;
    if length <= MOST_CHARACTERS {
        draft.set(Variable::new(name, value));
        return true;
    }
    // The other way has one token for all of them, and another organization may be of another tenant.
    let organization = &feeds[0].organization;
    let of_one = feeds.iter().all(|feed| feed.organization == *organization);
    let free = PREFIXES.iter().chain(&ACCESS_TOKEN).all(|name| host.variable(name).is_none());
    if let Some(token) = draft.token(organization).filter(|_| of_one && free) {
        draft.set(Variable::new(PREFIXES[1], Template::text(prefixes(organization))));
        draft.set(Variable::new(ACCESS_TOKEN[1], Template::new([token])));
        return true;
    }
    let why = if of_one { format!("{} is in use", PREFIXES[1]) } else { "belong to several organizations".to_owned() };
    draft.warn(format!(
        "Microsoft's credential provider gets no credentials from this task: they are too many for {name}, and {why}"
    ));
    false
}

/// The endpoints that the variable has for other feeds; nothing where it cannot be read.
fn other_endpoints(former: &str, feeds: &[&Feed]) -> Option<Vec<Value>> {
    if former.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut value: Value = serde_json::from_str(former).ok()?;
    let Value::Array(mut endpoints) = value.get_mut("endpointCredentials")?.take() else { return None };
    endpoints.retain(|endpoint| {
        let url = endpoint.get("endpoint").and_then(Value::as_str).unwrap_or_default();
        !feeds.iter().any(|feed| feed.url.as_str().eq_ignore_ascii_case(url))
    });
    Some(endpoints)
}

/// Ours go first: the provider stops reading at the first entry that it does not like.
fn endpoints(feeds: &[&Feed], others: &[Value], draft: &mut Draft<'_>) -> Template {
    let mut template = Template::text("{\"endpointCredentials\":[");
    for (index, feed) in feeds.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (url, user) = (Value::from(feed.url.as_str()), Value::from(USER_NAME));
        template.push_text(format!("{comma}{{\"endpoint\":{url},\"username\":{user},\"password\":\""));
        template.extend(draft.token(&feed.organization));
        template.push_text("\"}");
    }
    for other in others {
        template.push_text(",");
        template.extend([Part::Carried(other.to_string())]);
    }
    template.push_text("]}");
    template
}

/// Both forms of an organization's address. The provider compares the beginnings of strings, so each ends in a slash.
fn prefixes(organization: &Organization) -> String {
    format!("https://pkgs.dev.azure.com/{organization}/;https://{organization}.pkgs.visualstudio.com/")
}
