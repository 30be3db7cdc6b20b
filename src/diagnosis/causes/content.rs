//! Feeds and repositories serve the identity, or not.

super::causes! { Content:
    NO_REPOSITORY {
        name: "TF401019",
        codes: ["TF401019"],
        words: [["repository 'https://", "not found", "@devops"]],
        headline: "the repository does not exist, or the identity may not read it",
        meaning: "The identity has no right to read the repository, only Stakeholder access, or the URL is mistyped. The job's own token \
            reads only what the pipeline names, by 'Protect access to repositories in YAML pipelines' and 'Limit job \
            authorization scope to current project'.",
        remedy: "correct the URL. With the job's own token name the repository in the pipeline (resources: repositories, and a checkout or \
            uses). With a token of AdoEntraAuth see that git uses it, and give the identity Basic access (Organization settings, \
            Users) and Read on the repository (Project settings, Repositories, Security)",
        owner: ProjectAdministrator,
        again: No,
    }
    GIT_PERMISSION {
        name: "TF401027",
        codes: ["TF401027"],
        signs: [["GenericContribute"], ["PullRequestContribute"]],
        headline: "the identity lacks a right on the repository",
        meaning: "It may read, and not do what the command asks for, such as push.",
        remedy: "allow the identity Contribute on the repository (Project settings, Repositories, Security), for pull requests \
            Contribute to pull requests",
        owner: ProjectAdministrator,
        again: No,
    }
    BRANCH_POLICY {
        name: "TF402455",
        codes: ["TF402455"],
        headline: "a policy of the branch admits changes only by pull request",
        meaning: "The identity may push, and not to this branch.",
        remedy: "push to another branch and make a pull request, or allow the identity to bypass policies when pushing (Project settings, \
            Repositories, Security)",
        owner: ProjectAdministrator,
        again: No,
    }
    NO_SUCH_VERSION {
        name: "TF401175",
        codes: ["TF401175", "TF401174"],
        headline: "the branch, commit or file does not exist in the repository",
        meaning: "The repository answers, so the token is good.",
        remedy: "correct the name of the branch, commit or file",
        owner: PipelineAuthor,
        again: No,
    }
    PIPELINE_RIGHT {
        name: "TF215106",
        codes: ["TF215106", "VS402904"],
        headline: "the identity lacks a right on a pipeline or release",
        meaning: "The service's own text names the right, such as Queue builds or Manage releases.",
        remedy: "allow the right that the text names on the pipeline (its menu, Manage security)",
        owner: ProjectAdministrator,
        again: No,
    }
    FEED_READ {
        name: "feed-read-packages",
        signs: [["ReadPackages"]],
        headline: "the identity may not read the feed",
        meaning: "It is a user of the organization, but has no role on the feed or the view.",
        remedy: "add the identity as Feed Reader (Feed settings, Permissions); to take packages from upstream sources for the first \
            time, as Feed and Upstream Reader (Collaborator)",
        owner: FeedOwner,
        again: No,
    }
    FEED_ADD {
        name: "feed-add-package",
        signs: [["AddPackage"], ["AddUpstreamPackage"]],
        words: [
            ["code E403", "In most cases, you or one of your dependencies are requesting", "@devops"], ["code E403", "@devops"],
            ["403 Forbidden", "In most cases, you or one of your dependencies are requesting", "@devops"],
        ],
        headline: "the identity may not add packages to the feed",
        meaning: "Publishing, and fetching a package from an upstream source for the first time, save into the feed.",
        remedy: "add the identity as Feed Publisher (Contributor) to publish, or as Feed and Upstream Reader (Collaborator) to save \
            from upstream sources (Feed settings, Permissions)",
        owner: FeedOwner,
        again: No,
    }
    UPSTREAM_ANONYMOUS {
        name: "upstream-anonymous",
        signs: [["provide authentication to access versions from upstream"]],
        headline: "the feed was asked without a token, which reaches only versions that it has saved already",
        meaning: "A feed takes a version from its upstream source only for somebody who may save it.",
        remedy: "run AdoEntraAuth before this step, with an identity that is Feed and Upstream Reader (Collaborator); or take the version up \
            once by hand. The feed's owner gives the role",
        owner: PipelineAuthor,
        again: No,
    }
    STORAGE_REFUSED {
        name: "artifact-storage-403",
        words: [
            ["Server failed to authenticate the request", "BlobStore"], ["Server failed to authenticate the request", "artifacttool"],
            ["Server failed to authenticate the request", "ArtifactTool"],
        ],
        headline: "a guess: the storage behind Artifacts refuses the signed address; the feed has taken the token",
        meaning: "Azure Artifacts sends clients to hosts of blob.core.windows.net, with an address that is signed for some minutes.",
        remedy: "compare the agent's clock with the true time, and see that no proxy changes requests to \
            blob.core.windows.net",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    NO_FEED {
        name: "feed-not-found",
        signs: [["FeedIdNotFoundException"], ["The feed with ID", "doesn't exist"]],
        headline: "the feed does not exist, or the identity may not see it",
        meaning: "A feed of a project has the project in its URL, a feed of the organization has not; the wrong form is not found.",
        remedy: "copy the feed's URL from its Connect to feed page, and give the identity a role on the feed",
        owner: PipelineAuthor,
        again: No,
    }
    DUPLICATE_AUTHORIZATION {
        name: "duplicate-authorization",
        signs: [["Duplicate header"]],
        headline: "git sent two credentials in one request",
        meaning: "A header of this task (gitCredential: extraHeader) meets another one: of a checkout with persistCredentials, or of an \
            http.extraheader without a URL.",
        remedy: "set gitCredential: helper, or remove the other header (checkout with persistCredentials: false)",
        owner: PipelineAuthor,
        again: No,
    }
}
