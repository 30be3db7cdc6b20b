//! A folder in which `openssl` makes keys and certificates, and verifies what was signed with them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    /// A new folder; nothing where `openssl` is missing, which is said.
    pub(crate) fn open() -> Option<Self> {
        if which::which("openssl").is_err() {
            let strict = std::env::var_os("ADO_ENTRA_AUTH_NO_SKIP").is_some_and(|value| !value.is_empty());
            assert!(!strict, "openssl is missing; scripts/setup brings it");
            println!("skipped: openssl is missing; scripts/setup brings it");
            return None;
        }
        Some(Self { folder: TempDir::new().unwrap() })
    }

    /// A folder with `key.pem` (RSA, PKCS#8) and its `cert.pem`, and the two in one text, `both.pem`.
    pub(crate) fn with_certificate() -> Option<Self> {
        static MADE: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        let shop = Self::open()?;
        // One for all tests: a key takes as long to make as most of them.
        let [key, certificate] = MADE.get_or_init(|| {
            shop.self_signed("rsa:2048", "key.pem", "cert.pem");
            ["key.pem", "cert.pem"].map(|name| shop.bytes(name))
        });
        shop.write("key.pem", key);
        shop.write("cert.pem", certificate);
        shop.write("both.pem", [&**key, certificate].concat());
        Some(shop)
    }

    /// Makes a key, such as `rsa:2048`, and a certificate of it.
    pub(crate) fn self_signed(&self, key: &str, key_file: &str, certificate_file: &str) {
        self.openssl(&format!(
            "req -x509 -newkey {key} -nodes -keyout {key_file} -out {certificate_file} -days 30 -subj /O=Contoso/CN=pipeline"
        ));
    }

    /// Runs `openssl` with arguments between blanks, and gives its stdout.
    pub(crate) fn openssl(&self, arguments: &str) -> Vec<u8> {
        self.openssl_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `openssl`, and gives its stdout.
    pub(crate) fn openssl_with(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn path_of(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A certificate's fingerprint as `openssl` prints it, without its colons; `hash` is `sha1` or `sha256`.
    pub(crate) fn fingerprint(&self, certificate_file: &str, hash: &str) -> String {
        let printed = self.openssl(&format!("x509 -in {certificate_file} -noout -fingerprint -{hash}"));
        let printed = String::from_utf8(printed).unwrap();
        printed.trim().split_once('=').unwrap().1.replace(':', "")
    }

    /// The header and the claims of a JWT, after `openssl` has verified that this certificate's key signed it by PS256.
    pub(crate) fn verified(&self, jwt: &str, certificate_file: &str) -> (Value, Value) {
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        self.write("signed.txt", signed);
        self.write("signature.bin", URL_SAFE_NO_PAD.decode(signature).unwrap());
        self.openssl(&format!("x509 -in {certificate_file} -noout -pubkey -out public.pem"));
        self.openssl(
            "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify public.pem -signature signature.bin \
             signed.txt",
        );
        let (header, claims) = signed.split_once('.').unwrap();
        let json = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (json(header), json(claims))
    }
}
