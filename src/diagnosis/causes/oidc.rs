//! Azure DevOps gives the job's assertion.

const NEW_JOB: &str = "run the job again: its token ends with the job, and after a day at the latest";

super::causes! { Assertion:
    NOT_REFERENCED {
        name: "oidc-connection-not-referenced",
        signs: [["There is no explicit reference to service connection"]],
        headline: "no step of this stage names the service connection in an input for connections",
        meaning: "Since March 2026 Azure DevOps gives assertions only for connections that an input of a step of the same stage \
            names. A step of another stage, or an id in a variable, does not count.",
        remedy: "name the connection in the input azureDevOpsServiceConnection (or connectedServiceNameARM) of a step in this very \
            stage",
        owner: PipelineAuthor,
        again: No,
    }
    UNKNOWN_CONNECTION {
        name: "oidc-connection-unknown",
        signs: [["No service connection found with identifier"]],
        words: [["oidctoken", "=404"]],
        headline: "the service connection is not known to this job",
        meaning: "It was deleted, belongs to another project, this pipeline is not permitted to use it, or no step of the job names it \
            in an input for connections.",
        remedy: "name the connection in the input azureDevOpsServiceConnection of this step, and check that it exists in this project \
            and permits this pipeline (Project settings, Service connections, Security)",
        owner: PipelineAuthor,
        again: No,
    }
    FORBIDDEN {
        name: "oidc-forbidden",
        words: [["oidctoken", "=403"]],
        headline: "Azure DevOps forbids an assertion for the service connection",
        meaning: "Nothing documents what lies behind this answer. The pipeline may lack the permission to use the connection, or a \
            check of the connection may not have passed.",
        remedy: "check the pipeline permissions, approvals and checks of the service connection (Project settings, Service \
            connections)",
        owner: ProjectAdministrator,
        again: No,
    }
    JOB_TOKEN_REFUSED {
        name: "oidc-job-token-refused",
        signs: [["refused the job's token"]],
        words: [["oidctoken", "=401"]],
        headline: "Azure DevOps refused the job's token when asked for an assertion",
        meaning: "The token (System.AccessToken) has ended with its job or after about a day, belongs to another organization, or was \
            sent as a password in place of a bearer.",
        remedy: NEW_JOB,
        owner: PipelineAuthor,
        again: AtOnce,
    }
    SIGN_IN_PAGE {
        name: "oidc-sign-in-page",
        words: [["oidctoken", "_signin"], ["oidctoken", "=203"], ["oidctoken", "=302"]],
        headline: "Azure DevOps sent its sign-in page in place of an assertion",
        meaning: "So it treats a job token that is absent, malformed or at its end, unless a client asks it not to, as this task does \
            (X-TFS-FedAuthRedirect: Suppress).",
        remedy: NEW_JOB,
        owner: PipelineAuthor,
        again: AtOnce,
    }
    PLAN_SECURITY {
        name: "oidc-plan-security",
        signs: [["TaskOrchestrationPlanSecurityException"]],
        headline: "Azure DevOps could not check that the job's token belongs to this run",
        meaning: "This may pass, and is tried again. A run that was cancelled or has ended cannot get over it.",
        remedy: "run again; if it stays, see whether the run was cancelled or has timed out",
        owner: Service,
        again: AtOnce,
    }
    PREVIEW_VERSION {
        name: "oidc-preview-version",
        signs: [["VssInvalidPreviewVersionException"]],
        headline: "Azure DevOps wants another version of the request for an assertion",
        meaning: "A version of an interface that is still a preview must be asked for as one.",
        ours: "This task asks for 7.1, which is none.",
        remedy: "report it; a client of your own sends api-version=7.1 or 7.2-preview.1",
        elsewhere: "have the client send api-version=7.1 or 7.2-preview.1",
        owner: ThisTask,
        again: No,
    }
    WRONG_METHOD {
        name: "oidc-wrong-method",
        words: [["oidctoken", "=405"]],
        headline: "Azure DevOps wants the request for an assertion as a POST",
        meaning: "It answers 405 to a GET.",
        ours: "This task sends a POST, so a proxy may have changed it.",
        remedy: "see whether a proxy changes requests; a client of your own sends POST with an empty body",
        elsewhere: "have the client send POST with an empty body; if it does, see whether a proxy changes requests",
        owner: ThisTask,
        again: No,
    }
    NOT_AN_ASSERTION {
        name: "oidc-not-an-assertion",
        signs: [["the OIDC request with something that is not an assertion"]],
        words: [["oidctoken", "text/html"], ["without the field oidcToken"]],
        hints: [["oidcToken", "missing"]],
        headline: "the answer to the request for an assertion holds none",
        meaning: "Something else than Azure DevOps has answered, such as a company's proxy, or the service has changed.",
        remedy: "run again; if it stays, check whether a proxy answers in place of Azure DevOps, and report it with the ids of the \
            request",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    BUSY {
        name: "oidc-busy",
        words: [["oidctoken", "=429"], ["oidctoken", "=500"], ["oidctoken", "=502"], ["oidctoken", "=503"], ["oidctoken", "=504"]],
        headline: "Azure DevOps is too busy to give an assertion",
        meaning: "It throttles the pipeline's identity or is in trouble.",
        ours: "The task has tried several times, and waited as long as the service asked for where that was short enough.",
        remedy: "run again later; if it stays, look at the status page of Azure DevOps and spread the jobs over time",
        owner: Service,
        again: AfterAWhile,
    }
    OF_THE_PIPELINE {
        name: "oidc-pipeline-subject",
        signs: [["assertion for the pipeline in place of the service connection"]],
        hints: [["sub", "p://"], ["subject", "p://"]],
        headline: "Azure DevOps gave an assertion for the pipeline in place of the service connection",
        meaning: "So it answers where a connection's name stands in the place of its id. Entra then knows no such subject.",
        remedy: "set the service connection in the input azureDevOpsServiceConnection, so that the agent passes on its id; for the \
            pipeline's own identity set connectionType: pipeline",
        owner: PipelineAuthor,
        again: No,
    }
    OF_ANOTHER_CONNECTION {
        name: "oidc-other-connection",
        signs: [["gave an assertion for another service connection"]],
        headline: "Azure DevOps gave an assertion for another service connection",
        meaning: "The subject of the assertion ends with the id of another connection than the one that was asked for.",
        remedy: "run again; if it stays, make the service connection anew and report it",
        elsewhere: "run again; if it stays, make the service connection anew",
        owner: ThisTask,
        again: AtOnce,
    }
}
