//! The kinds of trouble.

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

/// An error of Azure DevOps: `{"message":…,"typeKey":…}`.
#[derive(Clone, Debug)]
pub struct DevOpsError {
    /// Status.
    pub status: u16,
    /// `typeKey`
    pub type_key: String,
    /// `message`
    pub message: String,
    /// Reason phrase instead of the usual one.
    pub reason: Option<String>,
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

/// Other answers of a managed identity's source.
#[derive(Clone, Debug)]
pub enum MachineFault {
    /// An error of the source's own form with this status.
    Refusal(u16),
    /// 403 with the text by which Docker's network says that the metadata service cannot be reached.
    UnreachableNetwork,
    /// `expires_on` in another form.
    ExpiresOn(ExpiryForm),
    /// Numbers as numbers where the source writes texts.
    Numbers,
    /// Another challenge of Azure Arc.
    Arc(ArcFault),
}

/// Forms of `expires_on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryForm {
    /// `1790000000`, a number.
    Number,
    /// `"2026-11-20T10:11:12Z"`
    Rfc3339,
    /// `"11/20/2026 10:11:12 AM +00:00"`
    American,
    /// `"soon"`
    Nonsense,
    /// No such field.
    Absent,
}

/// Other challenges of Azure Arc. Where a file is written, it holds the right key: a client that reads and sends it gets its token,
/// so that the test sees it.
#[derive(Clone, Debug)]
pub enum ArcFault {
    /// The first answer is a token already.
    NoChallenge,
    /// 401 without `WWW-Authenticate`.
    NoHeader,
    /// 401 with this `WWW-Authenticate`.
    Header(String),
    /// The key lies beside the folder of keys.
    Outside,
    /// The same by a path that starts in the folder and leaves it again.
    Traversal,
    /// The key's file has another extension.
    OtherExtension,
    /// The key is so many bytes long.
    KeySize(usize),
    /// The key's file is a link to a file outside.
    Link,
    /// A folder has the name of the key's file.
    Folder,
    /// There is no file.
    Missing,
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

impl DevOpsError {
    /// An error with this status, `typeKey` and `message`.
    pub fn new(status: u16, type_key: &str, message: impl Into<String>) -> Self {
        Self { status, type_key: type_key.to_owned(), message: message.into(), reason: None }
    }

    /// 400 VS800075: the project does not exist or cannot be seen.
    pub fn no_project(project: &str) -> Self {
        let text = "does not exist, or you do not have permission to access it.";
        let message = format!("VS800075: The project with id '{project}' {text}");
        Self::new(400, "ProjectDoesNotExistWithNameException", message)
    }

    /// 404 TF401019: the repository does not exist or cannot be seen.
    pub fn no_repository(repository: &str) -> Self {
        let message = format!(
            "TF401019: The Git repository with name or identifier {repository} does not exist or you do not have permissions for \
             the operation you are attempting."
        );
        Self::new(404, "GitRepositoryNotFoundException", message)
    }

    /// 403 TF401027: a right on a repository, such as `GenericContribute`, is missing.
    pub fn no_git_right(right: &str) -> Self {
        let message = format!("TF401027: You need the Git '{right}' permission to perform this action.");
        Self::new(403, "GitNeedsPermissionException", message)
    }

    /// 401 VS30063, as client libraries say 401.
    pub fn not_authorized() -> Self {
        let message = "VS30063: You are not authorized to access https://dev.azure.com.";
        Self::new(401, "VssUnauthorizedException", message)
    }

    /// 404: there is no such feed, or not in this scope.
    pub fn no_feed(feed: &str) -> Self {
        Self::new(404, "FeedIdNotFoundException", format!("Feed with ID '{feed}' doesn't exist."))
    }

    /// 403: a right on a feed, such as `ReadPackages` or `AddPackage`, is missing; the reason phrase says it too.
    pub fn no_feed_right(identity: &str, right: &str) -> Self {
        let activity = crate::guid::random();
        let message = format!(
            "User '{identity}' lacks permission to complete this action. You need to have '{right}'. (DevOps Activity ID: \
             {activity})"
        );
        let reason = Some(format!("Forbidden - {message}"));
        Self { reason, ..Self::new(403, "FeedNeedsPermissionsException", message) }
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

    pub(super) fn concerns_clock(&self) -> bool {
        matches!(self, Self::ClockOff(_))
    }
}
