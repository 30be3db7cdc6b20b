//! `.env` files, which bun (measured with 1.3.14 and 1.4.5) and Pipenv (2026.10) read before they fetch anything, and the variables by
//! which others would see the traffic.

/// Their names; Pipenv reads the first only.
pub const NAMES: [&str; 8] = [
    ".env",
    ".env.local",
    ".env.production",
    ".env.production.local",
    ".env.development",
    ".env.development.local",
    ".env.test",
    ".env.test.local",
];
/// Beginnings of bun's variables of that kind.
pub const OF_BUN: &[&str] = &["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS", "BUN_CONFIG_", "NPM_CONFIG_"];
/// Those of Python's clients.
pub const OF_PYTHON: &[&str] =
    &["PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "TWINE_CERT", "POETRY_CERTIFICATES_", "PDM_", "HATCH_INDEX_"];
/// What a setting does whose value is not looked into, as a clause.
pub const ELSEWHERE: &str = "may lead the traffic elsewhere";

/// The lines that set one of them.
#[derive(Debug)]
pub struct DotEnv(pub Vec<usize>);

impl DotEnv {
    /// Takes a file apart. To Python a carriage return ends a line, and a name may stand in quotes.
    pub fn parse(text: &str, starts: &[&str]) -> Self {
        let leads = |line: &str| {
            let line = line.trim();
            let line = line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(line);
            let name = line.split(['=', ':']).next().unwrap_or_default();
            let name = name.trim_matches(|c: char| c != '#' && c != '_' && !c.is_ascii_alphanumeric());
            !name.starts_with('#') && leads_elsewhere(name, starts)
        };
        let lines = text.lines().enumerate().filter(|(_, line)| line.split('\r').any(leads));
        Self(lines.map(|(number, _)| number + 1).collect())
    }
}

/// Whether a variable of this name leads the traffic elsewhere: a proxy's, or one with such a beginning, in letters of any case. How
/// pip and uv ask a keyring does not.
pub fn leads_elsewhere(name: &str, starts: &[&str]) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("_PROXY") && name != "NO_PROXY"
        || starts.iter().any(|start| name.starts_with(start)) && !name.ends_with("_KEYRING_PROVIDER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_the_traffic_elsewhere_is_seen() {
        let text = "A=1\nHTTPS_PROXY=http://evil.example\n export https_proxy = x\n# HTTP_PROXY=x\nNO_PROXY=a\n\
                    NODE_TLS_REJECT_UNAUTHORIZED=0\nbun_config_registry=x\nPROXY=1\n";
        assert_eq!(DotEnv::parse(text, OF_BUN).0, [2, 3, 6, 7]);
        let text = "export\tPIP_CERT=a\r\n'ssl_cert_file'=b\nA=1\rCURL_CA_BUNDLE=c\n\x1crequests_ca_bundle=d\n#UV_X=1\nexports=PIP_X\n";
        assert_eq!(DotEnv::parse(text, OF_PYTHON).0, [1, 2, 3, 4]);
    }
}
