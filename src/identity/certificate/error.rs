//! Why a certificate cannot be used.

use crate::diagnosis::Explain;
use crate::diagnosis::causes::{Cause, credential};
use crate::kernel::clock::rfc3339;

/// Why a certificate cannot be used. No variant holds anything of a key or a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// Nothing is there.
    #[error("the client certificate is empty")]
    Empty,
    /// The agent's mask in place of the secret.
    #[error("the client certificate holds '***', a secret as logs show it, in place of the secret itself")]
    Masked,
    /// A variable that had no value.
    #[error("the client certificate is '$({name})': there is no variable of that name in this job")]
    Unexpanded {
        /// The variable's name.
        name: String,
    },
    /// More than any certificate with its chain.
    #[error("the client certificate is larger than a mebibyte")]
    TooLarge,
    /// Neither PEM nor PKCS#12.
    #[error("the client certificate is neither a PEM text nor a PFX (PKCS#12) file")]
    Unknown,
    /// A block without its end.
    #[error("the PEM text ends before '-----END …' of {block}")]
    Unfinished {
        /// Which block.
        block: Block,
    },
    /// No base64 between the lines.
    #[error("the base64 of {block} of the PEM text is broken")]
    Base64 {
        /// Which block.
        block: Block,
    },
    /// Base64 of something else.
    #[error("{block} of the PEM text does not hold what it says, or not all of it")]
    Content {
        /// Which block.
        block: Block,
    },
    /// A PKCS#12 file that is none.
    #[error("the PFX (PKCS#12) file is damaged, or is no such file")]
    Damaged,
    /// No private key.
    #[error("the client certificate comes without its private key{}", .found.map(|found| format!("; it holds {found}")).unwrap_or_default())]
    NoKey {
        /// What is there in its place.
        found: Option<&'static str>,
    },
    /// No certificate.
    #[error("the private key comes without its certificate{}", .found.map(|found| format!("; it holds {found}")).unwrap_or_default())]
    NoCertificate {
        /// What is there in its place.
        found: Option<&'static str>,
    },
    /// A key with `Proc-Type: 4,ENCRYPTED`.
    #[error("the private key is encrypted in OpenSSL's traditional form (Proc-Type: 4,ENCRYPTED), which is not read")]
    OldEncryption,
    /// A key as ssh-keygen writes it.
    #[error("the private key is in the form of OpenSSH, which is not read")]
    OpenSsh,
    /// Encrypted, and no password was given.
    #[error("the client certificate is encrypted, and no password is set")]
    PasswordMissing,
    /// Encrypted with another password.
    #[error("the password of the client certificate is wrong")]
    PasswordWrong,
    /// Encrypted in a way that is not known here.
    #[error("the client certificate is encrypted in a way that is not read (scheme {scheme})")]
    Encryption {
        /// The scheme's object identifier.
        scheme: String,
    },
    /// The password's check would take too long.
    #[error(
        "the client certificate asks for so many rounds of its password's hash that reading it would not end in time"
    )]
    TooMuchWork,
    /// A key of another kind than RSA.
    #[error("the private key is {kind} key; Entra takes only RSA keys")]
    NotRsa {
        /// Of which kind, with its article.
        kind: &'static str,
    },
    /// A weak key.
    #[error("the private key is an RSA key of {bits} bits; Entra takes 2048 bits and more")]
    TooShort {
        /// Its length.
        bits: usize,
    },
    /// Numbers that are no key.
    #[error("the private key is damaged, or is longer than 8192 bits")]
    KeyRejected,
    /// A key and a stranger's certificate.
    #[error("the private key belongs to none of the certificates beside it")]
    Mismatch {
        /// The certificates' SHA-1 thumbprints.
        thumbprints: Vec<String>,
    },
    /// Too early.
    #[error("the client certificate is not valid before {}, and it is {}", rfc3339(*.from_seconds), rfc3339(*.now_seconds))]
    NotYetValid {
        /// From when on it is valid, in seconds since 1970.
        from_seconds: u64,
        /// The agent's clock, in seconds since 1970.
        now_seconds: u64,
        /// Which one.
        shown: Shown,
    },
    /// Too late.
    #[error("the client certificate has expired on {}, and it is {}", rfc3339(*.until_seconds), rfc3339(*.now_seconds))]
    Expired {
        /// Until when it was valid, in seconds since 1970.
        until_seconds: u64,
        /// The agent's clock, in seconds since 1970.
        now_seconds: u64,
        /// Which one.
        shown: Shown,
    },
    /// The library did not sign.
    #[error("the client certificate's key did not sign")]
    Signing,
}

/// A block of a PEM text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Block {
    /// Its number, from 1.
    pub number: usize,
    /// What it says that it holds, where that is one of the names in use.
    pub label: Option<&'static str>,
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "block {}", self.number)?;
        self.label.map_or(Ok(()), |label| write!(f, " ({label})"))
    }
}

/// What tells a certificate from another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown {
    /// Whose it is.
    pub subject: String,
    /// Its SHA-1 thumbprint, as the Azure portal shows it.
    pub thumbprint: String,
}

/// The form of PKCS#12 that is read, made of one that is not.
const AS_NEW_PFX: &str = "convert it: `openssl pkcs12 -legacy -in OLD.pfx -nodes -out all.pem` and `openssl pkcs12 -export \
                          -in all.pem -out NEW.pfx`, and delete all.pem";

impl Explain for CertificateError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotYetValid { shown, .. } | Self::Expired { shown, .. } => {
                vec![("subject", shown.subject.clone()), ("thumbprint", shown.thumbprint.clone())]
            }
            Self::Mismatch { thumbprints } => {
                thumbprints.iter().map(|thumbprint| ("thumbprint", thumbprint.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Empty => "set the path of a PEM or PFX file, or the PEM text itself".to_owned(),
            Self::Masked => "store the certificate in the secret again, from its file and not from a log".to_owned(),
            Self::Unexpanded { name } => format!(
                "define the secret variable {name}, or link the variable group or key vault that holds it to the pipeline"
            ),
            Self::TooLarge => "set a file with only the key, its certificate and the certificates of its issuers".to_owned(),
            Self::Unknown => "set a PFX file, or a PEM text with '-----BEGIN PRIVATE KEY-----' and '-----BEGIN CERTIFICATE-----'"
                .to_owned(),
            Self::Unfinished { .. } | Self::Base64 { .. } | Self::Content { .. } => {
                "store the whole PEM text again, from its file; a secure file keeps it as it is".to_owned()
            }
            Self::Damaged => "store the file again, in binary form (or as base64 in a secret), or export it again".to_owned(),
            Self::NoKey { .. } => "set the private key beside the certificate: a PFX that was exported with its key, or a PEM \
                                   text with both"
                .to_owned(),
            Self::NoCertificate { .. } => "add the certificate that is registered with the application to the key, both in one \
                                           text"
                .to_owned(),
            Self::OldEncryption => {
                "convert the key: `openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem`, and put the certificate beside it".to_owned()
            }
            Self::OpenSsh => "convert a copy of the key: `ssh-keygen -p -m PKCS8 -f COPY`".to_owned(),
            Self::PasswordMissing => "set its password in 'clientCertificatePassword', as $(name) of a secret variable".to_owned(),
            Self::PasswordWrong => "correct the password; blanks around it count".to_owned(),
            Self::Encryption { .. } => format!(
                "{AS_NEW_PFX}; a key in PEM: `openssl pkcs8 -in OLD.pem -out clear.pem`, `openssl pkcs8 -topk8 -in clear.pem -out \
                 NEW.pem`, and delete clear.pem"
            ),
            Self::TooMuchWork => "write it again with fewer rounds: `openssl pkcs12 -export -iter 600000` or `openssl pkcs8 -topk8 \
                                  -iter 600000`"
                .to_owned(),
            Self::NotRsa { .. } | Self::TooShort { .. } => {
                "make a certificate with an RSA key of 2048 bits or more, and register it with the application".to_owned()
            }
            Self::KeyRejected => "export the certificate with its key again".to_owned(),
            Self::Mismatch { .. } => "set the certificate that was made for this key, or the key of this certificate".to_owned(),
            Self::NotYetValid { .. } => "correct the agent's clock, or wait".to_owned(),
            Self::Expired { .. } => {
                "make a new certificate, register it with the application, and set it here; or correct the agent's clock".to_owned()
            }
            Self::Signing => "export the certificate with its key again; if that does not help, please report it".to_owned(),
        }
    }

    fn cause(&self) -> Option<&'static Cause> {
        match self {
            Self::Empty
            | Self::Masked
            | Self::Unexpanded { .. }
            | Self::TooLarge
            | Self::Unknown
            | Self::Unfinished { .. }
            | Self::Base64 { .. }
            | Self::Content { .. }
            | Self::Damaged
            | Self::NoCertificate { .. }
            | Self::OldEncryption
            | Self::OpenSsh
            | Self::Encryption { .. }
            | Self::TooMuchWork
            | Self::KeyRejected => Some(&credential::CERTIFICATE_UNREADABLE),
            Self::NoKey { .. } => Some(&credential::CERTIFICATE_WITHOUT_KEY),
            Self::PasswordMissing | Self::PasswordWrong => Some(&credential::CERTIFICATE_PASSWORD),
            Self::NotRsa { .. } => Some(&credential::CERTIFICATE_NOT_RSA),
            Self::TooShort { .. } => Some(&credential::WEAK_KEY),
            Self::Mismatch { .. } => Some(&credential::CERTIFICATE_OF_ANOTHER_KEY),
            Self::NotYetValid { .. } | Self::Expired { .. } => Some(&credential::CERTIFICATE_EXPIRED),
            Self::Signing => None,
        }
    }
}

impl From<der::Error> for CertificateError {
    fn from(_: der::Error) -> Self {
        Self::Damaged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::causes::find_in;

    #[test]
    fn a_pasted_message_leads_to_its_row() {
        let shown = || Shown { subject: "CN=x".into(), thumbprint: "00".into() };
        for error in [
            CertificateError::Unknown,
            CertificateError::Damaged,
            CertificateError::NoKey { found: None },
            CertificateError::PasswordMissing,
            CertificateError::PasswordWrong,
            CertificateError::NotRsa { kind: "an EC" },
            CertificateError::TooShort { bits: 1024 },
            CertificateError::Mismatch { thumbprints: Vec::new() },
            CertificateError::NotYetValid { from_seconds: 2, now_seconds: 1, shown: shown() },
            CertificateError::Expired { until_seconds: 1, now_seconds: 2, shown: shown() },
        ] {
            assert_eq!(find_in(&error.to_string()), Explain::cause(&error), "{error}");
        }
    }
}
