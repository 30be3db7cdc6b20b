//! Exact edits of text that somebody else owns.
//!
//! Configuration files belong to the user. Nothing here parses a file into a tree and prints the tree back: an edit finds
//! the bytes that must change. Comments, order and line endings elsewhere survive because nothing touches them.

pub mod npmrc;
pub mod references;
pub mod text;
pub mod xml;
