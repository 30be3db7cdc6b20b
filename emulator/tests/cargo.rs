//! The real cargo against a feed, with a home of its own and an empty cache.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::agent::{Job, JobOptions, ScriptOutcome};
use ado_entra_auth_emulator::faults::{BodyForm, Unavailable};
use ado_entra_auth_emulator::world::{self, CargoHosts, Challenge, Downloads, Feed};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{curl, has, token};
use std::fs;

const EVIL: &str = "evil.example";

fn index(feed: &str) -> String {
    format!("https://pkgs.dev.azure.com/contoso/_packaging/{feed}/Cargo/index/")
}

/// A package below the job's folder that depends on `wanted` of the registry `contoso`, a feed.
fn package(job: &Job<'_>, feed: &str, wanted: &str) {
    let folder = job.sources();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join(".cargo")).unwrap();
    let registry = format!("[registries.contoso]\nindex = \"sparse+{}\"\n", index(feed));
    fs::write(folder.join(".cargo/config.toml"), registry).unwrap();
    let manifest = "[package]\nname = \"fresh\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n\n\
                    [dependencies]\n";
    fs::write(folder.join("Cargo.toml"), format!("{manifest}{wanted}")).unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() { contoso_hello::hello() }\n").unwrap();
}

/// Runs cargo with this value of the Authorization header, and with no other registry at hand.
fn cargo(job: &mut Job<'_>, command: &str, authorization: &str) -> ScriptOutcome {
    let place = job.sources();
    let env = [
        ("CARGO_REGISTRIES_CONTOSO_TOKEN", authorization),
        ("CARGO_REGISTRIES_CONTOSO_CREDENTIAL_PROVIDER", "cargo:token"),
        ("CARGO_NET_RETRY", "0"),
    ];
    job.run_script_with_env(&format!("cargo {command}"), &place, &env).unwrap()
}

const HELLO: &str = "contoso-hello = { version = \"1\", registry = \"contoso\" }\n";

#[test]
fn cargo_fetches_builds_and_publishes() {
    if !has("cargo") {
        return;
    }
    for downloads in [Downloads::Direct, Downloads::Redirect(303)] {
        let emulator = Emulator::start(World { downloads, ..World::sample() }).unwrap();
        let bearer = format!("Bearer {}", token(&emulator));
        let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
        package(&job, "feed1", HELLO);
        let outcome = cargo(&mut job, "fetch", &bearer);
        assert!(outcome.succeeded(), "{}", outcome.raw);
        assert!(job.home().join(".cargo/registry/cache").is_dir(), "cargo's own folder is below the job's home");
        let blobs = emulator.requests_to("contoso.blob.core.windows.net");
        assert_eq!(blobs.len(), if downloads == Downloads::Direct { 0 } else { 2 }, "{blobs:?}");
        assert!(blobs.iter().all(|r| r.status == 200 && r.secrets.is_empty()), "{blobs:?}");
        let outcome = cargo(&mut job, "run --offline --quiet", &bearer);
        assert_eq!(outcome.raw, "hello from contoso-greeting\nhello from contoso-hello\n");
        let outcome = cargo(&mut job, "publish --registry contoso --no-verify --allow-dirty", &bearer);
        assert!(outcome.succeeded(), "{}", outcome.raw);
        let stored = emulator.world().organizations[0].feed(None, "feed1").unwrap().packages.clone();
        let stored = stored.iter().find(|package| package.name == "fresh").unwrap();
        assert_eq!(stored.dependencies, [("contoso-hello".to_owned(), "^1".to_owned())]);
        let again = cargo(&mut job, "publish --registry contoso --no-verify --allow-dirty", &bearer);
        assert!(!again.succeeded() && again.raw.contains("already"), "{}", again.raw);
        assert!(emulator.requests_astray().is_empty());
    }
}

#[test]
fn basic_opens_a_feed_and_nothing_else_does() {
    if !has("cargo") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{token}")));
    let fetch = |feed: &str, authorization: &str| {
        let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
        package(&job, feed, HELLO);
        cargo(&mut job, "fetch", authorization)
    };
    assert!(fetch("feed1", &basic("any")).succeeded());
    for wrong in [basic(""), token.clone(), "Bearer wrong".to_owned()] {
        let outcome = fetch("feed1", &wrong);
        assert!(!outcome.succeeded() && outcome.raw.contains("401"), "{}", outcome.raw);
    }
    let foreign = format!("Bearer {}", emulator.access_token(world::FABRIKAM_CLIENT).unwrap());
    assert!(fetch("feed1", &foreign).raw.contains("401"));
    assert!(fetch("forbidden", &basic("any")).raw.contains("403"));

    let url = format!("{}config.json", index("feed1"));
    let refused = curl(&emulator, &[&url]);
    assert_eq!((refused.status, refused.header("WWW-Authenticate").len()), (401, 3));
    let bearer = format!("Authorization: Bearer {token}");
    let ask = |url: &str| curl(&emulator, &["-H", &bearer, url]);
    let config = ask(&url).json();
    let base = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/Cargo";
    assert_eq!((&config["api"], &config["auth-required"]), (&base.into(), &true.into()));
    assert_eq!(config["dl"], format!("{base}/api/v1/crates"));
    for (path, status) in [("co/nt/contoso-hello", 200), ("co/nt/Contoso-Hello", 404), ("3/c/contoso-hello", 404)] {
        assert_eq!(ask(&format!("{}{path}", index("feed1"))).status, status, "{path}");
    }
}

#[test]
fn a_right_to_read_is_no_right_to_publish() {
    if !has("cargo") {
        return;
    }
    let mut world = World::sample();
    world.organizations[0].feeds[0].publishers = Some(Vec::new());
    let emulator = Emulator::start(world).unwrap();
    let bearer = format!("Bearer {}", token(&emulator));
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    package(&job, "feed1", HELLO);
    let outcome = cargo(&mut job, "publish --registry contoso --no-verify --allow-dirty", &bearer);
    assert!(!outcome.succeeded() && outcome.raw.contains("403"), "{}", outcome.raw);
    assert!(emulator.requests().iter().any(|r| r.method == "PUT" && r.status == 403));
}

/// cargo knows a registry of its own, whose name stands in no file of ours.
#[test]
fn cargo_asks_the_host_of_its_own_default() {
    if !has("cargo") {
        return;
    }
    let emulator = Emulator::start(World::sample_with_strangers(Challenge::Basic)).unwrap();
    let bearer = format!("Bearer {}", token(&emulator));
    emulator.clear_requests();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    package(&job, "feed1", "left-behind = \"1\"\n");
    let outcome = cargo(&mut job, "fetch", &bearer);
    assert!(!outcome.succeeded(), "{}", outcome.raw);
    let asked = emulator.requests_to_strangers();
    assert!(!asked.is_empty() && asked.iter().all(|r| r.status == 401 && r.secrets.is_empty()), "{asked:?}");
    let place = job.sources();
    let env =
        [("CARGO_REGISTRY_TOKEN", bearer.as_str()), ("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "cargo:token")];
    let outcome = job.run_script_with_env("cargo fetch", &place, &env).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    let served = emulator.requests_to_strangers();
    let crates = served.iter().filter(|r| r.path.ends_with("/download") && r.status == 200);
    assert!(crates.count() == 1 && served.iter().any(|r| r.authorization.is_token()), "{served:?}");
}

#[test]
fn an_index_that_names_another_host_sends_the_token_there() {
    if !has("cargo") {
        return;
    }
    let mut world = World::sample();
    let crates = world.organizations[0].feeds[0].packages.clone();
    let evil = |downloads: bool, api: bool| CargoHosts {
        downloads: downloads.then(|| EVIL.into()),
        api: api.then(|| EVIL.into()),
    };
    for (name, cargo_hosts) in [("downloads-astray", evil(true, false)), ("api-astray", evil(false, true))] {
        world.organizations[0].feeds.push(Feed { cargo_hosts, ..Feed::new(name).with(crates.clone()) });
    }
    let emulator = Emulator::start(world).unwrap();
    let bearer = format!("Bearer {}", token(&emulator));
    // Refused there, since a crate that was taken would never appear in the feed's own index, for which cargo waits.
    let refused = Effect::Unavailable(Unavailable { status: 403, retry_after: None, form: BodyForm::Empty });
    let upload = "/contoso/_packaging/api-astray/Cargo/api/v1/crates/new";
    emulator.fault(Fault::new(Target::Path(EVIL.into(), upload.into()), refused));
    for (feed, command, sent) in [
        ("feed1", "fetch", false),
        ("downloads-astray", "fetch", true),
        ("api-astray", "fetch", false),
        ("api-astray", "publish --registry contoso --no-verify --allow-dirty", true),
    ] {
        emulator.clear_requests();
        let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
        package(&job, feed, HELLO);
        let outcome = cargo(&mut job, command, &bearer);
        assert!(outcome.succeeded() || command != "fetch", "{}", outcome.raw);
        assert_eq!(emulator.secret_was_sent_to(EVIL), sent, "{feed} {command}: {}", outcome.raw);
    }
}
