//! The journal of files that are not ours alone: the user's, and other jobs' under the same account.
//!
//! It lies beside what it protects, in the home folder or the pipeline's workspace, since the agent empties its temporary
//! folder and other agents under the account must see it. Each file has one entry that knows its bytes before the first of
//! our edits, every edit with what it removed and inserted, and which runs need it. The entry is written before the file.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::record::{RunRecord, print_of};
use super::{ApplyError, DIRECTORY_PREFIX, Run};
use crate::disk;
use crate::edit::text::{Text, splice};
use crate::http::now;
use crate::plan::SharedFile;

const FOLDER: &str = ".ado-entra-auth";
const LOCK: &str = ".ado-entra-auth.lock";
/// After this long a run of another agent is over, whatever that agent left behind: no job lasts a week.
const LONGEST_JOB_SECONDS: u64 = 7 * 24 * 60 * 60;

/// The journal of one place.
#[derive(Debug)]
pub struct Ledger {
    place: PathBuf,
}

/// A file's entry.
#[derive(Debug, Deserialize, Serialize)]
struct FileEntry {
    version: u32,
    path: PathBuf,
    /// Its bytes before the first edit, base64; nothing where it did not exist.
    original: Option<String>,
    /// Its bytes after the latest edit, base64.
    written: String,
    /// Folders that were made for it, outermost first.
    created_folders: Vec<PathBuf>,
    edits: Vec<RecordedEdit>,
    users: Vec<User>,
}

#[derive(Debug, Deserialize, Serialize)]
struct RecordedEdit {
    /// The entry it serves; empty for the frame around the entries.
    key: String,
    /// The variable that the entry refers to; empty for the frame.
    variable: String,
    removed: String,
    inserted: String,
    /// The ids of the runs that need it.
    users: Vec<String>,
}

/// A run that needs a file.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct User {
    run: String,
    temp_directory: PathBuf,
    job: String,
    since: u64,
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
        let bytes = disk::read(&file.path).map_err(|error| unusable(error.to_string()))?;
        let text = Text::decode(bytes.as_deref().unwrap_or_default()).map_err(|error| unusable(error.to_string()))?;
        let body = bytes.is_some().then_some(text.body.as_str());
        let edits = (file.revise)(body, &file.entries).map_err(|error| unusable(error.to_string()))?;
        let mut entry = self.load(&file.path).unwrap_or_else(|| FileEntry {
            version: 1,
            path: file.path.clone(),
            original: bytes.as_ref().map(|bytes| STANDARD.encode(bytes)),
            written: String::new(),
            created_folders: file.path.parent().map(disk::missing_folders).unwrap_or_default(),
            edits: Vec::new(),
            users: Vec::new(),
        });
        entry.users.push(User {
            run: run.id.clone(),
            temp_directory: run.temp_directory.clone(),
            job: run.job.clone(),
            since: now(),
        });
        for edit in &mut entry.edits {
            if edit.key.is_empty() || file.entries.iter().any(|wanted| wanted.key == edit.key) {
                edit.users.push(run.id.clone());
            }
        }
        for keyed in &edits {
            let variable =
                file.entries.iter().find(|wanted| wanted.key == keyed.key).map(|wanted| wanted.variable.clone());
            entry.edits.push(RecordedEdit {
                key: keyed.key.clone(),
                variable: variable.unwrap_or_default(),
                removed: text.body[keyed.edit.range.clone()].to_owned(),
                inserted: keyed.edit.replacement.clone(),
                users: vec![run.id.clone()],
            });
        }
        let edits: Vec<_> = edits.into_iter().map(|keyed| keyed.edit).collect();
        let written = text.encode(&splice(&text.body, &edits));
        entry.written = STANDARD.encode(&written);
        self.save(&entry)?;
        if let Some(parent) = file.path.parent() {
            disk::create_missing_folders(parent).map_err(|error| ApplyError::write(parent, &error))?;
        }
        if bytes.as_deref() != Some(written.as_slice()) {
            disk::replace(&file.path, &written).map_err(|error| ApplyError::write(&file.path, &error))?;
        }
        Ok(())
    }

    /// Takes back what `run` alone needs. Says what was left as it is, because somebody else changed it.
    pub fn release(&self, run: &str) -> Result<Vec<String>, ApplyError> {
        self.release_where(&|user| user.run == run)
    }

    /// Takes back what runs left that are over: killed ones, and those of jobs that ended otherwise. Runs of jobs that still
    /// go on, on this agent or another under the same account, are left alone.
    pub fn sweep(&self, current: &Run) -> Result<Vec<String>, ApplyError> {
        self.release_where(&|user| is_over(user, current))
    }

    fn release_where(&self, over: &dyn Fn(&User) -> bool) -> Result<Vec<String>, ApplyError> {
        let folder = self.place.join(FOLDER);
        if !disk::exists(&folder) && !disk::exists(&self.place.join(LOCK)) {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let mut left = Vec::new();
        let (unfinished, names): (Vec<_>, Vec<_>) =
            disk::list(&folder).into_iter().partition(|name| name.starts_with(disk::UNFINISHED_PREFIX));
        for path in unfinished.into_iter().map(|name| folder.join(name)) {
            disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))?;
        }
        for name in names {
            let Some(mut entry) = load(&folder.join(&name)) else { continue };
            let leaving: Vec<String> =
                entry.users.iter().filter(|user| over(user)).map(|user| user.run.clone()).collect();
            if !leaving.is_empty() {
                entry.release(&leaving, &mut left)?;
                if entry.users.is_empty() {
                    let path = folder.join(&name);
                    disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))?;
                } else {
                    self.save(&entry)?;
                }
            }
        }
        disk::remove_empty_folder(&folder);
        Ok(left)
    }

    fn lock(&self) -> Result<disk::Lock, ApplyError> {
        let path = self.place.join(LOCK);
        disk::Lock::take(&path).map_err(|error| ApplyError::write(&path, &error))
    }

    fn load(&self, path: &Path) -> Option<FileEntry> {
        load(&self.entry_path(path)).filter(|entry| entry.path == path)
    }

    fn save(&self, entry: &FileEntry) -> Result<(), ApplyError> {
        let path = self.entry_path(&entry.path);
        let json = serde_json::to_vec(entry).unwrap_or_default();
        disk::replace(&path, &json).map_err(|error| ApplyError::write(&path, &error))
    }

    fn entry_path(&self, path: &Path) -> PathBuf {
        self.place.join(FOLDER).join(format!("{:016x}.json", print_of(&path.to_string_lossy())))
    }
}

fn load(path: &Path) -> Option<FileEntry> {
    serde_json::from_slice(&disk::read(path).ok()??).ok()
}

impl FileEntry {
    /// Takes the leaving runs off the entry and back what nobody needs any more.
    fn release(&mut self, leaving: &[String], left: &mut Vec<String>) -> Result<(), ApplyError> {
        self.users.retain(|user| !leaving.contains(&user.run));
        for edit in &mut self.edits {
            edit.users.retain(|user| !leaving.contains(user));
        }
        disk::remove_unfinished(&self.path).map_err(|error| ApplyError::write(&self.path, &error))?;
        let unused: Vec<RecordedEdit> = self.edits.extract_if(.., |edit| edit.users.is_empty()).collect();
        let Ok(Some(bytes)) = disk::read(&self.path) else {
            if self.edits.is_empty() {
                self.remove_folders();
            }
            return Ok(());
        };
        let failed = |error: std::io::Error| ApplyError::write(&self.path, &error);
        let original = self.original.as_ref().and_then(|original| STANDARD.decode(original).ok());
        let untouched = STANDARD.decode(&self.written).is_ok_and(|written| written == bytes);
        if self.edits.is_empty() && (untouched || original.as_deref() == Some(&bytes)) {
            return match original {
                Some(original) if original == bytes => Ok(()),
                Some(original) => disk::replace(&self.path, &original).map_err(failed),
                None => self.remove(),
            };
        }
        let Ok(text) = Text::decode(&bytes) else { return Ok(()) };
        let (frame, entries): (Vec<_>, Vec<_>) = unused.into_iter().partition(|edit| edit.key.is_empty());
        let mut body = text.body.clone();
        let kept: Vec<&RecordedEdit> = entries.iter().rev().filter(|edit| !take_back(&mut body, edit)).collect();
        for edit in kept.into_iter().filter(|edit| self.still_stands(&body, edit)) {
            left.push(format!(
                "{}: '{}' was changed by somebody else since, and is left as it is",
                self.path.display(),
                edit.key
            ));
        }
        // Somebody else's content may stand in our frame by now: it goes only where nothing else is left.
        let mut bare = body.clone();
        let frame_gone = frame.iter().rev().all(|edit| take_back(&mut bare, edit) || !bare.contains(&edit.inserted));
        let bare_bytes = text.encode(&bare);
        if frame_gone && original.is_none() && bare.trim().is_empty() {
            return self.remove();
        }
        let bytes_after = if original.as_ref() == Some(&bare_bytes) { bare_bytes } else { text.encode(&body) };
        self.written = STANDARD.encode(&bytes_after);
        if bytes_after == bytes { Ok(()) } else { disk::replace(&self.path, &bytes_after).map_err(failed) }
    }

    /// Whether what an edit inserted stands there in another form by now. Nobody else writes our variables: where nothing refers
    /// to this one any more, somebody has removed the entry, or it never reached the file.
    fn still_stands(&self, body: &str, edit: &RecordedEdit) -> bool {
        !self.edits.iter().any(|other| other.variable == edit.variable) && body.contains(&edit.variable)
    }

    fn remove(&self) -> Result<(), ApplyError> {
        disk::remove_file(&self.path).map_err(|error| ApplyError::write(&self.path, &error))?;
        self.remove_folders();
        Ok(())
    }

    fn remove_folders(&self) {
        for folder in self.created_folders.iter().rev() {
            disk::remove_empty_folder(folder);
        }
    }
}

/// Puts back what an edit removed, where what it inserted stands exactly once.
fn take_back(body: &mut String, edit: &RecordedEdit) -> bool {
    let places: Vec<usize> = body.match_indices(&edit.inserted).map(|(at, _)| at).take(2).collect();
    let [at] = places[..] else { return false };
    body.replace_range(at..at + edit.inserted.len(), &edit.removed);
    true
}

/// Whether the run of a journal's user is over, as `current` sees it.
fn is_over(user: &User, current: &Run) -> bool {
    let directory = user.temp_directory.join(format!("{DIRECTORY_PREFIX}{}", user.run));
    if user.run == current.id {
        return false;
    }
    if user.temp_directory == current.temp_directory {
        // An agent runs one job at a time, and the steps of a job one after the other.
        return user.job != current.job || !RunRecord::is_complete(&directory);
    }
    !disk::exists(&directory) || user.since + LONGEST_JOB_SECONDS < now()
}

#[cfg(test)]
mod tests;
