//! Each kind of connection with what it needs and what it refuses.

use super::*;

const ID: &str = "b6f3c1de-1111-4222-8333-444455556666";
const CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000002";
const TENANT: &str = "11111111-aaaa-4bbb-8ccc-000000000001";

fn job(inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Job {
    let variables = variables.iter().map(|(name, value)| (name.replace("<ID>", ID), (*value).to_owned())).collect();
    let mut job = Job::new(variables);
    for (name, value) in inputs {
        job.set_input(name, value);
    }
    job
}

fn with(inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Identity, InputError> {
    identity(&job(inputs, variables))
}

fn said(inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    with(inputs, variables).unwrap_err().to_string()
}

fn application(found: Result<Identity, InputError>) -> Application {
    match found.unwrap() {
        Identity::Application(application) => application,
        Identity::Machine(selector) => panic!("{selector:?}"),
    }
}

const CLIENT_PARAMETER: (&str, &str) = ("ENDPOINT_AUTH_PARAMETER_<ID>_SERVICEPRINCIPALID", CLIENT);
const TENANT_PARAMETER: (&str, &str) = ("ENDPOINT_AUTH_PARAMETER_<ID>_TENANTID", "contoso.onmicrosoft.com");

#[test]
fn an_azure_devops_connection_must_be_one_of_workload_identity_federation() {
    let with = |scheme: &str, client: &str, tenant: &str| {
        let endpoint = [
            ("ENDPOINT_AUTH_SCHEME_<ID>", scheme),
            ("ENDPOINT_AUTH_PARAMETER_<ID>_SERVICEPRINCIPALID", client),
            ("ENDPOINT_AUTH_PARAMETER_<ID>_TENANTID", tenant),
        ];
        with(&[("azureDevOpsServiceConnection", &ID.to_uppercase())], &endpoint)
    };
    let found = application(with("workloadidentityfederation", CLIENT, "contoso.onmicrosoft.com"));
    assert!(matches!(&found.proof, Proof::Connection { id, late_bound: None } if id == ID));
    assert_eq!((found.client_id.as_str(), found.tenant.as_deref()), (CLIENT, Some("contoso.onmicrosoft.com")));
    for (scheme, client, tenant, expected) in [
        ("Token", CLIENT, TENANT, "its scheme is 'Token'"),
        ("", CLIENT, TENANT, "no details"),
        ("WorkloadIdentityFederation", "", TENANT, "client id"),
        ("WorkloadIdentityFederation", "x", TENANT, "client id"),
        ("WorkloadIdentityFederation", CLIENT, "", "tenant id"),
        ("WorkloadIdentityFederation", CLIENT, "a/../b", "tenant id"),
    ] {
        let said = with(scheme, client, tenant).unwrap_err().to_string();
        assert!(said.contains(expected) && said.contains(ID), "{said}");
    }
}

#[test]
fn a_connection_is_named_by_its_id() {
    for (kind, input) in [("azureDevOps", "azureDevOpsServiceConnection"), ("azureRM", "connectedServiceNameARM")] {
        let kind = ("connectionType", kind);
        assert_eq!(with(&[kind], &[]).unwrap_err(), InputError::Missing { name: input });
        assert!(matches!(with(&[kind, (input, "feeds-reader")], &[]), Err(InputError::Refused { .. })));
        assert!(matches!(with(&[kind, (input, "$(connection)")], &[]), Err(InputError::UnsetVariable { .. })));
    }
}

#[test]
fn in_a_script_the_inputs_tell_of_a_connection() {
    let inputs = [("azureDevOpsServiceConnection", ID), ("clientId", CLIENT), ("tenantId", TENANT)];
    let found = application(with(&inputs, &[]));
    assert!(matches!(found.proof, Proof::Connection { .. }));
    assert!(said(&inputs[..2], &[]).contains("no details"));
}

#[test]
fn azure_resource_manager_works_only_in_the_task() {
    let kind = ("connectionType", "azureRM");
    for inputs in
        [&[kind][..], &[kind, ("connectedServiceNameARM", "a name")], &[kind, ("connectedServiceNameARM", ID)]]
    {
        assert_eq!(identity_in_a_script(&job(inputs, &[])).unwrap_err(), InputError::OnlyInTheTask);
    }
    let id = ("connectedServiceNameARM", ID);
    let told = [("ENDPOINT_AUTH_SCHEME_<ID>", "ManagedServiceIdentity")];
    assert!(matches!(identity_in_a_script(&job(&[kind, id], &told)), Ok(Identity::Machine(_))));
    assert!(matches!(identity_in_a_script(&job(&[], &[])), Err(InputError::Missing { .. })));
}

#[test]
fn every_scheme_of_azure_resource_manager_is_known() {
    let with = |more: &[(&str, &str)]| {
        let inputs = [("connectionType", "azureRM"), ("connectedServiceNameARM", ID)];
        with(&inputs, &[&[CLIENT_PARAMETER, TENANT_PARAMETER], more].concat())
    };
    let scheme = |scheme| ("ENDPOINT_AUTH_SCHEME_<ID>", scheme);
    let key = ("ENDPOINT_AUTH_PARAMETER_<ID>_SERVICEPRINCIPALKEY", "secret");
    let by = |kind| ("ENDPOINT_AUTH_PARAMETER_<ID>_AUTHENTICATIONTYPE", kind);

    let federated = application(with(&[scheme("WorkloadIdentityFederation")]));
    assert!(matches!(federated.proof, Proof::Connection { .. }));
    for secret in [with(&[scheme("ServicePrincipal"), key]), with(&[scheme("serviceprincipal"), key, by("spnKey")])] {
        assert!(matches!(application(secret).proof, Proof::Secret(secret) if secret.reveal() == "secret"));
    }
    let refusals: [(&[(&str, &str)], &str); 5] = [
        (&[scheme("ServicePrincipal")], "no secret"),
        (&[scheme("ServicePrincipal"), key, by("spnCertificate")], "no certificate"),
        (&[scheme("PublishProfile")], "no Entra identity"),
        (&[scheme("ManagedServiceIdentity"), ("ENDPOINT_DATA_<ID>_MSICLIENTID", "x")], "not a GUID"),
        (&[], "no details"),
    ];
    for (variables, expected) in refusals {
        let said = with(variables).unwrap_err().to_string();
        assert!(said.contains(expected) && said.contains(ID), "{said}");
    }
    let own = with(&[scheme("ManagedServiceIdentity")]).unwrap();
    assert!(matches!(own, Identity::Machine(Selector::Default)));
    let chosen = with(&[scheme("managedserviceidentity"), ("ENDPOINT_DATA_<ID>_MSICLIENTID", CLIENT)]).unwrap();
    assert!(matches!(chosen, Identity::Machine(Selector::ClientId(id)) if id == CLIENT));
}

#[test]
fn applications_of_inputs_need_client_and_tenant() {
    for (kind, more) in [("pipeline", None), ("clientSecret", Some(("clientSecret", "s")))] {
        let all = [Some(("connectionType", kind)), Some(("clientId", CLIENT)), Some(("tenantId", TENANT)), more];
        let all: Vec<(&str, &str)> = all.into_iter().flatten().collect();
        let found = application(with(&all, &[]));
        assert_eq!((found.client_id.as_str(), found.tenant.as_deref()), (CLIENT, Some(TENANT)));
        for missing in 1..all.len() {
            let some: Vec<(&str, &str)> =
                all.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, input)| *input).collect();
            assert_eq!(with(&some, &[]).unwrap_err(), InputError::Missing { name: all[missing].0 }, "{kind}");
        }
        for (name, value) in
            [("clientId", "my-app"), ("tenantId", "contoso"), ("tenantId", "a/../b"), ("tenantId", "x?y.z")]
        {
            let said = said(&[all.as_slice(), &[(name, value)]].concat(), &[]);
            assert!(said.contains(name), "{said}");
        }
    }
}

#[test]
fn a_managed_identity_is_the_machines_or_the_chosen_one() {
    let kind = ("connectionType", "managedIdentity");
    assert!(matches!(with(&[kind], &[]).unwrap(), Identity::Machine(Selector::Default)));
    let chosen = with(&[kind, ("clientId", &CLIENT.to_uppercase())], &[]).unwrap();
    assert!(matches!(chosen, Identity::Machine(Selector::ClientId(id)) if id == CLIENT));
    assert!(said(&[kind, ("clientId", "my-identity")], &[]).contains("GUID"));

    let across = application(with(&[kind, ("clientId", CLIENT), ("federatedClientId", ID)], &[]));
    assert_eq!((across.client_id.as_str(), across.tenant.as_deref()), (ID, None));
    assert!(matches!(across.proof, Proof::Machine(Selector::ClientId(id)) if id == CLIENT));
}

#[test]
fn what_aks_injects_is_taken_unless_inputs_say_otherwise() {
    let kind = ("connectionType", "managedIdentity");
    let injected = [
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token"),
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"),
    ];
    let found = application(with(&[kind], &injected));
    assert_eq!((found.client_id.as_str(), found.tenant.as_deref()), (CLIENT, Some(TENANT)));
    assert_eq!(found.authority.as_str(), "https://login.microsoftonline.us/");
    assert!(matches!(found.proof, Proof::TokenFile(_)));
    let other = [kind, ("clientId", ID), ("authorityHost", "https://login.microsoftonline.com")];
    let found = application(with(&other, &injected));
    assert_eq!((found.client_id.as_str(), found.authority.as_str()), (ID, "https://login.microsoftonline.com/"));
    assert!(said(&[kind], &injected[..2]).contains("tenantId"));
    assert!(
        said(&[kind], &[injected[0], injected[1], injected[2], ("AZURE_AUTHORITY_HOST", "http://x")]).contains("AZURE")
    );
}
