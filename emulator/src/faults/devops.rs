//! Errors of Azure DevOps by what they say.

use crate::guid;

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

    /// 404: there is no such feed, or not in this scope; the reason phrase says it too, which is all that most tools show
    /// (microsoft/azure-pipelines-tasks issue 11788).
    pub fn no_feed(feed: &str) -> Self {
        let message = format!("The feed with ID '{feed}' doesn't exist.");
        let reason = Some(format!("Not Found - {message} (DevOps Activity ID: {})", guid::random().to_uppercase()));
        Self { reason, ..Self::new(404, "FeedIdNotFoundException", message) }
    }

    /// 403: a right on a feed, such as `ReadPackages` or `AddPackage`, is missing; the reason phrase says it too.
    pub fn no_feed_right(identity: &str, right: &str) -> Self {
        let activity = guid::random();
        let message = format!(
            "User '{identity}' lacks permission to complete this action. You need to have '{right}'. (DevOps Activity ID: \
             {activity})"
        );
        let reason = Some(format!("Forbidden - {message}"));
        Self { reason, ..Self::new(403, "FeedNeedsPermissionsException", message) }
    }
}
