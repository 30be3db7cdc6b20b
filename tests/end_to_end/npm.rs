//! npm, pnpm and yarn 1 in later steps.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::log::{Authorization, Held};
use ado_entra_auth_emulator::world::Downloads;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};

use crate::support::{
    EVIL, assert_nothing_sent_to, emulator, finish, in_parallel, job, read, run, script, step, tool, variable, warned,
    with_token, write, write_file,
};

pub const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";
const OWN: &str = "; my own\n# twice\n@other:registry=https://registry.example.com/npm/\n\
                   //registry.example.com/npm/:_authToken=OWNSECRET\nsave-exact=true\nfund=false";
pub const FLAGS: &str = "--no-fund --no-audit --loglevel=error";

pub fn package(dependencies: &[&str]) -> String {
    package_at(dependencies, "1.0.0")
}

pub fn package_at(dependencies: &[&str], version: &str) -> String {
    let dependencies: serde_json::Map<String, serde_json::Value> =
        dependencies.iter().map(|name| ((*name).to_owned(), version.into())).collect();
    serde_json::json!({ "name": "shop", "version": "1.0.0", "dependencies": dependencies }).to_string()
}

pub fn installed(folder: &Path, name: &str) -> bool {
    folder.join("node_modules").join(name).join("index.js").is_file()
}

/// Installs in a later step and looks for `@contoso/hello` with its dependency.
fn install(job: &mut Job<'_>) {
    let sources = job.sources();
    script(job, &sources, &format!("npm install {FLAGS}"));
    assert!(installed(&sources, "@contoso/hello") && installed(&sources, "hello-contoso"));
}

#[test]
fn every_form_of_a_registry_works_in_a_later_step() {
    if tool("npm").is_none() {
        return;
    }
    let rc = |url: &str| format!("registry={url}\n");
    let rows = [
        ("plain", rc(FEED)),
        ("scope", format!("@contoso:registry={FEED}\nregistry={FEED}\n")),
        ("project", rc("https://pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed/npm/registry/")),
        (
            "blank in the project",
            rc("https://pkgs.dev.azure.com/contoso/My%20Project/_packaging/blankfeed/npm/registry/"),
        ),
        ("view", rc("https://pkgs.dev.azure.com/contoso/_packaging/feed1@Local/npm/registry/")),
        ("older host", rc("https://contoso.pkgs.visualstudio.com/_packaging/feed1/npm/registry/")),
        ("upper case", rc("https://PKGS.DEV.AZURE.COM/CONTOSO/_packaging/Feed1/npm/registry/")),
        ("default port", rc("https://pkgs.dev.azure.com:443/contoso/_packaging/feed1/npm/registry/")),
        ("no last slash", rc(FEED.trim_end_matches('/'))),
        ("quoted", rc(&format!("\"{FEED}\""))),
        ("variable", rc("${MY_REGISTRY}")),
        ("section at the end", format!("registry={FEED}\n[section]\nkey=value\n")),
        ("CRLF", format!("; comment\r\nregistry={FEED}\r\nfund=false\r\n")),
        ("no last line break", format!("fund=false\nregistry = {FEED}")),
    ];
    in_parallel(&rows, |(name, rc)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        job.set_variable(Variable::public("MY_REGISTRY", FEED));
        write(&job, ".npmrc", rc);
        write(&job, "package.json", package(&["@contoso/hello"]));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{name}: {:?}", outcome.warnings);
        let sources = job.sources();
        let seen = job.run_script(&format!("npm install {FLAGS}"), &sources).unwrap();
        assert!(seen.succeeded() && installed(&sources, "hello-contoso"), "{name}: {}", seen.raw);
        assert_eq!(read(sources.join(".npmrc")), *rc, "{name}");
        finish(&mut job);
    });
}

#[test]
fn npm_ci_takes_a_lock_file_of_the_other_host_form() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step());
    install(&mut job);
    finish(&mut job);
    let lock = job.sources().join("package-lock.json");
    let older = read(&lock).replace("https://pkgs.dev.azure.com/contoso/", "https://contoso.pkgs.visualstudio.com/");
    assert_ne!(older, read(&lock));

    let mut job = crate::support::job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    write(&job, "package.json", package(&["@contoso/hello"]));
    write(&job, "package-lock.json", &older);
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    let sources = job.sources();
    script(&mut job, &sources, &format!("npm ci {FLAGS}"));
    assert!(installed(&sources, "@contoso/hello"));
    assert!(!with_token(&emulator.requests_to("contoso.pkgs.visualstudio.com")).is_empty());
    assert_eq!(read(sources.join("package-lock.json")), older);
}

/// A user's own configuration with a registry of its own, kept in the home folder or elsewhere.
#[test]
fn the_users_own_configuration_stays_in_force() {
    if tool("npm").is_none() {
        return;
    }
    for place in ["home", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig"] {
        let emulator = emulator();
        emulator.change(|world| {
            let host = world.foreign_hosts.iter_mut().find(|host| host.name == "registry.example.com").unwrap();
            host.packages.push(ado_entra_auth_emulator::world::Package::npm("@other/thing", "1.0.0", &[]));
        });
        let mut job = job(&emulator);
        let file = if place == "home" { job.home().join(".npmrc") } else { job.root().join("elsewhere/npmrc") };
        write_file(&file, OWN);
        if place != "home" {
            let own = Variable::public(place, &file.display().to_string());
            job.set_variable(Variable { preserve_case: place.starts_with('n'), ..own });
        }
        write(&job, ".npmrc", format!("registry={FEED}\n"));
        write(&job, "package.json", package(&["@contoso/hello", "@other/thing"]));
        run(&emulator, &mut job, &step());
        emulator.clear_requests();
        install(&mut job);
        assert!(installed(&job.sources(), "@other/thing"));
        let own = Authorization::Bearer { credential: Held::Unknown };
        let asked = emulator.requests_to("registry.example.com");
        assert!(!asked.is_empty() && asked.iter().all(|request| request.authorization == own), "{asked:?}");
        let sources = job.sources();
        assert_eq!(script(&mut job, &sources, "npm config get save-exact").raw, "true\n");
        finish(&mut job);
        assert_eq!(read(&file), OWN);
        let expected = format!("{}\n", file.display());
        assert_eq!(script(&mut job, &sources, "npm config get userconfig").raw, expected, "{place}, after the job");
    }
}

#[test]
fn nothing_unbound_and_nothing_deprecated_is_written() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write_file(&job.home().join(".npmrc"), "fund=false\n");
    write(&job, ".npmrc", format!("registry={FEED}\nalways-auth=true\n"));
    run(&emulator, &mut job, &step());
    let ours = read(variable(&job, "NPM_CONFIG_USERCONFIG"));
    let added: Vec<&str> = ours.lines().filter(|line| *line != "fund=false" && !line.is_empty()).collect();
    let covers =
        |path: &str| added.iter().any(|line| line.starts_with(&format!("//pkgs.dev.azure.com/{path}:_authToken=${{")));
    assert!(covers("contoso/_packaging/feed1/npm/registry/") && covers("contoso/_packaging/feed1/npm/"), "{ours}");
    let (ends, tokens): (Vec<&str>, Vec<&str>) =
        added.iter().partition(|line| line.contains("/:certfile=") || line.contains("/:keyfile="));
    assert!(tokens.iter().all(|line| line.starts_with("//pkgs.dev.azure.com/contoso/_packaging/feed1/npm/")), "{ours}");
    // These hold nothing, and keep npm from using the token for other organizations.
    assert!(
        ends.len() == 2 && ends.iter().all(|line| line.starts_with("//pkgs.dev.azure.com/:") && !line.contains("${")),
        "{ours}"
    );
    assert!(!ours.contains("always-auth"), "{ours}");
}

#[test]
fn registries_of_others_in_the_same_file_get_nothing() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    let rc = format!(
        "registry=https://{EVIL}/npm/\n@contoso:registry={FEED}\n\
         @fabrikam:registry=https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/npm/registry/\n\
         @a:registry=https://pkgs.dev.azure.com.{EVIL}/contoso/_packaging/feed1/npm/registry/\n\
         @c:registry=https://pkgs.dev.azure.com@{EVIL}/contoso/_packaging/feed1/npm/registry/\n\
         @d:registry=https://{EVIL}/contoso/_packaging/feed1/npm/registry/\n\
         @e:registry=https://pkgs.dev.azure.com/contoso/../fabrikam/_packaging/feed1/npm/registry/\n"
    );
    write(&job, ".npmrc", rc);
    write(&job, "package.json", package(&["@contoso/hello", "left-behind"]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &[".npmrc", "fabrikam/feed1", "'organizations'"]), "{:?}", outcome.warnings);
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    emulator.clear_requests();
    install(&mut job);
    let sources = job.sources();
    for name in ["@fabrikam/plant", "@a/x", "@c/x", "@d/x", "@e/x"] {
        job.run_script(&format!("npm view --fetch-retries=0 {name}"), &sources).unwrap();
    }
    // npm itself makes a user name of what stands before an @ in a URL.
    let named = Authorization::Basic { user: "pkgs.dev.azure.com".into(), password: Held::Nothing };
    let at_evil = emulator.requests_to(EVIL);
    assert!(
        at_evil
            .iter()
            .all(|r| r.secrets.is_empty() && (r.authorization == Authorization::None || r.authorization == named))
    );
    let asked: Vec<_> = emulator.requests().into_iter().filter(|request| !request.secrets.is_empty()).collect();
    assert!(!asked.is_empty() && asked.iter().all(|request| request.path.starts_with("/contoso/")), "{asked:?}");
    assert!(emulator.requests().iter().any(|request| request.path.starts_with("/fabrikam/")));
}

#[test]
fn a_redirect_takes_no_token_to_another_host() {
    if tool("npm").is_none() {
        return;
    }
    for status in [302, 303, 307] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("registry={FEED}\n"));
        write(&job, "package.json", package(&["@contoso/hello"]));
        run(&emulator, &mut job, &step());
        let feed = Target::Path("pkgs.dev.azure.com".into(), "/contoso/_packaging/feed1/npm/registry/".into());
        let fault = emulator.fault(Fault::new(feed, Effect::Redirect(status, EVIL.into())));
        let sources = job.sources();
        job.run_script(&format!("npm install {FLAGS} --fetch-retries=0"), &sources).unwrap();
        assert!(emulator.fired(fault) > 0 && !emulator.requests_to(EVIL).is_empty());
        assert_nothing_sent_to(&emulator, EVIL);
    }
}

#[test]
fn downloads_from_storage_work_without_the_token() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = Emulator::start(World { downloads: Downloads::Redirect(303), ..World::sample() }).unwrap();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step());
    install(&mut job);
    let stored: Vec<_> =
        emulator.requests().into_iter().filter(|r| r.host.ends_with(".blob.core.windows.net")).collect();
    assert!(!stored.is_empty() && stored.iter().all(|request| request.secrets.is_empty()));
}

#[test]
fn packages_can_be_published_under_either_address() {
    if tool("npm").is_none() {
        return;
    }
    for (number, address) in [FEED, FEED.trim_end_matches("registry/")].into_iter().enumerate() {
        let emulator = emulator();
        let mut job = job(&emulator);
        let manifest = serde_json::json!({
            "name": format!("@contoso/fresh{number}"), "version": "0.1.0", "publishConfig": { "registry": address },
        });
        write(&job, "package.json", manifest.to_string());
        run(&emulator, &mut job, &step());
        let sources = job.sources();
        script(&mut job, &sources, "npm publish --loglevel=error");
        let put: Vec<_> = emulator.requests().into_iter().filter(|request| request.method == "PUT").collect();
        assert!(put.len() == 1 && put[0].authorization.is_token() && put[0].status < 300, "{put:?}");
    }
}

#[test]
fn a_feed_that_only_the_input_names_is_served() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step().input("feeds", &format!("\n  {FEED} \n")));
    let sources = job.sources();
    script(&mut job, &sources, &format!("npm install {FLAGS} --registry {FEED}"));
    assert!(installed(&sources, "@contoso/hello"));
}

#[test]
fn a_nearer_credential_is_warned_of() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(
        &job,
        "app/.npmrc",
        format!("registry={FEED}\n//pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/:_authToken=old\n"),
    );
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["app/.npmrc line 2", "remove the line"]), "{:?}", outcome.warnings);
}

#[test]
fn pnpm_reads_what_npm_reads() {
    let Some(program) = tool("pnpm") else { return };
    for rc in [format!("registry={FEED}\n"), format!("@contoso:registry={FEED}\nregistry=https://{EVIL}/npm/\n")] {
        let install = format!("'{}' install --no-frozen-lockfile", program.display());
        installs_with(&install, &rc, &["@contoso/hello", "hello-contoso"]);
    }
}

/// As Rush has it: the file lies elsewhere, and a script copies it to where npm runs. And a command outside every project.
#[test]
fn a_file_serves_where_it_is_copied_and_a_command_outside_the_project_too() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "common/config/rush/.npmrc", format!("registry={FEED}\n"));
    write(&job, "common/temp/package.json", package(&["@contoso/hello"]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    let (sources, outside) = (job.sources(), job.root().to_path_buf());
    script(
        &mut job,
        &sources,
        &format!("cp common/config/rush/.npmrc common/temp && cd common/temp && npm install {FLAGS}"),
    );
    assert!(installed(&sources.join("common/temp"), "@contoso/hello"));
    script(&mut job, &outside, &format!("npm view @contoso/hello version --registry {FEED}"));
    finish(&mut job);
}

/// yarn 1 sends a credential for packages without a scope only where `always-auth` is set.
#[test]
fn yarn_classic_reads_what_npm_reads() {
    let Some(program) = tool("yarn") else { return };
    let install = format!("'{}' install --non-interactive --no-lockfile", program.display());
    let second = FEED.replace("feed1", "feed2");
    installs_with(
        &install,
        &format!("@contoso:registry={second}\nregistry=https://{EVIL}/npm/\n"),
        &["@contoso/second"],
    );
    installs_with(&install, &format!("registry={FEED}\nalways-auth=true\n"), &["@contoso/hello", "hello-contoso"]);
}

fn installs_with(install: &str, rc: &str, packages: &[&str]) {
    let emulator = emulator();
    let mut job = job(&emulator);
    write_file(&job.home().join(".npmrc"), "fund=false\n");
    write(&job, ".npmrc", rc);
    write(&job, "package.json", package_at(packages, "*"));
    run(&emulator, &mut job, &step());
    let sources = job.sources();
    script(&mut job, &sources, install);
    assert!(packages.iter().all(|name| installed(&sources, name)));
    assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
    assert_nothing_sent_to(&emulator, EVIL);
}
