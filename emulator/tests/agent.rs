//! The small agent: what it gives to a step, and what it makes of what a step prints.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

use ado_entra_auth_emulator::agent::{Job, JobOptions, KillWhen, StepResult, TaskStep, Variable};
use ado_entra_auth_emulator::{Emulator, World, world};
use std::time::Duration;

fn emulator() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

fn sh(script: &str) -> TaskStep {
    TaskStep::new(["sh", "-c", script])
}

#[test]
fn a_task_sees_its_connection_and_a_script_does_not() {
    let emulator = emulator();
    let variables = vec![
        Variable::secret("My.Secret", "hush-hush"),
        Variable::public("a.b", "$(My.Public)x"),
        Variable::public("My.Public", "p"),
    ];
    let mut job = Job::new(&emulator, JobOptions { variables, ..JobOptions::default() }).unwrap();
    let step = TaskStep::new(["env"])
        .connection("azureDevOpsServiceConnection", world::CONNECTION)
        .input("tools", " $(a.b) $(unknown) ");
    let outcome = job.run_task(&step).unwrap();
    for line in [
        "INPUT_TOOLS=px $(unknown)",
        "A_B=px",
        "SECRET_MY_SECRET=hush-hush",
        "ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION=OAuth",
        &format!("ENDPOINT_AUTH_PARAMETER_{}_TENANTID={}", world::CONNECTION, world::TENANT),
        "TF_BUILD=True",
    ] {
        assert!(outcome.raw_stdout.lines().any(|l| l == line), "{line} missing in {}", outcome.raw_stdout);
    }
    assert!(!outcome.log.contains("hush-hush") && !outcome.log.contains(&job.pipeline().token));
    assert!(!outcome.log.contains(world::CLIENT) && outcome.log.contains(world::TENANT));
    let script = job.run_script("env", &job.sources()).unwrap();
    assert!(script.raw.contains("A_B=px\n") && script.raw.contains("AGENT_CAINFO="));
    for hidden in ["INPUT_", "ENDPOINT_", "SECRET_", "hush-hush", &job.pipeline().token] {
        assert!(!script.raw.contains(hidden), "{hidden}");
    }
}

#[test]
fn commands_are_obeyed() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let step = TaskStep {
        output_variables: vec!["listed".into()],
        ..sh(r"
        echo 'text ##vso[task.setvariable variable=Plain.Name]one%AZP25two'
        echo '##vso[task.setvariable variable=Kept.Name;preservecase=true]three'
        echo '##vso[task.setvariable variable=out;isoutput=true]four'
        echo '##vso[task.setvariable variable=listed]five'
        echo '##vso[task.setvariable variable=hidden;issecret=true]sesame'
        echo '##vso[task.setvariable variable=System.CollectionUri]https://evil.example/'
        echo '##vso[task.setsecret]p@ss/word'
        echo '##vso[task.prependpath]/opt/first'; echo '##vso[task.prependpath]/opt/second'
        echo '##vso[task.settaskvariable variable=state]kept'
        echo 'say sesame p@ss/word p%40ss%2Fword'
        echo '##vso[task.logissue type=warning]careful'
        echo '##vso[task.uploadsummary]/etc/passwd'
        echo '##vso[task.debug]quiet'
        echo '##vso[broken' >&2
        echo '##vso[task.complete result=SucceededWithIssues]done'
    ")
    }
    .post(["sh", "-c", "echo post $VSTS_TASKVARIABLE_STATE $AGENT_JOBSTATUS"]);
    let outcome = job.run_task(&step).unwrap();
    assert_eq!(outcome.result, StepResult::SucceededWithIssues, "{}", outcome.log);
    assert_eq!(outcome.message, "done");
    assert!(outcome.log.contains("say *** *** ***"), "{}", outcome.log);
    assert!(outcome.warnings.iter().any(|w| w == "careful"));
    for part in ["readonly variable 'System.CollectionUri'", "task.uploadsummary is not allowed", "not a legal command"]
    {
        assert!(outcome.warnings.iter().any(|w| w.contains(part)), "{part}: {:?}", outcome.warnings);
    }
    assert_eq!(outcome.debug, ["quiet"]);
    let script = job.run_script("env", &job.sources()).unwrap();
    for line in ["PLAIN_NAME=one%two", "Kept_Name=three", "AUTH_OUT=four", "AUTH_LISTED=five"] {
        assert!(script.raw.lines().any(|l| l == line), "{line} missing");
    }
    assert!(script.raw.contains("PATH=/opt/second:/opt/first:") && !script.raw.contains("sesame"));
    std::fs::write(job.temp().join("left"), "x").unwrap();
    let posts = job.finish().unwrap();
    assert_eq!(posts[0].raw_stdout, "post kept SucceededWithIssues\n");
    assert!(!job.temp().join("left").exists());
}

#[test]
fn failures_fail_the_step() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    assert_eq!(job.run_task(&sh("exit 3")).unwrap().result, StepResult::Failed);
    assert_eq!(job.run_task(&sh("echo '##vso[task.complete]x'")).unwrap().result, StepResult::Failed);
    let lines = job.run_task(&sh("printf '##vso[task.setvariable variable=a;issecret=true]one%%0Atwo\\n'")).unwrap();
    assert_eq!(lines.result, StepResult::Failed);
    assert!(lines.log.contains("one%0Atwo"), "the refusal echoes the raw line");
    let limited = TaskStep {
        settable_variables: Some(vec!["ado_*".into()]),
        ..sh(
            "echo '##vso[task.setvariable variable=x]1'; echo '##vso[task.setvariable variable=ADO_x]1'; echo '##vso[task.prependpath]/x'",
        )
    };
    let outcome = job.run_task(&limited).unwrap();
    assert_eq!((outcome.variables_set.len(), outcome.warnings.len(), outcome.paths_prepended.len()), (1, 2, 0));
}

#[test]
fn a_process_can_be_killed_at_some_point() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let mark = job.temp().join("mark");
    let step = sh(&format!("echo 1; echo 2; touch {}; sleep 60; echo never", mark.display()));
    for when in [
        KillWhen::Lines(2),
        KillWhen::LineHolds("2".into()),
        KillWhen::After(Duration::from_millis(200)),
        KillWhen::FileExists(mark),
    ] {
        let outcome = job.run_task_and_kill(&step, &when).unwrap();
        assert!(outcome.killed && outcome.exit_code.is_none(), "{when:?}");
        assert_eq!(outcome.result, StepResult::Failed);
    }
}

#[test]
fn the_next_job_finds_the_agent_as_it_was_left() {
    let emulator = emulator();
    let root = tempfile::tempdir().unwrap();
    let options = || JobOptions { agent_root: Some(root.path().to_path_buf()), ..JobOptions::default() };
    let mut first = Job::new(&emulator, options()).unwrap();
    first
        .run_task(&sh("echo x > $AGENT_TEMPDIRECTORY/left; echo y > $HOME/kept; mkdir $AGENT_TEMPDIRECTORY/folder"))
        .unwrap();
    first.abandon();
    let second = Job::new(&emulator, options()).unwrap();
    assert_eq!(std::fs::read_dir(second.temp()).unwrap().count(), 0);
    assert!(second.home().join("kept").is_file());
    assert!(emulator.leaks_under(root.path()).is_empty());
    let kept = second.home().join("kept");
    std::fs::write(&kept, format!("x{}", second.pipeline().token)).unwrap();
    assert_eq!(emulator.leaks_under(root.path()).into_iter().map(|(path, _)| path).collect::<Vec<_>>(), [kept]);
}

#[test]
fn cancelling_signals_the_process_before_it_kills() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    // A busy machine may let the shell run again only after the second signal: that one must not end it, and the first is answered
    // without a further process.
    let step =
        sh("sleep 60 >&- 2>&- & trap 'echo interrupted; kill -KILL $!; exit 0' INT; trap '' TERM; echo ready; wait");
    let outcome = job.run_task_and_cancel(&step, &KillWhen::LineHolds("ready".into())).unwrap();
    assert_eq!((outcome.result, outcome.exit_code), (StepResult::Canceled, Some(0)));
    assert!(outcome.raw_stdout.contains("interrupted"));
}

#[test]
fn unknown_variables_of_the_machine_do_not_reach_a_step() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions { client_settings: false, ..JobOptions::default() }).unwrap();
    let outcome = job.run_task(&TaskStep::new(["env"])).unwrap();
    for hidden in ["CARGO", "HTTPS_PROXY", "SSL_CERT_FILE", "MAVEN_OPTS"] {
        assert!(!outcome.raw_stdout.contains(hidden), "{hidden}");
    }
    assert!(outcome.raw_stdout.contains("AGENT_PROXYURL="));
}

#[test]
fn a_script_sees_a_secret_only_where_its_env_maps_it() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let set = "echo '##vso[task.setvariable variable=My.Feed Token;issecret=true]open-sesame'; \
               echo '##vso[task.setvariable variable=Plain]plain'; echo '##vso[task.prependpath]/opt/first'";
    assert_eq!(job.run_task(&sh(set)).unwrap().result, StepResult::Succeeded);
    let place = job.sources();
    let bare = job.run_script("env", &place).unwrap();
    assert!(!bare.raw.contains("open-sesame") && bare.raw.contains("PATH=/opt/first:"), "{}", bare.raw);
    let env = [("MAPPED", "Bearer $(my.feed token)"), ("UNKNOWN", "$(nothing)"), ("PLAIN", "of the step")];
    let mapped = job.run_script_with_env("env", &place, &env).unwrap();
    for line in ["MAPPED=Bearer open-sesame", "UNKNOWN=$(nothing)", "PLAIN=plain"] {
        assert!(mapped.raw.lines().any(|l| l == line), "{line} missing in {}", mapped.raw);
    }
    assert!(mapped.log.contains("MAPPED=Bearer ***\n") && !mapped.log.contains("open-sesame"), "{}", mapped.log);
    let task = TaskStep { env: vec![("MAPPED".into(), "$(My.Feed Token)".into())], ..TaskStep::new(["env"]) };
    let task = job.run_task(&task).unwrap();
    for line in ["SECRET_MY_FEED_TOKEN=open-sesame", "MAPPED=open-sesame"] {
        assert!(task.raw_stdout.lines().any(|l| l == line), "{line} missing in {}", task.raw_stdout);
    }
    assert!(!task.log.contains("open-sesame") && !task.raw_stdout.contains("\nMY_FEED_TOKEN="), "{}", task.log);
    assert!(!job.run_script("env", &place).unwrap().raw.contains("open-sesame"), "a mapping ends with its step");
}
