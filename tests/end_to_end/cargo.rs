//! cargo in later steps.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, JobOptions, Variable};
use ado_entra_auth_emulator::faults::{BodyForm, Unavailable};
use ado_entra_auth_emulator::world::{CargoHosts, Feed};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};

use crate::support::{
    EVIL, Snapshot, assert_nothing_sent_to, emulator, finish, in_parallel, job, run, script, step, tool, variable,
    warned, with_token, write, write_file,
};

const FEED: &str = "sparse+https://pkgs.dev.azure.com/contoso/_packaging/feed1/Cargo/index/";
const PROVIDERS: &str = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";

fn registry(name: &str, url: &str) -> String {
    format!("[registries]\n{name} = {{ index = \"{url}\" }}\n")
}

/// A crate in a folder of the checkout that depends on this.
fn package(job: &Job<'_>, folder: &str, dependency: &str) {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n\n\
                    [dependencies]\n";
    write(job, &format!("{folder}/Cargo.toml"), format!("{manifest}{dependency}"));
    write(job, &format!("{folder}/src/main.rs"), "fn main() {\n    contoso_hello::hello();\n}\n");
}

fn hello(registry: &str) -> String {
    format!("contoso-hello = {{ version = \"1\", registry = \"{registry}\" }}\n")
}

/// Whether `cargo fetch` works in a folder of the checkout, and what it says.
fn fetch(job: &mut Job<'_>, folder: &str) -> (bool, String) {
    let folder = job.sources().join(folder);
    let outcome = job.run_script("rm -rf Cargo.lock; cargo fetch", &folder).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded(), outcome.raw)
}

#[test]
fn every_form_of_a_registry_works_in_a_later_step() {
    if tool("cargo").is_none() {
        return;
    }
    let of = |url: &str| registry("contoso", &format!("sparse+https://{url}/Cargo/index/"));
    let rows = [
        ("inline table", registry("contoso", FEED), "contoso"),
        ("table", format!("[registries.contoso]\nindex = \"{FEED}\"\n"), "contoso"),
        ("hyphen", registry("con-toso", FEED), "con-toso"),
        ("capitals", registry("Con_Toso", FEED), "Con_Toso"),
        ("project", of("pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed"), "contoso"),
        ("blank in the project", of("pkgs.dev.azure.com/contoso/My%20Project/_packaging/blankfeed"), "contoso"),
        ("view", of("pkgs.dev.azure.com/contoso/_packaging/feed1@Local"), "contoso"),
        ("older host", of("contoso.pkgs.visualstudio.com/_packaging/feed1"), "contoso"),
        ("letters", of("pkgs.dev.azure.com/CONTOSO/_packaging/Feed1"), "contoso"),
        (
            "in place of the public one",
            format!("[source.crates-io]\nreplace-with = \"x\"\n[source.x]\nregistry = \"{FEED}\"\n"),
            "",
        ),
        (
            "its own provider",
            format!("[registries.contoso]\nindex = \"{FEED}\"\ncredential-provider = [\"cargo:token\"]\n"),
            "contoso",
        ),
        ("default", format!("[registry]\ndefault = \"contoso\"\n{}", registry("contoso", FEED)), "contoso"),
    ];
    in_parallel(&rows, |(name, config, registry)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".cargo/config.toml", config);
        package(&job, ".", &if registry.is_empty() { "contoso-hello = \"1\"\n".to_owned() } else { hello(registry) });
        let before = Snapshot::below(&job.sources());
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{name}: {:?}", outcome.warnings);
        assert!(outcome.log.contains("asks a credential helper"), "{name}: {}", outcome.log);
        before.assert_same(&Snapshot::below(&job.sources()), "the checkout");
        let (fetched, said) = fetch(&mut job, ".");
        assert!(fetched, "{name}: {said}\n{:?}", emulator.requests());
        let sources = job.sources();
        let built = script(&mut job, &sources, "cargo run --offline --quiet");
        assert_eq!(built.raw, "hello from contoso-greeting\nhello from contoso-hello\n", "{name}");
        assert!(emulator.requests_astray().is_empty(), "{name}");
        finish(&mut job);
        // What cargo has fetched is no longer asked for.
        std::fs::remove_dir_all(job.home().join(".cargo/registry")).unwrap();
        assert_eq!(variable(&job, PROVIDERS), "");
        assert!(!fetch(&mut job, ".").0, "{name}, after the job");
    });
}

#[test]
fn crates_can_be_published() {
    if tool("cargo").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".cargo/config.toml", registry("contoso", FEED));
    package(&job, ".", &hello("contoso"));
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    let sources = job.sources();
    script(&mut job, &sources, "cargo publish --registry contoso --allow-dirty --no-verify");
    let put: Vec<_> = emulator.requests().into_iter().filter(|request| request.method == "PUT").collect();
    assert!(put.len() == 1 && put[0].authorization.is_token() && put[0].status == 200, "{put:?}");
}

/// Files that cargo reads from elsewhere, with names that need care.
#[test]
fn configuration_is_found_wherever_cargo_finds_it() {
    if tool("cargo").is_none() {
        return;
    }
    let rows = [".cargo/config", "sub folder/.cargo/config.toml", "included.toml", "home", "CARGO_HOME", "variable"];
    in_parallel(&rows, |place| {
        let emulator = emulator();
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("the home");
        let agent_root = root.path().join("the agent");
        let options = JobOptions { home: Some(home), agent_root: Some(agent_root), ..JobOptions::default() };
        let mut job = Job::new(&emulator, options).unwrap();
        let text = registry("contoso", FEED);
        let mut folder = ".";
        let mut step = step();
        match *place {
            "included.toml" => {
                write(&job, "ci/included.toml", text);
                write(&job, ".cargo/config.toml", "include = [\"../ci/included.toml\"]\n");
            }
            "home" => {
                write_file(&job.home().join(".cargo/config.toml"), text);
                step = step.input("tools", "cargo");
            }
            "CARGO_HOME" => {
                let own = job.root().join("cargo home");
                write_file(&own.join("config.toml"), text);
                job.set_variable(Variable::public("CARGO_HOME", &own.display().to_string()));
                step = step.input("tools", "cargo");
            }
            "variable" => job.set_variable(Variable::public("CARGO_REGISTRIES_CONTOSO_INDEX", FEED)),
            other => {
                folder = if other.starts_with("sub") { "sub folder" } else { "." };
                write(&job, other, text);
            }
        }
        package(&job, folder, &hello("contoso"));
        let outcome = run(&emulator, &mut job, &step);
        assert!(outcome.warnings.is_empty(), "{place}: {:?}", outcome.warnings);
        let (fetched, said) = fetch(&mut job, folder);
        assert!(fetched, "{place}: {said}");
        finish(&mut job);
    });
}

#[test]
fn a_feed_that_only_the_input_names_is_served_under_its_name() {
    if tool("cargo").is_none() {
        return;
    }
    for (input, name) in [("my-feed=", "my-feed"), ("", "feed1")] {
        let emulator = emulator();
        let mut job = job(&emulator);
        package(&job, ".", &hello(name));
        let input = format!("{input}{}", FEED.trim_start_matches("sparse+"));
        let outcome = run(&emulator, &mut job, &step().input("feeds", &input));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let (fetched, said) = fetch(&mut job, ".");
        assert!(fetched, "{said}");
        finish(&mut job);
    }
}

/// What the user has set up stays for what is not ours: each registry is still asked about as before.
#[test]
fn the_users_own_providers_stay_for_what_is_not_ours() {
    if tool("cargo").is_none() {
        return;
    }
    for place in ["user file", "variable", "repository", "token"] {
        let emulator = emulator();
        emulator.change(|world| {
            let host = world.foreign_host_mut("registry.example.com").unwrap();
            host.challenge = ado_entra_auth_emulator::world::Challenge::Basic;
        });
        let mut job = job(&emulator);
        let own = job.root().join("own-provider");
        let answer = r#"{"Ok":{"kind":"get","token":"OWNSECRET","cache":"session","operation_independent":true}}"#;
        write_file(&own, format!("#!/bin/sh\necho '{{\"v\":[1]}}'\nread line\necho '{answer}'\ncat >/dev/null\n"));
        script(&mut job, Path::new("/"), &format!("chmod 755 '{}'", own.display()));
        let list = format!("[registry]\nglobal-credential-providers = [\"cargo:token\", \"{}\"]\n", own.display());
        let both = format!(
            "[registries]\ncontoso = {{ index = \"{FEED}\" }}\nother = {{ index = \"sparse+https://registry.example.com/Cargo/index/\" }}\n"
        );
        write(&job, ".cargo/config.toml", if place == "repository" { format!("{both}{list}") } else { both });
        match place {
            "user file" => write_file(&job.home().join(".cargo/config.toml"), &list),
            "variable" => {
                job.set_variable(Variable::public(PROVIDERS, &format!("cargo:token {}", own.display())));
            }
            "token" => job.set_variable(Variable::public("CARGO_REGISTRIES_OTHER_TOKEN", "OWNSECRET")),
            _ => {}
        }
        let former = variable(&job, PROVIDERS);
        package(&job, ".", &format!("{}left-behind = {{ version = \"1\", registry = \"other\" }}\n", hello("contoso")));
        run(&emulator, &mut job, &step());
        emulator.clear_requests();
        let (fetched, said) = fetch(&mut job, ".");
        assert!(fetched, "{place}: {said}");
        let asked = emulator.requests_to("registry.example.com");
        assert!(asked.iter().any(|request| request.status == 200), "{place}: {asked:?}");
        assert!(with_token(&asked).is_empty() && asked.iter().all(|request| request.secrets.is_empty()), "{asked:?}");
        assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
        finish(&mut job);
        assert_eq!(variable(&job, PROVIDERS), former);
    }
}

/// A world in which a feed's own index leads cargo to another host.
fn astray(downloads: bool) -> Emulator {
    let mut world = World::sample();
    let crates = world.organizations[0].feeds[0].packages.clone();
    let evil = |astray: bool| astray.then(|| EVIL.to_owned());
    let cargo_hosts = CargoHosts { downloads: evil(downloads), api: evil(!downloads) };
    world.organizations[0].feeds.push(Feed { cargo_hosts, ..Feed::new("astray").with(crates) });
    Emulator::start(world).unwrap()
}

#[test]
fn an_index_that_leads_to_another_host_gets_nothing() {
    if tool("cargo").is_none() {
        return;
    }
    for downloads in [true, false] {
        let emulator = astray(downloads);
        let mut job = job(&emulator);
        let url = FEED.replace("feed1", "astray");
        write(&job, "a/.cargo/config.toml", registry("contoso", &url));
        write(&job, "b/.cargo/config.toml", registry("contoso", FEED));
        package(&job, "a", &hello("contoso"));
        package(&job, "b", &hello("contoso"));
        let outcome = run(&emulator, &mut job, &step());
        assert!(
            warned(&outcome, &["a/.cargo/config.toml", "contoso/astray", EVIL, "no token"]),
            "{:?}",
            outcome.warnings
        );
        assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
        assert!(!outcome.log.contains("contoso/astray (a/.cargo"), "{}", outcome.log);
        assert!(!fetch(&mut job, "a").0);
        let folder = job.sources().join("a");
        job.run_script("cargo publish --registry contoso --allow-dirty --no-verify", &folder).unwrap();
        assert_nothing_sent_to(&emulator, EVIL);
        // The one beside it is served.
        let (fetched, said) = fetch(&mut job, "b");
        assert!(fetched, "{said}");
        finish(&mut job);
    }
}

#[test]
fn an_index_that_cannot_be_read_first_gets_nothing_and_the_reason_is_said() {
    let index = Target::Path("pkgs.dev.azure.com".into(), "/contoso/_packaging/feed1/Cargo/index/config.json".into());
    let stopped = |status| Effect::Unavailable(Unavailable { status, retry_after: None, form: BodyForm::Empty });
    let rows = [
        (Some(stopped(403)), "feed1", "Feed and Upstream Reader"),
        (Some(Effect::Redirect(302, EVIL.into())), "feed1", "HTTP 302"),
        (None, "forbidden", "HTTP 403"),
        (None, "no-such-feed", "HTTP 404"),
    ];
    in_parallel(&rows, |(effect, feed, words)| {
        let emulator = emulator();
        if let Some(effect) = effect {
            emulator.fault(Fault::new(index.clone(), effect.clone()));
        }
        let mut job = job(&emulator);
        write(&job, ".cargo/config.toml", registry("contoso", &FEED.replace("feed1", feed)));
        let outcome = run(&emulator, &mut job, &step());
        assert!(warned(&outcome, &[".cargo/config.toml", feed, words, "no token"]), "{feed}: {:?}", outcome.warnings);
        assert_eq!(variable(&job, PROVIDERS), "", "{feed}");
        assert_nothing_sent_to(&emulator, EVIL);
        finish(&mut job);
    });
}

/// A repository that leads cargo's traffic through others, or gives a feed's name to somebody else.
#[test]
fn a_repository_cannot_lead_the_token_away() {
    if tool("cargo").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(
        &job,
        "a/.cargo/config.toml",
        format!("{}[http]\nproxy = \"evil.example:8080\"\n", registry("contoso", FEED)),
    );
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["a/.cargo/config.toml line 4", "proxy", "no token"]), "{:?}", outcome.warnings);
    assert_eq!(variable(&job, PROVIDERS), "");

    let mut job = crate::support::job(&emulator);
    let provider = format!("[registries.contoso]\nindex = \"{FEED}\"\ncredential-provider = \"cargo:token\"\n");
    write(&job, "a/.cargo/config.toml", provider);
    let evil = format!("sparse+https://{EVIL}/Cargo/index/");
    write(
        &job,
        "b/.cargo/config.toml",
        registry("con-toso", &evil) + &registry("x", FEED).replace("[registries]\n", ""),
    );
    write(&job, "c/.cargo/config.toml", registry("contoso", &evil));
    package(&job, "b", "left-behind = { version = \"1\", registry = \"con-toso\" }\n");
    package(&job, "c", "left-behind = { version = \"1\", registry = \"contoso\" }\n");
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["'contoso'", "a/.cargo/config.toml line 3", "remove it"]), "{:?}", outcome.warnings);
    emulator.change(|world| {
        world.foreign_host_mut(EVIL).unwrap().challenge = ado_entra_auth_emulator::world::Challenge::Basic;
    });
    for folder in ["b", "c"] {
        assert!(!fetch(&mut job, folder).0);
    }
    assert!(!emulator.requests_to(EVIL).is_empty());
    assert_nothing_sent_to(&emulator, EVIL);
}

/// Each organization's feed by the token of its own tenant, in one configuration.
#[test]
fn feeds_of_two_tenants_get_their_own_tokens() {
    if tool("cargo").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    let theirs = FEED.replace("contoso", "fabrikam");
    write(&job, ".cargo/config.toml", format!("{}fabrikam.index = \"{theirs}\"\n", registry("contoso", FEED)));
    package(
        &job,
        ".",
        &format!("{}fabrikam-plant = {{ version = \"1\", registry = \"fabrikam\" }}\n", hello("contoso")),
    );
    let step = crate::tenants::of_two_tenants("clientSecret").input("organizations", "fabrikam");
    run(&emulator, &mut job, &step);
    crate::tenants::assert_each_its_own(&emulator, "the step");
    emulator.clear_requests();
    let (fetched, said) = fetch(&mut job, ".");
    assert!(fetched, "{said}");
    crate::tenants::assert_each_its_own(&emulator, "cargo");
    finish(&mut job);
}
