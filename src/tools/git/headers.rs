//! Headers that go with git's requests: ours, where the user wants them, and what stands beside them.

use std::collections::BTreeSet;

use super::pairs::Pairs;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{Part, Template};
use crate::reach::PermittedOrganization;

const HEADER: &str = "Authorization: bearer ";

/// The header for each URL form of an organization, with none beside it, and no redirect followed with it: git would carry it
/// to the other host on a POST (measured with git 2.47). None where an earlier step keeps the organization.
pub fn pairs(permitted: &PermittedOrganization, draft: &mut Draft<'_>) -> Vec<(String, Template)> {
    let Some(token) = draft.token(&permitted.organization) else { return Vec::new() };
    let mut bases: Vec<String> =
        permitted.spellings.iter().map(|name| format!("https://dev.azure.com/{name}")).collect();
    bases.push(format!("https://{}.visualstudio.com", permitted.organization));
    let of_base = |base: String| {
        let header = Template::new([Part::Text(HEADER.to_owned()), token.clone()]);
        [
            (format!("http.{base}.extraheader"), Template::text("")),
            (format!("http.{base}.extraheader"), header),
            (format!("http.{base}.followRedirects"), Template::text("false")),
        ]
    };
    bases.into_iter().flat_map(of_base).collect()
}

/// The addresses at which an earlier step has set headers for organizations that this step serves: git asks no helper where a
/// header is given.
pub fn of_earlier_steps(standing: &Pairs, draft: &Draft<'_>) -> BTreeSet<String> {
    let base_of = |triple: &[(String, String)]| {
        let [reset, header, redirects] = triple else { return None };
        let base = header.0.strip_prefix("http.")?.strip_suffix(".extraheader")?;
        let ours = reset.1.is_empty()
            && reset.0 == header.0
            && header.1.starts_with(HEADER)
            && redirects.0 == format!("http.{base}.followRedirects");
        let organization = Organization::of_url(base).filter(|_| ours)?;
        draft.serves(&organization).then(|| base.to_owned())
    };
    standing.standing.windows(3).filter_map(base_of).collect()
}

/// The addresses for which a git configuration sets an Authorization header, with their lines; blank for every address.
pub fn of_config(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut section: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default().trim();
            let (name, url) = head.split_once([' ', '\t']).unwrap_or((head, ""));
            section = name.eq_ignore_ascii_case("http").then(|| url.trim().trim_matches('"').to_owned());
        } else if let (Some(url), Some((key, value))) = (&section, line.split_once('=')) {
            let value = value.trim().trim_start_matches('"').to_ascii_lowercase();
            if key.trim().eq_ignore_ascii_case("extraheader") && value.starts_with("authorization:") {
                found.push((url.clone(), index + 1));
            }
        }
    }
    found
}

/// Whether git sends a header that is set for `url` to an organization's repositories.
pub fn cover(url: &str, organization: &Organization) -> bool {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let forms = [
        "https://dev.azure.com".to_owned(),
        format!("https://dev.azure.com/{organization}"),
        format!("https://{organization}@dev.azure.com"),
        format!("https://{organization}.visualstudio.com"),
    ];
    url.is_empty() || forms.iter().any(|form| *form == url || url.starts_with(&format!("{form}/{organization}")))
}
