//! The identities of the sample world beside those of its Azure DevOps connections: with a secret, a certificate, in two tenants,
//! of a pipeline, of machines.

use super::certificate::{
    CERTIFICATE, CERTIFICATE_NAME, ELLIPTIC_CERTIFICATE, EXPIRED_CERTIFICATE, NAME_AUTHORITY_PEM, WEAK_CERTIFICATE, der,
};
use super::{
    Application, EXCHANGE_AUDIENCE, FederatedCredential, IdentityKind, OTHER_TENANT, RegisteredCertificate, TENANT,
    World,
};

/// Client id of `contoso-secret`, which has [`SECRET`] and [`EXPIRED_SECRET`]; a user of contoso.
pub const SECRET_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000011";
/// A client secret in force, full of characters that a form must encode.
pub const SECRET: &str = "Sc8Q~0+/%41&x=y é#emulated.secret";
/// A client secret whose time is over.
pub const EXPIRED_SECRET: &str = "Old8Q~expired.emulated.secret";
/// Client id of `contoso-certificate`, for which [`CERTIFICATE`] is registered; a user of contoso.
pub const CERTIFICATE_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000012";
/// Client id of `contoso-named-certificate`, which trusts a common name and an authority; a user of contoso.
pub const NAMED_CERTIFICATE_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000013";
/// Client id of `contoso-pipeline`, which trusts the pipeline `build-shop` itself; a user of contoso.
pub const PIPELINE_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000014";
/// Client id of `everywhere`, at home in [`TENANT`], present in [`OTHER_TENANT`], a user of contoso and of fabrikam. It has
/// [`MULTITENANT_SECRET`] and trusts the pipeline `build-shop`.
pub const MULTITENANT_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000015";
/// Object id of `everywhere` at home.
pub const MULTITENANT_OBJECT: &str = "22222222-aaaa-4bbb-8ccc-0000000001f5";
/// Object id of `everywhere` in [`OTHER_TENANT`].
pub const MULTITENANT_OBJECT_ELSEWHERE: &str = "22222222-aaaa-4bbb-8ccc-0000000002f5";
/// The client secret of `everywhere`.
pub const MULTITENANT_SECRET: &str = "Mt8Q~emulated.secret.of.everywhere";
/// Client id of `trusts-machines`, at home in [`TENANT`], present in [`OTHER_TENANT`], a user of fabrikam. It trusts the
/// user-assigned identity [`USER_IDENTITY_1`].
pub const FEDERATED_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000016";
/// Object id of `trusts-machines` in [`OTHER_TENANT`].
pub const FEDERATED_OBJECT_ELSEWHERE: &str = "22222222-aaaa-4bbb-8ccc-0000000002f6";
/// Client id of `contoso-cluster`, which trusts a service account of a Kubernetes cluster; a user of contoso.
pub const CLUSTER_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000017";
/// Issuer of the cluster's tokens.
pub const CLUSTER_ISSUER: &str = "https://westeurope.oic.prod-aks.azure.com/11111111-aaaa-4bbb-8ccc-000000000001/33333333-aaaa-4bbb-8ccc-000000000007/";
/// The service account that `contoso-cluster` trusts.
pub const CLUSTER_SUBJECT: &str = "system:serviceaccount:agents:pipelines";
/// Client id of the system-assigned identity `build-machine`; a user of contoso.
pub const MACHINE_IDENTITY: &str = "22222222-aaaa-4bbb-8ccc-000000000021";
/// Object id of `build-machine`.
pub const MACHINE_OBJECT: &str = "22222222-aaaa-4bbb-8ccc-0000000001e1";
/// Client id of the user-assigned identity `build-reader`; a user of contoso.
pub const USER_IDENTITY_1: &str = "22222222-aaaa-4bbb-8ccc-000000000022";
/// Object id of `build-reader`.
pub const USER_OBJECT_1: &str = "22222222-aaaa-4bbb-8ccc-0000000001e2";
/// Resource id of `build-reader`.
pub const USER_RESOURCE_1: &str = "/subscriptions/44444444-aaaa-4bbb-8ccc-000000000001/resourcegroups/agents/providers/\
                                   Microsoft.ManagedIdentity/userAssignedIdentities/build-reader";
/// Client id of the user-assigned identity `build-nobody`, a user of no organization.
pub const USER_IDENTITY_2: &str = "22222222-aaaa-4bbb-8ccc-000000000023";
/// Object id of `build-nobody`.
pub const USER_OBJECT_2: &str = "22222222-aaaa-4bbb-8ccc-0000000001e3";
/// Resource id of `build-nobody`.
pub const USER_RESOURCE_2: &str = "/subscriptions/44444444-aaaa-4bbb-8ccc-000000000001/resourcegroups/agents/providers/\
                                   Microsoft.ManagedIdentity/userAssignedIdentities/build-nobody";

/// The pipeline that [`World::sample`]'s jobs run.
const PIPELINE: (&str, &str, &str) = ("contoso", "Shop", "build-shop");

/// Adds the identities and their memberships to a world that has the sample's organizations.
pub(super) fn add(world: &mut World) {
    let (organization, project, pipeline) = PIPELINE;
    let of_pipeline = world.pipeline_credential(organization, project, pipeline);
    let user_assigned = |resource_id: &str| IdentityKind::UserAssigned { resource_id: resource_id.to_owned() };
    let exact = |certificate: super::ClientCertificate| RegisteredCertificate::Exact(certificate.der());
    let all = [
        Application {
            secrets: vec![(SECRET.into(), false), (EXPIRED_SECRET.into(), true)],
            ..at_home(SECRET_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f1", "contoso-secret")
        },
        Application {
            certificates: [CERTIFICATE, EXPIRED_CERTIFICATE, WEAK_CERTIFICATE, ELLIPTIC_CERTIFICATE]
                .map(exact)
                .to_vec(),
            ..at_home(CERTIFICATE_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f2", "contoso-certificate")
        },
        Application {
            certificates: vec![RegisteredCertificate::SubjectName {
                common_name: CERTIFICATE_NAME.to_owned(),
                issuer: der(NAME_AUTHORITY_PEM),
            }],
            ..at_home(NAMED_CERTIFICATE_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f3", "contoso-named-certificate")
        },
        Application {
            federated_credentials: vec![of_pipeline.clone()],
            ..at_home(PIPELINE_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f4", "contoso-pipeline")
        },
        Application {
            federated_credentials: vec![of_pipeline],
            secrets: vec![(MULTITENANT_SECRET.into(), false)],
            ..elsewhere_too(at_home(MULTITENANT_CLIENT, MULTITENANT_OBJECT, "everywhere"), MULTITENANT_OBJECT_ELSEWHERE)
        },
        Application {
            federated_credentials: vec![FederatedCredential {
                issuer: format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                subject: USER_OBJECT_1.into(),
                audience: EXCHANGE_AUDIENCE.into(),
            }],
            ..elsewhere_too(
                at_home(FEDERATED_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f6", "trusts-machines"),
                FEDERATED_OBJECT_ELSEWHERE,
            )
        },
        Application {
            federated_credentials: vec![FederatedCredential {
                issuer: CLUSTER_ISSUER.into(),
                subject: CLUSTER_SUBJECT.into(),
                audience: EXCHANGE_AUDIENCE.into(),
            }],
            ..at_home(CLUSTER_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000001f7", "contoso-cluster")
        },
        Application {
            kind: IdentityKind::SystemAssigned,
            ..at_home(MACHINE_IDENTITY, MACHINE_OBJECT, "build-machine")
        },
        Application { kind: user_assigned(USER_RESOURCE_1), ..at_home(USER_IDENTITY_1, USER_OBJECT_1, "build-reader") },
        Application { kind: user_assigned(USER_RESOURCE_2), ..at_home(USER_IDENTITY_2, USER_OBJECT_2, "build-nobody") },
    ];
    let users_of = |tenant: &str, strangers: &[&str]| -> Vec<String> {
        let users = all.iter().filter(|a| a.is_in(tenant) && !strangers.contains(&a.client_id.as_str()));
        users.map(|a| a.object_id_in(tenant).to_owned()).collect()
    };
    let (of_contoso, of_fabrikam) =
        (users_of(TENANT, &[USER_IDENTITY_2, FEDERATED_CLIENT]), users_of(OTHER_TENANT, &[]));
    for (name, users) in [("contoso", of_contoso), ("fabrikam", of_fabrikam)] {
        if let Some(organization) = world.organization_mut(name) {
            organization.members.extend(users);
        }
    }
    world.applications.extend(all);
}

fn at_home(client_id: &str, object_id: &str, display_name: &str) -> Application {
    Application {
        client_id: client_id.into(),
        object_id: object_id.into(),
        display_name: display_name.into(),
        tenant: TENANT.into(),
        ..Application::default()
    }
}

fn elsewhere_too(application: Application, object_id: &str) -> Application {
    Application {
        other_tenants: vec![OTHER_TENANT.into()],
        object_ids_elsewhere: vec![(OTHER_TENANT.into(), object_id.into())],
        ..application
    }
}
