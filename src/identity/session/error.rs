//! Why an organization gets no token.

use crate::azure_devops::probe::ProbeError;
use crate::diagnosis::causes::{self, Cause};
use crate::diagnosis::{Explain, Explanation};
use crate::identity::tokens::TokenError;
use crate::kernel::organization::Organization;

/// Why an organization gets no token.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is none.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is none in the organization's tenant, which is not the identity's own.
    #[error(
        "the organization {organization} belongs to another tenant than the identity, which gets no token there: {error}"
    )]
    OtherTenant {
        /// The organization.
        organization: Organization,
        /// Its tenant.
        tenant: String,
        /// The identity's tenant.
        home: String,
        /// What was said there.
        error: TokenError,
    },
    /// The machine's token is one of another tenant.
    #[error("the organization {organization} belongs to another tenant than the managed identity")]
    MachineOfAnotherTenant {
        /// The organization.
        organization: Organization,
        /// Its tenant.
        tenant: String,
        /// The token's tenant.
        home: String,
    },
    /// The organization has no tenant.
    #[error(
        "the organization {organization} is not connected to Microsoft Entra, so it takes no tokens of applications"
    )]
    NoTenant {
        /// The organization.
        organization: Organization,
    },
    /// The organization does not accept the token.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

impl Explain for SignInError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let tenants = |tenant: &String, home: &String| {
            vec![("organization's tenant", tenant.clone()), ("identity's tenant", home.clone())]
        };
        match self {
            Self::Token(error) => error.facts(),
            Self::OtherTenant { tenant, home, error, .. } => {
                let mut facts = tenants(tenant, home);
                facts.extend(error.facts());
                facts
            }
            Self::MachineOfAnotherTenant { tenant, home, .. } => tenants(tenant, home),
            Self::NoTenant { .. } => Vec::new(),
            Self::Probe(error) => error.facts(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Token(error) => error.remedy(),
            Self::OtherTenant { tenant, .. } => format!(
                "use an identity of the tenant {tenant}; or an application that both tenants know, with the managed identity \
                 of the agent ('connectionType: managedIdentity', 'federatedClientId'), a secret or a certificate"
            ),
            Self::MachineOfAnotherTenant { .. } => {
                "create an application that both tenants know and that trusts this managed identity by a federated credential. Then \
                 set connectionType: managedIdentity, with the identity's client id in 'clientId' and the application's in \
                 'federatedClientId'"
                    .to_owned()
            }
            Self::NoTenant { .. } => {
                "connect the organization to Entra (Organization settings, Microsoft Entra)".to_owned()
            }
            Self::Probe(error) => error.remedy(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Token(error) | Self::OtherTenant { error, .. } => error.cause(),
            Self::MachineOfAnotherTenant { .. } => Some(&causes::organization::WRONG_TENANT),
            Self::NoTenant { .. } => Some(&causes::organization::NO_TENANT),
            Self::Probe(error) => error.cause(),
        }
    }
}

impl SignInError {
    /// Why an organization that nobody asked for is left out, in one clause; nothing where the trouble is the run's own.
    pub fn leaves_out(&self) -> Option<String> {
        match self {
            Self::OtherTenant { .. } | Self::MachineOfAnotherTenant { .. } | Self::NoTenant { .. } => {
                Some(Explanation::of(self).headline)
            }
            Self::Probe(error) if error.is_refusal() => Some(error.to_string()),
            Self::Token(error) if error.is_refusal() => Some(error.to_string()),
            Self::Token(_) | Self::Probe(_) => None,
        }
    }
}
