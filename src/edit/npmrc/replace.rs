//! The replacement of `${VAR}`, client by client.

use super::Client;

/// Replaces `${VAR}` as npm does: an unset name stays as it is, `${VAR?}` goes blank, a backslash escapes.
pub fn expand<'v>(value: &str, variable: impl Fn(&str) -> Option<&'v str>) -> String {
    replace(value, &NPM, |name| Some(npm(name, &variable))).unwrap_or_else(|| value.to_owned())
}

impl Client {
    /// Replaces `${VAR}` as this client does, or nothing where it refuses: pnpm and yarn do with an unset variable.
    pub fn expand<'v>(self, value: &str, variable: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        match self {
            Self::Npm => Some(expand(value, variable)),
            Self::Pnpm => replace(value, &PNPM, |name| pnpm(name, &variable)),
            Self::Yarn => replace(value, &YARN, |name| variable(name).map(str::to_owned)),
        }
    }
}

/// What is common to the clients' regular expressions, `(\\*)\$\{([^…]+)\}`, and where they part.
struct Rules {
    /// What ends a name.
    no_name: &'static [char],
    /// Whether `?` may stand behind the name.
    may_be_blank: bool,
    /// Whether half of the backslashes stay, and all but one half where their number is odd. yarn drops all, or none.
    halves_backslashes: bool,
}

/// @npmcli/config, lib/env-replace.js.
const NPM: Rules = Rules { no_name: &['$', '{', '}', '?'], may_be_blank: true, halves_backslashes: true };
/// @pnpm/config.env-replace.
const PNPM: Rules = Rules { no_name: &['$', '{', '}'], may_be_blank: false, halves_backslashes: true };
/// yarn, src/util/env-replace.js.
const YARN: Rules = Rules { no_name: &['}'], may_be_blank: false, halves_backslashes: false };

/// Replaces what stands between the braces, a `?` of npm's included, by what `value_of` says; nothing where that refuses.
fn replace(text: &str, rules: &Rules, value_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let inside = &from[2..];
        let Some(name) = inside.find(rules.no_name) else { break };
        let end = if rules.may_be_blank && inside[name..].starts_with('?') { name + 1 } else { name };
        if name == 0 || !inside[end..].starts_with('}') {
            result.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        let bare = before.trim_end_matches('\\');
        let backslashes = before.len() - bare.len();
        let is_escaped = backslashes % 2 == 1;
        let kept = match (rules.halves_backslashes, is_escaped) {
            (true, _) => backslashes / 2,
            (false, true) => backslashes,
            (false, false) => 0,
        };
        result.push_str(&before[..bare.len() + kept]);
        let whole = &from[..end + 3];
        if is_escaped {
            result.push_str(whole);
        } else {
            result.push_str(&value_of(&inside[..end])?);
        }
        rest = &from[whole.len()..];
    }
    Some(result + rest)
}

fn npm<'v>(inside: &str, variable: impl Fn(&str) -> Option<&'v str>) -> String {
    let name = inside.strip_suffix('?').unwrap_or(inside);
    let unset = || if name == inside { format!("${{{name}}}") } else { String::new() };
    variable(name).map_or_else(unset, str::to_owned)
}

fn pnpm<'v>(inside: &str, variable: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let Some((name, default, also_for_blank)) = with_default(inside) else {
        return variable(inside).map(str::to_owned);
    };
    let value = variable(name).filter(|value| !(value.is_empty() && also_for_blank));
    Some(value.unwrap_or(default).to_owned())
}

/// The first `NAME-default` or `NAME:-default` in it: the expression, `/([^:-]+)(:?)-(.+)/`, has no anchors.
fn with_default(inside: &str) -> Option<(&str, &str, bool)> {
    let signs: &[char] = &[':', '-'];
    let mut rest = inside;
    while let Some(start) = rest.find(|c| !signs.contains(&c)) {
        let run = &rest[start..];
        let end = run.find(signs)?;
        let (name, behind) = run.split_at(end);
        let also_for_blank = behind.starts_with(':');
        let default = behind.strip_prefix(':').unwrap_or(behind).strip_prefix('-').unwrap_or_default();
        let default = default.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or_default();
        if !default.is_empty() {
            return Some((name, default, also_for_blank));
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<&'static str> {
        match name {
            "X" => Some("value"),
            "BLANK" => Some(""),
            "a${X" => Some("yarn's"),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_as_npm_does() {
        for (value, expected) in [
            ("${X}", "value"),
            ("a${X}b${X}", "avaluebvalue"),
            ("${Y}", "${Y}"),
            ("${Y?}", ""),
            ("${X?}", "value"),
            ("\\${X}", "${X}"),
            ("\\\\${X}", "\\value"),
            ("\\\\\\${X}", "\\${X}"),
            ("${X", "${X"),
            ("$X", "$X"),
            ("${${X}}", "${value}"),
            ("${a${X}b}", "${avalueb}"),
            ("${}${X}", "${}value"),
            ("${?}", "${?}"),
            ("${X??}", "${X??}"),
            ("${X-d}", "${X-d}"),
            ("$${X}", "$value"),
        ] {
            assert_eq!(expand(value, variable), expected, "{value}");
        }
    }

    #[test]
    fn variables_are_replaced_as_pnpm_does() {
        for (value, expected) in [
            ("${X}", Some("value")),
            ("${Y}", None),
            ("${Y-d}", Some("d")),
            ("${Y:-d-e}", Some("d-e")),
            ("${BLANK-d}", Some("")),
            ("${BLANK:-d}", Some("d")),
            ("${:X-d}", Some("value")),
            ("${b:X-d}", Some("value")),
            ("${Y-}", None),
            ("${X?}", None),
            ("${?}", None),
            ("\\\\${X}", Some("\\value")),
            ("\\${Y}", Some("${Y}")),
            ("${Y-${X}}", Some("${Y-value}")),
        ] {
            assert_eq!(Client::Pnpm.expand(value, variable).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn variables_are_replaced_as_yarn_does() {
        for (value, expected) in [
            ("a${X}", Some("avalue")),
            ("${Y}", None),
            ("\\${Y}", Some("\\${Y}")),
            ("\\\\${X}", Some("value")),
            ("${a${X}", Some("yarn's")),
            ("${}", Some("${}")),
        ] {
            assert_eq!(Client::Yarn.expand(value, variable).as_deref(), expected, "{value}");
        }
    }
}
