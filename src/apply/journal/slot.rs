//! The files that the journal keeps about one file: its entry, what it held before, what is being written over.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sealed::{self, Sealed};
use crate::disk::{self, Modified};
use crate::kernel::fingerprint::fingerprint;

/// More than the facts about a file take beside its bytes.
const FACTS_BYTES: u64 = 1024 * 1024;
const ENTRY: &str = "json";
const ORIGINAL: &str = "original";
const OVERWRITING: &str = "overwriting";
/// Before the names of what is kept for a person.
const SET_ASIDE: &str = "damaged-";
const MOST_SET_ASIDE: u32 = 100;

/// What the journal keeps about one file.
pub struct Slot {
    folder: PathBuf,
    /// What stands for the file's path.
    stem: String,
}

/// A file as it was before our first edit.
#[derive(Debug, Deserialize, Serialize)]
pub struct Original {
    /// The file, below the place.
    pub path: PathBuf,
    /// Whether it was there.
    pub existed: bool,
    /// When it was changed last.
    pub modified: Option<Modified>,
    /// What it held.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// A path as entries are named for it: one spelling on every system.
fn spelled(relative: &Path) -> String {
    let path = relative.to_string_lossy();
    if cfg!(windows) { path.replace('\\', "/").to_lowercase() } else { path.into_owned() }
}

impl Slot {
    /// Where the journal in `folder` keeps what it knows of a file, named by its path below the place.
    pub fn of(folder: &Path, relative: &Path) -> Self {
        let stem = format!("{:016x}", fingerprint(&spelled(relative)));
        Self { folder: folder.to_path_buf(), stem }
    }

    /// The slots of which something is in a folder, and whatever else looks like an entry.
    pub fn all(folder: &Path) -> Vec<Self> {
        let stem = |name: String| {
            let (stem, kind) = name.rsplit_once('.')?;
            let is_stem = stem.len() == 16 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
            let ours = kind == ENTRY || (is_stem && [ORIGINAL, OVERWRITING].contains(&kind));
            let other = name.starts_with(SET_ASIDE) || name.starts_with(disk::UNFINISHED_PREFIX);
            (ours && !other).then(|| stem.to_owned())
        };
        let mut stems: Vec<String> = disk::list(folder).into_iter().filter_map(stem).collect();
        stems.sort();
        stems.dedup();
        stems.into_iter().map(|stem| Self { folder: folder.to_path_buf(), stem }).collect()
    }

    /// Whether this is where the journal keeps what it knows of that file.
    pub fn is_of(&self, relative: &Path) -> bool {
        self.stem == Self::of(&self.folder, relative).stem
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.stem))
    }

    /// The entry.
    pub fn entry(&self) -> PathBuf {
        self.file(ENTRY)
    }

    /// Keeps a file as it is before our first edit.
    pub fn keep_original(&self, original: &Original) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(original)?;
        bytes.push(b'\n');
        bytes.extend(&original.bytes);
        sealed::save(&self.file(ORIGINAL), bytes)
    }

    /// The file as it was; nothing where that is not known for sure.
    pub fn original(&self) -> Option<Original> {
        let sealed = sealed::load(&self.file(ORIGINAL), disk::LARGEST_FILE_BYTES + FACTS_BYTES);
        let Ok(Sealed::Whole(bytes)) = sealed else { return None };
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let mut original: Original = serde_json::from_slice(&bytes[..end]).ok()?;
        original.bytes = bytes[end + 1..].to_vec();
        Some(original)
    }

    /// Notes what a file holds and will hold, so that a kill in the midst of it can be mended.
    pub fn note_overwriting(&self, before: &[u8], after: &[u8]) -> io::Result<()> {
        let length = before.len() as u64;
        sealed::save(&self.file(OVERWRITING), [&length.to_le_bytes(), before, after].concat())
    }

    /// Notes that the file holds what it was to hold.
    pub fn end_overwriting(&self) -> io::Result<()> {
        disk::remove_file(&self.file(OVERWRITING))
    }

    /// Puts back what a killed run was writing over, unless somebody has changed the file since.
    pub fn mend(&self, path: &Path) -> io::Result<()> {
        let note = self.file(OVERWRITING);
        if !disk::exists(&note) {
            return Ok(());
        }
        if let Sealed::Whole(bytes) = sealed::load(&note, 2 * disk::LARGEST_FILE_BYTES + FACTS_BYTES)?
            && let Some((length, rest)) = bytes.split_first_chunk()
            && let Some((before, after)) =
                usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.split_at_checked(length))
            && let Ok(Some(found)) = disk::read(path)
            && found != before
            && is_half_written(&found, before, after)
        {
            disk::overwrite(path, before)?;
        }
        self.end_overwriting()
    }

    /// Removes all that is kept about the file.
    pub fn clear(&self) -> io::Result<()> {
        // The entry first: without it the rest means nothing, and with it all would have to be there.
        [ENTRY, ORIGINAL, OVERWRITING].iter().try_for_each(|kind| disk::remove_file(&self.file(kind)))
    }

    /// Renames what is there, so that no later run looks at it and a person can. Says how the entry is called now.
    pub fn set_aside(&self) -> io::Result<PathBuf> {
        let aside = |number: u32, kind: &str| {
            let number = if number == 0 { String::new() } else { format!("-{number}") };
            self.folder.join(format!("{SET_ASIDE}{}{number}.{kind}", self.stem))
        };
        let is_free = |number: &u32| [ENTRY, ORIGINAL].iter().all(|kind| !disk::exists(&aside(*number, kind)));
        let number = (0..MOST_SET_ASIDE).find(is_free).unwrap_or(MOST_SET_ASIDE);
        for kind in [ENTRY, ORIGINAL] {
            if disk::exists(&self.file(kind)) {
                disk::rename(&self.file(kind), &aside(number, kind))?;
            }
        }
        self.end_overwriting()?;
        Ok(aside(number, ENTRY))
    }
}

/// Whether bytes are the beginning of `after` and the rest of `before`, as a kill leaves them in the midst of writing over.
fn is_half_written(found: &[u8], before: &[u8], after: &[u8]) -> bool {
    let common = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| pairs.take_while(|(one, other)| one == other).count();
    let beginning = common(&mut found.iter().zip(after));
    if found.len() != before.len() {
        return found.len() > before.len() && beginning == found.len();
    }
    let rest = common(&mut found.iter().rev().zip(before.iter().rev()));
    beginning + rest >= found.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_written_file_is_known_and_a_changed_one_is_not() {
        for (before, after) in
            [("abcdef", "abXYZ"), ("abc", "abXYZ and more"), ("", "new"), ("same", "same"), ("x", "")]
        {
            let (before, after) = (before.as_bytes(), after.as_bytes());
            for written in 0..=after.len() {
                let found = [&after[..written], before.get(written..).unwrap_or_default()].concat();
                assert!(is_half_written(&found, before, after), "{found:?} of {before:?} and {after:?}");
            }
            for changed in [[after, b"!"].concat(), [b"!", after].concat(), [before, b"!"].concat()] {
                assert!(!is_half_written(&changed, before, after), "{changed:?} of {before:?} and {after:?}");
            }
        }
    }
}
