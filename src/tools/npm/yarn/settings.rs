//! `.yarnrc.yml`: YAML, in whose values `${VAR}`, `${VAR-default}` and `${VAR:-default}` are replaced.

use super::super::rc::{Line, Rc, as_npm_reads};
use super::super::yaml::{self, Setting};
use crate::host::Host;
use crate::tools::reading::{SourceFile, Unparsable};

/// The settings whose value is a map of maps that matters.
const MAPS: [&str; 3] = [SCOPES, REGISTRIES, NETWORK];
const SCOPES: &str = "npmScopes";
pub const REGISTRIES: &str = "npmRegistries";
const NETWORK: &str = "networkSettings";

/// Reads a file.
pub fn parse(file: &SourceFile, host: &Host) -> Rc {
    let Ok(settings) = read(&as_npm_reads(&file.text)) else {
        let reason = "its settings cannot be told; write each on a line of its own, without anchors";
        return Rc { doubt: Some(Unparsable::hides_names(&file.source, reason)), ..Rc::default() };
    };
    let lines = settings.into_iter().map(|Setting { path, value, line }| {
        let readings = vec![expand(&value, host)];
        Line { key: key(&path), value, readings, number: line }
    });
    Rc { lines: lines.collect(), ..Rc::default() }
}

/// The settings of a text.
pub fn read(text: &str) -> Result<Vec<Setting>, yaml::Unclear> {
    yaml::entries(text, |path| path.len() < 3 && MAPS.contains(&path[0].as_str()))
}

/// A setting's name as npm and this room have it.
fn key(path: &[String]) -> String {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["npmRegistryServer" | "npmPublishRegistry"] => "registry".to_owned(),
        [SCOPES, scope, "npmRegistryServer" | "npmPublishRegistry"] => format!("@{scope}:registry"),
        [SCOPES, scope, name] => format!("@{scope}:{name}"),
        [REGISTRIES, registry, name] => {
            let rest = registry.strip_prefix("https:").unwrap_or(registry).trim_end_matches('/');
            if rest.starts_with("//") { format!("{rest}/:{name}") } else { name.to_owned() }
        }
        [.., name] => yaml::npms(name).to_owned(),
        [] => String::new(),
    }
}

/// Replaces references; those to what is unset and has no default stay, and yarn stops there.
fn expand(value: &str, host: &Host) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let whole = from.find('}').map_or(from.len(), |end| end + 1);
        let inside = from[2..whole].trim_end_matches('}');
        let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(inside, |end| &inside[..end]);
        let default = inside[name.len()..].trim_start_matches(':').strip_prefix('-');
        match host.variable(name).or(default) {
            Some(value) => result.push_str(value),
            None => result.push_str(&from[..whole]),
        }
        rest = &from[whole..];
    }
    result + rest
}
