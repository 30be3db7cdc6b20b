//! Entra checks a client secret or a certificate; the files that hold one.

const SECRET: &str = "set the secret's value (not its id) in the service connection, or in a secret variable as clientSecret: $(name); \
    or make a new one (App registrations, Certificates & secrets). Mind $, ! and quotes where a script passes it on";
/// What to do where a certificate is not accepted.
pub const CERTIFICATE: &str = "upload the certificate's public part to the application (App registrations, Certificates & secrets), \
    compare the thumbprints, and set the private key that belongs to it. Renew it where it has expired. Where the \
    application trusts a subject name in place of a certificate, set sendCertificateChain: true";

super::causes! { Credential:
    WRONG_SECRET {
        name: "AADSTS7000215",
        codes: ["AADSTS7000215", "AADSTS70002"],
        headline: "the client secret is wrong",
        meaning: "Often it is the secret's id in place of its value, a value cut short by a shell, or the secret of another \
            application.",
        remedy: SECRET,
        owner: IdentityOwner,
        again: No,
    }
    SECRET_EXPIRED {
        name: "AADSTS7000222",
        codes: ["AADSTS7000222"],
        headline: "the client secret has expired",
        meaning: "A secret lives until the day that was chosen when it was made.",
        remedy: "make a new secret (App registrations, Certificates & secrets) and set it in the service connection or in clientSecret, or \
            move to workload identity federation, which has none",
        owner: IdentityOwner,
        again: No,
    }
    NO_CREDENTIAL {
        name: "AADSTS7000216",
        codes: ["AADSTS7000216", "AADSTS7000218"],
        headline: "the token request holds neither an assertion nor a secret",
        meaning: "The variable that should hold the secret may be empty, or a mistake of the client lost it.",
        remedy: "check that the variable behind clientSecret or clientCertificate has a value in this job; if it has, report the error",
        owner: PipelineAuthor,
        again: No,
    }
    PUBLIC_CLIENT {
        name: "AADSTS700025",
        codes: ["AADSTS700025"],
        headline: "the application is a public client, which must not present a credential",
        meaning: "Public clients are programs on the machines of users. A pipeline needs a confidential client.",
        remedy: "set 'Allow public client flows' of the application to No, or register another application",
        owner: IdentityOwner,
        again: No,
    }
    SIGNATURE_REFUSED {
        name: "AADSTS700027",
        codes: ["AADSTS700027", "AADSTS50012"],
        headline: "Entra could not verify the assertion's signature",
        meaning: "With a certificate: it is not registered with the application, has expired, or is not the one of the private key. A key whose \
            line breaks were lost on the way (a literal \\n) has the same effect.",
        remedy: "with a certificate: upload its public part to the application (App registrations, Certificates & secrets), compare the \
            thumbprints, and set the private key that belongs to it. Renew it where it has expired. Where the application trusts a \
            subject name in place of a certificate, set sendCertificateChain: true. With a service connection: run again, and if it \
            stays, convert it to Entra's issuer",
        owner: IdentityOwner,
        again: No,
    }
    SUBJECT_NAME_REFUSED {
        name: "AADSTS700030",
        codes: ["AADSTS700030"],
        headline: "the application does not trust the certificate's subject name",
        meaning: "The application is set up to trust certificates by issuer and subject name, and this one's is not on its list.",
        remedy: "add the certificate's subject name to those that the application trusts, or upload the certificate itself",
        owner: IdentityOwner,
        again: No,
    }
    NO_KEY_REGISTERED {
        name: "AADSTS50003",
        codes: ["AADSTS50003", "AADSTS50146"],
        headline: "the application has no key or certificate to verify with",
        meaning: "Entra misses the key that the application must have for this request.",
        remedy: CERTIFICATE,
        owner: IdentityOwner,
        again: No,
    }
    ISSUER_IS_NOT_SUBJECT {
        name: "AADSTS50048",
        codes: ["AADSTS50048"],
        headline: "issuer and subject of the signed assertion differ",
        meaning: "Both must be the client id in an assertion that is signed with a certificate.",
        remedy: "report it",
        elsewhere: "have the client write the client id into both claims, iss and sub",
        owner: ThisTask,
        again: No,
    }
    WEAK_KEY {
        name: "AADSTS50032",
        codes: ["AADSTS50032"],
        signs: [["Entra takes 2048 bits and more"]],
        headline: "the RSA key is too short",
        meaning: "Entra wants 2048 bits or more.",
        remedy: "make a certificate with an RSA key of 2048 bits or more, and upload its public part to the application",
        owner: IdentityOwner,
        again: No,
    }
    CERTIFICATE_UNREADABLE {
        name: "certificate-unreadable",
        signs: [["client certificate is neither a PEM text nor a PFX"], ["PEM text ends before"], ["of the PEM text is broken"],
            ["PFX (PKCS#12) file is damaged"]],
        hints: [["client certificate", "cannot be read"]],
        headline: "the client certificate cannot be read",
        meaning: "The content of the input or of its file is damaged, in a form that is not read, or neither PEM nor a PFX (PKCS 12) file. A PEM \
            text whose line breaks were lost on the way cannot be read either.",
        remedy: "set clientCertificate to the path of a PEM or PFX file, or the PEM text itself with its line breaks; a secure file \
            keeps them",
        owner: PipelineAuthor,
        again: No,
    }
    CERTIFICATE_PASSWORD {
        name: "certificate-password",
        signs: [["password of the client certificate is wrong"], ["client certificate is encrypted, and no password"]],
        hints: [["client certificate", "password", "wrong"]],
        headline: "the password does not open the client certificate",
        meaning: "The PFX file or the private key is encrypted, and the password is missing or another.",
        remedy: "set clientCertificatePassword to the password, as $(name) of a secret variable",
        owner: PipelineAuthor,
        again: No,
    }
    CERTIFICATE_WITHOUT_KEY {
        name: "certificate-without-key",
        signs: [["client certificate comes without its private key"]],
        hints: [["client certificate", "no private key"]],
        headline: "the client certificate comes without its private key",
        meaning: "Signing needs the key. A .cer or .crt file holds only the public part.",
        remedy: "set a PFX file, or a PEM text that holds both the certificate and its private key",
        owner: PipelineAuthor,
        again: No,
    }
    CERTIFICATE_OF_ANOTHER_KEY {
        name: "certificate-of-another-key",
        signs: [["private key belongs to none of the certificates"]],
        hints: [["private key", "does not match", "client certificate"]],
        headline: "the private key is not the one of the client certificate",
        meaning: "Certificate and key come from two different pairs, as happens where one is renewed and the other is not.",
        remedy: "export certificate and key together once more, and set both",
        owner: PipelineAuthor,
        again: No,
    }
    CERTIFICATE_NOT_RSA {
        name: "certificate-not-rsa",
        signs: [["Entra takes only RSA keys"]],
        headline: "the client certificate's key is not an RSA key",
        meaning: "Entra documents RSA for certificates of applications.",
        remedy: "make a certificate with an RSA key of 2048 bits or more, and upload its public part to the application",
        owner: IdentityOwner,
        again: No,
    }
    CERTIFICATE_EXPIRED {
        name: "client-certificate-expired",
        codes: ["AADSTS1000502"],
        signs: [["client certificate has expired on"], ["client certificate is not valid before"]],
        hints: [["client certificate", "expired"], ["client certificate", "not yet valid"]],
        headline: "the client certificate has expired, or is not yet valid",
        meaning: "Its dates do not include today, by the agent's clock.",
        remedy: "renew the certificate and upload its public part to the application; if the dates are right, correct the agent's clock",
        owner: IdentityOwner,
        again: No,
    }
}
