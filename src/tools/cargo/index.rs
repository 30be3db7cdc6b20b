//! A feed's index, which says where cargo sends the token.
//!
//! cargo sends it wherever the index's `config.json` has `dl` or `api` lead (measured with cargo 1.95), and the provider is told of
//! the index only.

use reqwest::Url;
use serde_json::Value;

use crate::azure_devops::feed::Feed;
use crate::azure_devops::first_look::Statement;
use crate::diagnosis::first_sentence;

/// What the step reads before cargo is let in.
pub(super) static STATEMENT: Statement =
    Statement { client: super::ID.name, holder: "index", file: "config.json", judge };

/// Why a feed's own word speaks against handing out the token.
#[derive(Debug, thiserror::Error, PartialEq)]
enum Astray {
    /// It leads clients to another host.
    #[error("its index has cargo send {what} to {host}, which is not the organization's, with the token")]
    Elsewhere {
        /// What is sent there.
        what: &'static str,
        /// The host, or the address where it is none.
        host: String,
    },
    /// It cannot be understood.
    #[error("its index cannot be understood: {0}")]
    Unclear(String),
}

fn judge(config: &str, feed: &Feed) -> Result<(), String> {
    judged(config, feed).map_err(|astray| astray.to_string())
}

/// Whether cargo may use the index with the token, by the index's `config.json`.
fn judged(config: &str, feed: &Feed) -> Result<(), Astray> {
    let config: Value =
        serde_json::from_str(config).map_err(|_| Astray::Unclear("config.json is no JSON".to_owned()))?;
    let addresses = [("dl", "downloads", true), ("api", "uploads", false)];
    for (key, what, is_needed) in addresses {
        match config.get(key) {
            Some(Value::String(url)) if feed.organization.may_see_token(url) => {}
            Some(Value::String(url)) => {
                let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
                let host = first_sentence(host.as_deref().unwrap_or(url));
                return Err(Astray::Elsewhere { what, host });
            }
            None | Some(Value::Null) if !is_needed => {}
            _ => return Err(Astray::Unclear(format!("config.json has no address under '{key}'"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(config: &str) -> Result<(), Astray> {
        super::judged(
            config,
            &Feed::parse("sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/").unwrap(),
        )
    }

    const OURS: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/api/v1/crates";

    #[test]
    fn an_index_that_stays_with_its_organization_is_served() {
        for config in [
            format!(r#"{{"dl":"{OURS}","api":"{OURS}","auth-required":true}}"#),
            format!(r#"{{"dl":"{OURS}/{{crate}}/{{version}}/x?a=1","api":null}}"#),
            r#"{"dl":"https://contoso.pkgs.visualstudio.com/_packaging/f/Cargo/api/v1/crates"}"#.to_owned(),
        ] {
            assert_eq!(judged(&config), Ok(()), "{config}");
        }
    }

    #[test]
    fn an_index_that_leads_anywhere_else_is_not() {
        for other in [
            "https://evil.example/contoso/",
            "https://pkgs.dev.azure.com/fabrikam/_packaging/f/Cargo/",
            "https://pkgs.dev.azure.com.evil.example/contoso/",
            "https://pkgs.dev.azure.com:444/contoso/",
            "http://pkgs.dev.azure.com/contoso/",
            "https://pkgs.dev.azure.com/contoso/../fabrikam/",
            "https://pkgs.dev.azure.com/{crate}/contoso",
            "https://pkgs.dev.azure.com{prefix}/contoso/",
            "https://{crate}.pkgs.visualstudio.com/",
            "/contoso",
            "",
        ] {
            let named = |astray: &Astray| matches!(astray, Astray::Elsewhere { .. });
            assert!(judged(&format!(r#"{{"dl":"{other}"}}"#)).is_err_and(|astray| named(&astray)), "{other}");
            let api = format!(r#"{{"dl":"{OURS}","api":"{other}"}}"#);
            assert!(judged(&api).is_err_and(|astray| named(&astray)), "{other}");
        }
        for unclear in ["", "{", "[]", "{}", r#"{"dl":1}"#, r#"{"dl":null}"#] {
            assert!(judged(unclear).is_err_and(|astray| matches!(astray, Astray::Unclear(_))), "{unclear}");
        }
        let second = format!(r#"{{"dl":"{OURS}","api":["https://evil.example/"]}}"#);
        assert!(judged(&second).is_err());
    }
}
