//! Azure on loopback: the services that a pipeline's job talks to, on their real host names, behind a proxy and a certificate
//! authority of their own. Nothing leaves the machine.
//!
//! The emulator enforces the protocols: a request that the real service would refuse is refused here, in the real words. It knows
//! nothing of the product that is tested against it.
//!
//! In reading order:
//!
//! - [`world`]: what exists, as plain data
//! - [`emulator`]: the running emulator as a test holds it
//! - `proxy`, `tls`, `http1`, `server`: from the socket to a request; `message`: the request and its answer
//! - `service`: the table of services; a further one is a file and a line there
//! - `oidc`, `entra`, `azure`, `artifacts`, `repos`, `foreign`, `discovery`: the services
//! - `rounds`: counts round trips
//! - [`machine`]: machines whose processes have managed identities, beside the proxy
//! - [`faults`]: ordered trouble; [`log`]: what was asked; [`vault`]: every issued secret and the search for leaks
//! - [`agent`]: a small agent of Azure Pipelines that runs tasks and scripts against all this

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "texts are short here, and the plain form is the readable one"
)]

pub mod agent;
mod archive;
mod artifacts;
mod azure;
mod clock;
mod discovery;
pub mod emulator;
mod entra;
pub mod faults;
mod foreign;
pub mod guid;
mod http1;
mod jwt;
pub mod log;
pub mod machine;
pub mod message;
mod oidc;
mod proxy;
mod repos;
mod rounds;
mod server;
mod service;
mod state;
mod tls;
pub mod vault;
pub mod world;

pub use emulator::{Emulator, FaultId};
pub use faults::{Effect, Fault, Target};
pub use machine::{Machine, RunningMachine};
pub use service::Endpoint;
pub use state::PipelineJob;
pub use world::World;
