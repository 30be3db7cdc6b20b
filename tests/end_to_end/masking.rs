//! The token is in no log, on no command line, in no file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, JobOptions, StepOutcome};

use crate::support::{
    BINARY, emulator_with_repositories, finish, in_parallel, leaks_below, run, script, step, tool, variable, words,
    write,
};
use crate::undo::{fill_checkout, fill_home};

fn job(emulator: &Emulator, debug: bool) -> Job<'_> {
    let mut job = Job::new(emulator, JobOptions { debug, ..JobOptions::default() }).unwrap();
    let temporary = job.root().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    job.set_variable(ado_entra_auth_emulator::agent::Variable::public("TMPDIR", &temporary.display().to_string()));
    fill_checkout(&job);
    job
}

/// Whatever a line shows was registered on an earlier line.
fn assert_masked_in_order(emulator: &Emulator, job_token: &str, outcome: &StepOutcome) {
    let mut registered = vec![job_token.to_owned()];
    for line in outcome.raw_stdout.lines() {
        if let Some(secret) = line.strip_prefix("##vso[task.setsecret]") {
            registered.push(secret.replace("%AZP25", "%"));
            continue;
        }
        let shown = registered.iter().fold(line.to_owned(), |line, secret| line.replace(secret.as_str(), "***"));
        assert_eq!(emulator.leaks_in(shown.as_bytes()), Vec::<String>::new(), "{shown}");
    }
}

#[test]
fn every_form_is_masked_before_it_can_be_seen() {
    let rows = [("helper", false), ("extraHeader", false), ("helper", true), ("extraHeader", true)];
    in_parallel(&rows, |(mode, debug)| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator, *debug);
        fill_home(&job);
        let outcome = run(&emulator, &mut job, &step().input("gitCredential", mode));
        assert_masked_in_order(&emulator, &job.pipeline().token.clone(), &outcome);
        let token = variable(&job, "ADO_ENTRA_TOKEN");
        for user in ["", "ado-entra-auth", "contoso"] {
            let form = STANDARD.encode(format!("{user}:{token}"));
            assert_eq!(job.mask(&format!("Basic {form}")), "Basic ***", "{user}");
        }
        assert_eq!(job.mask(&format!("_password={}", STANDARD.encode(&token))), "_password=***");
        for issued in emulator.issued() {
            assert_eq!(job.mask(&issued.value), "***", "{:?}", issued.kind);
        }
        // A later step that shows everything it has.
        let sources = job.sources();
        let all = script(&mut job, &sources, "env; git config --list; cat \"$NPM_CONFIG_USERCONFIG\"");
        assert_eq!(emulator.leaks_in(all.log.as_bytes()), Vec::<String>::new(), "{}", all.log);
        assert!(!emulator.leaks_in(all.raw.as_bytes()).is_empty());
        if *debug {
            let names = outcome.debug.iter().find_map(|line| line.strip_prefix("variables set: ")).unwrap();
            for name in ["ADO_ENTRA_TOKEN", "NPM_CONFIG_USERCONFIG", "ADO_ENTRA_AUTH_KEY_", "ADO_ENTRA_AUTH_RUNS"] {
                assert!(names.split(", ").any(|set| set.starts_with(name)), "{name}: {names}");
            }
        }
        let verbose = "GIT_TRACE=1 GIT_CURL_VERBOSE=1 GIT_TRACE_REDACT=0 GIT_TRACE_CURL=1 git clone \
                       https://dev.azure.com/contoso/Shop/_git/hello 2>&1";
        let traced = script(&mut job, &sources, verbose);
        assert_eq!(emulator.leaks_in(traced.log.as_bytes()), Vec::<String>::new());
        for outcome in job.finish().unwrap() {
            assert_eq!(
                emulator.leaks_in(outcome.raw_stdout.as_bytes()),
                Vec::<String>::new(),
                "{}",
                outcome.raw_stdout
            );
        }
    });
}

#[test]
fn no_file_holds_a_token() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator, false);
    fill_home(&job);
    let root = job.root().to_path_buf();
    let check = |when: &str| assert_eq!(leaks_below(&emulator, &root), Vec::<String>::new(), "{when}");
    run(&emulator, &mut job, &step());
    check("after the step");
    let sources = job.sources();
    write(&job, "app/package.json", r#"{"name":"a","version":"1.0.0","dependencies":{"@contoso/hello":"1.0.0"}}"#);
    write(&job, "app/.npmrc", "registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n");
    script(&mut job, &sources, "cd app && npm install --no-fund --no-audit --loglevel=silly");
    script(&mut job, &sources, "git clone -q https://dev.azure.com/contoso/Shop/_git/hello");
    check("after the tools");
    finish(&mut job);
    check("after the job");
}

#[test]
fn no_command_line_holds_a_token() {
    let Some(strace) = tool("strace") else { return };
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator, false);
    let record = job.root().join("tmp/execs");
    let strace = strace.display().to_string();
    let traced = [&strace, "-f", "-qq", "-s", "100000", "-e", "trace=execve", "-o", &record.display().to_string()]
        .map(str::to_owned);
    let command = |program: &[&str]| {
        let all: Vec<&str> = traced.iter().map(String::as_str).chain(program.iter().copied()).collect();
        words(&all)
    };
    // strace waits for all whom it follows; `fresh` looks at the process that stays.
    let mut step = step().input("keepFresh", "false");
    step.command = command(&[BINARY, "task"]);
    step.post_command = Some(command(&[BINARY, "post"]));
    let mut seen = 0;
    let mut check = || {
        let record = std::fs::read(&record).unwrap();
        seen += String::from_utf8_lossy(&record).lines().count();
        assert_eq!(emulator.leaks_in(&record), Vec::<String>::new());
    };
    run(&emulator, &mut job, &step);
    check();
    let sources = job.sources();
    for program in [
        &["git", "clone", "-q", "https://dev.azure.com/contoso/Shop/_git/hello"][..],
        &["git", "clone", "-q", "https://contoso@dev.azure.com/contoso/Shop/_git/with-lfs", "lfs"],
    ] {
        let outcome = job.run_program(&command(program), &sources, &[]).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.log);
        check();
    }
    finish(&mut job);
    check();
    assert!(seen > 10, "{seen}");
}
