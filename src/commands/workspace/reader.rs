//! Which files of a workspace the tools want, and what each made of them.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::budget::{self, Budget, LARGEST_PARSED_BYTES, TOO_LARGE, is_large};
use super::load::{loaded, shown, taken_apart};
use crate::disk::{self, Looks, ReadTrouble, WalkedFile};
use crate::host::Host;
use crate::kernel::paths::is_below;
use crate::survey::ToolSources;
use crate::tools;
use crate::tools::reading::{Among, Hidden, Origin, ReadFile, RelPath, Unparsable};

/// What each reader made of a file; an error where none could read it.
pub(super) type Outcome = Result<Vec<Result<ReadFile, Unparsable>>, Unparsable>;

/// The numbers of the tools that read a file, and what they made of it.
pub(super) type Made = (Vec<usize>, Outcome);

/// Reads what a walk finds, each file once, and has its tools take it apart.
pub(super) struct Reader<'r> {
    pub(super) tools: &'r [ToolSources],
    pub(super) host: &'r Host,
    /// The working directory.
    pub(super) root: &'r Path,
    /// The files that each tool reads wherever they lie, and which are read apart.
    pub(super) outside: &'r [Vec<PathBuf>],
    pub(super) budget: &'r Budget,
    /// Whether everything lies beside the project.
    pub(super) beside: bool,
}

impl Looks for Reader<'_> {
    type Made = Made;

    fn is_dependency_folder(&self, name: &str) -> bool {
        tools::is_dependency_folder(name)
    }

    fn filled_by_package_managers(&self) -> Vec<&'static str> {
        tools::filled_by_package_managers()
    }

    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool {
        let among = if in_dependency_folder || self.beside { Among::Beside } else { Among::Project };
        self.tools.iter().any(|found| found.tool.reads(RelPath::new(folder, name), among))
    }

    fn may_be_large(&self, name: &str) -> bool {
        self.tools.iter().any(|found| found.tool.searches(name))
    }

    fn make(&self, file: &WalkedFile) -> Made {
        let beside = file.in_dependency_folder || !is_below(&file.path, self.root);
        let origin = if beside { Origin::Beside } else { Origin::Workspace };
        let mut readers = self.readers(&file.path, origin);
        readers.retain(|index| !self.outside[*index].contains(&file.path));
        let outcome = self.read(&file.path, origin, &readers);
        (readers, outcome)
    }
}

impl Reader<'_> {
    fn readers(&self, path: &Path, origin: Origin) -> Vec<usize> {
        let among = if origin == Origin::Workspace { Among::Project } else { Among::Beside };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        let reads = |index: &usize| self.tools[*index].tool.reads(RelPath::new(folder, name), among);
        (0..self.tools.len()).filter(reads).collect()
    }

    fn read(&self, path: &Path, origin: Origin, readers: &[usize]) -> Outcome {
        let (root, budget) = (self.root, self.budget);
        let unsearched =
            |reason: String| Unparsable { file: shown(path, root), reason, hides: Hidden::Everything, origin };
        // A file that is one too many is not read, however often a repository has it.
        if let Some(reason) = budget.refuses_all() {
            return Err(unsearched(reason.to_owned()));
        }
        let mut left = budget.left_bytes();
        let mut read = disk::read_walked(path, LARGEST_PARSED_BYTES.min(left));
        // One large file at a time, whatever the threads.
        let only = matches!(read, Err(ReadTrouble::TooLarge)).then(|| {
            let guard = budget.large.lock().unwrap_or_else(PoisonError::into_inner);
            left = budget.left_bytes();
            read = disk::read_walked(path, disk::LARGEST_FILE_BYTES.min(left));
            guard
        });
        if matches!(read, Err(ReadTrouble::TooLarge)) && left < disk::LARGEST_FILE_BYTES {
            return Err(unsearched(budget::TOO_MUCH.to_owned()));
        }
        let Some(file) = loaded(read, path, root, origin)? else { return Ok(Vec::new()) };
        if let Some(reason) = budget.refuses(&file, only.is_some()) {
            return Err(unsearched(reason));
        }
        let mut of_families: Vec<(&str, ReadFile)> = Vec::new();
        let mut read = |index: &usize| {
            let tool = self.tools[*index].tool;
            if is_large(&file) && !tool.searches(file.name()) {
                return Err(Unparsable::unsearched(&file.source, TOO_LARGE));
            }
            if let Some((_, known)) = of_families.iter().find(|(family, _)| *family == tool.family()) {
                return Ok(known.clone());
            }
            let taken = taken_apart(tool, &file, self.host);
            of_families.push((tool.family(), taken.clone()));
            Ok(taken)
        };
        Ok(readers.iter().map(&mut read).collect())
    }
}
