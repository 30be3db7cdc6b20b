//! `ado-entra-auth token` in a later step: the job's own token, by the name that PATH has.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use ado_entra_auth_emulator::agent::{Job, ScriptOutcome, TaskStep};
use ado_entra_auth_emulator::faults::TokenFault;
use ado_entra_auth_emulator::world::{
    CLIENT, CONNECTION, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, OBJECT, OTHER_TENANT, SECOND_CLIENT, SECOND_CONNECTION,
    TENANT,
};
use ado_entra_auth_emulator::{Effect, Endpoint, Fault};

use crate::modes::mode;
use crate::status::of_both;
use crate::support::{
    BINARY, Snapshot, bare_step, claims, emulator, finish, job, leaks_below, named, program, read, run, script, step,
    tool, variable, write,
};
use crate::tenants::{npmrc, of_two_tenants};
use crate::wrapper::unpack;

/// What a script of the job prints on stdout, and what it says on stderr.
fn printed(job: &mut Job<'_>, command: &str) -> (String, String) {
    let sources = job.sources();
    script(job, &sources, &format!("{command} > out 2> said"));
    let said = (read(sources.join("out")), read(sources.join("said")));
    script(job, &sources, "rm out said");
    said
}

fn token(job: &mut Job<'_>, arguments: &str) -> Value {
    let (out, said) = printed(job, &format!("ado-entra-auth token {arguments}"));
    assert!(said.lines().all(|line| line.starts_with("##vso[task.setsecret]")), "{said}");
    claims(out.trim())
}

/// What a command says that must fail with this exit code.
pub fn refused(job: &mut Job<'_>, command: &str, code: i32, words: &[&str]) -> ScriptOutcome {
    let sources = job.sources();
    let outcome = job.run_script(command, &sources).unwrap();
    assert_eq!(outcome.exit_code, Some(code), "{command}: {}", outcome.raw);
    for word in words {
        assert!(outcome.raw.contains(word), "'{word}' is missing in: {}", outcome.raw);
    }
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    outcome
}

#[test]
fn the_unpacked_tasks_program_prints_the_jobs_token_and_nothing_is_left() {
    let Some(node) = tool("node") else { return };
    let emulator = emulator();
    let mut job = job(&emulator);
    let step = unpack(&job, &node.display().to_string());
    let tasks = job.root().join("_work/_tasks");
    let before = Snapshot::of(&job).without(&tasks);
    let outcome = run(&emulator, &mut job, &step);
    let [folder] = outcome.paths_prepended.as_slice() else { panic!("{:?}", outcome.paths_prepended) };
    assert!(folder.ends_with("bin") && folder.starts_with(job.temp().to_str().unwrap()), "{folder}");

    let (out, said) = printed(&mut job, "ado-entra-auth token");
    assert_eq!(out.lines().count(), 1);
    assert_eq!(out.trim(), variable(&job, "ADO_ENTRA_TOKEN"), "no other was asked for");
    // The agent hears of it, and of what programs make of it, before it could stand in the log.
    for user in ["", "OAuth:", "VstsAgent:"] {
        let form = format!("{user}{}", out.trim());
        let form = if user.is_empty() { form } else { STANDARD.encode(form) };
        assert!(said.lines().any(|line| line == format!("##vso[task.setsecret]{form}")), "{user}: {said}");
    }
    assert_eq!(leaks_below(&emulator, &job.temp()), Vec::<String>::new());
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job).without(&tasks), "after the job");
}

#[test]
fn it_is_printed_as_json_and_into_a_file() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let (out, _) = printed(&mut job, "ado-entra-auth token --format json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["clientId"], &json["tenantId"]), (&CLIENT.into(), &TENANT.into()));
    assert_eq!((&json["objectId"], &json["organization"]), (&OBJECT.into(), &"contoso".into()));
    assert_eq!(json["expiresOn"], variable(&job, "ADO_ENTRA_TOKEN_EXPIRES_ON"));
    assert_eq!(json["accessToken"], variable(&job, "ADO_ENTRA_TOKEN"));
    let (out, _) =
        printed(&mut job, "ado-entra-auth token --output token --organization https://dev.azure.com/Contoso");
    assert_eq!(out, "");
    let file = job.sources().join("token");
    assert_eq!((read(&file).trim(), mode(&file)), (variable(&job, "ADO_ENTRA_TOKEN").as_str(), 0o600));
}

/// Two organizations of two tenants: each has a token of its own, and a script says whose it wants.
#[test]
fn several_organizations_are_told_apart() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &of_two_tenants("clientSecret").input("organizations", "fabrikam"));
    assert_eq!(token(&mut job, "--organization contoso")["tid"], TENANT);
    assert_eq!(token(&mut job, "--organization fabrikam")["tid"], OTHER_TENANT);
    let which = ["error: this job has tokens for contoso, fabrikam", "remedy: choose one by --organization NAME"];
    refused(&mut job, "ado-entra-auth token", 1, &which);
    let unknown = ["no step of this job has a token for wingtip", "contoso, fabrikam", "remedy: "];
    refused(&mut job, "ado-entra-auth token --organization wingtip", 1, &unknown);
    refused(&mut job, "ado-entra-auth token --organization https://evil.example/contoso", 2, &["--organization"]);
    let both = "ado-entra-auth token --organization contoso --input connectionType=managedIdentity";
    refused(&mut job, both, 2, &["--organization", "--input"]);
    // Inputs go before, as everywhere, and those of the task that runs the script are none of ours.
    let of_script = "INPUT_SCRIPT=x INPUT_WORKINGDIRECTORY=/ ado-entra-auth token --format json";
    refused(&mut job, of_script, 1, &which);
    refused(&mut job, "INPUT_CONNECTIONTYPE=azureRM ado-entra-auth token", 1, &["azureRM"]);
    let inputs = "ado-entra-auth token --input connectionType=azureRM";
    refused(&mut job, inputs, 1, &["azureRM"]);
}

/// The step whose connection belongs to an organization goes before one that merely permits it; among equals the later one.
#[test]
fn several_steps_add_up() {
    let connected =
        |name: &str, connection: &str| named(&bare_step().connection("azureDevOpsServiceConnection", connection), name);
    let clients = |first: TaskStep, second: TaskStep| {
        let emulator = of_both();
        let mut job = job(&emulator);
        write(&job, ".npmrc", npmrc(&["contoso", "fabrikam"]));
        run(&emulator, &mut job, &first);
        run(&emulator, &mut job, &second);
        ["contoso", "fabrikam"].map(|name| token(&mut job, &format!("--organization {name}"))["appid"].clone())
    };
    let of_contoso = || connected("one", CONNECTION).input("organizations", "fabrikam");
    let of_fabrikam = || connected("two", FABRIKAM_CONNECTION);
    // No tool keeps contoso, since each step sets up another.
    let only = |tool: &str, step: TaskStep| step.input("tools", tool);
    assert_eq!(clients(only("npm", of_contoso()), only("git", of_fabrikam())), [CLIENT, FABRIKAM_CLIENT]);
    assert_eq!(clients(of_contoso(), of_fabrikam()), [CLIENT, FABRIKAM_CLIENT]);
    assert_eq!(clients(of_fabrikam(), of_contoso()), [CLIENT, FABRIKAM_CLIENT]);
    assert_eq!(clients(of_contoso(), connected("three", SECOND_CONNECTION)), [SECOND_CLIENT, CLIENT]);
}

#[test]
fn a_token_that_has_ended_is_said() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::Token, Effect::Token(TokenFault::Life(2))));
    run(&emulator, &mut job, &step().input("keepFresh", "false"));
    std::thread::sleep(Duration::from_secs(3));
    let words =
        ["error: the access token for contoso has expired", "remedy: run AdoEntraAuth@1 again before this step"];
    refused(&mut job, "ado-entra-auth token", 1, &words);
}

/// The key is in the job's environment, and the vault in the run's folder: without either there is nothing to print.
#[test]
fn without_the_jobs_environment_or_its_folder_there_is_none() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let outcome = run(&emulator, &mut job, &step());
    let own = format!("{}/ado-entra-auth", outcome.paths_prepended[0]);
    let bare = format!("env -i {own} token");
    refused(&mut job, &bare, 1, &["the access token for contoso cannot be read", "remedy: pass the variable"]);
    // The task's own program finds the run by the job's variable.
    assert_eq!(claims(printed(&mut job, &format!("{BINARY} token")).0.trim())["appid"], CLIENT);
    finish(&mut job);
    let nothing = ["error: no step AdoEntraAuth@1 has set up anything here", "remedy: run this in a later step"];
    refused(&mut job, &format!("{BINARY} token"), 1, &nothing);
    for command in ["token", "status", "check"] {
        let outside = program().arg(command).env_clear().output().unwrap();
        let said = String::from_utf8(outside.stderr).unwrap();
        let is_told = nothing.iter().chain(&["`ado-entra-auth dry-run`"]).all(|word| said.contains(word));
        assert!(outside.status.code() == Some(1) && is_told, "{command}: {said}");
    }
}

/// What another user's process, or a repository, could lay before it is not believed.
#[test]
fn a_folder_that_others_can_write_is_not_believed() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let runs: Value = serde_json::from_str(&variable(&job, "ADO_ENTRA_AUTH_RUNS")).unwrap();
    let folder = runs[0]["directory"].as_str().unwrap().to_owned();
    crate::modes::set_mode(folder.as_ref(), 0o755);
    refused(&mut job, "ado-entra-auth token", 1, &["no step AdoEntraAuth@1 has set up anything here"]);
    crate::modes::set_mode(folder.as_ref(), 0o700);
    write(&job, "x", "");
    assert_eq!(token(&mut job, "")["appid"], CLIENT);
}
