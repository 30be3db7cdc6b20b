//! Refusals by Azure DevOps, Entra and the organization: one error that says what is wrong and what to do, nothing changed.

use ado_entra_auth_emulator::agent::StepResult;
use ado_entra_auth_emulator::faults::{ConnectionDataFault, EntraFault, OidcFault, TokenFault};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::vault::{Issued, SecretKind};
use ado_entra_auth_emulator::world::{CLIENT, CONNECTION, OBJECT, OTHER_TENANT, TENANT};
use ado_entra_auth_emulator::{Effect, Endpoint, Fault};

use crate::support::{
    assert_failed, assert_no_secret_shown, assert_refused, emulator, in_parallel, job, run, step, write,
};

struct Row {
    at: Endpoint,
    effect: Effect,
    words: &'static [&'static str],
    /// How often the place is asked in all.
    requests: usize,
}

fn row(at: Endpoint, effect: Effect, requests: usize, words: &'static [&'static str]) -> Row {
    Row { at, effect, words, requests }
}

fn check(rows: &[Row]) {
    in_parallel(rows, |row| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, ".npmrc", "registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n");
        let fault = emulator.fault(Fault::new(row.at, row.effect.clone()));
        assert_refused(&emulator, &mut job, &step(), row.words);
        assert_eq!(emulator.fired(fault) as usize, row.requests, "{:?}: {:?}", row.effect, emulator.requests());
        if row.at == Endpoint::ConnectionData {
            // The token was there, so that any later step may show it.
            let of_the_job = |issued: &&Issued| {
                matches!(issued.kind, SecretKind::JobToken | SecretKind::Assertion | SecretKind::AccessToken)
            };
            let issued = emulator.issued();
            assert!(issued.iter().any(|issued| issued.kind == SecretKind::AccessToken));
            assert!(issued.iter().filter(of_the_job).all(|issued| job.mask(&issued.value) == "***"));
        }
        // What failed can be tried again in the same job.
        emulator.end_faults();
        run(&emulator, &mut job, &step());
    });
}

#[test]
fn azure_devops_refuses_an_assertion() {
    use Effect::Oidc;
    let at = Endpoint::Oidc;
    check(&[
        row(at, Effect::answer(Answer::status(401)), 1, &["refused the job's token", "HTTP 401", "run the job again"]),
        row(at, Effect::SignInPage, 1, &["refused the job's token", "HTTP 203"]),
        row(at, Effect::SignInRedirect, 1, &["refused the job's token", "HTTP 302"]),
        row(
            at,
            Oidc(OidcFault::PipelineLevel),
            1,
            &["assertion for the pipeline", "p://contoso/Shop", "azureDevOpsServiceConnection"],
        ),
        row(at, Oidc(OidcFault::EmptyObject), 1, &["not an assertion", "without the field oidcToken"]),
        row(at, Oidc(OidcFault::EmptyToken), 1, &["not an assertion", "empty or no text"]),
        row(at, Oidc(OidcFault::TokenIsNoText), 1, &["not an assertion", "empty or no text"]),
        row(at, Oidc(OidcFault::NotAJwt), 1, &["not an assertion", "no JWT"]),
        row(at, Oidc(OidcFault::NotReferencedInStage(200)), 1, &["no step of this stage", "in this very stage"]),
        row(at, Oidc(OidcFault::NotReferencedInStage(400)), 1, &["no step of this stage", "in this very stage"]),
        row(at, Oidc(OidcFault::PlanSecurity(403)), 3, &["gave no assertion", "HTTP 403", CONNECTION]),
        row(at, Effect::Html, 1, &["not an assertion", "proxy"]),
        row(at, Effect::answer(Answer::status(404)), 1, &["not an assertion", "HTTP 404"]),
        row(
            at,
            Effect::answer(Answer::with_body(200, "application/json", b"{\"oidcToken\": \"a".to_vec())),
            1,
            &["not an assertion"],
        ),
        row(
            at,
            Effect::answer(Answer::with_body(200, "application/json", vec![0xff, 0xfe, 0])),
            1,
            &["not an assertion"],
        ),
        // Refused by Entra, since only there anybody can know. One that is out of its time is asked for anew, once.
        row(at, Oidc(OidcFault::Expired), 2, &["AADSTS700024", "time of validity", "clock"]),
        row(at, Oidc(OidcFault::WrongSignature), 1, &["AADSTS700027", "verify the assertion's signature", "issuer"]),
    ]);
}

#[test]
fn azure_devops_knows_no_such_connection() {
    let emulator = emulator();
    emulator.change(|world| world.connections.retain(|connection| connection.id != CONNECTION));
    let mut job = job(&emulator);
    assert_refused(&emulator, &mut job, &step(), &[CONNECTION, "no details", "exists"]);
    assert!(emulator.requests().is_empty());
}

#[test]
fn a_job_whose_token_has_ended_is_told() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.end_job(&job.pipeline().clone());
    assert_refused(&emulator, &mut job, &step(), &["refused the job's token", "HTTP 401"]);
}

#[test]
fn entra_refuses_the_exchange() {
    let at = Endpoint::Token;
    let credential: &[&str] = &["add a federated credential", "issuer", "/eid1/c/pub/t/", "api://AzureADTokenExchange"];
    let code = |code: u32, requests, words| row(at, Effect::entra(code), requests, words);
    check(&[
        code(700_211, 3, &["AADSTS700211", "issuer", "federated credential"]),
        code(
            700_213,
            3,
            &["AADSTS700213", "no federated credential of the identity has this subject", "/eid1/c/pub/t/", TENANT],
        ),
        code(700_213, 3, credential),
        code(700_212, 3, &["AADSTS700212", "audience", "api://AzureADTokenExchange"]),
        code(7_002_138, 1, &["AADSTS7002138", "case"]),
        code(70_021, 3, &["AADSTS70021", "federated credential"]),
        code(70_025, 3, &["AADSTS70025", "no federated credential"]),
        code(700_016, 3, &["AADSTS700016", "client", "tenant"]),
        code(90_002, 1, &["AADSTS90002", "tenant does not exist", TENANT]),
        code(7_000_112, 1, &["AADSTS7000112", "disabled", "enable"]),
        code(53_003, 1, &["AADSTS53003", "Conditional Access"]),
        code(500_011, 1, &["AADSTS500011", "tenant"]),
        code(7_654_321, 1, &["AADSTS7654321", "https://login.microsoftonline.com/error?code=7654321"]),
        row(
            at,
            Effect::Entra(EntraFault { line_breaks: true, ..EntraFault::code(90_002) }),
            1,
            &["AADSTS90002", "request"],
        ),
        row(at, Effect::Entra(EntraFault { line_breaks: true, ..EntraFault::code(7_654_321) }), 1, &["AADSTS7654321"]),
    ]);
}

#[test]
fn a_refusal_of_entra_names_the_request_once() {
    for line_breaks in [false, true] {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator
            .fault(Fault::new(Endpoint::Token, Effect::Entra(EntraFault { line_breaks, ..EntraFault::code(700_212) })));
        let outcome = assert_refused(&emulator, &mut job, &step(), &["request"]);
        let error = &outcome.errors[0];
        assert!(!error.contains("Trace ID") && !error.contains('\r'), "{error}");
        assert_eq!(error.lines().filter(|line| line.trim_start().starts_with("request")).count(), 1, "{error}");
    }
}

/// A credential that was added a moment ago is not known everywhere at once.
#[test]
fn what_is_still_spreading_is_waited_for() {
    let rows = [(700_213, 2), (70_021, 1), (700_016, 2)];
    in_parallel(&rows, |(code, times)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(Endpoint::Token, Effect::entra(*code)).times(*times));
        run(&emulator, &mut job, &step());
        assert_eq!(emulator.requests_to("login.microsoftonline.com").len(), usize::try_from(*times).unwrap() + 1);
    });
}

#[test]
fn a_plan_that_is_not_ready_is_asked_again() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::Oidc, Effect::Oidc(OidcFault::PlanSecurity(403))).times(1));
    run(&emulator, &mut job, &step());
}

#[test]
fn a_token_that_is_not_the_one_asked_for_is_refused() {
    let at = Endpoint::Token;
    let token = |fault, words| row(at, Effect::Token(fault), 1, words);
    check(&[
        token(
            TokenFault::Audience("https://management.azure.com/".into()),
            &["audience", "https://management.azure.com/"],
        ),
        token(TokenFault::Tenant(OTHER_TENANT.into()), &["tenant", OTHER_TENANT, TENANT]),
        token(
            TokenFault::Client("22222222-aaaa-4bbb-8ccc-00000000dead".into()),
            &["application", "22222222-aaaa-4bbb-8ccc-00000000dead"],
        ),
        token(TokenFault::Life(-60), &["already expired", "clock"]),
        token(TokenFault::Life(100 * 366 * 24 * 60 * 60), &["more than a year"]),
        token(TokenFault::NoAccessToken, &["access_token is missing"]),
        token(TokenFault::NotAJwt, &["no JWT"]),
        row(at, Effect::Html, 1, &["not a token", "text/html", "proxy"]),
        row(at, Effect::answer(Answer::status(204)), 1, &["not a token", "HTTP 204"]),
        row(at, Effect::SignInPage, 1, &["not a token", "HTTP 203"]),
        row(at, Effect::SignInRedirect, 1, &["not a token", "HTTP 302"]),
        row(at, Effect::answer(Answer::json(200, &serde_json::json!([1, 2]))), 1, &["access_token is missing"]),
        row(
            at,
            Effect::answer(Answer::json(200, &serde_json::json!({ "access_token": { "a": 1 } }))),
            1,
            &["access_token is missing"],
        ),
        row(
            at,
            Effect::answer(Answer::json(400, &serde_json::json!({ "error": "invalid_request" }))),
            1,
            &["HTTP 400"],
        ),
    ]);
}

#[test]
fn odd_but_right_tokens_serve() {
    let effects = [
        Effect::Token(TokenFault::ExpiresInText),
        Effect::Token(TokenFault::Padding(20_000)),
        Effect::Token(TokenFault::ExtraFields),
        Effect::ContentType("text/plain".into()),
    ];
    in_parallel(&effects, |effect| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(Endpoint::Token, effect.clone()));
        run(&emulator, &mut job, &step());
    });
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::Token, Effect::Token(TokenFault::Life(120))));
    let outcome = run(&emulator, &mut job, &step().input("keepFresh", "false"));
    assert!(
        outcome.warnings.iter().any(|warning| warning.contains("the token expires in 1")),
        "{:?}",
        outcome.warnings
    );
}

#[test]
fn the_organization_does_not_accept_the_identity() {
    use ConnectionDataFault as Kind;
    let at = Endpoint::ConnectionData;
    let kind = |kind, requests, words| row(at, Effect::ConnectionData(kind), requests, words);
    check(&[
        kind(Kind::Anonymous, 1, &["anonymous", "contoso", "Organization settings"]),
        kind(Kind::NotAUser, 1, &["TF401444", "contoso", OBJECT, "Organization settings, Users"]),
        kind(Kind::Unauthorized, 1, &["TF400813", "contoso", OBJECT]),
        kind(Kind::EmptyBasic, 1, &["contoso", "HTTP 401", "Organization settings"]),
        kind(Kind::ServiceErrorHeader, 1, &["TF400813"]),
        kind(Kind::ConditionalAccess, 1, &["VS403463", "Conditional Access"]),
        kind(Kind::ConditionalAccessPage, 1, &["VS403463", "Conditional Access"]),
        kind(Kind::Throttled, 4, &["TF400733", "throttling"]),
        row(at, Effect::SignInPage, 1, &["contoso", "HTTP 203"]),
        row(at, Effect::SignInRedirect, 1, &["contoso", "HTTP 302"]),
        row(
            at,
            Effect::answer(Answer::status(404)),
            1,
            &["there is no organization contoso", "service connection's URL"],
        ),
        row(at, Effect::Html, 1, &["contoso", "something unexpected", "proxy"]),
    ]);
}

#[test]
fn a_delayed_answer_of_the_organization_serves() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::ConnectionData, Effect::ConnectionData(ConnectionDataFault::Delayed)));
    run(&emulator, &mut job, &step());
}

/// The refusals of the whole world, not of a fault: what an administrator forgot.
#[test]
fn what_an_administrator_forgot_is_named() {
    let emulator = emulator();
    emulator.change(|world| world.application_mut(CLIENT).unwrap().federated_credentials.clear());
    assert_refused(&emulator, &mut job(&emulator), &step(), &["AADSTS70025"]);
    emulator.change(|world| {
        *world = ado_entra_auth_emulator::World::sample();
        world.application_mut(CLIENT).unwrap().disabled = true;
    });
    assert_refused(&emulator, &mut job(&emulator), &step(), &["AADSTS7000112"]);
    emulator.change(|world| {
        *world = ado_entra_auth_emulator::World::sample();
        world.organization_mut("contoso").unwrap().members.clear();
    });
    assert_refused(&emulator, &mut job(&emulator), &step(), &["TF401444"]);
    emulator.change(|world| {
        *world = ado_entra_auth_emulator::World::sample();
        world.connections[0].tenant = "contoso.onmicrosoft.com".into();
        let credential = world.federated_credential_of(&world.connections[0]);
        world.applications[0].federated_credentials = vec![credential];
    });
    run(&emulator, &mut job(&emulator), &step());
}

/// Texts of services reach the log as texts (security list, number 22).
#[test]
fn texts_of_services_command_nothing() {
    let text = "x\r\n##vso[task.setvariable variable=stolen]yes\n##VSO[task.prependpath]/evil ##[error]z \u{85}##vso[task.complete]";
    let error = serde_json::json!({
        "error": "invalid_client", "error_description": text, "error_codes": [], "trace_id": text, "correlation_id": text,
    });
    let message = serde_json::json!({ "message": text, "value": text });
    let rows: Vec<(Endpoint, Answer)> = vec![
        (Endpoint::Token, Answer::json(401, &error)),
        (Endpoint::Token, Answer::text(400, text)),
        (Endpoint::Token, Answer::html(200, text)),
        (Endpoint::Oidc, Answer::json(403, &message)),
        (Endpoint::Oidc, Answer::json(200, &message)),
        (Endpoint::Oidc, Answer::text(200, text)),
        (Endpoint::ConnectionData, Answer::json(403, &message)),
        (Endpoint::ConnectionData, Answer::html(400, text)),
        (
            Endpoint::ConnectionData,
            Answer::status(401)
                .header("X-TFS-ServiceError", "%0D%0A%23%23vso%5Btask.setvariable%20variable%3Dstolen%5Dyes"),
        ),
        (Endpoint::ConnectionData, Answer::json(401, &message).reason("##vso[task.complete result=Succeeded]x")),
    ];
    in_parallel(&rows, |(at, answer)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(*at, Effect::answer(answer.clone())));
        let outcome = job.run_task(&step()).unwrap();
        assert_failed(&emulator, &outcome, &[]);
        for line in outcome.raw_stdout.lines().chain(outcome.raw_stderr.lines()) {
            let again = line.get(1..).unwrap_or_default().to_ascii_lowercase();
            assert!(!again.contains("##vso[") && !again.contains("##["), "{line}");
        }
        assert!(outcome.raw_stdout.lines().all(|line| !line.contains("stolen") || line.starts_with("##vso[task.")));
    });
    // The organization names the identity, and that name is shown.
    let emulator = emulator();
    emulator.change(|world| world.application_mut(CLIENT).unwrap().display_name = text.to_owned());
    let mut job = job(&emulator);
    let outcome = job.run_task(&step()).unwrap();
    assert_eq!(outcome.result, StepResult::Succeeded, "{}", outcome.log);
    assert_no_secret_shown(&emulator, &outcome);
    let own = job.temp().display().to_string();
    assert!(
        job.variables().get("stolen").is_none() && outcome.paths_prepended.iter().all(|path| path.starts_with(&own))
    );
}
