//! What machines answer: every shape of a token's answer, and tokens that are not the one asked for.

use ado_entra_auth_emulator::faults::{EntraFault, ExpiryForm, MachineFault, TokenFault};
use ado_entra_auth_emulator::machine::Machine;
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{AZURE_DEVOPS_RESOURCE, MACHINE_IDENTITY, OTHER_TENANT, TENANT, USER_IDENTITY_1};
use ado_entra_auth_emulator::{Effect, Fault, Target};

use crate::identities::{job_on, of};
use crate::support::{assert_refused, claims, emulator, in_parallel, run, variable};

/// A machine of this source with an identity of its own and one of a user's.
fn with_both(source: fn() -> Machine) -> Machine {
    source().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)
}

/// Numbers come as numbers, as texts and as dates, and not at all.
#[test]
fn every_shape_of_an_expiry_serves() {
    let forms =
        [ExpiryForm::Number, ExpiryForm::Rfc3339, ExpiryForm::American, ExpiryForm::Nonsense, ExpiryForm::Absent];
    let effects = forms.map(MachineFault::ExpiresOn).into_iter().chain([MachineFault::Numbers]);
    let sources: [fn() -> Machine; 5] =
        [Machine::imds, Machine::app_service, Machine::service_fabric, Machine::azure_ml, Machine::cloud_shell];
    let rows: Vec<_> = effects.flat_map(|effect| sources.map(|source| (source, effect.clone()))).collect();
    in_parallel(&rows, |(source, effect)| {
        let emulator = emulator();
        let machine = emulator.machine(source().identity(MACHINE_IDENTITY)).unwrap();
        machine.fault(Fault::new(Target::Everything, Effect::Machine(effect.clone())));
        let mut job = job_on(&emulator, &machine);
        run(&emulator, &mut job, &of("managedIdentity"));
        let exp = claims(&variable(&job, "ADO_ENTRA_TOKEN"))["exp"].as_i64().unwrap();
        let said: jiff::Timestamp = variable(&job, "ADO_ENTRA_TOKEN_EXPIRES_ON").parse().unwrap();
        assert_eq!(said.as_second(), exp, "{effect:?}");
    });
}

#[test]
fn a_token_that_is_not_the_one_asked_for_is_refused() {
    let stranger = "22222222-aaaa-4bbb-8ccc-00000000dead";
    let token = |fault| Effect::Token(fault);
    let json = |body: serde_json::Value| Effect::answer(Answer::json(200, &body));
    let rows: Vec<(Effect, &str, Vec<&str>)> = vec![
        (token(TokenFault::Client(stranger.into())), USER_IDENTITY_1, vec!["client id", stranger, USER_IDENTITY_1]),
        (
            token(TokenFault::Audience("https://management.azure.com/".into())),
            "",
            vec!["audience", "https://management.azure.com/", AZURE_DEVOPS_RESOURCE],
        ),
        (token(TokenFault::Tenant(OTHER_TENANT.into())), "", vec!["another tenant", OTHER_TENANT, TENANT]),
        (token(TokenFault::Life(-60)), "", vec!["already expired", "clock"]),
        (token(TokenFault::NoAccessToken), "", vec!["not a token", "access_token is missing"]),
        (token(TokenFault::NotAJwt), "", vec!["not a token", "no JWT"]),
        (json(serde_json::json!({ "access_token": 7 })), "", vec!["access_token is missing"]),
        (json(serde_json::json!({ "access_token": "" })), "", vec!["access_token is missing"]),
        (Effect::Html, "", vec!["not a token", "text/html"]),
        (Effect::HugeBody(2 * 1024 * 1024), "", vec!["gave no token", "more than a mebibyte"]),
        (Effect::Entra(EntraFault::code(700_016)), "", vec!["gave no token", "AADSTS700016"]),
    ];
    in_parallel(&rows, |(effect, client_id, words)| {
        // App Service keeps to itself what Entra says.
        let relayed = matches!(effect, Effect::Entra(_));
        let sources: &[fn() -> Machine] =
            if relayed { &[Machine::imds] } else { &[Machine::imds, Machine::container_apps] };
        for source in sources {
            let emulator = emulator();
            let machine = emulator.machine(with_both(*source)).unwrap();
            machine.fault(Fault::new(Target::Everything, effect.clone()));
            let step = of("managedIdentity").input("clientId", client_id);
            assert_refused(&emulator, &mut job_on(&emulator, &machine), &step, words);
            assert_eq!(machine.requests().len(), 1, "{effect:?}");
            // What failed can be tried again.
            machine.end_faults();
            run(&emulator, &mut job_on(&emulator, &machine), &step);
        }
    });
}

/// What a source says reaches the log as text.
#[test]
fn texts_of_sources_command_nothing() {
    let text = "x\r\n##vso[task.setvariable variable=stolen]yes\n##VSO[task.prependpath]/evil ##[error]z";
    let body = serde_json::json!({ "error": text, "error_description": text, "message": text, "correlationId": text });
    let answers = [
        (Machine::imds as fn() -> Machine, Answer::json(400, &body)),
        (Machine::app_service, Answer::json(500, &body)),
        (Machine::imds, Answer::text(403, text)),
        (Machine::cloud_shell, Answer::json(400, &serde_json::json!({ "error": { "code": text, "message": text } }))),
        (Machine::arc, Answer::status(401).header("WWW-Authenticate", "Basic realm=##vso[task.prependpath]/evil")),
        (Machine::arc, Answer::status(401).header("WWW-Authenticate", "##vso[task.prependpath]/evil")),
    ];
    in_parallel(&answers, |(source, answer)| {
        let emulator = emulator();
        let machine = emulator.machine(source().identity(MACHINE_IDENTITY)).unwrap();
        machine.fault(Fault::new(Target::Everything, Effect::answer(answer.clone())));
        let mut job = job_on(&emulator, &machine);
        let outcome = assert_refused(&emulator, &mut job, &of("managedIdentity"), &[]);
        for line in outcome.raw_stdout.lines().chain(outcome.raw_stderr.lines()) {
            let again = line.get(1..).unwrap_or_default().to_ascii_lowercase();
            assert!(!again.contains("##vso[") && !again.contains("##["), "{line}");
        }
        assert!(job.variables().get("stolen").is_none());
    });
}
