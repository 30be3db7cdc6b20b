//! A request as a service sees it, and what it answers.

use crate::clock;
use crate::faults::Effect;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;
use std::time::Duration;

/// A request that has come through the proxy and, where it was sent so, out of TLS.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Host of the CONNECT request, or of the address where there was none, in lower case, without port.
    pub host: String,
    /// Over what it came.
    pub scheme: Scheme,
    /// Port that it was sent to.
    pub port: u16,
    /// Method.
    pub method: String,
    /// Path as sent, percent-encoded, without the query.
    pub path: String,
    /// Query without `?`.
    pub query: String,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// A fault that the service itself must act out.
    pub(crate) effect: Option<Effect>,
    /// By how many seconds the clock of the service is ahead.
    pub(crate) clock_ahead_seconds: i64,
}

/// Over what a request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP in TLS.
    #[default]
    Https,
    /// HTTP that everybody on the way can read.
    Http,
}

impl Scheme {
    /// As an address begins with it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port that an address need not name.
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// What an Authorization header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    None,
    Basic { user: String, password: String },
    Bearer(String),
    Other(String),
    Several,
}

impl Call {
    /// The first header of this name (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter, without regard to the case of its name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// The fields of a form in the body.
    pub fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// Path segments, percent-decoded, empty ones left out.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|s| !s.is_empty()).map(percent_decode).collect()
    }

    /// Seconds since 1970 in UTC, as the service that answers has it.
    pub fn now(&self) -> i64 {
        clock::now() + self.clock_ahead_seconds
    }

    /// Scheme, host, and the port where it is not the usual one: `https://dev.azure.com`.
    pub fn origin(&self) -> String {
        let port = if self.has_usual_port() { String::new() } else { format!(":{}", self.port) };
        format!("{}://{}{port}", self.scheme.name(), self.host)
    }

    /// Whether it came over TLS to port 443.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https && self.has_usual_port()
    }

    fn has_usual_port(&self) -> bool {
        self.port == self.scheme.usual_port()
    }

    /// Path and query as sent.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The credential of the request.
    pub(crate) fn credential(&self) -> Credential {
        let mut values =
            self.headers.iter().filter(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        let Some(value) = values.next() else { return Credential::None };
        if values.next().is_some() {
            return Credential::Several;
        }
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Credential::Bearer(rest.trim().to_owned());
        }
        if scheme.eq_ignore_ascii_case("basic")
            && let Some(text) = STANDARD.decode(rest.trim()).ok().and_then(|b| String::from_utf8(b).ok())
            && let Some((user, password)) = text.split_once(':')
        {
            return Credential::Basic { user: user.to_owned(), password: password.to_owned() };
        }
        Credential::Other(scheme.to_owned())
    }
}

/// Undoes percent-encoding; what is not valid stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a service answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Reason phrase when it is not the usual one.
    pub reason: Option<String>,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How the body travels.
    pub delivery: Delivery,
}

/// How a body travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    #[default]
    Whole,
    /// One byte, then a pause, and so on.
    Trickle(Duration),
    /// The length promises more than comes before the connection is closed.
    Truncated,
    /// Not at all: the connection is reset.
    Reset,
}

impl Answer {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with_body(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An HTML answer.
    pub fn html(status: u16, body: &str) -> Self {
        Self::with_body(status, "text/html; charset=utf-8", body)
    }

    /// A plain text answer.
    pub fn text(status: u16, body: &str) -> Self {
        Self::with_body(status, "text/plain", body)
    }

    /// An answer with a body of this content type.
    pub fn with_body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
            ..Self::default()
        }
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::html(status, "<html><head><title>Object moved</title></head><body>Object moved</body></html>")
            .header("Location", location)
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same answer with this reason phrase.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}
