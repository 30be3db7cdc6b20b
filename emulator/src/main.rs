//! Starts the sample world and serves until stdin closes.
//!
//! Prints one line of JSON: the proxy's address, the path of the authority's certificate, and the whole environment that an
//! agent gives to a task step with the sample's service connection. Once stdin is closed, a second line says how many requests
//! each host had. For measurements from outside.

use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::world::CONNECTION;
use ado_entra_auth_emulator::{Emulator, World};
use std::collections::BTreeMap;
use std::io::Read;

fn main() -> anyhow::Result<()> {
    let with_repositories = std::env::args().any(|argument| argument == "--with-repositories");
    let world = if with_repositories { World::sample_with_repositories() } else { World::sample() };
    // How many seconds a token lives, where it is not the usual hour.
    let seconds = std::env::args().skip_while(|argument| argument != "--token-life").nth(1);
    let access_token_life = match seconds {
        Some(seconds) => std::time::Duration::from_secs(seconds.parse()?),
        None => world.access_token_life,
    };
    let emulator = Emulator::start(World { access_token_life, ..world })?;
    let mut job = Job::new(&emulator, JobOptions::default())?;
    let step = TaskStep::new(["true"]).connection("azureDevOpsServiceConnection", CONNECTION);
    job.skip_task(&step);
    let line = serde_json::json!({
        "proxy": emulator.proxy_url(),
        "authority": job.root().join("ca.pem"),
        "agentRoot": job.root(),
        "workingDirectory": job.sources(),
        "environment": job.task_environment(&step),
    });
    println!("{line}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in emulator.requests() {
        *counts.entry(request.host).or_default() += 1;
    }
    println!("{}", serde_json::json!(counts));
    Ok(())
}
