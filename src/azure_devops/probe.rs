//! Does the organization accept this identity?
//!
//! Source: connectionData, as microsoft/azure-devops-cli-extension and tfs-cli ask for it.

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use super::organization::Organization;
use crate::diagnosis::{Explain, causes, first_sentence};
use crate::http::{Answer, Call, CallError, Http, azure_devops_headers, secret_header};
use crate::identity::secret::AccessToken;

/// Who the organization takes the token's bearer for.
#[derive(Clone, Debug)]
pub struct Member {
    /// The display name.
    pub name: String,
}

/// Why the organization does not accept the identity, or why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No answer.
    #[error("the organization {organization} could not be asked whether it accepts the identity: {error}")]
    Call {
        /// The organization.
        organization: Organization,
        /// The trouble.
        error: CallError,
    },
    /// A refusal.
    #[error("the organization {organization} does not accept the identity: {headline} ({code})")]
    Refused {
        /// The organization.
        organization: Organization,
        /// What is wrong.
        headline: String,
        /// The service's code, or the status.
        code: String,
        /// What to do.
        remedy: String,
        /// The identity's object id.
        object_id: Option<String>,
        /// The service's id of the request.
        request: Option<String>,
    },
    /// Something else came back.
    #[error("the organization {organization} answered with something unexpected (HTTP {status}): {what}")]
    Broken {
        /// The organization.
        organization: Organization,
        /// The status.
        status: u16,
        /// What came.
        what: String,
    },
}

impl Explain for ProbeError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused { object_id, request, .. } => {
                let object = object_id.iter().map(|id| ("object id", id.clone()));
                object.chain(request.iter().map(|request| ("request", request.clone()))).collect()
            }
            Self::Call { .. } | Self::Broken { .. } => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Call { error, .. } => error.remedy(),
            Self::Refused { remedy, .. } => remedy.clone(),
            Self::Broken { .. } => {
                "run again; if it stays, check whether a proxy answers in place of dev.azure.com, or set the \
                                    input 'verify' to false"
                    .to_owned()
            }
        }
    }
}

/// The id that connectionData gives for nobody, with status 200, in organizations that have public projects.
const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

/// Asks the organization who the token's bearer is.
///
/// `object_id` is the identity's own, for the explanation of a refusal.
pub async fn member(
    http: &Http,
    organization: &Organization,
    token: &AccessToken,
    object_id: Option<&str>,
) -> Result<Member, ProbeError> {
    let broken =
        |status, what: &str| ProbeError::Broken { organization: organization.clone(), status, what: what.to_owned() };
    let address = format!("{}/_apis/connectionData?api-version=7.1-preview.1", organization.url());
    let url = Url::parse(&address).map_err(|_| broken(0, "no address"))?;
    let mut headers = azure_devops_headers();
    let bearer = secret_header(&format!("Bearer {}", token.reveal())).ok_or_else(|| broken(0, "no token"))?;
    headers.insert(AUTHORIZATION, bearer);
    let call = Call { method: Method::GET, url, headers, body: None, passing: |_| false };
    let answer =
        http.send(&call).await.map_err(|error| ProbeError::Call { organization: organization.clone(), error })?;
    let refused = |headline: &str, code: &str, remedy: &str| ProbeError::Refused {
        organization: organization.clone(),
        headline: headline.to_owned(),
        code: code.to_owned(),
        remedy: remedy.to_owned(),
        object_id: object_id.map(str::to_owned),
        request: answer.request_id(),
    };
    let text = refusal_text(&answer);
    match answer.status {
        200 => {
            let json: Value = serde_json::from_str(&answer.body).map_err(|_| broken(200, "it is not JSON"))?;
            let user = json.get("authenticatedUser").ok_or_else(|| broken(200, "JSON without authenticatedUser"))?;
            if user.get("id").and_then(Value::as_str).is_none_or(|id| id.eq_ignore_ascii_case(ANONYMOUS)) {
                return Err(refused(
                    "it treats the token as anonymous",
                    "HTTP 200",
                    causes::organization::ADD_THE_IDENTITY,
                ));
            }
            let name =
                user.get("providerDisplayName").or_else(|| user.get("customDisplayName")).and_then(Value::as_str);
            Ok(Member { name: first_sentence(name.unwrap_or("without a name")) })
        }
        status => Err(match causes::named_in(&text) {
            Some(code) => refused(code.headline, code.name, code.remedy),
            None if matches!(status, 203 | 300..=399 | 401 | 403) => {
                let headline = if text.is_empty() { "it refuses the token".to_owned() } else { first_sentence(&text) };
                refused(&headline, &format!("HTTP {status}"), causes::organization::ADD_THE_IDENTITY)
            }
            None if status == 404 => refused(
                "there is no such organization",
                "HTTP 404",
                "correct the organization in the service connection's URL",
            ),
            None if status == 429 => refused("it is throttling the identity", "HTTP 429", "run again later"),
            None => broken(status, &first_sentence(&text)),
        }),
    }
}

/// What a refusal says, wherever it says it: JSON, an HTML page's header, a page with a code in it.
fn refusal_text(answer: &Answer) -> String {
    if let Some(text) = answer.header("x-tfs-serviceerror") {
        let decoded =
            url::form_urlencoded::parse(format!("t={text}").as_bytes()).next().map(|(_, text)| text.into_owned());
        return decoded.unwrap_or_default();
    }
    let json: Option<Value> = serde_json::from_str(&answer.body).ok();
    match json.as_ref().and_then(|json| json.get("message")).and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => causes::named_in(&answer.body).map(|code| code.name.to_owned()).unwrap_or_default(),
    }
}
