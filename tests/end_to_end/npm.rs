//! npm in later steps.

use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{assert_succeeded, job, step, write};

#[test]
fn npm_ci_works_in_a_later_step() {
    let emulator = Emulator::start(World::sample()).unwrap();
    let mut job = job(&emulator);
    write(&job, ".npmrc", "registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n");
    write(&job, "package.json", r#"{"name":"shop","version":"1.0.0","dependencies":{"@contoso/hello":"1.0.0"}}"#);
    let outcome = job.run_task(&step()).unwrap();
    assert_succeeded(&outcome);
    println!("{}", outcome.log);
    let installed = job.run_script("npm install --no-fund --no-audit", &job.sources()).unwrap();
    println!("{}", installed.log);
    assert!(installed.succeeded(), "{}", installed.log);
    for outcome in job.finish().unwrap() {
        println!("{}", outcome.log);
    }
}
