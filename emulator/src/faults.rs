//! Trouble that a test orders: what goes wrong, where, and how often.

use crate::message::{Answer, Call};
use crate::service::Endpoint;
use std::time::Duration;

/// One kind of trouble at one place.
#[derive(Clone, Debug)]
pub struct Fault {
    target: Target,
    effect: Effect,
    skip: u32,
    times: Option<u32>,
}

/// Where a fault strikes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Every request.
    Everything,
    /// A service.
    Endpoint(Endpoint),
    /// A host.
    Host(String),
    /// Paths of a host that start like this.
    Path(String, String),
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Effect {
    /// This answer instead of the right one.
    Answer(Box<Answer>),
    /// The right answer, later.
    Delay(Duration),
    /// The right answer, a byte at a time with this pause between two.
    Trickle(Duration),
    /// The connection is reset.
    Reset,
    /// The right answer stops half-way and the connection closes.
    Truncated,
    /// 200 with a body of so many bytes, of JSON's content type.
    HugeBody(usize),
    /// A redirect with this status to the same path on another host.
    Redirect(u16, String),
    /// The right answer under another content type.
    ContentType(String),
    /// 200 with a page of HTML.
    Html,
    /// 203 with the sign-in page, as after a followed redirect.
    SignInPage,
    /// 302 to the sign-in page.
    SignInRedirect,
    /// 429 text/plain with, perhaps, `Retry-After` in seconds.
    TooManyRequests(Option<u64>),
    /// TLS with a certificate of an unknown authority.
    UnknownAuthority,
    /// The proxy answers CONNECT with this status.
    ConnectRefused(u16),
    /// A refusal of Microsoft Entra.
    Entra(EntraFault),
    /// Another shape of the answer to an OIDC request.
    Oidc(OidcFault),
    /// Another shape of the answer to a token request.
    Token(TokenFault),
    /// Another answer of connectionData.
    ConnectionData(ConnectionDataFault),
    /// The clock of the service is ahead by so many seconds, or behind by a negative number: `Date`, the times in tokens, and
    /// the judgement of times. Other faults strike beside it.
    ClockOff(i64),
}

/// A refusal of Microsoft Entra by number.
#[derive(Clone, Debug)]
pub struct EntraFault {
    /// AADSTS number.
    pub code: u32,
    /// Text instead of the usual one.
    pub text: Option<String>,
    /// Whether CRLF separates Trace ID, Correlation ID and Timestamp (older captures) or a blank.
    pub line_breaks: bool,
    /// Status instead of the usual one.
    pub status: Option<u16>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// The field `error` instead of the usual one.
    pub error: Option<String>,
    /// Shape of the field `error_codes`.
    pub error_codes: ErrorCodes,
    /// The field `suberror`.
    pub suberror: Option<String>,
    /// The field `claims`.
    pub claims: Option<String>,
}

/// Shapes of the field `error_codes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ErrorCodes {
    /// The number of the refusal, as `[500011]`.
    #[default]
    Usual,
    /// These numbers.
    Several(Vec<u32>),
    /// A text: `"[500011]"`, as sources of managed identities relay it.
    Text,
    /// No such field.
    Absent,
}

/// Other shapes of the answer to an OIDC request.
#[derive(Clone, Debug)]
pub enum OidcFault {
    /// `{}`
    EmptyObject,
    /// `{"oidcToken":""}`
    EmptyToken,
    /// `{"oidcToken":{…}}`
    TokenIsNoText,
    /// An assertion of the pipeline instead of the connection.
    PipelineLevel,
    /// An assertion that has expired.
    Expired,
    /// An assertion signed by nobody known.
    WrongSignature,
    /// A text that is no JWT.
    NotAJwt,
    /// JSON with a number and the text that the connection is not referenced in this stage, with this status.
    NotReferencedInStage(u16),
    /// `TaskOrchestrationPlanSecurityException` with this status.
    PlanSecurity(u16),
}

/// Other shapes of the answer to a token request.
#[derive(Clone, Debug)]
pub enum TokenFault {
    /// `expires_in` as a text.
    ExpiresInText,
    /// No `access_token`.
    NoAccessToken,
    /// A token that lives so many seconds; negative for one that has expired.
    Life(i64),
    /// Another audience in the token.
    Audience(String),
    /// Another tenant in the token.
    Tenant(String),
    /// Another client id in the token.
    Client(String),
    /// A token longer by so many bytes.
    Padding(usize),
    /// Further fields in the answer.
    ExtraFields,
    /// A token that is no JWT, yet works.
    NotAJwt,
}

/// Other answers of connectionData.
#[derive(Clone, Debug)]
pub enum ConnectionDataFault {
    /// 200 for the anonymous identity.
    Anonymous,
    /// 401 TF401444.
    NotAUser,
    /// 401 TF400813 with the identity's id.
    Unauthorized,
    /// 401 without a body, challenge Basic only.
    EmptyBasic,
    /// 401 HTML whose text stands in `X-TFS-ServiceError` only.
    ServiceErrorHeader,
    /// 403 VS403463 as JSON.
    ConditionalAccess,
    /// 403 VS403463 as a page of HTML.
    ConditionalAccessPage,
    /// 429 TF400733.
    Throttled,
    /// 200 with `Retry-After`: the request was delayed.
    Delayed,
}

impl EntraFault {
    /// The refusal with this number as it usually looks.
    pub fn code(code: u32) -> Self {
        Self {
            code,
            text: None,
            line_breaks: false,
            status: None,
            retry_after: None,
            error: None,
            error_codes: ErrorCodes::Usual,
            suberror: None,
            claims: None,
        }
    }
}

impl Effect {
    /// This answer instead of the right one.
    pub fn answer(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }

    /// A refusal of Microsoft Entra by number.
    pub fn entra(code: u32) -> Self {
        Self::Entra(EntraFault::code(code))
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

impl Fault {
    /// Trouble at every request to this place.
    pub fn new(target: impl Into<Target>, effect: Effect) -> Self {
        Self { target: target.into(), effect, skip: 0, times: None }
    }

    /// Lets the first `skip` requests through.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes so many times, then no more.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn concerns(&self, host: &str, path: &str, endpoint: Option<Endpoint>) -> bool {
        match &self.target {
            Target::Everything => true,
            Target::Endpoint(wanted) => endpoint == Some(*wanted),
            Target::Host(wanted) => wanted.eq_ignore_ascii_case(host),
            Target::Path(wanted, prefix) => wanted.eq_ignore_ascii_case(host) && path.starts_with(prefix.as_str()),
        }
    }
}

/// The faults of an emulator with their counters.
#[derive(Default)]
pub(crate) struct Faults(Vec<(Fault, u32, u32)>);

impl Faults {
    /// Adds a fault and returns its number.
    pub(crate) fn add(&mut self, fault: Fault) -> usize {
        self.0.push((fault, 0, 0));
        self.0.len() - 1
    }

    /// How often a fault has struck.
    pub(crate) fn fired(&self, number: usize) -> u32 {
        self.0.get(number).map_or(0, |(_, _, fired)| *fired)
    }

    /// Ends all faults; their counters stay readable.
    pub(crate) fn end(&mut self) {
        for (fault, _, fired) in &mut self.0 {
            fault.times = Some(*fired);
        }
    }

    /// What the next request at this place meets. The first fault that applies strikes, and is counted.
    pub(crate) fn strike(&mut self, call: &Call, endpoint: Option<Endpoint>) -> Option<Effect> {
        self.next(|effect| !effect.concerns_connections() && !effect.concerns_clock(), &call.host, &call.path, endpoint)
    }

    /// By how many seconds the clock is ahead at this place.
    pub(crate) fn clock_ahead_seconds(&mut self, call: &Call, endpoint: Option<Endpoint>) -> i64 {
        match self.next(Effect::concerns_clock, &call.host, &call.path, endpoint) {
            Some(Effect::ClockOff(seconds)) => seconds,
            _ => 0,
        }
    }

    /// The same for the establishment of a connection to a host.
    pub(crate) fn strike_connection(&mut self, host: &str) -> Option<Effect> {
        self.next(Effect::concerns_connections, host, "", None)
    }

    fn next(
        &mut self,
        suits: impl Fn(&Effect) -> bool,
        host: &str,
        path: &str,
        endpoint: Option<Endpoint>,
    ) -> Option<Effect> {
        for (fault, seen, fired) in &mut self.0 {
            if !suits(&fault.effect) || !fault.concerns(host, path, endpoint) {
                continue;
            }
            *seen += 1;
            if *seen > fault.skip && fault.times.is_none_or(|times| *fired < times) {
                *fired += 1;
                return Some(fault.effect.clone());
            }
        }
        None
    }
}

impl Effect {
    fn concerns_connections(&self) -> bool {
        matches!(self, Self::UnknownAuthority | Self::ConnectRefused(_))
    }

    fn concerns_clock(&self) -> bool {
        matches!(self, Self::ClockOff(_))
    }
}
