//! What a repository may cost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::tools::reading::{SourceFile, Unparsable};

/// A larger file is nobody's configuration, and would take many times its size when it is taken apart.
pub(super) const LARGEST_PARSED_BYTES: u64 = 8 * 1024 * 1024;
pub(super) const TOO_LARGE: &str = "it is larger than 8 MiB";
const TOO_MUCH_MEMORY: &str = "the configuration before it takes too much memory already";
pub(super) const TOO_MUCH: &str = "the configuration before it takes 256 MiB already";

/// What a repository may cost.
pub(super) struct Budget {
    /// The bytes that may still be read.
    pub(super) left: AtomicUsize,
    /// The bytes that this process has in use.
    pub(super) taken: fn() -> usize,
    /// The bytes in use that leave room for no further file. A file in each thread may take many times its size for a moment, and the
    /// walk has a list of what there is to do.
    pub(super) most_taken: usize,
    /// Held while a large file is read.
    pub(super) large: Mutex<()>,
}

impl Budget {
    /// A bound on the time that a repository can take.
    const MOST_READ_BYTES: usize = 256 * 1024 * 1024;
    /// A bound on the memory for what tools keep.
    const MOST_KEPT_BYTES: usize = 64 * 1024 * 1024;

    pub(super) fn new(taken: fn() -> usize) -> Self {
        let most_taken = taken().saturating_add(Self::MOST_KEPT_BYTES);
        Self { left: AtomicUsize::new(Self::MOST_READ_BYTES), taken, most_taken, large: Mutex::new(()) }
    }

    /// Why a file is one too many; it is counted where it is not. `holds_large`: whether the caller holds `large` for it.
    pub(super) fn refuses(&self, file: &SourceFile, holds_large: bool) -> Option<String> {
        let length = file.text.body.len();
        let is_full = || (self.taken)().saturating_sub(length) > self.most_taken;
        if is_full() && (holds_large || self.is_full_without_a_large_file(is_full)) {
            return Some(TOO_MUCH_MEMORY.to_owned());
        }
        let rest = |left: usize| left.checked_sub(length);
        let is_enough = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).is_ok();
        (!is_enough).then(|| TOO_MUCH.to_owned())
    }

    /// Why no file is to be read any more.
    pub(super) fn refuses_all(&self) -> Option<&'static str> {
        let is_full = || (self.taken)() > self.most_taken;
        (is_full() && self.is_full_without_a_large_file(is_full)).then_some(TOO_MUCH_MEMORY)
    }

    /// Whether memory is full even when no large file is read: one takes its whole size until it is searched, and nothing then.
    fn is_full_without_a_large_file(&self, is_full: impl Fn() -> bool) -> bool {
        drop(self.large.lock().unwrap_or_else(PoisonError::into_inner));
        is_full()
    }

    /// The bytes that may still be read.
    pub(super) fn left_bytes(&self) -> u64 {
        self.left.load(Ordering::Relaxed) as u64
    }

    /// A file that is to be parsed, and not only searched.
    pub(super) fn parses(&self, file: Option<SourceFile>) -> Result<Option<SourceFile>, Unparsable> {
        let Some(file) = file else { return Ok(None) };
        let refused = if is_large(&file) { Some(TOO_LARGE.to_owned()) } else { self.refuses(&file, false) };
        match refused {
            Some(reason) => Err(Unparsable::unsearched(&file.source, reason)),
            None => Ok(Some(file)),
        }
    }
}

pub(super) fn is_large(file: &SourceFile) -> bool {
    file.text.body.len() as u64 > LARGEST_PARSED_BYTES
}
