//! Who a token is for: applications and managed identities, and what each signs in with.

/// An application with its service principal, or a managed identity.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// Client id.
    pub client_id: String,
    /// Object id of the service principal (the "enterprise application") in the home tenant; what an organization lists as its
    /// user.
    pub object_id: String,
    /// Name shown by Azure DevOps.
    pub display_name: String,
    /// What kind of identity this is.
    pub kind: IdentityKind,
    /// Home tenant.
    pub tenant: String,
    /// Further tenants in which a service principal exists.
    pub other_tenants: Vec<String>,
    /// Tenant and object id of the service principals there. A tenant that is missing here has the object id of the home one.
    pub object_ids_elsewhere: Vec<(String, String)>,
    /// A disabled application gets AADSTS7000112.
    pub disabled: bool,
    /// What the application trusts.
    pub federated_credentials: Vec<FederatedCredential>,
    /// Client secrets and whether each has expired.
    pub secrets: Vec<(String, bool)>,
    /// Certificates whose keys may sign assertions of the application's own.
    pub certificates: Vec<RegisteredCertificate>,
}

/// What kind of identity an [`Application`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdentityKind {
    /// An app registration.
    #[default]
    AppRegistration,
    /// A user-assigned managed identity; the only managed one whose tokens a federated credential may trust.
    UserAssigned {
        /// `/subscriptions/…/userAssignedIdentities/…`.
        resource_id: String,
    },
    /// The identity of a machine itself.
    SystemAssigned,
}

/// A certificate, or a rule about certificates, that an application signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisteredCertificate {
    /// Exactly this certificate, DER; an assertion names it by thumbprint.
    Exact(Vec<u8>),
    /// Every certificate with this common name that this authority issued; an assertion brings it along in `x5c`.
    SubjectName {
        /// Common name of the subject.
        common_name: String,
        /// Certificate of the authority, DER.
        issuer: Vec<u8>,
    },
}

/// A trust record: assertions of this issuer and subject may act as the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedCredential {
    /// Exact `iss`.
    pub issuer: String,
    /// Exact `sub`.
    pub subject: String,
    /// Exact `aud`, save that Entra's own assertions name [`super::EXCHANGE_AUDIENCE`] by its id.
    pub audience: String,
}

impl Application {
    /// Whether a service principal exists in this tenant.
    pub fn is_in(&self, tenant: &str) -> bool {
        self.tenant == tenant || self.other_tenants.iter().any(|other| other == tenant)
    }

    /// The object id of the service principal in this tenant.
    pub fn object_id_in(&self, tenant: &str) -> &str {
        let elsewhere = self.object_ids_elsewhere.iter().find(|(other, _)| other == tenant);
        elsewhere.map_or(self.object_id.as_str(), |(_, object_id)| object_id)
    }
}
