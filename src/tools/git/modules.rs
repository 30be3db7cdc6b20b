//! The addresses of submodules.

use url::Url;

use crate::kernel::organization::Organization;

/// The addresses that `.gitmodules` names, with their lines.
pub struct Modules(pub Vec<(String, usize)>);

impl Modules {
    /// Reads the file.
    pub fn parse(text: &str) -> Self {
        let address = |(index, line): (usize, &str)| {
            let (key, url) = line.split_once('=')?;
            let url = url.trim().trim_matches('"').to_owned();
            key.trim().eq_ignore_ascii_case("url").then_some((url, index + 1))
        };
        Self(text.lines().enumerate().filter_map(address).collect())
    }
}

/// Whether an address goes over ssh.
pub fn is_ssh(url: &str) -> bool {
    url.starts_with("ssh://") || !url.contains("://") && url.contains('@') && url.contains(':')
}

/// The organization of an ssh address of Azure Repos, and what `insteadOf` would have to map: from the beginning of an address over
/// ssh to one over https.
///
/// `git@ssh.dev.azure.com:v3/<organization>/<project>/<repository>`, and the older host's with the organization as the user
/// (Microsoft, "Use SSH key authentication").
pub fn over_https(url: &str) -> Option<(Organization, String, String)> {
    let written = url.strip_prefix("ssh://").unwrap_or(url);
    let (host, path) = written.split_once("v3/")?;
    let host = host.rsplit('@').next()?.trim_end_matches([':', '/', '2']).trim_end_matches(":2");
    if !["ssh.dev.azure.com", "vs-ssh.visualstudio.com"].iter().any(|known| host.eq_ignore_ascii_case(known)) {
        return None;
    }
    let mut parts = path.split('/');
    let (name, project) = (parts.next()?, parts.next().filter(|project| !project.is_empty())?);
    let organization = Organization::parse(name).ok().filter(|_| parts.next().is_some())?;
    let https = format!("https://dev.azure.com/{organization}/{project}/_git/");
    let ssh = format!("{}v3/{name}/{project}/", &url[..url.find("v3/")?]);
    let plain =
        |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control() || "'\"`$;&|<>()\\".contains(c));
    (plain(&https) && plain(&ssh)).then_some((organization, https, ssh))
}

/// Whether an address holds a password.
pub fn has_password(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.password().is_some())
}
