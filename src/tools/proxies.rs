//! Proxies that the job itself sets: a repository's file may name the same, and no other.

use crate::host::Host;

const OWN: &[&str] =
    &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "AGENT_PROXYURL", "NPM_CONFIG_HTTPS_PROXY", "NPM_CONFIG_PROXY"];

/// Whether an address is one of the job's own proxies.
pub fn is_jobs(host: &Host, address: &str) -> bool {
    OWN.iter().any(|name| host.variable_in_any_case(name).is_some_and(|own| same_proxy(own, address)))
}

/// Whether two addresses are of one proxy, whatever the user: the agent keeps that one apart.
fn same_proxy(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = url::Url::parse(&text).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()))
    };
    parts(one.trim()).is_some_and(|own| parts(other) == Some(own))
}
