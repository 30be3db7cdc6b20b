//! How the agent reaches the network: its proxy, its authorities, its client certificate.

use super::Job;
use crate::disk;
use crate::http::Network;
use crate::identity::certificate::Bundle;
use crate::kernel::secret::{CertificateContent, Password};

impl Job {
    /// How the agent reaches the network, and what of its settings could not be followed.
    pub fn network(&self) -> (Network, Vec<String>) {
        let mut warnings = Vec::new();
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let authorities = self.file("AGENT_CAINFO", &mut warnings);
        let client_certificate = self.client_certificate(&mut warnings);
        let accept_any_certificate = self.variable("AGENT_SKIPCERTVALIDATION").is_some_and(|value| {
            let accepted = value.eq_ignore_ascii_case("true");
            if accepted {
                warnings.push(
                    "the agent is set up to accept any certificate (--sslskipcertvalidation). Whoever answers in place of Entra or \
                     Azure DevOps gets this job's tokens; set the agent's authority with --sslcacert instead"
                        .to_owned(),
                );
            }
            accepted
        });
        let bypass = self.variable("AGENT_PROXYBYPASSLIST").and_then(|json| serde_json::from_str(json).ok());
        let network = Network {
            proxy: text("AGENT_PROXYURL"),
            proxy_user: text("AGENT_PROXYUSERNAME"),
            proxy_password: self.secret("AGENT_PROXYPASSWORD").map(Password::new),
            proxy_bypass: bypass.unwrap_or_default(),
            authorities,
            system_authorities_named: ["SSL_CERT_FILE", "SSL_CERT_DIR"]
                .iter()
                .any(|name| self.raw_variable(name).is_some()),
            client_certificate,
            accept_any_certificate,
        };
        (network, warnings)
    }

    /// What a file holds whose path the agent gives; a warning where it cannot be read.
    fn file(&self, name: &str, warnings: &mut Vec<String>) -> Option<Vec<u8>> {
        let path = self.variable(name)?;
        let read = disk::read(path.as_ref()).map_err(|error| error.to_string());
        read.and_then(|bytes| bytes.ok_or_else(|| "there is no such file".to_owned()))
            .inspect_err(|reason| {
                warnings.push(format!("the certificate file {path} of the agent is not used: {reason}"));
            })
            .ok()
    }

    /// The client certificate that the agent was set up with, as PEM with its key in the clear: from its certificate and key, or
    /// from its archive (`config.sh --sslclientcert`, `--sslclientcertkey`, `--sslclientcertarchive`).
    fn client_certificate(&self, warnings: &mut Vec<String>) -> Option<CertificateContent> {
        let certificate = self.file("AGENT_CLIENTCERT", warnings);
        let key = self.file("AGENT_CLIENTCERTKEY", warnings);
        let pair = certificate.zip(key).map(|(certificate, key)| [certificate, b"\n".to_vec(), key].concat());
        let password = self.secret("AGENT_CLIENTCERTPASSWORD").map(Password::new);
        let read = |content: Vec<u8>| Bundle::read(&content, password.as_ref());
        let mut outcome = pair.map(read);
        if !matches!(outcome, Some(Ok(_))) {
            outcome = self.file("AGENT_CLIENTCERTARCHIVE", warnings).map(read).or(outcome);
        }
        let bundle = outcome?.inspect_err(|error| {
            warnings.push(format!("the agent's client certificate is not used: {error}"));
        });
        bundle.ok().map(|bundle| CertificateContent::new(bundle.to_pem().as_str()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::job;
    use crate::http::{Deadline, Http};
    use crate::identity::certificate::tests::workshop::Workshop;

    #[test]
    fn the_proxy_is_read() {
        let (network, warnings) = job(&[
            ("AGENT_PROXYURL", "http://proxy.example.com:8888"),
            ("AGENT_PROXYBYPASSLIST", r#"["http://bypass.example.com"]"#),
            ("SECRET_AGENT_PROXYPASSWORD", "p"),
            ("AGENT_CAINFO", "/there/is/no/such.pem"),
        ])
        .network();
        assert_eq!(network.proxy.as_deref(), Some("http://proxy.example.com:8888"));
        assert_eq!(network.proxy_bypass, ["http://bypass.example.com"]);
        assert_eq!(network.proxy_password.unwrap().reveal(), "p");
        assert_eq!(warnings.len(), 1);
        assert!(job(&[]).network().0.proxy.is_none());
    }

    /// What a job makes of the agent's client certificate, and the warnings.
    fn client_certificate(shop: &Workshop, files: [&str; 3]) -> (Option<String>, Vec<String>) {
        let names = ["AGENT_CLIENTCERT", "AGENT_CLIENTCERTKEY", "AGENT_CLIENTCERTARCHIVE"];
        let paths = files.map(|file| if file.is_empty() { String::new() } else { shop.path_of(file) });
        let mut variables: Vec<_> = names.into_iter().zip(paths.iter().map(String::as_str)).collect();
        variables.push(("SECRET_AGENT_CLIENTCERTPASSWORD", "geheim"));
        let (network, warnings) = job(&variables).network();
        if network.client_certificate.is_some() {
            Http::new(&network, Deadline::after(Duration::ZERO)).unwrap();
        }
        (network.client_certificate.map(|pem| pem.reveal().to_owned()), warnings)
    }

    #[test]
    fn the_agents_client_certificate_is_decrypted() {
        let Some(shop) = Workshop::open() else { return };
        for kind in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256"] {
            shop.self_signed(kind, "key.pem", "cert.pem");
            shop.openssl("pkcs8 -topk8 -in key.pem -out encrypted.pem -passout pass:geheim");
            shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out archive.pfx -passout pass:geheim");
            shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out other.pfx -passout pass:another");
            let public = shop.openssl("x509 -in cert.pem -noout -pubkey");
            let read = [
                ["cert.pem", "key.pem", ""],
                ["cert.pem", "encrypted.pem", ""],
                ["cert.pem", "encrypted.pem", "other.pfx"],
                ["", "", "archive.pfx"],
                ["cert.pem", "", "archive.pfx"],
                ["cert.pem", "cert.pem", "archive.pfx"],
            ];
            for files in read {
                let (pem, warnings) = client_certificate(&shop, files);
                assert_eq!(warnings, Vec::<String>::new(), "{files:?}");
                shop.write("read.pem", pem.unwrap());
                assert_eq!(shop.openssl("pkey -in read.pem -pubout"), public, "{files:?}");
                assert_eq!(shop.fingerprint("read.pem", "sha1"), shop.fingerprint("cert.pem", "sha1"), "{files:?}");
            }
        }
        let (pem, warnings) = client_certificate(&shop, ["", "", "other.pfx"]);
        assert_eq!(pem, None);
        let expected = "the agent's client certificate is not used: the password of the client certificate is wrong";
        assert_eq!(warnings, [expected]);
        assert_eq!(client_certificate(&shop, ["", "", ""]), (None, Vec::new()));
    }
}
