//! Identities and organizations of different tenants: what is explained, what is left out, and the ways across.

use ado_entra_auth_emulator::agent::{Job, JobOptions, TaskStep};
use ado_entra_auth_emulator::machine::Machine;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{
    CLIENT, CONNECTION, FABRIKAM_CONNECTION, FEDERATED_CLIENT, MACHINE_IDENTITY, MULTITENANT_CLIENT, OBJECT,
    OTHER_TENANT, TENANT, USER_IDENTITY_1,
};
use ado_entra_auth_emulator::{Emulator, RunningMachine, World};

use crate::identities::of;
use crate::support::{
    assert_no_secret_shown, assert_refused, bare_step, claims, emulator, emulator_with_repositories, in_one_tenant,
    in_parallel, job, run, script, step, variable, warned, write,
};
use crate::tenants::{exchanges, npmrc, of_two_tenants};

const ASK_GIT: &str = "printf 'protocol=https\\nhost=dev.azure.com\\npath=ORGANIZATION/p/_git/r\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill";

/// The step, which does not wait until all of Entra's servers know the application.
fn at_once(step: TaskStep) -> TaskStep {
    step.input("propagationTimeout", "0")
}

/// What git's helpers answer for an organization's repositories; blank where they have nothing.
fn password(job: &mut Job<'_>, organization: &str) -> String {
    let sources = job.sources();
    let outcome = job.run_script(&ASK_GIT.replace("ORGANIZATION", organization), &sources).unwrap();
    outcome.raw.lines().find_map(|line| line.strip_prefix("password=")).unwrap_or_default().to_owned()
}

/// A job of fabrikam's pipeline, on a machine of the other tenant.
fn job_of_fabrikam<'e>(emulator: &'e Emulator, machine: Option<&RunningMachine>) -> Job<'e> {
    let options = JobOptions {
        organization: "fabrikam".into(),
        project: "Garden".into(),
        machine_environment: machine.map(RunningMachine::environment).unwrap_or_default(),
        ..JobOptions::default()
    };
    Job::new(emulator, options).unwrap()
}

/// A connection of one tenant whose URL is an organization of another.
#[test]
fn a_connection_to_an_organization_of_another_tenant_is_explained() {
    let emulator = emulator();
    emulator.change(|world| {
        let connection = world.connections.iter_mut().find(|connection| connection.id == CONNECTION).unwrap();
        connection.url = "https://dev.azure.com/fabrikam/".into();
    });
    let words = [
        "the organization fabrikam belongs to another tenant than the identity",
        TENANT,
        OTHER_TENANT,
        "AADSTS700016",
        "use an identity of the tenant",
        "federatedClientId",
    ];
    let outcome = assert_refused(&emulator, &mut job(&emulator), &at_once(step()), &words);
    let fact =
        |name: &str, value: &str| outcome.errors[0].lines().any(|line| line.contains(name) && line.contains(value));
    assert!(fact("organization's tenant", OTHER_TENANT) && fact("identity's tenant", TENANT), "{}", outcome.errors[0]);
}

/// Entra takes no service connection's assertion for an application of several tenants.
#[test]
fn an_application_of_several_tenants_by_a_service_connection_is_explained() {
    let emulator = emulator();
    emulator.change(|world| {
        let position = world.connections.iter().position(|connection| connection.id == CONNECTION).unwrap();
        world.connections[position].client_id = MULTITENANT_CLIENT.into();
        world.connections[position].url = "https://dev.azure.com/fabrikam/".into();
        let credential = world.federated_credential_of(&world.connections[position]);
        world.application_mut(MULTITENANT_CLIENT).unwrap().federated_credentials.push(credential);
    });
    let words = ["AADSTS70052", "fabrikam", OTHER_TENANT, TENANT, "managedIdentity", "federatedClientId"];
    assert_refused(&emulator, &mut job(&emulator), &step(), &words);
    // At home the same connection serves.
    emulator.change(|world| {
        let connection = world.connections.iter_mut().find(|connection| connection.id == CONNECTION).unwrap();
        connection.url = "https://dev.azure.com/contoso/".into();
    });
    run(&emulator, &mut job(&emulator), &step());
}

/// Every pipeline permits its own organization; where nobody asked for it and the identity has nothing there, it is left out.
#[test]
fn the_pipelines_own_organization_is_left_out_where_it_gives_nothing() {
    type Start = fn() -> Emulator;
    let elsewhere: Start = emulator_with_repositories;
    let no_user: Start = || {
        let mut world = World::sample_with_repositories();
        for connection in &mut world.connections {
            connection.url = "https://dev.azure.com/fabrikam/".into();
        }
        let emulator = in_one_tenant(world);
        emulator.change(|world| world.organization_mut("contoso").unwrap().members.retain(|member| member != OBJECT));
        emulator
    };
    let rows = [
        (elsewhere, FABRIKAM_CONNECTION, "belongs to another tenant"),
        (no_user, CONNECTION, "does not accept the identity"),
    ];
    in_parallel(&rows, |(start, connection, reason)| {
        let emulator = start();
        let step = at_once(bare_step().connection("azureDevOpsServiceConnection", connection));
        let mut first = job(&emulator);
        let outcome = run(&emulator, &mut first, &step);
        let left_out = outcome.log.lines().find(|line| line.starts_with("Left out: contoso: "));
        assert!(left_out.is_some_and(|line| line.contains(reason)), "{}", outcome.log);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        assert_eq!(password(&mut first, "contoso"), "");
        assert_eq!(password(&mut first, "fabrikam"), variable(&first, "ADO_ENTRA_TOKEN"));
        let names: Vec<&str> = outcome.variables_set.iter().map(|variable| variable.name.as_str()).collect();
        assert!(names.iter().all(|name| !name.to_ascii_uppercase().contains("CONTOSO")), "{names:?}");

        // A file that names its feed is told why there is nothing.
        let mut with_feeds = job(&emulator);
        write(&with_feeds, ".npmrc", npmrc(&["contoso", "fabrikam"]));
        let outcome = run(&emulator, &mut with_feeds, &step);
        assert!(
            warned(&outcome, &["npm", ".npmrc", "contoso/feed1", "gets no token", reason]),
            "{:?}",
            outcome.warnings
        );
        assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);

        // Who asks for it is told, and gets nothing half done.
        assert_refused(
            &emulator,
            &mut job(&emulator),
            &step.clone().input("organizations", "contoso"),
            &["contoso", reason],
        );
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";
        assert_refused(&emulator, &mut job(&emulator), &step.input("feeds", feed), &["contoso", reason]);
    });
}

/// What is the run's own trouble is no reason to leave an organization out.
#[test]
fn trouble_that_passes_leaves_no_organization_out() {
    use ado_entra_auth_emulator::{Effect, Fault, Target};
    let emulator = in_one_tenant(World::sample());
    emulator.change(|world| {
        for connection in &mut world.connections {
            connection.url = "https://dev.azure.com/fabrikam/".into();
        }
    });
    let place = Target::Path("dev.azure.com".into(), "/contoso/_apis/connectionData".into());
    emulator.fault(Fault::new(place, Effect::Reset));
    assert_refused(&emulator, &mut job(&emulator), &step(), &["contoso", "could not be asked"]);
}

/// Being busy says nothing of the identity, whether Entra is or the organization.
#[test]
fn a_service_that_is_busy_leaves_no_organization_out() {
    use ado_entra_auth_emulator::{Effect, Fault, Target};
    let places = [
        ("login.microsoftonline.com", format!("/{TENANT}")),
        ("dev.azure.com", "/contoso/_apis/connectionData".to_owned()),
    ];
    in_parallel(&places, |(host, path)| {
        let emulator = emulator();
        // A wait beyond the step's limit is not begun.
        let throttled = Effect::TooManyRequests(Some(86_400));
        emulator.fault(Fault::new(Target::Path((*host).into(), path.clone()), throttled));
        let step = of_two_tenants("clientSecret").input("organizations", "fabrikam");
        let outcome = assert_refused(&emulator, &mut job(&emulator), &step, &["throttling", "86400 seconds"]);
        assert!(!outcome.log.contains("Left out"), "{}", outcome.log);
    });
}

#[test]
fn a_managed_identity_of_another_tenant_is_explained() {
    in_parallel(&[Machine::imds as fn() -> Machine, Machine::app_service, Machine::azure_ml], |source| {
        let emulator = emulator();
        let machine = emulator.machine(source().identity(MACHINE_IDENTITY)).unwrap();
        let words = [
            "the organization fabrikam belongs to another tenant than the managed identity",
            TENANT,
            OTHER_TENANT,
            "federatedClientId",
        ];
        assert_refused(&emulator, &mut job_of_fabrikam(&emulator, Some(&machine)), &of("managedIdentity"), &words);
    });
}

/// By an application that trusts it, the identity gets a token of the organization's tenant, and of no other.
#[test]
fn a_managed_identity_crosses_by_an_application_that_trusts_it() {
    let emulator = emulator_with_repositories();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)).unwrap();
    let step = of("managedIdentity").input("clientId", USER_IDENTITY_1).input("federatedClientId", FEDERATED_CLIENT);
    let mut job = job_of_fabrikam(&emulator, Some(&machine));
    write(&job, ".npmrc", npmrc(&["fabrikam"]));
    let outcome = run(&emulator, &mut job, &step);
    assert_no_secret_shown(&emulator, &outcome);
    assert_eq!(exchanges(&emulator), [OTHER_TENANT]);
    let tokens: Vec<_> = emulator.issued().into_iter().filter(|i| i.kind == SecretKind::AccessToken).collect();
    assert_eq!(tokens.len(), 1, "the machine's own token is not asked for");
    assert_eq!(
        (&tokens[0].claims["tid"], &tokens[0].claims["appid"]),
        (&OTHER_TENANT.into(), &FEDERATED_CLIENT.into())
    );
    assert_eq!(claims(&variable(&job, "ADO_ENTRA_TOKEN")), tokens[0].claims);
    let sources = job.sources();
    script(
        &mut job,
        &sources,
        "npm view @fabrikam/plant version && git ls-remote https://dev.azure.com/fabrikam/Garden/_git/plants",
    );
    for issued in emulator.issued() {
        assert_eq!(job.mask(&issued.value), "***", "{:?}", issued.kind);
    }
}

#[test]
fn what_an_application_may_not_trust_is_explained() {
    let emulator = emulator();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    let step = at_once(of("managedIdentity").input("federatedClientId", FEDERATED_CLIENT));
    // Trusted by whoever set it up, and still no identity that Entra takes: the machine's own.
    emulator.change(|world| {
        let object = world.application(MACHINE_IDENTITY).unwrap().object_id.clone();
        world.application_mut(FEDERATED_CLIENT).unwrap().federated_credentials[0].subject = object;
    });
    assert_refused(
        &emulator,
        &mut job_of_fabrikam(&emulator, Some(&machine)),
        &step,
        &["AADSTS700226", "user-assigned"],
    );
    // Not trusted at all: what to enter is shown.
    emulator.change(|world| *world = World::sample());
    let words = ["AADSTS700213", "issuer", &format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "subject"];
    assert_refused(&emulator, &mut job_of_fabrikam(&emulator, Some(&machine)), &step, &words);
    // An application that fabrikam's tenant does not know.
    let step = at_once(of("managedIdentity").input("federatedClientId", CLIENT));
    assert_refused(&emulator, &mut job_of_fabrikam(&emulator, Some(&machine)), &step, &["AADSTS700016", OTHER_TENANT]);
}
