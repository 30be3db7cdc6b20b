//! What runs npm and its family in later steps, or reads their files: npx, lerna, Rush and deno.

use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::world::Package;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};

use crate::npm::{FEED, installed, package};
use crate::support::{
    EVIL, emulator, finish, job, only_brought, read, run, script, step, tool, variable, with_token, write,
};

/// The requests that carried the token: those of this kind, and whether any other did.
fn carried(emulator: &Emulator, method: &str, path: &str) -> (usize, bool) {
    let requests = emulator.requests();
    let (ours, others): (Vec<_>, Vec<_>) = with_token(&requests)
        .into_iter()
        .partition(|request| request.method == method && request.path.starts_with(path));
    (ours.len(), others.iter().any(|request| !request.path.starts_with("/contoso/_packaging/feed1/npm/")))
}

#[test]
fn npx_outside_a_project_finds_the_token_by_the_registry_that_it_is_told() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    let home = job.home().to_path_buf();
    let npx = format!("npx --yes --fetch-retries=0 --registry {FEED} -p @contoso/hello -c 'test -d $(dirname $0)/..'");
    assert!(!job.run_script(&npx, &home).unwrap().succeeded(), "before the step");
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    script(&mut job, &home, &npx);
    assert!(carried(&emulator, "GET", "/contoso/_packaging/feed1/npm/registry/@contoso/hello/-/").0 > 0);
    finish(&mut job);
}

const ME: &str = "git -c user.name=me -c user.email=me@contoso.example";

#[test]
fn lerna_publishes_with_what_npm_gets() {
    if tool("lerna").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    write(&job, "package.json", r#"{"name": "shop", "private": true, "workspaces": ["packages/*"]}"#);
    write(&job, "lerna.json", r#"{"version": "independent", "packages": ["packages/*"]}"#);
    write(&job, "packages/fresh/package.json", r#"{"name": "@contoso/fresh", "version": "3.1.0", "license": "MIT"}"#);
    let sources = job.sources();
    script(&mut job, &sources, &format!("git init -q && git add -A && {ME} commit -q -m x"));
    let publish = "git clean -qfd; git checkout -q .; NX_DAEMON=false lerna publish from-package --yes";
    assert!(!job.run_script(publish, &sources).unwrap().succeeded(), "before the step");
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    script(&mut job, &sources, publish);
    assert_eq!(carried(&emulator, "PUT", "/contoso/_packaging/feed1/npm/registry/@contoso%2ffresh"), (1, false));
    finish(&mut job);
}

/// Rush installs its own client and then runs it, and keeps npm's variables from both where they are in capitals.
#[test]
fn rush_and_what_it_starts_read_npms_variable_in_small_letters() {
    if tool("rush").is_none() || tool("pnpm").is_none() {
        return;
    }
    let manifest = read(only_brought("npm/node_modules/pnpm/package.json").unwrap());
    let version = serde_json::from_str::<serde_json::Value>(&manifest).unwrap()["version"].as_str().unwrap().to_owned();
    let mut world = World::sample();
    world.organization_mut("contoso").unwrap().feeds[0].packages.push(Package::npm("pnpm", &version, &[]));
    let emulator = Emulator::start(world).unwrap();
    let mut job = job(&emulator);
    let rush = serde_json::json!({
        "rushVersion": "5.179.0", "pnpmVersion": version, "nodeSupportedVersionRange": ">=18", "suppressNodeLtsWarning": true,
        "projects": [{ "packageName": "shop", "projectFolder": "shop" }],
    });
    write(&job, "rush.json", rush.to_string());
    write(&job, "shop/package.json", package(&["@contoso/hello"]));
    write(&job, "common/config/rush/pnpm-config.json", r#"{"useWorkspaces": true}"#);
    write(&job, "common/config/rush/.npmrc", format!("registry={FEED}\n"));
    run(&emulator, &mut job, &step());
    assert!(!variable(&job, "npm_config_userconfig").is_empty());
    emulator.clear_requests();
    // The machine's authority is npm's too, and Rush keeps it away as well.
    let update = "export CI=1 npm_config_cafile=$NPM_CONFIG_CAFILE npm_config_fetch_retries=0; rush update --max-install-attempts 1";
    let sources = job.sources();
    job.run_script(update, &sources).unwrap();
    assert!(
        carried(&emulator, "GET", "/contoso/_packaging/feed1/npm/registry/pnpm/-/").0 > 0,
        "{:?}",
        emulator.requests()
    );
    // The feed's package has no program in it.
    let link =
        format!("cd ~/.rush/node-*/pnpm-{version}/node_modules && mkdir -p .bin && ln -s $(which pnpm) .bin/pnpm");
    script(&mut job, &sources, &format!("({link}) && {update}"));
    assert!(installed(&sources.join("shop"), "@contoso/hello"));
    assert!(!carried(&emulator, "GET", "/").1, "{:?}", emulator.requests());
    finish(&mut job);
    assert!(variable(&job, "npm_config_userconfig").is_empty());
}

/// Installs by deno, which tells its own authority. `commands` go before.
fn by_deno(job: &mut Job<'_>, commands: &str) -> (bool, String) {
    let sources = job.sources();
    let environment = "export DENO_CERT=$SSL_CERT_FILE DENO_DIR=$HOME/deno DENO_NO_UPDATE_CHECK=1";
    let forget = "rm -rf node_modules deno.lock $HOME/deno";
    let outcome = job.run_script(&format!("{environment}; {forget}; {commands} deno install"), &sources).unwrap();
    (outcome.succeeded() && installed(&sources, "@contoso/hello"), outcome.raw)
}

#[test]
fn deno_takes_a_fresh_token_by_a_line_of_the_project_and_no_other_host_sees_it() {
    if tool("deno").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    let line = FEED.trim_start_matches("https:");
    let rc = format!("registry={FEED}\n@evil:registry=https://{EVIL}/npm/\n");
    write(&job, ".npmrc", &rc);
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step());
    assert!(!by_deno(&mut job, "").0, "it reads no other file");
    write(&job, ".npmrc", format!("{rc}{line}:_authToken=${{TOKEN}}\n"));
    emulator.clear_requests();
    assert!(!by_deno(&mut job, "").0 && with_token(&emulator.requests()).is_empty(), "without the variable");
    let own = "TOKEN=$(ado-entra-auth token)";
    let (installed, said) = by_deno(&mut job, own);
    assert!(installed, "{said}");
    assert!(
        !carried(&emulator, "GET", "/").1 && !with_token(&emulator.requests()).is_empty(),
        "{:?}",
        emulator.requests()
    );
    for effect in [Effect::Redirect(302, EVIL.into()), Effect::RedirectToHttp(302), Effect::RedirectToPort(302, 444)] {
        emulator.end_faults();
        let fault = emulator.fault(Fault::new(Target::Host("pkgs.dev.azure.com".into()), effect));
        emulator.clear_requests();
        by_deno(&mut job, own);
        assert!(emulator.fired(fault) > 0);
        let followed: Vec<_> = emulator.requests_astray().into_iter().chain(emulator.requests_to(EVIL)).collect();
        assert!(with_token(&followed).is_empty(), "{followed:?}");
    }
    emulator.end_faults();
    write(&job, "package.json", package(&["@contoso/hello", "@evil/x"]));
    by_deno(&mut job, own);
    assert!(
        !emulator.requests_to(EVIL).is_empty() && !emulator.secret_was_sent_to(EVIL),
        "{:?}",
        emulator.requests_to(EVIL)
    );
    finish(&mut job);
}
