//! Reads the workspace's files, each once, and hands them to the tools.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::agent::inputs::Settings;
use crate::disk::{self, Looks, ReadTrouble, RealPaths, WalkedFile};
use crate::edit::references;
use crate::edit::text::Text;
use crate::host::{Host, Look};
use crate::kernel::memory;
use crate::plan::Plan;
use crate::plan::names::RunNames;
use crate::reach::Reach;
use crate::survey::{self, ToolSources, Wanted};
use crate::tools::reading::{Among, Hidden, Origin, ReadFile, RelPath, Source, SourceFile, Sources, Unparsable};
use crate::tools::{self, PlanError, Tool};

/// The disk, as tools may look at it.
pub struct Disk {
    /// The folders of PATH.
    path: Option<String>,
}

impl Disk {
    /// A look with the PATH of later steps.
    pub fn new(host: &Host) -> Self {
        Self { path: host.variable("PATH").map(str::to_owned) }
    }
}

impl Look for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        disk::read(path).ok().flatten()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        disk::list(folder)
    }

    fn may_write(&self, folder: &Path) -> bool {
        disk::seems_writable(folder)
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        disk::resolve(&which::which_in(name, self.path.as_deref(), "/").ok()?)
    }
}

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
            let beside = in_dependency_folder || !path.starts_with(root);
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
        std::thread::scope(|scope| {
            let chunks = wanted.chunks(wanted.len().div_ceil(threads));
            let chunks: Vec<_> =
                chunks.map(|chunk| scope.spawn(move || chunk.iter().map(read).collect::<Vec<_>>())).collect();
            // A thread that a defect ended has its files read once more here, where the defect is seen.
            let parts = wanted.chunks(wanted.len().div_ceil(threads)).zip(chunks);
            parts.flat_map(|(part, chunk)| chunk.join().unwrap_or_else(|_| part.iter().map(read).collect())).collect()
        })
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
            return Err(Unparsable { file: shown(path, root), reason, hides: Hidden::Names, origin: *origin });
        }
        let read = |index: &usize| {
            let tool = self.tools[*index].tool;
            if is_large(&file) && !tool.searches(file.name()) {
                return Err(Unparsable::hides_names(&file.source, TOO_LARGE));
            }
            Ok(taken_apart(tool, &file, &self.host))
        };
        Ok(readers.iter().map(read).collect())
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
                    self.warnings.push(format!("{file} is left alone, since it cannot be read: {reason}"));
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
        let walk = disk::walk(root, None, &looks);
        let passed_over = |(folder, error): &(PathBuf, std::io::Error)| {
            format!("the folder {} is passed over: {error}", shown(folder, root))
        };
        self.warnings.extend(walk.unreadable.iter().map(passed_over));
        let mut files = walk.files;
        if let Some(above) = bounds.pipeline_workspace.as_ref().filter(|above| bounds.root.as_ref() != Some(above)) {
            files.extend(disk::walk(above, bounds.root.as_deref(), &Wants { tools: &self.tools, beside: true }).files);
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
                        found.unread.push(Unparsable { file, reason, hides: Hidden::Names, origin });
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
/// A larger file is nobody's configuration, and would take many times its size when it is taken apart.
const LARGEST_PARSED_BYTES: u64 = 8 * 1024 * 1024;
const TOO_LARGE: &str = "it is larger than 8 MiB";
/// More than any repository refers to; a bound on what a hostile one costs.
const MOST_FURTHER_FILES: usize = 10_000;
const MOST_ROUNDS: usize = 100;

/// What a repository may cost.
struct Budget {
    /// The bytes that may still be read.
    left: AtomicUsize,
    /// The bytes that this process has in use.
    taken: fn() -> usize,
    /// The bytes in use that leave room for no further file: one in each thread may take many times its size for a moment.
    most_taken: usize,
    /// Held while a large file is read.
    large: Mutex<()>,
}

impl Budget {
    /// A bound on the time that a repository can take.
    const MOST_READ_BYTES: usize = 256 * 1024 * 1024;
    /// A bound on the memory for what tools keep.
    const MOST_KEPT_BYTES: usize = 80 * 1024 * 1024;

    fn new(taken: fn() -> usize) -> Self {
        let most_taken = taken().saturating_add(Self::MOST_KEPT_BYTES);
        Self { left: AtomicUsize::new(Self::MOST_READ_BYTES), taken, most_taken, large: Mutex::new(()) }
    }

    /// Why a file is one too many; it is counted where it is not.
    fn refuses(&self, file: &SourceFile) -> Option<String> {
        let length = file.text.body.len();
        if (self.taken)().saturating_sub(length) > self.most_taken {
            return Some("the configuration before it takes too much memory already".to_owned());
        }
        let rest = |left: usize| left.checked_sub(length);
        let is_enough = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).is_ok();
        (!is_enough).then(|| "the configuration before it takes 256 MiB already".to_owned())
    }

    /// A file that is to be parsed, and not only searched.
    fn parses(&self, file: Option<SourceFile>) -> Result<Option<SourceFile>, Unparsable> {
        let Some(file) = file else { return Ok(None) };
        let refused = if is_large(&file) { Some(TOO_LARGE.to_owned()) } else { self.refuses(&file) };
        match refused {
            Some(reason) => Err(Unparsable::hides_names(&file.source, reason)),
            None => Ok(Some(file)),
        }
    }
}

fn is_large(file: &SourceFile) -> bool {
    file.text.body.len() as u64 > LARGEST_PARSED_BYTES
}

/// Which files the tools want.
struct Wants<'t> {
    tools: &'t [ToolSources],
    /// Whether everything lies beside the project.
    beside: bool,
}

impl Looks for Wants<'_> {
    fn is_dependency_folder(&self, name: &str) -> bool {
        tools::is_dependency_folder(name)
    }

    fn wants(&self, folder: &Path, name: &str, in_dependency_folder: bool) -> bool {
        let among = if in_dependency_folder || self.beside { Among::Beside } else { Among::Project };
        self.tools.iter().any(|found| found.tool.reads(RelPath::new(folder, name), among))
    }
}

/// Where files may be read that others refer to.
struct Bounds {
    root: Option<PathBuf>,
    pipeline_workspace: Option<PathBuf>,
}

impl Bounds {
    fn new(root: &Path, host: &Host) -> Self {
        let root = disk::resolve(root);
        let pipeline_workspace = host.pipeline_workspace.as_deref().and_then(disk::resolve);
        let holds = |folder: &PathBuf| root.as_ref().is_some_and(|root| root.starts_with(folder));
        Self { pipeline_workspace: pipeline_workspace.filter(holds), root }
    }

    /// Whose a file is, by its real path. What lies in the checkout beside the working directory is the repository's, and still
    /// not what the step was pointed at.
    fn origin(&self, real: &Path) -> Option<Origin> {
        if let Some(below) = self.root.as_ref().and_then(|root| real.strip_prefix(root).ok()) {
            let among = below.iter().any(|folder| folder.to_str().is_some_and(tools::is_dependency_folder));
            return Some(if among { Origin::Beside } else { Origin::Workspace });
        }
        self.pipeline_workspace.as_ref().filter(|folder| real.starts_with(folder)).map(|_| Origin::Beside)
    }
}

/// Has a tool take a file apart. The text is kept only where it may be carried over.
fn taken_apart(tool: &dyn Tool, file: &SourceFile, host: &Host) -> ReadFile {
    let is_users = file.source.origin == Origin::User;
    let refers = !is_users && !tool.searches(file.name()) && tool.is_configured_by(file);
    let references = if refers { references::in_text(&file.text.body) } else { Vec::new() };
    let parsed = tool.parse(file, host);
    ReadFile { source: file.source.clone(), parsed, text: is_users.then(|| file.text.clone()), references }
}

fn load(path: &Path, root: &Path, origin: Origin) -> Result<Option<SourceFile>, Unparsable> {
    loaded(disk::read(path), path, root, origin)
}

fn loaded(
    read: Result<Option<Vec<u8>>, ReadTrouble>,
    path: &Path,
    root: &Path,
    origin: Origin,
) -> Result<Option<SourceFile>, Unparsable> {
    let shown = if origin == Origin::User { path.display().to_string() } else { shown(path, root) };
    let unread = |hides: Hidden, reason: String| Unparsable { file: shown.clone(), reason, hides, origin };
    let bytes = match read {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        // No tool takes a folder or a pipe for its file.
        Err(error @ ReadTrouble::NotAFile) => return Err(unread(Hidden::Nothing, error.to_string())),
        Err(error) => return Err(unread(Hidden::Names, error.to_string())),
    };
    let text = Text::decode(bytes).map_err(|error| unread(Hidden::Names, error.to_string()))?;
    Ok(Some(SourceFile { source: Arc::new(Source { path: path.to_path_buf(), shown, origin }), text }))
}

/// The path as messages show it, with slashes on every system.
fn shown(path: &Path, root: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).display().to_string();
    if cfg!(windows) { path.replace('\\', "/") } else { path }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the workspace under test")]
mod tests;
