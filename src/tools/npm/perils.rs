//! Settings by which npm's credential would reach somebody else, whatever the address.

use super::addresses::is_of_feeds;
use super::keys::is_root;
use super::rc::Line;
use crate::host::Host;
use crate::tools::proxies;

/// Settings that say whom npm trusts.
const TRUST: &[&str] = &["ca", "cafile"];
/// Settings that say through whom the traffic goes.
const PROXIES: &[&str] = &["proxy", "http-proxy", "https-proxy"];
/// Variables by which the job itself says so.
const OWN_TRUST: &[&str] = &["NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE", "SSL_CERT_FILE", "AGENT_CAINFO"];

/// Whether a setting says through whom the traffic goes, or whom it trusts.
pub fn is_one(key: &str) -> bool {
    TRUST.contains(&key) || PROXIES.contains(&key) || key == "strict-ssl"
}

const NO_LINE: &str = "remove that line";
const BY_PROXY: &str = "remove that line; if the job needs that proxy, set the pipeline variable HTTPS_PROXY";
const BY_TRUST: &str = "remove that line; if the job needs a certificate authority of your own, set the pipeline variable NODE_EXTRA_CA_CERTS";

/// What a line does to every credential, in a clause, and what to do; nothing where it does nothing.
pub fn of_line(line: &Line, host: &Host) -> Option<(&'static str, &'static str)> {
    let key = match line.prefix() {
        Some((prefix, name)) if TRUST.contains(&name) && concerns_feeds(prefix) => name,
        Some((prefix, "certfile" | "keyfile")) if is_root(prefix) => {
            return Some(("takes away the key that keeps npm's token from other organizations", NO_LINE));
        }
        Some(_) => return None,
        None => line.key.as_str(),
    };
    if let Some(name) = line.sole_reference()
        && host.variable(name).is_none()
    {
        // The step's own environment decides, not the repository.
        return None;
    }
    let any = |is: &dyn Fn(&str) -> bool| line.readings.iter().any(|value| is(value.trim()));
    let is_set = |value: &str| !["", "null", "undefined", "false", "~"].contains(&value);
    if PROXIES.contains(&key) && any(&|value| is_set(value) && !proxies::is_jobs(host, value)) {
        return Some(("sends the traffic through a proxy that the job does not set", BY_PROXY));
    }
    if TRUST.contains(&key) && any(&|value| is_set(value) && !is_own(OWN_TRUST, host, |own| own.trim() == value)) {
        return Some(("adds trust in a certificate authority that the job does not set", BY_TRUST));
    }
    if key == "strict-ssl" && any(&|value| !["", "true", "1"].contains(&value)) {
        return Some(("switches off the check of certificates", BY_TRUST));
    }
    // yarn takes every host with that end for the registry's.
    if key == "custom-host-suffix" && any(&is_set) {
        return Some(("makes yarn send the credential to other hosts", NO_LINE));
    }
    // Its addresses are looked at in the usual one.
    if key == "lockfileFilename" && any(&|value| value != "yarn.lock") {
        return Some(("makes yarn read another lock file", NO_LINE));
    }
    // Relative to wherever the client is started, so no search of the folders could tell which file that is.
    (["globalconfig", "use-yarnrc"].contains(&key) && any(&is_set))
        .then_some(("makes npm or yarn read another configuration file", NO_LINE))
}

/// Whether a key's prefix is one of a feed's host, or cannot be told.
fn concerns_feeds(prefix: &str) -> bool {
    let url = url::Url::parse(&format!("https:{prefix}"));
    url.is_ok_and(|url| url.host_str().is_some_and(is_of_feeds)) || prefix.contains('$')
}

fn is_own(names: &[&str], host: &Host, same: impl Fn(&str) -> bool) -> bool {
    names.iter().any(|name| host.variable_in_any_case(name).is_some_and(&same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_the_traffic_to_others_is_a_peril_and_what_the_job_does_itself_is_not() {
        let variable = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let environment = [
            ("HTTPS_PROXY", "http://user:word@proxy.contoso.example:8080"),
            ("NODE_EXTRA_CA_CERTS", "/etc/ssl/company.pem"),
            ("BUILD_SOURCEBRANCHNAME", "evil.pem"),
        ];
        let host = Host { environment: environment.map(variable).into_iter().collect(), ..Host::default() };
        let found = |key: &str, value: &str| of_line(&Line::new(key, value, 1, &host), &host);
        let peril = |key: &str, value: &str| found(key, value).is_some();
        for (key, value, variable) in [
            ("proxy", "http://evil.example:8099", "HTTPS_PROXY"),
            ("strict-ssl", "false", "NODE_EXTRA_CA_CERTS"),
            ("cafile", "./evil.pem", "NODE_EXTRA_CA_CERTS"),
        ] {
            let (_, remedy) = found(key, value).unwrap();
            assert!(remedy.starts_with("remove that line; ") && remedy.ends_with(variable), "{remedy}");
        }
        for (key, value) in [
            ("https-proxy", "http://evil.example:8099"),
            ("https-proxy", "http://proxy.contoso.example:8081"),
            ("https-proxy", "${NONE:-http://evil.example:8099}"),
            ("https-proxy", "http://${NONE}"),
            ("proxy", "evil.example"),
            ("strict-ssl", "false"),
            ("strict-ssl", "0"),
            ("ca", "-----BEGIN CERTIFICATE-----"),
            ("cafile", "./evil.pem"),
            ("cafile", "${BUILD_SOURCEBRANCHNAME}"),
            ("//pkgs.dev.azure.com/:cafile", "./evil.pem"),
            ("//contoso.pkgs.visualstudio.com/:ca", "x"),
            ("//pkgs.dev.azure.com/:certfile", ""),
            ("//contoso.pkgs.visualstudio.com/:keyfile", ""),
            ("globalconfig", "./conf/x.txt"),
            ("use-yarnrc", "./x.txt"),
            ("custom-host-suffix", "azure.com"),
        ] {
            assert!(peril(key, value), "{key}={value}");
        }
        for (key, value) in [
            ("https-proxy", "${HTTPS_PROXY}"),
            ("https-proxy", "${ONLY_THE_STEP_HAS_IT}"),
            ("https-proxy", "http://proxy.contoso.example:8080/"),
            ("proxy", "null"),
            ("strict-ssl", "true"),
            ("strict-ssl", "${ONLY_THE_STEP_HAS_IT}"),
            ("ca", ""),
            ("cafile", "${NODE_EXTRA_CA_CERTS}"),
            ("cafile", "/etc/ssl/company.pem"),
            ("//registry.example.com/:cafile", "./theirs.pem"),
            ("//registry.example.com/:certfile", "./client.pem"),
            ("noproxy", "evil.example"),
            ("maxsockets", "3"),
            ("registry", "https://evil.example/"),
        ] {
            assert!(!peril(key, value), "{key}={value}");
        }
    }
}
