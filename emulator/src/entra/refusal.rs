//! Refusals of Microsoft Entra: number, status, error field, words.

use crate::faults::EntraFault;
use crate::message::{Answer, Call};
use crate::{clock, guid};
use serde_json::{Value, json};

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: u32,
    text: String,
}

impl Refusal {
    /// A refusal with its own words.
    pub(crate) fn new(code: u32, text: &str) -> Self {
        Self { code, text: text.to_owned() }
    }

    /// A refusal in Entra's usual words. `assertion` holds the claims of what was presented, or null.
    pub(crate) fn usual(code: u32, tenant: &str, client_id: &str, assertion: &Value) -> Self {
        let said = |name: &str| assertion[name].as_str().unwrap_or_default();
        let moment = |name: &str| clock::entra_time(assertion[name].as_i64().unwrap_or(0));
        let advice = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. \
                      https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
        let no_record = |what: &str, value: &str| {
            format!("No matching federated identity record found for presented assertion {what} '{value}'. {advice}")
        };
        let text = match code {
            700_211 => no_record("issuer", said("iss")),
            700_212 => no_record("audience", said("aud")),
            700_213 => no_record("subject", said("sub")),
            7_002_138 => format!(
                "No matching federated identity record found for presented assertion subject '{}'. The subject matches with \
                 case-insensitive comparison, but not with case-sensitive comparison. {advice}",
                said("sub")
            ),
            70_021 => format!(
                "No matching federated identity record found for presented assertion. Assertion Issuer: '{}'. Assertion \
                 Subject: '{}'. Assertion Audience: '{}'. {advice}",
                said("iss"),
                said("sub"),
                said("aud")
            ),
            70_025 => format!("The client '{client_id}' has no configured federated identity credentials."),
            70_052 => "The identity must be a managed identity, single tenant app, or service account.".to_owned(),
            700_016 => format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the \
                 application has not been installed by the administrator of the tenant or consented to by any user in the \
                 tenant. You may have sent your authentication request to the wrong tenant."
            ),
            7_000_112 => format!("Application '{client_id}' is disabled."),
            7_000_215 => format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
                 the client secret ID, for a secret added to app '{client_id}'."
            ),
            7_000_216 => {
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
                    .to_owned()
            }
            7_000_222 => format!("The provided client secret keys for app '{client_id}' are expired."),
            700_024 => format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time \
                 of assertion {}. Review the documentation.",
                clock::entra_time(clock::now()),
                moment("nbf"),
                moment("exp")
            ),
            700_027 => "Client assertion failed signature validation. The key was not found.".to_owned(),
            90_002 => format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
                 correct cloud."
            ),
            900_023 => {
                format!(
                    "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
                )
            }
            53_003 => "Access has been blocked by Conditional Access policies. The access policy does not allow token \
                       issuance."
                .to_owned(),
            90_055 => "The request has been throttled because of excessive demands.".to_owned(),
            _ => "The request was refused.".to_owned(),
        };
        Self { code, text }
    }

    /// Status and `error` field that go with the number.
    fn kind(&self) -> (u16, &'static str) {
        match self.code {
            90_002 | 900_023 | 900_144 | 9_002_313 | 70_021 => (400, "invalid_request"),
            700_016 => (400, "unauthorized_client"),
            70_003 => (400, "unsupported_grant_type"),
            70_011 | 1_002_012 => (400, "invalid_scope"),
            500_011 => (400, "invalid_resource"),
            501_051 => (400, "invalid_grant"),
            53_003 => (400, "access_denied"),
            90_055 => (429, "temporarily_unavailable"),
            90_033 => (503, "temporarily_unavailable"),
            _ => (401, "invalid_client"),
        }
    }
}

/// The answer that carries a refusal, as a fault may bend it.
pub(crate) fn refuse(refusal: &Refusal, fault: Option<&EntraFault>, call: &Call) -> Answer {
    let (status, error) = refusal.kind();
    let now = clock::entra_stamp(clock::now());
    let trace = guid::random();
    let correlation = call.header("client-request-id").map_or_else(guid::random, str::to_owned);
    let separator = if fault.is_some_and(|f| f.line_breaks) { "\r\n" } else { " " };
    let text = fault.and_then(|f| f.text.as_deref()).unwrap_or(&refusal.text);
    let description = format!(
        "AADSTS{}: {text}{separator}Trace ID: {trace}{separator}Correlation ID: {correlation}{separator}Timestamp: {now}",
        refusal.code
    );
    let mut body = json!({
        "error": error, "error_description": description, "error_codes": [refusal.code], "timestamp": now, "trace_id": trace,
        "correlation_id": correlation, "error_uri": format!("https://login.microsoftonline.com/error?code={}", refusal.code),
    });
    if refusal.code == 53_003 {
        body["suberror"] = "message_only".into();
        body["claims"] = "{\"access_token\":{\"capolids\":{\"essential\":true}}}".into();
    }
    let status = fault.and_then(|f| f.status).unwrap_or(status);
    let answer = dress(Answer::json(status, &body)).header("x-ms-request-id", trace);
    match fault.and_then(|f| f.retry_after) {
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
        .header("Date", clock::http_date(clock::now()))
}
