//! Azure CLI's extension for Azure DevOps, by the variable that it reads.

use crate::support::{carried, emulator, finish, job, run, step, with_token};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::TENANT;

const VARIABLE: &str = "AZURE_DEVOPS_EXT_PAT";
/// As the extension asks: Basic, without a user.
const ASK: &str = "\
    curl -sf -H @- 'https://dev.azure.com/contoso/_apis/projects?api-version=7.1' <<A\n\
    Authorization: Basic $(printf ':%s' \"$AZURE_DEVOPS_EXT_PAT\" | base64 -w 0)\nA\n";

#[test]
fn the_variable_holds_the_token_of_the_connections_organization_until_the_job_ends() {
    for name in ["azureDevOpsCli", "universal", "universal, azureDevOpsCli"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let outcome = run(&emulator, &mut job, &step().input("tools", name));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        assert_eq!(outcome.variables_set.iter().filter(|variable| variable.name == VARIABLE).count(), 1, "{name}");
        emulator.clear_requests();
        let sources = job.sources();
        let asked = job.run_script(ASK, &sources).unwrap();
        let requests = emulator.requests();
        let tokens: Vec<_> =
            requests.iter().flat_map(|request| carried(&emulator, request, &SecretKind::AccessToken)).collect();
        assert!(asked.succeeded() && tokens.len() == 1 && tokens[0]["tid"] == TENANT, "{}\n{requests:?}", asked.raw);
        finish(&mut job);
        emulator.clear_requests();
        assert!(!job.run_script(ASK, &sources).unwrap().succeeded());
        assert!(with_token(&emulator.requests()).is_empty(), "after the job");
    }
}

#[test]
fn nothing_is_set_where_no_input_names_it() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.variables_set.iter().all(|variable| variable.name != VARIABLE), "{:?}", outcome.variables_set);
}
