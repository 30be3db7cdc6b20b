//! The whole task against the emulator, with the agent's environment and the real tools.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends there, in its helpers too")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "the product's doors are not those of who looks at it from outside"
)]

mod agents;
mod arc;
mod authorities;
mod azure_cli;
mod cargo;
mod causes;
mod certificate_assertions;
mod certificates;
mod check;
mod command_line;
mod conda;
#[cfg(target_os = "linux")]
mod containers;
mod demo;
mod dry_run;
mod exchange;
mod exchange_refused;
mod exchange_trouble;
mod explain;
#[cfg(target_os = "linux")]
mod forms;
#[cfg(target_os = "linux")]
mod fresh;
mod git;
mod git_addresses;
mod git_clients;
mod git_work;
mod gradle;
mod helper;
mod identities;
mod inputs;
#[cfg(target_os = "linux")]
mod kills;
mod later_token;
mod limits;
mod machine_answers;
mod machines;
mod masking;
mod maven;
mod maven_attacks;
mod maven_files;
mod maven_models;
mod modes;
mod namespaces;
mod npm;
mod npm_hosts;
mod npm_limits;
mod npm_names;
mod npm_runners;
mod npm_strangers;
mod npm_transport;
mod nuget;
mod nuget_clients;
mod nuget_files;
mod nuget_names;
mod nuget_plugin;
mod nuget_provider;
mod nuget_transport;
mod nuget_undo;
mod peers;
mod peers_asked;
mod pods;
mod promises;
mod propagation;
mod python;
mod python_clients;
mod python_own;
mod rc_reader;
mod recipes;
mod refusals;
mod round_trips;
#[cfg(target_os = "linux")]
mod sealed;
mod secrets;
mod setup;
mod status;
mod steps;
mod support;
mod tenants;
mod tenants_apart;
mod tenants_told;
mod token;
mod undo;
#[cfg(target_os = "linux")]
mod wine;
mod wrapper;
mod yarn;
