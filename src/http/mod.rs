//! The one door to the network: the company's proxy and authorities, limits of time and size, retries, no redirects.

mod answer;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod authorities;
mod deadline;
mod early;
mod error;
mod pinned;
mod proxy;
pub mod retry;

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, Identity, Method, Url, redirect};

use crate::kernel::secret::{CertificateContent, Password};

pub use answer::{Answer, not_json};
pub use deadline::Deadline;
pub use error::CallError;
use error::{classify, reasons};
pub use pinned::Thumbprint;
use retry::{Again, Tries};

/// How the agent reaches the network, as its own set-up says.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The proxy's URL.
    pub proxy: Option<String>,
    /// The proxy's user.
    pub proxy_user: Option<String>,
    /// The proxy's password.
    pub proxy_password: Option<Password>,
    /// Regular expressions of request URLs that go past the proxy, as the agent lists them; some may be broken.
    pub proxy_bypass: Vec<String>,
    /// Certificates, PEM, to trust beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// Whether the environment says where the system's certificates are (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
    #[cfg_attr(
        any(windows, target_vendor = "apple"),
        allow(dead_code, reason = "these systems have a store in place of files")
    )]
    pub system_authorities_named: bool,
    /// A client certificate and its key, PEM.
    pub client_certificate: Option<CertificateContent>,
    /// Whether the agent was set up to accept any certificate.
    pub accept_any_certificate: bool,
}

/// A client with one pool of connections, for one run.
#[derive(Debug)]
pub struct Http {
    client: Client,
    deadline: Deadline,
}

/// A request. It is sent again after trouble, so it must be safe to repeat.
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The URL, checked by the caller.
    pub url: Url,
    /// Headers, secrets marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<String>,
    /// Whether to ask again, and when; mostly [`retry::usual`].
    pub again: &'a dyn Fn(&Outcome, Tries) -> Again,
}

/// What a request came to.
pub type Outcome = Result<Answer, CallError>;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// What answers beside the machine is a hop away, or not there at all.
const NEAR_CONNECT_LIMIT: Duration = Duration::from_secs(3);
const READ_LIMIT: Duration = Duration::from_secs(15);
const TRY_LIMIT: Duration = Duration::from_secs(20);
const LARGEST_BODY_BYTES: usize = 1024 * 1024;

impl Http {
    /// A client whose every request ends by `deadline`. Where the agent has no proxy of its own, reqwest takes the machine's
    /// (`HTTPS_PROXY`, `NO_PROXY`).
    #[allow(clippy::disallowed_methods, reason = "the one door to the network")]
    pub fn new(network: &Network, deadline: Deadline) -> Result<Self, CallError> {
        let own = || -> Result<Vec<Certificate>, CallError> {
            let own = network.authorities.as_ref().map(|pem| Certificate::from_pem_bundle(pem).map_err(settings));
            own.unwrap_or_else(|| Ok(Vec::new()))
        };
        let base = || -> Result<reqwest::ClientBuilder, CallError> {
            let mut builder = plain_client().https_only(true).connect_timeout(CONNECT_LIMIT);
            if let Some(proxy) = proxy::of(network)? {
                builder = builder.no_proxy().proxy(proxy);
            }
            if let Some(settings) = settings_of_a_bundle(network) {
                return Ok(builder.tls_backend_preconfigured(settings));
            }
            if let Some(pem) = &network.client_certificate {
                builder = builder.identity(Identity::from_pem(pem.reveal().as_bytes()).map_err(settings)?);
            }
            Ok(builder.tls_danger_accept_invalid_certs(network.accept_any_certificate))
        };
        let merged = |own: Vec<Certificate>| -> Result<reqwest::ClientBuilder, CallError> {
            let builder = base()?;
            Ok(if own.is_empty() { builder } else { builder.tls_certs_merge(own) })
        };
        let client = merged(own()?)?.build().or_else(|_| {
            // Slim images hold no authorities at all; what browsers trust is better than nothing. And a system's own check may take none
            // beside its own (wine).
            base()?.tls_certs_only(of_browsers().chain(own()?)).build().map_err(settings)
        })?;
        Ok(Self { client, deadline })
    }

    /// A client for what answers on this machine or beside it: the sources of managed identities. It uses no proxy, and speaks
    /// http; https only with the very certificate of this SHA-1 thumbprint, where there is one.
    #[allow(clippy::disallowed_methods, reason = "the one door to the network")]
    pub fn beside_the_machine(deadline: Deadline, pin: Option<Thumbprint>) -> Result<Self, CallError> {
        let builder = plain_client().no_proxy().connect_timeout(NEAR_CONNECT_LIMIT);
        let builder = match pin {
            Some(pin) => builder.https_only(true).tls_backend_preconfigured(pinned::settings(pin)?),
            None => builder,
        };
        Ok(Self { client: builder.build().map_err(settings)?, deadline })
    }

    /// When this client's requests must have ended.
    pub fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }

    /// Sends a request, again where [`Call::again`] says so. The last answer is returned as it is.
    pub async fn send(&self, call: &Call<'_>) -> Outcome {
        self.send_anew(call, || call.body.clone()).await
    }

    /// The same with a body that is made for each try, in place of the call's own: it may hold what serves once.
    pub async fn send_anew(&self, call: &Call<'_>, mut body: impl FnMut() -> Option<String>) -> Outcome {
        let started = Instant::now();
        let mut tries = Tries { count: 0, elapsed: Duration::ZERO };
        loop {
            tries.count += 1;
            let before = Instant::now();
            let outcome = self.try_once(call, body(), started, tries.count).await;
            tries.elapsed = started.elapsed();
            let busy = outcome.as_ref().ok().filter(|answer| answer.is_busy());
            self.deadline.note_pause(busy.and_then(Answer::retry_after));
            let wait = match (call.again)(&outcome, tries) {
                Again::Never => return outcome,
                Again::After(wait) => wait,
                Again::AsWished(wait) => {
                    self.deadline.put_off(before.elapsed() + wait);
                    wait
                }
            };
            if wait >= self.deadline.remaining() {
                return outcome;
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn try_once(&self, call: &Call<'_>, body: Option<String>, started: Instant, tries: u32) -> Outcome {
        let host = call.url.host_str().unwrap_or_default().to_owned();
        let failed = |error: &reqwest::Error| classify(error, &host, started);
        let remaining = self.deadline.remaining();
        let mut request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .timeout(remaining.min(TRY_LIMIT));
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if bytes.len() + chunk.len() > LARGEST_BODY_BYTES {
                return Err(CallError::TooLarge { host });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), tries })
    }
}

/// A header's value that is left out of anybody's debugging output.
pub fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What every request to Azure DevOps carries: it answers 401 in place of a redirect to its sign-in page, and in JSON.
pub fn azure_devops_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (HeaderName::from_static("x-tfs-fedauthredirect"), HeaderValue::from_static("Suppress")),
        (reqwest::header::ACCEPT, HeaderValue::from_static("application/json")),
    ])
}

fn settings(error: impl std::borrow::Borrow<reqwest::Error>) -> CallError {
    CallError::Settings(reasons(error.borrow()))
}

/// TLS settings by the system's bundle of authorities, for the usual agent on a system that has one.
fn settings_of_a_bundle(network: &Network) -> Option<rustls::ClientConfig> {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if !network.system_authorities_named && network.client_certificate.is_none() && !network.accept_any_certificate {
        return authorities::settings(authorities::bundle(), network.authorities.as_deref());
    }
    let _ = network;
    None
}

/// What all clients have in common.
#[allow(clippy::disallowed_methods, reason = "the one door to the network")]
fn plain_client() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("AdoEntraAuth/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .http1_only()
        .read_timeout(READ_LIMIT)
        .timeout(TRY_LIMIT)
}

/// The authorities that browsers trust, where a system may have none of its own.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn of_browsers() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok())
}

/// Windows and macOS have their own.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn of_browsers() -> impl Iterator<Item = Certificate> {
    std::iter::empty()
}
