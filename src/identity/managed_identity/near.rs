//! Addresses that a source of managed identities may have.

use std::net::IpAddr;

use reqwest::Url;
use url::Host;

use super::ManagedIdentityError;

/// How far from the machine a source may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// On it. What it is asked with comes from a file, and would serve a neighbour.
    Machine,
    /// On it, beside it, or in its private network.
    Network,
}

/// The address that a variable names, where it is one of this machine or of its own network.
///
/// A source's secret goes there in the clear, so an address anywhere else is refused: whoever can set a variable of the job would
/// get it.
pub(super) fn address(
    variable: &'static str,
    text: &str,
    scheme: &str,
    reach: Reach,
) -> Result<Url, ManagedIdentityError> {
    let refused = |reason: &'static str| ManagedIdentityError::Address { variable, value: text.to_owned(), reason };
    let mut url = Url::parse(text.trim()).map_err(|_| refused("it is no URL"))?;
    if url.scheme() != scheme {
        return Err(refused(if scheme == "https" {
            "it must begin with https://"
        } else {
            "it must begin with http://"
        }));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it names a user"));
    }
    if !url.host().is_some_and(|host| is_near(&host, reach)) {
        return Err(refused(match reach {
            Reach::Machine => "it is not on this machine",
            Reach::Network => "it is beyond this machine and its own network",
        }));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Loopback, and with [`Reach::Network`] link-local and private addresses.
fn is_near(host: &Host<&str>, reach: Reach) -> bool {
    let beside = reach == Reach::Network;
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => ip.is_loopback() || beside && (ip.is_link_local() || ip.is_private()),
        Host::Ipv6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_near(&Host::Ipv4(ip), reach),
            None => IpAddr::V6(*ip).is_loopback() || beside && (ip.is_unicast_link_local() || ip.is_unique_local()),
        },
    }
}

/// An address as messages show it, without what it asks.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_addresses_are_asked() {
        for text in [
            "http://localhost:42356/msi/token",
            "http://127.0.0.1:41234/msi/token/",
            "http://169.254.169.254",
            "http://169.254.129.2:8081/msi/token",
            "http://10.0.0.4:2377/metadata/identity/oauth2/token",
            "http://[::1]:1/x",
            "http://[fe80::1]/x",
            "http://[fd00::1]/x",
        ] {
            assert!(address("IDENTITY_ENDPOINT", text, "http", Reach::Network).is_ok(), "{text}");
        }
        for text in [
            "",
            "localhost",
            "https://localhost/x",
            "http://evil.example/msi/token",
            "http://localhost.evil.example/",
            "http://user@localhost/",
            "http://localhost@evil.example/",
            "http://20.1.2.3/",
            "http://0.0.0.0/",
            "http://[::ffff:20.1.2.3]/",
            "http://[2001:db8::1]/",
            "file:///etc/passwd",
        ] {
            assert!(address("IDENTITY_ENDPOINT", text, "http", Reach::Network).is_err(), "{text}");
        }
        for (text, near) in
            [("http://127.0.0.1:40342/x", true), ("http://[::1]:1/x", true), ("http://10.0.0.4:40342/x", false)]
        {
            assert_eq!(address("IDENTITY_ENDPOINT", text, "http", Reach::Machine).is_ok(), near, "{text}");
        }
        let url = address("IMDS_ENDPOINT", "http://localhost:1/a?secret=1#x", "http", Reach::Machine).unwrap();
        assert_eq!(url.as_str(), "http://localhost:1/a");
    }
}
