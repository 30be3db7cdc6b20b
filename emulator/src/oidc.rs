//! The OIDC request of a job: `POST …/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken`.
//!
//! Shapes: captures of the answers (teleport's design document 0211, azure-sdk-for-net's pull request 46135). Statuses that no
//! capture shows can be chosen by a fault.

use crate::azure::{self, errors, place::Place};
use crate::faults::{Effect, OidcFault};
use crate::message::{Answer, Call, Credential};
use crate::service::{Endpoint, Service};
use crate::state::{PipelineJob, State};
use crate::vault::SecretKind;
use crate::world::{
    AZURE_DEVOPS_RESOURCE, AssertionIssuer, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, ServiceConnection, World,
};
use crate::{guid, jwt};
use serde_json::{Value, json};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Oidc,
    claims: |_, call| azure::place::of(call).is_some() && call.path.to_ascii_lowercase().ends_with("/oidctoken"),
    answer,
};

fn answer(state: &State, call: &Call) -> Answer {
    let Some(place) = azure::place::of(call) else { return Answer::status(404) };
    if call.method != "POST" {
        return errors::error(405, "", "The requested resource does not support http method.").header("Allow", "POST");
    }
    let job = match job_of(state, call, &place) {
        Ok(job) => job,
        Err(refusal) => return refusal,
    };
    let version = call.query_value("api-version").unwrap_or_default();
    if version.is_empty() || (version == "7.2" || version.starts_with("7.3")) {
        return errors::error(
            400,
            "VssInvalidPreviewVersionException",
            "The requested version of the resource is under preview. The -preview flag must be supplied in the api-version for \
             such requests.",
        );
    }
    if let Some(Effect::Oidc(fault)) = &call.effect
        && let Some(answer) = odd_answer(fault, &call.query_value("serviceConnectionId").unwrap_or_default())
    {
        return answer;
    }
    let world = state.world();
    let asked = call.query_value("serviceConnectionId").unwrap_or_default();
    // A name where the GUID belongs is silently ignored: the answer is an assertion of the pipeline.
    let connection = world.connection(&asked).filter(|c| guid::is_guid(&asked) && is_referenced(&job, c));
    if connection.is_none() && guid::is_guid(&asked) {
        let text = format!("No service connection found with identifier {asked}");
        return errors::error(404, "ServiceEndpointException", &text);
    }
    if connection.is_some_and(|c| c.scheme != "WorkloadIdentityFederation") {
        // Which words the service has for this is not known.
        let text = format!("Service connection {asked} does not use workload identity federation.");
        return errors::error(400, "InvalidOperationException", &text);
    }
    let token = assertion(state, &world, &job, connection, call);
    Answer::json(200, &json!({ "oidcToken": token }))
}

fn is_referenced(job: &PipelineJob, connection: &ServiceConnection) -> bool {
    connection.organization.eq_ignore_ascii_case(&job.organization)
        && job.references.iter().any(|id| id.eq_ignore_ascii_case(&connection.id))
}

/// The job that the request speaks for: its token must be valid and the address must be the job's own.
fn job_of(state: &State, call: &Call, place: &Place) -> Result<PipelineJob, Answer> {
    let job = match call.credential() {
        Credential::Bearer(token) => state.job_of_token(&token),
        _ => None,
    };
    let tenant = state.world().organization(&place.organization).map(|o| o.tenant.clone()).unwrap_or_default();
    let Some(job) = job else {
        return Err(if call.header("x-tfs-fedauthredirect").is_some_and(|v| v.eq_ignore_ascii_case("suppress")) {
            errors::challenge(Answer::status(401), &tenant, "https://dev.azure.com/")
        } else {
            azure::sign_in::redirect(call)
        });
    };
    let rest = &place.rest;
    let value_after = |word: &str| {
        rest.iter().position(|s| s.eq_ignore_ascii_case(word)).and_then(|at| rest.get(at + 1)).map(String::as_str)
    };
    let own_project = rest.first().is_some_and(|name| {
        let world = state.world();
        let organization = world.organization(&job.organization);
        organization.and_then(|o| Some(o.project(name)?.id == o.project(&job.project)?.id)).unwrap_or(false)
    });
    let own = place.organization.eq_ignore_ascii_case(&job.organization)
        && own_project
        && value_after("plans") == Some(job.plan_id.as_str())
        && value_after("jobs") == Some(job.job_id.as_str());
    if own {
        Ok(job)
    } else {
        Err(errors::error(
            403,
            "TaskOrchestrationPlanSecurityException",
            "The job token does not belong to this plan and job.",
        ))
    }
}

fn odd_answer(fault: &OidcFault, connection: &str) -> Option<Answer> {
    Some(match fault {
        OidcFault::EmptyObject => Answer::json(200, &json!({})),
        OidcFault::EmptyToken => Answer::json(200, &json!({ "oidcToken": "" })),
        OidcFault::TokenIsNoText => Answer::json(200, &json!({ "oidcToken": { "value": 7 } })),
        OidcFault::NotAJwt => Answer::json(200, &json!({ "oidcToken": "not-a-jwt" })),
        OidcFault::NotReferencedInStage(status) => Answer::json(
            *status,
            &json!({ "count": 151, "value": format!("There is no explicit reference to service connection {connection} from \
                     current stage. Reference the service connection in a task of the stage.") }),
        ),
        OidcFault::PlanSecurity(status) => errors::error(
            *status,
            "TaskOrchestrationPlanSecurityException",
            "The identity does not have permission to the orchestration plan.",
        ),
        OidcFault::Refusal(error) => errors::answer(error),
        OidcFault::PipelineLevel | OidcFault::Expired | OidcFault::WrongSignature => return None,
    })
}

/// Signs an assertion for a connection, or for the pipeline.
fn assertion(
    state: &State,
    world: &World,
    job: &PipelineJob,
    connection: Option<&ServiceConnection>,
    call: &Call,
) -> String {
    let fault = match &call.effect {
        Some(Effect::Oidc(fault)) => Some(fault),
        _ => None,
    };
    let connection = connection.filter(|_| !matches!(fault, Some(OidcFault::PipelineLevel)));
    let mut claims = match connection {
        Some(connection) if connection.issuer == AssertionIssuer::Entra => entra_claims(world, connection, call.now()),
        _ => azure_devops_claims(world, job, connection, call.now()),
    };
    if matches!(fault, Some(OidcFault::Expired)) {
        let past = call.now() - 90_000;
        claims["iat"] = past.into();
        claims["nbf"] = past.into();
        claims["exp"] = (past + 300).into();
    }
    let key = match fault {
        Some(OidcFault::WrongSignature) => &state.keys.stranger,
        _ if connection.is_some_and(|c| c.issuer == AssertionIssuer::Entra) => &state.keys.entra,
        _ => &state.keys.azure_devops,
    };
    let token = key.sign(&claims);
    state.vault().keep(SecretKind::Assertion, &token, claims);
    token
}

/// Claims of the Entra issuer: they live for a day and name the exchange audience by its id.
fn entra_claims(world: &World, connection: &ServiceConnection, now: i64) -> Value {
    let credential = world.federated_credential_of(connection);
    json!({
        "aud": EXCHANGE_AUDIENCE_ID, "iss": credential.issuer, "sub": credential.subject,
        "iat": now, "nbf": now, "exp": now + 86_700,
        "aio": jwt::filler(40), "azp": AZURE_DEVOPS_RESOURCE, "azpacr": "2", "idtyp": "app", "oid": guid::random(),
        "rh": jwt::filler(40), "tid": connection.tenant, "uti": jwt::filler(22), "ver": "2.0",
        "xms_ficinfo": jwt::filler(24), "xms_idrel": "7 8",
    })
}

/// Claims of the Azure DevOps issuer, for a connection or for the pipeline: they live for five minutes.
fn azure_devops_claims(world: &World, job: &PipelineJob, connection: Option<&ServiceConnection>, now: i64) -> Value {
    let organization = world.organization(&job.organization);
    let organization_id = organization.map(|o| o.id.clone()).unwrap_or_default();
    let mut claims = json!({
        "jti": guid::random(), "aud": EXCHANGE_AUDIENCE, "iss": format!("https://vstoken.dev.azure.com/{organization_id}"),
        "iat": now, "nbf": now - 600, "exp": now + 300,
    });
    if let Some(connection) = connection {
        claims["sub"] = world.federated_credential_of(connection).subject.into();
        return claims;
    }
    let project_id = organization.and_then(|o| o.project(&job.project)).map(|p| p.id.clone());
    claims["sub"] = format!("p://{}/{}/{}", job.organization, job.project, job.pipeline).into();
    claims["org_id"] = organization_id.into();
    claims["prj_id"] = project_id.into();
    claims["def_id"] = "7".into();
    claims["run_id"] = "42".into();
    claims["rpo_uri"] = format!("https://dev.azure.com/{}/{}/_git/hello", job.organization, job.project).into();
    claims["rpo_ref"] = "refs/heads/main".into();
    claims
}
