//! The kinds of trouble.

use super::{DevOpsError, MachineFault};
use crate::message::Answer;
use std::time::Duration;

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
    /// A redirect with this status to the same path on another host, which may name a port.
    Redirect(u16, String),
    /// A redirect with this status to the same path on the same host over plain HTTP. A request that has come there is answered.
    RedirectToHttp(u16),
    /// A redirect with this status to the same path on the same host at this port. A request that has come there is answered.
    RedirectToPort(u16, u16),
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
    /// This status instead of the right answer, as services say that they are busy or broken.
    Unavailable(Unavailable),
    /// An error of Azure DevOps in its usual form.
    DevOps(DevOpsError),
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
    /// Another answer of a managed identity's source.
    Machine(MachineFault),
    /// The clock of the service is ahead by so many seconds, or behind by a negative number: `Date`, the times in tokens, and
    /// the judgement of times. Other faults strike beside it.
    ClockOff(i64),
}

/// A service that is busy or broken.
#[derive(Clone, Debug)]
pub struct Unavailable {
    /// Status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// Form of the body.
    pub form: BodyForm,
}

/// Forms of a body that says nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// None.
    Empty,
    /// `application/json`
    Json,
    /// `text/html`, as gateways write it.
    Html,
    /// `text/plain`
    Text,
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
    /// Any other error.
    Refusal(DevOpsError),
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
    /// 403 TF400409: the identity is a user without a licence. The words are those of other features; that connectionData uses
    /// them was not seen.
    NoLicence,
    /// Any other error.
    Refusal(DevOpsError),
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

impl Effect {
    pub(super) fn concerns_connections(&self) -> bool {
        matches!(self, Self::UnknownAuthority | Self::ConnectRefused(_))
    }

    /// Whether it strikes only what comes over TLS to port 443, since it sends away from there.
    pub(super) fn leaves_https(&self) -> bool {
        matches!(self, Self::RedirectToHttp(_) | Self::RedirectToPort(..))
    }

    pub(super) fn concerns_clock(&self) -> bool {
        matches!(self, Self::ClockOff(_))
    }
}
