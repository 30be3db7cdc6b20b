//! What is done where an entry cannot be believed, or is gone: it is set aside for a person, and what of this task stands in
//! its file is taken out, as far as that can be told.

use std::path::{Path, PathBuf};

use super::entry::{is_below, write_over};
use super::remnants::{VARIABLE_PREFIX, is_bare, is_own_file, removed, without_entries_absent_from};
use super::slot::Slot;
use crate::apply::ApplyError;
use crate::disk;
use crate::edit::text::Text;

/// The files that the tools share, below their places. An entry's name stands for its file's path, and tells no other.
const SHARED_FILES: [&str; 12] = [
    ".m2/settings.xml",
    ".gradle/init.d/ado-entra-auth.init.gradle",
    "init.d/ado-entra-auth.init.gradle",
    ".yarnrc.yml",
    ".npmrc",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
    ".nuget/config/ado-entra-auth.config",
    ".config/NuGet/config/ado-entra-auth.config",
    "NuGet/config/ado-entra-auth.config",
    "AppData/Roaming/NuGet/config/ado-entra-auth.config",
];

/// Sets a damaged entry aside. `path` is the file that it names where it is whole, and only in the place of another's.
pub fn after_damage(
    slot: &Slot,
    place: &Path,
    path: Option<PathBuf>,
    left: &mut Vec<String>,
) -> Result<(), ApplyError> {
    let entry = slot.entry();
    let done = take_out(slot, place, path)?;
    let aside = slot.set_aside().map_err(|error| ApplyError::write(&entry, &error))?;
    let (entry, aside) = (entry.display(), aside.display());
    let done = done.unwrap_or_else(|| "nothing of this task was found in the file that it was about".to_owned());
    left.push(format!("the journal's entry {entry} is damaged or not its own, and is kept as {aside}; {done}"));
    Ok(())
}

/// Clears up where an entry is gone and the file as it was is still there: somebody removed it, or a run was killed.
pub fn after_loss(slot: &Slot, place: &Path, left: &mut Vec<String>) -> Result<(), ApplyError> {
    if let Some(done) = take_out(slot, place, None)? {
        left.push(format!("the journal's entry {} is gone; {done}", slot.entry().display()));
    }
    slot.clear().map_err(|error| ApplyError::write(&slot.entry(), &error))
}

/// Takes what is ours out of the file that a slot is about, and says what was done; nothing where there was nothing to do.
fn take_out(slot: &Slot, place: &Path, named: Option<PathBuf>) -> Result<Option<String>, ApplyError> {
    let kept = slot.original().map(|original| original.path).filter(|path| is_below(path) && slot.is_of(path));
    let shared = || SHARED_FILES.iter().map(|path| path.split('/').collect()).find(|path: &PathBuf| slot.is_of(path));
    let Some(relative) = kept.or_else(shared).or(named) else { return Ok(None) };
    // An entry in another's place says nothing about a file that has one of its own. And what it names may be a name that no file can
    // have: the trouble with it would never be over.
    let own = Slot::of(&place.join(super::FOLDER), &relative);
    if !slot.is_of(&relative) && (disk::exists(&own.entry()) || !disk::exists(&place.join(&relative))) {
        return Ok(None);
    }
    let original = own.original().filter(|original| original.path == relative);
    let original = original.as_ref();
    let path = place.join(&relative);
    let failed = |error: std::io::Error| ApplyError::write(&path, &error);
    disk::remove_unfinished(&path).and_then(|()| own.mend(&path)).map_err(failed)?;
    let Ok(Some(bytes)) = disk::read(&path) else { return Ok(None) };
    let Ok(text) = Text::decode(&bytes) else { return Ok(None) };
    let shown = path.display();
    let still_ours = format!("{shown} still names variables of this task; look at it");
    let Some(rest) = removed(&text.body, |_| false) else {
        return Ok(text.body.contains(VARIABLE_PREFIX).then_some(still_ours));
    };
    let was_made = is_own_file(&text.body) || original.is_some_and(|original| !original.existed) && is_bare(&rest);
    if was_made {
        disk::remove_file(&path).map_err(failed)?;
        return Ok(Some(format!("{shown}, which this task had made, is removed")));
    }
    let known = original.filter(|original| {
        original.existed && Text::decode(&original.bytes).is_ok_and(|former| is_alike(&former.body, &rest))
    });
    let after = known.map_or_else(|| text.encode(&rest), |original| original.bytes.clone());
    write_over(&own, &path, &bytes, &after)?;
    if rest.contains(VARIABLE_PREFIX) {
        return Ok(Some(still_ours));
    }
    Ok(Some(match known {
        Some(_) => format!("{shown} is as it was before"),
        None => format!("the entries of this task are taken out of {shown}"),
    }))
}

/// Whether two texts differ in nothing but an empty frame of ours, blanks, and entries that ours had replaced.
fn is_alike(original: &str, rest: &str) -> bool {
    let bare = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        // From the inside out: an empty list, then an empty root element.
        ["servers", "packageSourceCredentials", "settings", "configuration"]
            .iter()
            .fold(text, |text, name| text.replace(&format!("<{name}></{name}>"), "").replace(&format!("<{name}/>"), ""))
    };
    bare(&without_entries_absent_from(rest, original)) == bare(rest)
}
