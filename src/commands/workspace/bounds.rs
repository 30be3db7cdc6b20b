//! How far files may be read that others refer to.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::host::Host;
use crate::kernel::paths::{below, is_below};
use crate::tools;
use crate::tools::reading::Origin;

/// Where files may be read that others refer to.
pub(super) struct Bounds {
    pub(super) root: Option<PathBuf>,
    pub(super) pipeline_workspace: Option<PathBuf>,
    /// The top of the repository that the working directory lies in, where git is what brought it; nothing where it lies in several,
    /// each of which may have brought some of its files.
    pub(super) repository: Option<PathBuf>,
}

impl Bounds {
    pub(super) fn new(root: &Path, host: &Host) -> Self {
        let root = disk::resolve(root);
        let pipeline_workspace = host.pipeline_workspace.as_deref().and_then(disk::resolve);
        let holds = |folder: &PathBuf| root.as_ref().is_some_and(|root| is_below(root, folder));
        let pipeline_workspace = pipeline_workspace.filter(holds);
        let repository = root.as_deref().filter(|_| is_by_git(host)).and_then(|root| {
            let is_within = |folder: &&Path| pipeline_workspace.as_ref().is_none_or(|top| is_below(folder, top));
            let mut tops = root.ancestors().take_while(is_within).filter(|folder| disk::exists(&folder.join(".git")));
            tops.next().filter(|_| tops.next().is_none())
        });
        Self { repository: repository.map(Path::to_path_buf), pipeline_workspace, root }
    }

    /// Whose a file is, by its real path. What lies in the checkout beside the working directory is the repository's, and still
    /// not what the step was pointed at.
    pub(super) fn origin(&self, real: &Path) -> Option<Origin> {
        if let Some(below) = self.root.as_ref().and_then(|root| below(real, root)) {
            let among = below.iter().any(|folder| folder.to_str().is_some_and(tools::is_dependency_folder));
            return Some(if among { Origin::Beside } else { Origin::Workspace });
        }
        self.pipeline_workspace.as_ref().filter(|folder| is_below(real, folder)).map(|_| Origin::Beside)
    }
}

/// Whether git brought the job's sources. Another system may bring a folder that is called as git's own.
fn is_by_git(host: &Host) -> bool {
    let provider = host.variable("BUILD_REPOSITORY_PROVIDER").unwrap_or_default();
    !["tfsversioncontrol", "svn"].contains(&provider.to_ascii_lowercase().as_str())
}
