//! Where npm's configuration stands in other files, in variables, or in other spellings: found and served, or said.

use ado_entra_auth_emulator::agent::Variable;

use crate::npm::{FEED, FLAGS, installed, package};
use crate::support::{
    assert_succeeded, emulator, in_parallel, job, run, script, step, tool, warned, with_token, write, write_file,
};

/// A name, files, variables of the job, and a later step's command.
type Row<'r> = (&'r str, Vec<(&'r str, String)>, Vec<(&'r str, &'r str)>, String);

/// A variable, other file names, pnpm's workspace, Rush, several files: a later step's plain command works, and nothing is warned of.
#[test]
fn configuration_is_found_wherever_a_command_takes_it_from() {
    if tool("npm").is_none() || tool("pnpm").is_none() {
        return;
    }
    let pnpm = format!("'{}' install --no-frozen-lockfile", tool("pnpm").unwrap().display());
    let npm = format!("npm install {FLAGS}");
    let copied = |from: &str| format!("cp {from} .npmrc && npm install {FLAGS}");
    let rows: Vec<Row<'_>> = vec![
        ("a variable", vec![], vec![("NPM_CONFIG_REGISTRY", FEED)], npm.clone()),
        ("a variable in lower case", vec![], vec![("npm_config_registry", FEED)], npm.clone()),
        (
            "another name",
            vec![(".pipelines/release.npmrc", format!("registry={FEED}\nalways-auth=true\n"))],
            vec![],
            copied(".pipelines/release.npmrc"),
        ),
        (
            "a suffix",
            vec![("common/.npmrc-publish", format!("registry={FEED}\n"))],
            vec![],
            copied("common/.npmrc-publish"),
        ),
        (
            "pnpm's workspace",
            vec![("pnpm-workspace.yaml", format!("packages: ['.']\nregistries:\n  default: {FEED}\n"))],
            vec![],
            pnpm,
        ),
        (
            "pnpm's workspace, one line",
            vec![("pnpm-workspace.yaml", format!("registry: \"{FEED}\"\n"))],
            vec![],
            copied("common/rc"),
        ),
        (
            "Rush",
            vec![("common/config/rush/.npmrc", format!("registry={FEED}\n"))],
            vec![],
            copied("common/config/rush/.npmrc"),
        ),
        (
            "a tarball",
            vec![
                (
                    "package.json",
                    package(&["@contoso/hello"])
                        .replace("1.0.0\"}", &format!("{FEED}@contoso/hello/-/hello-1.0.0.tgz\"}}")),
                ),
                (".npmrc", format!("registry={FEED}\n")),
            ],
            vec![],
            npm.clone(),
        ),
        (
            "one of several",
            vec![
                (".npmrc", "registry=https://registry.example.com/npm/\n".to_owned()),
                ("b/.npmrc", format!("registry={FEED}\n")),
            ],
            vec![],
            copied("b/.npmrc"),
        ),
    ];
    in_parallel(&rows, |(name, files, variables, command)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        for (name, value) in variables {
            let variable = Variable::public(name, value);
            job.set_variable(Variable { preserve_case: name.starts_with('n'), ..variable });
        }
        write(&job, "common/rc", format!("registry={FEED}\n"));
        write(&job, "package.json", package(&["@contoso/hello"]));
        for (path, text) in files {
            write(&job, path, text);
        }
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{name}: {:?}", outcome.warnings);
        let sources = job.sources();
        let seen = job.run_script(command, &sources).unwrap();
        assert!(seen.succeeded() && installed(&sources, "@contoso/hello"), "{name}: {}", seen.raw);
    });
}

/// Only a later step knows the registry. The warning names the line and a remedy that works; where the address is surely
/// another's, nothing is said.
#[test]
fn a_registry_that_cannot_be_told_is_said_with_the_remedy() {
    if tool("npm").is_none() {
        return;
    }
    for (rc, said) in [
        ("registry=${COMPANY_REGISTRY}\n", true),
        ("registry=https://pkgs.dev.azure.com/${COMPANY}/_packaging/feed1/npm/registry/\n", true),
        ("registry=https://registry.example.com/${COMPANY}/\n", false),
        ("//registry.example.com/:_authToken=${COMPANY_TOKEN}\n", false),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", rc);
        let outcome = job.run_task(&step()).unwrap();
        assert_succeeded(&outcome);
        assert_eq!(warned(&outcome, &[".npmrc line 1", "'feeds'"]), said, "{rc} {:?}", outcome.warnings);
        assert_eq!(outcome.warnings.len(), usize::from(said), "{rc} {:?}", outcome.warnings);
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", "registry=${COMPANY_REGISTRY}\n");
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step().input("feeds", FEED));
    let sources = job.sources();
    let command = format!("npm install {FLAGS}");
    let seen = job.run_script_with_env(&command, &sources, &[("COMPANY_REGISTRY", FEED)]).unwrap();
    assert!(installed(&sources, "@contoso/hello"), "{}", seen.raw);
}

/// yarn 1 keeps the default port in its keys.
#[test]
fn a_default_port_that_is_written_out_works_with_every_client() {
    for (client, arguments) in [("npm", FLAGS), ("pnpm", "--no-frozen-lockfile"), ("yarn", "--non-interactive")] {
        let Some(program) = tool(client) else { continue };
        let emulator = emulator();
        let mut job = job(&emulator);
        let url = FEED.replace("azure.com/", "azure.com:443/");
        write(&job, ".npmrc", format!("@contoso:registry={url}\nregistry={FEED}\nalways-auth=true\n"));
        write(&job, "package.json", package(&["@contoso/hello"]));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let sources = job.sources();
        script(&mut job, &sources, &format!("'{}' install {arguments}", program.display()));
        assert!(installed(&sources, "@contoso/hello"), "{client}");
        assert!(!with_token(&emulator.requests()).is_empty());
    }
}

/// A credential of the repository's own is warned of where the client that is named prefers it, and only there.
#[test]
fn credentials_of_the_repositorys_own_are_warned_of_truly() {
    let near = FEED.trim_start_matches("https:");
    let up = near.trim_end_matches("registry/");
    let stale = "b2xkOnN0YWxl";
    // What stands there, which words the warning has, and with which clients the feed works.
    let rows = [
        (format!("{near}:_authToken=old\n"), Some("remove the line"), [false, false, false]),
        (format!("{up}:_authToken=stale\n"), None, [true, true, true]),
        (format!("{near}:_auth={stale}\n"), Some("which pnpm prefers"), [true, false, true]),
        (format!("{near}:_authToken=${{NPM_TOKEN}}\n"), Some("Map it in the 'env'"), [false, false, false]),
        ("//registry.example.com/:_authToken=theirs\n".to_owned(), None, [true, true, true]),
    ];
    let clients = [("npm", FLAGS), ("pnpm", "--no-frozen-lockfile"), ("yarn", "--non-interactive")];
    let rows: Vec<_> = rows.iter().flat_map(|row| (0..3).map(move |client| (row, client))).collect();
    crate::support::side_by_side(3, &rows, |((line, words, works), client)| {
        let (name, arguments) = clients[*client];
        let Some(program) = tool(name) else { return };
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", format!("@contoso:registry={FEED}\nregistry={FEED}\nalways-auth=true\n{line}"));
        write(&job, "package.json", package(&["@contoso/hello"]));
        let outcome = run(&emulator, &mut job, &step());
        let said = words.is_none_or(|words| warned(&outcome, &[".npmrc line 4", words]));
        assert!(said && outcome.warnings.len() == usize::from(words.is_some()), "{line} {:?}", outcome.warnings);
        let sources = job.sources();
        let seen = job.run_script(&format!("'{}' install {arguments}", program.display()), &sources).unwrap();
        assert_eq!(
            seen.succeeded() && installed(&sources, "@contoso/hello"),
            works[*client],
            "{name} {line} {}",
            seen.raw
        );
    });
    // Mapped, the secret variable that the file refers to does its work.
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", format!("registry={FEED}\n{near}:_authToken=${{NPM_TOKEN}}\n"));
    write(&job, "package.json", package(&["@contoso/hello"]));
    run(&emulator, &mut job, &step().input("tokenVariable", "NPM_TOKEN"));
    let sources = job.sources();
    let env = [("NPM_TOKEN", "$(NPM_TOKEN)")];
    let seen = job.run_script_with_env(&format!("npm install {FLAGS}"), &sources, &env).unwrap();
    assert!(installed(&sources, "@contoso/hello"), "{}", seen.raw);
}

/// Feeds that only the user's own files name: one line that says how to have them.
#[test]
fn feeds_of_the_users_own_files_are_told_in_one_line() {
    for feeds in [1, 3] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let line = |number: usize| format!("@s{number}:registry={}\n", FEED.replace("feed1", &format!("feed{number}")));
        write_file(&job.home().join(".npmrc"), (1..=feeds).map(line).collect::<String>());
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let said: Vec<&str> = outcome.log.lines().filter(|line| line.contains("npm: not set up")).collect();
        assert_eq!(said.len(), 1, "{}", outcome.log);
        assert!(said[0].contains("add npm to the input 'tools'"), "{said:?}");
        assert_eq!(said[0].contains("and 2 more"), feeds == 3, "{said:?}");
    }
}
