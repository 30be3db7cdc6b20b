//! What the journal knows of one file.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::edits::{RecordedEdit, forget_absent, take_unused};
use super::first_version;
use super::holder::Holder;
use super::remnants::{has_root, mentions};
use super::sealed::{self, Sealed, digest};
use super::slot::{Original, Slot};
use crate::apply::ApplyError;
use crate::disk::{self, ReadTrouble};
use crate::edit::text::Text;
use crate::kernel::paths::below;

const VERSION: u32 = 2;

/// A file's entry.
#[derive(Debug, Deserialize, Serialize)]
pub struct FileEntry {
    pub(super) version: u32,
    /// The file, below the place.
    pub path: PathBuf,
    /// The digest of its bytes before the first edit, which stand in a file of their own; nothing where it did not exist.
    pub(super) original: Option<String>,
    /// The same before the latest edit: a run may have been killed before it wrote.
    pub(super) before: Option<String>,
    /// The digest of its bytes after the latest edit.
    pub(super) written: String,
    /// Folders that were made for it, below the place, outermost first.
    pub(super) created_folders: Vec<PathBuf>,
    /// The edits.
    pub edits: Vec<RecordedEdit>,
    /// The runs that need it.
    pub holders: Vec<Holder>,
    /// Whether somebody else changed it meanwhile, so that the original is no longer what it goes back to.
    pub(super) changed_by_others: bool,
    #[serde(skip)]
    pub(super) place: PathBuf,
}

/// What is in the place of an entry.
pub enum Found {
    /// Nothing.
    Nothing,
    /// An entry.
    Entry(Box<FileEntry>),
    /// One of a later version of the task, which alone knows what it means.
    Later,
    /// Something that was changed since it was written, that others could have written, or that is about another file.
    Damaged {
        /// The file that it says it is about, where it is whole.
        path: Option<PathBuf>,
    },
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u32,
}

impl FileEntry {
    /// The entry of a file that has these bytes before our first edit.
    pub fn new(place: &Path, path: &Path, bytes: Option<&[u8]>) -> Self {
        let folder = place.join(path).parent().map(Path::to_path_buf);
        let missing = folder.map(|folder| disk::missing_folders(&folder)).unwrap_or_default();
        let rest = |folder: PathBuf| below(&folder, place);
        Self {
            version: VERSION,
            path: path.to_path_buf(),
            original: bytes.map(digest),
            before: bytes.map(digest),
            written: digest(bytes.unwrap_or_default()),
            created_folders: missing.into_iter().filter_map(rest).collect(),
            edits: Vec::new(),
            holders: Vec::new(),
            changed_by_others: false,
            place: place.to_path_buf(),
        }
    }

    /// Reads what is in the place of an entry.
    pub fn load(slot: &Slot, place: &Path) -> io::Result<Found> {
        let json = match sealed::load(&slot.entry(), disk::LARGEST_FILE_BYTES)? {
            Sealed::Absent => return Ok(Found::Nothing),
            Sealed::Whole(json) => json,
            Sealed::Damaged(bytes) => {
                let carried = first_version::read(&bytes, place).filter(|(entry, _)| entry.is_sound(slot));
                return Ok(match carried {
                    Some((entry, original)) => {
                        slot.keep_original(&original)?;
                        Found::Entry(Box::new(entry))
                    }
                    None => Found::Damaged { path: None },
                });
            }
        };
        let version = serde_json::from_slice(&json).map_or(0, |OnlyVersion { version }| version);
        if version > VERSION {
            return Ok(Found::Later);
        }
        let Ok(mut entry) = serde_json::from_slice::<Self>(&json) else { return Ok(Found::Damaged { path: None }) };
        entry.place = place.to_path_buf();
        if entry.is_sound(slot) {
            return Ok(Found::Entry(Box::new(entry)));
        }
        Ok(Found::Damaged { path: Some(entry.path).filter(|path| is_below(path)) })
    }

    /// Whether it is about the file that its name stands for, and leads nowhere else.
    fn is_sound(&self, slot: &Slot) -> bool {
        is_below(&self.path) && slot.is_of(&self.path) && self.created_folders.iter().all(|folder| is_below(folder))
    }

    /// The entry as it is written. Nothing where it would be too large to be read again.
    pub fn as_bytes(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok().filter(|json| json.len() as u64 <= disk::LARGEST_FILE_BYTES)
    }

    /// Writes the entry.
    pub fn save(&self, slot: &Slot) -> Result<(), ApplyError> {
        let json = self.as_bytes().ok_or_else(|| io::Error::other("it would be larger than 64 MiB"));
        json.and_then(|json| sealed::save(&slot.entry(), json))
            .map_err(|error| ApplyError::write(&slot.entry(), &error))
    }

    /// Remembers whether somebody else changed the file since our latest edit.
    pub fn note_changes_of_others(&mut self, bytes: Option<&[u8]>) {
        self.changed_by_others |= !self.is_as_known(bytes);
    }

    /// Remembers that the file is gone: somebody removed it, so nothing of ours stands in it, and it does not come back.
    pub fn forget_what_is_gone(&mut self) {
        self.edits.clear();
        self.original = None;
    }

    /// Remembers what the file holds before and after an edit.
    pub fn note_edit(&mut self, before: Option<&[u8]>, after: &[u8]) {
        self.before = before.map(digest);
        self.written = digest(after);
    }

    /// Whether a file's bytes are what we wrote last, or, where a run was killed before it wrote, what stood there before.
    fn is_as_known(&self, bytes: Option<&[u8]>) -> bool {
        let found = bytes.map(digest);
        [Some(&self.written), self.before.as_ref(), self.original.as_ref()].contains(&found.as_ref())
    }

    fn file(&self) -> PathBuf {
        self.place.join(&self.path)
    }

    /// Takes the leaving runs off the entry and back what nobody needs any more.
    pub fn release(&mut self, slot: &Slot, leaving: &[String], left: &mut Vec<String>) -> Result<(), ApplyError> {
        let path = self.file();
        let failed = |error: io::Error| ApplyError::write(&path, &error);
        disk::remove_unfinished(&path).and_then(|()| slot.mend(&path)).map_err(failed)?;
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
        let Some(bytes) = bytes else {
            self.edits.retain(|edit| !edit.users.is_empty());
            if self.edits.is_empty() {
                self.remove_folders();
            }
            return Ok(());
        };
        self.note_changes_of_others(Some(&bytes));
        let is_last = self.edits.iter().all(|edit| edit.users.is_empty()) && !self.changed_by_others;
        if is_last {
            match &self.original {
                None => return self.remove(),
                Some(original) if *original == digest(&bytes) => return Ok(()),
                Some(known) => {
                    if let Some(original) = slot.original().filter(|original| digest(&original.bytes) == *known) {
                        write_over(slot, &path, &bytes, &original.bytes)?;
                        original.modified.into_iter().for_each(|modified| disk::set_modified(&path, modified));
                        return Ok(());
                    }
                }
            }
        }
        let Ok(text) = Text::decode(&bytes) else {
            left.push(format!("{} is UTF-16 by now and is left as it is", path.display()));
            return Ok(());
        };
        let mut body = text.body.clone();
        forget_absent(&mut self.edits, &body);
        let unused = take_unused(&mut self.edits, &mut body);
        let bare = unused.without_frame(&body);
        // A file that was blank or not there, and holds something of others by now, keeps its root element.
        if bare.trim().is_empty() || has_root(&bare) || !has_root(&body) {
            body = bare;
        }
        for edit in unused.kept.into_iter().filter(|edit| self.still_stands(&body, edit)) {
            left.push(format!(
                "{}: '{}' was changed by somebody else since, and is left as it is",
                path.display(),
                edit.key
            ));
        }
        if self.original.is_none() && body.trim().is_empty() {
            return self.remove();
        }
        let after = text.encode(&body);
        self.note_edit(Some(&after), &after);
        if is_last && self.original.as_ref() != Some(&self.written) {
            left.push(format!(
                "what {} held before is damaged in the journal; the entries of this task are taken out of it, and \
                 blanks may have changed",
                path.display()
            ));
        }
        write_over(slot, &path, &bytes, &after)
    }

    /// Whether what an edit inserted stands there in another form by now. Nobody else writes our variables: where nothing refers
    /// to this one any more, somebody has removed the entry, or it never reached the file.
    fn still_stands(&self, body: &str, edit: &RecordedEdit) -> bool {
        !self.edits.iter().any(|other| other.variable == edit.variable) && mentions(body, &edit.variable)
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

/// Puts bytes in the place of a file's, such that a kill in the midst of it can be mended.
pub fn write_over(slot: &Slot, path: &Path, before: &[u8], after: &[u8]) -> Result<(), ApplyError> {
    if before == after {
        return Ok(());
    }
    disk::replace(path, after, || slot.note_overwriting(before, after))
        .and_then(|()| slot.end_overwriting())
        .map_err(|error| ApplyError::write(path, &error))
}

/// The facts and bytes of a file, to be kept before the first edit.
pub fn original_of(path: &Path, relative: &Path, bytes: Option<&[u8]>) -> Original {
    Original {
        path: relative.to_path_buf(),
        existed: bytes.is_some(),
        modified: disk::modified(path),
        bytes: bytes.unwrap_or_default().to_vec(),
    }
}

/// Whether a path can only lead below the place.
pub fn is_below(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}
