//! Plays a whole job on this machine against the emulator.

use crate::cli::Demo;

/// Runs the command.
pub fn run(_arguments: &Demo) -> anyhow::Result<()> {
    anyhow::bail!("to be written")
}
