//! Does the organization, or a feed of it, accept this identity? The question to the organization, and what refusals of both mean.
//!
//! Source: connectionData, as microsoft/azure-devops-cli-extension and tfs-cli ask for it.

use std::fmt;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::diagnosis::causes::{self, Cause, Stage};
use crate::diagnosis::{Explain, first_sentence};
use crate::http::retry::usual;
use crate::http::{Answer, Call, CallError, Http, azure_devops_headers, not_json, secret_header};
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// Who was asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// An organization.
    Organization(Organization),
    /// A feed, as messages show it.
    Feed(String),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(organization) => write!(f, "the organization {organization}"),
            Self::Feed(feed) => write!(f, "the feed {feed}"),
        }
    }
}

/// Who the organization takes the token's bearer for.
#[derive(Clone, Debug)]
pub struct Member {
    /// The display name.
    pub name: String,
}

/// Why the organization or feed does not accept the identity, or why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No answer.
    #[error("{asked} could not be asked whether it accepts the identity: {error}")]
    Call {
        /// Who was asked.
        asked: Asked,
        /// The trouble.
        error: CallError,
    },
    /// A refusal.
    #[error("{asked} does not accept the identity: {headline} ({code})")]
    Refused {
        /// Who was asked.
        asked: Asked,
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
        cause: &'static Cause,
    },
    /// It is too busy to say, or in trouble.
    #[error("{asked} cannot answer at the moment whether it accepts the identity: {headline} ({code})")]
    Busy {
        /// Who was asked.
        asked: Asked,
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
    #[error("{asked} answered with something unexpected (HTTP {status}): {what}")]
    Broken {
        /// Who was asked.
        asked: Asked,
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
            Self::Refused { cause, .. } | Self::Busy { cause, .. } => Some(cause),
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
    let asked = Asked::Organization(organization.clone());
    let address = format!("{}/_apis/connectionData?api-version=7.1-preview.1", organization.url());
    let answer = ask(http, &asked, &address, &format!("Bearer {}", token.reveal())).await?;
    let refusal = Refusal { asked: &asked, answer: &answer, object_id };
    if answer.status != 200 {
        return Err(refusal.of_status());
    }
    let json: Value = serde_json::from_str(&answer.body).map_err(|_| refusal.broken(not_json(&answer)))?;
    let user = json.get("authenticatedUser");
    let user = user.ok_or_else(|| refusal.broken("JSON without authenticatedUser".to_owned()))?;
    if user.get("id").and_then(Value::as_str).is_none_or(|id| id.eq_ignore_ascii_case(ANONYMOUS)) {
        let cause = &causes::organization::ANONYMOUS;
        let headline = "it treats the token as anonymous".to_owned();
        return Err(refusal.refused(headline, Some(causes::organization::ADD_THE_IDENTITY), cause));
    }
    let name = user.get("providerDisplayName").or_else(|| user.get("customDisplayName")).and_then(Value::as_str);
    Ok(Member { name: first_sentence(name.unwrap_or("without a name")) })
}

/// Sends a question with a credential.
pub(super) async fn ask(http: &Http, asked: &Asked, address: &str, credential: &str) -> Result<Answer, ProbeError> {
    let broken = |what: &str| {
        let (asked, what) = (asked.clone(), what.to_owned());
        ProbeError::Broken { asked, status: 0, what, request: None }
    };
    let url = Url::parse(address).map_err(|_| broken("no address"))?;
    let mut headers = azure_devops_headers();
    headers.insert(AUTHORIZATION, secret_header(credential).ok_or_else(|| broken("no token"))?);
    let call = Call { method: Method::GET, url, headers, body: None, again: &usual };
    http.send(&call).await.map_err(|error| ProbeError::Call { asked: asked.clone(), error })
}

/// An answer that is no yes.
pub(super) struct Refusal<'r> {
    pub(super) asked: &'r Asked,
    pub(super) answer: &'r Answer,
    /// The identity's object id.
    pub(super) object_id: Option<&'r str>,
}

impl Refusal<'_> {
    /// What a status other than 200 means.
    pub(super) fn of_status(&self) -> ProbeError {
        use causes::content::FEED_READ;
        use causes::organization::{SAYS_IN_A_HEADER, SIGN_IN_PAGE, THROTTLED, UNAUTHENTICATED, UNAVAILABLE};
        let text = refusal_text(self.answer);
        match (self.answer.status, said(&text, self.asked)) {
            (_, Some(cause)) if cause == &THROTTLED => self.busy(cause, Some(cause.name)),
            (_, Some(cause)) => self.of(cause),
            (429, None) => self.busy(&THROTTLED, None),
            (408 | 500.., None) => self.busy(&UNAVAILABLE, None),
            (203 | 300..=399, None) => self.of(&SIGN_IN_PAGE),
            (status @ (401 | 403), None) => {
                let headline = if text.is_empty() { "it refuses the token".to_owned() } else { first_sentence(&text) };
                let of_feed = status == 403 && matches!(self.asked, Asked::Feed(_));
                let (cause, remedy) = match self.answer.header(SERVICE_ERROR) {
                    Some(_) => (&SAYS_IN_A_HEADER, Some(causes::organization::ADD_THE_IDENTITY)),
                    None if of_feed => (&FEED_READ, None),
                    None => (&UNAUTHENTICATED, Some(causes::organization::ADD_THE_IDENTITY)),
                };
                self.refused(headline, remedy, cause)
            }
            (404, None) if let Asked::Organization(organization) = self.asked => {
                ProbeError::Absent { organization: organization.clone() }
            }
            (_, None) => self.broken(if text.is_empty() { not_json(self.answer) } else { first_sentence(&text) }),
        }
    }

    fn of(&self, cause: &'static Cause) -> ProbeError {
        self.refused(cause.headline.to_owned(), None, cause)
    }

    fn refused(&self, headline: String, remedy: Option<&str>, cause: &'static Cause) -> ProbeError {
        let named = Some(cause.name.to_owned()).filter(|_| cause.is_code());
        ProbeError::Refused {
            asked: self.asked.clone(),
            headline,
            code: named.unwrap_or_else(|| format!("HTTP {}", self.answer.status)),
            remedy: remedy.unwrap_or(cause.remedy).to_owned(),
            object_id: self.object_id.map(str::to_owned),
            request: self.answer.request_id(),
            cause,
        }
    }

    fn busy(&self, cause: &'static Cause, code: Option<&str>) -> ProbeError {
        ProbeError::Busy {
            asked: self.asked.clone(),
            headline: cause.headline.to_owned(),
            code: code.map_or_else(|| format!("HTTP {}", self.answer.status), str::to_owned),
            wait: self.answer.retry_after().map(|wait| wait.as_secs()),
            request: self.answer.request_id(),
            cause,
        }
    }

    /// What is neither.
    pub(super) fn broken(&self, what: String) -> ProbeError {
        let request = self.answer.request_id();
        ProbeError::Broken { asked: self.asked.clone(), status: self.answer.status, what, request }
    }
}

/// What the service's text means. Words that mean something in an answer of another service mean nothing here; codes do.
fn said(text: &str, asked: &Asked) -> Option<&'static Cause> {
    let cause = causes::find_in(text).filter(|_| !text.is_empty())?;
    let of_feed = cause.stage == Stage::Content && matches!(asked, Asked::Feed(_));
    (cause.stage == Stage::Organization || of_feed || cause.is_code()).then_some(cause)
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
