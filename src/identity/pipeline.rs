//! Asks Azure DevOps for the job's assertion.
//!
//! Sources: Microsoft's "oidctoken - Create"; Azure/azure-sdk-for-rust `azure_pipelines_credential.rs`; gravitational/teleport
//! rfd 0211 for what a name in place of an id does.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::claims;
use super::secret::{Assertion, JobToken};
use crate::azure_devops::organization::{Organization, unambiguous};
use crate::diagnosis::{Explain, causes, first_sentence};
use crate::http::{Answer, Call, CallError, Http, azure_devops_headers, now, secret_header};

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
    #[error("Azure DevOps gave no assertion for the service connection {connection} (HTTP {status}): {message}")]
    Refused {
        /// The connection's id.
        connection: String,
        /// The status.
        status: u16,
        /// The service's first sentence.
        message: String,
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
            Self::JobTokenRefused { request, .. } | Self::Refused { request, .. } => {
                request.iter().map(|request| ("request", request.clone())).collect()
            }
            Self::OfThePipeline { subject, connection } | Self::OfAnotherConnection { subject, connection } => {
                vec![("subject", subject.clone()), ("asked for", connection.clone())]
            }
            Self::NoAddress | Self::NoJobToken | Self::Address { .. } | Self::Call(_) | Self::Broken { .. } => {
                Vec::new()
            }
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::NoAddress => "run the step in a pipeline of Azure DevOps Services with a current agent; Azure DevOps Server \
                                gives no assertions"
                .to_owned(),
            Self::NoJobToken => "run the step as a task of a pipeline, not from a script".to_owned(),
            Self::Address { .. } => "take back what sets System.OidcRequestUri: the agent sets it, nobody else should".to_owned(),
            Self::Call(error) => error.remedy(),
            Self::JobTokenRefused { .. } => "run the job again; a job's token expires with the job's time limit and after a day \
                                             at the latest"
                .to_owned(),
            Self::Refused { message, .. } if message.contains("explicit reference") => {
                "name the service connection in this very stage, in the input 'azureDevOpsServiceConnection' of a step".to_owned()
            }
            Self::Refused { .. } => "name the service connection in the input 'azureDevOpsServiceConnection' of this step, check \
                                     that it exists and that this pipeline is permitted to use it (Project settings, Service \
                                     connections, Security)"
                .to_owned(),
            Self::Broken { .. } => {
                "run again; if it stays, check whether a proxy answers in place of Azure DevOps".to_owned()
            }
            Self::OfThePipeline { .. } => "give the service connection in the input 'azureDevOpsServiceConnection', so that the \
                                           agent passes on its id; with a name Azure DevOps speaks of the pipeline"
                .to_owned(),
            Self::OfAnotherConnection { .. } => "run again; if it stays, re-create the service connection".to_owned(),
        }
    }
}

/// Asks for the assertion of a service connection.
///
/// `connection` is the connection's id, a GUID in lower case.
pub async fn assertion(http: &Http, pipeline: &Pipeline, connection: &str) -> Result<Assertion, AssertionError> {
    let url = request_url(pipeline, connection)?;
    let token = pipeline.job_token.as_ref().ok_or(AssertionError::NoJobToken)?;
    let mut headers = azure_devops_headers();
    let bearer = secret_header(&format!("Bearer {}", token.reveal())).ok_or(AssertionError::NoJobToken)?;
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));

    let answer = http
        .send(&Call { method: Method::POST, url, headers, body: Some(String::new()), passing: plan_security })
        .await?;
    let assertion = read(&answer, connection)?;
    check_subject(&assertion, connection)?;
    Ok(assertion)
}

/// An assertion that the service bound to the connection when the job began, where it still lives for a while.
pub fn late_bound(id_token: &str, connection: &str) -> Option<Assertion> {
    let expiry = claims::read(id_token)?.exp?;
    let assertion = Assertion::new(id_token);
    (expiry > now() + 60 && check_subject(&assertion, connection).is_ok()).then_some(assertion)
}

/// Where to ask: https at the organization of the job, for this plan and job, since the job's token goes there.
fn request_url(pipeline: &Pipeline, connection: &str) -> Result<Url, AssertionError> {
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
    url.query_pairs_mut().append_pair("api-version", "7.1").append_pair("serviceConnectionId", connection);
    Ok(url)
}

fn built_address(pipeline: &Pipeline) -> Option<String> {
    let collection = pipeline.collection.as_ref()?.trim_end_matches('/');
    let (project, hub) = (pipeline.project_id.as_ref()?, pipeline.host_type.as_ref()?);
    let (plan, job) = (pipeline.plan_id.as_ref()?, pipeline.job_id.as_ref()?);
    Some(format!("{collection}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken"))
}

/// A refusal that passes: the agent itself asks again after it (ContainerOperationProvider.cs).
fn plan_security(answer: &Answer) -> bool {
    answer.status >= 400 && answer.body.contains("TaskOrchestrationPlanSecurityException")
}

fn read(answer: &Answer, connection: &str) -> Result<Assertion, AssertionError> {
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
    if let Some(message) = text("message").or_else(|| text("value")) {
        let code = causes::named_in(message).map_or_else(|| first_sentence(message), |code| code.headline.to_owned());
        let connection = connection.to_owned();
        return Err(AssertionError::Refused { connection, status: answer.status, message: code, request });
    }
    let what = if token.is_some() {
        "the field oidcToken is empty or no text".to_owned()
    } else if json.is_some() {
        "JSON without the field oidcToken".to_owned()
    } else {
        first_sentence(&answer.body).chars().take(80).collect()
    };
    Err(AssertionError::Broken { status: answer.status, what })
}

/// A connection's assertion speaks of `sc://…` or of `/eid1/…/sc/<organization id>/<connection id>`.
fn check_subject(assertion: &Assertion, connection: &str) -> Result<(), AssertionError> {
    let Some(claims) = claims::read(assertion.reveal()) else {
        return Err(AssertionError::Broken { status: 200, what: "the field oidcToken holds no JWT".to_owned() });
    };
    let subject = claims.sub.unwrap_or_default();
    let connection = connection.to_owned();
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
            let error = request_url(&pipeline(&address), CONNECTION).unwrap_err();
            assert!(matches!(error, AssertionError::Address { .. }), "{address}: {error}");
        }
        let url = request_url(&pipeline(&format!("https://dev.azure.com/{path}")), CONNECTION).unwrap();
        assert_eq!(url.query(), Some(format!("api-version=7.1&serviceConnectionId={CONNECTION}").as_str()));
    }

    #[test]
    fn without_an_address_it_is_built() {
        let without = Pipeline { request_uri: None, ..pipeline("") };
        let url = request_url(&without, CONNECTION).unwrap();
        assert_eq!(url.path(), "/contoso/p1/_apis/distributedtask/hubs/build/plans/plan-1/jobs/job-1/oidctoken");
        let bare = Pipeline { plan_id: None, ..without };
        assert!(matches!(request_url(&bare, CONNECTION), Err(AssertionError::NoAddress)));
    }
}
