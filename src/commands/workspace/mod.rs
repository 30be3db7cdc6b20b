//! Reads the workspace's files, each once, and hands them to the tools.

mod bounds;
mod budget;
mod load;
mod look;
mod reader;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::agent::inputs::Settings;
use crate::disk::{self, RealPaths};
use crate::host::Host;
use crate::kernel::memory;
use crate::plan::Plan;
use crate::plan::names::RunNames;
use crate::reach::Reach;
use crate::survey::{self, ToolSources, Wanted};
use crate::tools::reading::{Hidden, Origin, ReadFile, Sources, Unparsable};
use crate::tools::{PlanError, Tool};

use bounds::Bounds;
use budget::Budget;
use load::{load, shown, taken_apart};
pub use look::Disk;
use reader::{Made, Outcome, Reader};

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
        for (readers, outcome) in self.walk(root, &bounds, &outside, budget) {
            self.take(&readers, outcome);
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

    fn take(&mut self, readers: &[usize], outcome: Outcome) {
        match outcome {
            Ok(files) => {
                for (index, file) in readers.iter().zip(files) {
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
                for index in readers {
                    self.tools[*index].unread.push(unread.clone());
                }
            }
        }
    }

    /// Reads the files below the working directory, and those beside it in the pipeline's workspace: a credential that goes by name
    /// reaches them too.
    fn walk(&mut self, root: &Path, bounds: &Bounds, outside: &[Vec<PathBuf>], budget: &Budget) -> Vec<Made> {
        let mut reader = Reader { tools: &self.tools, host: &self.host, root, outside, budget, beside: false };
        let walk = disk::walk(root, bounds.repository.as_deref(), None, &reader);
        let mut made: Vec<Made> = walk.files.into_iter().map(|(_, made)| made).collect();
        if let Some(above) = bounds.pipeline_workspace.as_ref().filter(|above| bounds.root.as_ref() != Some(above)) {
            reader.beside = true;
            let beside = disk::walk(above, None, bounds.root.as_deref(), &reader);
            made.extend(beside.files.into_iter().map(|(_, made)| made));
        }
        let passed_over = |(folder, error): &(PathBuf, std::io::Error)| {
            format!("the folder {} cannot be listed, so some of it may not count: {error}", shown(folder, root))
        };
        self.warnings.extend(walk.unreadable.iter().map(passed_over));
        made
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

/// More than any repository refers to; a bound on what a hostile one costs.
const MOST_FURTHER_FILES: usize = 10_000;
const MOST_ROUNDS: usize = 100;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the workspace under test")]
mod tests;
