//! Texts whose secret and late parts are placeholders.

use crate::kernel::organization::Organization;

/// What a dry run shows in the place of a token.
pub const TOKEN_SHOWN: &str = "***";

/// A text whose secret and late parts are placeholders.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Template(Vec<Part>);

/// A part of a [`Template`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// Text of the user's that is carried over and may hold secrets of theirs.
    Carried(String),
    /// The access token that the step hands out under a name of its own.
    Token,
    /// The access token that an organization takes. It is another one where the organization belongs to another tenant.
    TokenFor(Organization),
    /// The token's expiry, RFC 3339 in UTC.
    ExpiresOn,
}

impl Template {
    /// A template of these parts.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// The access token and nothing else.
    pub fn token() -> Self {
        Self(vec![Part::Token])
    }

    /// The access token for an organization and nothing else.
    pub fn token_for(organization: &Organization) -> Self {
        Self(vec![Part::TokenFor(organization.clone())])
    }

    /// Adds a text at the end.
    pub fn push_text(&mut self, text: impl Into<String>) {
        self.0.push(Part::Text(text.into()));
    }

    /// Adds parts at the end.
    pub fn extend(&mut self, parts: impl IntoIterator<Item = Part>) {
        self.0.extend(parts);
    }

    /// Whether the token is in it.
    pub fn holds_token(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Token | Part::TokenFor(_)))
    }

    /// The text with every placeholder replaced by what `value` gives for it.
    pub fn render(&self, mut value: impl FnMut(&Part) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            other => value(other),
        };
        self.0.iter().map(text).collect()
    }

    /// The text as a dry run shows it.
    pub fn shown(&self) -> String {
        self.render(|part| {
            match part {
                Part::Text(_) => "",
                Part::Carried(_) => "…",
                Part::Token | Part::TokenFor(_) => TOKEN_SHOWN,
                Part::ExpiresOn => "<expiry of the token>",
            }
            .to_owned()
        })
    }
}
