//! References to our variables that the repository would send somewhere else.

use super::Wanted;
use crate::host::Host;
use crate::kernel::organization::Organization;
use crate::tools::{Credential, Mention, Origin, PlanError, Receiver, Tool};

/// Whether a text refers to a variable in any tool's way: `${NAME}`, `${NAME?}`, `${NAME:-x}`, `${env.NAME}`, `%NAME%`,
/// `$(NAME)`. The bare name may stand in an address by chance.
pub(super) fn refers_to(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].strip_suffix("ENV.").unwrap_or(&text[..at]);
        before.ends_with(['{', '(', '%']) && text[at + name.len()..].starts_with(['}', ')', '%', '?', ':', '-'])
    })
}

/// The variables through which later steps reach tokens.
pub(super) struct Secrets<'a> {
    token_variable: &'a str,
    /// What earlier steps have put there.
    values: Vec<(&'a str, &'a str)>,
}

/// What every variable of ours for a tool begins with.
const OUR_VARIABLES: &str = "ADO_ENTRA_AUTH_";
/// No token is shorter; whatever is, may stand in an address by chance.
const SHORTEST_TOKEN: usize = 16;

impl<'a> Secrets<'a> {
    pub(super) fn new(wanted: &'a Wanted<'_>, host: &'a Host) -> Self {
        let token_variable = wanted.token_variable;
        let ours = |name: &str| {
            let name = name.to_ascii_uppercase();
            name == token_variable.to_ascii_uppercase() || name.starts_with(OUR_VARIABLES)
        };
        let variables = host.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let values = variables.filter(|(name, value)| ours(name) && value.len() >= SHORTEST_TOKEN).collect();
        Self { token_variable, values }
    }

    /// The variable that a text refers to, or whose value it holds already.
    fn variable_in(&self, text: &str) -> Option<String> {
        let upper = text.to_ascii_uppercase();
        if refers_to(&upper, &self.token_variable.to_ascii_uppercase()) {
            return Some(self.token_variable.to_owned());
        }
        if let Some(at) = upper.find(OUR_VARIABLES) {
            let rest = &text[at..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            return Some(rest[..end].to_owned());
        }
        self.values.iter().find(|(_, value)| text.contains(value)).map(|(name, _)| (*name).to_owned())
    }

    /// Refuses to set anything up where the repository would have a tool send one of these variables to an address that is no
    /// permitted organization's. What the user's own files do is the user's.
    pub(super) fn refuse_leaks(
        &self,
        tool: &'static dyn Tool,
        mentions: &[Mention],
        credentials: &[Credential],
        permitted: &dyn Fn(&Organization) -> bool,
    ) -> Result<(), PlanError> {
        let may_see = |url: &str| Organization::of_url(url.trim()).is_some_and(|organization| permitted(&organization));
        let leak = |place: &str, variable: String, url: &str| {
            let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
            let host = host.filter(|host| self.variable_in(host).is_none());
            let address = host.unwrap_or_else(|| "an address".to_owned());
            Err(PlanError::Leak { tool: tool.name(), place: place.to_owned(), variable, address })
        };
        for mention in mentions.iter().filter(|mention| mention.origin != Origin::User && !may_see(&mention.url)) {
            if let Some(variable) = self.variable_in(&mention.url) {
                return leak(&mention.file, variable, &mention.url);
            }
        }
        for credential in credentials.iter().filter(|credential| credential.origin != Origin::User) {
            let Some(variable) = self.variable_in(&credential.text) else { continue };
            let elsewhere = match &credential.receiver {
                Receiver::Url(url) => Some(url.as_str()).filter(|url| !may_see(url)),
                Receiver::Name(name) => {
                    let key = tool.name_key(name);
                    let named = mentions.iter().filter(|m| m.name.as_deref().is_some_and(|n| tool.name_key(n) == key));
                    named.map(|mention| mention.url.as_str()).find(|url| !may_see(url))
                }
            };
            if let Some(url) = elsewhere {
                return leak(&credential.place, variable, url);
            }
        }
        Ok(())
    }
}
