//! What the sample world has for those who come after: tenants to discover, a pipeline that is trusted itself, connections of
//! Azure Resource Manager.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::world::{self, NO_TENANT};
use ado_entra_auth_emulator::{Emulator, World};
use common::{ask_assertion, ask_token, curl, oidc_address};
use serde_json::Value;

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

#[test]
fn every_address_of_an_organization_names_its_tenant() {
    let emulator = start();
    let tenant = |arguments: &[&str]| {
        let reply = curl(&emulator, arguments);
        (reply.status, reply.header("X-VSS-ResourceTenant").join(" "))
    };
    for (organization, id) in
        [("contoso", world::TENANT), ("Fabrikam", world::OTHER_TENANT), ("treyresearch", NO_TENANT)]
    {
        for url in [
            format!("https://dev.azure.com/{organization}"),
            format!("https://dev.azure.com/{organization}/"),
            format!("https://{organization}.visualstudio.com/"),
            format!("https://feeds.dev.azure.com/{organization}"),
            format!("https://feeds.dev.azure.com/{organization}/_apis/packaging/feeds"),
            format!("https://pkgs.dev.azure.com/{organization}/_packaging/feed1/nuget/v3/index.json"),
        ] {
            assert_eq!(tenant(&["-I", &url]), (401, id.to_owned()), "HEAD {url}");
            assert_eq!(tenant(&[&url]), (401, id.to_owned()), "GET {url}");
        }
    }
    for url in ["https://dev.azure.com/nobody", "https://dev.azure.com/nobody/", "https://nobody.visualstudio.com/"] {
        assert_eq!(tenant(&["-I", url]), (404, String::new()), "{url}");
        assert_eq!(tenant(&[url]), (404, String::new()), "{url}");
    }
}

#[test]
fn a_pipeline_is_trusted_by_its_name() {
    let emulator = start();
    let job = emulator.new_job("contoso", "Shop");
    let assertion = ask_assertion(&emulator, &job, "").json()["oidcToken"].as_str().unwrap().to_owned();
    let exchange = |tenant, client| ask_token(&emulator, tenant, client, &assertion, &[]);
    assert_eq!(exchange(world::TENANT, world::PIPELINE_CLIENT).status, 200);
    for tenant in [world::TENANT, world::OTHER_TENANT] {
        assert_eq!(exchange(tenant, world::MULTITENANT_CLIENT).status, 200, "{tenant}");
    }
    assert_eq!(exchange(world::TENANT, world::CLIENT).json()["error_codes"][0], 700_211);
    let other = emulator.world().pipeline_credential("contoso", "Shop", "other");
    emulator.change(|world| {
        world.application_mut(self::world::PIPELINE_CLIENT).unwrap().federated_credentials = vec![other];
    });
    assert_eq!(exchange(world::TENANT, world::PIPELINE_CLIENT).json()["error_codes"][0], 700_213);
}

#[test]
fn connections_of_azure_resource_manager_reach_a_task() {
    let emulator = start();
    let job = Job::new(&emulator, JobOptions::default()).unwrap();
    let environment = |id: &'static str| {
        let step = TaskStep::new(["true"]).connection("connectedServiceNameARM", id);
        let all = job.task_environment(&step);
        assert_eq!(all["INPUT_CONNECTEDSERVICENAMEARM"], id);
        move |name: &str| all.get(&name.replace("{}", id)).cloned().unwrap_or_default()
    };
    let federated = environment(world::ARM_FEDERATED_CONNECTION);
    assert_eq!(federated("ENDPOINT_URL_{}"), "https://management.azure.com/");
    assert_eq!(federated("ENDPOINT_AUTH_SCHEME_{}"), "WorkloadIdentityFederation");
    assert_eq!(federated("ENDPOINT_AUTH_PARAMETER_{}_SERVICEPRINCIPALID"), world::CLIENT);
    assert_eq!(federated("ENDPOINT_AUTH_PARAMETER_{}_TENANTID"), world::TENANT);
    assert_eq!(federated("ENDPOINT_DATA_{}_SCOPELEVEL"), "Subscription");
    let secret = environment(world::ARM_SECRET_CONNECTION);
    assert_eq!(secret("ENDPOINT_AUTH_PARAMETER_{}_AUTHENTICATIONTYPE"), "spnKey");
    assert_eq!(secret("ENDPOINT_AUTH_PARAMETER_{}_SERVICEPRINCIPALKEY"), world::SECRET);
    let certificate = environment(world::ARM_CERTIFICATE_CONNECTION);
    assert_eq!(certificate("ENDPOINT_AUTH_PARAMETER_{}_AUTHENTICATIONTYPE"), "spnCertificate");
    let pem = certificate("ENDPOINT_AUTH_PARAMETER_{}_SERVICEPRINCIPALCERTIFICATE");
    assert!(pem.contains("PRIVATE KEY-----\n-----BEGIN CERTIFICATE"), "{pem}");
    let managed = environment(world::ARM_USER_MANAGED_CONNECTION);
    assert_eq!(managed("ENDPOINT_AUTH_SCHEME_{}"), "ManagedServiceIdentity");
    let data: Value = serde_json::from_str(&managed("ENDPOINT_DATA_{}")).unwrap();
    assert_eq!(data["msiClientId"], world::USER_IDENTITY_1);
    assert_eq!(environment(world::ARM_MANAGED_CONNECTION)("ENDPOINT_AUTH_SCHEME_{}"), "ManagedServiceIdentity");
}

#[test]
fn only_a_federated_connection_has_assertions() {
    let emulator = start();
    let job = emulator.new_job("contoso", "Shop");
    let (arm, secret) = (world::ARM_FEDERATED_CONNECTION, world::ARM_SECRET_CONNECTION);
    emulator.reference(&job, &[arm.to_owned(), secret.to_owned()]);
    let reply = ask_assertion(&emulator, &job, arm);
    let assertion = reply.json()["oidcToken"].as_str().unwrap().to_owned();
    assert_eq!(ask_token(&emulator, world::TENANT, world::CLIENT, &assertion, &[]).status, 200);
    assert_eq!(ask_assertion(&emulator, &job, secret).status, 400, "{}", oidc_address(&job));
}
