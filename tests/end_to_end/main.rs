//! The whole task against the emulator, with the agent's environment and the real tools.

mod npm;
mod support;
