//! The recorded cases of Microsoft's tasks for clients that ask this program, and conda. Theirs put the token where the client
//! reads it; here the client asks for the same address, and is given the token by itself.

use std::collections::BTreeSet;

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::world::Feed;
use ado_entra_auth_emulator::{Emulator, World};
use serde_json::Value;

use crate::peers::{cases, text, write_files};
use crate::support::{Snapshot, finish, in_one_tenant, in_parallel, job, run, step, variable, warned};

/// The feeds of a case as the input `feeds` names them: theirs are names in the pipeline's own organization, or an address.
fn feeds(case: &Value, protocol: &str) -> Vec<String> {
    let inputs = &case["inputs"];
    let listed = [text(inputs, "artifactFeeds"), text(inputs, "artifactFeed")].join(",");
    let of_name = |name: &str| {
        let (project, feed) = name.split_once('/').map_or((String::new(), name), |(p, f)| (format!("{p}/"), f));
        format!("https://pkgs.dev.azure.com/contoso/{project}_packaging/{feed}/pypi/{protocol}/").replace(' ', "%20")
    };
    let named = listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(of_name);
    named.chain(Some(text(inputs, "feedUrl").to_owned()).filter(|url| !url.is_empty())).collect()
}

/// The addresses for which their variables or files hold the token, without the user.
fn theirs(case: &Value) -> BTreeSet<String> {
    let set = case["pipeline_variables_set"].as_array().into_iter().flatten().map(|set| text(set, "value"));
    let files = case["files_after"].as_object().into_iter().flatten().filter_map(|(_, text)| text.as_str());
    let words = set.chain(files).flat_map(|text| text.split(|c: char| c.is_whitespace() || c == '='));
    let addresses = words.filter_map(|word| url::Url::parse(word).ok()).filter(|url| url.scheme() == "https");
    addresses
        .map(|mut url| {
            url.set_username("").unwrap();
            url.set_password(None).unwrap();
            url.to_string()
        })
        .collect()
}

/// Whether a later step's client is given the token for an address.
pub fn is_answered(emulator: &Emulator, job: &mut Job<'_>, command: &str) -> bool {
    let sources = job.sources();
    let said = job.run_script(command, &sources).unwrap();
    !emulator.leaks_in(said.raw.as_bytes()).is_empty()
}

#[test]
fn pips_and_twines_feeds_are_answered_for_where_theirs_hold_the_token() {
    let rows: Vec<(&str, &str, Value)> = [("pip", "simple", "pip1-"), ("twine", "upload", "twine1-")]
        .into_iter()
        .flat_map(|(tool, protocol, prefix)| cases(prefix).into_iter().map(move |case| (tool, protocol, case)))
        .collect();
    assert_eq!(rows.len(), 8);
    in_parallel(&rows, |(tool, protocol, case)| {
        let (id, conform) = (text(case, "id"), text(case, "conform"));
        let emulator = in_one_tenant(World::sample());
        let mut job = job(&emulator);
        write_files(&job, &case["files_before"]);
        for (name, value) in case["environment"].as_object().into_iter().flatten() {
            // Their connection is ours, by another input.
            if !name.starts_with("ENDPOINT_") {
                let value = value.as_str().unwrap().replace("{D}/repo", &job.sources().display().to_string());
                job.set_variable(Variable::public(name, &value));
            }
        }
        let (before, feeds) = (Snapshot::of(&job), feeds(case, protocol));
        let outcome = run(&emulator, &mut job, &step().input("tools", tool).input("feeds", &feeds.join("\n")));
        let theirs = theirs(case);
        let extra = variable(&job, "PIP_EXTRA_INDEX_URL");
        for url in &feeds {
            assert!(is_answered(&emulator, &mut job, &format!("keyring get '{url}' any")), "{id}: {url}");
            let (_, address) = url.split_once("://").unwrap();
            // Where pip before 26.2 asks: at an address with a user.
            assert!(*tool != "pip" || extra.contains(&format!("@{address}")), "{id}: {extra}");
        }
        if conform == "match" {
            assert_eq!(feeds.iter().cloned().collect::<BTreeSet<_>>(), theirs, "{id}");
            assert!(outcome.warnings.is_empty(), "{id}: {:?}", outcome.warnings);
        }
        match id {
            // Theirs leaves the connection unused and says nothing.
            "pip1-wif-connection-only" => assert!(warned(&outcome, &["pip: no file", "names a feed"]), "{id}"),
            // Theirs replaces what stood there.
            "pip1-second-run-replaces-extra" => {
                assert!(extra.contains("/_packaging/old/pypi/simple/"), "{id}: {extra}");
                assert!(
                    warned(&outcome, &["PIP_EXTRA_INDEX_URL", "of your own for contoso/old"]),
                    "{:?}",
                    outcome.warnings
                );
            }
            _ => assert!(conform == "match" || id == "twine1-user-pypirc-clobbered", "{id}"),
        }
        // Theirs writes over the file that a variable names, and removes it.
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), id);
        for url in &feeds {
            assert!(!is_answered(&emulator, &mut job, &format!("keyring get '{url}' any")), "{id}: {url}");
        }
    });
}

/// The names and the indexes of registries, in either layout.
fn registries(config: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for line in config.lines() {
        section = line.strip_prefix("[registries.").map_or(section, |rest| rest.trim_end_matches(']'));
        let Some((before, rest)) = line.split_once("index = \"") else { continue };
        let name = before.split_once(" =").map_or(section, |(name, _)| name);
        found.push((name, rest.split('"').next().unwrap()));
    }
    found
}

#[test]
fn cargos_registries_are_answered_for_where_theirs_hold_the_token() {
    let rows = cases("cargo-");
    assert_eq!(rows.len(), 7);
    in_parallel(&rows, |case| {
        let (id, conform) = (text(case, "id"), text(case, "conform"));
        let mut world = World::sample();
        world.organizations[0].feeds.extend(["f1", "f2"].map(Feed::new));
        let emulator = in_one_tenant(world);
        let mut job = job(&emulator);
        write_files(&job, &case["files_before"]);
        for (name, value) in case["environment"].as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|_| !name.starts_with("ENDPOINT_")) {
                job.set_variable(Variable::public(name, value));
            }
        }
        let before = Snapshot::of(&job);
        let outcome = run(&emulator, &mut job, &step().input("tools", "cargo"));
        let set = case["pipeline_variables_set"].as_array().cloned().unwrap_or_default();
        for (name, index) in registries(text(&case["files_before"], "repo/.cargo/config.toml")) {
            let request = format!(
                "{{\"v\":1,\"registry\":{{\"index-url\":\"{index}\",\"name\":\"{name}\"}},\"kind\":\"get\",\"operation\":\"read\",\"args\":[]}}"
            );
            let command = format!("echo '{request}' | cargo-credential-ado-entra-auth --cargo-plugin");
            let ours = is_answered(&emulator, &mut job, &command);
            let variable = format!("CARGO_REGISTRIES_{}_TOKEN", name.to_uppercase().replace('-', "_"));
            let theirs = set.iter().any(|set| text(set, "name") == variable);
            // Theirs hands the token to another organization of the same host, and keeps a token of the user's that may have ended.
            let expected = !index.contains("/fabrikam/");
            assert_eq!(ours, expected, "{id}: {name}");
            assert!(conform != "match" || !theirs || ours, "{id}: {name}");
        }
        let says = match id {
            "cargo-sat-section-two" => vec!["fabrikam/f2", "not permitted"],
            // Theirs fails; a step of ours may have other tools to serve.
            "cargo-no-registries" => vec!["cargo: no file", "names a feed"],
            _ => Vec::new(),
        };
        assert_eq!(outcome.warnings.len(), usize::from(!says.is_empty()), "{id}: {:?}", outcome.warnings);
        assert!(says.is_empty() || warned(&outcome, &says), "{id}: {:?}", outcome.warnings);
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), id);
    });
}

/// conda asks nobody: its variable holds the token, there and here.
#[test]
fn condas_variable_holds_the_token_as_theirs_does() {
    let rows = cases("conda-");
    assert_eq!(rows.len(), 2);
    for case in &rows {
        let id = text(case, "id");
        let emulator = in_one_tenant(World::sample());
        let mut job = job(&emulator);
        let before = Snapshot::of(&job);
        let channel = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/v1/";
        run(&emulator, &mut job, &step().input("tools", "conda").input("feeds", channel));
        let name = text(&case["pipeline_variables_set"][0], "name");
        assert!(!variable(&job, name).is_empty(), "{id}: {name}");
        assert_eq!(variable(&job, name), variable(&job, "ADO_ENTRA_TOKEN"), "{id}: {name}");
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), id);
    }
}
