//! The dry run: what a run would write, and nothing written.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use ado_entra_auth_emulator::agent::Job;
use serde_json::Value;

use crate::support::{Snapshot, emulator, job, program, run, step, write, write_file};

/// A dry run in an environment of its own.
fn dry_run(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = program();
    command.arg("dry-run").args(arguments).env_clear().env("HOME", home).envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const NPMRC: &str = "registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n";
const POM: &str = "<project><repositories><repository><id>feed1</id>\
    <url>https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1</url></repository></repositories></project>";

#[test]
fn it_shows_everything_and_writes_and_asks_nothing() {
    let emulator = emulator();
    let job = job(&emulator);
    write(&job, ".npmrc", NPMRC);
    write(&job, "pom.xml", POM);
    write_file(&job.home().join(".npmrc"), "//registry.example.com/:_authToken=the-users-secret\n");
    let endpoints =
        r#"{"endpointCredentials":[{"endpoint":"https://registry.example.com/","password":"the-users-secret"}]}"#;
    let before = Snapshot::of(&job);
    let directory = job.sources().display().to_string();
    let own = job.home().join(".npmrc").display().to_string();
    let variables = [
        ("NPM_CONFIG_USERCONFIG", own.as_str()),
        ("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", endpoints),
        ("MAVEN_OPTS", &format!("-Duser.home={}", job.home().display())),
    ];
    let feeds = "feeds=feed1=https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json";
    let arguments = ["--working-directory", &directory, "--input", "organizations=contoso", "--input", feeds];
    let shown = dry_run(job.home(), &variables, &arguments);
    assert!(shown.status.success());
    let shown = text(&shown);
    for words in [
        "ADO_ENTRA_TOKEN = ***  (secret: map it with env: where a script needs it)",
        "ADO_ENTRA_AUTH_RUNS = ",
        "ADO_ENTRA_AUTH_KEY_NEW_IN_EACH_RUN = ",
        "npm    contoso/feed1 (.npmrc), by a variable with a random name",
        "maven  contoso/feed1 (pom.xml), by a variable with a fixed name",
        "git    repositories of contoso (the input 'organizations'), asks a credential helper",
        "//pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/:_authToken=${ADO_ENTRA_AUTH_NEW_IN_EACH_RUN_CONTOSO}",
        "<password>${env.ADO_ENTRA_AUTH_MAVEN_CONTOSO}</password>",
        "1 line of your own file",
        "The token may go to contoso",
    ] {
        assert!(shown.contains(words), "{words} is missing in:\n{shown}");
    }
    let json = dry_run(job.home(), &variables, &[&arguments[..], &["--format", "json"]].concat());
    let parsed: Value = serde_json::from_str(&text(&json)).unwrap();
    assert_eq!(parsed["version"], 1);
    let served: Vec<&str> =
        parsed["served"].as_array().unwrap().iter().map(|served| served["tool"].as_str().unwrap()).collect();
    assert_eq!(served, ["npm", "maven", "nuget", "git"]);
    let sources = parsed["served"].as_array().unwrap().iter().map(|served| served["tokenSource"].as_str().unwrap());
    assert_eq!(sources.collect::<Vec<_>>(), ["reference", "sharedReference", "reference", "helper"]);
    let after_job = |kind: &str| {
        let of_kind = parsed["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == kind);
        of_kind.map(|change| change["afterJob"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(after_job("privateFile").iter().all(|after| after == "removed"));
    assert!(
        after_job("variable").contains(&"restored".to_owned()) && after_job("variable").contains(&"unset".to_owned())
    );
    assert!(!after_job("sharedFile").is_empty());
    for output in [&shown, &text(&json)] {
        assert!(!output.contains("the-users-secret"), "a secret of the user's is shown:\n{output}");
    }
    before.assert_same(&Snapshot::of(&job), "after a dry run");
    assert!(emulator.requests().is_empty() && emulator.connects().is_empty());
}

/// Each name, with what is new in each run left out of it.
#[test]
fn it_names_every_variable_that_a_run_sets() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", NPMRC);
    write(&job, "pom.xml", POM);
    write(
        &job,
        "nuget.config",
        "<configuration><packageSources><add key='feed1' \
        value='https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json'/></packageSources></configuration>",
    );
    write(
        &job,
        ".cargo/config.toml",
        "[registries.feed1]\n\
        index = 'sparse+https://pkgs.dev.azure.com/contoso/_packaging/feed1/Cargo/index/'\n",
    );
    let stable = |name: &str| {
        let parts = name.to_ascii_uppercase();
        let parts = parts.split('_').filter(|part| part.len() != 32 && !["NEW", "IN", "EACH", "RUN"].contains(part));
        parts.collect::<Vec<_>>().join("_")
    };
    let directory = job.sources().display().to_string();
    let workspace = job.root().join("1").display().to_string();
    let variables = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PIPELINE_WORKSPACE", workspace.as_str())];
    let arguments = ["--working-directory", &directory, "--input", "organizations=contoso", "--format", "json"];
    let shown: Value = serde_json::from_str(&text(&dry_run(job.home(), &variables, &arguments))).unwrap();
    let changes = shown["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == "variable");
    let shown: BTreeSet<String> = changes.map(|change| stable(change["name"].as_str().unwrap())).collect();
    let names = |job: &Job<'_>| job.variables().iter().map(|variable| stable(&variable.name)).collect::<BTreeSet<_>>();
    let before = names(&job);
    run(&emulator, &mut job, &step());
    let set: BTreeSet<String> = names(&job).difference(&before).cloned().collect();
    assert!(set.len() > 8, "{set:?}");
    assert_eq!(shown, set);
}

/// A file that is no text is told by name, purpose and length; JSON has its text.
#[test]
fn the_module_for_python_is_told_and_not_printed() {
    let home = tempfile::tempdir().unwrap();
    let url = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/";
    write_file(&home.path().join("s/.pypirc"), format!("[f]\nrepository = {url}\n"));
    let directory = home.path().join("s").display().to_string();
    let arguments = ["--working-directory", &directory, "--input", "organizations=contoso"];
    let shown = text(&dry_run(home.path(), &[], &arguments));
    let module = include_str!("../../src/tools/python/backend.py");
    let lines = module.lines().count();
    assert!(shown.contains("ado_entra_auth_keyring-1-py3-none-any.whl"), "{shown}");
    assert!(shown.contains(&format!("a module by which Python asks this program, {lines} lines")), "{shown}");
    assert!(!shown.contains("import json"), "{shown}");
    let json: Value =
        serde_json::from_str(&text(&dry_run(home.path(), &[], &[&arguments[..], &["--format", "json"]].concat())))
            .unwrap();
    assert!(json["changes"].as_array().unwrap().iter().any(|change| change["added"] == module));
}

#[test]
fn texts_of_the_repository_command_nothing() {
    let emulator = emulator();
    let job = job(&emulator);
    let hostile = "##vso[task.setvariable variable=PWNED]yes";
    write(&job, "pom.xml", POM.replace("<id>feed1</id>", &format!("<id>{hostile}</id>")));
    write(&job, &format!("{hostile}/.npmrc"), NPMRC.replace("contoso", "fabrikam"));
    let directory = job.sources().display().to_string();
    for format in ["text", "json"] {
        let arguments = ["--working-directory", &directory, "--input", "organizations=contoso", "--format", format];
        let output = dry_run(job.home(), &[], &arguments);
        assert!(output.status.success());
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(all).unwrap().contains("##"), "{format}");
    }
}

#[test]
fn it_ends_as_a_command_does() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().display().to_string();
    for (arguments, code, words) in [
        (vec!["--working-directory", &directory], 0, "no organization is permitted here"),
        (vec!["--input", "tools=cargoo"], 1, "remedy: "),
        (vec!["--working-directory", "/there/is/no/such/folder"], 1, "workingDirectory"),
        (vec!["--input", "tools"], 2, "has no '='"),
        (vec!["--input", "organisations=contoso"], 2, "the task has no input 'organisations'"),
        (vec!["--format", "xml"], 2, "xml"),
    ] {
        let output = dry_run(home.path(), &[], &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let said = text(&output) + &String::from_utf8(output.stderr.clone()).unwrap();
        assert!(said.contains(words), "{said}");
    }
    let refused = dry_run(home.path(), &[], &["--input", "tools=cargoo", "--format", "json"]);
    let parsed: Value = serde_json::from_str(&text(&refused)).unwrap();
    assert!(parsed["error"].as_str().unwrap().contains("cargoo") && parsed["version"] == 1);
}
