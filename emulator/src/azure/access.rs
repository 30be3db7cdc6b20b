//! Who calls, and whether the organization lets them in.

use super::errors;
use super::place::{self, Place};
use crate::message::{Answer, Call, Credential};
use crate::state::State;
use crate::vault::SecretKind;
use crate::world::{AZURE_DEVOPS_RESOURCE, Organization, TenantHeader, World};
use serde_json::Value;

/// A caller whom the organization knows.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Object id.
    pub object_id: String,
    /// Display name.
    pub display_name: String,
    /// Whether the credential is the token of a job.
    pub is_job: bool,
}

/// Which service asks: the token of a job opens some and not others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The REST interface and Azure Repos.
    Main,
    /// Azure Artifacts and the list of feeds.
    Feeds,
}

/// Lets the caller in, or says how it is refused.
fn caller(state: &State, call: &Call, organization: &str, door: Door) -> Result<Caller, Answer> {
    let world = state.world();
    let secret = match call.credential() {
        // As GitHub answers it; the status of Azure Repos is not known.
        Credential::Several => return Err(Answer::text(400, "Duplicate header: Authorization")),
        // Azure DevOps' own command line sends no user.
        Credential::Basic { user, password } if !user.is_empty() || door == Door::Main => password,
        Credential::Bearer(token) => token,
        Credential::None | Credential::Basic { .. } | Credential::Other(_) => String::new(),
    };
    let Some(found) = world.organization(organization) else {
        return Err(Answer::html(
            404,
            "<!DOCTYPE html><html><head><title>The resource cannot be found.</title></head></html>",
        ));
    };
    if let Some(job) = state.job_of_token(&secret) {
        let own = job.organization.eq_ignore_ascii_case(&found.name);
        if own && (door == Door::Main || world.job_token_reads_feeds) {
            let display_name = format!("{} Build Service ({})", job.project, job.organization);
            return Ok(Caller { object_id: job.job_id, display_name, is_job: true });
        }
        return Err(refuse(&world, found, call, errors::unauthorized(&job.job_id)));
    }
    let issued = state.vault().find(&secret).filter(|i| i.kind == SecretKind::AccessToken).cloned();
    let Some(issued) = issued.filter(|issued| is_valid(&issued.claims, call.now())) else {
        return Err(refuse(&world, found, call, errors::unauthorized(errors::ANONYMOUS)));
    };
    let claim = |name: &str| issued.claims[name].as_str().unwrap_or_default().to_owned();
    let (tenant, object_id) = (claim("tid"), claim("oid"));
    if tenant != found.tenant || !found.members.iter().any(|m| m.eq_ignore_ascii_case(&object_id)) {
        return Err(refuse(&world, found, call, errors::not_a_user(&tenant, &object_id)));
    }
    let display_name = world.application(&claim("appid")).map(|a| a.display_name.clone()).unwrap_or_default();
    Ok(Caller { object_id, display_name, is_job: false })
}

/// A call to an organization that has let its caller in.
pub(crate) struct Visit<'v> {
    pub world: &'v World,
    pub organization: &'v Organization,
    pub place: &'v Place,
    pub caller: &'v Caller,
}

/// Answers a call to an organization, or says how its caller is refused.
pub(crate) fn within(state: &State, call: &Call, door: Door, answer: impl FnOnce(Visit<'_>) -> Answer) -> Answer {
    let Some(place) = place::of(call) else { return Answer::status(404) };
    let caller = match caller(state, call, &place.organization, door) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let world = state.world();
    let Some(organization) = world.organization(&place.organization) else { return Answer::status(404) };
    answer(Visit { world: &world, organization, place: &place, caller: &caller })
}

/// Whether a token is for Azure DevOps and in its time.
fn is_valid(claims: &Value, now: i64) -> bool {
    claims["aud"] == AZURE_DEVOPS_RESOURCE
        && claims["exp"].as_i64().is_some_and(|exp| exp > now)
        && claims["nbf"].as_i64().is_some_and(|nbf| nbf <= now)
}

/// Dresses a 401 with the challenge and the headers that name the organization's tenant.
pub(crate) fn refuse(world: &World, organization: &Organization, call: &Call, refusal: Answer) -> Answer {
    let realm = format!("{}/", call.origin());
    let answer = errors::challenge(refusal, &organization.tenant, &realm);
    let named = match world.tenant_header {
        TenantHeader::Always => true,
        TenantHeader::HeadOnly => call.method == "HEAD",
        TenantHeader::GetOnly => call.method == "GET",
        TenantHeader::Absent => false,
    };
    if !named {
        return answer;
    }
    answer
        .header("X-VSS-ResourceTenant", organization.tenant.clone())
        .header("X-VSS-AuthorizationEndpoint", format!("https://vssps.dev.azure.com/{}/", organization.name))
}
