//! The workload identity of AKS: a token that Kubernetes renews in a file.

use std::path::Path;

use super::ManagedIdentityError;
use crate::disk;
use crate::identity::claims;
use crate::kernel::secret::Assertion;

/// Reads the token, anew for each use: it lives an hour, and Kubernetes replaces it before.
pub fn assertion(path: &Path) -> Result<Assertion, ManagedIdentityError> {
    let failed = |reason: String| ManagedIdentityError::TokenFile { path: path.display().to_string(), reason };
    let bytes = disk::read(path).map_err(|error| failed(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| failed("there is no such file".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is no text".to_owned()))?;
    match text.trim() {
        "" => Err(failed("it is empty".to_owned())),
        token if claims::read(token).is_none() => Err(failed("it holds no JWT".to_owned())),
        token => Ok(Assertion::new(token)),
    }
}
