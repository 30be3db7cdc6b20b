//! Reads the workspace's files, each once, and hands them to the tools.

mod bounds;
mod budget;
mod load;
mod look;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::agent::inputs::Settings;
use crate::disk::{self, ReadTrouble, RealPaths, WalkedFile};
use crate::host::Host;
use crate::kernel::memory;
use crate::kernel::paths::is_below;
use crate::plan::Plan;
use crate::plan::names::RunNames;
use crate::reach::Reach;
use crate::survey::{self, ToolSources, Wanted};
use crate::tools::reading::{Among, Hidden, Origin, ReadFile, RelPath, Sources, Unparsable};
use crate::tools::{PlanError, Tool};

use bounds::{Bounds, Wants};
use budget::{Budget, LARGEST_PARSED_BYTES, TOO_LARGE, is_large};
use load::{load, loaded, shown, taken_apart};
pub use look::Disk;

/// What the tools have read. A plan can be made from it again and again.
pub struct Workspace {
    host: Host,
    look: Disk,
    tools: Vec<ToolSources>,
    warnings: Vec<String>,
}

impl Workspace {
    /// Reads the workspace and the user's own configuration.
    pub fn read(settings: &Settings, host: Host) -> Self {
        let look = Disk::new(&host);
        let sources = |tool: &&'static dyn Tool| ToolSources {
            tool: *tool,
            files: Vec::new(),
            unread: Vec::new(),
            unusable: None,
        };
        let mut workspace =
            Self { tools: settings.choice.tools.iter().map(sources).collect(), warnings: Vec::new(), look, host };
        workspace.read_all(&settings.working_directory, &Budget::new(memory::taken_bytes));
        workspace
    }

    /// Makes the plan. Files that cannot be read are named in its warnings.
    pub fn plan(&self, settings: &Settings, reach: &Reach, names: &RunNames) -> Result<Plan, PlanError> {
        let (choice, feeds, token_variable) = (&settings.choice, &settings.feeds, &settings.token_variable);
        let wanted = Wanted { choice, reach, feeds, token_variable };
        let mut plan = survey::plan(&wanted, &self.tools, &self.host, &self.look, names)?;
        plan.warnings.extend("", self.warnings.iter().cloned());
        Ok(plan)
    }

    fn read_all(&mut self, root: &Path, budget: &Budget) {
        let outside: Vec<Vec<PathBuf>> =
            self.tools.iter().map(|found| found.tool.outside(&self.host, &self.look)).collect();
        let bounds = Bounds::new(root, &self.host);
        let mut wanted = Vec::new();
        for WalkedFile { path, in_dependency_folder } in self.walk(root, &bounds) {
            let beside = in_dependency_folder || !is_below(&path, root);
            let origin = if beside { Origin::Beside } else { Origin::Workspace };
            let mut readers = self.readers(&path, origin);
            readers.retain(|index| !outside[*index].contains(&path));
            wanted.push(WantedFile { path, origin, readers });
        }
        for (file, outcome) in wanted.iter().zip(self.read_files(&wanted, root, budget)) {
            self.take(file, outcome);
        }
        for (index, outside) in outside.iter().enumerate() {
            self.read_further(index, root, &bounds, budget);
            for path in outside {
                let family = self.tools[index].tool.family();
                let known = self.tools[..index].iter().filter(|found| found.tool.family() == family);
                let is_it = |file: &&ReadFile| file.source.origin == Origin::User && file.source.path == *path;
                if let Some(known) = known.flat_map(|found| &found.files).find(is_it).cloned() {
                    self.tools[index].files.push(known);
                    continue;
                }
                let found = &mut self.tools[index];
                // Above the working directory, or where a variable points, it may be the repository's.
                match load(path, root, Origin::User).and_then(|file| budget.parses(file)) {
                    Ok(Some(file)) => found.files.push(taken_apart(found.tool, &file, &self.host)),
                    Ok(None) => {}
                    Err(unread) => found.unusable = Some(unread),
                }
            }
        }
    }

    /// Reads files and has their tools take them apart, in as many threads as the machine has processors, up to a few. Gives what
    /// each came to, in their order.
    fn read_files(&self, wanted: &[WantedFile], root: &Path, budget: &Budget) -> Vec<Outcome> {
        let read = |file: &WantedFile| self.read_file(file, root, budget);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        if wanted.len() < FEWEST_FOR_THREADS || threads < 2 {
            return wanted.iter().map(read).collect();
        }
        // Lock files first: one may take as long as all else.
        let is_lock = |file: &WantedFile| {
            let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            file.readers.iter().any(|index| self.tools[*index].tool.searches(name))
        };
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|number| !is_lock(&wanted[*number]));
        let next = AtomicUsize::new(0);
        let take = || {
            let next = || order.get(next.fetch_add(1, Ordering::Relaxed)).copied();
            std::iter::from_fn(next).map(|number| (number, read(&wanted[number]))).collect::<Vec<_>>()
        };
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(wanted.len(), || None);
        std::thread::scope(|scope| {
            let running: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
            let mut done = take();
            for thread in running {
                done.extend(thread.join().unwrap_or_default());
            }
            for (number, outcome) in done {
                outcomes[number] = Some(outcome);
            }
        });
        // A thread that a defect ended has its files read once more here, where the defect is seen.
        let again = |(outcome, file): (Option<Outcome>, &WantedFile)| outcome.unwrap_or_else(|| read(file));
        outcomes.into_iter().zip(wanted).map(again).collect()
    }

    fn read_file(&self, wanted: &WantedFile, root: &Path, budget: &Budget) -> Outcome {
        let WantedFile { path, origin, readers } = wanted;
        let mut read = disk::read_walked(path, LARGEST_PARSED_BYTES);
        // One large file at a time, whatever the threads.
        let _only = matches!(read, Err(ReadTrouble::TooLarge)).then(|| {
            let guard = budget.large.lock().unwrap_or_else(PoisonError::into_inner);
            read = disk::read_walked(path, disk::LARGEST_FILE_BYTES);
            guard
        });
        let Some(file) = loaded(read, path, root, *origin)? else { return Ok(Vec::new()) };
        if let Some(reason) = budget.refuses(&file) {
            return Err(Unparsable { file: shown(path, root), reason, hides: Hidden::Everything, origin: *origin });
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
            let taken = taken_apart(tool, &file, &self.host);
            of_families.push((tool.family(), taken.clone()));
            Ok(taken)
        };
        Ok(readers.iter().map(&mut read).collect())
    }

    fn take(&mut self, wanted: &WantedFile, outcome: Outcome) {
        match outcome {
            Ok(files) => {
                for (index, file) in wanted.readers.iter().zip(files) {
                    let found = &mut self.tools[*index];
                    match file {
                        Ok(file) => found.files.push(file),
                        Err(unread) => found.unread.push(unread),
                    }
                }
            }
            Err(Unparsable { file, reason, hides: Hidden::Nothing, origin }) => {
                if origin == Origin::Workspace {
                    self.warnings.push(format!("{file} cannot be read, so nothing in it counts: {reason}"));
                }
            }
            Err(unread) => {
                for index in &wanted.readers {
                    self.tools[*index].unread.push(unread.clone());
                }
            }
        }
    }

    /// The files below the working directory, and those beside it in the pipeline's workspace: a credential that goes by name
    /// reaches them too.
    fn walk(&mut self, root: &Path, bounds: &Bounds) -> Vec<WalkedFile> {
        let looks = Wants { tools: &self.tools, beside: false };
        let walk = disk::walk(root, bounds.repository.as_deref(), None, &looks);
        let passed_over = |(folder, error): &(PathBuf, std::io::Error)| {
            format!("the folder {} is passed over: {error}", shown(folder, root))
        };
        self.warnings.extend(walk.unreadable.iter().map(passed_over));
        let mut files = walk.files;
        if let Some(above) = bounds.pipeline_workspace.as_ref().filter(|above| bounds.root.as_ref() != Some(above)) {
            let looks = Wants { tools: &self.tools, beside: true };
            files.extend(disk::walk(above, None, bounds.root.as_deref(), &looks).files);
        }
        files
    }

    fn readers(&self, path: &Path, origin: Origin) -> Vec<usize> {
        let among = if origin == Origin::Workspace { Among::Project } else { Among::Beside };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        let reads = |index: &usize| self.tools[*index].tool.reads(RelPath::new(folder, name), among);
        (0..self.tools.len()).filter(reads).collect()
    }

    /// Reads the files that a tool's files refer to, those that they refer to, and so on.
    fn read_further(&mut self, index: usize, root: &Path, bounds: &Bounds, budget: &Budget) {
        let (host, found) = (&self.host, &mut self.tools[index]);
        let mut known: Option<HashSet<PathBuf>> = None;
        let mut asked = HashSet::new();
        let mut real_paths = RealPaths::default();
        let mut added = 0;
        for round in 0.. {
            let before = added;
            for path in found.tool.further(Sources { files: &found.files, host }) {
                if !asked.insert(path.clone()) {
                    continue;
                }
                let Some(real) = real_paths.of(&path) else { continue };
                let known = known.get_or_insert_with(|| {
                    found.files.iter().filter_map(|file| real_paths.of(&file.source.path)).collect()
                });
                if known.contains(&real) || disk::is_folder(&real) {
                    continue;
                }
                let Some(origin) = bounds.origin(&real).filter(|_| known.insert(real)) else { continue };
                match load(&path, root, origin).and_then(|file| budget.parses(file)) {
                    Ok(_) if added >= MOST_FURTHER_FILES || round >= MOST_ROUNDS => {
                        let reason = "there are too many files that refer to others".to_owned();
                        let file = shown(&path, root);
                        found.unread.push(Unparsable { file, reason, hides: Hidden::Everything, origin });
                        return;
                    }
                    Ok(Some(file)) => found.files.push(taken_apart(found.tool, &file, host)),
                    Ok(None) => {}
                    Err(unread) => found.unread.push(unread),
                }
                added += 1;
            }
            if added == before {
                return;
            }
        }
    }
}

/// A file that tools want.
struct WantedFile {
    path: PathBuf,
    origin: Origin,
    /// The numbers of the tools.
    readers: Vec<usize>,
}

/// What each reader made of a file; an error where none could read it.
type Outcome = Result<Vec<Result<ReadFile, Unparsable>>, Unparsable>;

/// Threads that read files; more gain nothing on one disk.
const MOST_THREADS: usize = 4;
/// Fewer files are read before a thread has begun.
const FEWEST_FOR_THREADS: usize = 64;
/// More than any repository refers to; a bound on what a hostile one costs.
const MOST_FURTHER_FILES: usize = 10_000;
const MOST_ROUNDS: usize = 100;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the workspace under test")]
mod tests;
