//! What the agent gives to the step.

super::causes! { Job:
    NO_OIDC_ADDRESS {
        name: "no-oidc-address",
        signs: [["has no address to ask for an OIDC assertion"]],
        hints: [
            ["SYSTEM_OIDCREQUESTURI", "not set"], ["SYSTEM_OIDCREQUESTURI", "missing"], ["SYSTEM_OIDCREQUESTURI", "undefined"],
            ["System.OidcRequestUri", "not set"], ["System.OidcRequestUri", "missing"],
        ],
        headline: "the job has no address to ask for an OIDC assertion",
        meaning: "Azure DevOps Services gives it to every job (System.OidcRequestUri, since June 2024). Azure DevOps Server has none, \
            and a script outside of a job neither.",
        remedy: "run the step in a pipeline of Azure DevOps Services, with an agent of 2024 or newer",
        owner: PipelineAuthor,
        again: No,
    }
    OIDC_ADDRESS_REFUSED {
        name: "oidc-address-refused",
        signs: [["the OIDC request address", "is refused"]],
        headline: "the address to ask for an OIDC assertion is not one of the job's organization",
        meaning: "The job's token is sent there, so the address must be one of Azure DevOps, over https, and of the job's own \
            organization. The agent sets it; here something else did.",
        remedy: "take back what sets the variable System.OidcRequestUri in the pipeline, in a variable group or on the agent",
        owner: PipelineAuthor,
        again: No,
    }
    NO_JOB_TOKEN {
        name: "no-job-token",
        signs: [["gave this step no job token"]],
        hints: [
            ["Set SYSTEM_ACCESSTOKEN"], ["SYSTEM_ACCESSTOKEN", "not set"], ["SYSTEM_ACCESSTOKEN", "missing"],
            ["Could not find access token", "SYSTEM_ACCESSTOKEN"], ["$(System.AccessToken): command not found"],
        ],
        headline: "the step has no job token (System.AccessToken)",
        meaning: "The agent gives it to tasks. A script gets it only where the step maps it, and a literal $(System.AccessToken) means \
            that nothing has filled it in.",
        remedy: "run this as a task of a pipeline; a script of your own needs env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
        owner: PipelineAuthor,
        again: No,
    }
    CONNECTION_WITHOUT_FEDERATION {
        name: "connection-without-federation",
        signs: [["service connection", "WorkloadIdentityFederation", "scheme"]],
        headline: "the service connection does not use workload identity federation",
        meaning: "It holds a secret, a certificate or a token, or stands for a managed identity. Azure DevOps gives assertions only for \
            connections with workload identity federation.",
        remedy: "convert the service connection to workload identity federation, or use the connectionType that fits what it holds",
        owner: ProjectAdministrator,
        again: No,
    }
    RESOURCE_NOT_AUTHORIZED {
        name: "pipeline-not-authorized",
        signs: [
            ["has not been authorized for use"], ["resource authorization issue"], ["aka.ms/yamlauthz"],
            ["This pipeline needs permission to access a resource before this run can continue"],
        ],
        headline: "the pipeline is not permitted to use a resource that it names, or the resource does not exist",
        meaning: "Service connections, repositories, variable groups, environments, secure files and agent pools each list the pipelines \
            that may use them. A wrong name has the same answer.",
        remedy: "correct the name, or permit the pipeline: Permit on the page of the run, or Project settings, Service connections (or \
            Repositories, Agent pools), Security, Pipeline permissions",
        owner: ProjectAdministrator,
        again: AtOnce,
    }
    FORK {
        name: "fork-without-secrets",
        signs: [["PRs from repository forks are not allowed to access secrets"]],
        headline: "a pull request from a fork gets no service connection and no secret",
        meaning: "The pipeline keeps them from builds of forks: the agent skips each step that names a service connection or a secure file, \
            and secret variables are empty. Later steps then find no token: 401, or ado-entra-auth is not found.",
        remedy: "ask a maintainer to build the change from a branch of the repository itself. In the pipeline let builds of forks do \
            without the feed, by condition: ne(variables['System.PullRequest.IsFork'], 'True'); with secrets their code could use the token",
        owner: PipelineAuthor,
        again: No,
    }
    POOL {
        name: "agent-pool-rights",
        signs: [
            ["needs Manage permissions to perform the action"], ["needs Use permissions to perform the action"],
            ["does not have Manage permissions in the Azure DevOps organization"], ["PoolProvisioningFailed"],
            ["needs Listen permissions"], ["Access denied", "needs Manage permissions for pool"],
        ],
        headline: "the identity lacks a right on agent pools",
        meaning: "Registering an agent and managing a pool need the role Administrator on it; using a pool needs User. 'Server \
            administrator' in the text is said for the cloud too.",
        remedy: "add the identity as a user of the organization, and as Administrator of the pool (Organization settings, Agent pools, \
            Security); where the text says Use permissions, User is enough",
        owner: OrganizationAdministrator,
        again: No,
    }
    JWT {
        name: "connection-secret-lost-code",
        hints: [["Failed to obtain the Json Web Token"], ["Failed to get access token", "service principal"]],
        headline: "a task of Microsoft's could not sign in with the service connection's secret, and does not say why",
        meaning: "Mostly the secret is wrong or has expired; the code that Entra gave is lost.",
        remedy: "verify the service connection or renew its secret, or convert it to workload identity federation; AdoEntraAuth@1 with the \
            same connection shows Entra's code",
        owner: ProjectAdministrator,
        again: No,
    }
    CLOCK {
        name: "agent-clock",
        signs: [["clock", "ahead of the service"], ["clock", "behind the service"], ["token that has already expired"]],
        headline: "the agent's clock is wrong",
        meaning: "The Date that the services write into their answers differs from the agent's own time by minutes. Assertions and \
            tokens then seem to have ended, or not to have begun.",
        remedy: "set the agent's clock by a time service (NTP), then run again; for a container or a virtual machine set the clock of \
            its host",
        owner: AgentAdministrator,
        again: No,
    }
}
