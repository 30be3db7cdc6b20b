//! Repositories that cargo fetches as dependencies.
//!
//! cargo's own git asks no helper and reads no `GIT_CONFIG_COUNT`; with `net.git-fetch-with-cli` cargo starts git itself
//! (<https://doc.rust-lang.org/cargo/reference/config.html#netgit-fetch-with-cli>; measured with cargo 1.95).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::permits;
use crate::edit::text::Text;
use crate::kernel::organization::Organization;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::tools::Tool;
use crate::tools::cargo::Cargo;
use crate::tools::reading::{Among, Origin, RelPath, Source, SourceFile, Sources};
use crate::tools::tables::{self, table};

/// Has cargo start git.
pub const VARIABLE: &str = "CARGO_NET_GIT_FETCH_WITH_CLI";
/// What cargo does by itself: it stops at a blank variable.
const USUAL: &str = "false";
/// Different organizations that are told apart; no project has more.
const MOST: usize = 100;

/// What cargo's files say of git.
#[derive(Default)]
pub struct Dependencies {
    /// An address of each organization whose repositories they name, and its line.
    pub addresses: BTreeMap<Organization, (String, usize)>,
    /// Whether they keep cargo from starting git.
    pub keep_from_git: bool,
}

impl Dependencies {
    /// Whether cargo reads this file of a project.
    pub fn reads(path: RelPath<'_>) -> bool {
        is_listed(path.name()) || Cargo.reads(path, Among::Project)
    }

    /// Searches a file for dependencies, and a configuration for the setting.
    pub fn parse(file: &SourceFile) -> Self {
        let mut found = Self { keep_from_git: !is_listed(file.name()) && keeps_from_git(file), ..Self::default() };
        for (index, line) in file.text.body.lines().enumerate() {
            let Some((before, rest)) = line.split_once("https://") else { continue };
            if !is_of_git(before) || found.addresses.len() == MOST {
                continue;
            }
            let end = rest.find(['"', '\'', '?', '#', ' ']).unwrap_or(rest.len());
            let address = format!("https://{}", &rest[..end]);
            if let Some(organization) = Organization::of_url(&address) {
                found.addresses.entry(organization).or_insert((address, index + 1));
            }
        }
        found
    }
}

/// Whether a file of this name may be large: it is searched only.
pub fn is_listed(name: &str) -> bool {
    crate::tools::reading::is_one_of(name, &["Cargo.toml", "Cargo.lock"])
}

/// Whether an address that follows is a dependency's: `git = "…"` in a manifest, `source = "git+…"` in a lock file. Manifests name
/// the project's own home, too.
fn is_of_git(before: &str) -> bool {
    let key = || {
        let before = before.strip_suffix(['"', '\''])?.trim_end().strip_suffix('=')?.trim_end();
        before.trim_end_matches(['"', '\'']).strip_suffix("git")
    };
    before.ends_with("\"git+")
        || key().is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '-'))
}

fn keeps_from_git(file: &SourceFile) -> bool {
    let Ok(root) = tables::parse(file) else { return false };
    let setting = table(root.get_ref(), "net").and_then(|net| net.get("git-fetch-with-cli"));
    setting.and_then(|setting| setting.get_ref().as_bool()) == Some(false)
}

/// Has cargo start git where a dependency lies in a permitted organization, and nobody has said otherwise.
pub fn have_cargo_start_git(sources: Sources<'_>, draft: &mut Draft<'_>) {
    let of_files = || sources.of::<Dependencies>();
    let names =
        |dependencies: &Dependencies| dependencies.addresses.keys().any(|organization| permits(draft, organization));
    if !of_files().any(|(_, dependencies)| names(dependencies)) {
        return;
    }
    let by_variable = draft.host.variable(VARIABLE).is_some_and(|value| value != "true");
    let by_project = || of_files().find(|(_, found)| found.keep_from_git).map(|(file, _)| file.source.shown.clone());
    let by_user = || {
        let files = Cargo.outside(draft.host, draft.look);
        files.into_iter().find(|path| is_kept_from_git_by(path, draft)).map(|path| path.display().to_string())
    };
    let other = if by_variable { Some(format!("the variable {VARIABLE}")) } else { by_project().or_else(by_user) };
    match other {
        None => draft.set(Variable::new(VARIABLE, Template::text("true")).with_former(Some(USUAL.to_owned()))),
        Some(place) => draft.note(format!(
            "git: {place} keeps cargo from starting git, so dependencies of cargo in Azure Repos get no token"
        )),
    }
}

/// Not among the files that the step reads, so that one which cannot be read takes nothing from git.
fn is_kept_from_git_by(path: &Path, draft: &Draft<'_>) -> bool {
    let text = draft.look.read(path).and_then(|bytes| Text::decode(bytes).ok());
    let source = Source { path: PathBuf::from(path), shown: String::new(), origin: Origin::User };
    text.is_some_and(|text| keeps_from_git(&SourceFile { source: Arc::new(source), text }))
}
