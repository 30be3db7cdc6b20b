//! The service connections of the sample world's project `Shop`: of the type *Azure DevOps*, and of the type *Azure Resource
//! Manager* in each of its schemes.

use super::{
    ARM_CERTIFICATE_CONNECTION, ARM_FEDERATED_CONNECTION, ARM_MANAGED_CONNECTION, ARM_SECRET_CONNECTION,
    ARM_USER_MANAGED_CONNECTION, AssertionIssuer, CERTIFICATE, CERTIFICATE_CLIENT, CLIENT, CONNECTION, FABRIKAM_CLIENT,
    FABRIKAM_CONNECTION, OTHER_TENANT, SECOND_CLIENT, SECOND_CONNECTION, SECRET, SECRET_CLIENT, ServiceConnection,
    TENANT, USER_IDENTITY_1,
};

/// All of them.
pub(super) fn all() -> Vec<ServiceConnection> {
    vec![
        azure_devops(CONNECTION, "feeds-reader", "contoso", CLIENT, TENANT),
        azure_devops(SECOND_CONNECTION, "feeds-publisher", "contoso", SECOND_CLIENT, TENANT),
        azure_devops(FABRIKAM_CONNECTION, "fabrikam-feeds", "fabrikam", FABRIKAM_CLIENT, OTHER_TENANT),
        azure_resource_manager(ARM_FEDERATED_CONNECTION, "arm-federated", "WorkloadIdentityFederation", CLIENT),
        ServiceConnection {
            parameters: named(&[("authenticationType", "spnKey"), ("serviceprincipalkey", SECRET)]),
            ..azure_resource_manager(ARM_SECRET_CONNECTION, "arm-secret", "ServicePrincipal", SECRET_CLIENT)
        },
        ServiceConnection {
            parameters: named(&[
                ("authenticationType", "spnCertificate"),
                ("servicePrincipalCertificate", &CERTIFICATE.pem()),
            ]),
            ..azure_resource_manager(
                ARM_CERTIFICATE_CONNECTION,
                "arm-certificate",
                "ServicePrincipal",
                CERTIFICATE_CLIENT,
            )
        },
        azure_resource_manager(ARM_MANAGED_CONNECTION, "arm-managed", "ManagedServiceIdentity", ""),
        {
            let mut connection =
                azure_resource_manager(ARM_USER_MANAGED_CONNECTION, "arm-user-managed", "ManagedServiceIdentity", "");
            connection.data.extend(named(&[("msiClientId", USER_IDENTITY_1)]));
            connection
        },
    ]
}

fn azure_devops(id: &str, name: &str, for_organization: &str, client_id: &str, tenant: &str) -> ServiceConnection {
    ServiceConnection {
        id: id.into(),
        name: name.into(),
        organization: "contoso".into(),
        project: "Shop".into(),
        url: format!("https://dev.azure.com/{for_organization}/"),
        scheme: "WorkloadIdentityFederation".into(),
        client_id: client_id.into(),
        tenant: tenant.into(),
        issuer: AssertionIssuer::Entra,
        parameters: Vec::new(),
        data: Vec::new(),
    }
}

fn azure_resource_manager(id: &str, name: &str, scheme: &str, client_id: &str) -> ServiceConnection {
    let subscription = "44444444-aaaa-4bbb-8ccc-000000000001";
    ServiceConnection {
        url: "https://management.azure.com/".into(),
        scheme: scheme.into(),
        data: named(&[
            ("environment", "AzureCloud"),
            ("scopeLevel", "Subscription"),
            ("subscriptionId", subscription),
            ("subscriptionName", "agents"),
            ("resourceId", &format!("/subscriptions/{subscription}")),
            ("environmentAuthorityUrl", "https://login.windows.net/"),
            ("activeDirectoryAuthority", "https://login.microsoftonline.com/"),
            ("activeDirectoryServiceEndpointResourceId", "https://management.core.windows.net/"),
        ]),
        ..azure_devops(id, name, "contoso", client_id, TENANT)
    }
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
