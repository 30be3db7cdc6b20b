//! Entries as version 1.0 of the task wrote them: without a seal, and with the bytes of the file in them.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::edits::RecordedEdit;
use super::entry::FileEntry;
use super::holder::Holder;
use super::slot::Original;

#[derive(Deserialize)]
struct FirstEntry {
    version: u32,
    path: PathBuf,
    original: Option<String>,
    written: String,
    created_folders: Vec<PathBuf>,
    edits: Vec<RecordedEdit>,
    holders: Vec<Holder>,
    changed_by_others: bool,
}

/// The entry as it is now, and the file that it kept.
pub fn read(json: &[u8], place: &Path) -> Option<(FileEntry, Original)> {
    let first: FirstEntry = serde_json::from_slice(json).ok().filter(|first: &FirstEntry| first.version == 1)?;
    let written = STANDARD.decode(&first.written).ok()?;
    let original = match &first.original {
        Some(original) => Some(STANDARD.decode(original).ok()?),
        None => None,
    };
    let mut entry = FileEntry::new(place, &first.path, original.as_deref());
    entry.note_edit(original.as_deref(), &written);
    entry.created_folders = first.created_folders;
    entry.edits = first.edits;
    entry.holders = first.holders;
    entry.changed_by_others = first.changed_by_others;
    let bytes = original.clone().unwrap_or_default();
    Some((entry, Original { path: first.path, existed: original.is_some(), modified: None, bytes }))
}
