//! Sign-in pages: what a request without `X-TFS-FedAuthRedirect: Suppress` ends at when its credential is refused.

use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::SignIn,
    claims: |_, call| call.host.starts_with("spsprod") || call.path.contains("/_signin"),
    answer: |_, _| page(),
};

/// 203 with the page.
pub(crate) fn page() -> Answer {
    Answer::html(
        203,
        "<!DOCTYPE html><html lang=\"en-US\"><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>",
    )
}

/// 302 to the page.
pub(crate) fn redirect(call: &Call) -> Answer {
    let back: String =
        url::form_urlencoded::byte_serialize(format!("https://{}{}", call.host, call.target()).as_bytes()).collect();
    let to = format!("https://spsprod1.vssps.visualstudio.com/_signin?realm={}&reply_to={back}", call.host);
    Answer::redirect(302, &to)
}
