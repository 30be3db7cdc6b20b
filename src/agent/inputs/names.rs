//! The names of the inputs, and which of them hold secrets.

use super::certificate;
use super::identity::{ARM_CONNECTION, CONNECTION};
use crate::agent::job::Job;

/// Every input of the task.
const NAMES: [&str; 22] = [
    "connectionType",
    "azureDevOpsServiceConnection",
    "workloadIdentityServiceConnection",
    "connectedServiceNameARM",
    "azureSubscription",
    "clientId",
    "tenantId",
    "clientSecret",
    "clientCertificate",
    "clientCertificatePassword",
    "tools",
    "feeds",
    "organizations",
    "workingDirectory",
    "gitCredential",
    "tokenVariable",
    "verify",
    "authorityHost",
    "federatedClientId",
    "sendCertificateChain",
    "propagationTimeout",
    "keepFresh",
];

/// How many of them, the first, say whose token is asked for.
const OF_THE_IDENTITY: usize = 10;

/// Whether an input says whose token is asked for. Others may be those of another task, whose script this process runs in.
pub fn name_an_identity(job: &Job) -> bool {
    NAMES[..OF_THE_IDENTITY].iter().any(|name| job.input(name).is_some())
}

/// Whether the task has an input of this name, without regard to case.
pub fn is_input(name: &str) -> bool {
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a value of this input is a secret, which belongs on no command line.
pub fn holds_a_secret(name: &str, value: &str) -> bool {
    let named = |secret: &str| name.eq_ignore_ascii_case(secret);
    // A reference to a variable, as a pipeline has it, tells nothing.
    let told = !value.trim().starts_with("$(");
    told && (named("clientSecret") || named("clientCertificatePassword"))
        || named("clientCertificate") && certificate::is_text(value)
}

/// The name of an input that an alias stands for, or the name itself.
pub fn canonical(name: &str) -> &str {
    let aliases = [("workloadIdentityServiceConnection", CONNECTION), ("azureSubscription", ARM_CONNECTION)];
    aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map_or(name, |(_, name)| name)
}
