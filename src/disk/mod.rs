//! The one door to the file system: reading what others wrote, within limits, and writing what only we may read.

#![allow(clippy::disallowed_methods, reason = "the one door to the file system")]

mod folders;
mod identity;
mod lock;
mod private;
mod read;
mod real;
mod replace;
mod system;
mod walk;

pub use folders::{
    create_missing_folders, is_folder, list, missing_folders, remove_empty_folder, remove_private_folder,
};
pub use identity::{FolderIdentity, folder_identity};
pub use lock::{Lock, LockNote, LockTrouble};
pub use private::{is_private_file, is_private_folder, place_program, replace_private, write_private};
pub use read::{LARGEST_FILE_BYTES, ReadTrouble, exists, is_link, open_file, read, read_walked, read_within, resolve};
pub use real::RealPaths;
pub use replace::{
    Modified, UNFINISHED_PREFIX, can_replace, modified, overwrite, remove_file, remove_unfinished, rename, replace,
    set_modified,
};
#[cfg(test)]
pub use system::open_to_others;
#[cfg(unix)]
pub use system::user_id;
pub use system::{create_private_folder, seems_writable};
#[cfg(feature = "emulator")]
pub use walk::walk_everything;
pub use walk::{Looks, Walk, WalkedFile, walk};
