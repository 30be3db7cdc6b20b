//! Entra refuses: every code of the table, at every kind of step that can meet it, and what an administrator does for real.

use ado_entra_auth::diagnosis::causes::{Again, Cause, Stage};
use ado_entra_auth_emulator::faults::{BodyForm, EntraFault, ErrorCodes, TokenFault, Unavailable};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{
    CERTIFICATE_CLIENT, CLIENT, CONNECTION, CONTOSO_ID, EXPIRED_SECRET, NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT,
    OTHER_NAME_CERTIFICATE, SECRET_CLIENT, TENANT, UNREGISTERED_CERTIFICATE,
};
use ado_entra_auth_emulator::{Effect, Endpoint, World};
use serde_json::{Value, json};

use super::case::{ANY, Case, IDS, row};
use super::kind::{Kind, certificate, without_chain};
use crate::identities::of;

/// What is made a moment ago is not known to all of Entra's servers, so it is asked for three times.
const SPREADING: [u64; 6] = [70021, 700_211, 700_212, 700_213, 70025, 700_016];

/// Every case of Entra's.
pub fn cases(rows: &[Value]) -> Vec<Case> {
    let coded = rows.iter().filter(|row| row["codes"].is_array()).flat_map(of_codes);
    coded.chain(without_a_code()).chain(of_the_world()).chain(not_the_token()).collect()
}

/// The kinds of steps that can meet a row: the first code of a row with each, the others with one.
fn kinds(stage: Stage, code: u64, position: usize) -> Vec<Kind> {
    let all: &[Kind] = match (stage, code) {
        (Stage::Credential, 7_000_215 | 7_000_222 | 70002 | 7_000_216 | 7_000_218) => &[Kind::Secret, Kind::ArmSecret],
        (Stage::Credential, 700_025) => &[Kind::Secret, Kind::Certificate, Kind::Connection],
        (Stage::Credential, 700_027) => &[Kind::Certificate, Kind::ArmCertificate, Kind::Connection],
        (Stage::Credential, _) => &[Kind::Certificate, Kind::ArmCertificate],
        (Stage::Federation, 700_213 | 700_211 | 700_212 | 700_238 | 7_002_137) => {
            &[Kind::Connection, Kind::Pipeline, Kind::Federated, Kind::Pod]
        }
        (Stage::Federation, 50027 | 700_024) => &[Kind::Connection, Kind::Certificate],
        (Stage::Federation, _) => &[Kind::Connection],
        _ => &[Kind::Connection, Kind::Secret, Kind::Certificate, Kind::Pod],
    };
    all[..if position == 0 { all.len() } else { 1 }].to_vec()
}

/// What is added to a remedy that asks for a federated credential: the command that prints it.
fn shown_how(case: Case, kind: Kind, row: &Cause) -> Case {
    let to_be_added = row.stage == Stage::Federation && row.again == Again::AfterMinutes;
    if !to_be_added || !matches!(kind, Kind::Connection) {
        return case;
    }
    case.remedy(&format!(
        "{{row}}. `ado-entra-auth setup --tenant-id {TENANT} --organization-id {CONTOSO_ID} --connection-id {CONNECTION} \
         --client-id {CLIENT}` shows how"
    ))
}

/// The remedy of a signature that is refused: of what the step has signed with.
fn signed_anew(case: Case, kind: Kind, name: &str) -> Case {
    match kind {
        _ if name != "AADSTS700027" => case,
        Kind::Certificate | Kind::ArmCertificate => case.remedy(row("AADSTS50003").remedy),
        _ => case.remedy(row("AADSTS50027").remedy),
    }
}

/// A row with codes, each code ordered from Entra. Whether it is asked again depends on the status alone, save for what spreads.
fn of_codes(known: &Value) -> Vec<Case> {
    let expected = row(known["cause"].as_str().unwrap());
    let statuses = known["status"].as_array().cloned().unwrap_or_default();
    let mut cases = Vec::new();
    for (position, code) in known["codes"].as_array().unwrap().iter().enumerate() {
        let code = code.as_u64().unwrap();
        let own = statuses.get(position % statuses.len().max(1)).and_then(Value::as_u64);
        // That the directory is in trouble comes with 500; the others without a status of their own come with 400 or 401.
        let status = own.or((known["id"] == "aadsts50000").then_some(500)).map(|status| u16::try_from(status).unwrap());
        let tries = match status {
            Some(429 | 500..) => 4,
            _ if SPREADING.contains(&code) => 3,
            _ => 1,
        };
        let fault = EntraFault {
            status,
            text: Some(format!("The text of number {code}. And more of it.")),
            retry_after: (status == Some(429)).then_some(1),
            // Older answers part their ids by line breaks.
            line_breaks: position % 2 == 1,
            ..EntraFault::code(u32::try_from(code).unwrap())
        };
        for kind in kinds(expected.stage, code, position) {
            let case = Case::new(known["id"].as_str().unwrap(), kind, expected.name)
                .fault(Endpoint::Token, Effect::Entra(fault.clone()))
                .says(&format!("{{row}} (AADSTS{code})"))
                .facts(kind.presented(&World::sample()))
                .fact("Entra says", &format!("The text of number {code}."));
            let case = if tries > 1 { case.fact("tries", &tries.to_string()) } else { case };
            let case = signed_anew(shown_how(case, kind, expected), kind, expected.name);
            let case = if code == 53003 { case.fact("suberror", "message_only") } else { case };
            let case = case.facts(kind.client()).fact("request", IDS);
            let case = if status == Some(429) { case.remedy("{row}; at the earliest in 1 seconds") } else { case };
            // What is out of its time is shown once more, signed or got anew.
            cases.push(match (code, kind) {
                (700_024, Kind::Connection) => case.entra_asked(2).assertion_asked(2),
                (700_024, _) => case.entra_asked(2),
                _ => case.entra_asked(tries),
            });
        }
    }
    cases
}

fn without_a_code() -> Vec<Case> {
    let presented = || Kind::Connection.presented(&World::sample());
    let at_entra = |id, name, effect| Case::new(id, Kind::Connection, name).fault(Endpoint::Token, effect);
    let busy = |id, name, status: u16, effect| {
        let case = at_entra(id, name, effect).says(&format!("{{row}} (HTTP {status})")).facts(presented());
        case.fact("tries", "4").facts(Kind::Connection.client()).entra_asked(4)
    };
    let mut cases = vec![
        busy("entra-429", "entra-throttled", 429, Effect::TooManyRequests(Some(1)))
            .remedy("{row}; at the earliest in 1 seconds"),
        at_entra("entra-429", "entra-throttled", Effect::TooManyRequests(Some(60)))
            .says("{row} (HTTP 429)")
            .facts(presented())
            .facts(Kind::Connection.client())
            .remedy("{row}; at the earliest in 60 seconds")
            .entra_asked(1),
    ];
    for (status, form) in [(500, BodyForm::Empty), (502, BodyForm::Html), (503, BodyForm::Json), (504, BodyForm::Text)]
    {
        let effect = Effect::Unavailable(Unavailable { status, retry_after: Some(1), form });
        cases
            .push(busy("entra-5xx", "entra-unavailable", status, effect).remedy("{row}; at the earliest in 1 seconds"));
    }
    let claims = json!({"error": "interaction_required", "suberror": "message_only", "claims": "{}"});
    cases.push(
        at_entra("entra-claims", "claims-challenge", Effect::answer(Answer::json(400, &claims)))
            .says("{row} (HTTP 400)")
            .facts(presented())
            .fact("suberror", "message_only")
            .facts(Kind::Connection.client())
            .entra_asked(1),
    );
    let fault = EntraFault { error_codes: ErrorCodes::Absent, ..EntraFault::code(90_002) };
    cases.push(
        at_entra("", "AADSTS90002", Effect::Entra(fault))
            .says("{row} (AADSTS90002)")
            .facts(presented())
            .fact("Entra says", "Tenant '11111111-aaaa-4bbb-8ccc-000000000001' not found.")
            .facts(Kind::Connection.client())
            .fact("request", IDS)
            .entra_asked(1),
    );
    cases.push(
        at_entra("", "AADSTS90002", Effect::entra(7_654_321))
            .says("The request was refused. (AADSTS7654321)")
            .facts(presented())
            .facts(Kind::Connection.client())
            .fact("request", IDS)
            .remedy("see https://login.microsoftonline.com/error?code=7654321")
            .nameless()
            .entra_asked(1),
    );
    // Nobody listens there, and the host is on the bypass list.
    let unreachable = Case::new("entra-connect", Kind::Connection, "network-unreachable");
    cases.push(
        unreachable
            .env(&[r#"AGENT_PROXYBYPASSLIST=["https://localhost/"]"#])
            .bent(|step, _| step.input("authorityHost", "https://localhost"))
            .says(&format!("Entra gave no access token: localhost cannot be reached: {ANY}"))
            .entra_asked(0),
    );
    cases
}

/// What an administrator forgot or undid; Entra's own words.
fn of_the_world() -> Vec<Case> {
    const NO_RECORD: &str = "No matching federated identity record found for presented assertion";
    let application = |change: fn(&mut ado_entra_auth_emulator::world::Application)| {
        move |world: &mut World| change(world.application_mut(CLIENT).unwrap())
    };
    let refused = |kind: Kind, name: &'static str, says: &str, tries: usize| {
        let case = Case::new("", kind, name).says(&format!("{{row}} ({name})")).facts(kind.presented(&World::sample()));
        let case = case.fact("Entra says", says);
        let case = if tries > 1 { case.fact("tries", &tries.to_string()) } else { case };
        shown_how(case, kind, row(name)).facts(kind.client()).fact("request", IDS).entra_asked(tries)
    };
    let connection = |name, says: &str, tries| refused(Kind::Connection, name, says, tries);
    let trusted = World::sample().application(CLIENT).unwrap().federated_credentials[0].clone();
    let says_subject = format!("{NO_RECORD} subject '{}'.", trusted.subject);
    let with =
        |client: &'static str, certificate: ado_entra_auth_emulator::world::ClientCertificate, chain: &'static str| {
            move |_, _: &std::path::Path| {
                of("clientCertificate")
                    .input("clientId", client)
                    .input("tenantId", TENANT)
                    .input("clientCertificate", &certificate.pem())
                    .input("sendCertificateChain", chain)
            }
        };
    let signed = |name: &'static str, client: &str, subject: &str, thumbprint: &str, reason: &str| {
        let case = Case::new("", Kind::Certificate, name).says(&format!("{{row}} ({name})"));
        let case = case.facts(certificate(subject, thumbprint));
        let case = if reason.is_empty() {
            case.fact("Entra says", "Invalid certificate - subject name in certificate is not authorized.")
        } else {
            let case = case.facts([without_chain()]);
            let case = signed_anew(case, Kind::Certificate, name);
            case.fact("Entra says", "Client assertion contains an invalid signature.").fact("reason", reason)
        };
        case.facts([("client", client.to_owned()), ("tenant", TENANT.to_owned())]).fact("request", IDS).entra_asked(1)
    };
    vec![
        connection(
            "AADSTS70025",
            &format!("The client '{CLIENT}' has no configured federated identity credentials."),
            3,
        )
        .world(application(|it| it.federated_credentials.clear())),
        connection("AADSTS700211", &format!("{NO_RECORD} issuer '{}'.", trusted.issuer), 3).world(application(|it| {
            it.federated_credentials
                .iter_mut()
                .for_each(|trusted| trusted.issuer = "https://vstoken.dev.azure.com/x".into());
        })),
        connection("AADSTS700213", &says_subject, 3)
            .world(application(|it| it.federated_credentials[0].subject.push('0'))),
        connection("AADSTS7002138", &says_subject, 1)
            .world(application(|it| it.federated_credentials[0].subject.make_ascii_uppercase())),
        connection("AADSTS700212", &format!("{NO_RECORD} audience 'fb60f99c-7a34-4190-8149-302f77469936'."), 3)
            .world(application(|it| it.federated_credentials[0].audience = "api://other".into())),
        connection(
            "AADSTS700016",
            &format!("Application with identifier '{CLIENT}' was not found in the directory '{TENANT}'."),
            3,
        )
        .world(|world| world.applications.retain(|application| application.client_id != CLIENT)),
        connection("AADSTS7000112", &format!("Application '{CLIENT}' is disabled."), 1)
            .world(application(|it| it.disabled = true)),
        connection("AADSTS90002", &format!("Tenant '{TENANT}' not found."), 1)
            .world(|world| world.tenants.retain(|tenant| tenant.id != TENANT)),
        refused(Kind::Secret, "AADSTS7000215", "Invalid client secret provided.", 1)
            .bent(|step, _| step.input("clientSecret", "Xy8Q~another-secret")),
        refused(
            Kind::Secret,
            "AADSTS7000222",
            &format!("The provided client secret keys for app '{SECRET_CLIENT}' are expired."),
            1,
        )
        .bent(|step, _| step.input("clientSecret", EXPIRED_SECRET)),
        signed(
            "AADSTS700027",
            CERTIFICATE_CLIENT,
            "CN=contoso-deploy",
            "9BA7C03634AC2CE7E3AF5D24BAF6752AC263C8AE",
            "The key was not found.",
        )
        .bent(with(CERTIFICATE_CLIENT, UNREGISTERED_CERTIFICATE, "false")),
        signed(
            "AADSTS700027",
            NAMED_CERTIFICATE_CLIENT,
            "CN=deploy.contoso.example",
            "65C253C5A8C8078AACC1F47400BBE94BDBA4C155",
            "The key was not found.",
        )
        .bent(with(NAMED_CERTIFICATE_CLIENT, NAMED_CERTIFICATE, "false")),
        signed(
            "AADSTS700030",
            NAMED_CERTIFICATE_CLIENT,
            "CN=other.contoso.example",
            "60E19F8B0AFDC0020F60BC4F56C5ADC6E0AD770B",
            "",
        )
        .bent(with(NAMED_CERTIFICATE_CLIENT, OTHER_NAME_CERTIFICATE, "true")),
    ]
}

/// Something else than the token that was asked for.
fn not_the_token() -> Vec<Case> {
    let broken = |id, effect, status: u16, what: &str| {
        Case::new(id, Kind::Connection, "entra-not-json").fault(Endpoint::Token, effect).entra_asked(1).says(&format!(
            "login.microsoftonline.com answered the token request with something that is not a token (HTTP {status}): {what}"
        ))
    };
    let other = |fault, claim: &str, found: &str, expected: &str| {
        Case::new("", Kind::Connection, "other-token")
            .fault(Endpoint::Token, Effect::Token(fault))
            .entra_asked(1)
            .says(&format!("Entra gave a token whose {claim} is '{found}' where '{expected}' was asked for"))
    };
    let azure_devops = "499b84ac-1321-427f-aa17-267ca6975798";
    let elsewhere = "https://management.azure.com/";
    vec![
        broken("entra-not-json", Effect::Html, 200, &format!("text/html; charset=utf-8: {ANY}")),
        broken("entra-not-json", Effect::SignInPage, 203, &format!("text/html; charset=utf-8: {ANY}")),
        broken("entra-not-json", Effect::Redirect(302, "portal.example.com".into()), 302, &format!("text/html; {ANY}")),
        broken("", Effect::Token(TokenFault::NoAccessToken), 200, "the field access_token is missing"),
        broken("", Effect::Token(TokenFault::NotAJwt), 200, "the field access_token holds no JWT"),
        other(TokenFault::Audience(elsewhere.into()), "audience", elsewhere, azure_devops),
        other(TokenFault::Tenant("another".into()), "tenant", "another", TENANT),
        other(TokenFault::Client("another".into()), "application", "another", CLIENT),
        Case::new("", Kind::Connection, "agent-clock")
            .fault(Endpoint::Token, Effect::Token(TokenFault::Life(-60)))
            .says("Entra gave a token that has already expired")
            .entra_asked(1),
    ]
}
