//! The world that most tests start from: three organizations on the same hosts, their identities, foreign hosts.

use super::{
    Application, Challenge, Feed, ForeignHost, NO_TENANT, Organization, Package, Project, Repository,
    ServiceConnection, Tenant, World, sample_connections, sample_identities,
};
use std::time::Duration;

/// The tenant of `contoso`.
pub const TENANT: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
/// The tenant of `fabrikam`.
pub const OTHER_TENANT: &str = "11111111-aaaa-4bbb-8ccc-000000000002";
/// Client id of `contoso-feeds-reader`.
pub const CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000002";
/// Object id of `contoso-feeds-reader`.
pub const OBJECT: &str = "22222222-aaaa-4bbb-8ccc-0000000000f2";
/// Client id of `contoso-publisher`, a second identity of contoso.
pub const SECOND_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000003";
/// Client id of `fabrikam-feeds-reader`.
pub const FABRIKAM_CLIENT: &str = "22222222-aaaa-4bbb-8ccc-000000000004";
/// Service connection `feeds-reader` of contoso.
pub const CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556666";
/// Service connection `feeds-publisher` of contoso, with a second identity.
pub const SECOND_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556667";
/// Service connection `fabrikam-feeds`, kept in contoso's project, whose identity is a user of fabrikam.
pub const FABRIKAM_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556668";
/// `arm-federated` of the type Azure Resource Manager, with the identity of [`CLIENT`].
pub const ARM_FEDERATED_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556671";
/// `arm-secret`: the client secret of `contoso-secret`.
pub const ARM_SECRET_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556672";
/// `arm-certificate`: key and certificate of `contoso-certificate`.
pub const ARM_CERTIFICATE_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556673";
/// `arm-managed`: whatever identity the agent's machine has of its own.
pub const ARM_MANAGED_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556674";
/// `arm-user-managed`: the user-assigned identity `build-reader` of the agent's machine.
pub const ARM_USER_MANAGED_CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556675";
/// GUID of the organization `contoso`.
pub const CONTOSO_ID: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

impl World {
    /// Organization `contoso` (projects `Shop` and `My Project`), organization `fabrikam` (project `Garden`) and organization
    /// `treyresearch`, which has no tenant, with feeds, packages, repositories, service connections and identities, beside the
    /// foreign hosts `registry.example.com` and `evil.example`.
    pub fn sample() -> Self {
        let mut world = Self {
            tenants: vec![
                Tenant { id: TENANT.into(), domains: vec!["contoso.example".into(), "contoso.onmicrosoft.com".into()] },
                Tenant { id: OTHER_TENANT.into(), domains: vec!["fabrikam.example".into()] },
            ],
            applications: vec![
                application(CLIENT, OBJECT, "contoso-feeds-reader", TENANT),
                application(SECOND_CLIENT, "22222222-aaaa-4bbb-8ccc-0000000000f3", "contoso-publisher", TENANT),
                application(
                    FABRIKAM_CLIENT,
                    "22222222-aaaa-4bbb-8ccc-0000000000f4",
                    "fabrikam-feeds-reader",
                    OTHER_TENANT,
                ),
            ],
            organizations: vec![contoso(), fabrikam(), trey_research()],
            connections: sample_connections::all(),
            foreign_hosts: ["registry.example.com", "evil.example"].map(foreign).to_vec(),
            access_token_life: Duration::from_secs(3599),
            ..Self::default()
        };
        sample_identities::add(&mut world);
        let federated = |connection: &&ServiceConnection| connection.scheme == "WorkloadIdentityFederation";
        for connection in world.connections.clone().iter().filter(federated) {
            let credential = world.federated_credential_of(connection);
            if let Some(application) = world.application_mut(&connection.client_id) {
                application.federated_credentials.push(credential);
            }
        }
        world
    }

    /// [`World::sample`] in which every unknown host answers as a public registry, after this challenge.
    pub fn sample_with_strangers(challenge: Challenge) -> Self {
        let strangers = ForeignHost { challenge, repositories: Vec::new(), ..foreign("") };
        Self { strangers: Some(strangers), ..Self::sample() }
    }

    /// [`World::sample`] with its git repositories.
    pub fn sample_with_repositories() -> Self {
        Self { with_repositories: true, ..Self::sample() }
    }
}

fn application(client_id: &str, object_id: &str, display_name: &str, tenant: &str) -> Application {
    Application {
        client_id: client_id.into(),
        object_id: object_id.into(),
        display_name: display_name.into(),
        tenant: tenant.into(),
        ..Application::default()
    }
}

fn packages() -> Vec<Package> {
    vec![
        Package::npm("@contoso/hello", "1.0.0", &[("hello-contoso", "^1.0.0")]),
        Package::npm("hello-contoso", "1.0.0", &[]),
        Package::maven("com.contoso:hello", "1.0.0", &[]),
        Package::maven_plugin("com.contoso:fetch-maven-plugin", "1.0.0"),
        // Maven 3 adds this to every plugin that names no version of it.
        Package::maven("org.codehaus.plexus:plexus-utils", "1.1", &[]),
        Package::nuget("Contoso.Hello", "1.0.0", &[]),
        Package::cargo("contoso-greeting", "1.0.0", &[]),
        Package::cargo("contoso-hello", "1.0.0", &[("contoso-greeting", "^1.0.0")]),
        Package::python("contoso-hello", "1.0.0"),
    ]
}

fn contoso() -> Organization {
    let mut secret = Feed::new("forbidden").with(packages());
    secret.readers = Some(Vec::new());
    Organization {
        name: "contoso".into(),
        id: CONTOSO_ID.into(),
        tenant: TENANT.into(),
        projects: vec![
            Project { name: "Shop".into(), id: "5b0c5a1e-0001-4222-8333-444455556666".into() },
            Project { name: "My Project".into(), id: "5b0c5a1e-0002-4222-8333-444455556666".into() },
        ],
        members: vec![OBJECT.into(), "22222222-aaaa-4bbb-8ccc-0000000000f3".into()],
        feeds: vec![
            Feed::new("feed1").with(packages()),
            Feed::new("feed2").with([
                Package::npm("@contoso/second", "2.0.0", &[]),
                Package::maven("com.contoso:second", "2.0.0", &[("com.contoso:hello", "1.0.0")]),
                Package::nuget("Contoso.Second", "2.0.0", &[("Contoso.Hello", "1.0.0")]),
                Package::cargo("contoso-second", "2.0.0", &[]),
                Package::python("contoso-second", "2.0.0"),
            ]),
            Feed::new("teamfeed").in_project("Shop").with(packages()),
            Feed::new("blankfeed").in_project("My Project").with(packages()),
            secret,
        ],
        repositories: vec![
            Repository::new("Shop", "hello"),
            Repository { allow_push: true, ..Repository::new("Shop", "writable") },
            Repository::new("My Project", "blank"),
            Repository {
                submodules: vec![("library".into(), "../hello".into())],
                ..Repository::new("Shop", "with-submodule")
            },
            Repository {
                submodules: vec![("library".into(), "https://evil.example/git/trap".into())],
                ..Repository::new("Shop", "hostile-submodule")
            },
            Repository {
                submodules: vec![("library".into(), "https://dev.azure.com/fabrikam/Garden/_git/plants".into())],
                ..Repository::new("Shop", "foreign-submodule")
            },
            Repository {
                lfs_files: vec![("big.bin".into(), "large file of contoso\n".repeat(64))],
                ..Repository::new("Shop", "with-lfs")
            },
        ],
    }
}

fn fabrikam() -> Organization {
    Organization {
        name: "fabrikam".into(),
        id: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fa".into(),
        tenant: OTHER_TENANT.into(),
        projects: vec![Project { name: "Garden".into(), id: "5b0c5a1e-0003-4222-8333-444455556666".into() }],
        members: vec!["22222222-aaaa-4bbb-8ccc-0000000000f4".into()],
        feeds: vec![Feed::new("feed1").with([
            Package::npm("@fabrikam/plant", "1.0.0", &[]),
            Package::maven("com.fabrikam:plant", "1.0.0", &[]),
            Package::nuget("Fabrikam.Plant", "1.0.0", &[]),
            Package::cargo("fabrikam-plant", "1.0.0", &[]),
            Package::python("fabrikam-plant", "1.0.0"),
        ])],
        repositories: vec![Repository::new("Garden", "plants")],
    }
}

/// An organization of Microsoft accounts, without a tenant.
fn trey_research() -> Organization {
    Organization {
        name: "treyresearch".into(),
        id: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fb".into(),
        tenant: NO_TENANT.into(),
        projects: vec![Project { name: "Lab".into(), id: "5b0c5a1e-0004-4222-8333-444455556666".into() }],
        members: Vec::new(),
        feeds: vec![Feed::new("feed1").with(packages())],
        repositories: Vec::new(),
    }
}

fn foreign(name: &str) -> ForeignHost {
    let mut packages = packages();
    packages.extend([
        Package::npm("left-behind", "1.0.0", &[]),
        Package::maven("org.example:left-behind", "1.0.0", &[]),
        Package::nuget("Left.Behind", "1.0.0", &[]),
        Package::cargo("left-behind", "1.0.0", &[]),
        Package::python("left-behind", "1.0.0"),
    ]);
    ForeignHost {
        name: name.into(),
        challenge: Challenge::None,
        packages,
        repositories: vec![Repository::new("", "trap"), Repository::new("", "hello")],
    }
}
