//! What the agent gives to the step, and how Azure DevOps answers the request for an assertion.

use ado_entra_auth_emulator::faults::{DevOpsError, OidcFault};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{ARM_SECRET_CONNECTION, CONNECTION};
use ado_entra_auth_emulator::{Effect, Endpoint};
use serde_json::json;

use super::case::{ANY, Case, GUID};
use super::kind::Kind;
use crate::support::bare_step;

const ABOUT: &str = "the service connection b6f3c1de-1111-4222-8333-444455556666";

/// Every case before Entra is asked.
pub fn cases() -> Vec<Case> {
    [of_the_job(), refusals(), not_an_assertion()].into_iter().flatten().collect()
}

fn of_the_job() -> Vec<Case> {
    let case = |id, name| Case::new(id, Kind::Connection, name);
    vec![
        case("env-no-oidc-uri", "no-oidc-address")
            .env(&["-u", "SYSTEM_OIDCREQUESTURI", "-u", "SYSTEM_PLANID"])
            .says("this job has no address to ask for an OIDC assertion"),
        case("", "oidc-address-refused")
            .env(&["SYSTEM_OIDCREQUESTURI=https://evil.example/contoso/oidctoken"])
            .says("the OIDC request address 'https://evil.example/contoso/oidctoken' is refused: its host is not Azure DevOps"),
        case("env-no-job-token", "no-job-token")
            .env(&[
                "-u",
                "ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN",
                "-u",
                "ENDPOINT_AUTH_SYSTEMVSSCONNECTION",
                "-u",
                "SECRET_SYSTEM_ACCESSTOKEN",
            ])
            .says("the agent gave this step no job token (System.AccessToken)"),
        // A name is refused before Azure DevOps could pass it over and speak of the pipeline; the message says it all.
        case("env-connection-not-guid", "oidc-pipeline-subject")
            .bent(|_, _| bare_step().input("azureDevOpsServiceConnection", "feeds-reader"))
            .says(
                "the input 'azureDevOpsServiceConnection' does not allow 'feeds-reader': the agent passes a service connection's \
                 id here, a GUID (resourceId in the address of its page)",
            )
            .remedy("correct the input 'azureDevOpsServiceConnection'")
            .nameless(),
        case("env-connection-scheme", "connection-without-federation")
            .bent(|_, _| bare_step().connection("azureDevOpsServiceConnection", ARM_SECRET_CONNECTION))
            .says(&format!(
                "the service connection {ARM_SECRET_CONNECTION} cannot be used: its scheme is 'ServicePrincipal' and not workload \
                 identity federation"
            ))
            .remedy(
                "use an 'Azure DevOps' service connection with workload identity federation, or set the input 'connectionType' to \
                 its type",
            ),
        // The agent gives no details of a connection that the job may not use.
        case("", "oidc-connection-unknown")
            .bent(|_, _| bare_step().input("azureDevOpsServiceConnection", CONNECTION))
            .says(&format!(
                "the service connection {CONNECTION} cannot be used: the agent gave this step no details of it"
            ))
            .remedy(
                "check that it exists and that this pipeline may use it. In a script, which is told no details, set 'clientId' and \
                 'tenantId' of an azureDevOps connection, and use other connections only in the task",
            ),
    ]
}

fn at(id: &str, name: &'static str, effect: Effect) -> Case {
    Case::new(id, Kind::Connection, name).fault(Endpoint::Oidc, effect).fact("request", GUID)
}

fn refusals() -> Vec<Case> {
    let refused = |id, name, status: u16, effect: Effect| {
        let case = at(id, name, effect).assertion_asked(1);
        case.says(&format!("Azure DevOps gave no assertion for {ABOUT} (HTTP {status}): {{row}}"))
    };
    let of_the_token = |id, name, status: u16, effect| {
        let case = at(id, name, effect).assertion_asked(1);
        case.says(&format!("Azure DevOps refused the job's token when asked for an assertion (HTTP {status})"))
    };
    let said =
        |status, key: &str, message: &str| Effect::Oidc(OidcFault::Refusal(DevOpsError::new(status, key, message)));
    let mut cases = vec![
        of_the_token("oidc-302", "oidc-sign-in-page", 302, Effect::SignInRedirect),
        of_the_token("oidc-203", "oidc-sign-in-page", 203, Effect::SignInPage),
        of_the_token("oidc-401", "oidc-job-token-refused", 401, Effect::answer(Answer::status(401))),
        Case::new("oidc-404", Kind::Connection, "oidc-connection-unknown")
            .world(|world| world.connections.retain(|connection| connection.id != CONNECTION))
            .says(&format!("Azure DevOps gave no assertion for {ABOUT} (HTTP 404): {{row}}"))
            .fact("request", GUID)
            .assertion_asked(1),
        refused(
            "oidc-not-referenced",
            "oidc-connection-not-referenced",
            200,
            Effect::Oidc(OidcFault::NotReferencedInStage(200)),
        ),
        refused(
            "oidc-not-referenced",
            "oidc-connection-not-referenced",
            403,
            Effect::Oidc(OidcFault::NotReferencedInStage(403)),
        ),
        refused("oidc-403", "oidc-forbidden", 403, Effect::answer(Answer::status(403))),
        refused(
            "oidc-403",
            "oidc-forbidden",
            403,
            said(403, "AccessDeniedException", "The checks have not passed. Wait."),
        )
        .says(&format!("Azure DevOps gave no assertion for {ABOUT} (HTTP 403): The checks have not passed.")),
        refused("oidc-plan-security", "oidc-plan-security", 403, Effect::Oidc(OidcFault::PlanSecurity(403)))
            .assertion_asked(3),
        refused(
            "oidc-preview-version",
            "oidc-preview-version",
            400,
            said(400, "VssInvalidPreviewVersionException", "No."),
        ),
        refused("oidc-405", "oidc-wrong-method", 405, Effect::answer(Answer::status(405))),
        refused("oidc-busy", "oidc-busy", 429, Effect::TooManyRequests(Some(1)))
            .remedy("{row}, at the earliest in 1 seconds")
            .assertion_asked(4),
        Case::new("oidc-pipeline-subject", Kind::Connection, "oidc-pipeline-subject")
            .fault(Endpoint::Oidc, Effect::Oidc(OidcFault::PipelineLevel))
            .fact("subject", "p://contoso/Shop/build-shop")
            .fact("asked for", CONNECTION)
            .assertion_asked(1),
    ];
    for status in [500, 502, 503, 504] {
        let effect = Effect::answer(Answer::status(status).header("Retry-After", "1"));
        let case = refused("oidc-busy", "oidc-busy", status, effect).assertion_asked(4);
        cases.push(case.remedy("{row}, at the earliest in 1 seconds"));
    }
    cases
}

fn not_an_assertion() -> Vec<Case> {
    let broken = |effect, status: u16, what: &str| {
        let case = at("oidc-200-no-token", "oidc-not-an-assertion", effect).assertion_asked(1);
        case.says(&format!(
            "Azure DevOps answered the OIDC request with something that is not an assertion (HTTP {status}): {what}"
        ))
    };
    let oidc = Effect::Oidc;
    let mut cases = vec![
        broken(Effect::Html, 200, &format!("text/html; charset=utf-8: {ANY}")),
        broken(oidc(OidcFault::EmptyObject), 200, "JSON without the field oidcToken"),
        broken(oidc(OidcFault::EmptyToken), 200, "the field oidcToken is empty or no text"),
        broken(oidc(OidcFault::TokenIsNoText), 200, "the field oidcToken is empty or no text"),
        broken(Effect::answer(Answer::json(200, &json!([1]))), 200, "JSON without the field oidcToken"),
        broken(Effect::answer(Answer::status(404)), 404, "an empty body (without a content type)"),
    ];
    // Only who takes the assertion apart sees that it is none.
    cases.push(
        Case::new("oidc-200-no-token", Kind::Connection, "oidc-not-an-assertion")
            .fault(Endpoint::Oidc, oidc(OidcFault::NotAJwt))
            .assertion_asked(1)
            .says(
                "Azure DevOps answered the OIDC request with something that is not an assertion (HTTP 200): the field oidcToken \
                 holds no JWT",
            ),
    );
    cases
}
