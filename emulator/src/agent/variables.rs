//! The variables of a job.

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Name as set.
    pub name: String,
    /// Value as set, before macros are expanded.
    pub value: String,
    /// Whether it is secret.
    pub secret: bool,
    /// Whether a step may set it again.
    pub read_only: bool,
    /// Whether its name keeps its letters' case in the environment.
    pub preserve_case: bool,
}

impl Variable {
    /// A public variable.
    pub fn public(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), secret: false, read_only: false, preserve_case: false }
    }

    /// A secret variable.
    pub fn secret(name: &str, value: &str) -> Self {
        Self { secret: true, ..Self::public(name, value) }
    }

    /// The same variable, fixed by the service.
    #[must_use]
    pub fn fixed(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// All variables of a job; names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Variables(Vec<Variable>);

impl Variables {
    /// The variables in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.0.iter()
    }

    /// The variable of this name.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.0.iter().find(|v| v.name.eq_ignore_ascii_case(name))
    }

    /// Sets a variable. Once secret, always secret; a read-only one stays as it is, and `false` is returned.
    pub fn set(&mut self, mut variable: Variable) -> bool {
        match self.0.iter_mut().find(|v| v.name.eq_ignore_ascii_case(&variable.name)) {
            Some(existing) if existing.read_only => false,
            Some(existing) => {
                variable.secret |= existing.secret;
                *existing = variable;
                true
            }
            None => {
                self.0.push(variable);
                true
            }
        }
    }

    /// The value of a variable with its macros expanded, recursively, as before every step.
    pub fn expanded(&self, variable: &Variable) -> String {
        self.expand(&variable.value, 0)
    }

    /// A text with the macros of known variables expanded; an unknown `$(x)` stays.
    pub fn expand_in(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_macro(rest) {
            out += before;
            match self.get(name) {
                Some(variable) => out += &self.expanded(variable),
                None => out += &format!("$({name})"),
            }
            rest = after;
        }
        out + rest
    }

    fn expand(&self, text: &str, depth: u32) -> String {
        if depth > 20 {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_macro(rest) {
            out += before;
            match self.get(name) {
                Some(variable) => out += &self.expand(&variable.value, depth + 1),
                None => out += &format!("$({name})"),
            }
            rest = after;
        }
        out + rest
    }
}

/// The text before the next `$(name)`, the name, and the text after it.
fn next_macro(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("$(")?;
    let end = text[start..].find(')')? + start;
    Some((&text[..start], &text[start + 2..end], &text[end + 1..]))
}
