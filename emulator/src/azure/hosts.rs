//! The hosts of this Azure.

use crate::entra;

const EXACT: &[&str] =
    &["dev.azure.com", "pkgs.dev.azure.com", "feeds.dev.azure.com", "vssps.dev.azure.com", "vstoken.dev.azure.com"];

/// Whether a host (in lower case) is one of Azure's, of whatever organization.
pub(crate) fn is_azure(host: &str) -> bool {
    EXACT.contains(&host)
        || entra::is_authority(host)
        || host.ends_with(".visualstudio.com")
        || host.ends_with(".blob.core.windows.net")
}
