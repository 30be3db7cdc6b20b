//! Values that may still miss a part, and how each language writes them.

use super::unknown::Unknown;

/// A text with holes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Value(Vec<Part>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Known(String),
    Unknown(Unknown),
}

impl Value {
    /// The value, or the hole where there is none.
    pub fn or(known: Option<&(impl ToString + ?Sized)>, unknown: Unknown) -> Self {
        known.map_or_else(|| unknown.into(), |known| known.to_string().into())
    }

    /// This and then that.
    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        for part in more.into().0 {
            match (self.0.last_mut(), part) {
                (Some(Part::Known(text)), Part::Known(more)) => text.push_str(&more),
                (_, part) => self.0.push(part),
            }
        }
        self
    }

    /// Its holes, from left to right.
    pub fn unknowns(&self) -> impl Iterator<Item = Unknown> {
        self.0.iter().filter_map(|part| match part {
            Part::Known(_) => None,
            Part::Unknown(unknown) => Some(*unknown),
        })
    }

    /// The text, where it has no holes.
    pub fn known(&self) -> Option<String> {
        self.unknowns().next().is_none().then(|| self.shown())
    }

    /// For people: holes as `<organization id>`.
    pub fn shown(&self) -> String {
        self.written(str::to_owned, |unknown| format!("<{}>", unknown.words()))
    }

    /// As one word of bash: holes as variables.
    pub fn bash(&self) -> String {
        self.written(bash, |unknown| format!("\"${}\"", unknown.variable()))
    }

    /// As an expression of Bicep: holes as parameters.
    pub fn bicep(&self) -> String {
        if let [Part::Unknown(unknown)] = self.0[..] {
            return unknown.parameter().to_owned();
        }
        format!("'{}'", self.written(bicep, |unknown| format!("${{{}}}", unknown.parameter())))
    }

    /// As an expression of Terraform's language: holes as variables.
    pub fn hcl(&self) -> String {
        if let [Part::Unknown(unknown)] = self.0[..] {
            return format!("var.{}", unknown.variable());
        }
        format!("\"{}\"", self.written(hcl, |unknown| format!("${{var.{}}}", unknown.variable())))
    }

    /// The inside of a JSON string. Holes stay: what comes for them must need no escape there.
    pub fn json(&self) -> Self {
        let part = |part: &Part| match part {
            Part::Known(text) => {
                let quoted = json(text);
                let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                Part::Known(inside.unwrap_or(&quoted).to_owned())
            }
            Part::Unknown(unknown) => Part::Unknown(*unknown),
        };
        Self(self.0.iter().map(part).collect())
    }

    fn written(&self, known: impl Fn(&str) -> String, unknown: impl Fn(Unknown) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Known(text) => known(text),
            Part::Unknown(hole) => unknown(*hole),
        };
        self.0.iter().map(part).collect()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(vec![Part::Known(text)])
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Unknown> for Value {
    fn from(unknown: Unknown) -> Self {
        Self(vec![Part::Unknown(unknown)])
    }
}

/// A word of bash: bare where nothing in it means anything to a shell, else in single quotes.
pub fn bash(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:@,+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The inside of a string of Bicep (Microsoft, "Data types in Bicep", escapes of strings).
fn bicep(text: &str) -> String {
    text.replace('\\', r"\\").replace('\'', r"\'").replace("${", r"\${")
}

/// The inside of a quoted template of HCL. `$${` would do for most, but not after another `$`: an escape by number always does
/// (hashicorp/hcl, hclsyntax/spec.md, "Template Expressions").
fn hcl(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#).replace("${", r"\u0024{").replace("%{", r"\u0025{")
}

/// A JSON string with its quotes.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A literal of `JMESPath`, which `az --query` takes: JSON between backticks.
pub fn jmespath(text: &str) -> String {
    format!("`{}`", json(text).replace('`', r"\u0060"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_holes() {
        let value = Value::from("https://vstoken.dev.azure.com/").then(Unknown::OrganizationId);
        assert_eq!(value.shown(), "https://vstoken.dev.azure.com/<organization id>");
        assert_eq!(value.bash(), "https://vstoken.dev.azure.com/\"$organization_id\"");
        assert_eq!(value.bicep(), "'https://vstoken.dev.azure.com/${organizationId}'");
        assert_eq!(value.hcl(), "\"https://vstoken.dev.azure.com/${var.organization_id}\"");
        assert_eq!(value.known(), None);
        let alone = Value::from(Unknown::TenantId);
        assert_eq!((alone.bicep().as_str(), alone.hcl().as_str()), ("tenantId", "var.tenant_id"));
        assert_eq!(Value::from("x").then("y").known().as_deref(), Some("xy"));
    }

    #[test]
    fn what_a_language_would_take_for_its_own_is_escaped() {
        assert_eq!(bash("a b"), "'a b'");
        assert_eq!(bash("it's"), r"'it'\''s'");
        assert_eq!((bash(""), bash("~"), bash("a/b-c.d")), ("''".to_owned(), "'~'".to_owned(), "a/b-c.d".to_owned()));
        assert_eq!(bicep(r"it's ${x} \ $${y} $"), r"it\'s \${x} \\ $\${y} $");
        assert_eq!(hcl(r#"a "b" ${x} %{y} \ $${z} 50% $"#), r#"a \"b\" \u0024{x} \u0025{y} \\ $\u0024{z} 50% $"#);
        assert_eq!(jmespath("a`b\"c\\"), r#"`"a\u0060b\"c\\"`"#);
    }

    #[test]
    fn json_keeps_quotes_at_the_ends() {
        let inside = Value::from("\"a\"").json().shown();
        assert_eq!(inside, r#"\"a\""#);
    }
}
