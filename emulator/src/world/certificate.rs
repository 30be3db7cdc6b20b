//! Certificates of clients: fixed pairs of key and certificate, made with openssl.
//!
//! Fixed, because making an RSA key takes longer than everything else at the start, and because two of them (a key too short, a
//! time that is over) are what nobody makes any more. They protect nothing: no service outside this process knows them.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A key and its certificate, as a client holds them.
#[derive(Clone, Copy, Debug)]
pub struct ClientCertificate {
    /// Private key, PKCS#8 PEM.
    pub key_pem: &'static str,
    /// Certificate, PEM.
    pub certificate_pem: &'static str,
}

impl ClientCertificate {
    /// Key and certificate in one text, as a service connection keeps them.
    pub fn pem(&self) -> String {
        format!("{}{}", self.key_pem, self.certificate_pem)
    }

    /// The certificate, DER.
    pub fn der(&self) -> Vec<u8> {
        der(self.certificate_pem)
    }
}

/// RSA 2048, valid for a century; registered for [`super::CERTIFICATE_CLIENT`].
pub const CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: include_str!("../../keys/client.pem"),
    certificate_pem: include_str!("../../keys/client_certificate.pem"),
};
/// The same key in a certificate that ended with the year 2020; registered.
pub const EXPIRED_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: CERTIFICATE.key_pem,
    certificate_pem: include_str!("../../keys/expired_certificate.pem"),
};
/// RSA 1024; registered, though Entra does not take such keys.
pub const WEAK_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: include_str!("../../keys/weak.pem"),
    certificate_pem: include_str!("../../keys/weak_certificate.pem"),
};
/// An elliptic key (P-256); registered, though Entra does not take such keys.
pub const ELLIPTIC_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: include_str!("../../keys/elliptic.pem"),
    certificate_pem: include_str!("../../keys/elliptic_certificate.pem"),
};
/// RSA 2048 with the common name of [`CERTIFICATE`], registered nowhere.
pub const UNREGISTERED_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: include_str!("../../keys/stranger.pem"),
    certificate_pem: include_str!("../../keys/stranger_certificate.pem"),
};
/// Issued by the authority that [`super::NAMED_CERTIFICATE_CLIENT`] trusts, with the common name it trusts.
pub const NAMED_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: CERTIFICATE.key_pem,
    certificate_pem: include_str!("../../keys/named_certificate.pem"),
};
/// Issued by the same authority with another common name.
pub const OTHER_NAME_CERTIFICATE: ClientCertificate = ClientCertificate {
    key_pem: CERTIFICATE.key_pem,
    certificate_pem: include_str!("../../keys/other_name_certificate.pem"),
};
/// The certificate of that authority, PEM.
pub const NAME_AUTHORITY_PEM: &str = include_str!("../../keys/name_authority_certificate.pem");
/// Common name of [`NAMED_CERTIFICATE`].
pub const CERTIFICATE_NAME: &str = "deploy.contoso.example";

/// The bytes of a PEM text with a single block.
pub(super) fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(text).unwrap_or_default()
}
