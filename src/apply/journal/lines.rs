//! The same as [`super::remnants`] for files that are read line by line: `.yarnrc.yml` and `.npmrc`.

use super::remnants::VARIABLE_PREFIX;

/// What stands around our entries of a `.yarnrc.yml` that has none of its own. A test compares it with what the tool writes.
const FRAME: [&str; 2] = ["npmRegistries: # ado-entra-auth", "# ado-entra-auth: end"];

/// The text without our entries that refer to a variable which `is_known` does not know; nothing where there is none.
pub fn removed(body: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let mut lines: Vec<&str> = body.split_inclusive('\n').collect();
    let before = lines.len();
    let mut at = 0;
    while at < lines.len() {
        let own = entry(&lines[..=at]).filter(|(_, variable)| !is_known(variable));
        let Some((length, _)) = own else {
            at += 1;
            continue;
        };
        at = at + 1 - length;
        lines.drain(at..at + length);
    }
    if lines.len() == before {
        return None;
    }
    if let Some(frame) = lines.windows(2).position(|pair| [pair[0].trim_end(), pair[1].trim_end()] == FRAME) {
        lines.drain(frame..frame + 2);
    }
    Some(lines.concat())
}

/// How many lines an entry of ours has that ends with the last of these, and its variable.
fn entry<'t>(lines: &[&'t str]) -> Option<(usize, &'t str)> {
    let last = lines.last()?.trim();
    if let Some(token) = last.strip_prefix("npmAuthToken: \"${").and_then(|rest| rest.strip_suffix("-}\"")) {
        let [.., key, always, _] = lines else { return None };
        let is_ours =
            always.trim() == "npmAlwaysAuth: true" && key.trim().starts_with('"') && key.trim().ends_with("\":");
        return is_ours.then_some(()).and_then(|()| variable(token)).map(|variable| (3, variable));
    }
    let (key, token) = last.split_once(":_authToken=${")?;
    let token = token.strip_suffix('}').filter(|_| key.starts_with("//"))?;
    variable(token).map(|variable| (1, variable))
}

fn variable(name: &str) -> Option<&str> {
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    Some(name).filter(|name| name.starts_with(VARIABLE_PREFIX) && name.bytes().all(of_a_name))
}
