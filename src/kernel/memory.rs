//! How much memory this process has taken: a repository's files do not decide it.

use cap::Cap;

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc as Allocator;
#[cfg(not(target_env = "musl"))]
use std::alloc::System as Allocator;

/// The allocator, counted and without a limit: to be refused memory would end the process. A fuzz target sets one.
#[global_allocator]
pub static ALLOCATOR: Cap<Allocator> = Cap::new(Allocator, usize::MAX);

/// The bytes that are in use.
pub fn taken_bytes() -> usize {
    ALLOCATOR.allocated()
}
