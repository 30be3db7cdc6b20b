//! The journal of files that are not ours alone: the user's, and other jobs' under the same account.
//!
//! It lies beside what it protects, in the home folder or the pipeline's workspace, since the agent empties its temporary
//! folder and other agents under the account must see it. Each file has one entry that knows its bytes before the first of
//! our edits, every edit with what it removed and inserted, and which runs need it. The entry is written before the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::record::{RunRecord, fingerprint};
use super::{ApplyError, DIRECTORY_PREFIX, Run};
use crate::disk;
use crate::edit::text::{Text, splice};
use crate::http::now;
use crate::plan::SharedFile;

const VERSION: u32 = 1;
const FOLDER: &str = ".ado-entra-auth";
const LOCK: &str = ".ado-entra-auth.lock";
/// After this long a run of another agent is over, whatever that agent left behind: no job lasts a week.
const LONGEST_JOB_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Others hold the lock for milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

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
    holders: Vec<Holder>,
    /// Whether somebody else changed it meanwhile, so that the original is no longer what it goes back to.
    #[serde(default)]
    changed_by_others: bool,
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
struct Holder {
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
            version: VERSION,
            path: file.path.clone(),
            original: bytes.as_ref().map(|bytes| STANDARD.encode(bytes)),
            written: STANDARD.encode(bytes.as_deref().unwrap_or_default()),
            created_folders: file.path.parent().map(disk::missing_folders).unwrap_or_default(),
            edits: Vec::new(),
            holders: Vec::new(),
            changed_by_others: false,
        });
        entry.changed_by_others |= !entry.is_as_known(bytes.as_deref());
        entry.holders.push(Holder {
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
        self.release_where(&|holder| holder.run == run)
    }

    /// Takes back what runs left that are over: killed ones, and those of jobs that ended otherwise. Runs of jobs that still
    /// go on, on this agent or another under the same account, are left alone.
    pub fn sweep(&self, current: &Run) -> Result<Vec<String>, ApplyError> {
        self.release_where(&|holder| is_over(holder, current))
    }

    fn release_where(&self, over: &dyn Fn(&Holder) -> bool) -> Result<Vec<String>, ApplyError> {
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
                entry.holders.iter().filter(|holder| over(holder)).map(|holder| holder.run.clone()).collect();
            if leaving.is_empty() {
                continue;
            }
            // One file's trouble keeps its entry for the next sweep, and no other file from its turn.
            let done = entry.release(&leaving, &mut left).and_then(|()| {
                let path = folder.join(&name);
                if !entry.holders.is_empty() {
                    return self.save(&entry);
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
        disk::Lock::take(&path, Instant::now() + LOCK_LIMIT).map_err(|error| ApplyError::write(&path, &error))
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
        self.place.join(FOLDER).join(format!("{:016x}.json", fingerprint(&path.to_string_lossy())))
    }
}

/// An entry; nothing where it cannot be read or is of a later version of the task, which alone knows what it means.
fn load(path: &Path) -> Option<FileEntry> {
    serde_json::from_slice(&disk::read(path).ok()??).ok().filter(|entry: &FileEntry| entry.version == VERSION)
}

fn decoded(base64: Option<&String>) -> Option<Vec<u8>> {
    STANDARD.decode(base64?).ok()
}

impl FileEntry {
    /// Takes the leaving runs off the entry and back what nobody needs any more.
    fn release(&mut self, leaving: &[String], left: &mut Vec<String>) -> Result<(), ApplyError> {
        self.holders.retain(|holder| !leaving.contains(&holder.run));
        for edit in &mut self.edits {
            edit.users.retain(|user| !leaving.contains(user));
        }
        disk::remove_unfinished(&self.path).map_err(|error| ApplyError::write(&self.path, &error))?;
        let unused: Vec<RecordedEdit> = self.edits.extract_if(.., |edit| edit.users.is_empty()).collect();
        let bytes = match disk::read(&self.path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                if self.edits.is_empty() {
                    self.remove_folders();
                }
                return Ok(());
            }
            Err(error) => {
                left.push(format!("{} cannot be read and is left as it is: {error}", self.path.display()));
                return Ok(());
            }
        };
        let failed = |error: std::io::Error| ApplyError::write(&self.path, &error);
        let original = decoded(self.original.as_ref());
        self.changed_by_others |= !self.is_as_known(Some(&bytes));
        if self.edits.is_empty() && !self.changed_by_others {
            return match original {
                Some(original) if original == bytes => Ok(()),
                Some(original) => disk::replace(&self.path, &original).map_err(failed),
                None => self.remove(),
            };
        }
        let Ok(text) = Text::decode(&bytes) else {
            left.push(format!("{} is UTF-16 by now and is left as it is", self.path.display()));
            return Ok(());
        };
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
        // Somebody else's content may stand in our frame by now: it goes only where nothing stands in it.
        take_frame_back(&mut body, &frame);
        if original.is_none() && body.trim().is_empty() {
            return self.remove();
        }
        let bytes_after = text.encode(&body);
        self.written = STANDARD.encode(&bytes_after);
        if bytes_after == bytes { Ok(()) } else { disk::replace(&self.path, &bytes_after).map_err(failed) }
    }

    /// Whether a file's bytes are what we wrote last, or, where a run was killed before it wrote, what stood there before.
    fn is_as_known(&self, bytes: Option<&[u8]>) -> bool {
        let known = [decoded(Some(&self.written)), decoded(self.original.as_ref())];
        bytes.is_none_or(|bytes| known.iter().flatten().any(|known| known == bytes))
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

/// Takes an empty frame back as a whole, whose parts alone may stand anywhere.
fn take_frame_back(body: &mut String, frame: &[RecordedEdit]) {
    let joined = |part: fn(&RecordedEdit) -> &str| frame.iter().map(part).collect::<String>();
    let (inserted, removed) = (joined(|edit| &edit.inserted), joined(|edit| &edit.removed));
    let mut places = body.match_indices(&inserted).map(|(at, _)| at);
    if let (false, Some(at), None) = (inserted.is_empty(), places.next(), places.next()) {
        body.replace_range(at..at + inserted.len(), &removed);
    }
}

/// Whether the run of a holder is over, as `current` sees it.
fn is_over(holder: &Holder, current: &Run) -> bool {
    let directory = holder.temp_directory.join(format!("{DIRECTORY_PREFIX}{}", holder.run));
    if holder.run == current.id {
        return false;
    }
    if holder.temp_directory == current.temp_directory {
        // An agent runs one job at a time, and the steps of a job one after the other.
        return holder.job != current.job || !RunRecord::is_complete(&directory);
    }
    !disk::exists(&directory) || holder.since.saturating_add(LONGEST_JOB_SECONDS) < now()
}

#[cfg(test)]
mod tests;
