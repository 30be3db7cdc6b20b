//! Secrets: a type each, so that the compiler keeps them apart, and none that can be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! secret {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the secret's text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The one door to the secret's text.
            pub fn reveal(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

secret! {
    /// A signed statement by an issuer that this job is who it says it is.
    ///
    /// Worthless to a feed: it must be exchanged for an [`AccessToken`] first.
    Assertion
}

secret! {
    /// What Entra gives for a proof of identity, and what the feeds and repositories take.
    AccessToken
}

secret! {
    /// The token that the agent gives every job (System.AccessToken): it asks Azure DevOps for the assertion.
    JobToken
}

secret! {
    /// A password of an application in Entra.
    ClientSecret
}

secret! {
    /// A certificate with its private key, as PEM text.
    CertificateContent
}

secret! {
    /// What a machine demands of a process that asks for its managed identity's token: a header's value, a key's content.
    MachineSecret
}

secret! {
    /// A password of a file or of the agent's own set-up: a certificate's, the proxy's.
    Password
}
