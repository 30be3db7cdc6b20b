//! The repositories on disk, made by the real git.

use super::lfs_id;
use crate::world::{Repository, World};
use anyhow::{Context, anyhow, ensure};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tempfile::TempDir;

/// Variables that steer a client's git and would disturb the server's.
pub(crate) const CLIENT_VARIABLES: &[&str] =
    &["GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_PROTOCOL", "GIT_INDEX_FILE"];

/// A file that does not exist, to stand for "no configuration".
pub(crate) fn nowhere() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

/// The commit of each repository, by owner (in lower case) and name.
type Heads = HashMap<(String, String), String>;

/// A directory of bare repositories.
pub(crate) struct GitStore {
    root: TempDir,
}

impl GitStore {
    /// Makes all repositories of the world, each after its submodules, since a submodule pins a commit.
    pub(crate) fn create(world: &World) -> anyhow::Result<Self> {
        let store = Self { root: tempfile::tempdir()? };
        let of_organizations =
            world.organizations.iter().flat_map(|o| o.repositories.iter().map(|r| (o.name.as_str(), r)));
        let of_hosts = world.foreign_hosts.iter().flat_map(|h| h.repositories.iter().map(|r| (h.name.as_str(), r)));
        let (simple, nested): (Vec<_>, Vec<_>) =
            of_organizations.chain(of_hosts).partition(|(_, repository)| repository.submodules.is_empty());
        let mut heads = store.make_all(&simple, &Heads::new())?;
        let mut waiting = nested;
        while !waiting.is_empty() {
            let names: Vec<String> = waiting.iter().map(|(_, repository)| repository.name.clone()).collect();
            let waits = |(_, url): &(String, String)| names.iter().any(|name| url.rsplit('/').next() == Some(name));
            let (later, ready): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(_, repository)| repository.submodules.iter().any(waits));
            ensure!(!ready.is_empty(), "repositories are submodules of each other: {names:?}");
            heads.extend(store.make_all(&ready, &heads)?);
            waiting = later;
        }
        Ok(store)
    }

    /// Makes repositories side by side.
    fn make_all(&self, wanted: &[(&str, &Repository)], heads: &Heads) -> anyhow::Result<Heads> {
        std::thread::scope(|scope| {
            let running: Vec<_> = wanted
                .iter()
                .map(|(owner, repository)| {
                    let directory = self.path(owner, &repository.project, &repository.name);
                    scope.spawn(move || {
                        let head = make(&directory, &stream(owner, repository, heads))
                            .with_context(|| format!("making the repository {} of {owner}", repository.name))?;
                        Ok(((owner.to_lowercase(), repository.name.clone()), head))
                    })
                })
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))))
                .collect()
        })
    }

    /// Removes all repositories. Whoever still answers a request holds the store a moment longer, and the process may end
    /// before they let go of it.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_dir_all(self.root.path());
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

/// What git made of a stream: the files of the bare repository, and the id of its commit.
struct Made {
    files: Vec<(PathBuf, Vec<u8>)>,
    head: String,
}

/// What this process had git make already, by its stream. Worlds differ little, and each would start git a dozen times.
static MADE: LazyLock<Mutex<HashMap<String, Arc<Made>>>> = LazyLock::new(Mutex::default);

/// Makes a bare repository from a stream for `git fast-import` and returns the id of its commit.
fn make(directory: &Path, stream: &str) -> anyhow::Result<String> {
    let known = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(stream).map(Arc::clone);
    if let Some(made) = known {
        for folder in FOLDERS {
            std::fs::create_dir_all(directory.join(folder))?;
        }
        for (path, content) in &made.files {
            std::fs::write(directory.join(path), content)?;
        }
        return Ok(made.head.clone());
    }
    let head = make_by_git(directory, stream)?;
    let made = Made { files: files_below(directory, Path::new(""))?, head: head.clone() };
    MADE.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.to_owned(), Arc::new(made));
    Ok(head)
}

/// The files of a folder, by their paths below it.
fn files_below(folder: &Path, below: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder.join(below))? {
        let path = below.join(entry?.file_name());
        if folder.join(&path).is_dir() {
            files.extend(files_below(folder, &path)?);
        } else {
            files.push((path.clone(), std::fs::read(folder.join(&path))?));
        }
    }
    Ok(files)
}

/// What a bare repository begins with.
const FOLDERS: [&str; 4] = ["objects/info", "objects/pack", "refs/heads", "refs/tags"];

fn make_by_git(directory: &Path, stream: &str) -> anyhow::Result<String> {
    // What `git init --bare` would make, without a process of its own.
    for folder in FOLDERS {
        std::fs::create_dir_all(directory.join(folder))?;
    }
    std::fs::write(directory.join("HEAD"), "ref: refs/heads/main\n")?;
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[http]\n\treceivepack = true\n[uploadpack]\n\t\
                  allowAnySHA1InWant = true\n\tallowFilter = true\n";
    std::fs::write(directory.join("config"), config)?;
    let mut child = git(directory)
        .args(["-c", "core.fsync=none", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("no pipe to git")?;
    input.write_all(stream.as_bytes())?;
    drop(input);
    ensure!(child.wait()?.success(), "git fast-import failed");
    Ok(std::fs::read_to_string(directory.join("refs/heads/main"))?.trim().to_owned())
}

/// The commit in the language of `git fast-import`.
fn stream(owner: &str, repository: &Repository, heads: &Heads) -> String {
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
        let elsewhere = heads.iter().find(|((o, n), _)| n == name && url.to_lowercase().contains(&format!("/{o}/")));
        let here = heads.get(&(owner.to_lowercase(), name.to_owned()));
        let unknown = "1".repeat(40);
        let commit = elsewhere.map(|(_, head)| head).or(here).unwrap_or(&unknown);
        let _ = writeln!(text, "M 160000 {commit} {path}");
    }
    text
}
