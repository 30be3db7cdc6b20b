//! What npm, pnpm and yarn 1 do by themselves with the credential of a feed: other organizations on its host.

use crate::npm::{FEED, installed};
use crate::support::{emulator, job, run, script, side_by_side, step, tool, warned, with_token, write, write_file};

const CLIENTS: [(&str, &str); 3] = [
    ("npm", "install --no-fund --no-audit --loglevel=error --fetch-retries=0"),
    ("pnpm", "install --no-frozen-lockfile --fetch-retries=0"),
    ("yarn", "install --non-interactive"),
];

fn command(client: &str) -> Option<String> {
    let arguments = CLIENTS.iter().find(|(name, _)| *name == client)?.1;
    Some(format!("'{}' {arguments}", tool(client)?.display()))
}

fn manifest(dependency: &str) -> String {
    format!("{{\"name\":\"app\",\"version\":\"1.0.0\",\"license\":\"MIT\",\n\"dependencies\":{{{dependency}}}}}")
}

/// npm falls back to the credential of its registry for whatever lies on the registry's host: the run's own configuration ends that.
#[test]
fn another_organizations_path_on_the_host_gets_nothing() {
    let far = "/_packaging/feed1/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz";
    let far = format!("https://pkgs.dev.azure.com/fabrikam{far}");
    let climbing = far.replace("/fabrikam/", "/contoso/../fabrikam/");
    let lock = format!(
        "{{\"name\":\"app\",\"version\":\"1.0.0\",\"lockfileVersion\":3,\"packages\":{{\"\":{{\"name\":\"app\",\"version\":\"1.0.0\",\
         \"dependencies\":{{\"hello-contoso\":\"1.0.0\"}}}},\"node_modules/hello-contoso\":{{\"version\":\"1.0.0\",\"resolved\":\"{far}\"}}}}}}"
    );
    let mut rows = Vec::new();
    for (client, _) in CLIENTS {
        rows.push((client, vec![("package.json", manifest(&format!("\"@fabrikam/plant\":\"{far}\"")))]));
    }
    rows.push(("npm", vec![("package.json", manifest(&format!("\"@fabrikam/plant\":\"{climbing}\"")))]));
    rows.push(("npm", vec![("package.json", manifest("\"hello-contoso\":\"1.0.0\"")), ("package-lock.json", lock)]));
    side_by_side(3, &rows, |(client, files)| {
        let Some(command) = command(client) else { return };
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("registry={FEED}\nalways-auth=true\n"));
        for (path, text) in files {
            write(&job, path, text);
        }
        let outcome = run(&emulator, &mut job, &step());
        if !files[0].1.contains("..") {
            assert!(warned(&outcome, &["fabrikam", "not permitted", "it gets no token"]), "{:?}", outcome.warnings);
        }
        emulator.clear_requests();
        let sources = job.sources();
        let seen = job.run_script(&command, &sources).unwrap();
        let requests = emulator.requests_to("pkgs.dev.azure.com");
        let far: Vec<_> = requests.iter().filter(|request| !request.path.starts_with("/contoso/_packaging")).collect();
        assert!(!far.is_empty(), "{client}: {}", seen.raw);
        assert!(far.iter().all(|request| request.secrets.is_empty()), "{client} {far:?}");
        // Without the keys that end the look-up npm would have sent it.
        if *client == "npm" {
            let file = job.variables().get("NPM_CONFIG_USERCONFIG").unwrap().value.clone();
            let kept: Vec<String> = std::fs::read_to_string(&file)
                .unwrap()
                .lines()
                .filter(|l| !l.contains("file="))
                .map(str::to_owned)
                .collect();
            std::fs::write(&file, kept.join("\n")).unwrap();
            emulator.clear_requests();
            job.run_script(&command, &sources).unwrap();
            let requests = with_token(&emulator.requests()).len();
            assert!(requests > 0, "npm falls back no more: the keys can go");
        }
    });
}

/// Nothing else changes: the feed itself, a feed that asks nobody, a user's own credential for the host.
#[test]
fn the_keys_that_end_the_look_up_break_nothing() {
    for (client, _) in CLIENTS {
        let Some(command) = command(client) else { continue };
        let emulator = emulator();
        let mut job = job(&emulator);
        write(
            &job,
            ".npmrc",
            format!("registry={FEED}\nalways-auth=true\n@left:registry=https://registry.example.com/npm/\n"),
        );
        write(
            &job,
            "package.json",
            manifest(
                "\"hello-contoso\":\"1.0.0\",\"left-behind\":\"https://registry.example.com/npm/left-behind/-/left-behind-1.0.0.tgz\"",
            ),
        );
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let sources = job.sources();
        script(&mut job, &sources, &command);
        assert!(installed(&sources, "hello-contoso") && installed(&sources, "left-behind"), "{client}");

        // A user's own credential for the whole host goes to whatever has no nearer one.
        if client == "yarn" {
            continue;
        }
        let mut job = crate::support::job(&emulator);
        write_file(&job.home().join(".npmrc"), "//pkgs.dev.azure.com/:_authToken=USERS\n");
        write(&job, ".npmrc", format!("registry={FEED}\n@fabrikam:registry={}\n", FEED.replace("contoso", "fabrikam")));
        write(&job, "package.json", manifest("\"hello-contoso\":\"1.0.0\",\"@fabrikam/plant\":\"1.0.0\""));
        run(&emulator, &mut job, &step());
        emulator.clear_requests();
        let sources = job.sources();
        job.run_script(&command, &sources).unwrap();
        let requests = emulator.requests_to("pkgs.dev.azure.com");
        let to = |name: &str| requests.iter().filter(|request| request.path.starts_with(name)).collect::<Vec<_>>();
        let (own, far) = (to("/contoso/"), to("/fabrikam/"));
        assert!(
            !far.is_empty()
                && far.iter().all(|r| r.secrets.is_empty() && format!("{:?}", r.authorization).contains("Unknown")),
            "{client} {far:?}"
        );
        assert!(own.iter().all(|request| request.authorization.is_token()), "{client} {own:?}");
    }
}

/// yarn 1 sends a registry's credential along to any address for which a file has another: where a lock file leads a package of the feed
/// there, nothing is set up. Else packages without a scope come with the token, though no file has `always-auth`.
#[test]
fn yarn_1_shows_the_token_to_no_other_registry_and_to_the_feed_for_every_package() {
    let Some(command) = command("yarn") else { return };
    let entry = |name: &str, registry: &str| {
        format!("{name}@1.0.0:\n  version \"1.0.0\"\n  resolved \"{registry}{name}/-/{name}-1.0.0.tgz\"\n\n")
    };
    let (hello, away) = (entry("hello-contoso", FEED), "https://registry.example.com/npm/");
    let own = "//registry.example.com/npm/:_authToken=own\n";
    for (rc, lock, is_served) in [
        (String::new(), hello.clone(), true),
        (own.to_owned(), hello.clone(), true),
        (String::new(), hello.clone() + &entry("left-behind", away), true),
        (own.to_owned(), hello.clone() + &entry("left-behind", away), false),
        (format!("{own}always-auth=true\n"), hello + &entry("left-behind", away), false),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("registry={FEED}\n@left:registry={away}\n{rc}"));
        let left = if lock.contains("left-behind") { ",\"left-behind\":\"1.0.0\"" } else { "" };
        write(&job, "package.json", manifest(&format!("\"hello-contoso\":\"1.0.0\"{left}")));
        write(&job, "yarn.lock", format!("# yarn lockfile v1\n\n\n{lock}"));
        let outcome = run(&emulator, &mut job, &step());
        let words = ["yarn.lock", "registry.example.com", "where yarn would send the token too"];
        assert_eq!(warned(&outcome, &words), !is_served, "{rc} {:?}", outcome.warnings);
        emulator.clear_requests();
        let sources = job.sources();
        let seen = job.run_script(&command, &sources).unwrap();
        assert_eq!(seen.succeeded(), is_served, "{rc} {}", seen.raw);
        assert!(with_token(&emulator.requests_to("registry.example.com")).is_empty(), "{rc}");
        assert_eq!(!with_token(&emulator.requests()).is_empty(), is_served, "{rc} {:?}", emulator.requests());
    }
}
