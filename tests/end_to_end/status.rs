//! `ado-entra-auth status`: what the steps of a job have set up.

use std::time::Duration;

use serde_json::Value;

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::faults::TokenFault;
use ado_entra_auth_emulator::world::{
    CLIENT, CONNECTION, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, MULTITENANT_CLIENT, OBJECT, OTHER_TENANT, TENANT,
};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, World};

use crate::later_token::refused;
use crate::support::{
    BINARY, bare_step, emulator, emulator_with_repositories, finish, in_one_tenant, job, named, run, script, step,
    tool, variable, write,
};
use crate::tenants::{npmrc, of_two_tenants};
use crate::undo::{fill_checkout, fill_home};
use crate::wrapper::unpack;

fn text(job: &mut Job<'_>) -> String {
    let sources = job.sources();
    script(job, &sources, "ado-entra-auth status").raw
}

fn json(job: &mut Job<'_>) -> Value {
    let sources = job.sources();
    serde_json::from_str(&script(job, &sources, "ado-entra-auth status --format json").raw).unwrap()
}

#[test]
fn the_unpacked_tasks_program_says_what_is_set_up_in_a_few_lines() {
    let Some(node) = tool("node") else { return };
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    fill_checkout(&job);
    fill_home(&job);
    let step = unpack(&job, &node.display().to_string());
    run(&emulator, &mut job, &step);
    emulator.clear_requests();
    let said = text(&mut job);
    let until = variable(&job, "ADO_ENTRA_TOKEN_EXPIRES_ON");
    for line in [
        &format!("Identity: contoso-feeds-reader, client {CLIENT}, object {OBJECT}, tenant {TENANT}"),
        &format!("Token:    for contoso, until {until} (59 minutes left)"),
        "npm:      contoso/feed1 (.npmrc), by a variable with a random name",
        "git:      repositories of contoso (the service connection), asks a credential helper",
    ] {
        assert!(said.lines().any(|said| said == line), "'{line}' is missing in:\n{said}");
    }
    assert!(said.lines().count() <= 12, "{said}");
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
    assert!(emulator.leaks_in(said.as_bytes()).is_empty(), "{said}");
    finish(&mut job);
    refused(&mut job, &format!("{BINARY} status"), 1, &["no step AdoEntraAuth@1 has set up anything here"]);
}

#[test]
fn programs_read_it_as_json() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso", "fabrikam", "wingtip"]));
    run(&emulator, &mut job, &of_two_tenants("clientSecret").input("organizations", "fabrikam"));
    let said = json(&mut job);
    assert_eq!(said["version"], 1);
    let identities: Vec<(&Value, &Value, &Value)> = said["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| {
            assert!(identity["minutesLeft"].as_u64() == Some(59) && identity["objectId"].is_string(), "{identity}");
            (&identity["clientId"], &identity["tenantId"], &identity["organizations"][0])
        })
        .collect();
    let client = &Value::from(MULTITENANT_CLIENT);
    let (tenant, other) = (&Value::from(TENANT), &Value::from(OTHER_TENANT));
    assert_eq!(identities, [(client, tenant, &"contoso".into()), (client, other, &"fabrikam".into())]);
    let npm: Vec<&Value> = said["served"].as_array().unwrap().iter().filter(|served| served["tool"] == "npm").collect();
    assert_eq!(npm.len(), 2, "{said}");
    assert_eq!((&npm[0]["target"], &npm[0]["tokenSource"]), (&"contoso/feed1".into(), &"reference".into()));
    assert_eq!((&npm[1]["namedIn"], &npm[1]["clientId"]), (&".npmrc".into(), client));
    // What got no token is a warning, as in the step.
    let warnings = said["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("wingtip"), "{warnings:?}");
}

/// A world in which the second identity, too, is a user of both organizations.
pub fn of_both() -> Emulator {
    let emulator = in_one_tenant(World::sample_with_repositories());
    let of_fabrikam = emulator.world().application(FABRIKAM_CLIENT).unwrap().object_id.clone();
    emulator.change(|world| world.organizations[0].members.push(of_fabrikam));
    emulator
}

/// What a step has set up stays its own, and the later step's stands first.
#[test]
fn several_steps_add_up() {
    let emulator = of_both();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso"]));
    let connected = |name: &str, connection: &str| -> TaskStep {
        named(&bare_step().connection("azureDevOpsServiceConnection", connection), name)
    };
    run(&emulator, &mut job, &connected("one", CONNECTION).input("tools", "npm"));
    run(&emulator, &mut job, &connected("two", FABRIKAM_CONNECTION));
    let said = json(&mut job);
    let clients: Vec<&Value> = said["identities"].as_array().unwrap().iter().map(|of| &of["clientId"]).collect();
    assert_eq!(clients, [FABRIKAM_CLIENT, CLIENT]);
    let served = said["served"].as_array().unwrap();
    let whose = |tool: &str, target: &str| {
        let found: Vec<&Value> = served.iter().filter(|of| of["tool"] == tool && of["target"] == target).collect();
        assert_eq!(found.len(), 1, "{tool} {target}: {said}");
        found[0]["clientId"].clone()
    };
    // The first step's connection belongs to contoso, and it did not set up git.
    assert_eq!(whose("npm", "contoso/feed1"), CLIENT);
    assert_eq!(whose("git", "repositories of contoso"), FABRIKAM_CLIENT);
    assert_eq!(whose("git", "repositories of fabrikam"), FABRIKAM_CLIENT);
    // The second is undone first; what the first has set up goes on.
    let first = job.prepended_paths()[0].clone();
    let sources = job.sources();
    let of_first = script(&mut job, &sources, &format!("{first}/ado-entra-auth status")).raw;
    assert!(of_first.contains(CLIENT) && !of_first.contains(FABRIKAM_CLIENT), "{of_first}");
}

#[test]
fn what_is_left_out_and_what_has_ended_is_said() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::Token, Effect::Token(TokenFault::Life(2))));
    // The pipeline's own organization is of another tenant.
    let of_fabrikam = bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION);
    run(&emulator, &mut job, &of_fabrikam.input("keepFresh", "false"));
    std::thread::sleep(Duration::from_secs(3));
    let said = text(&mut job);
    assert!(said.contains("Left out: contoso: the organization contoso "), "{said}");
    assert!(
        said.contains("Token:    for fabrikam, ended at 20") && said.contains(": run AdoEntraAuth@1 again"),
        "{said}"
    );
    assert_eq!(json(&mut job)["identities"][0]["minutesLeft"], 0);
    run(&emulator, &mut job, &named(&step(), "two"));
    assert!(!text(&mut job).contains("Left out"), "a later step serves it");
}

/// What a repository writes stands in the output of a script, which the agent reads for commands.
#[test]
fn texts_of_files_command_nothing() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let name = "x ##vso[task.prependpath]/tmp";
    emulator.change(|world| world.application_mut(CLIENT).unwrap().display_name = name.to_owned());
    let hostile = "//pkgs.dev.azure.com/contoso/_packaging/a%23%23vso%5Bx/npm/registry/";
    write(&job, "##vso[task.setvariable variable=stolen]yes/.npmrc", format!("@contoso:registry=https:{hostile}\n"));
    write(&job, ".npmrc", npmrc(&["wingtip"]));
    run(&emulator, &mut job, &step());
    for said in [text(&mut job), json(&mut job).to_string()] {
        assert!(said.contains("vso[task.setvariable"), "{said}");
    }
    let sources = job.sources();
    for command in ["status", "status --format json", "check", "check --format json"] {
        let said = job.run_script(&format!("ado-entra-auth {command}"), &sources).unwrap().raw;
        assert!(!said.contains("##") && said.contains("vso[task.prependpath]"), "{said}");
    }
}
