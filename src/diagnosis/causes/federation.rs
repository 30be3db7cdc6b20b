//! Entra compares the assertion with the identity's federated credentials.

const CREATE: &str = "add a federated credential with exactly the issuer and subject of the error, and the audience \
    api://AzureADTokenExchange, to the application or managed identity. One that was added minutes ago may still be \
    propagating: run again";

/// What to do where an assertion of others is not accepted.
pub const FRESH_ASSERTION: &str = "run again, so that a new assertion is signed. If it stays, see that the agent's clock is right, \
    and for a certificate of your own that it and its key belong together";

super::causes! { Federation:
    NO_MATCH {
        name: "AADSTS70021",
        codes: ["AADSTS70021"],
        headline: "no federated credential of the identity matches this assertion",
        meaning: "Issuer, subject and audience of one federated credential must all be those of the assertion.",
        remedy: CREATE,
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    OTHER_ISSUER {
        name: "AADSTS700211",
        codes: ["AADSTS700211"],
        headline: "no federated credential of the identity has this issuer",
        meaning: "The federated credential names another issuer: for instance the older one of Azure DevOps \
            (https://vstoken.dev.azure.com/...) where the service connection was converted to Entra's, or another tenant.",
        remedy: CREATE,
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    OTHER_AUDIENCE {
        name: "AADSTS700212",
        codes: ["AADSTS700212"],
        headline: "no federated credential of the identity has this audience",
        meaning: "The audience of a federated credential for Azure DevOps is api://AzureADTokenExchange; the clouds of the US \
            government and of China have api://AzureADTokenExchangeUSGov and api://AzureADTokenExchangeChina. Entra's own issuer \
            writes an id in its place into the assertion.",
        remedy: "set the audience of the federated credential to api://AzureADTokenExchange, in another cloud to its own",
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    OTHER_SUBJECT {
        name: "AADSTS700213",
        codes: ["AADSTS700213"],
        headline: "no federated credential of the identity has this subject",
        meaning: "The subject stands for one service connection, and is compared letter by letter. Another service connection, a \
            converted one or one that was made anew has another subject.",
        remedy: CREATE,
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    OTHER_LETTER_CASE {
        name: "AADSTS7002138",
        codes: ["AADSTS7002138"],
        headline: "the federated credential's subject differs in the case of its letters",
        meaning: "Entra tells capital from small letters in subjects since August 2024.",
        remedy: "make the federated credential anew with the subject exactly as it is shown, capital and small letters included",
        owner: IdentityOwner,
        again: No,
    }
    OTHER_STRUCTURE {
        name: "AADSTS7002137",
        codes: ["AADSTS7002137"],
        headline: "the federated credential's subject has not the form that this issuer needs",
        meaning: "Subjects of Microsoft's own issuers have a fixed form. Entra's message shows the one that it expects.",
        remedy: "make the federated credential anew with exactly the subject of the error; a service connection shows it too, and \
            Entra's own message the form that it expects",
        owner: IdentityOwner,
        again: No,
    }
    NO_CREDENTIAL {
        name: "AADSTS70025",
        codes: ["AADSTS70025"],
        headline: "the identity has no federated credential",
        meaning: "The application or managed identity with this client id trusts no issuer at all yet. Or the client id is that of \
            another identity than the one that was set up.",
        remedy: CREATE,
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    FEDERATION_OFF {
        name: "AADSTS700223",
        codes: ["AADSTS700223"],
        headline: "the tenant does not allow workload identity federation",
        meaning: "A policy of the tenant turns federated credentials off, or limits them.",
        remedy: "have the tenant's policy allow federation for this application, or use connectionType: managedIdentity on an agent \
            that has one",
        owner: TenantAdministrator,
        again: No,
    }
    ISSUER_NOT_ALLOWED {
        name: "AADSTS700238",
        codes: ["AADSTS700238"],
        headline: "the tenant does not allow this issuer for this kind of identity",
        meaning: "A policy of the tenant lists the issuers that applications or managed identities may trust; the one of this \
            assertion is not among them.",
        remedy: "have the tenant's policy allow the issuer of the error",
        owner: TenantAdministrator,
        again: No,
    }
    MULTITENANT {
        name: "AADSTS70052",
        codes: ["AADSTS70052"],
        headline: "an application of several tenants cannot be used with a service connection of this issuer",
        meaning: "With Entra's issuer, the identity must be a managed identity or an application of a single tenant.",
        remedy: "set the application's supported accounts to this directory only (signInAudience AzureADMyOrg), with an application \
            and a service connection for each tenant, or use a managed identity",
        owner: IdentityOwner,
        again: No,
    }
    NOT_APP_ONLY {
        name: "AADSTS700229",
        codes: ["AADSTS700229", "AADSTS700226"],
        headline: "the assertion does not speak of an application",
        meaning: "Entra takes from its own issuer only assertions that were made for an application or a managed identity, none of \
            users. A service connection gives such a one.",
        remedy: "sign in with a service connection or a managed identity; if that is what you do, report the error",
        elsewhere: "sign in with a service connection or a managed identity",
        owner: ThisTask,
        again: No,
    }
    OUTSIDE_ITS_TIME {
        name: "AADSTS700024",
        codes: ["AADSTS700024"],
        headline: "the assertion is outside its time of validity",
        meaning: "An assertion of Azure DevOps's own issuer lives for five to ten minutes. One that this machine signs with a \
            certificate bears the time of the machine's clock.",
        remedy: "run again; if it stays, correct the agent's clock",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    OLD_ASSERTION {
        name: "AADSTS700024-old",
        headline: "the assertion had expired when it was used",
        meaning: "It lives for ten minutes. The script asks for a token later than that after its sign-in, and the client presents the \
            assertion of the sign-in once more. The clock is right.",
        remedy: "ask for the tokens early in the script, or sign in again right before; AzureCLI@2 has keepAzSessionActive: true",
        owner: PipelineAuthor,
        again: No,
    }
    UNREADABLE {
        name: "AADSTS50027",
        codes: ["AADSTS50027", "AADSTS50013", "AADSTS500133", "AADSTS900384"],
        headline: "Entra could not read or verify the assertion",
        meaning: "Signature, issuer, audience, time or form of the assertion is not what Entra expects.",
        remedy: FRESH_ASSERTION,
        owner: ThisTask,
        again: AtOnce,
    }
    ISSUER_UNREADABLE {
        name: "AADSTS501661",
        codes: ["AADSTS501661"],
        headline: "Entra could not read the keys of the assertion's issuer",
        meaning: "Entra fetches the issuer's description and public keys. For Azure DevOps such trouble passes; an issuer of your own \
            must show both to everybody.",
        remedy: "run again later; for an issuer of your own make /.well-known/openid-configuration and the keys that it names public",
        owner: Service,
        again: AfterAWhile,
    }
    ISSUER_UNREACHABLE {
        name: "AADSTS50166",
        codes: ["AADSTS50166"],
        headline: "Entra could not reach the assertion's issuer",
        meaning: "Entra could not ask the issuer for its keys, as in the outage of 1 May 2024.",
        remedy: "run again later, and look at the status pages of Azure DevOps and of Entra",
        owner: Service,
        again: AfterAWhile,
    }
    OLD_ISSUER {
        name: "old-issuer",
        hints: [["https://vstoken.dev.azure.com"]],
        headline: "the service connection still uses the issuer of Azure DevOps, which ends on 1 July 2027",
        meaning: "Connections made before Entra's issuer came have https://vstoken.dev.azure.com/... as theirs. In the public cloud \
            Microsoft retires it for single-tenant applications and managed identities; multitenant applications keep it.",
        remedy: "convert the service connection (Project settings, Service connections, Update), then add a federated credential with \
            the issuer and subject that it shows; its id and permissions stay",
        owner: ProjectAdministrator,
        again: No,
    }
    MICROSOFTS_TASK {
        name: "federated-token-not-acquired",
        signs: [
            ["Failed to acquire federated token"], ["Failed to aquire federated token"],
            ["Failed to fetch federated token", "!federated token from GitHub"],
        ],
        headline: "a task of Microsoft's could not sign in, and does not say why",
        meaning: "Its one message stands for every failure of the request for an assertion and of its exchange; what Entra said is \
            lost.",
        remedy: "run AdoEntraAuth@1 with the same service connection: it shows where it fails, the code and the remedy",
        owner: PipelineAuthor,
        again: AtOnce,
    }
}
