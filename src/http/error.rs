//! Why a request got no answer.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Instant;

use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, network};

/// Why nothing came back. `detail` has the reasons of the system and the libraries, from the outer to the inner.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The agent's network set-up cannot be used.
    #[error("the agent's network settings cannot be used: {0}")]
    Settings(String),
    /// The host's name has no address.
    #[error("the name of {host} cannot be looked up: {detail}")]
    NameUnknown {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// No connection.
    #[error("{host} cannot be reached: {detail}")]
    Unreachable {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// A connection that ended before the answer did.
    #[error("the connection to {host} broke off: {detail}")]
    BrokenOff {
        /// The host that was asked.
        host: String,
        /// The reasons.
        detail: String,
    },
    /// The certificate of the host, or of the proxy, is not trusted.
    #[error("the certificate of {host} is not trusted: {detail}")]
    Untrusted {
        /// The host that was asked.
        host: String,
        /// Why not.
        reason: Distrust,
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
    /// The proxy wants to know who asks.
    #[error("the proxy wants a user and a password before it lets the agent through to {host} (HTTP 407)")]
    ProxyWantsPassword {
        /// The host that was asked.
        host: String,
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

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Distrust {
    /// Nobody that the agent trusts has signed it.
    UnknownAuthority,
    /// It has ended or not begun.
    Date,
    /// It is made out to another name.
    OtherName,
    /// Anything else.
    Other,
}

impl CallError {
    /// Whether the same request may get an answer soon.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NameUnknown { .. }
            | Self::Unreachable { .. }
            | Self::BrokenOff { .. }
            | Self::NoProxy { .. }
            | Self::TimedOut { .. } => true,
            Self::Settings(_)
            | Self::Untrusted { .. }
            | Self::ProxyWantsPassword { .. }
            | Self::Proxy { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    fn row(&self) -> &'static Cause {
        match self {
            Self::Settings(_) => &network::SETTINGS,
            Self::NameUnknown { .. } => &network::NAME_UNKNOWN,
            Self::Unreachable { .. } => &network::UNREACHABLE,
            Self::BrokenOff { .. } => &network::BROKEN_OFF,
            Self::Untrusted { reason: Distrust::UnknownAuthority, .. } => &network::AUTHORITY_UNKNOWN,
            Self::Untrusted { reason: Distrust::Date, .. } => &network::CERTIFICATE_DATE,
            Self::Untrusted { reason: Distrust::OtherName, .. } => &network::CERTIFICATE_OF_ANOTHER_NAME,
            Self::Untrusted { reason: Distrust::Other, .. } => &network::CERTIFICATE_REFUSED,
            Self::NoProxy { .. } => &network::PROXY_UNREACHABLE,
            Self::ProxyWantsPassword { .. } => &network::PROXY_WANTS_PASSWORD,
            Self::Proxy { .. } => &network::PROXY_REFUSES,
            Self::TimedOut { .. } => &network::TIMED_OUT,
            Self::TooLarge { .. } => &network::TOO_LARGE,
        }
    }
}

impl Explain for CallError {
    fn remedy(&self) -> String {
        self.row().remedy.to_owned()
    }

    fn cause(&self) -> Option<&'static Cause> {
        Some(self.row())
    }
}

/// What kind of trouble a request met. The errors of the tunnel and of TLS are private types: their texts tell them apart.
pub(super) fn classify(error: &reqwest::Error, host: &str, started: Instant) -> CallError {
    if error.is_timeout() {
        return CallError::TimedOut { host: host.to_owned(), seconds: started.elapsed().as_secs().max(1) };
    }
    kind(host, reasons(error), innermost_io(error))
}

fn kind(host: &str, detail: String, io: Option<ErrorKind>) -> CallError {
    let host = host.to_owned();
    let lower = detail.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&["certificate", "unknownissuer"]) {
        return CallError::Untrusted { host, reason: distrust(&lower), detail };
    }
    if says(&["tunnel", "proxy"]) {
        return if says(&["failed to create underlying connection"]) {
            CallError::NoProxy { host, detail }
        } else if says(&["proxy authorization required"]) {
            CallError::ProxyWantsPassword { host }
        } else {
            CallError::Proxy { host, detail }
        };
    }
    let ended =
        [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof];
    if says(&["dns error"]) {
        CallError::NameUnknown { host, detail }
    } else if io.is_some_and(|kind| ended.contains(&kind)) || says(&["closed before message", "end of file before"]) {
        CallError::BrokenOff { host, detail }
    } else {
        CallError::Unreachable { host, detail }
    }
}

/// What rustls says of a certificate (its `CertificateError`), in small letters.
fn distrust(lower: &str) -> Distrust {
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&["unknownissuer", "unknown issuer"]) {
        Distrust::UnknownAuthority
    } else if says(&["certificate expired", "certificate: expired", "certificate not valid yet", "notvalidyet"]) {
        Distrust::Date
    } else if says(&["not valid for name", "notvalidforname"]) {
        Distrust::OtherName
    } else {
        Distrust::Other
    }
}

/// The kind of the innermost error of the system.
fn innermost_io(error: &reqwest::Error) -> Option<ErrorKind> {
    let mut found = None;
    let mut next = error.source();
    while let Some(source) = next {
        found = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(found);
        next = source.source();
    }
    found
}

/// The chain of reasons, each once, without URLs: they may carry a proxy's password.
pub(super) fn reasons(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        // One of the libraries ends its texts with a link to its own manual.
        let text = source.to_string();
        let text = text.split(": https://").next().unwrap_or_default().to_owned();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::causes::find_in;

    /// Texts as reqwest 0.13 with hyper-util and rustls gives them.
    #[test]
    fn troubles_are_told_apart() {
        let rows = [
            ("client error (Connect): dns error: failed to lookup address information", &network::NAME_UNKNOWN),
            ("client error (Connect): tcp connect error: Connection refused (os error 111)", &network::UNREACHABLE),
            ("client error (SendRequest): connection closed before message completed", &network::BROKEN_OFF),
            ("error reading a body: end of file before message length reached", &network::BROKEN_OFF),
            ("client error (Connect): invalid peer certificate: UnknownIssuer", &network::AUTHORITY_UNKNOWN),
            ("invalid peer certificate: certificate expired: verification time 9 (UNIX)", &network::CERTIFICATE_DATE),
            ("invalid peer certificate: Expired", &network::CERTIFICATE_DATE),
            ("invalid peer certificate: certificate not valid yet: verification", &network::CERTIFICATE_DATE),
            ("invalid peer certificate: certificate not valid for name \"a\"", &network::CERTIFICATE_OF_ANOTHER_NAME),
            ("invalid peer certificate: Revoked", &network::CERTIFICATE_REFUSED),
            ("tunnel error: failed to create underlying connection: dns error", &network::PROXY_UNREACHABLE),
            ("tunnel error: proxy authorization required", &network::PROXY_WANTS_PASSWORD),
            ("tunnel error: unsuccessful", &network::PROXY_REFUSES),
        ];
        for (text, row) in rows {
            let error = kind("host.example", text.to_owned(), None);
            assert_eq!(error.row().name, row.name, "{text}");
            assert!(error.to_string().contains("host.example"), "{error}");
            assert_eq!(find_in(&error.to_string()).map(|cause| cause.name), Some(row.name), "{error}");
        }
        let reset = kind("host.example", "client error (SendRequest)".into(), Some(ErrorKind::ConnectionReset));
        assert_eq!(reset.row().name, network::BROKEN_OFF.name);
        for error in [
            reset,
            CallError::Settings("no URL".into()),
            CallError::TimedOut { host: "host.example".into(), seconds: 20 },
            CallError::TooLarge { host: "host.example".into() },
        ] {
            assert_eq!(find_in(&error.to_string()), Some(error.row()), "{error}");
        }
    }
}
