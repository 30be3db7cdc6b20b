//! What the machine says of its managed identity.

use std::path::PathBuf;

use super::Job;
use crate::identity::managed_identity::{Machine, Workload};
use crate::kernel::secret::MachineSecret;

impl Job {
    /// What the machine says of its managed identity.
    pub fn machine(&self) -> Machine {
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let secret = |name: &str| self.variable(name).map(MachineSecret::new);
        let folder = |variable: &str, unix: &str, below: &str| match self.variable(variable).filter(|_| cfg!(windows)) {
            Some(base) => PathBuf::from(base).join("AzureConnectedMachineAgent").join(below),
            None => PathBuf::from(unix),
        };
        let workload = self.variable("AZURE_FEDERATED_TOKEN_FILE").map(|file| Workload {
            token_file: PathBuf::from(file),
            client_id: text("AZURE_CLIENT_ID"),
            tenant_id: text("AZURE_TENANT_ID"),
            authority: text("AZURE_AUTHORITY_HOST"),
        });
        Machine {
            identity_endpoint: text("IDENTITY_ENDPOINT"),
            identity_header: secret("IDENTITY_HEADER"),
            identity_server_thumbprint: text("IDENTITY_SERVER_THUMBPRINT"),
            imds_endpoint: text("IMDS_ENDPOINT"),
            msi_endpoint: text("MSI_ENDPOINT"),
            msi_secret: secret("MSI_SECRET"),
            default_client_id: text("DEFAULT_IDENTITY_CLIENT_ID"),
            imds_host: text("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            arc_program: folder("ProgramFiles", "/opt/azcmagent/bin/himds", "himds.exe"),
            arc_keys: folder("ProgramData", "/var/opt/azcmagent/tokens", "Tokens"),
            workload,
        }
    }
}
