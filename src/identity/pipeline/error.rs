//! Why Azure DevOps gives no assertion.

use super::About;
use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, job, oidc};
use crate::http::CallError;

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
