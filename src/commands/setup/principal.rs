//! Who acts in the organization, and what is told of it.

use super::design::Trusted;
use super::unknown::Unknown;
use super::value::Value;
use crate::cli::{IdentityKind, Setup};
use crate::diagnosis::Explanation;
use crate::kernel::guid::Guid;

const DEFAULT_NAME: &str = "ado-entra-auth";

/// Who acts in the organization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principal {
    /// A user-assigned managed identity to make.
    NewManagedIdentity {
        /// Its name.
        name: String,
        /// Its resource group.
        resource_group: Value,
        /// Its region; where there is none, that of the group.
        location: Option<String>,
    },
    /// A user-assigned managed identity that exists.
    ManagedIdentity {
        /// Its client id.
        client_id: Guid,
        /// Its name.
        name: Value,
        /// Its resource group.
        resource_group: Value,
    },
    /// An application to register.
    NewApplication {
        /// Its name.
        name: String,
    },
    /// A registered application.
    Application {
        /// Its client id.
        client_id: Guid,
        /// Its unique name, which Bicep needs.
        name: Value,
    },
}

/// The identity that the arguments ask for.
pub fn of(arguments: &Setup, trusted: &Trusted) -> Result<Principal, Explanation> {
    let across_tenants = matches!(trusted, Trusted::ManagedIdentity { .. });
    let name = arguments.name.clone();
    if across_tenants || arguments.identity == IdentityKind::Application {
        if arguments.resource_group.is_some() || arguments.location.is_some() {
            return Err(Explanation {
                headline: "an application has no resource group and no location".to_owned(),
                facts: Vec::new(),
                cause: None,
                remedy: "leave --resource-group and --location out".to_owned(),
            });
        }
        return Ok(match arguments.application.or(arguments.client_id) {
            Some(client_id) => {
                Principal::Application { client_id, name: Value::or(name.as_ref(), Unknown::ApplicationName) }
            }
            None => Principal::NewApplication { name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()) },
        });
    }
    if let Some(name) = name.as_ref().filter(|name| !names_managed_identity(name)) {
        return Err(Explanation {
            headline: format!("'{name}' is no name for a managed identity"),
            facts: Vec::new(),
            cause: None,
            remedy: "set --name to 3 to 128 letters, digits, '-' and '_' that begin with a letter or digit".to_owned(),
        });
    }
    let resource_group = Value::or(arguments.resource_group.as_ref(), Unknown::ResourceGroup);
    Ok(match arguments.client_id {
        Some(client_id) => {
            let name = Value::or(name.as_ref(), Unknown::IdentityName);
            Principal::ManagedIdentity { client_id, name, resource_group }
        }
        None => Principal::NewManagedIdentity {
            name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
            resource_group,
            location: arguments.location.clone(),
        },
    })
}

/// Microsoft, "Naming rules and restrictions for Azure resources", Microsoft.ManagedIdentity.
fn names_managed_identity(name: &str) -> bool {
    (3..=128).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
