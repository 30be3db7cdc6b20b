//! Which files are read: those that tools want, and as far as others may refer to them.

use std::path::{Path, PathBuf};

use crate::disk::{self, Looks};
use crate::host::Host;
use crate::kernel::paths::{below, is_below};
use crate::survey::ToolSources;
use crate::tools;
use crate::tools::reading::{Among, Origin, RelPath};

/// Which files the tools want.
pub(super) struct Wants<'t> {
    pub(super) tools: &'t [ToolSources],
    /// Whether everything lies beside the project.
    pub(super) beside: bool,
}

impl Looks for Wants<'_> {
    fn is_dependency_folder(&self, name: &str) -> bool {
        tools::is_dependency_folder(name)
    }

    fn filled_by_builds(&self) -> Vec<&'static str> {
        tools::filled_by_builds()
    }

    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool {
        let among = if in_dependency_folder || self.beside { Among::Beside } else { Among::Project };
        self.tools.iter().any(|found| found.tool.reads(RelPath::new(folder, name), among))
    }
}

/// Where files may be read that others refer to.
pub(super) struct Bounds {
    pub(super) root: Option<PathBuf>,
    pub(super) pipeline_workspace: Option<PathBuf>,
}

impl Bounds {
    pub(super) fn new(root: &Path, host: &Host) -> Self {
        let root = disk::resolve(root);
        let pipeline_workspace = host.pipeline_workspace.as_deref().and_then(disk::resolve);
        let holds = |folder: &PathBuf| root.as_ref().is_some_and(|root| is_below(root, folder));
        Self { pipeline_workspace: pipeline_workspace.filter(holds), root }
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
