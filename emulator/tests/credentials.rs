//! Client secrets and assertions of a client's own at the token endpoint: what opens it, and the number of every refusal.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::faults::{EntraFault, ErrorCodes};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{self, ClientCertificate, RegisteredCertificate};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target, World};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Reply, ask_token, curl};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn code(reply: &Reply) -> (u16, u64) {
    (reply.status, reply.json()["error_codes"][0].as_u64().unwrap_or(0))
}

fn with_secret(emulator: &Emulator, tenant: &str, client: &str, secret: &str) -> Reply {
    ask_token(
        emulator,
        tenant,
        client,
        "",
        &[("client_assertion", ""), ("client_assertion_type", ""), ("client_secret", secret)],
    )
}

fn data(emulator: &Emulator, organization: &str, reply: &Reply) -> Reply {
    let bearer = format!("Authorization: Bearer {}", reply.json()["access_token"].as_str().unwrap());
    curl(emulator, &["-H", &bearer, &format!("https://dev.azure.com/{organization}/_apis/connectionData")])
}

#[test]
fn a_secret_opens_the_organization_of_its_application() {
    let emulator = start();
    let reply = with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, world::SECRET);
    assert_eq!(data(&emulator, "contoso", &reply).json()["authenticatedUser"]["providerDisplayName"], "contoso-secret");
    let refused = |secret| code(&with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, secret));
    assert_eq!(refused(world::EXPIRED_SECRET), (401, 7_000_222));
    assert_eq!(refused("wrong"), (401, 7_000_215));
    assert_eq!(refused(&world::SECRET.replace('+', " ")), (401, 7_000_215), "a plus that was not encoded");
    let log = emulator.requests_to("login.microsoftonline.com");
    assert!(log[0].secrets.iter().any(|found| found.contains("ClientSecret")), "{log:?}");
    assert!(emulator.issued().iter().all(|issued| issued.kind == SecretKind::AccessToken), "a secret is not issued");
    assert!(!emulator.leaks_in(world::SECRET.as_bytes()).is_empty());
    // Raw in the form, as a careless client writes it.
    let form = format!(
        "grant_type=client_credentials&client_id={}&scope=499b84ac-1321-427f-aa17-267ca6975798/.default&client_secret={}",
        world::SECRET_CLIENT,
        world::SECRET
    );
    let address = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world::TENANT);
    assert_eq!(code(&curl(&emulator, &["--data-raw", &form, &address])), (401, 7_000_215));
}

#[test]
fn membership_is_per_tenant() {
    let emulator = start();
    let get = |tenant| with_secret(&emulator, tenant, world::MULTITENANT_CLIENT, world::MULTITENANT_SECRET);
    let (home, elsewhere) = (get(world::TENANT), get(world::OTHER_TENANT));
    let id = |organization, reply| data(&emulator, organization, reply).json()["authenticatedUser"]["id"].clone();
    assert_eq!(id("contoso", &home), world::MULTITENANT_OBJECT);
    assert_eq!(id("fabrikam", &elsewhere), world::MULTITENANT_OBJECT_ELSEWHERE);
    for (organization, reply) in [("fabrikam", &home), ("contoso", &elsewhere)] {
        let refused = data(&emulator, organization, reply);
        assert_eq!((refused.status, refused.body.contains("TF401444")), (401, true), "{organization}");
    }
    assert_eq!(code(&with_secret(&emulator, world::OTHER_TENANT, world::SECRET_CLIENT, world::SECRET)), (400, 700_016));
}

/// An assertion under construction.
struct Draft {
    certificate: ClientCertificate,
    header: Value,
    claims: Value,
}

impl Draft {
    fn new(client: &str, certificate: ClientCertificate) -> Self {
        let der = certificate.der();
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&SHA256, &der));
        Self {
            certificate,
            header: json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }),
            claims: json!({
                "iss": client, "sub": client, "jti": ado_entra_auth_emulator::guid::random(), "iat": now(), "nbf": now(),
                "exp": now() + 300,
                "aud": format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world::TENANT),
            }),
        }
    }

    fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn signed(&self) -> String {
        let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", coded(&self.header), coded(&self.claims));
        let body: String = self.certificate.key_pem.lines().filter(|line| !line.starts_with('-')).collect();
        // A key that is too short or no RSA key signs nothing here; the server looks at the key first.
        let Ok(key) = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()) else { return format!("{text}.AAAA") };
        let mut signature = vec![0; key.public_modulus_len()];
        let padding: &dyn aws_lc_rs::signature::RsaEncoding =
            if self.header["alg"] == "RS256" { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
        key.sign(padding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn exchange(emulator: &Emulator, draft: &Draft) -> Reply {
    let client = draft.claims["sub"].as_str().unwrap_or_default().to_owned();
    let client = if client.len() == 36 { client } else { world::CERTIFICATE_CLIENT.to_owned() };
    ask_token(emulator, world::TENANT, &client, &draft.signed(), &[])
}

fn usual() -> Draft {
    Draft::new(world::CERTIFICATE_CLIENT, world::CERTIFICATE)
}

#[test]
fn a_certificate_signs_in_with_every_documented_header() {
    let emulator = start();
    let sha1 = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &world::CERTIFICATE.der());
    for draft in [
        usual(),
        usual().with(|d| d.header["alg"] = "RS256".into()),
        usual().with(|d| d.header["x5t#S256"] = STANDARD.encode(digest::digest(&SHA256, &d.certificate.der())).into()),
        usual().with(|d| d.header = json!({ "alg": "RS256", "x5t": URL_SAFE_NO_PAD.encode(sha1) })),
        usual().with(|d| d.header["x5c"] = json!([STANDARD.encode(d.certificate.der())])),
        usual().with(|d| {
            d.claims["aud"] = "https://login.windows.net/contoso.example/oauth2/v2.0/token".into();
            d.claims.as_object_mut().unwrap().remove("nbf");
            d.claims["exp"] = (now() + 600).into();
        }),
    ] {
        let reply = exchange(&emulator, &draft);
        assert_eq!(reply.status, 200, "{} {reply:?}", draft.header);
        assert_eq!(data(&emulator, "contoso", &reply).status, 200);
    }
}

#[test]
fn every_wrong_certificate_assertion_has_its_refusal() {
    let emulator = start();
    let client = world::CERTIFICATE_CLIENT;
    let cases: Vec<(Draft, (u16, u64), &str)> = vec![
        (Draft::new(client, world::UNREGISTERED_CERTIFICATE), (401, 700_027), "The key was not found."),
        (Draft::new(client, world::EXPIRED_CERTIFICATE), (401, 700_027), "The key used is expired."),
        (Draft::new(client, world::WEAK_CERTIFICATE), (401, 50_032), "2048"),
        (Draft::new(client, world::ELLIPTIC_CERTIFICATE), (401, 700_027), "no RSA key"),
        (Draft::new(world::SECRET_CLIENT, world::CERTIFICATE), (401, 700_027), "The key was not found."),
        (usual().with(|d| d.certificate = world::UNREGISTERED_CERTIFICATE), (401, 700_027), "did not match"),
        (usual().with(|d| d.header = json!({ "alg": "PS256" })), (401, 50_027), "names no certificate"),
        (usual().with(|d| d.header["alg"] = "HS256".into()), (401, 50_027), "neither PS256 nor RS256"),
        (usual().with(|d| d.claims["iss"] = world::CLIENT.into()), (401, 50_048), world::CLIENT),
        (usual().with(|d| d.claims["sub"] = "somebody".into()), (401, 50_048), "somebody"),
        (usual().with(|d| d.claims["aud"] = "https://login.microsoftonline.com/".into()), (401, 700_023), "audience"),
        (
            usual().with(|d| {
                d.claims["aud"] =
                    format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world::OTHER_TENANT).into();
            }),
            (401, 700_023),
            "audience",
        ),
        (usual().with(|d| d.claims["exp"] = (now() - 1).into()), (401, 700_024), "valid time range"),
        (usual().with(|d| d.claims["exp"] = (now() + 601).into()), (401, 700_024), "valid time range"),
        (usual().with(|d| d.claims["nbf"] = (now() + 400).into()), (401, 700_024), "valid time range"),
        (usual().with(|d| d.claims["jti"] = Value::Null), (401, 50_027), "jti"),
        (usual().with(|d| d.claims["exp"] = Value::Null), (401, 50_027), "exp"),
    ];
    for (draft, wanted, text) in cases {
        let reply = exchange(&emulator, &draft);
        assert_eq!(code(&reply), wanted, "{} {} {reply:?}", draft.header, draft.claims);
        assert!(reply.json()["error_description"].as_str().unwrap().contains(text), "{reply:?}");
    }
    let once = usual();
    assert_eq!(exchange(&emulator, &once).status, 200);
    assert_eq!(code(&exchange(&emulator, &once)), (401, 50_027), "used twice");
    let unused = usual();
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(90_033)).times(1));
    assert_eq!(exchange(&emulator, &unused).status, 503);
    assert_eq!(exchange(&emulator, &unused).status, 200, "a refused request uses nothing up");
}

#[test]
fn a_common_name_is_trusted_with_its_authority_only() {
    let emulator = start();
    let client = world::NAMED_CERTIFICATE_CLIENT;
    let with_chain = |certificate| {
        Draft::new(client, certificate).with(|d| d.header["x5c"] = json!([STANDARD.encode(d.certificate.der())]))
    };
    assert_eq!(exchange(&emulator, &with_chain(world::NAMED_CERTIFICATE)).status, 200);
    assert_eq!(code(&exchange(&emulator, &Draft::new(client, world::NAMED_CERTIFICATE))), (401, 700_027), "no x5c");
    assert_eq!(code(&exchange(&emulator, &with_chain(world::OTHER_NAME_CERTIFICATE))), (401, 700_030));
    assert_eq!(code(&exchange(&emulator, &with_chain(world::CERTIFICATE))), (401, 50_012));
    let mixed = with_chain(world::NAMED_CERTIFICATE)
        .with(|d| d.header["x5c"] = json!([STANDARD.encode(world::OTHER_NAME_CERTIFICATE.der())]));
    assert_eq!(code(&exchange(&emulator, &mixed)), (401, 50_027), "x5t names another than x5c");
    emulator.change(|world| {
        let registered = &mut world.application_mut(client).unwrap().certificates;
        *registered = vec![RegisteredCertificate::Exact(self::world::NAMED_CERTIFICATE.der())];
    });
    assert_eq!(exchange(&emulator, &Draft::new(client, world::NAMED_CERTIFICATE)).status, 200);
}

/// Every AADSTS number that the product is to explain.
const NUMBERS: &[u32] = &[
    70_021, 700_211, 700_212, 700_213, 7_002_138, 7_002_137, 70_025, 700_223, 700_238, 70_052, 700_229, 700_024,
    50_027, 50_013, 500_133, 501_661, 50_166, 900_384, 700_016, 700_011, 70_001, 7_000_112, 1_000_031, 90_002, 900_023,
    90_013, 90_023, 9_002_313, 90_100, 900_144, 5_000_224, 500_011, 500_014, 650_052, 650_054, 650_056, 650_057,
    70_011, 1_002_012, 700_022, 700_023, 28_002, 28_003, 501_051, 7_000_215, 7_000_222, 70_002, 7_000_216, 7_000_218,
    700_025, 700_027, 700_030, 50_012, 50_003, 50_146, 50_048, 50_032, 100_007, 53_003, 530_032, 530_035, 530_084,
    50_002, 500_021, 500_022, 500_212, 500_213, 50_049, 90_038, 900_382, 900_432, 90_051, 50_194, 9_001_023, 50_059,
    50_128, 90_019, 50_196, 90_055, 50_033, 90_006, 90_012, 90_024, 90_033, 90_090, 40_010, 50_000, 90_036, 90_091,
    90_092,
];

#[test]
fn every_number_can_be_ordered() {
    let emulator = start();
    for number in NUMBERS {
        emulator.fault(Fault::new(Endpoint::Token, Effect::entra(*number)).times(1));
        let reply = with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, world::SECRET);
        let text = reply.json()["error_description"].as_str().unwrap().to_owned();
        assert_eq!(reply.json()["error_codes"], json!([number]));
        assert!(text.starts_with(&format!("AADSTS{number}: ")) && !text.contains(['{', '}']), "{text}");
        assert!(!text.contains("The request was refused."), "{number} has no words");
        assert!((400..505).contains(&reply.status) && reply.json()["error"].is_string(), "{reply:?}");
    }
    let order = |fault| {
        emulator.fault(Fault::new(Endpoint::Token, Effect::Entra(fault)).times(1));
        with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, world::SECRET)
    };
    assert_eq!(code(&order(EntraFault::code(7_654_321))), (401, 7_654_321), "an unknown number");
    let throttled = order(EntraFault { retry_after: Some(3), ..EntraFault::code(90_055) });
    assert_eq!((throttled.status, throttled.header("Retry-After")), (429, vec!["3".into()]));
    let shape = |error_codes| order(EntraFault { error_codes, ..EntraFault::code(500_011) }).json();
    assert_eq!(shape(ErrorCodes::Several(vec![500_011, 50_196]))["error_codes"], json!([500_011, 50_196]));
    assert_eq!(shape(ErrorCodes::Text)["error_codes"], "[500011]");
    assert_eq!(shape(ErrorCodes::Absent).get("error_codes"), None);
    let blocked = order(EntraFault {
        suberror: Some("basic_action".into()),
        claims: Some("{\"a\":1}".into()),
        error: Some("interaction_required".into()),
        ..EntraFault::code(53_003)
    })
    .json();
    assert_eq!((&blocked["suberror"], &blocked["claims"]), (&json!("basic_action"), &json!("{\"a\":1}")));
    assert_eq!(blocked["error"], "interaction_required");
}

#[test]
fn a_clock_that_is_off_judges_and_dates() {
    let emulator = start();
    let fault = |seconds| Fault::new(Target::Everything, Effect::ClockOff(seconds));
    emulator.fault(fault(-1000).times(1));
    let early = exchange(&emulator, &usual());
    assert_eq!(code(&early), (401, 700_024), "{early:?}");
    emulator.fault(fault(1000).times(1));
    let late = exchange(&emulator, &usual());
    assert_eq!(code(&late), (401, 700_024));
    let (date, own) = (late.header("Date"), exchange(&emulator, &usual()).header("Date"));
    assert!(date.len() == 1 && own.len() == 1 && date != own, "{date:?} {own:?}");
    emulator.fault(fault(5000));
    let far = with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, world::SECRET);
    assert_eq!(data(&emulator, "contoso", &far).status, 200, "all clocks agree");
    emulator.fault(Fault::new(Endpoint::Token, Effect::entra(700_024)).times(1));
    let both = with_secret(&emulator, world::TENANT, world::SECRET_CLIENT, world::SECRET);
    assert_eq!(code(&both), (401, 700_024), "another fault strikes beside it");
    emulator.end_faults();
    assert_eq!(data(&emulator, "contoso", &far).status, 401, "a token of the future");
}
