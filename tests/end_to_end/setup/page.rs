//! `setup`: the step that each format shows, and the placeholders of what was not given.

use std::process::Command;

use super::{CLIENT, CONNECTION, OBJECT, ORGANIZATION, SUBJECT, TENANT, option, printed, run, setup};
use crate::support::BINARY;

const FORMATS: [&str; 4] = ["text", "az", "bicep", "terraform"];
const ORGANIZATION_TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// What the task's errors tell a user to run.
const OF_AN_ERROR: [&str; 8] =
    ["--tenant-id", TENANT, "--organization-id", ORGANIZATION, "--connection-id", CONNECTION, "--client-id", CLIENT];

fn in_format(arguments: &[&str], format: &str) -> String {
    printed(&[arguments, &["--format", format]].concat())
}

/// The inputs of the only step that an output shows, at the output's end but for text.
fn step(output: &str) -> Vec<(String, String)> {
    let (before, after) = output.split_once("- task: AdoEntraAuth@1\n").unwrap_or_else(|| panic!("no step: {output}"));
    assert!(!after.contains("- task:"), "{output}");
    let margin = &before[before.rfind('\n').unwrap() + 1..];
    let mut lines = after.lines().map_while(|line| line.strip_prefix(margin));
    assert_eq!(lines.next(), Some("  inputs:"), "{output}");
    let inputs = lines.map_while(|line| line.strip_prefix("    ")?.split_once(": "));
    inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The task takes the inputs, once there is an id in the place of each placeholder.
fn assert_taken(inputs: &[(String, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let mut dry_run = Command::new(BINARY);
    dry_run.arg("dry-run").current_dir(folder.path()).env_clear();
    for (name, value) in inputs {
        let value = if value.starts_with('<') { CLIENT } else { value.trim_matches('"') };
        dry_run.args(["--input", &format!("{name}={value}")]);
    }
    let output = dry_run.output().unwrap();
    assert!(output.status.success(), "{inputs:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn as_pairs(inputs: &[(String, String)]) -> Vec<(&str, &str)> {
    inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn every_format_shows_the_step_across_tenants() {
    let across = ["--managed-identity-object-id", OBJECT, "--organization", "contoso", "--tenant-id", TENANT];
    let known = [&across[..], &["--application", CLIENT]].concat();
    for (format, new) in FORMATS.into_iter().zip([
        "<client id of step 1>",
        "<client id that this script prints>",
        "<the output clientId>",
        "<the output client_id>",
    ]) {
        for (arguments, application) in [(&across[..], new), (&known, CLIENT)] {
            let output = in_format(arguments, format);
            let inputs = step(&output);
            let expected = [
                ("connectionType", "managedIdentity"),
                ("clientId", "<client id of the managed identity>"),
                ("federatedClientId", application),
                ("organizations", "contoso"),
            ];
            assert_eq!(as_pairs(&inputs), expected, "{output}");
            assert_taken(&inputs);
            let place = format!("az identity list --query \"[?principalId=='{OBJECT}'].clientId\" --output tsv");
            assert!(output.contains("Azure portal > Managed Identities") && output.contains(&place), "{output}");
            assert!(!output.contains("does not do"), "{output}");
        }
    }
}

#[test]
fn every_format_shows_the_step_of_a_pipeline_and_of_a_connection() {
    let pipeline = ["--organization", "contoso", "--project", "Shop", "--pipeline", "build"];
    let known = [&pipeline[..], &["--tenant-id", TENANT, "--client-id", CLIENT]].concat();
    let connection = ["--organization", "contoso", "--project", "Shop", "--connection", "my \"feeds\""];
    for (format, [client_id, tenant_id]) in FORMATS.into_iter().zip([
        ["<client id of step 1>", "<tenant id of the identity>"],
        ["<client id that this script prints>", "<tenant id that this script prints>"],
        ["<the output clientId>", "<the output tenantId>"],
        ["<the output client_id>", "<tenant id of the identity>"],
    ]) {
        for (arguments, client_id, tenant_id) in [(&pipeline[..], client_id, tenant_id), (&known, CLIENT, TENANT)] {
            let inputs = step(&in_format(arguments, format));
            let expected = [("connectionType", "pipeline"), ("clientId", client_id), ("tenantId", tenant_id)];
            assert_eq!(as_pairs(&inputs), expected, "{format}");
            assert_taken(&inputs);
        }
        let inputs = step(&in_format(&connection, format));
        assert_eq!(as_pairs(&inputs), [("azureDevOpsServiceConnection", r#""my \"feeds\"""#)], "{format}");
    }
}

/// What is listed under "Not known yet": the options.
fn listed(page: &str) -> Vec<&str> {
    let list = page.split_once("Not known yet").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    list.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect()
}

#[test]
fn every_placeholder_of_the_page_is_listed() {
    let across = ["--managed-identity-object-id", OBJECT];
    let pipeline = ["--organization", "contoso", "--project", "Shop", "--pipeline", "build"];
    for (arguments, expected) in [
        (&OF_AN_ERROR[..], &["--organization"][..]),
        (&across, &["--tenant-id", "--organization", "--organization-tenant-id"]),
        (&pipeline, &["--organization-id", "--tenant-id", "--resource-group"]),
        (&["--connection-id", CONNECTION], &["--tenant-id", "--organization-id", "--organization", "--resource-group"]),
    ] {
        let page = printed(arguments);
        assert_eq!(listed(&page), expected, "{page}");
        let list = page.split_once("Not known yet").unwrap().1;
        let steps = page.split("Not known yet").next().unwrap();
        let placeholders = steps.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(words, _)| words);
        // These come to be by the steps; the issuer and the subject, by the ids that are listed.
        let made = ["client id", "client id of step 1", "client id of the managed identity"];
        let worked_out = ["issuer of the service connection", "subject of the service connection"];
        for words in placeholders.filter(|words| !made.contains(words) && !worked_out.contains(words)) {
            assert!(list.contains(&format!("the {words}: ")), "<{words}>: {page}");
        }
    }
    // What is given is no placeholder, and not listed.
    let given = ["--organization", "contoso", "--organization-tenant-id", ORGANIZATION_TENANT, "--tenant-id", TENANT];
    let page = printed(&[&across[..], &given].concat());
    assert!(page.contains(&format!("az login --tenant {ORGANIZATION_TENANT} ")), "{page}");
    assert!(listed(&page).is_empty() && !page.contains("Not known yet"), "{page}");
}

#[test]
fn the_command_of_an_error_needs_no_organization() {
    for format in FORMATS {
        let output = in_format(&OF_AN_ERROR, format);
        assert!(output.contains(SUBJECT), "{output}");
    }
    let bicep = in_format(&OF_AN_ERROR, "bicep");
    assert!(bicep.contains("https://vsaex.dev.azure.com/<organization name>/"), "{bicep}");
    assert!(bicep.contains("// The organization name: ") && !bicep.contains("param organization "), "{bicep}");
    let terraform = in_format(&OF_AN_ERROR, "terraform");
    assert!(terraform.contains("variable \"organization\" {"), "{terraform}");
    assert!(terraform.contains("org_service_url = \"https://dev.azure.com/${var.organization}\""), "{terraform}");

    let script = in_format(&OF_AN_ERROR, "az");
    let done = run(&script, &[("ORGANIZATION", "Contoso")]);
    assert!(done.succeeded, "{}", done.said);
    let url = option(done.call("rest --method post"), "--url");
    assert!(url.starts_with("https://vsaex.dev.azure.com/Contoso/_apis/serviceprincipalentitlements?"), "{url}");
    for (organization, words) in [("", "set ORGANIZATION"), ("contoso/../x", "is a name"), ("a b", "is a name")] {
        let done = run(&script, &[("ORGANIZATION", organization)]);
        assert!(!done.succeeded && done.said.contains(words) && done.calls.is_empty(), "{}", done.said);
    }
    // Where an id is not given either, it is asked of the organization.
    let script = in_format(&["--connection-id", CONNECTION, "--project", "My Shop"], "az");
    let done = run(&script, &[("ORGANIZATION", "contoso")]);
    assert!(done.succeeded, "{}", done.said);
    let urls: Vec<&str> =
        done.calls.iter().filter(|call| call[0] == "rest").map(|call| option(call, "--url")).collect();
    assert!(
        urls[0].starts_with("https://dev.azure.com/contoso/My%20Shop/_apis/serviceendpoint/endpoints?"),
        "{urls:?}"
    );
}

#[test]
fn a_subject_of_names_needs_the_organization() {
    for arguments in [
        &["--project", "Shop", "--pipeline", "build"][..],
        &["--project", "Shop", "--connection", "feeds", "--issuer", "azure-devops"],
        &["--project", "Shop", "--connection", "feeds", "--connection-id", CONNECTION, "--issuer", "azure-devops"],
    ] {
        let output = setup(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: --organization is missing\n"), "{arguments:?}: {said}");
    }
}
