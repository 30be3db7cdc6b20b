//! Does the organization accept this identity?
//!
//! Source: connectionData, as microsoft/azure-devops-cli-extension and tfs-cli ask for it.

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::diagnosis::causes::{self, Cause, Stage};
use crate::diagnosis::{Explain, first_sentence};
use crate::http::retry::usual;
use crate::http::{Answer, Call, CallError, Http, azure_devops_headers, not_json, secret_header};
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

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
        /// What it means.
        cause: Option<&'static Cause>,
    },
    /// It is too busy to say, or in trouble.
    #[error(
        "the organization {organization} cannot answer at the moment whether it accepts the identity: {headline} ({code})"
    )]
    Busy {
        /// The organization.
        organization: Organization,
        /// What is wrong.
        headline: String,
        /// The service's code, or the status.
        code: String,
        /// For how many seconds the service wants to be left alone.
        wait: Option<u64>,
        /// The service's id of the request.
        request: Option<String>,
        /// What it means.
        cause: &'static Cause,
    },
    /// There is none of this name.
    #[error("there is no organization {organization} (HTTP 404)")]
    Absent {
        /// The organization.
        organization: Organization,
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
        /// The service's id of the request.
        request: Option<String>,
    },
}

impl ProbeError {
    /// Whether the organization was asked, and said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Absent { .. })
    }
}

impl Explain for ProbeError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused { object_id, request, .. } => {
                let object = object_id.iter().map(|id| ("object id", id.clone()));
                object.chain(request.iter().map(|request| ("request", request.clone()))).collect()
            }
            Self::Busy { request, .. } | Self::Broken { request, .. } => {
                request.iter().map(|request| ("request", request.clone())).collect()
            }
            Self::Call { .. } | Self::Absent { .. } => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Call { error, .. } => error.remedy(),
            Self::Refused { remedy, .. } => remedy.clone(),
            Self::Busy { cause, wait: Some(seconds), .. } => {
                format!("{}; at the earliest in {seconds} seconds", cause.remedy)
            }
            Self::Busy { cause, wait: None, .. } => cause.remedy.to_owned(),
            Self::Absent { .. } => causes::organization::NOT_FOUND.remedy.to_owned(),
            Self::Broken { .. } => causes::organization::NOT_AZURE_DEVOPS.remedy.to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Call { error, .. } => error.cause(),
            Self::Refused { cause, .. } => *cause,
            Self::Busy { cause, .. } => Some(cause),
            Self::Absent { .. } => Some(&causes::organization::NOT_FOUND),
            Self::Broken { .. } => Some(&causes::organization::NOT_AZURE_DEVOPS),
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
    let broken = |status, what: &str, request| ProbeError::Broken {
        organization: organization.clone(),
        status,
        what: what.to_owned(),
        request,
    };
    let address = format!("{}/_apis/connectionData?api-version=7.1-preview.1", organization.url());
    let url = Url::parse(&address).map_err(|_| broken(0, "no address", None))?;
    let mut headers = azure_devops_headers();
    let bearer = secret_header(&format!("Bearer {}", token.reveal())).ok_or_else(|| broken(0, "no token", None))?;
    headers.insert(AUTHORIZATION, bearer);
    let call = Call { method: Method::GET, url, headers, body: None, again: &usual };
    let answer =
        http.send(&call).await.map_err(|error| ProbeError::Call { organization: organization.clone(), error })?;
    let text = refusal_text(&answer);
    let refused = |headline: String, remedy: Option<&str>, cause: Option<&'static Cause>| {
        let named = cause.filter(|cause| !cause.codes.is_empty()).map(|cause| cause.name.to_owned());
        let remedy = remedy.or(cause.map(|cause| cause.remedy)).unwrap_or(causes::organization::ADD_THE_IDENTITY);
        ProbeError::Refused {
            organization: organization.clone(),
            headline,
            code: named.unwrap_or_else(|| format!("HTTP {}", answer.status)),
            remedy: remedy.to_owned(),
            object_id: object_id.map(str::to_owned),
            request: answer.request_id(),
            cause,
        }
    };
    let of = |cause: &'static Cause| refused(cause.headline.to_owned(), None, Some(cause));
    let busy = |cause: &'static Cause, code: Option<&str>| ProbeError::Busy {
        organization: organization.clone(),
        headline: cause.headline.to_owned(),
        code: code.map_or_else(|| format!("HTTP {}", answer.status), str::to_owned),
        wait: answer.retry_after().map(|wait| wait.as_secs()),
        request: answer.request_id(),
        cause,
    };
    match answer.status {
        200 => {
            let json: Value =
                serde_json::from_str(&answer.body).map_err(|_| broken(200, &not_json(&answer), answer.request_id()))?;
            let user = json.get("authenticatedUser");
            let user = user.ok_or_else(|| broken(200, "JSON without authenticatedUser", answer.request_id()))?;
            if user.get("id").and_then(Value::as_str).is_none_or(|id| id.eq_ignore_ascii_case(ANONYMOUS)) {
                let headline = "it treats the token as anonymous".to_owned();
                return Err(refused(
                    headline,
                    Some(causes::organization::ADD_THE_IDENTITY),
                    Some(&causes::organization::ANONYMOUS),
                ));
            }
            let name =
                user.get("providerDisplayName").or_else(|| user.get("customDisplayName")).and_then(Value::as_str);
            Ok(Member { name: first_sentence(name.unwrap_or("without a name")) })
        }
        status => Err(match said(&text) {
            Some(cause) if cause == &causes::organization::THROTTLED => busy(cause, Some(cause.name)),
            Some(cause) => of(cause),
            None if status == 429 => busy(&causes::organization::THROTTLED, None),
            None if matches!(status, 408 | 500..) => busy(&causes::organization::UNAVAILABLE, None),
            None if matches!(status, 203 | 300..=399) => of(&causes::organization::SIGN_IN_PAGE),
            None if matches!(status, 401 | 403) => {
                let headline = if text.is_empty() { "it refuses the token".to_owned() } else { first_sentence(&text) };
                let in_a_header = answer.header(SERVICE_ERROR).is_some();
                let cause = if in_a_header {
                    &causes::organization::SAYS_IN_A_HEADER
                } else {
                    &causes::organization::UNAUTHENTICATED
                };
                refused(headline, Some(causes::organization::ADD_THE_IDENTITY), Some(cause))
            }
            None if status == 404 => ProbeError::Absent { organization: organization.clone() },
            None => {
                let what = if text.is_empty() { not_json(&answer) } else { first_sentence(&text) };
                broken(status, &what, answer.request_id())
            }
        }),
    }
}

/// What the service's text means. Words that mean something in an answer of another service mean nothing here; codes do.
fn said(text: &str) -> Option<&'static Cause> {
    let cause = causes::find_in(text).filter(|_| !text.is_empty())?;
    (cause.stage == Stage::Organization || !cause.codes.is_empty()).then_some(cause)
}

const SERVICE_ERROR: &str = "x-tfs-serviceerror";

/// What a refusal says, wherever it says it: JSON, an HTML page's header, a page with a code in it.
fn refusal_text(answer: &Answer) -> String {
    if let Some(text) = answer.header(SERVICE_ERROR) {
        let decoded =
            url::form_urlencoded::parse(format!("t={text}").as_bytes()).next().map(|(_, text)| text.into_owned());
        return decoded.unwrap_or_default();
    }
    let json: Option<Value> = serde_json::from_str(&answer.body).ok();
    match json.as_ref().and_then(|json| json.get("message")).and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => causes::named_in(&answer.body).map(|cause| cause.name.to_owned()).unwrap_or_default(),
    }
}
