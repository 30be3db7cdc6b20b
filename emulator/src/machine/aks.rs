//! Workload identity of Azure Kubernetes Service: a file with a token of the cluster, which a federated credential trusts.

use super::Host;
use super::running::write_over;
use crate::vault::SecretKind;
use crate::world::{CLUSTER_ISSUER, CLUSTER_SUBJECT, EXCHANGE_AUDIENCE};
use crate::{clock, guid};
use anyhow::Context;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) fn environment(host: &Host) -> Vec<(&'static str, String)> {
    let client_id = host.machine.identities.first().cloned().unwrap_or_default();
    let tenant = host.state.world().application(&client_id).map(|a| a.tenant.clone()).unwrap_or_default();
    let file = host.folder.as_ref().map(|folder| token_file(folder.path()).display().to_string());
    vec![
        ("AZURE_CLIENT_ID", client_id),
        ("AZURE_TENANT_ID", tenant),
        ("AZURE_FEDERATED_TOKEN_FILE", file.unwrap_or_default()),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/".to_owned()),
    ]
}

/// The file in the pod's folder.
pub(super) fn token_file(folder: &Path) -> PathBuf {
    folder.join("azure-identity-token")
}

/// Writes a fresh token, which lives for an hour.
pub(super) fn renew(host: &Host) -> anyhow::Result<()> {
    let folder = host.folder.as_ref().context("this machine is no pod")?;
    let now = clock::now();
    let claims = json!({
        "iss": CLUSTER_ISSUER, "sub": CLUSTER_SUBJECT, "aud": [EXCHANGE_AUDIENCE], "iat": now, "nbf": now, "exp": now + 3_600,
        "jti": guid::random(), "kubernetes.io": { "namespace": "agents", "serviceaccount": { "name": "pipelines" } },
    });
    let token = host.state.keys.cluster.sign(&claims);
    host.state.vault().keep(SecretKind::Assertion, &token, claims);
    write_over(&token_file(folder.path()), &token)
}
