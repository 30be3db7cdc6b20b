//! What the user should know, within bounds that no repository decides.

use std::collections::{BTreeMap, HashSet};

use crate::kernel::fingerprint::fingerprint;

/// Warnings of a tool that are said; the rest is counted.
const MOST_PER_TOOL: usize = 20;

/// Sentences, each once, by the tool that they are about.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    known: HashSet<u64>,
    /// In the order in which tools first had one.
    tools: Vec<&'static str>,
    by_tool: BTreeMap<&'static str, Said>,
}

#[derive(Clone, Debug, Default)]
struct Said {
    sentences: Vec<String>,
    further: usize,
}

impl Warnings {
    /// Adds a sentence about a tool, or about none where `tool` is empty.
    pub fn add(&mut self, tool: &'static str, sentence: String) {
        if !self.known.insert(fingerprint(&sentence)) {
            return;
        }
        if !self.by_tool.contains_key(tool) {
            self.tools.push(tool);
        }
        let said = self.by_tool.entry(tool).or_default();
        if said.sentences.len() < MOST_PER_TOOL {
            said.sentences.push(sentence);
        } else {
            said.further += 1;
        }
    }

    /// Adds several about one tool.
    pub fn extend(&mut self, tool: &'static str, sentences: impl IntoIterator<Item = String>) {
        for sentence in sentences {
            self.add(tool, sentence);
        }
    }

    /// The sentences to say.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        for tool in &self.tools {
            let said = &self.by_tool[tool];
            all.extend(said.sentences.iter().cloned());
            if said.further > 0 {
                let about = if tool.is_empty() { String::new() } else { format!("{tool}: ") };
                all.push(format!("{about}{} further warnings of this kind are not shown", said.further));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_are_said_and_the_rest_is_counted() {
        let mut warnings = Warnings::default();
        for n in 0..500_000 {
            warnings.add("npm", format!("npm: {n}"));
        }
        warnings.add("npm", "npm: 3".to_owned());
        warnings.add("git", "git: one".to_owned());
        let said = warnings.sentences();
        assert_eq!(said.len(), 22);
        assert_eq!(said[20], "npm: 499980 further warnings of this kind are not shown");
        assert_eq!(said[21], "git: one");
    }
}
