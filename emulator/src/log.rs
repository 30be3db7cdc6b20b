//! What the emulator remembers of every request.

use crate::message::Scheme;
use crate::vault::SecretKind;

/// A request that was answered (or dropped).
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Host.
    pub host: String,
    /// Over what it came.
    pub scheme: Scheme,
    /// Port that it was sent to.
    pub port: u16,
    /// Method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// Form of the Authorization header.
    pub authorization: Authorization,
    /// Status of the answer; 0 when the connection was reset.
    pub status: u16,
    /// Names of the headers, in lower case, in order.
    pub header_names: Vec<String>,
    /// The `User-Agent`, as a log may show it.
    pub user_agent: String,
    /// Secrets found anywhere in the request: address, headers, body.
    pub secrets: Vec<String>,
}

impl LoggedRequest {
    /// Whether it went over TLS to port 443, as everything must that carries a secret.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https && self.port == Scheme::Https.usual_port()
    }
}

/// The form of an Authorization header; never its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// No such header.
    None,
    /// Basic with this user name.
    Basic {
        /// User name.
        user: String,
        /// What the password is.
        password: Held,
    },
    /// Bearer.
    Bearer {
        /// What the credential is.
        credential: Held,
    },
    /// Another scheme, or something unreadable.
    Other(String),
    /// More than one header.
    Several,
}

/// What a credential turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// An empty text.
    Nothing,
    /// A secret that the emulator issued.
    Issued(SecretKind),
    /// Something that it did not issue.
    Unknown,
}

impl Authorization {
    /// Whether the header carries an access token that the emulator issued.
    pub fn is_token(&self) -> bool {
        let token = Held::Issued(SecretKind::AccessToken);
        match self {
            Self::Basic { password, .. } => *password == token,
            Self::Bearer { credential } => *credential == token,
            Self::None | Self::Other(_) | Self::Several => false,
        }
    }

    /// Whether the header carries the token of a job.
    pub fn is_job_token(&self) -> bool {
        let token = Held::Issued(SecretKind::JobToken);
        match self {
            Self::Basic { password, .. } => *password == token,
            Self::Bearer { credential } => *credential == token,
            Self::None | Self::Other(_) | Self::Several => false,
        }
    }
}

/// A CONNECT request, or what was sent to the proxy instead of one.
#[derive(Clone, Debug)]
pub struct LoggedConnect {
    /// First line of the request, without the protocol's version.
    pub request: String,
    /// Host, empty when the request names none.
    pub host: String,
    /// Status of the proxy's answer.
    pub status: u16,
}
