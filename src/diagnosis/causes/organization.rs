//! The organization accepts the identity, or not.

/// What to do where an organization does not know an identity.
pub const ADD_THE_IDENTITY: &str = "add it under Organization settings, Users, by the object id of its enterprise application, with \
    Basic access, and check that the organization belongs to the identity's tenant";

super::causes! { Organization:
    NOT_A_USER {
        name: "TF401444",
        codes: ["TF401444"],
        headline: "the identity is not a user of the organization",
        meaning: "The token is good, but nobody has added this service principal or managed identity to the organization.",
        remedy: "add it under Organization settings, Users, by the object id of its enterprise application, with Basic access",
        owner: OrganizationAdministrator,
        again: No,
    }
    NOT_ACCEPTED {
        name: "TF400813",
        codes: ["TF400813"],
        headline: "the organization does not accept the identity",
        meaning: "The identity is no user of the organization, or has no right to what was asked for.",
        remedy: ADD_THE_IDENTITY,
        owner: OrganizationAdministrator,
        again: No,
    }
    CONDITIONAL_ACCESS {
        name: "VS403463",
        codes: ["VS403463"],
        headline: "Conditional Access of the organization blocks the identity",
        meaning: "A policy of the tenant refuses at Azure DevOps, mostly by the agent's address.",
        remedy: "let the tenant's Conditional Access policies admit the agent's addresses for Azure DevOps",
        owner: TenantAdministrator,
        again: No,
    }
    THROTTLED {
        name: "TF400733",
        codes: ["TF400733"],
        headline: "Azure DevOps is throttling the identity",
        meaning: "An identity may use 200 throughput units in five minutes.",
        remedy: "run again later; spread the jobs over time or over several identities",
        owner: OrganizationAdministrator,
        again: AfterAWhile,
    }
}
