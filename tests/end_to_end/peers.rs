//! The recorded cases of Microsoft's own tasks: the same credential for the same feeds, without their defects.
//!
//! `tests/cases/vectors/peers.json` says per case how ours must compare (`conform`); what its files show of the job's token holds
//! for ours. Their checkouts and home folders change, ours do not.

use std::collections::BTreeSet;

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::{Emulator, World};
use serde_json::Value;

use crate::support::{
    Snapshot, assert_refused, bare_step, emulator, finish, in_one_tenant, job, named, read, run, step, variable,
    warned, write, write_file,
};

pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../cases/vectors/peers.json")).unwrap()
}

const OTHER_REGISTRIES: &str =
    "credentials of other registries, kept in service connections of other kinds: no input takes one";

/// The cases that are not run, by their ids, and why they cannot apply.
const NOT_APPLICABLE: &[(&str, &str)] = &[
    ("npm-endpoint-token-external", OTHER_REGISTRIES),
    ("npm-endpoint-userpass", OTHER_REGISTRIES),
    ("npm-checked-in-credentials", OTHER_REGISTRIES),
    ("npm-not-npmrc", "no input names a file"),
    ("maven-connections", OTHER_REGISTRIES),
    ("pip1-external", OTHER_REGISTRIES),
    ("twine1-external-token", OTHER_REGISTRIES),
    ("twine1-duplicate", OTHER_REGISTRIES),
    ("nuget1-connections", OTHER_REGISTRIES),
    ("nuget1-wif-and-connections", OTHER_REGISTRIES),
    ("cargo-ext-userpass", OTHER_REGISTRIES),
    ("cargo-public-registry", OTHER_REGISTRIES),
];
/// What the ids of the cases begin with that a test runs. Each test runs all of them, and says how many there are.
const RUN: [&str; 11] = [
    "conda-",
    "npm-",
    "maven-",
    "nuget1-",
    "pip1-",
    "twine1-",
    "cargo-",
    "gradle-",
    "seq-npm",
    "seq-maven",
    "seq-gradle",
];

fn is_applicable(case: &Value) -> bool {
    NOT_APPLICABLE.iter().all(|(id, _)| *id != text(case, "id"))
}

/// The cases whose ids begin so, but those that cannot apply.
pub fn cases(prefix: &str) -> Vec<Value> {
    let all = vectors()["cases"].as_array().unwrap().clone();
    all.into_iter().filter(|case| text(case, "id").starts_with(prefix) && is_applicable(case)).collect()
}

#[test]
fn every_case_is_run_or_has_a_reason() {
    let vectors = vectors();
    let all = ["cases", "sequences"].into_iter().flat_map(|list| vectors[list].as_array().unwrap());
    let ids: Vec<&str> = all.map(|case| text(case, "id")).collect();
    for (id, why) in NOT_APPLICABLE {
        assert!(ids.contains(id) && !why.is_empty(), "{id}");
    }
    for id in ids {
        let has_reason = NOT_APPLICABLE.iter().any(|(known, _)| *known == id);
        assert!(has_reason || RUN.iter().any(|prefix| id.starts_with(prefix)), "{id} is neither run nor has a reason");
    }
}

pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Writes a case's files where they belong in a job.
pub fn write_files(job: &Job<'_>, files: &Value) {
    for (path, content) in files.as_object().into_iter().flatten() {
        let content = content.as_str().unwrap();
        if let Some(path) = path.strip_prefix("repo/") {
            write(job, path, content);
        } else if let Some(path) = path.strip_prefix("home/") {
            write_file(&job.home().join(path), content);
        }
    }
}

/// The key prefixes for which an rc file has a token.
fn npm_prefixes(rc: &str) -> BTreeSet<String> {
    rc.lines().filter_map(|line| Some(line.split_once(":_authToken")?.0.trim().to_owned())).collect()
}

#[test]
fn npm_registries_get_what_they_get_there_and_no_others() {
    let mut compared = 0;
    for case in cases("npm-") {
        let (id, conform) = (text(&case, "id"), text(&case, "conform"));
        compared += 1;
        if text(&case, "result") == "Failed" {
            refused_with_a_cause(&case);
            continue;
        }
        let emulator = in_one_tenant(World::sample());
        let mut job = job(&emulator);
        write_files(&job, &case["files_before"]);
        let before = Snapshot::below(&job.sources());
        // Their `feedUrl` permits one feed; ours permits its organization.
        let outcome = run(&emulator, &mut job, &step().input("feeds", text(&case["inputs"], "feedUrl")));
        before.assert_same(&Snapshot::below(&job.sources()), id);
        let theirs = &npm_prefixes(text(&case["files_after"], "repo/.npmrc"))
            - &npm_prefixes(text(&case["files_before"], "repo/.npmrc"));
        let ours = npm_prefixes(&read(variable(&job, "NPM_CONFIG_USERCONFIG")));
        let permitted = |prefix: &&String| {
            // yarn 1 keeps the default port in its keys.
            let prefix = prefix.replace(":443/", "/");
            prefix.starts_with("//pkgs.dev.azure.com/contoso/")
                || prefix.starts_with("//pkgs.dev.azure.com/Contoso/")
                || (id == "npm-wif-feedurl" && prefix.starts_with("//pkgs.dev.azure.com/fabrikam/"))
        };
        // Theirs hands the token to whatever authority the repository's own file trusts.
        let led_elsewhere = text(&case["files_before"], "repo/.npmrc").contains("cafile=");
        let expected: BTreeSet<String> = theirs.iter().filter(permitted).filter(|_| !led_elsewhere).cloned().collect();
        assert_eq!(
            led_elsewhere,
            outcome.warnings.iter().any(|warning| warning.contains("certificate authority")),
            "{id}"
        );
        assert!(expected.is_subset(&ours), "{id}: {expected:?} in {ours:?}");
        assert!(ours.iter().all(|prefix| permitted(&prefix)), "{id}: {ours:?}");
        match conform {
            "match" => assert_eq!(expected, theirs, "{id}"),
            "match-auth-only" => assert!(theirs.is_empty() && ours.is_empty(), "{id}: {ours:?}"),
            _ => assert_eq!(conform, "differ", "{id}"),
        }
        if id == "npm-sat-other-org-same-host" {
            assert!(outcome.warnings.iter().any(|warning| warning.contains("fabrikam")), "{:?}", outcome.warnings);
        }
        finish(&mut job);
    }
    assert_eq!(compared, 12);
}

/// Theirs fails too; ours says why.
fn refused_with_a_cause(case: &Value) {
    let mut world = World::sample();
    let feed = text(&case["inputs"], "feedUrl");
    let (step, words) = match text(case, "id") {
        "npm-feedurl-without-connection" => (bare_step().input("feeds", feed), "azureDevOpsServiceConnection"),
        id => {
            assert_eq!(id, "npm-wif-entra-error");
            world.applications.iter_mut().for_each(|application| application.federated_credentials.clear());
            (step(), "AADSTS70025")
        }
    };
    let emulator = Emulator::start(world).unwrap();
    let mut job = job(&emulator);
    write_files(&job, &case["files_before"]);
    assert_refused(&emulator, &mut job, &step, &[words]);
}

#[test]
fn maven_servers_get_what_they_get_there_and_the_rest_stays() {
    let mut compared = 0;
    for case in cases("maven-") {
        let (id, conform) = (text(&case, "id"), text(&case, "conform"));
        let names: Vec<&str> =
            text(&case["inputs"], "artifactsFeeds").split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
        let feeds: Vec<String> = names
            .iter()
            .map(|name| format!("{name} = https://pkgs.dev.azure.com/contoso/_packaging/{name}/maven/v1"))
            .collect();
        let emulator = emulator();
        let mut job = job(&emulator);
        write_files(&job, &case["files_before"]);
        let before = Snapshot::of(&job);
        let step = step().input("tools", "maven").input("feeds", &feeds.join("\n"));
        if conform == "match-failure" {
            assert_refused(&emulator, &mut job, &step, &["settings.xml"]);
            compared += 1;
            continue;
        }
        let outcome = run(&emulator, &mut job, &step);
        if names.is_empty() {
            assert_eq!((id, conform), ("maven-wif-no-feeds", "inform"));
            assert!(warned(&outcome, &["maven: no file", "names a feed"]), "{:?}", outcome.warnings);
            finish(&mut job);
            before.assert_same(&Snapshot::of(&job), id);
            compared += 1;
            continue;
        }
        let settings = read(job.home().join(".m2/settings.xml"));
        let prefixed = id == "maven-ns-prefix";
        for name in &names {
            let element = if prefixed { format!("s:id>{name}<") } else { format!("<id>{name}</id>") };
            assert!(settings.contains(&element), "{id}: {settings}");
        }
        // The installed Maven does not take a prefixed file, with or without this task.
        assert_eq!(
            outcome.warnings.iter().any(|warning| warning.contains("prefix")),
            prefixed,
            "{id}: {:?}",
            outcome.warnings
        );
        assert!(settings.contains("${env.ADO_ENTRA_AUTH_MAVEN_CONTOSO}"), "{id}: {settings}");
        for line in
            text(&case["files_before"], "home/.m2/settings.xml").lines().filter(|line| !line.contains("settings"))
        {
            assert!(settings.contains(line), "{id}: {line}");
        }
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), id);
        compared += 1;
    }
    assert_eq!(compared, 8);
}

#[test]
fn nuget_endpoints_get_what_they_get_there() {
    let mut compared = 0;
    for case in cases("nuget1-") {
        // Theirs takes no connection to an organization where its own page has it take one.
        let (id, feed) = (text(&case, "id"), text(&case["inputs"], "feedUrl"));
        let emulator = in_one_tenant(World::sample());
        let mut job = job(&emulator);
        write_file(&job.home().join(".nuget/plugins/netcore/CredentialProvider.Microsoft/x.dll"), "");
        let given =
            if feed.is_empty() { "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json" } else { feed };
        let step = step().input("tools", "nuget").input("feeds", given);
        if text(&case, "conform") == "match-failure" {
            assert_refused(&emulator, &mut job, &step, &["'feeds'", given]);
        } else {
            // Theirs refuses a feed of the pipeline's own organization; ours has no reason to.
            run(&emulator, &mut job, &step);
            let set: Value = serde_json::from_str(&variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS")).unwrap();
            let endpoint = &set["endpointCredentials"][0];
            assert_eq!(
                (text(endpoint, "endpoint"), text(endpoint, "password")),
                (given, variable(&job, "ADO_ENTRA_TOKEN").as_str())
            );
            let set_there = case["pipeline_variables_set"].as_array().cloned().unwrap_or_default();
            if let Some(theirs) = set_there.iter().find(|set| text(set, "name") == "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS")
            {
                let theirs: Value = serde_json::from_str(text(theirs, "value")).unwrap();
                assert_eq!(theirs["endpointCredentials"][0]["endpoint"], endpoint["endpoint"], "{id}");
            }
            finish(&mut job);
        }
        compared += 1;
    }
    assert_eq!(compared, 6);
}

/// Their sequences of several runs, the ones that lose files or leave credentials among them.
#[test]
fn sequences_end_as_they_began() {
    let mut compared = 0;
    for sequence in vectors()["sequences"].as_array().unwrap() {
        let id = text(sequence, "id");
        if !id.starts_with("seq-npm") && !id.starts_with("seq-maven") {
            continue;
        }
        let emulator = emulator();
        let mut job = job(&emulator);
        write_files(&job, &sequence["files_before"]);
        let before = Snapshot::of(&job);
        let mains = sequence["steps"].as_array().unwrap().iter().filter(|step| text(step, "stage") == "main");
        for (number, theirs) in mains.enumerate() {
            let inputs = &theirs["inputs"];
            let feeds = text(inputs, "artifactsFeeds").split(',').map(str::trim).filter(|name| !name.is_empty());
            let feeds =
                feeds.map(|name| format!("{name}=https://pkgs.dev.azure.com/contoso/_packaging/{name}/maven/v1"));
            let feeds = feeds.collect::<Vec<_>>().join("\n");
            let ours: TaskStep = named(&step().input("feeds", &feeds), &format!("step{number}"));
            run(&emulator, &mut job, &ours);
        }
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), id);
        compared += 1;
    }
    assert_eq!(compared, 5);
}
