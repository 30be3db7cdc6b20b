//! The organization does not accept the identity, or does not say.

use std::path::Path;

use ado_entra_auth_emulator::faults::{ConnectionDataFault, DevOpsError};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{CLIENT, MACHINE_IDENTITY, MACHINE_OBJECT, OBJECT, OTHER_TENANT, TENANT};
use ado_entra_auth_emulator::{Effect, Endpoint, Machine, World};

use super::case::{ANY, Case, GUID, IDS};
use super::kind::Kind;
use crate::identities::of;

/// What to do with an identity that an organization does not know.
const ADD: &str = ado_entra_auth::diagnosis::causes::organization::ADD_THE_IDENTITY;

fn machine(_: &Path) -> Machine {
    Machine::imds().identity(MACHINE_IDENTITY)
}

/// Every case of an organization's.
pub fn cases() -> Vec<Case> {
    [refusals(), trouble(), tenants()].into_iter().flatten().collect()
}

/// A refusal with its row's own words.
fn refused(id: &str, name: &'static str, code: &str, effect: Effect) -> Case {
    Case::new(id, Kind::Connection, name)
        .fault(Endpoint::ConnectionData, effect)
        .says(&format!("the organization contoso does not accept the identity: {{row}} ({code})"))
        .fact("object id", OBJECT)
        .fact("request", GUID)
        .organization_asked(1)
}

fn refusals() -> Vec<Case> {
    use ConnectionDataFault as Kind_;
    let of = |kind| Effect::ConnectionData(kind);
    let said = |error| of(Kind_::Refusal(error));
    let error = |status, message: &str| said(DevOpsError::new(status, "UnauthorizedRequestException", message));
    let plainly = |says: &str| format!("the organization contoso does not accept the identity: {says}");
    vec![
        refused("tf401444", "TF401444", "TF401444", of(Kind_::NotAUser)),
        // Nobody has added the identity; the same for one of the machine.
        Case::new("tf401444", Kind::Connection, "TF401444")
            .world(|world| world.organization_mut("contoso").unwrap().members.clear())
            .says(&plainly("{row} (TF401444)"))
            .fact("object id", OBJECT)
            .fact("request", GUID)
            .organization_asked(1),
        Case::new("tf401444", Kind::Machine(machine), "TF401444")
            .world(|world| world.organization_mut("contoso").unwrap().members.clear())
            .says(&plainly("{row} (TF401444)"))
            .fact("object id", MACHINE_OBJECT)
            .fact("request", GUID)
            .organization_asked(1),
        refused("tf400813", "TF400813", "TF400813", of(Kind_::Unauthorized)),
        refused(
            "tf400813-anonymous",
            "organization-anonymous",
            "HTTP 401",
            error(401, "TF400813: Resource not available for anonymous access. Client authentication required."),
        ),
        refused("vs800075", "VS800075", "VS800075", said(DevOpsError::no_project("Shop"))),
        refused("vs403463", "VS403463", "VS403463", of(Kind_::ConditionalAccess)),
        refused("vs403463", "VS403463", "VS403463", of(Kind_::ConditionalAccessPage)),
        refused("vs4034xx", "VS4034xx", "VS4034xx", error(403, "VS403499: no")),
        refused("vs30063", "VS30063", "VS30063", said(DevOpsError::not_authorized())),
        refused("", "no-licence", "HTTP 403", error(403, "The user does not have a valid license for this.")),
        refused("ado-401-unauthenticated", "organization-unauthenticated", "HTTP 401", {
            let bearer = format!("Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}");
            let answer = Answer::status(401).header("WWW-Authenticate", bearer);
            Effect::answer(answer.header("WWW-Authenticate", "TFS-Federated"))
        })
        .says(&plainly("it refuses the token (HTTP 401)"))
        .remedy(ADD),
        // The step sends no password, so a challenge for one says no more than 401.
        refused("", "organization-unauthenticated", "HTTP 401", of(Kind_::EmptyBasic))
            .says(&plainly("it refuses the token (HTTP 401)"))
            .remedy(ADD),
        refused("", "TF400813", "TF400813", of(Kind_::ServiceErrorHeader)),
        refused(
            "ado-service-error-header",
            "organization-says-in-a-header",
            "HTTP 401",
            Effect::answer(Answer::html(401, "<html>").header("X-TFS-ServiceError", "Something%20is%20not%20right")),
        )
        .says(&plainly("Something is not right (HTTP 401)"))
        .remedy(ADD),
        refused("ado-signin-page", "organization-sign-in-page", "HTTP 203", Effect::SignInPage),
        refused("ado-signin-page", "organization-sign-in-page", "HTTP 302", Effect::SignInRedirect),
        refused("ado-anonymous-200", "organization-anonymous", "HTTP 200", of(Kind_::Anonymous))
            .says(&plainly("it treats the token as anonymous (HTTP 200)"))
            .remedy(ADD),
        Case::new("", Kind::Connection, "organization-not-found")
            .fault(Endpoint::ConnectionData, Effect::answer(Answer::status(404)))
            .says("there is no organization contoso (HTTP 404)")
            .organization_asked(1),
    ]
}

fn trouble() -> Vec<Case> {
    let busy = |id, name, code: &str, effect| {
        Case::new(id, Kind::Connection, name)
            .fault(Endpoint::ConnectionData, effect)
            .says(&format!(
                "the organization contoso cannot answer at the moment whether it accepts the identity: {{row}} ({code})"
            ))
            .fact("request", GUID)
            .organization_asked(4)
    };
    let mut cases = vec![
        busy("tf400733", "TF400733", "TF400733", Effect::ConnectionData(ConnectionDataFault::Throttled))
            .remedy("{row}; at the earliest in 1 seconds"),
        busy("tf400733", "TF400733", "HTTP 429", Effect::TooManyRequests(Some(1)))
            .remedy("{row}; at the earliest in 1 seconds"),
        Case::new("", Kind::Connection, "organization-not-json")
            .fault(Endpoint::ConnectionData, Effect::Html)
            .says(&format!(
                "the organization contoso answered with something unexpected (HTTP 200): text/html; charset=utf-8: {ANY}"
            ))
            .fact("request", GUID)
            .organization_asked(1),
    ];
    for status in [408, 500, 502, 503] {
        let effect = Effect::answer(Answer::status(status).header("Retry-After", "1"));
        let case = busy("", "organization-unavailable", &format!("HTTP {status}"), effect);
        cases.push(case.remedy("{row}; at the earliest in 1 seconds"));
    }
    cases
}

fn tenants() -> Vec<Case> {
    let facts = |tenant: &str, home: &str| {
        [("organization's tenant", tenant.to_owned()), ("identity's tenant", home.to_owned())]
    };
    vec![
        Case::new("ado-wrong-tenant", Kind::Machine(machine), "organization-other-tenant")
            .bent(|step, _| step.input("organizations", "fabrikam"))
            .says("the organization fabrikam belongs to another tenant than the managed identity")
            .facts(facts(OTHER_TENANT, TENANT))
            .remedy(
                "create an application that both tenants know and that trusts this managed identity by a federated credential. Then \
                 set connectionType: managedIdentity, with the identity's client id in 'clientId' and the application's in \
                 'federatedClientId'",
            )
            .machine_asked(1),
        // Of an application, Entra says it: it is not known there.
        Case::new("", Kind::Connection, "AADSTS700016")
            .bent(|_, _| of("pipeline").input("clientId", CLIENT).input("tenantId", TENANT).input("organizations", "fabrikam"))
            .says(
                "the organization fabrikam belongs to another tenant than the identity, which gets no token there: {row} \
                 (AADSTS700016)",
            )
            .facts(facts(OTHER_TENANT, TENANT))
            .facts(Kind::Pipeline.presented(&World::sample()))
            .fact(
                "Entra says",
                &format!("Application with identifier '{CLIENT}' was not found in the directory '{OTHER_TENANT}'."),
            )
            .fact("tries", "3")
            .fact("client", CLIENT)
            .fact("tenant", OTHER_TENANT)
            .fact("request", IDS)
            .remedy(&format!(
                "use an identity of the tenant {OTHER_TENANT}; or an application that both tenants know, with the managed identity \
                 of the agent ('connectionType: managedIdentity', 'federatedClientId'), a secret or a certificate"
            ))
            .entra_asked(3),
        // The question for the assertion and that for the tenant are asked at a time.
        Case::new("ado-no-tenant", Kind::Machine(machine), "organization-without-tenant")
            .bent(|step, _| step.input("organizations", "treyresearch"))
            .says(
                "the organization treyresearch is not connected to Microsoft Entra, so it takes no tokens of applications",
            ),
    ]
}
