//! The variables of an environment, under the names that this system tells apart.

use std::collections::BTreeMap;

use zeroize::Zeroize;

/// Variables by their names. On Windows the case of a name's letters does not count, as in the system itself.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, (String, String)>);

impl Variables {
    /// A variable's value, empty or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&key(name)).map(|(_, value)| value.as_str())
    }

    /// The value of a variable that is set and not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A variable that is not empty, and the name under which it is set, for a reader that compares names without regard to case on
    /// every system.
    pub fn in_any_case(&self, name: &str) -> Option<(&str, &str)> {
        self.iter().find(|(own, value)| own.eq_ignore_ascii_case(name) && !value.is_empty())
    }

    /// All names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.values().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Wipes all values from memory.
    pub fn wipe(self) {
        self.0.into_values().for_each(|(_, mut value)| value.zeroize());
    }

    /// Those whose names pass.
    #[must_use]
    pub fn only(&self, passes: impl Fn(&str) -> bool) -> Self {
        let passing = self.0.iter().filter(|(_, (name, _))| passes(name));
        Self(passing.map(|(key, variable)| (key.clone(), variable.clone())).collect())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(variables.map(|(name, value): (String, String)| (key(&name), (name, value))).collect())
    }
}

fn key(name: &str) -> String {
    if cfg!(windows) { name.to_uppercase() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_where_the_system_says_so() {
        let variables: Variables = [("Path", "1"), ("EMPTY", ""), ("npm_config_x", "2")].into_iter().collect();
        assert_eq!(variables.get("PATH"), cfg!(windows).then_some("1"));
        assert_eq!(
            (variables.get("Path"), variables.get("EMPTY"), variables.filled("EMPTY")),
            (Some("1"), Some(""), None)
        );
        assert_eq!(variables.in_any_case("NPM_CONFIG_X"), Some(("npm_config_x", "2")));
        assert_eq!(variables.in_any_case("empty"), None);
        let names: Vec<&str> = variables.iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"Path") && names.contains(&"npm_config_x"));
        assert!(variables.only(|name| name != "Path").get("Path").is_none());
    }
}
