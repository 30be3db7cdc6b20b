//! What a company's machine gives its tools so that they get through the proxy and trust its authority, and wait where it is slow.
//!
//! Part of the machine's environment, which all steps inherit. Each entry is what the real client was found to need:
//!
//! - npm, Node: `HTTPS_PROXY`, `NODE_EXTRA_CA_CERTS`; `NPM_CONFIG_CAFILE` because a `cafile` in the machine's own `npmrc`
//!   replaces all roots, the extra ones too.
//! - yarn 1: as npm; `YARN_CACHE_FOLDER`, since the cache of root is the whole machine's, and what is in it is not asked for.
//! - yarn 2 and later: `YARN_HTTPS_PROXY`, `YARN_HTTP_PROXY`, `NODE_EXTRA_CA_CERTS`.
//! - git, git-lfs: `HTTPS_PROXY`, `GIT_SSL_CAINFO`; `GIT_SSL_CAPATH`, since git reads the system's own authorities too, each in a
//!   file of its own, which takes three times as long as all else that a short command does.
//! - curl: `HTTPS_PROXY`, `CURL_CA_BUNDLE`.
//! - Maven: neither is read; `MAVEN_OPTS` with `-Dhttps.proxyHost`, `-Dhttps.proxyPort`, a trust store, and `-Duser.home`,
//!   since Java takes the home directory from the account and not from `HOME`. Password of a proxy: Maven (3.8) reads it from
//!   `<proxies>` of a `settings.xml` only, no property gives it; a test with such a proxy writes that file.
//! - Gradle: the same in `GRADLE_OPTS`, with what makes a short build short; and no daemon, which would outlive the job.
//! - Mono (NuGet): `https_proxy` and `http_proxy` in lower case, and the authority among its own roots, a folder below the home
//!   directory that `cert-sync --user` fills; the file is written here under the name that Mono looks for.
//! - NuGet: a plugin that does not answer within five seconds is none, and a busy machine starts no .NET program in that time:
//!   `NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS`, `NUGET_PLUGIN_REQUEST_TIMEOUT_IN_SECONDS`.
//! - cargo: `HTTPS_PROXY`, `CARGO_HTTP_CAINFO`; its own folder is the home directory's `.cargo`. Where `cargo` is rustup's, that one
//!   looks for its toolchains in the home directory too, so `RUSTUP_HOME` and `RUSTUP_TOOLCHAIN` say where they are and which to take.
//! - others: `SSL_CERT_FILE`, `PIP_CERT`, `REQUESTS_CA_BUNDLE`.
//!
//! Plain HTTP goes through the proxy as well, where the log shows it: `http_proxy`, and for Java `-Dhttp.proxyHost`.

use crate::Emulator;
use aws_lc_rs::digest;
use std::path::Path;

/// Password of the trust store; it holds nothing secret.
const STORE_PASSWORD: &str = "changeit";

/// What makes a short build of Gradle's take half the time.
const SHORT_BUILDS: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dorg.gradle.daemon=false";

/// Writes the files and names the variables.
pub(super) fn settings(emulator: &Emulator, folder: &Path, home: &Path) -> anyhow::Result<Vec<(String, String)>> {
    std::fs::create_dir_all(folder)?;
    let authority = folder.join("company-ca.pem");
    emulator.write_authority(&authority)?;
    let store = folder.join("company-ca.jks");
    std::fs::write(&store, trust_store(emulator.authority_der()))?;
    trust_in_mono(emulator, home)?;
    let authority = authority.display().to_string();
    let proxy = emulator.proxy_url_with_password();
    let mut settings: Vec<(String, String)> = Vec::new();
    for name in ["HTTPS_PROXY", "https_proxy", "http_proxy", "YARN_HTTPS_PROXY", "YARN_HTTP_PROXY"] {
        settings.push((name.to_owned(), proxy.clone()));
    }
    for name in [
        "NODE_EXTRA_CA_CERTS",
        "NPM_CONFIG_CAFILE",
        "GIT_SSL_CAINFO",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "PIP_CERT",
        "CARGO_HTTP_CAINFO",
    ] {
        settings.push((name.to_owned(), authority.clone()));
    }
    let no_others = folder.join("no-others");
    std::fs::create_dir_all(&no_others)?;
    settings.push(("GIT_SSL_CAPATH".to_owned(), no_others.display().to_string()));
    settings.push(("YARN_CACHE_FOLDER".to_owned(), home.join(".cache/yarn").display().to_string()));
    settings.extend(rustup());
    let java = java_options(emulator, &store, home);
    settings.push(("GRADLE_OPTS".to_owned(), format!("{java} {SHORT_BUILDS}")));
    settings.push(("MAVEN_OPTS".to_owned(), java));
    for waits_for in ["HANDSHAKE", "REQUEST"] {
        settings.push((format!("NUGET_PLUGIN_{waits_for}_TIMEOUT_IN_SECONDS"), "60".to_owned()));
    }
    settings.push(("NUGET_XMLDOC_MODE".to_owned(), "skip".to_owned()));
    Ok(settings)
}

fn java_options(emulator: &Emulator, store: &Path, home: &Path) -> String {
    let address = emulator.proxy_url().replace("http://", "");
    let (host, port) = address.split_once(':').unwrap_or((&address, "80"));
    // A JVM that lives for seconds compiles once, verifies nothing, and needs no second thread to collect what it dropped.
    format!(
        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Djavax.net.ssl.trustStore={} \
         -Djavax.net.ssl.trustStorePassword={STORE_PASSWORD} -Duser.home={}",
        store.display(),
        home.display()
    )
}

/// Where rustup finds the toolchains of the account that runs the tests.
fn rustup() -> Vec<(String, String)> {
    let in_home = || Some(std::env::home_dir()?.join(".rustup")).filter(|folder| folder.is_dir());
    let folder = || in_home().map(|folder| ("RUSTUP_HOME".to_owned(), folder.display().to_string()));
    of_account("RUSTUP_HOME").or_else(folder).into_iter().chain(of_account("RUSTUP_TOOLCHAIN")).collect()
}

fn of_account(name: &str) -> Option<(String, String)> {
    std::env::var(name).ok().map(|value| (name.to_owned(), value))
}

/// Mono's own roots: a folder of files named by a hash of the certificate's name, here of `tls::AUTHORITY_NAME`.
fn trust_in_mono(emulator: &Emulator, home: &Path) -> anyhow::Result<()> {
    let folder = home.join(".config/.mono/new-certs/Trust");
    std::fs::create_dir_all(&folder)?;
    emulator.write_authority(&folder.join("993d5981.0"))
}

/// A trust store in Java's own format (JKS, version 2) with one certificate.
fn trust_store(certificate: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&u16::try_from(text.len()).unwrap_or(0).to_be_bytes(), text.as_bytes()].concat();
    let store = [
        0xfeed_feed_u32.to_be_bytes().to_vec(),
        2_u32.to_be_bytes().to_vec(),
        1_u32.to_be_bytes().to_vec(),
        // Kind 2: a trusted certificate; then alias, time of entry, kind and length of the certificate.
        2_u32.to_be_bytes().to_vec(),
        text("company-ca"),
        1_700_000_000_000_u64.to_be_bytes().to_vec(),
        text("X.509"),
        u32::try_from(certificate.len()).unwrap_or(0).to_be_bytes().to_vec(),
        certificate.to_vec(),
    ]
    .concat();
    let password: Vec<u8> = STORE_PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    // The words are part of the format.
    let seal = [password.as_slice(), b"Mighty Aphrodite", &store].concat();
    [store.as_slice(), digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &seal).as_ref()].concat()
}
