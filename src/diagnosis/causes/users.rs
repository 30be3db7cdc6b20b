//! Somebody signs in as a user, or with what a user's sign-in left: nothing that a job can do.

const NO_USER: &str =
    "sign in as an application or managed identity (a service connection, AdoEntraAuth), not as a user";

super::causes! { User:
    SECOND_FACTOR {
        name: "AADSTS50076",
        codes: ["AADSTS50076", "AADSTS50072", "AADSTS50074", "AADSTS50078", "AADSTS50079", "AADSTS50158", "AADSTS53004"],
        headline: "Entra wants a second factor from the user",
        meaning: "Nobody can give it in a job.",
        remedy: NO_USER,
        owner: PipelineAuthor,
        again: No,
    }
    PASSWORD {
        name: "AADSTS50126",
        codes: [
            "AADSTS50126", "AADSTS50034", "AADSTS50053", "AADSTS50055", "AADSTS50056", "AADSTS50057", "AADSTS50064", "AADSTS50135",
            "AADSTS50144", "AADSTS51004",
        ],
        headline: "the user's name or password is not accepted",
        meaning: "It is wrong, has expired, or the account is locked, disabled or not in this tenant.",
        remedy: NO_USER,
        owner: PipelineAuthor,
        again: No,
    }
    ENDED_SESSION {
        name: "AADSTS700082",
        codes: [
            "AADSTS700082", "AADSTS70008", "AADSTS70043", "AADSTS700084", "AADSTS50058", "AADSTS50085", "AADSTS50089", "AADSTS50132",
            "AADSTS50133", "AADSTS50173", "AADSTS54005", "AADSTS70000",
        ],
        headline: "the user's session or refresh token has ended",
        meaning: "A profile that somebody once signed in (az login) lies on the agent, and its tokens have expired or were revoked.",
        remedy: NO_USER,
        owner: AgentAdministrator,
        again: No,
    }
    DEVICE {
        name: "AADSTS53000",
        codes: ["AADSTS53000", "AADSTS53001", "AADSTS53002", "AADSTS530003", "AADSTS50097", "AADSTS50129", "AADSTS50131", "AADSTS53011"],
        headline: "Conditional Access admits the user only from a managed device, or at less risk",
        meaning: "An agent is no such device.",
        remedy: NO_USER,
        owner: TenantAdministrator,
        again: No,
    }
    CONSENT {
        name: "AADSTS65001",
        codes: ["AADSTS65001", "AADSTS65002", "AADSTS65004", "AADSTS65005", "AADSTS90093", "AADSTS90094", "AADSTS90095"],
        headline: "nobody has consented that the application acts for the user",
        meaning: "Only a sign-in of users asks for consent; an application that speaks for itself needs none for Azure DevOps.",
        remedy: "have the tenant's administrator consent to the application, or sign in as an application itself (a service connection, \
            AdoEntraAuth)",
        owner: TenantAdministrator,
        again: No,
    }
    OTHER_HOME {
        name: "AADSTS50020",
        codes: ["AADSTS50020", "AADSTS50014", "AADSTS500208", "AADSTS90072"],
        headline: "the user's account is not in this tenant",
        meaning: "It belongs to another tenant, or is a personal account, and was not invited.",
        remedy: "name the tenant of the organization at the sign-in, or have the user invited there",
        owner: PipelineAuthor,
        again: No,
    }
    REPLY_ADDRESS {
        name: "AADSTS50011",
        codes: ["AADSTS50011", "AADSTS700054", "AADSTS9002325", "AADSTS9002326", "AADSTS900971"],
        headline: "the application is not set up for a sign-in in a browser",
        meaning: "The address to come back to, or the kind of answer, is not among those that it is registered with.",
        remedy: "register the address that the error names (App registrations, Authentication)",
        owner: IdentityOwner,
        again: No,
    }
}
