//! The certificate that the inputs or a service connection give.

use super::InputError;
use crate::agent::job::Job;
use crate::identity::Proof;
use crate::identity::secret::CertificateContent;

pub(super) fn proof(_job: &Job) -> Result<Proof, InputError> {
    Err(InputError::Missing { name: "clientCertificate" })
}

pub(super) fn of_endpoint(_content: &CertificateContent) -> Result<Proof, InputError> {
    Err(InputError::Missing { name: "clientCertificate" })
}
