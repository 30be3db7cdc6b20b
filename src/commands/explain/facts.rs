//! What of a pasted text is repeated: ids and addresses of known forms, and nothing else.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex_lite::{Regex, RegexBuilder};

use crate::diagnosis::causes::Cause;
use crate::diagnosis::causes::federation::{OLD_ASSERTION, OUTSIDE_ITS_TIME};
use crate::diagnosis::harmless;

/// A fact of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// Its value, which has the form that such a fact must have.
    pub value: String,
}

/// Names of facts, the words before them, and their forms; `GUID` stands for the form of one.
const FORMS: [(&str, &str, &str); 14] = [
    ("issuer", "issuer", r"https://[A-Za-z0-9./_-]{1,200}"),
    ("subject", "subject|sub", r"(?:sc://|p://|/eid1/|repo:|system:)[^'\x22\r\n<>]{1,250}"),
    ("audience", "audience|aud", r"api://[A-Za-z0-9/_-]{1,100}|GUID"),
    ("client", r"client[ _-]?id|client|app(?:lication)?(?: with identifier|[ _-]?id)?", "GUID"),
    ("tenant", r"tenant(?:[ _-]?id)?|sign-in at least once as", r"GUID|[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
    ("object id", r"object[ _-]?id|sign-in at least once as [0-9a-f-]{36}\\+[0-9a-f-]{36}\\+", "GUID"),
    ("user", "user|logged in user,", "GUID"),
    ("connection", "service connection(?: found)?(?: with identifier)?", "GUID"),
    ("connection name", "references service connection", r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}? which"),
    ("repository", "repository with name or identifier", r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}? does"),
    ("trace id", "trace[ _-]?id", "GUID"),
    ("correlation id", "correlation[ _-]?id", "GUID"),
    ("activity id", "activity[ _-]?id|x-vss-e2eid", "GUID"),
    ("timestamp", "timestamp", r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?"),
];

static PATTERNS: LazyLock<HashMap<&'static str, Regex>> = LazyLock::new(|| {
    let patterns = FORMS.iter().filter_map(|(name, words, form)| {
        let form = form.replace("GUID", "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}");
        Some((*name, pattern(&format!(r"\b(?:{words})['\x22]?\s*(?:is|of|[:=])?\s*['\x22(]{{0,2}}({form})"))?))
    });
    patterns.collect()
});

/// A regular expression that takes letters in any case; nothing where it is malformed, which a test excludes.
pub fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).case_insensitive(true).build().ok()
}

/// The organization's page that shows whose such an id is.
const WHOSE: &str = " (whose: https://vssps.dev.azure.com/ORGANIZATION/_apis/identities?identityIds= and this id)";

impl Fact {
    /// Where to look it up.
    pub fn note(&self) -> &'static str {
        if self.name == "user" { WHOSE } else { "" }
    }
}

/// The row that the facts make of one: an assertion whose time is over where the clock is right.
pub fn refined(cause: &'static Cause, text: &str) -> &'static Cause {
    let time = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)";
    let is_over = || {
        let times = pattern(&format!("Current time: {time}.*expiry time of assertion {time}"))?.captures(text)?;
        Some(times[1] > times[2])
    };
    if *cause == OUTSIDE_ITS_TIME && is_over() == Some(true) { &OLD_ASSERTION } else { cause }
}

/// The facts that stand near a place: the first of each kind after it, else the last before it.
pub fn near(before: &str, after: &str) -> Vec<Fact> {
    let value = |name: &str| {
        let pattern = PATTERNS.get(name)?;
        let found = pattern.captures(after).or_else(|| pattern.captures_iter(before).last())?;
        found.get(1).map(|value| trimmed(value.as_str()))
    };
    let facts = FORMS.iter().filter_map(|(name, ..)| Some(Fact { name, value: value(name)? }));
    facts.filter(|fact| !looks_like_a_token(&fact.value)).collect()
}

/// Without what goes on after the value in the same line.
fn trimmed(value: &str) -> String {
    let value = value.split(". ").next().unwrap_or(value);
    let value = value.strip_suffix(" which").or(value.strip_suffix(" does")).unwrap_or(value);
    harmless(value.trim().trim_end_matches(['.', ',', ';', '/']))
}

/// Nothing of a known form needs so long a run of letters but an id; a JWT has one, and begins like this.
fn looks_like_a_token(value: &str) -> bool {
    let runs = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '~');
    value.contains("eyJ") || runs.into_iter().any(|run| run.len() >= 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
    const TENANT: &str = "22222222-aaaa-4bbb-8ccc-000000000002";

    fn facts(text: &str) -> Vec<(&'static str, String)> {
        near("", text).into_iter().map(|fact| (fact.name, fact.value)).collect()
    }

    #[test]
    fn every_form_is_a_pattern() {
        assert_eq!(PATTERNS.len(), FORMS.len());
    }

    #[test]
    fn facts_of_the_services_texts() {
        let text = format!(
            "presented assertion. Assertion Issuer: 'https://vstoken.dev.azure.com/{TENANT}'. Assertion Subject: \
             'sc://contoso/My Shop/feeds'. Assertion Audience: 'api://AzureADTokenExchange'. Trace ID: {CLIENT} \
             Correlation ID: {TENANT} Timestamp: 2026-11-20 10:11:12Z"
        );
        let expected = [
            ("issuer", format!("https://vstoken.dev.azure.com/{TENANT}")),
            ("subject", "sc://contoso/My Shop/feeds".into()),
            ("audience", "api://AzureADTokenExchange".into()),
            ("trace id", CLIENT.into()),
            ("correlation id", TENANT.into()),
            ("timestamp", "2026-11-20 10:11:12Z".into()),
        ];
        assert_eq!(facts(&text), expected);
        let expected = [("client", CLIENT.to_owned()), ("tenant", "contoso.onmicrosoft.com".into())];
        assert_eq!(
            facts(&format!("Application with identifier '{CLIENT}' in tenant 'contoso.onmicrosoft.com'.")),
            expected
        );
        let expected = [("tenant", TENANT.to_owned()), ("object id", CLIENT.to_owned())];
        assert_eq!(
            facts(&format!("Please sign-in at least once as {TENANT}\\\\{TENANT}\\\\{CLIENT} in a browser")),
            expected
        );
    }

    #[test]
    fn nothing_else_is_repeated() {
        for text in [
            "client_secret=abc8Q~secret subject: eyJhbGciOi.eyJzdWIi.sig",
            "subject: sc://contoso/shop/eyJhbGciOi",
            &format!("issuer: https://evil.example/{}", "a".repeat(40)),
            "tenant id ##vso[task.complete]",
        ] {
            assert_eq!(facts(text), [], "{text}");
        }
    }
}
