//! What the journal knows of one file.

use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::holder::Holder;
use crate::apply::ApplyError;
use crate::disk::{self, ReadTrouble};
use crate::edit::text::Text;
use crate::plan::KeyedEdit;

const VERSION: u32 = 1;

/// A file's entry.
#[derive(Debug, Deserialize, Serialize)]
pub struct FileEntry {
    version: u32,
    /// The file, below the place.
    pub path: PathBuf,
    /// Its bytes before the first edit, base64; nothing where it did not exist.
    original: Option<String>,
    /// Its bytes after the latest edit, base64.
    written: String,
    /// Folders that were made for it, below the place, outermost first.
    created_folders: Vec<PathBuf>,
    /// The edits.
    pub edits: Vec<RecordedEdit>,
    /// The runs that need it.
    pub holders: Vec<Holder>,
    /// Whether somebody else changed it meanwhile, so that the original is no longer what it goes back to.
    changed_by_others: bool,
    #[serde(skip)]
    place: PathBuf,
}

/// An edit that was made.
#[derive(Debug, Deserialize, Serialize)]
pub struct RecordedEdit {
    /// The entry it serves; empty for the frame around the entries.
    pub key: String,
    /// The variable that the entry refers to; empty for the frame.
    variable: String,
    removed: String,
    inserted: String,
    /// The ids of the runs that need it.
    pub users: Vec<String>,
}

impl RecordedEdit {
    /// An edit that a run makes.
    pub fn new(keyed: &KeyedEdit, variable: String, removed: String, run: &str) -> Self {
        let (key, inserted) = (keyed.key.clone(), keyed.edit.replacement.clone());
        Self { key, variable, removed, inserted, users: vec![run.to_owned()] }
    }
}

fn decoded(base64: Option<&String>) -> Option<Vec<u8>> {
    STANDARD.decode(base64?).ok()
}

impl FileEntry {
    /// The entry of a file that has these bytes before our first edit.
    pub fn new(place: &Path, path: &Path, bytes: Option<&[u8]>) -> Self {
        let folder = place.join(path).parent().map(Path::to_path_buf);
        let missing = folder.map(|folder| disk::missing_folders(&folder)).unwrap_or_default();
        let below = |folder: PathBuf| folder.strip_prefix(place).ok().map(Path::to_path_buf);
        Self {
            version: VERSION,
            path: path.to_path_buf(),
            original: bytes.map(|bytes| STANDARD.encode(bytes)),
            written: STANDARD.encode(bytes.unwrap_or_default()),
            created_folders: missing.into_iter().filter_map(below).collect(),
            edits: Vec::new(),
            holders: Vec::new(),
            changed_by_others: false,
            place: place.to_path_buf(),
        }
    }

    /// Reads an entry. Nothing where it cannot be read, where others could have written it, where it is of a later version of
    /// the task, which alone knows what it means, and where it leads out of the place.
    pub fn load(path: &Path, place: &Path) -> Option<Self> {
        let bytes = disk::is_private_file(path).then(|| disk::read(path).ok().flatten())??;
        let mut entry: Self = serde_json::from_slice(&bytes).ok()?;
        let below = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
        let sound = entry.version == VERSION && below(&entry.path) && entry.created_folders.iter().all(below);
        entry.place = place.to_path_buf();
        sound.then_some(entry)
    }

    /// Writes the entry.
    pub fn save(&self, path: &Path) -> Result<(), ApplyError> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        disk::replace(path, &json, || Ok(())).map_err(|error| ApplyError::write(path, &error))
    }

    /// Remembers whether somebody else changed the file since our latest edit.
    pub fn note_changes_of_others(&mut self, bytes: Option<&[u8]>) {
        self.changed_by_others |= !self.is_as_known(bytes);
    }

    /// Remembers what the file holds after an edit.
    pub fn set_written(&mut self, bytes: &[u8]) {
        self.written = STANDARD.encode(bytes);
    }

    fn file(&self) -> PathBuf {
        self.place.join(&self.path)
    }

    /// Takes the leaving runs off the entry and back what nobody needs any more.
    pub fn release(&mut self, leaving: &[String], left: &mut Vec<String>) -> Result<(), ApplyError> {
        let path = self.file();
        let failed = |error: std::io::Error| ApplyError::write(&path, &error);
        disk::remove_unfinished(&path).map_err(failed)?;
        let bytes = match disk::read(&path) {
            Ok(bytes) => bytes,
            // It may be back the next time.
            Err(ReadTrouble::Io(error)) => return Err(failed(error)),
            Err(error @ (ReadTrouble::NotAFile | ReadTrouble::TooLarge)) => {
                left.push(format!("{} cannot be read and is left as it is: {error}", path.display()));
                None
            }
        };
        self.holders.retain(|holder| !leaving.contains(&holder.run));
        for edit in &mut self.edits {
            edit.users.retain(|user| !leaving.contains(user));
        }
        let unused: Vec<RecordedEdit> = self.edits.extract_if(.., |edit| edit.users.is_empty()).collect();
        let Some(bytes) = bytes else {
            if self.edits.is_empty() {
                self.remove_folders();
            }
            return Ok(());
        };
        let original = decoded(self.original.as_ref());
        self.note_changes_of_others(Some(&bytes));
        if self.edits.is_empty() && !self.changed_by_others {
            return match original {
                Some(original) if original == bytes => Ok(()),
                Some(original) => disk::replace(&path, &original, || Ok(())).map_err(failed),
                None => self.remove(),
            };
        }
        let Ok(text) = Text::decode(&bytes) else {
            left.push(format!("{} is UTF-16 by now and is left as it is", path.display()));
            return Ok(());
        };
        let (frame, entries): (Vec<_>, Vec<_>) = unused.into_iter().partition(|edit| edit.key.is_empty());
        let mut body = text.body.clone();
        let kept: Vec<&RecordedEdit> = entries.iter().rev().filter(|edit| !take_back(&mut body, edit)).collect();
        for edit in kept.into_iter().filter(|edit| self.still_stands(&body, edit)) {
            left.push(format!(
                "{}: '{}' was changed by somebody else since, and is left as it is",
                path.display(),
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
        if bytes_after == bytes { Ok(()) } else { disk::replace(&path, &bytes_after, || Ok(())).map_err(failed) }
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
        let path = self.file();
        disk::remove_file(&path).map_err(|error| ApplyError::write(&path, &error))?;
        self.remove_folders();
        Ok(())
    }

    fn remove_folders(&self) {
        for folder in self.created_folders.iter().rev() {
            disk::remove_empty_folder(&self.place.join(folder));
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
