//! What the environment and files tell Java, for the tools that run on it.

use std::path::PathBuf;

use crate::host::Host;

/// Words that quotes hold together.
pub fn quoted_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut inside = false;
    for character in text.chars() {
        match character {
            '"' => inside = !inside,
            blank if blank.is_whitespace() && !inside => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The folder that one of these variables, whose words Java takes as arguments, gives in a property. The first that does overrides the
/// others; in one, the last.
pub fn folder(host: &Host, variables: &[&str], property: &str) -> Option<PathBuf> {
    variables.iter().find_map(|name| {
        let words = quoted_words(host.variable(name)?);
        let value =
            |word: &String| Some(word.strip_prefix("-D")?.strip_prefix(property)?.strip_prefix('=')?.to_owned());
        let folder = words.iter().rev().find_map(value)?;
        Some(host.working_directory.join(folder.trim_matches('\'')))
    })
}

/// The home folders in which Java may look: the account's, whatever HOME says, and HOME's for what honours it. Where the
/// job sets Java's own idea of it in one of these variables, that one alone.
pub fn homes(host: &Host, variables: &[&str]) -> Vec<PathBuf> {
    if let Some(home) = folder(host, variables, "user.home") {
        return vec![home];
    }
    let mut homes: Vec<PathBuf> = [&host.account_home, &host.home].into_iter().flatten().cloned().collect();
    homes.dedup();
    homes
}

/// A setting by which a client of Java's would send its traffic, and the token with it, into other hands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The line on which it stands.
    pub line: usize,
    /// What it does, in a clause that follows its place.
    pub what: String,
}

/// The most that are kept of a file. One is enough for no credential at all; a bound on what a hostile file costs.
pub const MOST_SETTINGS: usize = 100;

/// Parts of the names of properties that lead traffic through others or lower the trust that TLS asks for. Java's networking
/// properties (<https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/net/doc-files/net-properties.html>), those of
/// JSSE, of Maven's wagon and of its resolver.
const PROPERTIES: [&str; 24] = [
    "maven.ext.class.path",
    "proxyhost",
    "proxyport",
    "proxyset",
    "usesystemproxies",
    "javax.net.",
    "java.security.",
    "java.home",
    "sun.boot.",
    "java.ext.dirs",
    "java.endorsed.dirs",
    "nameservice",
    "java.protocol.handler.pkgs",
    "java.net.preferipv",
    "networkaddress.cache",
    "maven.wagon.http.ssl.",
    "aether.connector.https.",
    "aether.transport.https.",
    "securitymode",
    "jdk.net.",
    "jdk.tls.",
    "jdk.security.",
    "jdk.internal.",
    "jdk.httpclient.",
];

/// Arguments of Java that load code or further arguments.
const LOADERS: [&str; 10] = [
    "-xrun",
    "-javaagent",
    "-agentlib",
    "-agentpath",
    "-xbootclasspath",
    "--patch-module",
    "-xx:vmoptionsfile",
    "-xx:flags",
    "-xx:onerror",
    "-xx:onoutofmemoryerror",
];

/// Arguments of Java that say from where code comes, each also with its value behind `=`.
const CODE_PATHS: [&str; 11] = [
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "-m",
    "--module",
    "-jar",
    "--source",
    "-djava.class.path",
];

/// Whether a word, in lower case, is an argument that loads code or further arguments.
pub fn loads(word: &str) -> bool {
    LOADERS.iter().any(|loader| word.starts_with(loader))
}

/// Whether a word, in lower case, is an argument that says from where code comes.
pub fn is_code_path(word: &str) -> bool {
    CODE_PATHS.contains(&word.split('=').next().unwrap_or_default())
}

/// What a property would do to a client, by its name in lower case.
pub fn of_property(name: &str, client: &str) -> Option<String> {
    let part = PROPERTIES.iter().find(|part| name.contains(**part))?;
    Some(if part.contains("prox") {
        format!("sends {client}'s traffic through a proxy")
    } else if part.contains("class.path") {
        format!("loads code into {client}")
    } else {
        format!("changes whom {client} trusts or reaches")
    })
}
