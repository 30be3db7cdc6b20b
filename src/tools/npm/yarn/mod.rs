//! yarn 2 and later: `.yarnrc.yml`, and a credential for each registry by its address.
//!
//! yarn reads that file in its folder, in every folder above and in the home folder, and joins the maps in them: `npmRegistries`,
//! whose keys are addresses of registries as they are written, without the last slash (measured with 2.4, 3.8 and 4.18). So ours go
//! into a file in the pipeline's workspace, the folder above the checkout. No variable names a file for the user.

mod archives;
pub mod credentials;
mod settings;

use std::path::{Path, PathBuf};

use super::addresses::Addresses;
use super::manifest::Manifest;
use super::rc::{Line, Rc};
use super::{MANIFESTS, mention, perils, read_lines, searched};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::kernel::paths::is_below;
use crate::plan::draft::Draft;
use crate::plan::{Entry, SharedFile, TokenSource};
use crate::reach::{Binding, ServedFeed};
use crate::tools::reading::{
    Among, Detour, Hidden, Origin, Parsed, Peril, Place, Reading, RelPath, SourceFile, Sources, Unparsable, folded,
    is_one_of,
};
use crate::tools::{Auto, Fresh, PlanError, Tool, ToolId, Way};

pub use archives::archives;
use credentials::{is_ours, key_of, revise};

/// yarn 2 and later.
pub struct Yarn;

static ID: ToolId = ToolId {
    name: "yarn",
    speaks: Some(Protocol::Npm),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[],
    dependency_folders: &[],
    ways: &[
        Way {
            clients: "2 and newer",
            tried: "2.4, 3.8, 4.18: fetch, publish",
            source: TokenSource::Reference,
            fresh: Fresh::NextStep,
            afterwards: AFTERWARDS,
        },
        Way {
            clients: "2 and newer, outside the pipeline's workspace",
            tried: "4.18: fetch",
            source: TokenSource::SharedReference,
            fresh: Fresh::NextStep,
            afterwards: AFTERWARDS,
        },
    ],
};

const AFTERWARDS: &str = "`.yarnrc.yml` and variables as before";
/// Its lock file, which names where archives lie.
pub const LOCK: &str = "yarn.lock";
pub const USUAL_NAME: &str = ".yarnrc.yml";
/// The variable by which the file has another name, in every folder.
const FILE_NAME: &str = "YARN_RC_FILENAME";
const REGISTRY: &str = "YARN_NPM_REGISTRY_SERVER";
/// Variables that yarn 4 reads from the repository, and puts before those of the job.
const VARIABLES: &str = ".env.yarn";
/// The setting that names further such files.
const VARIABLES_SETTING: &str = "injectEnvironmentFiles";

/// A file that sets variables.
struct VariablesFile;

impl Tool for Yarn {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn family(&self) -> &'static str {
        super::ID.name
    }

    fn is_used(&self, sources: Sources<'_>) -> bool {
        let own = sources.of::<Rc>().any(|(file, _)| file.source.origin == Origin::Workspace);
        own || sources.host.variable(REGISTRY).is_some()
    }

    fn reads(&self, path: RelPath<'_>, _among: Among) -> bool {
        is_settings(path.name()) || path.is_named(&[VARIABLES]) || self.searches(path.name())
    }

    fn searches(&self, name: &str) -> bool {
        is_one_of(name, &[MANIFESTS[0], LOCK])
    }

    /// yarn reads what lies in every folder above the one that it runs in, and in the home folder.
    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let above = host.working_directory.ancestors().skip(1).filter(|folder| folder.is_absolute());
        let folders = above.map(Path::to_path_buf).chain(host.home.clone());
        folders.map(|folder| folder.join(file_name(host))).collect()
    }

    fn places(&self, host: &Host) -> Vec<PathBuf> {
        host.pipeline_workspace.iter().chain(&host.home).cloned().collect()
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        if file.source.origin == Origin::User || is_settings(file.name()) {
            return Box::new(settings::parse(file, host));
        }
        if file.is_named(&[VARIABLES]) { Box::new(VariablesFile) } else { searched(file) }
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        let sets = |rc: &Rc| rc.lines.iter().any(|line| line.key == VARIABLES_SETTING);
        let sets_variables =
            sources.of::<VariablesFile>().next().is_some() || sources.of::<Rc>().any(|(_, rc)| sets(rc));
        for (file, rc) in sources.of::<Rc>() {
            let before = reading.perils.len();
            read_lines(file, &rc.lines, Binding::Address, sources.host, &mut reading);
            for line in
                rc.lines.iter().filter(|line| sets_variables && perils::is_one(&line.key) && line.value.contains("${"))
            {
                let what = format!("refers to a variable that {VARIABLES} may set, for how yarn's traffic goes");
                reading.perils.push(Peril::new(Place::line(&file.source, line.number), what));
            }
            // What lies above the working directory and still in the pipeline's workspace is a repository's, not the user's.
            let workspace = sources.host.pipeline_workspace.as_ref();
            if workspace.is_some_and(|folder| is_below(&file.source.path, folder)) {
                reading.perils[before..].iter_mut().for_each(|peril| {
                    if let Place::File { origin: origin @ Origin::User, .. } = &mut peril.place {
                        *origin = Origin::Beside;
                    }
                });
            }
            reading.doubts.extend(rc.doubt.clone());
        }
        for (file, manifest) in sources.of::<Manifest>() {
            if let Some((url, line)) = &manifest.publish_registry {
                reading.mentions.push(mention(url.clone(), None, Binding::Address, Place::line(&file.source, *line)));
            }
        }
        for (file, addresses) in sources.of::<Addresses>() {
            let detour = |url: &String| Detour {
                client: ID.name,
                place: Place::of(&file.source),
                url: url.clone(),
                registry: None,
            };
            reading.detours.extend(addresses.archives.iter().map(detour));
        }
        if let Some(url) = sources.host.variable(REGISTRY) {
            let place = Place::Variable(REGISTRY.to_owned());
            reading.mentions.push(mention(url.to_owned(), None, Binding::Address, place));
        }
        let name = file_name(sources.host);
        if !is_settings(name) {
            reading.doubts.push(Unparsable {
                file: format!("'{name}' (the variable {FILE_NAME})"),
                reason: "this task does not look for files of that name; use one such as .yarnrc.ci.yml".to_owned(),
                hides: Hidden::Names,
                origin: Origin::Workspace,
            });
        }
        reading
    }

    fn binds(&self) -> Binding {
        Binding::Address
    }

    fn feed_url(&self, feed: &Feed) -> String {
        super::Npm.feed_url(feed)
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let (path, place, source) = place(draft)?;
        let mut entries: Vec<Entry> = Vec::new();
        for one in served {
            let key = key_of(&one.written);
            if let Some(line) = own_entry(sources, &path, key) {
                draft.warn(format!(
                    "yarn: {} line {line} has a credential of your own for {}, which stays and goes before this task's; remove it there",
                    path.display(),
                    one.feed
                ));
                continue;
            }
            warn_of_nearer(one, sources, draft);
            if entries.iter().all(|entry| entry.key != key) {
                let organization = &one.feed.organization;
                let variable = match source {
                    TokenSource::SharedReference => draft.shared_reference(organization),
                    _ => draft.reference(organization),
                };
                entries.push(Entry { key: key.to_owned(), variable });
            }
            draft.serve(one, source);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let unusable = |reason: String| PlanError::UserFile { tool: ID.name, file: path.display().to_string(), reason };
        let standing = crate::edit::text::Text::decode(draft.look.read(&path).unwrap_or_default());
        let standing = standing.map_err(|error| unusable(error.to_string()))?;
        revise(Some(&standing.body), &entries).map_err(|error| unusable(error.to_string()))?;
        draft.share(SharedFile { path, place, entries, revise });
        Ok(())
    }
}

/// Whether a file of this name holds settings of yarn's: a variable may give it another name than the usual one.
fn is_settings(name: &str) -> bool {
    let name = folded(name);
    name.contains(".yarnrc") && matches!(name.rsplit_once('.'), Some((_, "yml" | "yaml")))
}

fn file_name(host: &Host) -> &str {
    host.variable(FILE_NAME).unwrap_or(USUAL_NAME)
}

/// The file for our credentials, the folder of its journal, and how it refers to the token: in the pipeline's workspace, which only
/// this job uses, else in the home folder, which jobs share.
fn place(draft: &Draft<'_>) -> Result<(PathBuf, PathBuf, TokenSource), PlanError> {
    let host = draft.host;
    let above = host.pipeline_workspace.as_ref().filter(|folder| is_below(&host.working_directory, folder));
    let home = host.home.as_ref().filter(|folder| draft.look.may_write(folder));
    let found = above.map(|folder| (folder, TokenSource::Reference));
    let Some((folder, source)) = found.or_else(|| home.map(|folder| (folder, TokenSource::SharedReference))) else {
        let reason = format!("there is no home folder that can be written to, and its {USUAL_NAME} goes there");
        return Err(PlanError::NoPlace { tool: ID.name, reason });
    };
    Ok((folder.join(file_name(host)), folder.clone(), source))
}

/// The line of a credential of the user's own in the file that ours would go to.
fn own_entry(sources: Sources<'_>, path: &Path, key: &str) -> Option<usize> {
    let (_, rc) = sources.of::<Rc>().find(|(file, _)| file.source.path == path)?;
    rc.lines
        .iter()
        .find(|line| is_for(line, key) && !is_ours(&line.value) && line.is_credential())
        .map(|line| line.number)
}

/// Whether a setting is one of a registry in `npmRegistries`.
fn is_for(line: &Line, key: &str) -> bool {
    let key = key.strip_prefix("https:").unwrap_or(key);
    line.prefix().is_some_and(|(prefix, _)| prefix.strip_suffix('/') == Some(key))
}

/// Says which settings in the repository's own files go before ours for a feed: the nearest file wins, before yarn 4 with all that
/// it says of a registry, and a scope's own credential goes before a registry's.
fn warn_of_nearer(one: &ServedFeed, sources: Sources<'_>, draft: &mut Draft<'_>) {
    for (file, rc) in sources.of::<Rc>().filter(|(file, _)| file.source.origin == Origin::Workspace) {
        let names_feed = |scope: &str| {
            let key = format!("{scope}:registry");
            rc.lines
                .iter()
                .any(|line| line.key == key && line.readings.iter().any(|url| key_of(url) == key_of(&one.written)))
        };
        let of_scope = |line: &Line| {
            line.key.starts_with('@') && line.key.rsplit_once(':').is_some_and(|(scope, _)| names_feed(scope))
        };
        let goes_before = |line: &&Line| is_for(line, key_of(&one.written)) || line.is_credential() && of_scope(line);
        if let Some(line) = rc.lines.iter().find(goes_before) {
            draft.warn(format!(
                "yarn: {} line {} says how yarn signs in to {}, which goes before this task's credential: remove it there",
                file.source.shown, line.number, one.feed
            ));
        }
    }
}
