//! Entra looks for the application, the tenant and what is asked for.

super::causes! { Application:
    UNKNOWN_APPLICATION {
        name: "AADSTS700016",
        codes: ["AADSTS700016", "AADSTS700011", "AADSTS70001"],
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
        remedy: "correct the tenant id (of the service connection, or the input tenantId): give the tenant's GUID",
        owner: PipelineAuthor,
        again: No,
    }
    UNKNOWN_RESOURCE {
        name: "AADSTS500011",
        codes: ["AADSTS500011"],
        headline: "Azure DevOps is not known in this tenant",
        meaning: "The identity's tenant has no enterprise application of Azure DevOps: mostly since no organization was ever connected \
            to it, so that it is the wrong tenant.",
        remedy: "use the tenant that the Azure DevOps organization is connected to",
        owner: PipelineAuthor,
        again: No,
    }
}
