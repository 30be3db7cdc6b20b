//! The journal of files that are not ours alone: the user's, and other jobs' under the same account.
//!
//! It lies beside what it protects, in the home folder or the pipeline's workspace, since the agent empties its temporary
//! folder and other agents under the account must see it. Each file has one entry that knows every edit with what it removed
//! and inserted, and which runs need it; beside the entry lie its bytes before the first of our edits. Both are written before
//! the file, and both notice a changed byte.
//!
//! What lies there says which bytes to write where, so it is believed only where nobody else can have put it there, and only
//! for files below the place. What cannot be believed is set aside for a person, and what of ours it stood for is taken out.

mod edits;
mod entry;
mod first_version;
mod holder;
mod lines;
mod remnants;
mod salvage;
mod sealed;
mod slot;
mod turn;

use std::path::{Path, PathBuf};

use super::{ApplyError, Run};
use crate::disk;
use crate::edit::text::{Text, splice};
use crate::plan::SharedFile;

use edits::RecordedEdit;
use entry::{FileEntry, Found, original_of, write_over};
use holder::Holder;
use slot::Slot;

const FOLDER: &str = ".ado-entra-auth";

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
        let _turn = turn::wait(&self.place, run)?;
        let folder = self.folder()?;
        let unusable = |reason: String| ApplyError::Edit { path: file.path.display().to_string(), reason };
        if self.is_doubtful_link(&file.path) {
            return Err(unusable("it is a link that leads nowhere, or from beside the checkout; remove it".to_owned()));
        }
        let relative =
            file.path.strip_prefix(&self.place).map_err(|_| unusable("it is in another place".to_owned()))?;
        let slot = Slot::of(&folder, relative);
        disk::can_replace(&file.path).map_err(|error| unusable(error.to_string()))?;
        slot.mend(&file.path).map_err(|error| unusable(error.to_string()))?;
        let known = self.known(&slot)?;
        let bytes = disk::read(&file.path).map_err(|error| unusable(error.to_string()))?;
        let text = Text::decode(bytes.as_deref().unwrap_or_default()).map_err(|error| unusable(error.to_string()))?;
        let is_known = |variable: &str| {
            known.iter().flat_map(|entry| &entry.edits).any(|edit: &RecordedEdit| edit.variable == variable)
        };
        // Entries of ours that no journal knows are not the user's.
        let remnants = remnants::removed(&text.body, is_known);
        let body = remnants.as_deref().unwrap_or(&text.body);
        let planned = (file.revise)(bytes.is_some().then_some(body), &file.entries)
            .map_err(|error| unusable(error.to_string()))?;

        let has_entry = known.is_some();
        // A whole file of ours that no journal knows was never the user's.
        let users = bytes.as_ref().filter(|_| remnants.is_none() || !remnants::is_own_file(&text.body));
        let cleaned = users.map(|bytes| if remnants.is_some() { text.encode(body) } else { bytes.clone() });
        let mut entry = known.unwrap_or_else(|| FileEntry::new(&self.place, relative, cleaned.as_deref()));
        if has_entry {
            entry.note_changes_of_others(bytes.as_deref());
            if bytes.is_none() {
                entry.forget_what_is_gone();
            }
        }
        edits::forget_absent(&mut entry.edits, body);
        entry.holders.push(Holder::of(run));
        for edit in &mut entry.edits {
            let needed = |wanted: &crate::plan::Entry| wanted.key == edit.key && wanted.variable == edit.variable;
            if edit.key.is_empty() || file.entries.iter().any(needed) {
                edit.users.push(run.id.clone());
            }
        }
        for keyed in &planned {
            let variable =
                file.entries.iter().find(|wanted| wanted.key == keyed.key).map(|wanted| wanted.variable.clone());
            let removed = body[keyed.edit.range.clone()].to_owned();
            entry.edits.push(RecordedEdit::new(keyed, variable.unwrap_or_default(), removed, &run.id));
        }
        let planned: Vec<_> = planned.into_iter().map(|keyed| keyed.edit).collect();
        let written = text.encode(&splice(body, &planned));
        entry.note_edit(bytes.as_deref(), &written);
        if written.len() as u64 > disk::LARGEST_FILE_BYTES || entry.as_bytes().is_none() {
            return Err(unusable("with what this task adds it would be larger than 64 MiB".to_owned()));
        }
        if !has_entry || bytes.is_none() {
            let original = original_of(&file.path, relative, cleaned.as_deref());
            slot.keep_original(&original).map_err(|error| ApplyError::write(&folder, &error))?;
        }
        entry.save(&slot)?;
        if let Some(parent) = file.path.parent() {
            disk::create_missing_folders(parent).map_err(|error| ApplyError::write(parent, &error))?;
        }
        match bytes {
            Some(bytes) => write_over(&slot, &file.path, &bytes, &written),
            None => {
                disk::replace(&file.path, &written, || Ok(())).map_err(|error| ApplyError::write(&file.path, &error))
            }
        }
    }

    /// Takes back what `run` alone needs. Says what was left as it is, because somebody else changed it.
    pub fn release(&self, run: &Run) -> Result<Vec<String>, ApplyError> {
        self.release_where(run, &|holder| holder.run == run.id)
    }

    /// Takes back what runs left that are over: killed ones, and those of jobs that ended otherwise. Runs of jobs that still
    /// go on, on this agent or another under the same account, are left alone.
    pub fn sweep(&self, current: &Run) -> Result<Vec<String>, ApplyError> {
        self.release_where(current, &|holder| holder.is_over(current))
    }

    fn release_where(&self, current: &Run, over: &dyn Fn(&Holder) -> bool) -> Result<Vec<String>, ApplyError> {
        let folder = self.place.join(FOLDER);
        if !disk::exists(&folder) && !turn::is_taken(&self.place) {
            return Ok(Vec::new());
        }
        let _turn = turn::wait(&self.place, current)?;
        let mut left = Vec::new();
        if !disk::exists(&folder) {
            return Ok(left);
        }
        if !disk::is_private_folder(&folder) {
            left.push(format!("{} is skipped: others can write to it, so it is not this task's", folder.display()));
            return Ok(left);
        }
        let unfinished = disk::list(&folder).into_iter().filter(|name| name.starts_with(disk::UNFINISHED_PREFIX));
        for path in unfinished.map(|name| folder.join(name)) {
            disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))?;
        }
        for slot in Slot::all(&folder) {
            // One file's trouble keeps its entry for the next sweep, and no other file from its turn.
            if let Err(error) = self.release_one(&slot, over, &mut left) {
                left.push(error.to_string());
            }
        }
        disk::remove_empty_folder(&folder);
        Ok(left)
    }

    fn release_one(
        &self,
        slot: &Slot,
        over: &dyn Fn(&Holder) -> bool,
        left: &mut Vec<String>,
    ) -> Result<(), ApplyError> {
        let failed = |error: std::io::Error| ApplyError::write(&slot.entry(), &error);
        match FileEntry::load(slot, &self.place).map_err(failed)? {
            Found::Later => Ok(()),
            Found::Entry(mut entry) => {
                let leaving: Vec<String> =
                    entry.holders.iter().filter(|holder| over(holder)).map(|holder| holder.run.clone()).collect();
                if leaving.is_empty() && !entry.holders.is_empty() {
                    return Ok(());
                }
                entry.release(slot, &leaving, left)?;
                if entry.holders.is_empty() { slot.clear().map_err(failed) } else { entry.save(slot) }
            }
            Found::Damaged { path } => salvage::after_damage(slot, &self.place, path, left),
            Found::Nothing => salvage::after_loss(slot, &self.place, left),
        }
    }

    /// The folder of the entries, which is made where it is missing.
    fn folder(&self) -> Result<PathBuf, ApplyError> {
        let folder = self.place.join(FOLDER);
        if !disk::exists(&folder) {
            disk::create_private_folder(&folder).map_err(|error| ApplyError::write(&folder, &error))?;
        }
        if !disk::is_private_folder(&folder) {
            let reason = "others can write to it, so it is not this task's; remove it".to_owned();
            return Err(ApplyError::Edit { path: folder.display().to_string(), reason });
        }
        Ok(folder)
    }

    /// The entry of a file, where there is a sound one. What is damaged was said when the step swept, and makes room.
    fn known(&self, slot: &Slot) -> Result<Option<FileEntry>, ApplyError> {
        let failed = |error: std::io::Error| ApplyError::write(&slot.entry(), &error);
        match FileEntry::load(slot, &self.place).map_err(failed)? {
            Found::Entry(entry) => Ok(Some(*entry)),
            Found::Nothing => Ok(None),
            Found::Damaged { .. } => slot.set_aside().map(|_| None).map_err(failed),
            // Overwritten, it could never put the file back.
            Found::Later => {
                let reason = "a later version of the task wrote it; remove it once no job runs".to_owned();
                Err(ApplyError::Edit { path: slot.entry().display().to_string(), reason })
            }
        }
    }

    /// A link that leads nowhere cannot be put back, and one beside the checkout may lead into it. A link of the user's to where
    /// they keep a file of their home folder is theirs.
    fn is_doubtful_link(&self, path: &Path) -> bool {
        disk::is_link(path) && (disk::resolve(path).is_none() || path.parent() == Some(&self.place))
    }
}

#[cfg(test)]
mod tests;
