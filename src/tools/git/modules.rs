//! The addresses of submodules.

use crate::kernel::organization::Organization;

/// What `.gitmodules` names.
pub struct Modules(pub Vec<Module>);

/// A submodule.
pub struct Module {
    /// Its name; blank where the file gives none.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The line of the address.
    pub line: usize,
}

impl Modules {
    /// Reads the file.
    pub fn parse(text: &str) -> Self {
        let mut name = "";
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('[') {
                let quoted = line.strip_prefix("[submodule").and_then(|rest| rest.trim().strip_prefix('"'));
                name = quoted.and_then(|rest| rest.strip_suffix("\"]")).unwrap_or_default();
            } else if let Some((key, url)) = line.split_once('=')
                && key.trim().eq_ignore_ascii_case("url")
            {
                let url = url.trim().trim_matches('"').to_owned();
                found.push(Module { name: name.to_owned(), url, line: index + 1 });
            }
        }
        Self(found)
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
    (is_plain(&https) && is_plain(&ssh)).then_some((organization, https, ssh))
}

/// Whether an address holds a password. git sends an empty one, too.
pub fn has_password(url: &str) -> bool {
    user_and_rest(url).is_some_and(|(user, _)| user.contains(':'))
}

/// The command that takes user and password out of a submodule's address, where `file` names it, and tells git of the new one. Nothing
/// where a shell might read it otherwise.
pub fn without_user(file: &str, module: &Module) -> Option<String> {
    let (_, rest) = user_and_rest(&module.url)?;
    let address = format!("https://{rest}");
    let folder = file.strip_suffix(".gitmodules")?.trim_end_matches('/');
    let there = if folder.is_empty() { String::new() } else { format!(" -C {folder}") };
    let plain = [folder, &module.name, &address].iter().all(|word| word.is_empty() || is_plain(word));
    (plain && !module.name.is_empty()).then(|| {
        format!(
            "git{there} config --file .gitmodules submodule.{}.url {address} && git{there} submodule sync",
            module.name
        )
    })
}

/// What stands before the `@` of an https address, and all behind it.
fn user_and_rest(url: &str) -> Option<(&str, &str)> {
    let scheme = url.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"))?;
    let written = &url[scheme.len()..];
    let end = written.find(['/', '?', '#']).unwrap_or(written.len());
    let at = written[..end].rfind('@')?;
    Some((&written[..at], &written[at + 1..]))
}

/// Whether every shell takes a text for one word, and no program for an option.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric) && text.chars().all(|c| c.is_alphanumeric() || "-._~%:/@+".contains(c))
}
