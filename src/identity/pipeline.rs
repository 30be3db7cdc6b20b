//! Asks Azure DevOps for the job's assertion.
//!
//! Sources: Microsoft's "oidctoken - Create"; Azure/azure-sdk-for-rust `azure_pipelines_credential.rs`; gravitational/teleport
//! rfd 0211 for what a name in place of an id does.

use std::fmt;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::claims;
use crate::diagnosis::causes::{self, Cause, Stage, job, oidc};
use crate::diagnosis::{Explain, first_sentence};
use crate::http::retry::{self, Again, Tries};
use crate::http::{Answer, Call, CallError, Http, Outcome, azure_devops_headers, not_json, secret_header};
use crate::kernel::clock::now;
use crate::kernel::organization::{Organization, unambiguous};
use crate::kernel::secret::{Assertion, JobToken};

/// What the job says of itself, as far as an assertion needs it.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// System.OidcRequestUri.
    pub request_uri: Option<String>,
    /// System.CollectionUri.
    pub collection: Option<String>,
    /// System.TeamProjectId.
    pub project_id: Option<String>,
    /// System.HostType.
    pub host_type: Option<String>,
    /// System.PlanId.
    pub plan_id: Option<String>,
    /// System.JobId.
    pub job_id: Option<String>,
    /// The job's own token.
    pub job_token: Option<JobToken>,
}

/// Whom an assertion is to speak of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum About {
    /// A service connection, by its id: a GUID in lower case.
    Connection(String),
    /// The job's own pipeline.
    Pipeline,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(id) => write!(f, "the service connection {id}"),
            Self::Pipeline => f.write_str("this pipeline"),
        }
    }
}

/// Why there is no assertion.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// Nothing says where to ask.
    #[error("this job has no address to ask for an OIDC assertion")]
    NoAddress,
    /// The agent gave no token of the job.
    #[error("the agent gave this step no job token (System.AccessToken)")]
    NoJobToken,
    /// The address is not one that the job token may go to.
    #[error("the OIDC request address '{address}' is refused: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No answer.
    #[error("Azure DevOps gave no assertion: {0}")]
    Call(#[from] CallError),
    /// The job token is not accepted.
    #[error("Azure DevOps refused the job's token when asked for an assertion (HTTP {status})")]
    JobTokenRefused {
        /// The status.
        status: u16,
        /// The service's ids of the request.
        request: Option<String>,
    },
    /// A refusal with a reason.
    #[error("Azure DevOps gave no assertion for {about} (HTTP {status}): {message}")]
    Refused {
        /// Whom it was to speak of.
        about: About,
        /// The status.
        status: u16,
        /// What is wrong, or the service's first sentence.
        message: String,
        /// What it means.
        cause: &'static Cause,
        /// For how many seconds the service wants to be left alone.
        wait: Option<u64>,
        /// The service's ids of the request.
        request: Option<String>,
    },
    /// Something else than an assertion came back.
    #[error("Azure DevOps answered the OIDC request with something that is not an assertion (HTTP {status}): {what}")]
    Broken {
        /// The status.
        status: u16,
        /// What came instead.
        what: String,
        /// The service's ids of the request.
        request: Option<String>,
    },
    /// The assertion speaks of the pipeline.
    #[error("Azure DevOps gave an assertion for the pipeline in place of the service connection")]
    OfThePipeline {
        /// The assertion's subject.
        subject: String,
        /// The connection that was asked for.
        connection: String,
    },
    /// The assertion speaks of another service connection.
    #[error("Azure DevOps gave an assertion for another service connection")]
    OfAnotherConnection {
        /// The assertion's subject.
        subject: String,
        /// The connection that was asked for.
        connection: String,
    },
}

impl Explain for AssertionError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::JobTokenRefused { request, .. } | Self::Refused { request, .. } | Self::Broken { request, .. } => {
                request.iter().map(|request| ("request", request.clone())).collect()
            }
            Self::OfThePipeline { subject, connection } | Self::OfAnotherConnection { subject, connection } => {
                vec![("subject", subject.clone()), ("asked for", connection.clone())]
            }
            Self::NoAddress | Self::NoJobToken | Self::Address { .. } | Self::Call(_) => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Call(error) => error.remedy(),
            Self::Refused { cause, wait: Some(seconds), .. } => {
                format!("{}, at the earliest in {seconds} seconds", cause.remedy)
            }
            _ => self.row().map_or_else(String::new, |row| row.remedy.to_owned()),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        self.row()
    }
}

impl AssertionError {
    fn row(&self) -> Option<&'static Cause> {
        Some(match self {
            Self::NoAddress => &job::NO_OIDC_ADDRESS,
            Self::NoJobToken => &job::NO_JOB_TOKEN,
            Self::Address { .. } => &job::OIDC_ADDRESS_REFUSED,
            Self::Call(error) => return error.cause(),
            Self::JobTokenRefused { status: 401, .. } => &oidc::JOB_TOKEN_REFUSED,
            Self::JobTokenRefused { .. } => &oidc::SIGN_IN_PAGE,
            Self::Refused { cause, .. } => cause,
            Self::Broken { .. } => &oidc::NOT_AN_ASSERTION,
            Self::OfThePipeline { .. } => &oidc::OF_THE_PIPELINE,
            Self::OfAnotherConnection { .. } => &oidc::OF_ANOTHER_CONNECTION,
        })
    }
}

/// Asks for an assertion that speaks of a service connection or of the pipeline.
pub async fn assertion(http: &Http, pipeline: &Pipeline, about: &About) -> Result<Assertion, AssertionError> {
    let url = request_url(pipeline, about)?;
    let token = pipeline.job_token.as_ref().ok_or(AssertionError::NoJobToken)?;
    let mut headers = azure_devops_headers();
    let bearer = secret_header(&format!("Bearer {}", token.reveal())).ok_or(AssertionError::NoJobToken)?;
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));

    let call = Call { method: Method::POST, url, headers, body: Some(String::new()), again: &again };
    let assertion = read(&http.send(&call).await?, about)?;
    check_subject(&assertion, about)?;
    Ok(assertion)
}

/// An assertion that the service bound to the connection when the job began, where it still lives for a while.
pub fn late_bound<'a>(assertion: &'a Assertion, about: &About) -> Option<&'a Assertion> {
    let expiry = claims::read(assertion.reveal())?.exp?;
    (expiry > now() + 60 && check_subject(assertion, about).is_ok()).then_some(assertion)
}

/// Where to ask: https at the organization of the job, for this plan and job, since the job's token goes there.
fn request_url(pipeline: &Pipeline, about: &About) -> Result<Url, AssertionError> {
    let address = pipeline.request_uri.clone().or_else(|| built_address(pipeline)).ok_or(AssertionError::NoAddress)?;
    let refused = |reason| AssertionError::Address { address: address.clone(), reason };
    let mut url =
        unambiguous(&address).ok_or_else(|| refused("it is not a plain https address at the default port"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it names a user"));
    }
    let host = url.host_str().unwrap_or_default();
    let own_host = host.strip_suffix(".visualstudio.com").is_some_and(|label| !label.contains('.'));
    let organization = Organization::of_url(&address).filter(|_| host == "dev.azure.com" || own_host);
    let organization = organization.ok_or_else(|| refused("its host is not Azure DevOps"))?;
    let of_another = |collection: &String| Organization::of_url(collection).as_ref() != Some(&organization);
    if pipeline.collection.as_ref().is_some_and(of_another) {
        return Err(refused("it belongs to another organization than the pipeline's"));
    }
    let holds = |folder: &str, id: &Option<String>| {
        let segments: Vec<&str> = url.path().split('/').collect();
        let pair = |id: &str| segments.windows(2).any(|pair| pair[0] == folder && pair[1].eq_ignore_ascii_case(id));
        id.as_deref().is_none_or(pair)
    };
    if !holds("plans", &pipeline.plan_id) || !holds("jobs", &pipeline.job_id) || !url.path().ends_with("/oidctoken") {
        return Err(refused("it is not the address of this job"));
    }
    url.set_query(None);
    url.query_pairs_mut().append_pair("api-version", "7.1");
    if let About::Connection(id) = about {
        url.query_pairs_mut().append_pair("serviceConnectionId", id);
    }
    Ok(url)
}

fn built_address(pipeline: &Pipeline) -> Option<String> {
    let collection = pipeline.collection.as_ref()?.trim_end_matches('/');
    let (project, hub) = (pipeline.project_id.as_ref()?, pipeline.host_type.as_ref()?);
    let (plan, job) = (pipeline.plan_id.as_ref()?, pipeline.job_id.as_ref()?);
    Some(format!("{collection}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken"))
}

/// A refusal of the plan's security passes: the agent itself asks again after it (ContainerOperationProvider.cs).
fn again(outcome: &Outcome, tries: Tries) -> Again {
    let of_the_plan =
        |answer: &Answer| answer.status >= 400 && answer.body.contains("TaskOrchestrationPlanSecurityException");
    if outcome.as_ref().is_ok_and(of_the_plan) { retry::passing(tries) } else { retry::usual(outcome, tries) }
}

fn read(answer: &Answer, about: &About) -> Result<Assertion, AssertionError> {
    let request = answer.request_id();
    let json: Option<Value> = serde_json::from_str(&answer.body).ok();
    if matches!(answer.status, 203 | 300..=399 | 401) {
        return Err(AssertionError::JobTokenRefused { status: answer.status, request });
    }
    let token = json.as_ref().and_then(|json| json.get("oidcToken"));
    if let Some(token) = token.and_then(Value::as_str).filter(|token| answer.status == 200 && !token.is_empty()) {
        return Ok(Assertion::new(token));
    }
    let text = |key: &str| json.as_ref().and_then(|json| json.get(key)).and_then(Value::as_str);
    let message = text("message").or_else(|| text("value"));
    let known = causes::find_in(&answer.body).filter(|cause| cause.stage == Stage::Assertion);
    let by_status = match answer.status {
        403 => Some(&oidc::FORBIDDEN),
        404 if json.is_some() => Some(&oidc::UNKNOWN_CONNECTION),
        405 => Some(&oidc::WRONG_METHOD),
        408 | 429 | 500.. => Some(&oidc::BUSY),
        _ => None,
    };
    if let Some(cause) = known.or(by_status).or(message.map(|_| &oidc::UNKNOWN_CONNECTION)) {
        let said = message.filter(|_| known.is_none()).map(first_sentence);
        return Err(AssertionError::Refused {
            about: about.clone(),
            status: answer.status,
            message: said.unwrap_or_else(|| cause.headline.to_owned()),
            cause,
            wait: answer.retry_after().map(|wait| wait.as_secs()),
            request,
        });
    }
    let what = if token.is_some() {
        "the field oidcToken is empty or no text".to_owned()
    } else if json.is_some() {
        "JSON without the field oidcToken".to_owned()
    } else {
        not_json(answer)
    };
    Err(AssertionError::Broken { status: answer.status, what, request })
}

/// A connection's assertion speaks of `sc://…` or of `/eid1/…/sc/<organization id>/<connection id>`.
fn check_subject(assertion: &Assertion, about: &About) -> Result<(), AssertionError> {
    let Some(claims) = claims::read(assertion.reveal()) else {
        return Err(AssertionError::Broken {
            status: 200,
            what: "the field oidcToken holds no JWT".to_owned(),
            request: None,
        });
    };
    let About::Connection(connection) = about else { return Ok(()) };
    let (subject, connection) = (claims.sub.unwrap_or_default(), connection.clone());
    if subject.starts_with("p://") || subject.contains("/pl/") {
        return Err(AssertionError::OfThePipeline { subject, connection });
    }
    let other = subject
        .rsplit_once("/sc/")
        .and_then(|(_, rest)| rest.split('/').nth(1))
        .is_some_and(|named| subject.starts_with("/eid1/") && !named.eq_ignore_ascii_case(&connection));
    if other { Err(AssertionError::OfAnotherConnection { subject, connection }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556666";

    fn about() -> About {
        About::Connection(CONNECTION.to_owned())
    }

    fn pipeline(address: &str) -> Pipeline {
        Pipeline {
            request_uri: Some(address.to_owned()),
            collection: Some("https://dev.azure.com/contoso/".to_owned()),
            project_id: Some("p1".to_owned()),
            host_type: Some("build".to_owned()),
            plan_id: Some("plan-1".to_owned()),
            job_id: Some("job-1".to_owned()),
            job_token: None,
        }
    }

    #[test]
    fn the_job_token_goes_to_this_job_alone() {
        let path = "contoso/p1/_apis/distributedtask/hubs/build/plans/plan-1/jobs/job-1/oidctoken";
        for address in [
            format!("http://dev.azure.com/{path}"),
            format!("https://evil.example/{path}"),
            format!("https://dev.azure.com@evil.example/{path}"),
            format!("https://user@dev.azure.com/{path}"),
            format!("https://dev.azure.com:444/{path}"),
            format!("https://pkgs.dev.azure.com/{path}"),
            format!("https://127.0.0.1/{path}"),
            format!("https://169.254.169.254/{path}"),
            format!("https://[::ffff:127.0.0.1]/{path}"),
            format!("https://dev.azure.com/fabrikam/{}", &path[8..]),
            format!("https://dev.azure.com/{}", path.replace("plan-1", "plan-2")),
            format!("https://dev.azure.com/{}", path.replace("job-1", "job-2")),
            format!("https://dev.azure.com/{path}/../other"),
            "https://dev.azure.com/contoso".to_owned(),
            String::new(),
        ] {
            let error = request_url(&pipeline(&address), &about()).unwrap_err();
            assert!(matches!(error, AssertionError::Address { .. }), "{address}: {error}");
        }
        let url = request_url(&pipeline(&format!("https://dev.azure.com/{path}")), &about()).unwrap();
        assert_eq!(url.query(), Some(format!("api-version=7.1&serviceConnectionId={CONNECTION}").as_str()));
    }

    #[test]
    fn without_an_address_it_is_built() {
        let without = Pipeline { request_uri: None, ..pipeline("") };
        let url = request_url(&without, &about()).unwrap();
        assert_eq!(url.path(), "/contoso/p1/_apis/distributedtask/hubs/build/plans/plan-1/jobs/job-1/oidctoken");
        let bare = Pipeline { plan_id: None, ..without };
        assert!(matches!(request_url(&bare, &about()), Err(AssertionError::NoAddress)));
    }
}
