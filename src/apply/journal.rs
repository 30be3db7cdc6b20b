//! The journal of files that are not ours alone: the user's, and other jobs' under the same account.
//!
//! It lies beside what it protects, in the home folder or the pipeline's workspace, since the agent empties its temporary
//! folder and other agents under the account must see it. Each file has one entry that knows its bytes before the first of
//! our edits, every edit with what it removed and inserted, and which runs need it. The entry is written before the file.
//!
//! What lies there says which bytes to write where, so it is believed only where nobody else can have put it there, and only
//! for files below the place.

mod entry;
mod holder;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{ApplyError, Run};
use crate::disk;
use crate::edit::text::{Text, splice};
use crate::kernel::fingerprint::fingerprint;
use crate::plan::SharedFile;

use entry::{FileEntry, RecordedEdit};
use holder::Holder;

const FOLDER: &str = ".ado-entra-auth";
const LOCK: &str = ".ado-entra-auth.lock";
/// Others hold the lock for milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

/// The journal of one place.
#[derive(Debug)]
pub struct Ledger {
    place: PathBuf,
}

impl Ledger {
    /// The journal of a place, an existing folder.
    pub fn at(place: &Path) -> Self {
        Self { place: place.to_path_buf() }
    }

    /// Changes a file so that it holds its entries, for `run`.
    pub fn hold(&self, file: &SharedFile, run: &Run) -> Result<(), ApplyError> {
        let _lock = self.lock()?;
        let folder = self.place.join(FOLDER);
        if !disk::exists(&folder) {
            disk::create_private_folder(&folder).map_err(|error| ApplyError::write(&folder, &error))?;
        }
        let unusable = |reason: String| ApplyError::Edit { path: file.path.display().to_string(), reason };
        if !disk::is_private_folder(&folder) {
            let reason = "others can write to it, so it is not this task's; remove it".to_owned();
            return Err(ApplyError::Edit { path: folder.display().to_string(), reason });
        }
        if self.is_doubtful_link(&file.path) {
            return Err(unusable("it is a link that leads nowhere, or from beside the checkout; remove it".to_owned()));
        }
        let relative =
            file.path.strip_prefix(&self.place).map_err(|_| unusable("it is in another place".to_owned()))?;
        let bytes = disk::read(&file.path).map_err(|error| unusable(error.to_string()))?;
        let text = Text::decode(bytes.as_deref().unwrap_or_default()).map_err(|error| unusable(error.to_string()))?;
        let body = bytes.is_some().then_some(text.body.as_str());
        let edits = (file.revise)(body, &file.entries).map_err(|error| unusable(error.to_string()))?;
        let known = FileEntry::load(&self.entry_path(relative), &self.place);
        if known.is_none() && disk::exists(&self.entry_path(relative)) {
            // Overwritten, it could never put the file back.
            let reason = "another version of the task wrote it, or others can write to it; remove it once no job runs";
            let path = self.entry_path(relative).display().to_string();
            return Err(ApplyError::Edit { path, reason: reason.to_owned() });
        }
        let mut entry = known.unwrap_or_else(|| FileEntry::new(&self.place, relative, bytes.as_deref()));
        entry.note_changes_of_others(bytes.as_deref());
        entry.holders.push(Holder::of(run));
        for edit in &mut entry.edits {
            if edit.key.is_empty() || file.entries.iter().any(|wanted| wanted.key == edit.key) {
                edit.users.push(run.id.clone());
            }
        }
        for keyed in &edits {
            let variable =
                file.entries.iter().find(|wanted| wanted.key == keyed.key).map(|wanted| wanted.variable.clone());
            let removed = text.body[keyed.edit.range.clone()].to_owned();
            entry.edits.push(RecordedEdit::new(keyed, variable.unwrap_or_default(), removed, &run.id));
        }
        let edits: Vec<_> = edits.into_iter().map(|keyed| keyed.edit).collect();
        let written = text.encode(&splice(&text.body, &edits));
        entry.set_written(&written);
        entry.save(&self.entry_path(relative))?;
        if let Some(parent) = file.path.parent() {
            disk::create_missing_folders(parent).map_err(|error| ApplyError::write(parent, &error))?;
        }
        if bytes.as_deref() != Some(written.as_slice()) {
            disk::replace(&file.path, &written, || Ok(())).map_err(|error| ApplyError::write(&file.path, &error))?;
        }
        Ok(())
    }

    /// Takes back what `run` alone needs. Says what was left as it is, because somebody else changed it.
    pub fn release(&self, run: &str) -> Result<Vec<String>, ApplyError> {
        self.release_where(&|holder| holder.run == run)
    }

    /// Takes back what runs left that are over: killed ones, and those of jobs that ended otherwise. Runs of jobs that still
    /// go on, on this agent or another under the same account, are left alone.
    pub fn sweep(&self, current: &Run) -> Result<Vec<String>, ApplyError> {
        self.release_where(&|holder| holder.is_over(current))
    }

    fn release_where(&self, over: &dyn Fn(&Holder) -> bool) -> Result<Vec<String>, ApplyError> {
        let folder = self.place.join(FOLDER);
        if !disk::exists(&folder) && !disk::exists(&self.place.join(LOCK)) {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let mut left = Vec::new();
        if !disk::exists(&folder) {
            return Ok(left);
        }
        if !disk::is_private_folder(&folder) {
            left.push(format!("{} is skipped: others can write to it, so it is not this task's", folder.display()));
            return Ok(left);
        }
        let (unfinished, names): (Vec<_>, Vec<_>) =
            disk::list(&folder).into_iter().partition(|name| name.starts_with(disk::UNFINISHED_PREFIX));
        for path in unfinished.into_iter().map(|name| folder.join(name)) {
            disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))?;
        }
        for path in names.into_iter().map(|name| folder.join(name)) {
            let Some(mut entry) = FileEntry::load(&path, &self.place).filter(|e| self.entry_path(&e.path) == path)
            else {
                continue;
            };
            let leaving: Vec<String> =
                entry.holders.iter().filter(|holder| over(holder)).map(|holder| holder.run.clone()).collect();
            if leaving.is_empty() {
                continue;
            }
            // One file's trouble keeps its entry for the next sweep, and no other file from its turn.
            let done = entry.release(&leaving, &mut left).and_then(|()| {
                if !entry.holders.is_empty() {
                    return entry.save(&path);
                }
                disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))
            });
            if let Err(error) = done {
                left.push(error.to_string());
            }
        }
        disk::remove_empty_folder(&folder);
        Ok(left)
    }

    fn lock(&self) -> Result<disk::Lock, ApplyError> {
        let path = self.place.join(LOCK);
        let note = disk::LockNote::new("", &self.place);
        disk::Lock::take(&path, Instant::now() + LOCK_LIMIT, &note)
            .map_err(|error| ApplyError::write(&path, &std::io::Error::other(error.to_string())))
    }

    /// A link that leads nowhere cannot be put back, and one beside the checkout may lead into it. A link of the user's to where
    /// they keep a file of their home folder is theirs.
    fn is_doubtful_link(&self, path: &Path) -> bool {
        disk::is_link(path) && (disk::resolve(path).is_none() || path.parent() == Some(&self.place))
    }

    /// `relative` is the file's path below the place.
    fn entry_path(&self, relative: &Path) -> PathBuf {
        let name = format!("{:016x}.json", fingerprint(&relative.to_string_lossy()));
        self.place.join(FOLDER).join(name)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
