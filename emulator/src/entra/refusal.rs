//! Refusals of Microsoft Entra as answers.

use super::codes;
use super::federated::audiences;
use crate::faults::{EntraFault, ErrorCodes};
use crate::message::{Answer, Call};
use crate::{clock, guid, jwt};
use serde_json::{Value, json};

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: u32,
    text: String,
}

/// What the words of a refusal speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// Tenant of the request.
    pub tenant: &'a str,
    /// Client id of the request.
    pub client_id: &'a str,
    /// Claims of the assertion that was presented, or null.
    pub assertion: &'a Value,
    /// The service's time.
    pub now: i64,
}

impl About<'_> {
    /// A refusal in Entra's usual words.
    pub(crate) fn refusal(&self, code: u32) -> Refusal {
        let said = |name: &str| self.assertion[name].as_str().unwrap_or_default().to_owned();
        let moment = |name: &str| clock::entra_time(jwt::moment(&self.assertion[name]).unwrap_or(0));
        let text = codes::find(code)
            .3
            .replace("{tenant}", self.tenant)
            .replace("{client}", self.client_id)
            .replace("{now}", &clock::entra_time(self.now))
            .replace("{nbf}", &moment("nbf"))
            .replace("{exp}", &moment("exp"))
            .replace("{iss}", &said("iss"))
            .replace("{sub}", &said("sub"))
            .replace("{aud}", &audiences(self.assertion).join(", "));
        Refusal { code, text }
    }
}

impl Refusal {
    /// A refusal with its own words.
    pub(crate) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The answer that carries a refusal, as a fault may bend it.
pub(crate) fn refuse(refusal: &Refusal, fault: Option<&EntraFault>, call: &Call) -> Answer {
    let usual = EntraFault::code(refusal.code);
    let fault = fault.unwrap_or(&usual);
    let (_, status, error, _) = codes::find(refusal.code);
    let now = clock::entra_stamp(call.now());
    let trace = guid::random();
    let correlation = call.header("client-request-id").map_or_else(guid::random, str::to_owned);
    let separator = if fault.line_breaks { "\r\n" } else { " " };
    let text = fault.text.as_ref().unwrap_or(&refusal.text);
    let description = format!(
        "AADSTS{}: {text}{separator}Trace ID: {trace}{separator}Correlation ID: {correlation}{separator}Timestamp: {now}",
        refusal.code
    );
    let codes = match &fault.error_codes {
        ErrorCodes::Usual => json!([refusal.code]),
        ErrorCodes::Several(codes) => json!(codes),
        ErrorCodes::Text => json!(format!("[{}]", refusal.code)),
        ErrorCodes::Absent => Value::Null,
    };
    let mut body = json!({
        "error": fault.error.as_deref().unwrap_or(error), "error_description": description, "error_codes": codes,
        "timestamp": now, "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={}", refusal.code),
    });
    let blocked = refusal.code == 53_003;
    let suberror = fault.suberror.as_deref().or(blocked.then_some("message_only"));
    let claims =
        fault.claims.as_deref().or(blocked.then_some("{\"access_token\":{\"capolids\":{\"essential\":true}}}"));
    if let Some(suberror) = suberror {
        body["suberror"] = suberror.into();
    }
    if let Some(claims) = claims {
        body["claims"] = claims.into();
    }
    if codes.is_null() {
        body.as_object_mut().map(|fields| fields.remove("error_codes"));
    }
    let answer = dress(Answer::json(fault.status.unwrap_or(status), &body)).header("x-ms-request-id", trace);
    match fault.retry_after {
        Some(seconds) => answer.header("Retry-After", seconds.to_string()),
        None => answer,
    }
}

/// The headers that every answer of the token endpoint has.
pub(super) fn dress(answer: Answer) -> Answer {
    answer
        .header("Cache-Control", "no-store, no-cache")
        .header("Pragma", "no-cache")
        .header("Expires", "-1")
        .header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .header("X-Content-Type-Options", "nosniff")
        .header("P3P", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("x-ms-ests-server", "2.1.19343.7 - WEULR1 ProdSlices")
}
