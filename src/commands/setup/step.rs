//! The task's step in the pipeline, which every format shows at its end.

use super::design::{Design, Trusted};
use super::principal::Principal;
use super::value::json;

/// What a format calls the ids that come to be only when it is followed.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// The client id of a new identity.
    pub client_id: &'static str,
    /// The tenant of the identity.
    pub tenant_id: &'static str,
}

/// The step as YAML, under what is to be known of it.
pub fn lines(design: &Design, made: Made) -> Vec<String> {
    let (before, inputs) = match &design.trusted {
        Trusted::Connection { connection, id, .. } => {
            let name = connection.clone().or(id.map(|id| id.to_string())).unwrap_or_default();
            let before = vec!["The step, in the stage that uses the connection:".to_owned()];
            (before, vec![("azureDevOpsServiceConnection", json(&name))])
        }
        Trusted::Pipeline { .. } => {
            let inputs = vec![
                ("connectionType", "pipeline".to_owned()),
                ("clientId", client_id(design, made)),
                ("tenantId", design.tenant.known().unwrap_or_else(|| format!("<{}>", made.tenant_id))),
            ];
            (vec!["The step:".to_owned()], inputs)
        }
        Trusted::ManagedIdentity { object_id, .. } => {
            let before = vec![
                "The managed identity's page (Azure portal > Managed Identities) shows its client id and its object (principal) id."
                    .to_owned(),
                "In its own tenant, the client id also comes of:".to_owned(),
                format!("  az identity list --query \"[?principalId=='{object_id}'].clientId\" --output tsv"),
                "The step, on an agent whose machine the managed identity is assigned to:".to_owned(),
            ];
            let inputs = vec![
                ("connectionType", "managedIdentity".to_owned()),
                ("clientId", "<client id of the managed identity>".to_owned()),
                ("federatedClientId", client_id(design, made)),
                ("organizations", design.organization.shown()),
            ];
            (before, inputs)
        }
    };
    let step = ["  - task: AdoEntraAuth@1".to_owned(), "    inputs:".to_owned()];
    let inputs = inputs.into_iter().map(|(name, value)| format!("      {name}: {value}"));
    before.into_iter().chain(step).chain(inputs).collect()
}

fn client_id(design: &Design, made: Made) -> String {
    match design.identity {
        Principal::ManagedIdentity { client_id, .. } | Principal::Application { client_id, .. } => {
            client_id.to_string()
        }
        Principal::NewManagedIdentity { .. } | Principal::NewApplication { .. } => format!("<{}>", made.client_id),
    }
}
