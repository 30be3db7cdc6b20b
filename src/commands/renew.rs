//! The process that a step leaves behind. It answers once, on the pipe that the step reads, and is silent from then on.

use std::process::ExitCode;
use std::sync::Arc;

use super::print;
use crate::agent::inputs;
use crate::agent::job::Job;
use crate::helper::vault::{self, Key};
use crate::process;
use crate::renewal::{Handover, Renewal, SignIn};

/// What it answers where all is well.
pub const READY: &str = "ready";

/// Runs the process until the job is over.
pub fn run() -> ExitCode {
    match begin() {
        Ok(renewal) => {
            renewal.run();
            ExitCode::SUCCESS
        }
        Err(reason) => {
            print(&format!("{reason}\n"));
            ExitCode::FAILURE
        }
    }
}

fn begin() -> Result<Renewal, String> {
    let (handover, key, variables) = process::input()
        .ok()
        .and_then(Handover::read)
        .ok_or("a step starts this, not a user; see `ado-entra-auth --help`")?;
    let keys = variables.iter().filter(|(name, _)| vault::is_key_variable(name));
    let keys = keys.filter_map(|(name, value)| Some((name.clone(), Key::parse(value)?))).collect();
    let job = Job::new(variables);
    let identity = inputs::identity(&job).map_err(|error| error.to_string())?;
    let sign_in = SignIn {
        identity: Arc::new(identity),
        network: job.network().0,
        pipeline: job.pipeline(),
        machine: job.machine(),
        time_limit: job.time_limit(),
    };
    job.wipe();
    process::part().map_err(|error| error.to_string())?;
    let renewal = Renewal::begin(sign_in, key, keys, handover).ok_or("the run's folder cannot be held")?;
    print(&format!("{READY}\n"));
    process::close_streams();
    Ok(renewal)
}
