//! The token endpoint of Microsoft Entra: `POST /{tenant}/oauth2/v2.0/token`.
//!
//! Checks what Entra checks, in its order, and refuses in its words; nothing is replayed. In reading order: `credential` (which
//! of the three it is), `federated` and `certificate` (the assertions), `issue` (the token), `refusal` with its table `codes`.

mod certificate;
mod codes;
mod credential;
mod federated;
pub(crate) mod issue;
mod refusal;

pub(crate) use issue::token_for;
pub(crate) use refusal::{About, refuse};

use crate::faults::Effect;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::vault::SecretKind;
use crate::world::{AZURE_DEVOPS_RESOURCE, Application, Tenant, World};
use crate::{guid, jwt};
use refusal::Refusal;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Token,
    claims: |_, call| {
        is_authority(&call.host) && !call.path.contains("/.well-known/") && !call.path.contains("/discovery/")
    },
    answer,
};

/// Whether a host is an authority of Microsoft Entra, of any cloud.
pub(crate) fn is_authority(host: &str) -> bool {
    matches!(
        host,
        "login.microsoftonline.com"
            | "login.windows.net"
            | "login.microsoft.com"
            | "sts.windows.net"
            | "login.microsoftonline.us"
            | "login.partner.microsoftonline.cn"
    )
}

/// A request for a token whose tenant and application are known.
pub(crate) struct Asked<'a> {
    pub state: &'a State,
    pub world: &'a World,
    pub call: &'a Call,
    pub tenant: &'a Tenant,
    pub application: &'a Application,
    pub form: &'a BTreeMap<String, String>,
}

impl Asked<'_> {
    /// A field of the form that is there and not empty.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(self.form, name)
    }

    /// A refusal in Entra's usual words; `assertion` holds the claims of what was presented, or null.
    pub(crate) fn refusal(&self, code: u32, assertion: &Value) -> Refusal {
        let (tenant, client_id) = (self.tenant.id.as_str(), self.application.client_id.as_str());
        About { tenant, client_id, assertion, now: self.call.now() }.refusal(code)
    }
}

fn field<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    form.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Remembers an assertion that a client made itself, whatever becomes of the request, so that a test can look at it and search for it.
pub(crate) fn remember_assertion(state: &State, call: &Call) {
    let form = call.form();
    if let Some(assertion) = field(&form, "client_assertion")
        && let Some(claims) = jwt::claims(assertion)
    {
        state.vault().keep(SecretKind::ClientAssertion, assertion, claims);
    }
}

fn answer(state: &State, call: &Call) -> Answer {
    let segments = call.segments();
    let [tenant, oauth, version, token] = segments.as_slice() else { return Answer::html(404, "<html>404</html>") };
    if oauth != "oauth2" || version != "v2.0" || token != "token" {
        return Answer::html(404, "<html>404</html>");
    }
    let world = state.world();
    let form = call.form();
    if let Some(Effect::Entra(fault)) = &call.effect {
        let said = |name: &str| form.get(name).cloned().unwrap_or_default();
        let assertion = jwt::claims(&said("client_assertion")).unwrap_or_default();
        let about = About { tenant, client_id: &said("client_id"), assertion: &assertion, now: call.now() };
        return refuse(&about.refusal(fault.code), Some(fault), call);
    }
    grant(state, &world, call, tenant, &form).unwrap_or_else(|refusal| refuse(&refusal, None, call))
}

fn grant(
    state: &State,
    world: &World,
    call: &Call,
    tenant: &str,
    form: &BTreeMap<String, String>,
) -> Result<Answer, Refusal> {
    let refusal = |code, client_id| About { tenant, client_id, assertion: &Value::Null, now: call.now() }.refusal(code);
    let tenant = world.tenant(tenant).ok_or_else(|| {
        let looks_right = guid::is_guid(tenant) || tenant.contains('.');
        refusal(if looks_right { 90_002 } else { 900_023 }, "")
    })?;
    if call.method != "POST"
        || !call.header("content-type").unwrap_or_default().starts_with("application/x-www-form-urlencoded")
    {
        return Err(refusal(900_144, ""));
    }
    if field(form, "grant_type") != Some("client_credentials") {
        return Err(refusal(70_003, ""));
    }
    let Some(client_id) = field(form, "client_id") else {
        return Err(Refusal::new(900_144, "The request body must contain the following parameter: 'client_id'."));
    };
    let application =
        world.application(client_id).filter(|a| a.is_in(&tenant.id)).ok_or_else(|| refusal(700_016, client_id))?;
    if application.disabled {
        return Err(refusal(7_000_112, client_id));
    }
    let asked = Asked { state, world, call, tenant, application, form };
    if asked.field("client_assertion").is_none() && asked.field("client_secret").is_none() {
        return Err(refusal(7_000_216, client_id));
    }
    check_scope(asked.field("scope").unwrap_or_default(), &tenant.id)?;
    let credential = credential::of(&asked)?;
    credential::check(&asked, &credential)?;
    let fault = match &call.effect {
        Some(Effect::Token(fault)) => Some(fault),
        _ => None,
    };
    Ok(issue::success(&asked, &credential, fault))
}

fn check_scope(scope: &str, tenant: &str) -> Result<(), Refusal> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        return Err(Refusal::new(
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
                 /.default suffixed to the resource identifier (application ID URI)."
            ),
        ));
    };
    if resource.contains(' ') {
        let text =
            format!("The provided request must include a 'scope' input parameter. The scope {scope} is not valid.");
        return Err(Refusal::new(70_011, text));
    }
    if resource != AZURE_DEVOPS_RESOURCE {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
        );
        return Err(Refusal::new(500_011, text));
    }
    Ok(())
}
