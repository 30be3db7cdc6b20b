//! What a user may not have at hand, what it is called in each language, and where it is found.

/// Something that was not given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unknown {
    /// The organization's name.
    Organization,
    /// The organization's id.
    OrganizationId,
    /// The service connection's id.
    ConnectionId,
    /// The issuer of the service connection.
    Issuer,
    /// The subject of the service connection.
    Subject,
    /// The tenant of the identity.
    TenantId,
    /// The tenant of the organization.
    OrganizationTenantId,
    /// The resource group of the managed identity.
    ResourceGroup,
    /// The name of a managed identity that exists.
    IdentityName,
    /// The name under which Bicep finds an application that exists.
    ApplicationName,
}

impl Unknown {
    /// What it is, after an article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Organization => "organization name",
            Self::OrganizationId => "organization id",
            Self::ConnectionId => "service connection id",
            Self::Issuer => "issuer of the service connection",
            Self::Subject => "subject of the service connection",
            Self::TenantId => "tenant id of the identity",
            Self::OrganizationTenantId => "tenant id of the organization",
            Self::ResourceGroup => "resource group",
            Self::IdentityName => "name of the managed identity",
            Self::ApplicationName => "unique name of the application",
        }
    }

    /// The option of `setup` that takes it.
    pub fn option(self) -> &'static str {
        match self {
            Self::Organization => "--organization",
            Self::OrganizationId => "--organization-id",
            Self::ConnectionId => "--connection-id",
            Self::Issuer | Self::Subject | Self::TenantId => "--tenant-id",
            Self::OrganizationTenantId => "--organization-tenant-id",
            Self::ResourceGroup => "--resource-group",
            Self::IdentityName | Self::ApplicationName => "--name",
        }
    }

    /// Where it is found.
    pub fn place(self) -> &'static str {
        match self {
            Self::Organization => "in its address, as contoso in https://dev.azure.com/contoso",
            Self::OrganizationId => {
                "instanceId in https://dev.azure.com/<organization>/_apis/connectionData, opened in a browser that is signed in"
            }
            Self::ConnectionId => "resourceId in the address of the service connection's page",
            Self::Issuer | Self::Subject => "the service connection's page shows it",
            Self::TenantId => "Microsoft Entra admin center, Overview; or az account show --query tenantId",
            Self::OrganizationTenantId => "Organization settings, Microsoft Entra",
            Self::ResourceGroup => "Azure portal, Resource groups",
            Self::IdentityName => "Azure portal, Managed Identities",
            Self::ApplicationName => "uniqueName in the manifest of the app registration",
        }
    }

    /// A variable of bash and Terraform.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::OrganizationId => "organization_id",
            Self::ConnectionId => "connection_id",
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::TenantId => "tenant_id",
            Self::OrganizationTenantId => "organization_tenant_id",
            Self::ResourceGroup => "resource_group",
            Self::IdentityName => "identity_name",
            Self::ApplicationName => "application_name",
        }
    }

    /// A parameter of Bicep.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::OrganizationId => "organizationId",
            Self::ConnectionId => "connectionId",
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::TenantId => "tenantId",
            Self::OrganizationTenantId => "organizationTenantId",
            Self::ResourceGroup => "resourceGroupName",
            Self::IdentityName => "identityName",
            Self::ApplicationName => "applicationName",
        }
    }
}
