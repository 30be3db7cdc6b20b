//! Asks Azure DevOps for the job's assertion.
//!
//! Sources: Microsoft's "oidctoken - Create"; Azure/azure-sdk-for-rust `azure_pipelines_credential.rs`; gravitational/teleport
//! rfd 0211 for what a name in place of an id does.

mod error;

use std::fmt;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::claims;
use crate::diagnosis::causes::{self, Stage, oidc};
use crate::diagnosis::first_sentence;
use crate::http::retry::{self, Again, Tries};
use crate::http::{Answer, Call, Http, Outcome, azure_devops_headers, not_json, secret_header};
use crate::kernel::clock::now;
use crate::kernel::organization::{Organization, unambiguous};
use crate::kernel::secret::{Assertion, JobToken};

pub use error::AssertionError;

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

/// Whether an assertion can be asked for, now and later in the job.
pub fn can_be_asked(pipeline: &Pipeline, about: &About) -> bool {
    pipeline.job_token.is_some() && request_url(pipeline, about).is_ok()
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
