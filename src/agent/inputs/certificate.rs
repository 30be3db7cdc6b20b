//! The certificate that the inputs or a service connection give.

use std::sync::Arc;

use super::{InputError, one_of, secret, text};
use crate::agent::job::Job;
use crate::disk;
use crate::identity::Proof;
use crate::identity::certificate::{Certificate, Chain};
use crate::kernel::secret::{CertificateContent, Password};

const NAME: &str = "clientCertificate";
const PASSWORD: &str = "clientCertificatePassword";

/// The certificate of the inputs: a file, or the text itself.
pub(super) fn proof(job: &Job) -> Result<Proof, InputError> {
    let given = text(job, NAME)?.ok_or(InputError::Missing { name: NAME })?;
    let password = secret(job, PASSWORD)?.map(Password::new);
    let content = if is_text(given) { given.as_bytes().to_vec() } else { file(job, given)? };
    read(job, &content, password.as_ref())
}

/// The certificate of a service connection, key and certificate in one PEM text.
pub(super) fn of_endpoint(job: &Job, content: &CertificateContent) -> Result<Proof, InputError> {
    read(job, content.reveal().as_bytes(), None)
}

/// Whether a value is the certificate itself and no path: PEM, base64, or what a log shows in its place.
pub(super) fn is_text(given: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_ \r\n".contains(&byte);
    given.contains("-----BEGIN")
        || given.contains("***")
        || given.contains('\n')
        || given.len() > SHORTEST_BASE64 && given.bytes().all(base64)
}

/// A key of fewer characters there is none, and paths so long have an ending, with a dot.
const SHORTEST_BASE64: usize = 100;

/// No error repeats a value without a dot: it may be a part of a key.
fn file(job: &Job, given: &str) -> Result<Vec<u8>, InputError> {
    let path = job.default_working_directory().unwrap_or_default().join(given);
    let value = if given.contains('.') { path.display().to_string() } else { "…".to_owned() };
    let refused = |reason: String| InputError::Refused { name: NAME, value: value.clone(), reason };
    let bytes = disk::read(&path).map_err(|error| refused(error.to_string()))?;
    bytes.ok_or_else(|| {
        refused("there is no such file below the default working directory, and it is no PEM text".to_owned())
    })
}

fn read(job: &Job, content: &[u8], password: Option<&Password>) -> Result<Proof, InputError> {
    let chain = match one_of(job, "sendCertificateChain", &["true", "false"])? {
        Some("true") => Chain::Sent,
        _ => Chain::Omitted,
    };
    let certificate = Certificate::read(content, password).map_err(Box::new)?;
    Ok(Proof::Certificate(Arc::new(certificate), chain))
}
