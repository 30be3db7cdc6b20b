//! The tenant's policies, and Entra's own trouble.

super::causes! { Policy:
    CONDITIONAL_ACCESS {
        name: "AADSTS53003",
        codes: ["AADSTS53003"],
        headline: "Conditional Access blocks this identity",
        meaning: "A policy for workload identities refuses by the agent's address or by risk. Such policies hold for applications of \
            the tenant itself, not for managed identities.",
        remedy: "let the tenant's Conditional Access policies for workload identities admit the agent's addresses (the service \
            principal's sign-in log names the policy), or use a managed identity",
        owner: TenantAdministrator,
        again: No,
    }
    TENANT_THROTTLED {
        name: "AADSTS90055",
        codes: ["AADSTS90055"],
        headline: "Entra is throttling this tenant",
        meaning: "The tenant's applications ask for too many tokens at a time.",
        remedy: "run again later, or spread the jobs over time",
        owner: PipelineAuthor,
        again: AfterAWhile,
    }
}
