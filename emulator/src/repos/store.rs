//! The repositories on disk, made by the real git.

use super::lfs_id;
use crate::world::{Repository, World};
use anyhow::{Context, ensure};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Variables that steer a client's git and would disturb the server's.
pub(crate) const CLIENT_VARIABLES: &[&str] =
    &["GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_PROTOCOL", "GIT_INDEX_FILE"];

/// A file that does not exist, to stand for "no configuration".
pub(crate) fn nowhere() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

/// A directory of bare repositories.
pub(crate) struct GitStore {
    root: TempDir,
}

impl GitStore {
    /// Makes all repositories of the world, those without submodules first, since a submodule pins a commit.
    pub(crate) fn create(world: &World) -> anyhow::Result<Self> {
        let store = Self { root: tempfile::tempdir()? };
        let of_organizations =
            world.organizations.iter().flat_map(|o| o.repositories.iter().map(|r| (o.name.as_str(), r)));
        let of_hosts = world.foreign_hosts.iter().flat_map(|h| h.repositories.iter().map(|r| (h.name.as_str(), r)));
        let mut all: Vec<(&str, &Repository)> = of_organizations.chain(of_hosts).collect();
        all.sort_by_key(|(_, repository)| !repository.submodules.is_empty());
        let mut heads = HashMap::new();
        for (owner, repository) in all {
            let directory = store.path(owner, &repository.project, &repository.name);
            let head = make(&directory, repository, &heads)
                .with_context(|| format!("making the repository {} of {owner}", repository.name))?;
            heads.insert(repository.name.clone(), head);
        }
        Ok(store)
    }

    /// Where a repository lies.
    pub(crate) fn path(&self, owner: &str, project: &str, name: &str) -> PathBuf {
        self.root.path().join(owner.to_lowercase()).join(if project.is_empty() { "-" } else { project }).join(name)
    }
}

fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", nowhere());
    for name in CLIENT_VARIABLES {
        command.env_remove(name);
    }
    command
}

/// Makes a bare repository with one commit on `main` and returns the commit's id.
fn make(directory: &Path, repository: &Repository, heads: &HashMap<String, String>) -> anyhow::Result<String> {
    std::fs::create_dir_all(directory)?;
    let made = git(directory).args(["init", "--quiet", "--bare", "--initial-branch=main"]).status()?;
    ensure!(made.success(), "git init failed");
    let config = "[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n";
    std::fs::OpenOptions::new().append(true).open(directory.join("config"))?.write_all(config.as_bytes())?;
    let mut child = git(directory).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no pipe to git")?;
    input.write_all(stream(repository, heads).as_bytes())?;
    drop(input);
    ensure!(child.wait()?.success(), "git fast-import failed");
    let output = git(directory).args(["rev-parse", "refs/heads/main"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The commit in the language of `git fast-import`.
fn stream(repository: &Repository, heads: &HashMap<String, String>) -> String {
    let mut files = repository.files.clone();
    let mut modules = String::new();
    for (path, url) in &repository.submodules {
        // Writing to a string does not fail.
        let _ = writeln!(modules, "[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}");
    }
    if !modules.is_empty() {
        files.push((".gitmodules".to_owned(), modules));
    }
    let mut attributes = String::new();
    for (path, content) in &repository.lfs_files {
        let _ = writeln!(attributes, "{path} filter=lfs diff=lfs merge=lfs -text");
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
            lfs_id(content),
            content.len()
        );
        files.push((path.clone(), pointer));
    }
    if !attributes.is_empty() {
        files.push((".gitattributes".to_owned(), attributes));
    }
    let mut text =
        String::from("commit refs/heads/main\ncommitter Contoso <contoso@contoso.example> 1700000000 +0000\n");
    text += "data 5\nfirst\n";
    for (path, content) in &files {
        let _ = write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len());
    }
    for (path, url) in &repository.submodules {
        let name = url.rsplit('/').next().unwrap_or_default();
        let unknown = "1".repeat(40);
        let _ = writeln!(text, "M 160000 {} {path}", heads.get(name).unwrap_or(&unknown));
    }
    text
}
