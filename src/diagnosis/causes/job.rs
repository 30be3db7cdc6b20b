//! What the agent gives to the step.

super::causes! { Job:
    NO_OIDC_ADDRESS {
        name: "no-oidc-address",
        signs: [["has no address to ask for an OIDC assertion"]],
        hints: [["SYSTEM_OIDCREQUESTURI"], ["System.OidcRequestUri"]],
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
        hints: [["SYSTEM_ACCESSTOKEN"], ["$(System.AccessToken)"]],
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
