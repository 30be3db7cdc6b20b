//! What clients say in their own words of a credential that is absent or refused, or of a right that is missing.
//!
//! Measured: `tests/end_to_end/refusals` provokes each refusal in the real clients. conda itself was not run for it, only rattler.

super::causes! { Client:
    NPM {
        name: "npm-401",
        words: [
            ["code E401", "@devops?"], ["Unable to authenticate, your authentication token seems to be invalid", "@devops?"],
            ["code ENEEDAUTH", "@devops?"], ["Incorrect or missing password", "@devops?"], ["ERR_PNPM_FETCH_401", "@devops"],
            ["ERR_PNPM_AUTH", "@devops"], ["ERR_PNPM_REGISTRIES_MISMATCH", "=401", "@devops"], ["YN0041", "@devops?"],
            ["YN0033", "No authentication configured", "@devops?"], ["Invalid authentication (as an anonymous user)", "@devops?"],
            ["npm notice", "=401", "@devops"], ["npm error", "=401", "@devops"], ["npm ERR!", "=401", "@devops"],
            ["An unexpected error occurred", "Request failed \"401 Unauthorized\"", "@devops"], ["Response Code: 401", "@devops"],
            ["error: GET", "=401", "@devops"], ["Bad response: 401", "@devops"],
        ],
        headline: "npm, pnpm, yarn or bun sent no token that the feed takes",
        meaning: "The token is absent, empty, expired or of another tenant. Or .npmrc writes the feed's address otherwise than the line \
            that holds its token.",
        remedy: "run AdoEntraAuth before this step, in the same job, and compare the registry in .npmrc, \
            .yarnrc.yml or bunfig.toml with what ado-entra-auth status shows; npm's --loglevel verbose shows the host",
        owner: PipelineAuthor,
        again: No,
    }
    NUGET {
        name: "nuget-401",
        words: [
            ["Unable to load the service index", "success: 401", "@devops"], ["NU1301", "success: 401", "@devops"],
            ["Please provide credentials for", "@devops"], ["Pushing", "success: 401", "@devops"],
            ["success: 401", "@devops"], ["Unable to load the service index", "=401", "@devops"],
            ["Credentials for", "nuget", "were not accepted", "@devops"], ["Could not load resources from", "Unauthorized (401)", "@devops"], ["Failed to retrieve information about", "=401", "@devops"],
        ],
        hints: [["NU1301", "Unable to load the service index", "@devops"]],
        headline: "NuGet sent no token that the feed takes",
        meaning: "The token is absent, expired or of another tenant. Inside docker build nothing of the job is there, neither its \
            variables nor its credential provider.",
        remedy: "run AdoEntraAuth before this step, in the same job, with a source in nuget.config for the feed. In docker build \
            hand the token in as a build secret, or restore outside of it",
        owner: PipelineAuthor,
        again: No,
    }
    NUGET_PROVIDER {
        name: "nuget-provider",
        words: [["The plugin credential provider could not acquire credentials", "@devops?"]],
        headline: "NuGet's credential provider has no credential for the feed",
        meaning: "The feed is of another organization than those that the provider serves, or was not named to it. Nobody can \
            answer its question in a job, so --interactive does not help.",
        remedy: "name the feed in the input feeds of AdoEntraAuth, and its organization in organizations where it is another one",
        owner: PipelineAuthor,
        again: No,
    }
    MAVEN {
        name: "maven-401",
        words: [
            ["Could not transfer artifact", "status code: 401", "@devops"], ["Could not transfer artifact", "=401", "@devops"],
            ["Could not transfer", "authentication failed for", "@devops"], ["Could not transfer metadata", "=401", "@devops"],
            ["Not authorized", "Could not transfer", "@devops"],
        ],
        headline: "Maven sent no token that the feed takes",
        meaning: "Maven takes the credential of the server in settings.xml whose id is the repository's own, also for \
            distributionManagement. Another id means no token; so does a settings.xml that the command names itself.",
        remedy: "run AdoEntraAuth before this step, in the same job, and compare the id of the repository in the error with the id of the \
            server that the task sets",
        owner: PipelineAuthor,
        again: No,
    }
    GRADLE {
        name: "gradle-401",
        words: [
            ["Could not GET", "Received status code 401", "@devops"], ["Could not PUT", "Received status code 401", "@devops"],
            ["Could not HEAD", "Received status code 401", "@devops"],
        ],
        headline: "Gradle sent no token that the feed takes",
        meaning: "A repository with a password of its own keeps it. Ivy repositories get no token, nor does publishing with the \
            configuration cache on.",
        remedy: "run AdoEntraAuth with gradle among its tools before this step, in the same job; remove older credentials blocks, and \
            publish with --no-configuration-cache",
        owner: PipelineAuthor,
        again: No,
    }
    CONDA {
        name: "conda-401",
        words: [["CondaHTTPError: HTTP 401", "@devops"], ["UNAUTHORIZED for channel", "@devops"],
            ["HTTP status client error (401 Unauthorized)", "/Conda/", "@devops"]],
        headline: "conda sent no token that the feed takes",
        meaning: "A channel has a token only where its address refers to the variable ARTIFACTS_CONDA_TOKEN.",
        remedy: "run AdoEntraAuth before this step, in the same job, and refer to that variable as the password in the channel's address",
        owner: PipelineAuthor,
        again: No,
    }
    PIP {
        name: "pip-401",
        words: [
            ["401 Error, Credentials not correct for", "@devops"], ["Authorization error accessing", "@devops"], ["ERROR: HTTP error 401 while getting", "@devops"],
            ["User for pkgs.dev.azure.com"], ["401 Client Error", "pypi", "@devops"],
            ["HTTPError: 401", "pypi", "@devops"], ["[401] Unauthorized", "@devops?"], ["authorization error", "=401", "@devops"],
            ["Credential not found for", "@devops"], ["PdmUsageError", "Username and password are required", "@devops?"],
            ["Client error '401 Unauthorized' for url", "pypi", "@devops"],
        ],
        headline: "pip, poetry or twine sent no token that the feed takes",
        meaning: "The token is absent, expired or of another tenant. Or pip before 26.2 did not ask, since the index's address has no user. \
            That no version was found only follows from it.",
        remedy: "run AdoEntraAuth before this step, in the same job, and begin the index's address with \
            https://ORGANIZATION@pkgs.dev.azure.com",
        owner: PipelineAuthor,
        again: No,
    }
    PIP_SILENT {
        name: "pip-no-versions",
        words: [["Looking in indexes", "versions: none", "@devops"]],
        headline: "pip found no version at the feed, which it also says of a feed that refuses it",
        meaning: "Without a user in the URL, 401 is passed over, as 403 is; then no version is known. The package may be missing too, \
            or its version not be saved from the upstream source yet.",
        remedy: "begin the index's address with https://ORGANIZATION@pkgs.dev.azure.com: pip before 26.2 asks for no other. Then run \
            ado-entra-auth check in this place: it says whether the identity reads the feed",
        owner: PipelineAuthor,
        again: No,
    }
    UV {
        name: "uv-401",
        words: [
            ["HTTP status client error (401 Unauthorized)", "@devops"], ["lack of valid authentication credentials", "@devops"],
            ["Failed to fetch", "(401 Unauthorized)", "@devops"], ["Missing credentials for", "@devops"],
            ["Failed to publish", "=401", "@devops"], ["Upload failed with status code 401", "@devops?"],
        ],
        headline: "uv sent no token that the feed takes",
        meaning: "The token is absent or expired. The index may answer where a file does not: files lie below the feed's id. For that \
            path uv has a credential only by the index's name.",
        remedy: "run AdoEntraAuth before this step, in the same job, and write name = beside the index. With a credential of your own set \
            UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD (NAME is the index's), not a user in the URL",
        owner: PipelineAuthor,
        again: No,
    }
    CARGO {
        name: "cargo-401",
        words: [
            ["token rejected for", "@devops?"], ["failed to get successful HTTP response from", "=401", "@devops"],
            ["no token found for", "@devops?"], ["please run cargo login", "@devops?"], ["failed to get a 200 OK response, got 401", "@devops?"],
            ["no token found, please run", "@devops?"], ["authenticated registries require a credential-provider", "@devops"],
        ],
        headline: "cargo sent no token that the feed takes",
        meaning: "The token is empty (a build of a fork has none), expired, or lacks its first word Basic or Bearer.",
        remedy: "run AdoEntraAuth before this step, in the same job, with cargo among its tools; a token of your own begins with Bearer",
        owner: PipelineAuthor,
        again: No,
    }
    GIT_WITHOUT_CREDENTIAL {
        name: "git-no-credential",
        words: [
            ["could not read Username for", "@devops"], ["could not read Password for", "@devops"],
            ["Git credentials for", "not found", "@devops?"],
        ],
        headline: "git has no credential for this URL",
        meaning: "No helper and no header answers for it. A repository's URL has _git in it; a helper for one organization says nothing of \
            another, nor of another form of the address.",
        remedy: "run AdoEntraAuth with git among its tools before this step, and write the URL as \
            https://dev.azure.com/ORGANIZATION/PROJECT/_git/REPOSITORY",
        owner: PipelineAuthor,
        again: No,
    }
    GIT_REFUSED {
        name: "git-401",
        words: [
            ["Authentication failed for", "@devops"], ["unable to access", "returned error: 401", "@devops"],
            ["Authorization error", "lfs", "@devops"], ["batch response: Authentication required", "@devops?"],
            ["HTTP Basic: Access denied", "@devops"],
        ],
        headline: "git's credential is refused",
        meaning: "It has expired, is of another tenant, or its identity is no user of the organization. An http.extraheader that a checkout \
            left goes before every helper.",
        remedy: "run AdoEntraAuth again before this step, and remove older credentials: http.extraheader, a user in the URL",
        owner: PipelineAuthor,
        again: No,
    }
    GIT_FORBIDDEN {
        name: "git-403",
        words: [["unable to access", "returned error: 403", "@devops"], ["batch response: You do not have permission", "@devops?"]],
        headline: "git's credential is taken, and lacks a right on the repository",
        meaning: "The identity reads or writes less than the command asks for, or a policy of the organization bars it.",
        remedy: "give the identity Read, or Contribute to push (Project settings, Repositories, Security)",
        owner: ProjectAdministrator,
        again: No,
    }
    NOT_PERMITTED {
        name: "token-not-permitted",
        headline: "a client asked for a token of an organization that the step does not permit",
        meaning: "The step gives tokens only for its own organizations. The client went on without, or with a credential of the user's.",
        remedy: "add the organization to the input organizations, or the feed to feeds, if the token may go there",
        owner: PipelineAuthor,
        again: No,
    }
    TOKEN_ENDED {
        name: "token-ended",
        headline: "the token of the step had ended when a later step asked for it",
        meaning: "A token lives for about an hour. The step renews it where keepFresh is on and the identity can sign in again.",
        remedy: "run AdoEntraAuth again before that step, or leave keepFresh on",
        owner: PipelineAuthor,
        again: No,
    }
    FEED_FORBIDDEN {
        name: "feed-403",
        words: [
            ["ERR_PNPM_FETCH_403", "@devops"], ["Response Code: 403", "@devops"], ["status code: 403", "@devops"], ["Received status code 403", "@devops"],
            ["Access denied to", "=403", "@devops"], ["authorization failed for", "=403", "@devops"],
            ["HTTP error 403 while getting", "@devops"], ["403 Client Error", "@devops"], ["HTTPError: 403", "@devops"],
            ["HTTP status client error (403 Forbidden)", "@devops"], ["got 403", "@devops"], ["success: 403", "@devops"],
            ["=403", "@devops"],
        ],
        headline: "the identity is known, and lacks the right",
        meaning: "The token is good: 403 refuses somebody who is known. On a feed a role is missing; publishing and taking packages from upstream \
            sources for the first time need more than reading.",
        remedy: "give the identity a role on the feed (Feed settings, Permissions): Feed Reader to read, Feed and Upstream Reader \
            (Collaborator) to save from upstream sources, Feed Publisher (Contributor) to publish",
        owner: FeedOwner,
        again: No,
    }
    AZ_LOGIN {
        name: "az-devops-login",
        words: [
            ["Before you can run Azure DevOps commands, you need to run the login command"],
            ["you need to run the login command", "Azure DevOps"], ["The requested resource requires user authentication", "@devops"],
        ],
        headline: "az devops has no token",
        meaning: "It takes the variable AZURE_DEVOPS_EXT_PAT, or az login of the same step.",
        remedy: "run AdoEntraAuth with azureDevOpsCli among its tools before this step, or map env: AZURE_DEVOPS_EXT_PAT: \
            $(ADO_ENTRA_TOKEN)",
        owner: PipelineAuthor,
        again: No,
    }
    TFX {
        name: "tfx-401",
        words: [
            ["Received response 401 (Not Authorized)"], ["Check that your personal access token is correct and hasn't expired"],
            ["Failed Request: Unauthorized(401)"], ["Invalid credentials. Failed request: (401)"],
        ],
        headline: "tfx sent no token that is taken",
        meaning: "The token is empty, has expired, or lacks the right on the Marketplace or the organization.",
        remedy: "hand tfx a fresh token of ado-entra-auth token on its standard input, and check the publisher's members for the identity",
        owner: PipelineAuthor,
        again: No,
    }
}
