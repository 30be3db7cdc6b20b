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
    SECURITY_POLICY {
        name: "AADSTS530032",
        codes: ["AADSTS530032", "AADSTS530035"],
        headline: "a security policy of the tenant blocks this identity",
        meaning: "The tenant's security policy or its security defaults refuse the sign-in.",
        remedy: "ask an administrator of the tenant to look at the sign-in log of the service principal",
        owner: TenantAdministrator,
        again: No,
    }
    TOKEN_PROTECTION {
        name: "AADSTS530084",
        codes: ["AADSTS530084"],
        headline: "Conditional Access demands token protection",
        meaning: "This was only ever seen with tokens of users, and should not meet an application.",
        remedy: "ask an administrator of the tenant which Conditional Access policy demands token protection, and except the identity \
            from it",
        owner: TenantAdministrator,
        again: No,
    }
    TENANT_RESTRICTIONS {
        name: "AADSTS50002",
        codes: ["AADSTS50002", "AADSTS500021", "AADSTS500022"],
        headline: "the company's network does not admit this tenant",
        meaning: "A proxy adds a header to requests to Entra that lists the tenants which may be used from there; this one is not \
            among them.",
        remedy: "have the tenant admitted to the proxy's tenant restrictions",
        owner: NetworkAdministrator,
        again: No,
    }
    CROSS_TENANT {
        name: "AADSTS500212",
        codes: ["AADSTS500212", "AADSTS500213"],
        headline: "a cross-tenant policy blocks the identity",
        meaning: "The identity's tenant does not let it out, or the other tenant does not let it in.",
        remedy: "change the cross-tenant access settings of the tenant that refuses, or use an identity of the organization's tenant",
        owner: TenantAdministrator,
        again: No,
    }
    CLAIMS_CHALLENGE {
        name: "claims-challenge",
        signs: [["\"suberror\"", "\"claims\""], ["interaction_required", "\"claims\""]],
        headline: "Entra wants more proof than an application can give",
        meaning: "The answer holds a claims challenge: a Conditional Access policy asks for something that only a user could do.",
        remedy: "have the policy that asks for it except this identity; the suberror in Entra's answer and the service principal's \
            sign-in log name it",
        owner: TenantAdministrator,
        again: No,
    }
    LOOP {
        name: "AADSTS50196",
        codes: ["AADSTS50196"],
        headline: "Entra has seen the same request too often in too short a time",
        meaning: "Entra takes it for a client in a loop: a script that signs in at every call, or very many jobs that start together.",
        remedy: "wait some minutes; sign in once in a job, and start fewer jobs at the same moment",
        owner: PipelineAuthor,
        again: AfterAWhile,
    }
    THROTTLED {
        name: "entra-throttled",
        words: [["=429", "@entra"], ["fetch access token", "=429"]],
        headline: "Entra is throttling requests from here",
        meaning: "Too many tokens are asked for at a time. The header Retry-After of the answer says how long to wait.",
        remedy: "run again later, sign in once in a job, and start fewer jobs at the same moment",
        owner: PipelineAuthor,
        again: AfterAWhile,
    }
    PASSING_TROUBLE {
        name: "AADSTS50033",
        codes: [
            "AADSTS50033", "AADSTS90006", "AADSTS90012", "AADSTS90024", "AADSTS90033", "AADSTS90090", "AADSTS40010",
        ],
        headline: "Entra is in trouble that passes",
        meaning: "An error inside the service, or it took too long.",
        ours: "The task has tried several times.",
        remedy: "run again later",
        owner: Service,
        again: AfterAWhile,
    }
    LASTING_TROUBLE {
        name: "AADSTS50000",
        codes: ["AADSTS50000", "AADSTS90036", "AADSTS90091", "AADSTS90092"],
        headline: "Entra is in trouble that does not pass by itself",
        meaning: "An error inside the service that the same request will meet again.",
        remedy: "run again once; if it stays, ask Microsoft's support, with trace id, correlation id and timestamp of the answer",
        owner: Service,
        again: AtOnce,
    }
    UNAVAILABLE {
        name: "entra-unavailable",
        words: [
            ["=500", "@entra"], ["=502", "@entra"], ["=503", "@entra"], ["=504", "@entra"], ["temporarily_unavailable", "@entra"],
        ],
        headline: "Entra cannot serve requests at the moment",
        meaning: "It answers with a status of 500 or above, and may say how long to leave it alone.",
        ours: "The task has tried several times.",
        remedy: "run again later, and look at the status page of Entra",
        owner: Service,
        again: AfterAWhile,
    }
    OTHER_TOKEN {
        name: "other-token",
        signs: [["gave a token whose", "was asked for"]],
        headline: "the token is not the one that was asked for",
        meaning: "Its audience, tenant or application is another than in the request. Something on the way has changed the request, or \
            somebody else has answered it.",
        remedy: "correct the client id and the tenant id of the identity, and the input authorityHost. For an identity of the machine, \
            find out which program answers at the address of its endpoint",
        owner: PipelineAuthor,
        again: No,
    }
    NOT_ENTRA {
        name: "entra-not-json",
        signs: [["answered the token request with something that is not a token"]],
        words: [["login.microsoftonline.com", "text/html"], ["login.microsoftonline.com", "<html"]],
        headline: "something else than Entra answered the token request",
        meaning: "Entra answers in JSON. A page comes from a proxy, from a network that wants a sign-in first, or from an inspection of \
            encrypted traffic.",
        remedy: "let the agent reach https://login.microsoftonline.com unchanged, and check its proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: No,
    }
}
