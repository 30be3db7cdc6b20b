//! Masking: which forms of a registered value the agent hides, and how.
//!
//! Rules: `HostContext.cs` (`CreateSecretMasker`) and its tests. base64 is not among the forms for values registered at run
//! time, so a task must register those itself.

/// What hides secrets in a log.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    values: Vec<String>,
}

impl Masker {
    /// Registers a value with the forms that the agent derives from it: escaped as a JSON string, escaped as URI data, and
    /// with backslash escapes undone.
    pub fn add(&mut self, value: &str) {
        for form in [value.to_owned(), json_escape(value), uri_escape(value), undo_backslashes(value)] {
            if !form.is_empty() && !self.values.contains(&form) {
                self.values.push(form);
            }
        }
    }

    /// Registers a secret variable that came with the job: also trimmed, without outer quotes, base64, and as written in a
    /// command.
    pub fn add_of_job(&mut self, value: &str) {
        use base64::{Engine, engine::general_purpose::STANDARD};
        self.add(value);
        self.add(value.trim());
        self.add(value.trim_matches(['"', '\'']));
        self.add(&super::commands::escape_data(value));
        if !value.is_empty() {
            self.add(&STANDARD.encode(value));
        }
    }

    /// The line as the log shows it.
    pub fn mask(&self, line: &str) -> String {
        let mut hidden: Vec<(usize, usize)> = url_passwords(line);
        for value in &self.values {
            let mut from = 0;
            while let Some(at) = line[from..].find(value.as_str()) {
                let start = from + at;
                hidden.push((start, start + value.len()));
                from = start + value.chars().next().map_or(1, char::len_utf8);
            }
        }
        hidden.sort_unstable();
        let mut shown = String::new();
        let mut end = 0;
        let mut open = false;
        for (start, stop) in hidden {
            // Ranges that overlap or touch become one.
            if open && start <= end {
                end = end.max(stop);
                continue;
            }
            shown += &line[end..start];
            shown += "***";
            end = stop;
            open = true;
        }
        shown + &line[end..]
    }
}

/// Where the password of `//user:password@` stands, whatever it is.
fn url_passwords(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (slashes, _) in line.match_indices("//") {
        let start = slashes + 2;
        let authority = line[start..].split(['/', '?', '#', ' ', '\t', '"', '\'']).next().unwrap_or_default();
        if let Some(at) = authority.rfind('@')
            && let Some(colon) = authority[..at].find(':')
            && colon > 0
            && colon + 1 < at
        {
            found.push((start + colon + 1, start + at));
        }
    }
    found
}

fn json_escape(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// `Uri.EscapeDataString`: everything but letters, digits and `-_.~`.
fn uri_escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}

fn undo_backslashes(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}
