//! Credentials in `.yarnrc.yml`: entries of `npmRegistries`, each by its registry's address.

use super::super::yaml::Setting;
use super::settings::{REGISTRIES, read};
use crate::edit::text::{TextEdit, line_ending, splice};
use crate::plan::names::VARIABLE_PREFIX;
use crate::plan::{CannotRevise, Entry, KeyedEdit};

/// Stands behind the key where the file has no such map.
const MARK: &str = "# ado-entra-auth";
/// The last line of such a map: what is around our entries goes when nothing stands between the two.
const END: &str = "# ado-entra-auth: end";

/// A registry's key: its address as it is written, without the last slash.
pub fn key_of(written: &str) -> &str {
    written.strip_suffix('/').unwrap_or(written)
}

/// Whether a value refers to a variable of this task's.
pub fn is_ours(value: &str) -> bool {
    value.strip_prefix("${").is_some_and(|name| name.starts_with(VARIABLE_PREFIX))
}

/// Plans the edits after which a file has a credential for every entry. An entry of the user's for the same registry stays.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise> {
    let text = text.unwrap_or_default();
    let told = |text: &str| read(text).map_err(|_| CannotRevise("its settings cannot be told".to_owned()));
    let before = told(text)?;
    let map = Map::of(text, &before)?;
    let mut edits: Vec<KeyedEdit> = Vec::new();
    let mut added: Vec<KeyedEdit> = Vec::new();
    for entry in entries {
        let token = standing(&before, &entry.key).find(|setting| setting.path[2] == TOKEN && is_ours(&setting.value));
        match token {
            Some(ours) if ours.value == reference(entry) => {}
            Some(ours) => {
                edits.push(keyed(&entry.key, map.whole(ours.line), map.written(entry).trim_start().to_owned()));
            }
            None if standing(&before, &entry.key).next().is_some() => {}
            None => added.push(keyed(&entry.key, map.at..map.at, map.written(entry))),
        }
    }
    if !added.is_empty() && !map.exists {
        let frame = |words: String| keyed("", map.at..map.at, words);
        let first = if text.is_empty() || text.ends_with('\n') { "" } else { map.ending };
        edits.push(frame(format!("{first}{REGISTRIES}: {MARK}{}", map.ending)));
        edits.append(&mut added);
        edits.push(frame(format!("{END}{}", map.ending)));
    }
    edits.append(&mut added);
    let plain: Vec<TextEdit> = edits.iter().map(|keyed| keyed.edit.clone()).collect();
    let after = told(&splice(text, &plain))?;
    // Whatever the layout: the file says what it said, and what is wanted.
    let said = |settings: &[Setting]| -> Vec<(Vec<String>, String)> {
        let of_others = |setting: &&Setting| !entries.iter().any(|entry| is_of(setting, &entry.key));
        settings.iter().filter(of_others).map(|setting| (setting.path.clone(), setting.value.clone())).collect()
    };
    let mut met = entries
        .iter()
        .map(|entry| standing(&after, &entry.key).any(|setting| setting.path[2] == TOKEN || !is_ours(&setting.value)));
    if said(&before).iter().all(|setting| said(&after).contains(setting)) && met.all(|met| met) {
        return Ok(edits);
    }
    Err(CannotRevise(format!("{REGISTRIES} cannot be added to; write each setting on a line of its own")))
}

const TOKEN: &str = "npmAuthToken";

/// A default, so that a file which is left behind stops no yarn: an unset variable without one is an error to it.
fn reference(entry: &Entry) -> String {
    format!("${{{}-}}", entry.variable)
}

fn keyed(key: &str, range: std::ops::Range<usize>, replacement: String) -> KeyedEdit {
    KeyedEdit { key: key.to_owned(), edit: TextEdit { range, replacement } }
}

fn is_of(setting: &Setting, key: &str) -> bool {
    setting.path.len() == 3 && setting.path[0] == REGISTRIES && key_of(&setting.path[1]) == key
}

fn standing<'s>(settings: &'s [Setting], key: &str) -> impl Iterator<Item = &'s Setting> {
    settings.iter().filter(move |setting| is_of(setting, key))
}

/// Where entries go.
struct Map<'t> {
    text: &'t str,
    ending: &'static str,
    /// Whether the file has such a map.
    exists: bool,
    /// Where a new entry goes: at the beginning of a line.
    at: usize,
    /// How far an entry's key is indented.
    indentation: String,
}

impl<'t> Map<'t> {
    fn of(text: &'t str, settings: &[Setting]) -> Result<Self, CannotRevise> {
        let ending = line_ending(text);
        let mut map = Self { text, ending, exists: false, at: text.len(), indentation: "  ".to_owned() };
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut lines = starts.map(|at| (at, &text[at..]));
        let is_key = |line: &str| {
            let rest = line.trim_start_matches(['"', '\'']).strip_prefix(REGISTRIES);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        };
        let has_key = lines.any(|(_, line)| is_key(line));
        if has_key || settings.iter().any(|setting| setting.path[0] == REGISTRIES) {
            let is_entry = |line: &str| !line.trim_start_matches(' ').starts_with(['#', '\r', '\n']);
            let entry = lines.find(|(_, line)| is_entry(line)).filter(|(_, line)| line.starts_with(' '));
            let Some((at, line)) = entry else {
                return Err(CannotRevise(format!("{REGISTRIES} is no map with a line for each key")));
            };
            let indented = line.len() - line.trim_start_matches(' ').len();
            (map.exists, map.at, map.indentation) = (true, at, " ".repeat(indented));
        }
        Ok(map)
    }

    fn written(&self, entry: &Entry) -> String {
        let (outer, ending) = (&self.indentation, self.ending);
        let key = serde_json::Value::from(entry.key.as_str());
        let token = reference(entry);
        format!("{outer}{key}:{ending}{outer}  npmAlwaysAuth: true{ending}{outer}  {TOKEN}: \"{token}\"{ending}")
    }

    /// The bytes of an entry of ours by the line of its token, which is its last: from its key to the end of that line.
    fn whole(&self, token_line: usize) -> std::ops::Range<usize> {
        let mut starts = std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1));
        let first = starts.by_ref().nth(token_line.saturating_sub(3)).unwrap_or_default();
        let start = first + (self.text[first..].len() - self.text[first..].trim_start_matches(' ').len());
        let end = starts.nth(2).unwrap_or(self.text.len());
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::xml::list::testing::{after, undone};

    const KEY: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry";

    fn entry(key: &str, variable: &str) -> Entry {
        Entry { key: key.to_owned(), variable: format!("{VARIABLE_PREFIX}{variable}") }
    }

    fn edits(text: &str, entries: &[Entry]) -> Vec<(String, TextEdit)> {
        let edits = revise(Some(text), entries).unwrap_or_else(|error| panic!("{error}\n{text}"));
        edits.into_iter().map(|keyed| (keyed.key, keyed.edit)).collect()
    }

    fn ours(indentation: &str, variable: &str) -> String {
        format!(
            "{indentation}\"{KEY}\":\n{indentation}  npmAlwaysAuth: true\n{indentation}  npmAuthToken: \"${{{VARIABLE_PREFIX}{variable}-}}\"\n"
        )
    }

    #[test]
    fn entries_come_and_go_and_the_users_stay() {
        let frame = |entry: &str| format!("npmRegistries: # ado-entra-auth\n{entry}# ado-entra-auth: end\n");
        let theirs = "npmRegistries:\n    # theirs\n\n    \"//registry.example.com\":\n        npmAuthToken: x\n";
        let inserted = theirs.replace("\n\n", &format!("\n\n{}", ours("    ", "X")));
        for (before, expected) in [
            (String::new(), frame(&ours("  ", "X"))),
            ("# mine".to_owned(), format!("# mine\n{}", frame(&ours("  ", "X")))),
            ("nodeLinker: pnp\n".to_owned(), format!("nodeLinker: pnp\n{}", frame(&ours("  ", "X")))),
            (theirs.to_owned(), inserted),
            (frame(&ours("  ", "Y")), frame(&ours("  ", "X"))),
            (frame(&ours("  ", "X")), frame(&ours("  ", "X"))),
            (
                format!("npmRegistries:\n  \"{KEY}/\":\n    npmAuthToken: own\n"),
                format!("npmRegistries:\n  \"{KEY}/\":\n    npmAuthToken: own\n"),
            ),
        ] {
            let edits = edits(&before, &[entry(KEY, "X")]);
            let result = after(&before, &edits);
            assert_eq!(result, expected);
            assert_eq!(undone(&before, &result, &edits), before);
        }
    }

    #[test]
    fn a_file_that_cannot_be_added_to_stays() {
        for text in [
            "{nodeLinker: pnp}\n",
            "npmRegistries: {}\n",
            "npmRegistries:\n",
            "a: b\n...\n",
            "  a: b\n",
            "a: b\n---\nc: d\n",
            "npmRegistries: {\"//r\": {npmAuthToken: x}}\n",
        ] {
            assert!(revise(Some(text), &[entry(KEY, "X")]).is_err(), "{text}");
        }
    }
}
