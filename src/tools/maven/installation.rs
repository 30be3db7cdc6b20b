//! Which Maven a later step will start, without starting it.

use std::path::{Path, PathBuf};

use crate::host::{Host, Look};

/// A Maven on this machine.
#[derive(Debug)]
pub struct Installation {
    home: PathBuf,
    /// Major and minor version; nothing where the files do not tell.
    version: Option<(u32, u32)>,
}

impl Installation {
    /// Its own settings, which every user of it shares.
    pub fn settings(&self) -> PathBuf {
        self.home.join("conf").join("settings.xml")
    }

    /// Whether it reads `MAVEN_ARGS`, as Maven does since 3.9.0.
    pub fn takes_arguments(&self) -> bool {
        self.version.is_some_and(|version| version >= (3, 9))
    }

    /// Whether a path can go into `MAVEN_ARGS`. On Unix the start script splits that variable at blanks, whatever quotes it holds, and
    /// since Maven 4 its shell reads it once more (apache/maven, `apache-maven/src/assembly/maven/bin/mvn`).
    pub fn takes_path(&self, path: &Path) -> bool {
        let is_read_twice = self.version.is_some_and(|version| version >= (4, 0));
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
        let text = path.to_string_lossy();
        cfg!(windows) || text.chars().all(|c| if is_read_twice { is_plain(c) } else { !c.is_whitespace() })
    }
}

/// The Maven on PATH, and those of the variables by which start scripts and Microsoft's task Maven find one.
pub fn all(host: &Host, look: &dyn Look) -> Vec<Installation> {
    let on_path = ["mvn", "mvn.cmd"].iter().find_map(|name| look.program(name));
    let on_path = on_path.and_then(|program| Some(program.parent()?.parent()?.to_path_buf()));
    let named = ["M2_HOME", "MAVEN_HOME"].into_iter().filter_map(|name| host.variable(name)).map(PathBuf::from);
    let mut homes: Vec<PathBuf> = Vec::new();
    for home in on_path.into_iter().chain(named) {
        if !homes.contains(&home) {
            homes.push(home);
        }
    }
    homes.into_iter().map(|home| Installation { version: version(look, &home), home }).collect()
}

/// From the name of `lib/maven-core-3.9.6.jar`. A packaged Maven may have `maven-core-3.x.jar`, which tells nothing.
fn version(look: &dyn Look, home: &Path) -> Option<(u32, u32)> {
    look.list(&home.join("lib")).iter().find_map(|name| {
        let mut numbers = name.strip_prefix("maven-core-")?.strip_suffix(".jar")?.split(['.', '-']);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    })
}
