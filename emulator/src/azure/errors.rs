//! Refusals of Azure DevOps in the forms that its services give them.

use crate::faults::DevOpsError;
use crate::message::Answer;
use serde_json::json;

/// The id of the identity that stands for "nobody".
pub(crate) const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

/// A JSON error body as all services write it.
pub(crate) fn error(status: u16, type_key: &str, message: &str) -> Answer {
    let type_name =
        format!("Microsoft.VisualStudio.Services.Common.{type_key}, Microsoft.VisualStudio.Services.Common");
    Answer::json(
        status,
        &json!({
            "$id": "1", "innerException": null, "message": message, "typeName": type_name, "typeKey": type_key,
            "errorCode": 0, "eventId": 3000,
        }),
    )
}

/// The same for an error that has its words.
pub(crate) fn answer(what: &DevOpsError) -> Answer {
    let answer = error(what.status, &what.type_key, &what.message);
    match &what.reason {
        Some(reason) => answer.reason(reason.clone()),
        None => answer,
    }
}

/// Adds the challenge that asks for a credential of this tenant.
pub(crate) fn challenge(answer: Answer, tenant: &str, realm: &str) -> Answer {
    answer
        .header("WWW-Authenticate", format!("Bearer authorization_uri=https://login.microsoftonline.com/{tenant}"))
        .header("WWW-Authenticate", format!("Basic realm=\"{realm}\""))
        .header("WWW-Authenticate", "TFS-Federated")
}

/// 401 TF401444: the token is good, its identity is no user of the organization.
pub(crate) fn not_a_user(tenant: &str, object_id: &str) -> Answer {
    error(
        401,
        "UnauthorizedRequestException",
        &format!(
            "TF401444: Please sign-in at least once as {tenant}\\{tenant}\\{object_id} in a web browser to enable access to the \
             service."
        ),
    )
}

/// 401 TF400813 for this identity.
pub(crate) fn unauthorized(identity: &str) -> Answer {
    let text = format!("TF400813: The user '{identity}' is not authorized to access this resource.");
    error(401, "UnauthorizedRequestException", &text)
}
