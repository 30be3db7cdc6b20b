//! What is read here was written by `openssl`, and what is signed here is verified by it.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests make files and start openssl")]

mod bytes;
mod formats;
mod hostile;
mod mending;
mod signing;
mod troubles;
pub(crate) mod workshop;

use super::{Certificate, CertificateError};
use crate::kernel::secret::Password;
use workshop::Workshop;

/// Reads what should be a certificate.
fn read(content: &[u8], password: Option<&str>) -> Result<Certificate, CertificateError> {
    Certificate::read(content, password.map(Password::new).as_ref())
}

/// Reads what should be refused.
fn refusal(content: &[u8], password: Option<&str>) -> CertificateError {
    match read(content, password) {
        Ok(certificate) => panic!("it was read: {certificate:?}"),
        Err(error) => error,
    }
}
