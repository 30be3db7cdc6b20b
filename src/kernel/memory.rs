//! How much memory this process has taken: a repository's files do not decide it.

use std::alloc::System;

use cap::Cap;

/// The system's allocator, counted and without a limit: to be refused memory would end the process. A fuzz target sets one.
#[global_allocator]
pub static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The bytes that are in use.
pub fn taken_bytes() -> usize {
    ALLOCATOR.allocated()
}
