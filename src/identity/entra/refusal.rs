//! What Entra says to a request that it does not follow, and what stands against what.

use serde_json::Value;

use super::{CLOCK_TOLERANCE_SECONDS, Client, ExchangeError, Presented, Signed, clock_difference};
use crate::diagnosis::causes::{self, Again, Cause, Stage, credential, federation, policy};
use crate::diagnosis::{first_sentence, shortened};
use crate::http::{Answer, not_json};
use crate::identity::certificate::Chain;
use crate::identity::claims;
use crate::identity::federation::{Subject, audience_at};
use crate::kernel::clock::rfc3339;

/// What Entra says to a request that it does not follow.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What is wrong.
    pub headline: String,
    /// `AADSTS…`, or the status where there is no such code.
    pub code: String,
    /// What to do.
    pub remedy: String,
    /// What was presented, and what it was compared with: a name and a value each.
    pub presented: Vec<(&'static str, String)>,
    /// Who asked.
    pub client: Client,
    /// Entra's ids of the request and its time.
    pub request: Option<String>,
    /// What it means, where that is known.
    pub cause: Option<&'static Cause>,
    /// Whether it is trouble that passes, and nothing that Entra says of the identity.
    pub passes: bool,
}

/// The numbers of `error_codes`, which some relays send as text.
pub(super) fn error_codes(body: &str) -> Vec<u64> {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let codes =
        json.as_ref().and_then(|json| json.get("error_codes")).and_then(Value::as_array).cloned().unwrap_or_default();
    let digits = |text: &str| text.trim_matches(['[', ']']).parse().ok();
    codes.iter().filter_map(|code| code.as_u64().or_else(|| code.as_str().and_then(digits))).collect()
}

pub(super) fn refusal(answer: &Answer, client: &Client, presented: Presented<'_>) -> ExchangeError {
    let host = client.authority.host_str().unwrap_or_default().to_owned();
    let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default();
    let description = text("error_description");
    let in_description = || {
        let digits = description.strip_prefix("AADSTS")?;
        digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
    };
    let number: Option<u64> = error_codes(&answer.body).first().copied().or_else(in_description);
    let busy = answer.is_busy();
    let claims = json.get("claims").is_some();
    if number.is_none() && description.is_empty() && !busy && !claims {
        return ExchangeError::Broken { host, status: answer.status, what: not_json(answer) };
    }
    let known = number.and_then(causes::by_code);
    let cause = known.or(match answer.status {
        429 => Some(&policy::THROTTLED),
        408 | 500.. => Some(&policy::UNAVAILABLE),
        _ => (claims && number.is_none()).then_some(&policy::CLAIMS_CHALLENGE),
    });
    let page = number.map(|number| format!("see https://login.microsoftonline.com/error?code={number}"));
    let headline = cause.map_or_else(|| without_code(description), |cause| cause.headline.to_owned());
    let mut remedy = cause.map_or_else(
        || page.unwrap_or_else(|| "see Microsoft's list of Entra error codes".to_owned()),
        |cause| remedy_for(cause, presented).to_owned(),
    );
    let of_federation =
        cause.is_some_and(|cause| cause.stage == Stage::Federation && cause.again == Again::AfterMinutes);
    if let Some(command) = setup_command(presented, client).filter(|_| of_federation) {
        remedy = format!("{remedy}. {command} shows how");
    }
    if let Some(wait) = answer.retry_after().filter(|_| busy) {
        remedy = format!("{remedy}; at the earliest in {} seconds", wait.as_secs());
    }
    let mut facts = shown(presented, client);
    if !description.is_empty() && cause.is_some() {
        facts.push(("Entra says", without_code(description)));
    }
    facts.extend(reason(description).map(|reason| ("reason", reason)));
    if answer.tries > 1 {
        facts.push(("tries", answer.tries.to_string()));
    }
    let suberror = text("suberror");
    if !suberror.is_empty() {
        facts.push(("suberror", first_sentence(suberror)));
    }
    if let Some(ahead) = answer.clock_ahead_seconds().filter(|ahead| ahead.unsigned_abs() > CLOCK_TOLERANCE_SECONDS) {
        facts.push(("clock", clock_difference(ahead)));
    }
    let ids = [text("trace_id"), text("correlation_id"), text("timestamp")];
    let ids = ids.into_iter().filter(|id| !id.is_empty()).map(shortened);
    let request = ids.collect::<Vec<_>>().join(" · ");
    let request = if request.is_empty() { answer.header("x-ms-request-id").map(first_sentence) } else { Some(request) };
    ExchangeError::Refused(Box::new(Refusal {
        headline,
        code: number.map_or_else(|| format!("HTTP {}", answer.status), |number| format!("AADSTS{number}")),
        remedy,
        presented: facts,
        client: client.clone(),
        request,
        cause,
        passes: busy,
    }))
}

/// What to do. One number stands for certificates and for the assertions of others, which are mended elsewhere.
fn remedy_for(cause: &'static Cause, presented: Presented<'_>) -> &'static str {
    match presented {
        Presented::Signed(..) if *cause == credential::SIGNATURE_REFUSED => credential::CERTIFICATE,
        Presented::Federated(_) if *cause == credential::SIGNATURE_REFUSED => federation::FRESH_ASSERTION,
        _ => cause.remedy,
    }
}

/// Entra's first sentence without its number, which stands at the headline's end.
fn without_code(description: &str) -> String {
    let sentence = first_sentence(description);
    match sentence.split_once(": ") {
        Some((code, rest)) if code.starts_with("AADSTS") => rest.to_owned(),
        _ => sentence,
    }
}

/// Why Entra does not take a signature: what it says in brackets after its first sentence.
fn reason(description: &str) -> Option<String> {
    let (_, reason) = description.split_once("[Reason - ")?;
    Some(first_sentence(reason.split([',', ']']).next()?)).filter(|reason| !reason.is_empty())
}

/// What was presented, from an allow-list: an assertion's other claims stay unsaid.
fn shown(presented: Presented<'_>, client: &Client) -> Vec<(&'static str, String)> {
    match presented {
        Presented::Federated(assertion) => {
            let claims = claims::read(assertion.reveal()).unwrap_or_default();
            let subject = claims.sub.unwrap_or_default();
            let mut facts = vec![("issuer", claims.iss.unwrap_or_default()), ("subject", subject.clone())];
            facts.extend(Subject::parse(&subject).ok().map(|subject| ("that is", in_words(&subject))));
            facts.push(("audience", claims.aud.map(|audience| shown_audience(&audience, client)).unwrap_or_default()));
            facts
        }
        Presented::Signed(Signed { certificate, chain, .. }) => {
            let told = [
                ("certificate", certificate.subject().to_owned()),
                ("thumbprint", certificate.thumbprint_sha1()),
                ("valid to", rfc3339(certificate.expires_at())),
            ];
            // What an application needs that trusts a name in place of a certificate; Entra does not say that it is missing.
            let missing =
                (chain == Chain::Omitted).then(|| ("chain", "not sent; 'sendCertificateChain' sends it".to_owned()));
            told.into_iter().chain(missing).collect()
        }
        Presented::Secret(_) => Vec::new(),
    }
}

/// Whom a subject speaks of, its coded parts decoded.
fn in_words(subject: &Subject) -> String {
    let parts = subject.parts();
    let parts = parts.iter().filter(|(name, _)| *name != "application").map(|(name, value)| format!("{name} {value}"));
    format!("{}: {}", subject.kind(), parts.collect::<Vec<_>>().join(", "))
}

/// The audience of an assertion, beside the one that a federated credential must hold: Entra's own issuer writes it as an id.
fn shown_audience(audience: &claims::Audience, client: &Client) -> String {
    let (shown, wanted) = (audience.shown(), audience_at(&client.authority));
    let id = audience.contains("fb60f99c-7a34-4190-8149-302f77469936");
    if id { format!("{shown} (in the federated credential: {wanted})") } else { shown }
}

/// The command that says what the federated credential must hold, where all of its arguments are known and plain.
fn setup_command(presented: Presented<'_>, client: &Client) -> Option<String> {
    let Presented::Federated(assertion) = presented else { return None };
    let subject = claims::read(assertion.reveal())?.sub?;
    let arguments = match Subject::parse(&subject).ok()? {
        Subject::EntraConnection { tenant, organization, connection, .. } => {
            format!("--tenant-id {tenant} --organization-id {organization} --connection-id {connection}")
        }
        _ => return None,
    };
    Some(format!("`ado-entra-auth setup {arguments} --client-id {}`", client.client_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_as_numbers_and_as_texts() {
        assert_eq!(error_codes(r#"{"error_codes":[700213, "[500011]", "90002"]}"#), [700_213, 500_011, 90002]);
        assert!(error_codes("<html>").is_empty());
    }
}
