//! Entra looks for the application, the tenant and what is asked for.

super::causes! { Application:
    UNKNOWN_APPLICATION {
        name: "AADSTS700016",
        codes: ["AADSTS700016", "AADSTS700011", "AADSTS70001", "AADSTS7000229"],
        headline: "the application (client) id is not known in this tenant",
        meaning: "The client id is mistyped, belongs to another tenant, or its service principal was made a moment ago.",
        remedy: "correct the client id and the tenant id (of the service connection, or the inputs clientId and tenantId); a service \
            principal created minutes ago may still be propagating: run again",
        owner: IdentityOwner,
        again: AfterMinutes,
    }
    DISABLED_APPLICATION {
        name: "AADSTS7000112",
        codes: ["AADSTS7000112"],
        headline: "the application is disabled",
        meaning: "Its enterprise application in the tenant is not enabled for sign-in.",
        remedy: "enable the application in Entra (Enterprise applications, Properties: Enabled for users to sign-in), or choose \
            another identity",
        owner: TenantAdministrator,
        again: No,
    }
    UNKNOWN_TENANT {
        name: "AADSTS90002",
        codes: ["AADSTS90002"],
        headline: "the tenant does not exist",
        meaning: "The tenant id is mistyped, the tenant was deleted, or it lives in another cloud than the authority that was asked.",
        remedy: "correct the tenant id (of the service connection, or the input tenantId), and for another cloud the input \
            authorityHost",
        owner: PipelineAuthor,
        again: No,
    }
    MALFORMED_TENANT {
        name: "AADSTS900023",
        codes: ["AADSTS900023"],
        headline: "the tenant id is neither a GUID nor a domain",
        meaning: "Entra takes a tenant by its id or by one of its domains.",
        remedy: "correct the tenant id (of the service connection, or the input tenantId): set the tenant's GUID",
        owner: PipelineAuthor,
        again: No,
    }
    UNKNOWN_RESOURCE {
        name: "AADSTS500011",
        codes: ["AADSTS500011", "AADSTS50001"],
        headline: "Azure DevOps is not known in this tenant",
        meaning: "The identity's tenant has no enterprise application of Azure DevOps. That is so where no organization was \
            ever connected to it: it is then the wrong tenant.",
        remedy: "use the tenant that the Azure DevOps organization is connected to",
        owner: PipelineAuthor,
        again: No,
    }
    APPLICATION_UNAVAILABLE {
        name: "AADSTS1000031",
        codes: ["AADSTS1000031"],
        headline: "Entra does not let the application sign in at this time",
        meaning: "Entra says no more than this; the tenant's own logs may.",
        remedy: "ask an administrator of the tenant to look at the sign-in log of the service principal",
        owner: TenantAdministrator,
        again: No,
    }
    TENANT_UNAVAILABLE {
        name: "AADSTS5000224",
        codes: ["AADSTS5000224"],
        headline: "the tenant or the application was taken out of service",
        meaning: "It was deleted, or Microsoft has blocked it. The assertion is not at fault.",
        remedy: "check that the tenant id is right and the tenant still exists; if so, ask Microsoft's support",
        owner: TenantAdministrator,
        again: No,
    }
    DISABLED_RESOURCE {
        name: "AADSTS500014",
        codes: ["AADSTS500014"],
        headline: "Azure DevOps is disabled in this tenant",
        meaning: "The tenant has its enterprise application, and somebody has switched it off.",
        remedy: "enable the enterprise application Azure DevOps in Entra (Enterprise applications, Properties)",
        owner: TenantAdministrator,
        again: No,
    }
    RESOURCE_NOT_LISTED {
        name: "AADSTS650052",
        codes: ["AADSTS650052", "AADSTS650054", "AADSTS650056", "AADSTS650057"],
        headline: "the application asks for a resource that the tenant has not subscribed to or consented to",
        meaning: "For a token of Azure DevOps an application needs no API permission and no consent, so the resource or the tenant is \
            another than meant.",
        remedy: "use the tenant that the Azure DevOps organization is connected to; a client of your own asks for \
            499b84ac-1321-427f-aa17-267ca6975798/.default",
        owner: IdentityOwner,
        again: No,
    }
    ASSIGNMENT_REQUIRED {
        name: "AADSTS501051",
        codes: ["AADSTS501051", "AADSTS50105"],
        headline: "the identity is not assigned to Azure DevOps, and the tenant demands that",
        meaning: "The enterprise application Azure DevOps has 'Assignment required' switched on, and the identity has no role there.",
        remedy: "switch off 'Assignment required' on the enterprise application Azure DevOps, or assign the identity to it",
        owner: TenantAdministrator,
        again: No,
    }
    WRONG_SCOPE {
        name: "AADSTS70011",
        codes: ["AADSTS70011", "AADSTS700022", "AADSTS700023", "AADSTS28002", "AADSTS28003", "AADSTS1002012"],
        headline: "the scope of the token request is not valid",
        meaning: "For an application it is exactly one resource, followed by /.default.",
        ours: "This task always asks so.",
        remedy: "report it; a client of your own asks only for 499b84ac-1321-427f-aa17-267ca6975798/.default",
        elsewhere: "have the client ask for one resource and /.default: for Azure DevOps 499b84ac-1321-427f-aa17-267ca6975798/.default",
        owner: ThisTask,
        again: No,
    }
    MALFORMED_REQUEST {
        name: "AADSTS90013",
        codes: ["AADSTS90013", "AADSTS90009", "AADSTS90014", "AADSTS90023", "AADSTS9002313", "AADSTS90100", "AADSTS900144", "AADSTS900561",
            "AADSTS70003", "AADSTS70005"],
        headline: "Entra cannot read the token request",
        meaning: "A parameter is missing or malformed: a mistake of the client, or of something that changes its requests.",
        remedy: "report it with Entra's message; never send along the values of the request",
        elsewhere: "compare the request with Entra's message: it names the parameter; empty variables are the usual cause",
        owner: ThisTask,
        again: No,
    }
    NO_TENANT {
        name: "AADSTS50194",
        codes: ["AADSTS50194", "AADSTS9001023", "AADSTS50059", "AADSTS50128", "AADSTS90019"],
        headline: "the token request names no tenant",
        meaning: "An application signs in to one tenant; 'common' and 'organizations' stand for none.",
        remedy: "set the tenant's GUID (in the service connection, or in the input tenantId)",
        owner: PipelineAuthor,
        again: No,
    }
    UNKNOWN_AUTHORITY {
        name: "AADSTS50049",
        codes: ["AADSTS50049"],
        headline: "the authority's host is not one of Entra",
        meaning: "Entra does not know the host as one of its clouds.",
        remedy: "correct the input authorityHost, or leave it out: the public cloud's is https://login.microsoftonline.com",
        owner: PipelineAuthor,
        again: No,
    }
    OTHER_CLOUD {
        name: "AADSTS90038",
        codes: ["AADSTS90038", "AADSTS900382", "AADSTS900432", "AADSTS90051"],
        headline: "the tenant lives in another cloud",
        meaning: "Identities of one cloud cannot sign in to another. Azure DevOps Services is in the public cloud.",
        remedy: "use an identity of the tenant that the organization is connected to, and its cloud's authority in the input \
            authorityHost",
        owner: PipelineAuthor,
        again: No,
    }
    REGION_REFUSED {
        name: "AADSTS100007",
        codes: ["AADSTS100007"],
        headline: "the application may not use the regional authority",
        meaning: "Not every application may use Entra's addresses of single regions.",
        remedy: "set the input authorityHost to https://login.microsoftonline.com, or leave it out",
        owner: PipelineAuthor,
        again: No,
    }
}
