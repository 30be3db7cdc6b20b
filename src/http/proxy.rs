//! The agent's proxy, and what goes past it.

use regex_lite::{Regex, RegexBuilder};
use reqwest::{Proxy, Url};

use super::{CallError, Network};

/// The proxy that the agent is set up with; nothing where it has none.
pub(super) fn of(network: &Network) -> Result<Option<Proxy>, CallError> {
    let Some(address) = network.proxy.as_deref().filter(|address| !address.trim().is_empty()) else { return Ok(None) };
    let parsed = Url::parse(address.trim()).ok().filter(Url::has_host);
    let url = parsed.ok_or_else(|| CallError::Settings("the proxy's URL (Agent.ProxyUrl) is not a URL".to_owned()))?;
    // An expression without text would match every host.
    let expressions = network.proxy_bypass.iter().filter(|expression| !expression.trim().is_empty());
    let bypass: Vec<Regex> =
        expressions.filter_map(|text| RegexBuilder::new(text).case_insensitive(true).build().ok()).collect();
    let (user, password) = (url.username().to_owned(), url.password().map(str::to_owned));
    let mut proxy =
        Proxy::custom(move |target| (!bypass.iter().any(|p| p.is_match(target.as_str()))).then(|| url.clone()));
    let user = network.proxy_user.clone().filter(|user| !user.is_empty()).or((!user.is_empty()).then_some(user));
    if let Some(user) = user {
        let password = network.proxy_password.as_ref().map(|password| password.reveal().to_owned()).or(password);
        proxy = proxy.basic_auth(&user, &password.unwrap_or_default());
    }
    Ok(Some(proxy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_expressions_of_the_bypass_list_are_passed_over() {
        let network = Network {
            proxy: Some("http://proxy.example.com:8888".into()),
            proxy_bypass: vec!["(".into(), "https://bypass\\.example\\.com".into(), "(?=x)y".into()],
            ..Network::default()
        };
        assert!(of(&network).unwrap().is_some());
        let wrong = Network { proxy: Some("not a url".into()), ..Network::default() };
        assert!(matches!(of(&wrong), Err(CallError::Settings(_))));
    }
}
