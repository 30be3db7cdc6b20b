//! npm, whose user configuration pnpm and yarn classic read too.
//!
//! Later steps get a user configuration of ours that holds the user's own lines and then a credential for each feed, which
//! refers to a variable: npm, pnpm and yarn replace `${VAR}` (npm's documentation of `.npmrc`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::{
    Binding, Credential, Mention, Origin, PlanError, Receiver, Request, SourceFile, Tool, Unparsable, token_variable,
};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::edit::npmrc;
use crate::host::{Host, Look};
use crate::plan::{Change, Plan, PrivateFile, Served, Template, Variable};

/// npm.
pub struct Npm;

const NAME: &str = "npm";
const LOCK_FILES: [&str; 5] = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", ".yarnrc"];
const USER_CONFIG: &str = "NPM_CONFIG_USERCONFIG";

impl Tool for Npm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(Protocol::Npm)
    }

    fn binding(&self) -> Binding {
        Binding::Url
    }

    fn reads(&self, file_name: &str) -> bool {
        file_name == ".npmrc" || file_name == "package.json" || LOCK_FILES.contains(&file_name)
    }

    fn user_files(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let named = host.variable_in_any_case(USER_CONFIG).map(PathBuf::from);
        named.or_else(|| host.home.as_ref().map(|home| home.join(".npmrc"))).into_iter().collect()
    }

    fn mentions(&self, files: &[SourceFile], host: &Host) -> Vec<Result<Mention, Unparsable>> {
        let mut found = Vec::new();
        for file in files {
            let mention = |url: String| Mention { name: None, url, file: file.shown.clone(), origin: file.origin };
            if file.text.is_utf16() {
                found.push(Err(Unparsable::malformed(file, "npm reads no UTF-16; save it as UTF-8")));
                continue;
            }
            let body = &file.text.body;
            let urls = match file.path.file_name().and_then(|name| name.to_str()) {
                Some("package.json") if file.origin == Origin::Workspace => match publish_registries(body) {
                    Ok(urls) => urls,
                    Err(reason) => {
                        found.push(Err(Unparsable::malformed(file, reason)));
                        continue;
                    }
                },
                Some(name) if LOCK_FILES.contains(&name) => feeds_in_text(body),
                _ => registries(body, host),
            };
            found.extend(urls.into_iter().map(|url| Ok(mention(url))));
        }
        found
    }

    fn credentials(&self, files: &[SourceFile], host: &Host) -> Vec<Credential> {
        let is_config = |file: &&SourceFile| file.path.file_name().is_some_and(|name| name == ".npmrc");
        let mut found = Vec::new();
        for file in files.iter().filter(is_config) {
            for assignment in npmrc::assignments(&file.text.body) {
                let expanded = npmrc::expand(&assignment.value, |name| host.variable(name));
                let receiver = if is_registry(assignment.key) {
                    expanded.clone()
                } else {
                    // Whatever has no address may go to any.
                    let of_url = assignment.key.strip_prefix("//").and_then(|key| key.rsplit_once(':'));
                    let expand = |prefix| npmrc::expand(prefix, |name| host.variable(name));
                    of_url.map(|(prefix, _)| format!("https://{}", expand(prefix))).unwrap_or_default()
                };
                found.push(Credential {
                    receiver: Receiver::Url(receiver),
                    text: format!("{} {expanded}", assignment.value),
                    place: format!("{} line {}", file.shown, assignment.line),
                    origin: file.origin,
                });
            }
        }
        found
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/npm/registry/", feed.base_url())
    }

    fn plan(&self, request: &Request<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        // What npm cannot read has no effect to carry over.
        let user_file = request.files.iter().find(|file| file.origin == Origin::User && !file.text.is_utf16());
        let carried = user_file.map(|file| file.text.clone()).unwrap_or_default();
        let standing = npmrc::assignments(&carried.body);
        let standing: BTreeMap<&str, &str> = standing.iter().map(|found| (found.key, found.value.as_str())).collect();
        let nearer = nearer_credentials(request.files);
        let mut lines = BTreeSet::new();
        for served in request.feeds {
            let reference = format!("${{{}}}", token_variable(NAME, &served.feed.organization));
            for prefix in key_prefixes(&served.feed) {
                let key = format!("{prefix}:_authToken");
                for place in nearer.get(prefix.as_str()).into_iter().flatten() {
                    plan.warnings.push(format!(
                        "{place} has a credential of its own for {prefix}, which npm prefers to this task's: remove the line"
                    ));
                }
                if standing.get(key.as_str()) != Some(&reference.as_str()) {
                    lines.insert(format!("{key}={reference}"));
                }
            }
            plan.served.push(Served { tool: NAME, target: served.feed.to_string(), named_in: served.named_in.clone() });
        }
        let lines: Vec<String> = lines.into_iter().collect();
        let edit = npmrc::append(&carried.body, &lines);
        plan.changes.push(Change::PrivateFile(PrivateFile::carrying("npmrc", &carried, &[edit])));
        plan.changes.push(Change::Variable(user_config_variable(request.host)));
        Ok(())
    }
}

/// The variable that points npm to our file. Where the job has it in another spelling, two would be in each other's way, so
/// that spelling is used.
fn user_config_variable(host: &Host) -> Variable {
    let standing = host.environment.iter().find(|(name, _)| name.eq_ignore_ascii_case(USER_CONFIG));
    let name = standing.map_or(USER_CONFIG, |(name, _)| name.as_str());
    Variable {
        exact_case: name != USER_CONFIG,
        ..Variable::borrowed(name, Template::private_file("npmrc"), standing.map(|(_, value)| value.clone()))
    }
}

/// The key prefixes that cover a feed: packages lie under `npm/registry/`, uploads and older clients use `npm/`
/// (microsoft/azure-pipelines-tasks#21090). npm compares them with host and path as they stand in the registry's URL.
fn key_prefixes(feed: &Feed) -> Vec<String> {
    let base = feed.base_url();
    let base = base.strip_prefix("https:").unwrap_or(&base);
    let written = feed.url.as_str().trim_end_matches('/');
    let written = written.strip_prefix("https:").unwrap_or(written);
    let mut prefixes = vec![format!("{base}/npm/registry/"), format!("{base}/npm/")];
    let written = format!("{written}/");
    if !prefixes.contains(&written) {
        prefixes.push(written);
    }
    prefixes
}

/// The credentials in the repository's own files, by key prefix: they are nearer than ours, and npm takes the nearest.
fn nearer_credentials(files: &[SourceFile]) -> BTreeMap<&str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let of_workspace = files.iter().filter(|file| {
        file.origin == Origin::Workspace
            && !file.text.is_utf16()
            && file.path.file_name().is_some_and(|name| name == ".npmrc")
    });
    for file in of_workspace {
        for assignment in npmrc::assignments(&file.text.body) {
            let Some((prefix, name)) = assignment.key.rsplit_once(':') else { continue };
            if matches!(name, "_authToken" | "_auth" | "_password") {
                found.entry(prefix).or_default().push(format!("{} line {}", file.shown, assignment.line));
            }
        }
    }
    found
}

/// The registries that an rc file names, `${VAR}` replaced by what the later step will have.
fn registries(text: &str, host: &Host) -> Vec<String> {
    npmrc::assignments(text)
        .into_iter()
        .filter(|found| is_registry(found.key))
        .map(|found| npmrc::expand(&found.value, |name| host.variable(name)))
        .collect()
}

fn is_registry(key: &str) -> bool {
    key == "registry" || (key.starts_with('@') && key.ends_with(":registry"))
}

fn publish_registries(text: &str) -> Result<Vec<String>, String> {
    if !text.contains("publishConfig") {
        return Ok(Vec::new());
    }
    let package: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(config) = package.get("publishConfig").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let of_registry = |key: &str| key == "registry" || key.ends_with(":registry");
    Ok(config
        .iter()
        .filter(|(key, _)| of_registry(key))
        .filter_map(|(_, url)| url.as_str().map(str::to_owned))
        .collect())
}

/// How far before a feed's host its URL may begin, and how long it may be: no feed's address comes near, and a lock file may be
/// written to be slow to read.
const LONGEST_BEFORE_HOST: usize = 200;
const LONGEST_URL: usize = 2_048;

/// The feeds whose packages a lock file names, each once: lock files hold whole URLs, in a host form of their own.
fn feeds_in_text(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for marker in ["pkgs.dev.azure.com/", ".pkgs.visualstudio.com"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(marker).map(|at| from + at) {
            let earliest = text.ceil_char_boundary(at.saturating_sub(LONGEST_BEFORE_HOST)).max(from);
            from = at + marker.len();
            let Some(start) = text[earliest..at].rfind("https://").map(|start| earliest + start) else { continue };
            let url = &text[start..text.floor_char_boundary(start + LONGEST_URL)];
            let url = &url[..url.find(|c: char| c.is_whitespace() || "\"',)}#".contains(c)).unwrap_or(url.len())];
            from = from.max(start + url.len());
            if let Some(npm) = url.find("/npm/") {
                found.insert(format!("{}/npm/registry/", &url[..npm]));
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_prefixes_are_those_that_npm_looks_up() {
        for (registry, expected) in [
            (
                "https://PKGS.DEV.AZURE.COM:443/Org/_packaging/Feed/npm/registry",
                vec![
                    "//pkgs.dev.azure.com/Org/_packaging/Feed/npm/registry/",
                    "//pkgs.dev.azure.com/Org/_packaging/Feed/npm/",
                ],
            ),
            (
                "https://o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/",
                vec![
                    "//o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/registry/",
                    "//o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/",
                ],
            ),
            (
                "https://u:p@pkgs.dev.azure.com/o/My Project/_packaging/f/NPM/registry/?x=1#y",
                vec![
                    "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/npm/registry/",
                    "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/npm/",
                    "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/NPM/registry/",
                ],
            ),
        ] {
            assert_eq!(key_prefixes(&Feed::parse(registry).unwrap()), expected, "{registry}");
        }
    }

    #[test]
    fn lock_files_name_feeds_once() {
        let feed = "https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry";
        let text = format!(
            "a@1:\n  resolved \"{feed}/a/-/a-1.tgz#1\"\nb@1:\n  resolved \"{feed}/b/-/b-1.tgz#2\"\n\
             c@1:\n  resolved \"https://registry.example.com/c/-/c-1.tgz#3\"\n"
        );
        assert_eq!(feeds_in_text(&text), ["https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry/"]);
    }

    #[test]
    fn hostile_lock_files_are_read_once() {
        let host = "https://pkgs.dev.azure.com/";
        let hostile = [host, "pkgs.dev.azure.com/", ".pkgs.visualstudio.com", "https://", "ä€😀"];
        for unit in hostile {
            assert_eq!(feeds_in_text(&unit.repeat(2_000_000 / unit.len())), Vec::<String>::new());
        }
        // Characters of several bytes at both bounds, and a feed behind it all.
        let feed = format!("{host}contoso/_packaging/f/npm/registry/");
        for padding in ["", "a", "aa"] {
            let text = format!("{padding}{}{host}{padding}{}\n{feed}x.tgz", "€".repeat(100), "€".repeat(2_000));
            assert_eq!(feeds_in_text(&text), [feed.as_str()]);
        }
    }

    #[test]
    fn publish_registries_are_found() {
        let text =
            r#"{"publishConfig":{"@s:registry":"https://a.example/","registry":"https://b.example/","tag":"x"}}"#;
        let mut found = publish_registries(text).unwrap();
        found.sort();
        assert_eq!(found, ["https://a.example/", "https://b.example/"]);
        assert!(publish_registries("{\"publishConfig\":").is_err());
    }

    #[test]
    fn what_npm_cannot_read_is_not_carried_over() {
        let utf16: Vec<u8> =
            [0xfeff].into_iter().chain("fund=false\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let file = SourceFile {
            path: PathBuf::from("/home/agent/.npmrc"),
            shown: "/home/agent/.npmrc".to_owned(),
            text: crate::edit::text::Text::decode(&utf16).unwrap(),
            origin: Origin::User,
        };
        let host = Host::default();
        assert!(
            Npm.mentions(std::slice::from_ref(&file), &host)[0].as_ref().is_err_and(|e| e.reason.contains("UTF-16"))
        );
        let feed = Feed::parse("https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/").unwrap();
        let feeds = [crate::tools::ServedFeed { name: None, feed, named_in: ".npmrc".to_owned() }];
        let request = Request {
            feeds: &feeds,
            organizations: &[],
            serves: &|_| true,
            files: &[file],
            host: &host,
            look: &crate::commands::workspace::Disk::new(&host),
            git_credential: crate::tools::git::Delivery::Helper,
        };
        let mut plan = Plan::default();
        Npm.plan(&request, &mut plan).unwrap();
        let Some(Change::PrivateFile(file)) = plan.changes.first() else { panic!() };
        assert!(String::from_utf8(file.content.clone()).unwrap().starts_with("//pkgs.dev.azure.com/"));
    }
}
