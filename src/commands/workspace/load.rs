//! From a file on the disk to what a tool made of it.

use std::path::Path;
use std::sync::Arc;

use super::budget::{LARGEST_PARSED_BYTES, TOO_LARGE};
use crate::disk::{self, ReadTrouble};
use crate::edit::references;
use crate::edit::text::Text;
use crate::host::Host;
use crate::tools::Tool;
use crate::tools::reading::{Hidden, Origin, ReadFile, Source, SourceFile, Unparsable};

/// Has a tool take a file apart. The text is kept only where it may be carried over.
pub(super) fn taken_apart(tool: &dyn Tool, file: &SourceFile, host: &Host) -> ReadFile {
    let is_users = file.source.origin == Origin::User;
    let refers = !is_users && !tool.searches(file.name()) && tool.is_configured_by(file);
    let references = if refers { references::in_text(&file.text.body) } else { Some(Vec::new()) };
    let parsed = tool.parse(file, host).into();
    ReadFile {
        source: file.source.clone(),
        parsed,
        text: is_users.then(|| file.text.clone()),
        references: Arc::new(references),
    }
}

/// A file that is to be parsed, and not only searched.
pub(super) fn load(path: &Path, root: &Path, origin: Origin) -> Result<Option<SourceFile>, Unparsable> {
    let read = disk::read_within(path, LARGEST_PARSED_BYTES);
    if matches!(read, Err(ReadTrouble::TooLarge)) {
        let file = if origin == Origin::User { path.display().to_string() } else { shown(path, root) };
        return Err(Unparsable { file, reason: TOO_LARGE.to_owned(), hides: Hidden::Everything, origin });
    }
    loaded(read, path, root, origin)
}

pub(super) fn loaded(
    read: Result<Option<Vec<u8>>, ReadTrouble>,
    path: &Path,
    root: &Path,
    origin: Origin,
) -> Result<Option<SourceFile>, Unparsable> {
    let shown = if origin == Origin::User { path.display().to_string() } else { shown(path, root) };
    let unread = |hides: Hidden, reason: String| Unparsable { file: shown.clone(), reason, hides, origin };
    let bytes = match read {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        // No tool takes a folder or a pipe for its file.
        Err(error @ ReadTrouble::NotAFile) => return Err(unread(Hidden::Nothing, error.to_string())),
        Err(error) => return Err(unread(Hidden::Names, error.to_string())),
    };
    let text = Text::decode(bytes).map_err(|error| unread(Hidden::Names, error.to_string()))?;
    Ok(Some(SourceFile { source: Arc::new(Source { path: path.to_path_buf(), shown, origin }), text }))
}

/// The path as messages show it, with slashes on every system.
pub(super) fn shown(path: &Path, root: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).display().to_string();
    if cfg!(windows) { path.replace('\\', "/") } else { path }
}
