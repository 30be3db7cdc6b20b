//! The organization accepts the identity, or not.

/// What to do where an organization does not know an identity.
pub const ADD_THE_IDENTITY: &str = "add the identity under Organization settings, Users, by the object id of its enterprise application, with \
    Basic access, and check that the organization belongs to the identity's tenant";

super::causes! { Organization:
    NOT_A_USER {
        name: "TF401444",
        codes: ["TF401444"],
        headline: "the identity is not a user of the organization",
        meaning: "The token is good, but nobody has added this service principal or managed identity to the organization.",
        remedy: "add the identity under Organization settings, Users, by the object id of its enterprise application, with Basic access",
        owner: OrganizationAdministrator,
        again: No,
    }
    ANONYMOUS {
        name: "organization-anonymous",
        signs: [
            ["TF400813", "anonymous access"], ["TF400813", "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"],
            ["TF400813: The user is not authorized"], ["TF400813: The user '' is not authorized"], ["namespace 'AnonymousId'"],
            ["authenticatedUser", "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"],
        ],
        headline: "no token reached the organization",
        meaning: "It takes the caller for nobody: the token was not sent, was cut short, or has expired. An organization with public \
            projects answers nobody with status 200. A personal access token without the scope for what is asked gets the same answer.",
        remedy: "run AdoEntraAuth before the step that fails, in the same job; check the variable and the \
            feed's address that the tool uses",
        owner: PipelineAuthor,
        again: AtOnce,
    }
    NOT_ACCEPTED {
        name: "TF400813",
        codes: ["TF400813"],
        headline: "the organization does not accept the identity",
        meaning: "It is no user of the organization, or has no right to what was asked for. Where the text names the user \
            aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa, no token arrived at all.",
        remedy: ADD_THE_IDENTITY,
        owner: OrganizationAdministrator,
        again: No,
    }
    CONDITIONAL_ACCESS {
        name: "VS403463",
        codes: ["VS403463"],
        headline: "Conditional Access of the organization blocks the identity",
        meaning: "A policy of the tenant refuses at Azure DevOps, for instance by the agent's address.",
        remedy: "let the tenant's Conditional Access policies admit the agent's addresses for Azure DevOps or except the identity, or \
            run the job on an agent of your own network",
        owner: TenantAdministrator,
        again: No,
    }
    THROTTLED {
        name: "TF400733",
        codes: ["TF400733"],
        signs: [["blocked due to exceeding usage of resource"], ["RequestBlockedException"]],
        words: [["=429", "@devops"]],
        headline: "Azure DevOps is throttling the identity",
        meaning: "An identity may use 200 throughput units (TSTU) in five minutes; Basic + Test Plans raises the limit. The answer says \
            how long to wait.",
        remedy: "run again later; spread the jobs over time or over several identities",
        owner: OrganizationAdministrator,
        again: AfterAWhile,
    }
    OTHER_REFUSAL {
        name: "VS4034xx",
        codes: ["VS4034xx"],
        headline: "Azure DevOps does not authorize the identity",
        meaning: "Codes that begin with VS4034 are refusals of its authorization; the service's own text says which.",
        remedy: "follow the service's own text, and check the rights of the identity in the organization",
        owner: OrganizationAdministrator,
        again: No,
    }
    CLIENT_REFUSED {
        name: "VS30063",
        codes: ["VS30063", "TF30063", "TF31003", "TF400324"],
        signs: [["requires an interactive prompt which is not allowed by the current settings"]],
        headline: "Azure DevOps does not accept the token",
        meaning: "A program of Microsoft's says so for every answer 401: the token did not arrive, has expired, is of another tenant, or \
            its identity is no user of the organization.",
        remedy: "first see to the token that the program was given: is it there, still valid, and of the organization's tenant? Then add the \
            identity under Organization settings, Users, by the object id of its enterprise application, with Basic access",
        owner: AgentAdministrator,
        again: No,
    }
    UNKNOWN_PROJECT {
        name: "VS800075",
        codes: ["VS800075", "TF200016"],
        headline: "the project does not exist, or the identity may not see it",
        meaning: "The identity is a user of the organization and not a member of the project, or the project's name is mistyped.",
        remedy: "correct the project's name, or add the identity to a group of the project, such as Readers (Project settings, \
            Permissions). A job's own token sees only its own project while 'Limit job authorization scope to current project' is on. \
            Use a token of AdoEntraAuth, or switch it off (Settings of Pipelines, in the project and the organization)",
        owner: ProjectAdministrator,
        again: No,
    }
    NOT_IN_THE_PROJECT {
        name: "not-in-the-project",
        codes: ["TF50309"],
        signs: [["needs the following permission", "project"], ["View project-level information"]],
        headline: "the identity is not a member of the project",
        meaning: "A user of the organization sees a project only as a member of one of its groups.",
        remedy: "add the identity to a group of the project, such as Readers (Project settings, Permissions)",
        owner: ProjectAdministrator,
        again: No,
    }
    NO_LICENCE {
        name: "no-licence",
        codes: ["TF400409"],
        signs: [["does not have a valid license"]],
        hints: [["Stakeholder license"], ["Stakeholder licence"], ["Stakeholder access"]],
        headline: "the identity has no licence that reaches repositories and feeds",
        meaning: "Stakeholder access, which new users may get by default, has no access to code.",
        remedy: "give the identity Basic access (Organization settings, Users, Access level)",
        owner: OrganizationAdministrator,
        again: No,
    }
    CONNECTION_NOT_ADDED {
        name: "connection-identity-not-added",
        signs: [["does not have access to Azure DevOps organization"]],
        headline: "the service connection's identity was not added to the organization",
        meaning: "Azure DevOps checks it when the service connection is saved.",
        remedy: ADD_THE_IDENTITY,
        owner: OrganizationAdministrator,
        again: No,
    }
    WRONG_OBJECT_ID {
        name: "wrong-object-id",
        signs: [["Failed to create service principal with object ID"]],
        headline: "the object id is not the one of an enterprise application",
        meaning: "An application has two object ids: one as an app registration, one as an enterprise application. Azure DevOps wants the \
            second.",
        remedy: "copy the object id under Entra, Enterprise applications, and add the identity by it",
        owner: OrganizationAdministrator,
        again: No,
    }
    MAY_NOT_ADD_USERS {
        name: "may-not-add-users",
        signs: [["permission(s) on the resource Users", "Add Users"]],
        headline: "you may not add users to the organization",
        meaning: "Adding an identity is for administrators of the project collection.",
        remedy: "ask a Project Collection Administrator to add the identity",
        owner: OrganizationAdministrator,
        again: No,
    }
    WRONG_TENANT {
        name: "organization-other-tenant",
        signs: [["X-VSS-ResourceTenant", "tid"]],
        headline: "the token is of another tenant than the organization",
        meaning: "An organization belongs to one Entra tenant (X-VSS-ResourceTenant), and accepts only tokens of that one.",
        remedy: "use an identity of the organization's tenant (Organization settings, Microsoft Entra). A multitenant application that \
            is installed there serves too, with a secret, a certificate, or a managed identity that it trusts (federatedClientId)",
        owner: PipelineAuthor,
        again: No,
    }
    NO_TENANT {
        name: "organization-without-tenant",
        signs: [["X-VSS-ResourceTenant", "00000000-0000-0000-0000-000000000000"]],
        headline: "the organization is not connected to an Entra tenant",
        meaning: "It knows only Microsoft accounts, so that no service principal or managed identity can be added to it.",
        remedy: "connect the organization to Entra (Organization settings, Microsoft Entra)",
        owner: OrganizationAdministrator,
        again: No,
    }
    UNAUTHENTICATED {
        name: "organization-unauthenticated",
        signs: [["TFS-Federated", "=401"], ["Bearer authorization_uri", "=401"], ["=401", "TFS-Federated"], ["=401", "Bearer authorization_uri"]],
        words: [["=401", "@devops"]],
        headline: "the request to Azure DevOps carried no token that it knows",
        meaning: "So it answers whoever is not signed in. The header WWW-Authenticate names the organization's tenant.",
        remedy: "run AdoEntraAuth before the step that fails, and use an identity of the tenant that the header names",
        owner: PipelineAuthor,
        again: No,
    }
    BASIC_REFUSED {
        name: "organization-password-refused",
        words: [["=401", "Basic realm", "visualstudio.com"], ["Unable to authenticate, need: Basic realm", "@devops"]],
        headline: "Azure DevOps does not accept the token that a tool sent as a password",
        meaning: "The token has expired, or is of another tenant than the organization.",
        remedy: "run AdoEntraAuth again before the step that fails; if it stays, use an identity of the organization's tenant",
        owner: PipelineAuthor,
        again: AtOnce,
    }
    SAYS_IN_A_HEADER {
        name: "organization-says-in-a-header",
        words: [["X-TFS-ServiceError"]],
        headline: "Azure DevOps refuses, and says why only in a header",
        meaning: "The body is a page for browsers; the reason stands in X-TFS-ServiceError, with its blanks and signs encoded as in a URL.",
        remedy: "follow the text of the header, and check the rights of the identity in the organization",
        owner: OrganizationAdministrator,
        again: No,
    }
    SIGN_IN_PAGE {
        name: "organization-sign-in-page",
        words: [["_signin", "@devops"], ["Azure DevOps Services | Sign In"], ["=203", "@devops"]],
        headline: "Azure DevOps sent its sign-in page: no token came that it accepts",
        meaning: "The tool sent no token, or one that has expired, or its identity is no user of the organization.",
        remedy: "run AdoEntraAuth before this step, and see that the tool sends the token to this very address; then add the identity to the \
            organization (Organization settings, Users)",
        owner: PipelineAuthor,
        again: No,
    }
    NOT_FOUND {
        name: "organization-not-found",
        signs: [["there is no organization"]],
        headline: "there is no such organization",
        meaning: "Azure DevOps answers 404: the name is mistyped, or the organization was renamed or deleted.",
        remedy: "correct the organization in the input organizations or feeds, in the service connection's URL, or in the files that name \
            its feeds",
        owner: PipelineAuthor,
        again: No,
    }
    UNAVAILABLE {
        name: "organization-unavailable",
        codes: ["TF400898"],
        signs: [["the organization", "cannot answer at the moment"]],
        words: [["=500", "@devops"], ["=502", "@devops"], ["=503", "@devops"], ["=504", "@devops"]],
        headline: "Azure DevOps cannot answer for the organization at the moment",
        meaning: "It answers with a status of 500 or above, and may say how long to leave it alone.",
        ours: "The task has tried several times.",
        remedy: "run again later, and look at the status page of Azure DevOps",
        owner: Service,
        again: AfterAWhile,
    }
    NOT_AZURE_DEVOPS {
        name: "organization-not-json",
        signs: [["the organization", "answered with something unexpected"]],
        headline: "something else than Azure DevOps answered for the organization",
        meaning: "Azure DevOps answers in JSON. A page comes from a proxy, from a network that wants a sign-in first, or from an \
            inspection of encrypted traffic.",
        remedy: "run again; if it stays, check whether a proxy answers in place of dev.azure.com, or set the input verify to false",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    DELAYED {
        name: "organization-delayed",
        hints: [["X-RateLimit-Delay"]],
        headline: "Azure DevOps has delayed the request, and answered it",
        meaning: "The identity comes near its limit. Nothing has failed yet.",
        remedy: "spread the jobs over time or over several identities",
        owner: PipelineAuthor,
        again: No,
    }
}
