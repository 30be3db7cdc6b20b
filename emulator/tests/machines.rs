//! Machines with managed identities: what each source demands, what it answers, and what its tokens open.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::faults::{ArcFault, EntraFault, ExpiryForm, MachineFault, TokenFault};
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{self, FederatedCredential, MACHINE_IDENTITY, USER_IDENTITY_1, USER_IDENTITY_2};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};
use common::{Reply, ask_token, curl, direct, try_curl, try_direct};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

const RESOURCE: &str = "resource=499b84ac-1321-427f-aa17-267ca6975798";

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

fn environment(machine: &RunningMachine) -> BTreeMap<String, String> {
    machine.environment().into_iter().collect()
}

fn data(emulator: &Emulator, organization: &str, token: &str) -> Reply {
    let bearer = format!("Authorization: Bearer {token}");
    curl(emulator, &["-H", &bearer, &format!("https://dev.azure.com/{organization}/_apis/connectionData")])
}

/// The name that contoso knows the token's identity by.
fn who(emulator: &Emulator, reply: &Reply) -> String {
    let body = reply.json();
    let token = body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {reply:?}"));
    let reply = data(emulator, "contoso", token);
    let name = reply.json()["authenticatedUser"]["providerDisplayName"].as_str().map(str::to_owned);
    name.unwrap_or_else(|| reply.status.to_string())
}

fn order(machine: &RunningMachine, effect: Effect) {
    machine.fault(Fault::new(Target::Everything, effect).times(1));
}

fn imds(machine: &RunningMachine, query: &str) -> Reply {
    let host = environment(machine)["AZURE_POD_IDENTITY_AUTHORITY_HOST"].clone();
    let address = format!("{host}/metadata/identity/oauth2/token?api-version=2018-02-01&{query}");
    direct(&["-H", "Metadata: true", &address])
}

#[test]
fn imds_hands_out_the_identity_that_is_asked_for() {
    let emulator = start();
    let alone = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)).unwrap();
    let reply = imds(&alone, RESOURCE);
    assert_eq!(who(&emulator, &reply), "build-machine");
    let body = reply.json();
    for name in ["expires_in", "expires_on", "ext_expires_in", "not_before"] {
        assert!(body[name].as_str().unwrap().parse::<i64>().is_ok(), "{name} is a number in a text: {body}");
    }
    assert_eq!((&body["client_id"], &body["token_type"]), (&MACHINE_IDENTITY.into(), &"Bearer".into()));
    for selector in [
        format!("client_id={USER_IDENTITY_1}"),
        format!("object_id={}", world::USER_OBJECT_1),
        format!("msi_res_id={}", world::USER_RESOURCE_1),
    ] {
        assert_eq!(who(&emulator, &imds(&alone, &format!("{RESOURCE}&{selector}"))), "build-reader", "{selector}");
    }
    let several = emulator.machine(Machine::imds().identity(USER_IDENTITY_1).identity(USER_IDENTITY_2)).unwrap();
    let with = |query: &str| imds(&several, &format!("{RESOURCE}{query}"));
    assert!(with("").body.contains("Multiple user assigned identities exist"));
    assert_eq!(who(&emulator, &with(&format!("&client_id={USER_IDENTITY_2}"))), "401", "no user of contoso");
    for unknown in [format!("&client_id={MACHINE_IDENTITY}"), "&client_id=x".into(), "&mi_res_id=x".into()] {
        let reply = with(&unknown);
        let text = reply.json()["error_description"].as_str().unwrap().to_owned();
        let named = if unknown.starts_with("&mi") { "Multiple" } else { "Identity not found" };
        assert!(reply.status == 400 && text.starts_with(named), "{unknown}: {reply:?}");
    }
    let one = emulator.machine(Machine::imds().identity(USER_IDENTITY_1)).unwrap();
    assert_eq!(who(&emulator, &imds(&one, RESOURCE)), "build-reader");
    let none = emulator.machine(Machine::imds()).unwrap();
    assert_eq!(imds(&none, RESOURCE).json()["error_description"], "Identity not found");
}

#[test]
fn imds_checks_the_request() {
    let emulator = start();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    let base = format!("http://{}/metadata/identity/oauth2/token", machine.address());
    let good = format!("{base}?api-version=2018-02-01&{RESOURCE}");
    let with = |arguments: &[&str]| direct(arguments).status;
    let metadata = ["-H", "Metadata: true"];
    assert_eq!(with(&[&metadata[..], &[&good]].concat()), 200);
    assert_eq!(with(&[&good]), 400, "no Metadata header");
    assert_eq!(with(&[&metadata[..], &["-H", "X-Forwarded-For: 10.0.0.1", &good]].concat()), 400);
    assert_eq!(with(&[&metadata[..], &[&format!("{base}?{RESOURCE}")]].concat()), 400, "no version");
    assert_eq!(with(&[&metadata[..], &[&format!("{base}?api-version=2018-02-01")]].concat()), 400, "no resource");
    assert_eq!(with(&[&metadata[..], &["-X", "POST", &good]].concat()), 405);
    let scope = imds(&machine, &format!("{RESOURCE}/.default"));
    assert_eq!((scope.status, scope.json()["error_codes"].clone()), (400, "[500011]".into()));
    assert_eq!(machine.requests().len(), 7);
}

#[test]
fn a_machine_has_its_troubles() {
    let emulator = start();
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    let ask = || imds(&machine, RESOURCE);
    let fault = machine.fault(Fault::new(Target::Everything, Effect::Machine(MachineFault::Refusal(410))).times(2));
    assert_eq!([ask().status, ask().status, ask().status], [410, 410, 200]);
    assert_eq!(machine.fired(fault), 2);
    order(&machine, Effect::Machine(MachineFault::UnreachableNetwork));
    let reply = ask();
    assert!(reply.status == 403 && reply.body.ends_with("unreachable network."), "{reply:?}");
    order(&machine, Effect::Entra(EntraFault::code(700_016)));
    assert_eq!((ask().status, machine.requests().last().unwrap().status), (400, 400));
    for (form, wanted) in [
        (ExpiryForm::Number, true),
        (ExpiryForm::Rfc3339, true),
        (ExpiryForm::American, true),
        (ExpiryForm::Nonsense, true),
        (ExpiryForm::Absent, false),
    ] {
        order(&machine, Effect::Machine(MachineFault::ExpiresOn(form)));
        let body = ask().json();
        assert_eq!((body["expires_on"].is_null(), body["expires_in"].is_null()), (!wanted, true), "{form:?} {body}");
    }
    order(&machine, Effect::Machine(MachineFault::Numbers));
    assert!(ask().json()["expires_in"].is_i64());
    order(&machine, Effect::Token(TokenFault::NoAccessToken));
    assert!(ask().json()["access_token"].is_null());
    order(&machine, Effect::Html);
    assert!(ask().body.starts_with("<!DOCTYPE"));
    order(&machine, Effect::HugeBody(3_000_000));
    assert_eq!(ask().body.len(), 3_000_000);
    order(&machine, Effect::answer(Answer::status(503).header("Retry-After", "1")));
    assert_eq!(ask().header("Retry-After"), ["1"]);
    order(&machine, Effect::Redirect(302, "evil.example".into()));
    assert!(ask().header("Location")[0].starts_with("https://evil.example/metadata/"));
    let address =
        format!("http://{}/metadata/identity/oauth2/token?api-version=2018-02-01&{RESOURCE}", machine.address());
    let quick = || try_direct(&["-H", "Metadata: true", "--max-time", "1", &address]);
    order(&machine, Effect::Reset);
    assert!([52, 56].contains(&quick().unwrap_err()));
    order(&machine, Effect::Truncated);
    assert_eq!(quick().unwrap_err(), 18);
    for slow in [Effect::Delay(Duration::from_secs(9)), Effect::Trickle(Duration::from_millis(500))] {
        order(&machine, slow);
        assert_eq!(quick().unwrap_err(), 28);
    }
    order(&machine, Effect::Html);
    machine.end_faults();
    assert_eq!(ask().status, 200);
    drop(machine);
    assert_eq!(quick().unwrap_err(), 7, "a machine ends with its value");
}

#[test]
fn a_machine_listens_where_it_is_told() {
    let emulator = start();
    let machine =
        emulator.machine(Machine::imds().identity(MACHINE_IDENTITY).at("127.0.0.1:0".parse().unwrap())).unwrap();
    let taken = Machine::imds().at(machine.address());
    assert!(emulator.machine(taken.clone()).is_err(), "somebody is there already");
    let address = machine.address();
    drop(machine);
    // The listener goes with its task, which the runtime ends in its own time.
    let again = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        emulator.machine(taken.clone().identity(MACHINE_IDENTITY)).ok()
    });
    let again = again.unwrap();
    assert_eq!(again.address(), address);
    assert_eq!(who(&emulator, &imds(&again, RESOURCE)), "build-machine");
}

#[test]
fn a_machine_is_not_behind_the_proxy() {
    let emulator = start();
    for address in ["http://169.254.169.254/metadata/identity/oauth2/token", "http://127.0.0.1:40342/metadata"] {
        assert_eq!(curl(&emulator, &[address]).status, 403);
    }
    assert!(try_curl(&emulator, &["-p", "http://169.254.169.254/metadata"]).is_err());
    let seen: Vec<(u16, String)> = emulator.connects().into_iter().map(|c| (c.status, c.host)).collect();
    let host = |name: &str| (403, name.to_owned());
    assert_eq!(seen, [host("169.254.169.254"), host("127.0.0.1"), host("169.254.169.254")]);
}

#[test]
fn app_service_and_container_apps_want_their_header() {
    let emulator = start();
    for machine in [Machine::app_service(), Machine::container_apps()] {
        let machine = emulator.machine(machine.identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)).unwrap();
        let variables = environment(&machine);
        let header = format!("X-IDENTITY-HEADER: {}", variables["IDENTITY_HEADER"]);
        let address = |query: &str| format!("{}?{query}", variables["IDENTITY_ENDPOINT"]);
        let ask = |query: &str| direct(&["-H", &header, &address(&format!("api-version=2019-08-01&{query}"))]);
        let reply = ask(RESOURCE);
        assert_eq!(who(&emulator, &reply), "build-machine");
        assert!(reply.json()["expires_on"].is_string() && reply.json()["expires_in"].is_null(), "{reply:?}");
        for selector in [
            format!("client_id={USER_IDENTITY_1}"),
            format!("principal_id={}", world::USER_OBJECT_1),
            format!("mi_res_id={}", world::USER_RESOURCE_1),
        ] {
            assert_eq!(who(&emulator, &ask(&format!("{RESOURCE}&{selector}"))), "build-reader", "{selector}");
        }
        let unknown = ask(&format!("{RESOURCE}&client_id={USER_IDENTITY_2}"));
        assert!(unknown.status == 400 && unknown.json()["correlationId"].is_string(), "{unknown:?}");
        let wrong = ask("resource=https://nowhere.example");
        assert_eq!((wrong.status, &wrong.json()["statusCode"]), (500, &500.into()));
        assert!(wrong.json()["message"].as_str().unwrap().contains("unexpected error occured while fetching"));
        let good = address(&format!("api-version=2019-08-01&{RESOURCE}"));
        assert_eq!(direct(&[&good]).status, 401);
        assert_eq!(direct(&["-H", "X-IDENTITY-HEADER: x", &good]).status, 401);
        assert_eq!(direct(&["-H", &header, &address(&format!("api-version=2017-09-01&{RESOURCE}"))]).status, 400);
        order(&machine, Effect::Machine(MachineFault::Refusal(500)));
        assert_eq!(ask(RESOURCE).json()["statusCode"], 500);
    }
}

/// Asks Azure Arc as a client does that believes every challenge; the last answer, and how many requests it took.
fn believe(machine: &RunningMachine, folder: &Path, query: &str) -> (Reply, usize) {
    let before = machine.requests().len();
    let address = format!("{}?api-version=2020-06-01&{query}", environment(machine)["IDENTITY_ENDPOINT"]);
    let first = direct(&["-H", "Metadata: true", &address]);
    let challenge = first.header("WWW-Authenticate").join("");
    let path = challenge.strip_prefix("Basic realm=").unwrap_or_default();
    let below = |start: &str| Some(folder.join(path.strip_prefix(start)?));
    let file = below("/var/opt/azcmagent/tokens/")
        .or_else(|| below("/var/opt/azcmagent/").map(|p| folder.join("..").join(p.file_name().unwrap())));
    let key = file.and_then(|file| fs::read_to_string(file).ok());
    let Some(key) = key else { return (first, machine.requests().len() - before) };
    let header = format!("Authorization: Basic {key}");
    let reply = direct(&["-H", "Metadata: true", "-H", &header, &address]);
    (reply, machine.requests().len() - before)
}

#[test]
fn arc_gives_a_token_to_who_can_read_its_key() {
    let emulator = start();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("tokens");
    let here = || Machine::arc().identity(MACHINE_IDENTITY).writing_keys_to(&keys);
    let machine = emulator.machine(here()).unwrap();
    let (reply, requests) = believe(&machine, &keys, RESOURCE);
    assert_eq!((who(&emulator, &reply), requests), ("build-machine".into(), 2));
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 0, "the key goes with its use");
    let address = format!("{}?api-version=2020-06-01&{RESOURCE}", environment(&machine)["IDENTITY_ENDPOINT"]);
    let guessed = direct(&["-H", "Metadata: true", "-H", "Authorization: Basic guessed", &address]);
    assert_eq!(guessed.status, 401);
    assert_eq!(direct(&[&address]).status, 400, "no Metadata header");
    let (reply, _) = believe(&machine, &keys, &format!("{RESOURCE}&client_id={USER_IDENTITY_1}"));
    assert_eq!(reply.status, 400);
    let current = emulator.machine(here().identity(USER_IDENTITY_1)).unwrap();
    let (reply, _) = believe(&current, &keys, &format!("{RESOURCE}&client_id={USER_IDENTITY_1}"));
    assert_eq!((who(&emulator, &reply), &reply.json()["client_id"]), ("build-reader".into(), &USER_IDENTITY_1.into()));
    let (reply, _) = believe(&current, &keys, &format!("{RESOURCE}&object_id={}", world::USER_OBJECT_1));
    assert_eq!(reply.json()["object_id"], world::USER_OBJECT_1, "the answer says which");
    let old = emulator.machine(here().identity(USER_IDENTITY_1).old_agent()).unwrap();
    let (reply, _) = believe(&old, &keys, &format!("{RESOURCE}&object_id={}", world::USER_OBJECT_1));
    assert_eq!((who(&emulator, &reply), reply.json()["object_id"].is_null()), ("build-machine".into(), true));
}

#[test]
fn arc_sets_traps() {
    let emulator = start();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("tokens");
    let machine = emulator.machine(Machine::arc().identity(MACHINE_IDENTITY).writing_keys_to(&keys)).unwrap();
    let fall = |fault| {
        order(&machine, Effect::Machine(MachineFault::Arc(fault)));
        let (reply, requests) = believe(&machine, &keys, RESOURCE);
        (reply.status, requests)
    };
    // Who reads and sends the key, gets the token and is found out by the second request.
    for trap in [
        ArcFault::Outside,
        ArcFault::Traversal,
        ArcFault::OtherExtension,
        ArcFault::KeySize(4097),
        ArcFault::KeySize(4096),
        ArcFault::Link,
    ] {
        assert_eq!(fall(trap.clone()), (200, 2), "{trap:?}");
    }
    for trap in [ArcFault::NoHeader, ArcFault::Header("Bearer realm=x".into()), ArcFault::Folder, ArcFault::Missing] {
        assert_eq!(fall(trap.clone()), (401, 1), "{trap:?}");
    }
    assert_eq!(fall(ArcFault::NoChallenge), (200, 1));
}

#[test]
fn cloud_shell_takes_a_form() {
    let emulator = start();
    let machine = emulator.machine(Machine::cloud_shell().identity(MACHINE_IDENTITY)).unwrap();
    let endpoint = environment(&machine)["MSI_ENDPOINT"].clone();
    let ask = |form: &str| direct(&["-H", "Metadata: true", "-d", form, &endpoint]);
    assert_eq!(who(&emulator, &ask(RESOURCE)), "build-machine");
    let refused = ask("resource=https://nowhere.example");
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &"AudienceNotSupported".into()));
    assert_eq!(ask(&format!("{RESOURCE}&client_id={MACHINE_IDENTITY}")).status, 400);
    assert_eq!(direct(&["-d", RESOURCE, &endpoint]).status, 400, "no Metadata header");
    assert_eq!(direct(&["-H", "Metadata: true", &format!("{endpoint}?{RESOURCE}")]).status, 405);
}

#[test]
fn service_fabric_vouches_for_itself() {
    let emulator = start();
    let machine = emulator.machine(Machine::service_fabric().identity(MACHINE_IDENTITY)).unwrap();
    let variables = environment(&machine);
    let address = |query: &str| format!("{}?api-version=2019-07-01-preview&{query}", variables["IDENTITY_ENDPOINT"]);
    let header = format!("Secret: {}", variables["IDENTITY_HEADER"]);
    assert!(address("").starts_with("https://127.0.0.1:"));
    assert_eq!(try_direct(&["-H", &header, &address(RESOURCE)]).unwrap_err(), 60, "no authority has signed it");
    let reply = direct(&["-k", "-H", &header, &address(RESOURCE)]);
    assert_eq!((who(&emulator, &reply), reply.json()["expires_on"].is_i64()), ("build-machine".into(), true));
    let code = |arguments: &[&str]| {
        let reply = direct(&[&["-k"], arguments].concat());
        (reply.status, reply.json()["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(code(&[&address(RESOURCE)]), (401, "SecretHeaderNotFound".into()));
    assert_eq!(code(&["-H", &header, &address("")]), (400, "ArgumentNullOrEmpty".into()));
    let wrong = emulator.machine(Machine::service_fabric().wrong_thumbprint()).unwrap();
    let (own, other) =
        (&variables["IDENTITY_SERVER_THUMBPRINT"], environment(&wrong)["IDENTITY_SERVER_THUMBPRINT"].clone());
    let seen = std::process::Command::new("sh")
        .args(["-c", "openssl s_client -connect $0 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha1"])
        .arg(machine.address().to_string())
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&seen.stdout).trim().replace(':', "");
    assert!(seen.ends_with(own.as_str()) && !seen.ends_with(&other) && own.len() == 40, "{seen} {own}");
    order(&wrong, Effect::Reset);
    assert!(try_direct(&["-k", &format!("https://{}/", wrong.address())]).is_err());
    let missing = environment(&wrong)["IDENTITY_HEADER"].clone();
    let address =
        format!("https://{}/metadata/identity/oauth2/token?api-version=2019-07-01-preview&{RESOURCE}", wrong.address());
    assert_eq!(code(&["-H", &format!("Secret: {missing}"), &address]), (404, "ManagedIdentityNotFound".into()));
}

#[test]
fn azure_ml_wants_its_secret() {
    let emulator = start();
    let machine = emulator.machine(Machine::azure_ml().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)).unwrap();
    let variables = environment(&machine);
    assert_eq!(variables["DEFAULT_IDENTITY_CLIENT_ID"], USER_IDENTITY_1);
    let header = format!("secret: {}", variables["MSI_SECRET"]);
    let address = |query: &str| format!("{}?api-version=2017-09-01&{RESOURCE}{query}", variables["MSI_ENDPOINT"]);
    let ask = |query: &str| direct(&["-H", &header, &address(query)]);
    assert_eq!(who(&emulator, &ask("")), "build-machine");
    assert_eq!(who(&emulator, &ask(&format!("&clientid={USER_IDENTITY_1}"))), "build-reader");
    assert_eq!(ask(&format!("&clientid={USER_IDENTITY_2}")).status, 400);
    assert_eq!(direct(&[&address("")]).status, 401);
}

#[test]
fn a_pod_has_a_token_in_a_file() {
    let emulator = start();
    let pod = emulator.machine(Machine::aks().identity(world::CLUSTER_CLIENT)).unwrap();
    let variables = environment(&pod);
    let file = || fs::read_to_string(&variables["AZURE_FEDERATED_TOKEN_FILE"]).unwrap();
    let exchange =
        |token: &str| ask_token(&emulator, &variables["AZURE_TENANT_ID"], &variables["AZURE_CLIENT_ID"], token, &[]);
    let first = file();
    assert_eq!(who(&emulator, &exchange(&first)), "contoso-cluster");
    pod.renew_token_file().unwrap();
    assert_ne!(first, file());
    assert_eq!(exchange(&file()).status, 200);
    pod.write_token_file("").unwrap();
    assert_eq!(file(), "");
    assert_eq!(exchange("odd").json()["error_codes"][0], 50_027);
    let forged = format!("{}AAAA", &first[..first.len() - 4]);
    assert_eq!(exchange(&forged).json()["error_codes"][0], 700_027);
    assert!(emulator.machine(Machine::imds()).unwrap().renew_token_file().is_err());
    let path = pod.token_file().unwrap();
    drop(pod);
    assert!(!path.exists());
}

#[test]
fn a_machine_crosses_to_another_tenant() {
    let emulator = start();
    let both = Machine::imds().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1).identity(USER_IDENTITY_2);
    let machine = emulator.machine(both).unwrap();
    let assertion = |resource: &str, client: &str| {
        let reply = imds(&machine, &format!("resource={resource}&client_id={client}"));
        reply.json()["access_token"].as_str().unwrap().to_owned()
    };
    let exchange = |assertion: &str| ask_token(&emulator, world::OTHER_TENANT, world::FEDERATED_CLIENT, assertion, &[]);
    for resource in ["api://AzureADTokenExchange", "fb60f99c-7a34-4190-8149-302f77469936"] {
        let reply = exchange(&assertion(resource, USER_IDENTITY_1));
        let reply = data(&emulator, "fabrikam", reply.json()["access_token"].as_str().unwrap());
        assert_eq!(reply.json()["authenticatedUser"]["id"], world::FEDERATED_OBJECT_ELSEWHERE);
    }
    let code = |client| exchange(&assertion("api://AzureADTokenExchange", client)).json()["error_codes"][0].clone();
    assert_eq!(code(USER_IDENTITY_2), 700_213);
    assert_eq!(code(MACHINE_IDENTITY), 700_213);
    let for_devops = assertion("499b84ac-1321-427f-aa17-267ca6975798", USER_IDENTITY_1);
    assert_eq!(exchange(&for_devops).json()["error_codes"][0], 700_211, "a token is no assertion");
    let trust = |subject: &str, issuer_tenant: &str| {
        let credential = FederatedCredential {
            issuer: format!("https://login.microsoftonline.com/{issuer_tenant}/v2.0"),
            subject: subject.to_owned(),
            audience: world::EXCHANGE_AUDIENCE.to_owned(),
        };
        emulator.change(|world| {
            world.application_mut(self::world::FEDERATED_CLIENT).unwrap().federated_credentials.push(credential);
        });
    };
    trust(world::MACHINE_OBJECT, world::TENANT);
    assert_eq!(code(MACHINE_IDENTITY), 700_226, "system-assigned identities are not taken");
    emulator.change(|world| world.application_mut(USER_IDENTITY_2).unwrap().tenant = self::world::OTHER_TENANT.into());
    trust(world::USER_OBJECT_2, world::OTHER_TENANT);
    assert_eq!(code(USER_IDENTITY_2), 700_236, "the identity lives in another tenant than the application");
}
