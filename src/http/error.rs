//! Why a request got no answer.

use std::error::Error as _;
use std::time::Instant;

use crate::diagnosis::Explain;

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The agent's network set-up cannot be used.
    #[error("the agent's network settings cannot be used: {0}")]
    Settings(String),
    /// No connection, or one that broke.
    #[error("{host} cannot be reached: {detail}")]
    Unreachable {
        /// The host that was asked.
        host: String,
        /// The system's reasons, from the outer to the inner.
        detail: String,
    },
    /// The certificate of the host, or of the proxy, is not trusted.
    #[error("the certificate of {host} is not trusted: {detail}")]
    Untrusted {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// The proxy is not there.
    #[error("the agent's proxy, through which {host} is reached, cannot be reached itself: {detail}")]
    NoProxy {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// The proxy did not let the request through.
    #[error("the proxy refused the connection to {host}: {detail}")]
    Proxy {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// The host took too long.
    #[error("{host} did not answer within {seconds} seconds")]
    TimedOut {
        /// The host that was asked.
        host: String,
        /// How long it was waited for, all tries together.
        seconds: u64,
    },
    /// The answer is no answer to such a request.
    #[error("{host} sent more than a mebibyte where a short answer was expected")]
    TooLarge {
        /// The host that was asked.
        host: String,
    },
}

impl Explain for CallError {
    fn remedy(&self) -> String {
        match self {
            Self::Settings(_) => {
                "correct the agent's proxy or certificate settings (config.sh --help lists them)".to_owned()
            }
            Self::Unreachable { host, .. } => format!(
                "let the agent reach https://{host}: check DNS, the firewall and the agent's proxy settings (.proxy, \
                 .proxybypass)"
            ),
            Self::Untrusted { .. } => {
                "give the agent the authority that signs it (config.sh --sslcacert), and in a container \
                                       job an image that holds it"
                    .to_owned()
            }
            Self::NoProxy { .. } => {
                "start the proxy, or correct the agent's proxy settings (config.sh --proxyurl)".to_owned()
            }
            Self::Proxy { host, .. } => {
                format!("let the proxy pass connections to {host}:443, and check the agent's proxy user and password")
            }
            Self::TimedOut { host, .. } => {
                format!("run again; if it stays, check what lies between the agent and {host}")
            }
            Self::TooLarge { host } => format!("check whether a proxy answers in place of {host}"),
        }
    }
}

/// What kind of trouble a request met.
pub(super) fn classify(error: &reqwest::Error, host: &str, started: Instant) -> CallError {
    let host = host.to_owned();
    let detail = reasons(error);
    let lower = detail.to_ascii_lowercase();
    if error.is_timeout() {
        CallError::TimedOut { host, seconds: started.elapsed().as_secs().max(1) }
    } else if lower.contains("certificate") || lower.contains("unknownissuer") {
        CallError::Untrusted { host, detail }
    } else if lower.contains("tunnel") && lower.contains("failed to create underlying connection") {
        CallError::NoProxy { host, detail }
    } else if lower.contains("tunnel") || lower.contains("proxy") {
        CallError::Proxy { host, detail }
    } else {
        CallError::Unreachable { host, detail }
    }
}

/// The chain of reasons, each once, without URLs: they may carry a proxy's password.
pub(super) fn reasons(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !texts.iter().any(|earlier| earlier.contains(&text)) {
            texts.push(text);
        }
        next = source.source();
    }
    if texts.is_empty() {
        texts.push(if error.is_builder() {
            "they are not well-formed".to_owned()
        } else {
            "the connection failed".to_owned()
        });
    }
    texts.join(": ")
}
