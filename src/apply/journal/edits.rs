//! The edits of a file, and how each goes by itself, in whatever order the runs end that made them.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::remnants::mentions;
use crate::plan::KeyedEdit;

/// An edit that was made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RecordedEdit {
    /// The entry it serves; empty for the frame around the entries.
    pub key: String,
    /// The variable that the entry refers to; empty for the frame.
    pub variable: String,
    removed: String,
    inserted: String,
    /// The ids of the runs that need it.
    pub users: Vec<String>,
}

impl RecordedEdit {
    /// An edit that a run makes.
    pub fn new(keyed: &KeyedEdit, variable: String, removed: String, run: &str) -> Self {
        let (key, inserted) = (keyed.key.clone(), keyed.edit.replacement.clone());
        Self { key, variable, removed, inserted, users: vec![run.to_owned()] }
    }

    fn is_frame(&self) -> bool {
        self.key.is_empty()
    }

    /// Takes over from an earlier edit of the same entry that goes, and whose text this one replaced: what it puts back is from
    /// now on what the earlier one would have. False where this one has not replaced it.
    fn absorb(&mut self, earlier: &Self) -> bool {
        if let Some((before, after)) = split_once(&earlier.inserted, &self.removed) {
            self.inserted = [before, &self.inserted, after].concat();
            self.removed.clone_from(&earlier.removed);
        } else if let Some((before, after)) = split_once(&self.removed, &earlier.inserted) {
            self.removed = [before, &earlier.removed, after].concat();
        } else if mentions(&self.removed, &earlier.variable) {
            // Somebody had changed it in between, and this run replaced it with that change.
            earlier.removed.trim().clone_into(&mut self.removed);
        } else {
            return false;
        }
        true
    }
}

fn split_once<'t>(text: &'t str, part: &str) -> Option<(&'t str, &'t str)> {
    if part.is_empty() { None } else { text.split_once(part) }
}

/// Forgets edits that do not stand in the file: a run was killed before it wrote them, or somebody has removed them.
pub fn forget_absent(edits: &mut Vec<RecordedEdit>, body: &str) {
    let stands = |edit: &RecordedEdit| body.contains(edit.inserted.trim()) || mentions(body, &edit.variable);
    // The latest of an entry is the one that stands there; those before it lie in what it removed.
    let mut standing = HashSet::new();
    let mut position = edits.len();
    while position > 0 {
        position -= 1;
        let edit = &edits[position];
        let is_covered = !edit.is_frame() && standing.contains(&edit.key);
        if is_covered || stands(edit) {
            standing.insert(edit.key.clone());
        } else {
            edits.remove(position);
        }
    }
}

/// What is to be done about edits that nobody needs, beside those whose text was taken back.
pub struct Unused {
    /// The frame around entries.
    frame: Vec<RecordedEdit>,
    /// Those whose text could not be found.
    pub kept: Vec<RecordedEdit>,
}

/// Takes the edits that nobody needs out of the list, and the text of entries among them out of `body`.
pub fn take_unused(edits: &mut Vec<RecordedEdit>, body: &mut String) -> Unused {
    let mut going = Vec::new();
    let mut position = 0;
    while position < edits.len() {
        if !edits[position].users.is_empty() {
            position += 1;
            continue;
        }
        let edit = edits.remove(position);
        let mut later = edits[position..].iter_mut().filter(|later| !edit.is_frame() && later.key == edit.key);
        if !later.any(|later| later.absorb(&edit)) {
            going.push(edit);
        }
    }
    let (frame, entries): (Vec<_>, Vec<_>) = going.into_iter().partition(RecordedEdit::is_frame);
    let kept = entries.into_iter().rev().filter(|edit| !take_back(body, edit)).collect();
    Unused { frame, kept }
}

/// Puts back what an edit removed, where what it inserted stands exactly once, at least but for the blanks around it.
fn take_back(body: &mut String, edit: &RecordedEdit) -> bool {
    let whole = (edit.inserted.as_str(), edit.removed.as_str());
    let bare = (edit.inserted.trim(), edit.removed.trim());
    for (inserted, removed) in [whole, bare] {
        let places: Vec<usize> = body.match_indices(inserted).map(|(at, _)| at).take(2).collect();
        if let ([at], false) = (&places[..], inserted.is_empty()) {
            body.replace_range(*at..*at + inserted.len(), removed);
            return true;
        }
    }
    false
}

impl Unused {
    /// The text without the frame, whose parts alone may stand anywhere: it goes as a whole, where nothing stands in it. Somebody
    /// else's content may by now.
    pub fn without_frame(&self, body: &str) -> String {
        let joined = |part: fn(&RecordedEdit) -> &str| self.frame.iter().map(part).collect::<String>();
        let (inserted, removed) = (joined(|edit| &edit.inserted), joined(|edit| &edit.removed));
        let mut places = body.match_indices(&inserted).map(|(at, _)| at);
        match (inserted.is_empty(), places.next(), places.next()) {
            (false, Some(at), None) => [&body[..at], &removed, &body[at + inserted.len()..]].concat(),
            _ => body.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(key: &str, variable: &str, removed: &str, inserted: &str, users: &[&str]) -> RecordedEdit {
        let owned = str::to_owned;
        let users = users.iter().map(|user| owned(user)).collect();
        RecordedEdit {
            key: owned(key),
            variable: owned(variable),
            removed: owned(removed),
            inserted: owned(inserted),
            users,
        }
    }

    /// Three runs wrote one entry one after the other, each another variable; the runs named are over.
    fn after(removed_first: &str, over: &[&str]) -> (String, Vec<RecordedEdit>) {
        let trimmed = if removed_first.is_empty() { (" [1]\n", "[1]") } else { ("[1]", "[1]") };
        let mut edits = vec![
            edit("k", "V1", removed_first, trimmed.0, &["1"]),
            edit("k", "V2", trimmed.1, "[2]", &["2"]),
            edit("k", "V3", "[2]", "[3]", &["3"]),
        ];
        let mut body = format!("a{}z", trimmed.0.replace("[1]", "[3]"));
        for over in over {
            for edit in &mut edits {
                edit.users.retain(|user| user != over);
            }
            assert_eq!(take_unused(&mut edits, &mut body).kept.len(), 0);
        }
        (body, edits)
    }

    #[test]
    fn an_edit_that_goes_leaves_its_former_text_to_the_one_that_replaced_it() {
        for (first, whole) in [("", [" [1]\n", " [2]\n", " [3]\n"]), ("[user's]", ["[1]", "[2]", "[3]"])] {
            for (over, rest) in [
                (vec!["1"], whole[2]),
                (vec!["3"], whole[1]),
                (vec!["2"], whole[2]),
                (vec!["2", "3"], whole[0]),
                (vec!["3", "2"], whole[0]),
                (vec!["1", "3"], whole[1]),
                (vec!["3", "1"], whole[1]),
                (vec!["1", "2"], whole[2]),
                (vec!["2", "1"], whole[2]),
                (vec!["1", "2", "3"], first),
                (vec!["1", "3", "2"], first),
                (vec!["2", "1", "3"], first),
                (vec!["2", "3", "1"], first),
                (vec!["3", "1", "2"], first),
                (vec!["3", "2", "1"], first),
            ] {
                assert_eq!(after(first, &over).0, format!("a{rest}z"), "{over:?}, then {first:?}");
            }
        }
    }

    #[test]
    fn what_somebody_made_of_an_element_of_a_run_that_is_over_does_not_come_back() {
        for first in ["", "[user's]"] {
            let mut edits = vec![
                edit("k", "V1", first, "[1 V1]", &[]),
                edit("k", "V2", "[1 <!-- changed --> V1]", "[2 V2]", &["2"]),
            ];
            let mut body = "a[2 V2]z".to_owned();
            assert_eq!(take_unused(&mut edits, &mut body).kept.len(), 0);
            assert_eq!(body, "a[2 V2]z");
            edits[0].users.clear();
            assert_eq!(take_unused(&mut edits, &mut body).kept.len(), 0);
            assert_eq!(body, format!("a{first}z"));
        }
    }

    #[test]
    fn an_edit_that_was_never_written_does_not_keep_the_one_it_was_to_replace() {
        let mut edits = vec![
            edit("k", "V1", "", " [1]\n", &[]),
            edit("k", "V2", "[1]", "[2]", &["2"]),
            edit("k", "V3", "[1]", "[3]", &["3"]),
            edit("other", "V3", "", "[o]", &["3"]),
        ];
        let mut body = "a [1]\nz".to_owned();
        forget_absent(&mut edits, &body);
        assert_eq!(edits.len(), 1);
        assert_eq!(take_unused(&mut edits, &mut body).kept.len(), 0);
        assert_eq!(body, "az");
    }

    #[test]
    fn blanks_that_somebody_changed_around_an_element_do_not_keep_it() {
        let mut edits = vec![edit("k", "V1", "[u]", "  [1]\n", &[])];
        let mut body = "a\t[1] z".to_owned();
        assert_eq!(take_unused(&mut edits, &mut body).kept.len(), 0);
        assert_eq!(body, "a\t[u] z");
        let mut twice = vec![edit("k", "V1", "", "[1]", &[])];
        let mut body = "[1][1]".to_owned();
        assert_eq!(take_unused(&mut twice, &mut body).kept.len(), 1);
        assert_eq!(body, "[1][1]");
    }
}
