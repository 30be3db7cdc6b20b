//! Inputs and files that cannot be followed.

use std::process::Command;

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::world::{CONNECTION, World};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};

use crate::modes::link;
use crate::support::{
    assert_refused, bare_step, emulator, in_one_tenant, in_parallel, job, run, step, variable, warned, write,
    write_file,
};
use crate::undo::{NPMRC, fill_checkout};

/// Later values of an input win, as in the environment.
fn with(name: &str, value: &str) -> TaskStep {
    step().input(name, value)
}

#[test]
fn a_value_that_an_input_does_not_allow_fails_the_step() {
    let rows: &[(&str, &[&str])] = &[
        ("connectionType", &["github", "$(type)"]),
        ("azureDevOpsServiceConnection", &["feeds-reader", "$(connection)", "b6f3c1de-1111-4222-8333", "../b6f3c1de"]),
        ("tools", &["npm, foo", "foo", "auto,npm", "$(tools)", "npm,$(more)", "nmp\npip"]),
        (
            "feeds",
            &[
                "https://registry.example.com/npm/",
                "http://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/",
                "https://pkgs.dev.azure.com/contoso/feed1",
                "https://pkgs.dev.azure.com.evil.example/contoso/_packaging/feed1",
                "https://pkgs.dev.azure.com:444/contoso/_packaging/feed1",
                "feed1",
                "name=",
                "=https://pkgs.dev.azure.com/contoso/_packaging/feed1",
                "$(feed)",
            ],
        ),
        ("organizations", &["con toso", "https://evil.example/contoso", "contoso/Shop", "$(organization)", "-a"]),
        ("workingDirectory", &["absent", "/absent/folder", "package.json", "$(folder)"]),
        ("gitCredential", &["both", "$(mode)"]),
        (
            "tokenVariable",
            &["a-b", "1X", "PATH", "SYSTEM_X", "input_a", "$(name)", "a b", "GIT_CONFIG_COUNT", "TOKEN;issecret"],
        ),
        ("verify", &["yes", "1", "$(verify)"]),
        (
            "authorityHost",
            &[
                "http://login.microsoftonline.com",
                "https://login.microsoftonline.com/tenant",
                "https://user@login.microsoftonline.com",
                "https://login.microsoftonline.com:8443",
                "https://login.microsoftonline.com/?x=y",
                "login.microsoftonline.com",
                "$(authority)",
            ],
        ),
    ];
    let rows: Vec<(&str, &str)> =
        rows.iter().flat_map(|(name, values)| values.iter().map(|value| (*name, *value))).collect();
    let emulator = emulator();
    in_parallel(&rows, |(name, value)| {
        let mut job = job(&emulator);
        write(&job, "package.json", "{}");
        let outcome = assert_refused(&emulator, &mut job, &with(name, value), &[&format!("'{name}'")]);
        assert!(outcome.errors[0].contains(name), "{:?}", outcome.errors);
    });
    assert!(emulator.requests().is_empty(), "nothing is asked with a wrong input");
    let mut job = job(&emulator);
    assert_refused(&emulator, &mut job, &bare_step(), &["'azureDevOpsServiceConnection'", "missing"]);
}

#[test]
fn values_are_taken_as_people_write_them() {
    for (name, value) in [
        ("connectionType", "AzureDevOps"),
        ("verify", "False"),
        ("tools", " NPM ,\n git "),
        ("tools", "Auto"),
        ("gitCredential", "extraheader"),
        ("organizations", "\n https://dev.azure.com/fabrikam/ ,\r\n Contoso\n"),
        ("feeds", "own = https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/"),
        ("workingDirectory", "."),
        ("authorityHost", "https://LOGIN.microsoftonline.com/"),
        ("azureDevOpsServiceConnection", "B6F3C1DE-1111-4222-8333-444455556666"),
    ] {
        let emulator = in_one_tenant(World::sample());
        let mut job = job(&emulator);
        write(&job, ".npmrc", NPMRC);
        run(&emulator, &mut job, &with(name, value));
    }
}

#[test]
fn values_come_back_in_errors_as_they_were() {
    let emulator = emulator();
    for value in ["a;b]c", "100%", "%0A%0D%3B%5D", "%AZP25", "a=b;c=d]", "ü…😀", "'quoted'"] {
        let outcome = assert_refused(&emulator, &mut job(&emulator), &with("gitCredential", value), &["gitCredential"]);
        assert!(outcome.errors[0].contains(&format!("'{value}'")), "{value}: {:?}", outcome.errors);
    }
    for value in ["a\nb", "a\r\nb", "##vso[task.setvariable variable=x]y", "a\n##vso[task.complete result=Succeeded]"] {
        let mut job = job(&emulator);
        let outcome = assert_refused(&emulator, &mut job, &with("gitCredential", value), &["gitCredential"]);
        assert_eq!(variable(&job, "x"), "");
        assert_eq!(outcome.raw_stdout.matches("##vso[").count(), 2, "{}", outcome.raw_stdout);
    }
}

type Change = fn(&mut World);

#[test]
fn a_service_connection_that_cannot_serve_is_named() {
    let changes: [(Change, &str); 5] = [
        (|world| world.connections[0].scheme = "ServicePrincipal".into(), "ServicePrincipal"),
        (|world| world.connections[0].client_id = String::new(), "client id"),
        (|world| world.connections[0].client_id = "contoso-feeds-reader".into(), "client id"),
        (|world| world.connections[0].tenant = "../common".into(), "tenant id"),
        (|world| world.connections[0].tenant = "a.b/oauth2?x=".into(), "tenant id"),
    ];
    for (change, word) in changes {
        let mut world = World::sample();
        change(&mut world);
        let emulator = Emulator::start(world).unwrap();
        assert_refused(&emulator, &mut job(&emulator), &step(), &[CONNECTION, "cannot be used", word]);
        assert!(emulator.requests().is_empty());
    }
}

/// Each is left alone with a warning that names it, and everything else is set up.
#[test]
fn files_that_cannot_be_read_are_left_alone_and_named() {
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    let utf16: Vec<u8> = "\u{feff}registry=https://pkgs.dev.azure.com/contoso/_packaging/feed9/npm/registry/\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    write(&job, "utf16/.npmrc", utf16);
    write(&job, "pom/pom.xml", "<project><repositories></project>");
    write(&job, "nuget/nuget.config", "<configuration><packageSources>");
    write(&job, "folder/.npmrc/inside", "x");
    std::fs::create_dir_all(job.sources().join("links/loop")).unwrap();
    link("/dev/zero", job.sources().join("links/.npmrc")).unwrap();
    link(".npmrc", job.sources().join("links/loop/.npmrc")).unwrap();
    link("../..", job.sources().join("links/loop/up")).unwrap();
    link("absent", job.sources().join("links/package.json")).unwrap();
    // What is no configuration is left alone without a word: samples are often one comment.
    write(&job, "sample/pom.xml", "<!-- nothing yet -->\n");
    std::fs::create_dir(job.sources().join("pipe")).unwrap();
    assert!(Command::new("mkfifo").arg(job.sources().join("pipe/.npmrc")).status().unwrap().success());
    write(&job, "huge/yarn.lock", "");
    std::fs::File::options().write(true).open(job.sources().join("huge/yarn.lock")).unwrap().set_len(1 << 40).unwrap();
    let hostile = "odd\n##vso[task.setvariable variable=stolen]yes";
    write(&job, &format!("{hostile}/pom.xml"), "<project");
    let outcome = run(&emulator, &mut job, &step());
    for file in [
        "utf16/.npmrc",
        "pom/pom.xml",
        "nuget/nuget.config",
        "links/.npmrc",
        "links/loop/.npmrc",
        "pipe/.npmrc",
        "huge/yarn.lock",
        "**vso[task.setvariable variable=stolen]yes/pom.xml",
    ] {
        assert!(warned(&outcome, &[file]), "{file}: {:#?}", outcome.warnings);
    }
    assert!(!warned(&outcome, &["sample"]), "{:#?}", outcome.warnings);
    assert_eq!(variable(&job, "stolen"), "");
    // npm follows what stands in a lock file, so one that is too large to search takes its credential away.
    assert!(warned(&outcome, &["npm: no feed gets a token", "huge/yarn.lock"]), "{:#?}", outcome.warnings);
    for tool in ["maven:", "nuget:", "git:"] {
        assert!(outcome.log.contains(&format!("\n{tool} ")), "{}", outcome.log);
    }
}

/// A user's own file that would have to be carried over or changed: without it, builds would break in ways that nobody could
/// explain.
#[test]
fn the_users_own_file_that_cannot_be_used_fails_the_step() {
    // npm cannot read UTF-16 either, so such a file is no loss; a folder in its place may be anything.
    for (name, content, word) in
        [(".npmrc", None, "npm"), (".m2/settings.xml", Some("<settings><servers></settings>"), "maven")]
    {
        let emulator = emulator();
        let mut job = job(&emulator);
        fill_checkout(&job);
        match content {
            Some(content) => write_file(&job.home().join(name), content),
            None => std::fs::create_dir(job.home().join(name)).unwrap(),
        }
        let outcome = assert_refused(&emulator, &mut job, &step(), &[]);
        let error = &outcome.errors[0];
        assert!(error.contains(word) && error.contains(name), "{error}");
    }
}

#[test]
fn a_chosen_tool_without_a_feed_is_warned_of() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let outcome = run(&emulator, &mut job, &with("tools", "npm,maven,nuget"));
    for tool in ["npm", "maven", "nuget"] {
        assert!(warned(&outcome, &[tool, "'feeds'"]), "{:?}", outcome.warnings);
    }
    // `auto` says nothing of tools that the workspace does not use.
    let outcome = run(&emulator, &mut job, &TaskStep { name: "auto".into(), ..step() });
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[test]
fn the_step_may_be_forbidden_to_set_its_variables() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let step = TaskStep { settable_variables: Some(Vec::new()), ..step() };
    let outcome = job.run_task(&step).unwrap();
    assert!(outcome.variables_set.is_empty() && !outcome.warnings.is_empty());
    for outcome in job.finish().unwrap() {
        assert!(outcome.errors.is_empty());
    }
}

/// A folder to write to that is missing or full of something else.
#[test]
fn a_place_that_cannot_be_written_fails_the_step_and_leaves_no_trace() {
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    // A file where the folder of Maven's settings belongs.
    write_file(&job.home().join(".m2"), "x");
    assert_refused(&emulator, &mut job, &step(), &[".m2"]);

    let mut job = crate::support::job(&emulator);
    fill_checkout(&job);
    write_file(&job.home().join(".ado-entra-auth"), "x");
    assert_refused(&emulator, &mut job, &step(), &[".ado-entra-auth", "remove"]);

    let mut job = crate::support::job(&emulator);
    std::fs::remove_dir_all(job.temp()).unwrap();
    assert_refused(&emulator, &mut job, &step(), &["temporary folder"]);
}

#[test]
fn trouble_of_the_service_comes_before_nothing_else() {
    // Both the workspace and the service are at fault: one error all the same.
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    write_file(&job.home().join(".m2/settings.xml"), "<settings>");
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(90_002)));
    assert_refused(&emulator, &mut job, &step(), &[]);
}
