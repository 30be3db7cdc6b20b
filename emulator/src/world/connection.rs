//! Service connections.

/// A service connection.
#[derive(Clone, Debug)]
pub struct ServiceConnection {
    /// Its GUID.
    pub id: String,
    /// Name, as written in YAML.
    pub name: String,
    /// Organization that owns it.
    pub organization: String,
    /// Project that owns it.
    pub project: String,
    /// Address, the `ENDPOINT_URL_<id>` of a task.
    pub url: String,
    /// Scheme: `WorkloadIdentityFederation`, `ServicePrincipal` or `ManagedServiceIdentity`.
    pub scheme: String,
    /// Client id of the application; a `ManagedServiceIdentity` connection passes none on.
    pub client_id: String,
    /// Tenant in which the assertion is exchanged.
    pub tenant: String,
    /// Who signs the assertion.
    pub issuer: AssertionIssuer,
    /// Further authorization parameters.
    pub parameters: Vec<(String, String)>,
    /// Data fields.
    pub data: Vec<(String, String)>,
}

/// Who signs the assertions of a service connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionIssuer {
    /// Microsoft Entra; every connection made since March 2025.
    Entra,
    /// Azure DevOps itself (`vstoken.dev.azure.com`), with a `sc://` subject; ends in July 2027.
    AzureDevOps,
}
