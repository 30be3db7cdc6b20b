//! Ordered trouble that several services share, in the order in which it strikes.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::faults::{BodyForm, ConnectionDataFault, DevOpsError, OidcFault, Unavailable};
use ado_entra_auth_emulator::world;
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target, World};
use common::{ask_assertion, ask_token, curl, job, token};

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

#[test]
fn a_credential_that_spreads_fails_works_and_fails_again() {
    let emulator = start();
    let job = job(&emulator);
    let assertion = ask_assertion(&emulator, &job, world::CONNECTION).json()["oidcToken"].as_str().unwrap().to_owned();
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(700_213)).times(2));
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(70_021)).skip(1).times(1));
    let ask = || ask_token(&emulator, world::TENANT, world::CLIENT, &assertion, &[]).status;
    assert_eq!([ask(), ask(), ask(), ask(), ask()], [401, 401, 200, 400, 200]);
}

#[test]
fn a_connection_of_another_tenant_does_not_open_a_multitenant_application() {
    let emulator = start();
    let connection = emulator.world().connection(world::CONNECTION).unwrap().clone();
    emulator.change(|world| {
        let credential = world.federated_credential_of(&connection);
        world.application_mut(self::world::MULTITENANT_CLIENT).unwrap().federated_credentials.push(credential);
    });
    let job = job(&emulator);
    let assertion = ask_assertion(&emulator, &job, world::CONNECTION).json()["oidcToken"].as_str().unwrap().to_owned();
    let ask = |tenant| ask_token(&emulator, tenant, world::MULTITENANT_CLIENT, &assertion, &[]);
    assert_eq!(ask(world::TENANT).status, 200);
    assert_eq!(ask(world::OTHER_TENANT).json()["error_codes"][0], 70_052);
}

#[test]
fn services_are_busy_in_every_form() {
    let emulator = start();
    let url = "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration";
    for (status, retry_after, form, kind) in [
        (429, Some(2), BodyForm::Json, "application/json; charset=utf-8"),
        (503, None, BodyForm::Html, "text/html; charset=utf-8"),
        (504, Some(1), BodyForm::Text, "text/plain"),
        (500, None, BodyForm::Empty, ""),
    ] {
        let trouble = Effect::Unavailable(Unavailable { status, retry_after, form });
        emulator.fault(Fault::new(Endpoint::Discovery, trouble).times(1));
        let reply = curl(&emulator, &[url]);
        assert_eq!((reply.status, reply.header("Content-Type").join("").as_str()), (status, kind));
        assert_eq!(reply.header("Retry-After").first().cloned(), retry_after.map(|seconds| seconds.to_string()));
        assert_eq!(reply.body.is_empty(), form == BodyForm::Empty);
    }
    assert_eq!(curl(&emulator, &[url]).status, 200);
}

#[test]
fn azure_devops_has_its_errors() {
    let emulator = start();
    let bearer = format!("Authorization: Bearer {}", token(&emulator));
    let ask = |url: &str| curl(&emulator, &["-H", &bearer, url]);
    let git = "https://dev.azure.com/contoso/Shop/_git/hello/info/refs?service=git-upload-pack";
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/hello-contoso";
    let order = |endpoint: Endpoint, error| emulator.fault(Fault::new(endpoint, Effect::DevOps(error)).times(1));
    for (endpoint, error, url, status, text, key) in [
        (
            Endpoint::Projects,
            DevOpsError::no_project("Shop"),
            "https://dev.azure.com/contoso/_apis/projects/Shop",
            400,
            "VS800075: ",
            "ProjectDoesNotExist",
        ),
        (Endpoint::Repos, DevOpsError::no_repository("hello"), git, 404, "TF401019: ", "GitRepositoryNotFound"),
        (Endpoint::Repos, DevOpsError::no_git_right("GenericContribute"), git, 403, "TF401027: ", "GitNeeds"),
        (Endpoint::Repos, DevOpsError::not_authorized(), git, 401, "VS30063: ", "VssUnauthorized"),
        (
            Endpoint::Artifacts,
            DevOpsError::no_feed("feed1"),
            feed,
            404,
            "The feed with ID 'feed1'",
            "FeedIdNotFoundException",
        ),
        (
            Endpoint::Artifacts,
            DevOpsError::no_feed_right("reader", "AddUpstreamPackage"),
            feed,
            403,
            "User 'reader'",
            "FeedNeeds",
        ),
    ] {
        order(endpoint, error);
        let reply = ask(url);
        let body = reply.json();
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(body["message"].as_str().unwrap().starts_with(text), "{body}");
        assert!(body["typeKey"].as_str().unwrap().starts_with(key), "{body}");
        assert_eq!(
            reply.head.lines().next().unwrap().contains("'AddUpstreamPackage'"),
            key == "FeedNeeds",
            "{reply:?}"
        );
    }
    emulator.change(|world| world.organizations[0].feeds[0].publishers = Some(Vec::new()));
    let published = curl(&emulator, &["-X", "PUT", "-H", &bearer, "-d", "{}", feed]);
    assert!(
        published.status == 403 && published.head.lines().next().unwrap().contains("'AddPackage'"),
        "{published:?}"
    );
}

#[test]
fn connection_data_and_oidc_refuse_in_any_words() {
    let emulator = start();
    let bearer = format!("Authorization: Bearer {}", token(&emulator));
    let data = |kind| {
        emulator.fault(Fault::new(Endpoint::ConnectionData, Effect::ConnectionData(kind)).times(1));
        curl(&emulator, &["-H", &bearer, "https://dev.azure.com/contoso/_apis/connectionData"])
    };
    let licence = data(ConnectionDataFault::NoLicence);
    assert_eq!((licence.status, &licence.json()["typeKey"]), (403, &"MissingLicenseException".into()));
    let refused = data(ConnectionDataFault::Refusal(DevOpsError::new(401, "MadeUpException", "VS999: made up")));
    assert_eq!((refused.status, &refused.json()["message"]), (401, &"VS999: made up".into()));
    assert_eq!(refused.header("X-VSS-ResourceTenant"), [world::TENANT]);
    let gone = data(ConnectionDataFault::Refusal(DevOpsError::new(410, "MadeUpException", "gone")));
    assert_eq!((gone.status, gone.header("X-VSS-ResourceTenant").len()), (410, 0));

    let job = job(&emulator);
    let oidc = |fault| {
        emulator.fault(Fault::new(Endpoint::Oidc, Effect::Oidc(fault)).times(1));
        ask_assertion(&emulator, &job, world::CONNECTION)
    };
    for status in [200, 400, 403] {
        let reply = oidc(OidcFault::NotReferencedInStage(status));
        let text =
            format!("There is no explicit reference to service connection {} from current stage.", world::CONNECTION);
        assert_eq!((reply.status, reply.json()["count"].as_u64()), (status, Some(151)));
        assert!(reply.json()["value"].as_str().unwrap().starts_with(&text), "{reply:?}");
    }
    for status in [400, 403, 404] {
        let reply = oidc(OidcFault::Refusal(DevOpsError::new(status, "MadeUpException", "no")));
        assert_eq!((reply.status, &reply.json()["typeKey"]), (status, &"MadeUpException".into()));
    }
    emulator.fault(Fault::new(Target::Host("dev.azure.com".into()), Effect::SignInRedirect).times(1));
    let redirected = ask_assertion(&emulator, &job, world::CONNECTION);
    assert_eq!(redirected.status, 302);
    let page = curl(&emulator, &[&redirected.header("Location")[0]]);
    assert_eq!((page.status, page.header("Content-Type").join("")), (203, "text/html; charset=utf-8".into()));
}
