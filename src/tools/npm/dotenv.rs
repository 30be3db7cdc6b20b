//! `.env` files, which bun reads before it fetches anything (measured with 1.3.14 and 1.4.5).

/// Their names.
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

/// Variables by which others would see the traffic, or beginnings of such.
const TRUST: [&str; 4] = ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS", "BUN_CONFIG_", "NPM_CONFIG_"];

/// The lines that set one of them.
#[derive(Debug)]
pub struct DotEnv(pub Vec<usize>);

impl DotEnv {
    /// Takes a file apart.
    pub fn parse(text: &str) -> Self {
        let leads = |line: &str| {
            let line = line.trim();
            if line.starts_with('#') {
                return false;
            }
            let line = line.trim_start_matches("export ").trim();
            let name = line.split(['=', ':']).next().unwrap_or_default().trim().to_ascii_uppercase();
            name.ends_with("_PROXY") && name != "NO_PROXY" || TRUST.iter().any(|start| name.starts_with(start))
        };
        Self(text.lines().enumerate().filter(|(_, line)| leads(line)).map(|(number, _)| number + 1).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_the_traffic_elsewhere_is_seen() {
        let text = "A=1\nHTTPS_PROXY=http://evil.example\n export https_proxy = x\n# HTTP_PROXY=x\nNO_PROXY=a\n\
                    NODE_TLS_REJECT_UNAUTHORIZED=0\nbun_config_registry=x\nPROXY=1\n";
        assert_eq!(DotEnv::parse(text).0, [2, 3, 6, 7]);
    }
}
