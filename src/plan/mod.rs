//! What a run will change, as plain data: made by the tools, shown by a dry run, done by `apply`.
//!
//! A plan holds placeholders where the token and its expiry go, so it can be made before any of them exists, and shown to
//! anybody.

pub(crate) mod draft;
pub(crate) mod names;
mod source;
mod template;
mod warnings;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use crate::azure_devops::feed::Feed;
use crate::azure_devops::first_look::Statement;
use crate::edit::text::{Text, TextEdit, splice};
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::reach::Grant;

pub use source::TokenSource;
pub use template::{Part, TOKEN_SHOWN, Template};
pub use warnings::Warnings;

/// One thing that a run changes.
#[derive(Clone, Debug)]
pub enum Change {
    /// A pipeline variable for later steps.
    Variable(Variable),
    /// A file in the run's private directory.
    PrivateFile(PrivateFile),
    /// A file that is not ours alone.
    SharedFile(SharedFile),
    /// This program, under the name by which a client starts it, in the run's folder of programs.
    Program(&'static str),
    /// The run's folder of programs, before the others of PATH.
    Path,
}

/// A file of a run's own, which may hold the user's lines beside ours.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    /// Its name in the run's private directory.
    pub name: String,
    /// The user's text that is carried over; blank where there is none.
    pub carried: Text,
    /// What of ours goes in, by the byte positions of the carried text. None overlap.
    pub added: Vec<(Range<usize>, Template)>,
    /// How the text becomes the file's bytes, where the file is no text.
    pub pack: Option<Pack>,
}

/// How a text becomes the bytes of a file that is no text.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    /// The bytes.
    pub bytes: fn(&str) -> Vec<u8>,
    /// What it is for, as a dry run shows it in place of the text: "a module for twine".
    pub purpose: &'static str,
}

impl PrivateFile {
    /// A file that carries a text of the user's over, with edits of ours that hold no token.
    pub fn carrying(name: &str, carried: Text, edits: Vec<TextEdit>) -> Self {
        let added = edits.into_iter().map(|edit| (edit.range, Template::text(edit.replacement))).collect();
        Self { name: name.to_owned(), carried, added, pack: None }
    }

    /// A file of ours only.
    pub fn new(name: &str, content: Template) -> Self {
        Self { name: name.to_owned(), carried: Text::default(), added: vec![(0..0, content)], pack: None }
    }

    /// Its bytes, with every placeholder replaced by what `fill` gives.
    pub fn bytes(&self, fill: impl Fn(&Template) -> String) -> Vec<u8> {
        let edit = |(range, template): &(Range<usize>, Template)| TextEdit {
            range: range.clone(),
            replacement: fill(template),
        };
        let edits: Vec<TextEdit> = self.added.iter().map(edit).collect();
        let text = splice(&self.carried.body, &edits);
        self.pack.map_or_else(|| self.carried.encode(&text), |pack| (pack.bytes)(&text))
    }

    /// What of it is ours, as a dry run shows it: the rest may hold the user's secrets.
    pub fn added_text(&self) -> String {
        self.added.iter().map(|(_, template)| template.shown()).collect()
    }

    /// Where it refers to variables.
    fn references(&self, known: &[(String, Organization)], found: &mut Vec<FileReference>) {
        let text = self.added_text();
        for (variable, organization) in known {
            // As npm's files and Maven's refer to a variable.
            for spelled in [format!("${{{variable}}}"), format!("${{env.{variable}}}")] {
                if text.contains(&spelled) {
                    let (file, variable, organization) =
                        (self.name.clone(), variable.clone(), organization.name().to_owned());
                    found.push(FileReference { file, spelled, organization, variable });
                }
            }
        }
    }

    /// How many lines are the user's.
    pub fn carried_lines(&self) -> usize {
        self.carried.body.lines().count()
    }
}

/// Who sees a pipeline variable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Visibility {
    /// Every later step has it in its environment.
    Public,
    /// The agent masks it, and a script has it only where its `env:` maps it.
    Secret,
}

/// A pipeline variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name as the later step's environment has it.
    pub name: String,
    /// What it will hold.
    pub value: Template,
    /// Who sees it.
    pub visibility: Visibility,
    /// Whether the name keeps its case in the environment; else the agent upper-cases it.
    pub exact_case: bool,
    /// What the job had there before and gets back; nothing where the variable goes blank.
    pub former: Option<String>,
    /// Another variable without which this one means nothing, such as the count of a list: where that one was changed by
    /// somebody since, this one is not given back.
    pub only_with: Option<String>,
}

impl Variable {
    /// A public variable, blank after the job.
    pub fn new(name: impl Into<String>, value: Template) -> Self {
        let (exact_case, former, only_with) = (false, None, None);
        Self { name: name.into(), value, visibility: Visibility::Public, exact_case, former, only_with }
    }

    /// The same, seen only where it is mapped.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { visibility: Visibility::Secret, ..self }
    }

    /// The same under a name that keeps its letters.
    #[must_use]
    pub fn exact_case(self) -> Self {
        Self { exact_case: true, ..self }
    }

    /// The same, with what it gets back after the job.
    #[must_use]
    pub fn with_former(self, former: Option<String>) -> Self {
        Self { former, ..self }
    }

    /// The same, which means something only together with another.
    #[must_use]
    pub fn only_with(self, other: &str) -> Self {
        Self { only_with: Some(other.to_owned()), ..self }
    }
}

/// A file that other jobs, or the user, may hold too: changed under a journal, put back afterwards.
#[derive(Clone, Debug)]
pub struct SharedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The existing folder that holds the journal: the home folder or the pipeline's workspace, above `path`.
    pub place: PathBuf,
    /// What must stand in it, each under a key of its own.
    pub entries: Vec<Entry>,
    /// How the entries get in.
    pub revise: Revise,
}

/// One thing that must stand in a shared file, such as a Maven server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What it is called there: a server id, a source name.
    pub key: String,
    /// The environment variable that it refers to.
    pub variable: String,
}

/// Plans the edits after which a text holds the entries. The text is nothing where there is no file yet.
///
/// Called for the dry run and again when the file is changed, since it may have changed in between.
pub type Revise = fn(Option<&str>, &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise>;

/// Why a shared file cannot hold the entries.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotRevise(pub String);

impl From<crate::edit::xml::NotWellFormed> for CannotRevise {
    fn from(error: crate::edit::xml::NotWellFormed) -> Self {
        Self(error.to_string())
    }
}

/// An edit of a shared file, and the entry that it serves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyedEdit {
    /// The entry's key; empty for the frame that the entries need around them, such as `<servers>`.
    pub key: String,
    /// The edit.
    pub edit: TextEdit,
}

/// A token that a client will ask for at run time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deposit {
    /// Who asks.
    pub client: Dialect,
    /// For whose services.
    pub organization: Organization,
    /// The addresses of the feeds that it may ask for; nothing where it may ask for whatever the organization has.
    pub feeds: Option<Vec<String>>,
}

/// Changes in their order, and what the user should know.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What will change.
    pub changes: Vec<Change>,
    /// What the run's vault will hold.
    pub deposits: Vec<Deposit>,
    /// The clients that it does not answer at the host that organizations share.
    pub silenced: BTreeSet<Dialect>,
    /// The feeds that the step has to look at, and to plan without where they would have the token sent elsewhere.
    pub look_first: Vec<(Feed, &'static Statement)>,
    /// For which tools and organizations this step's token serves.
    pub grants: Vec<Grant>,
    /// The variables that files may refer to, and whose tokens they hold: this step's, and an earlier one's where that keeps serving.
    pub references: Vec<(String, Organization)>,
    /// What each tool will be able to reach, for the log.
    pub served: Vec<Served>,
    /// What may go wrong, a sentence each.
    pub warnings: Warnings,
    /// What is as it should be and may still surprise, a line each.
    pub notes: Vec<String>,
}

/// Where a private file of the run refers to a token, which can stand there itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileReference {
    /// The file's name in the run's private directory.
    pub file: String,
    /// The reference, as the file spells it.
    pub spelled: String,
    /// Whose token.
    pub organization: String,
    /// The variable that it refers to.
    pub variable: String,
}

impl Plan {
    /// What of a private file is ours from the first renewal on, as a dry run shows it: the token stands there itself. Nothing where it
    /// stays as it is.
    pub fn renewed_text(&self, file: &PrivateFile) -> Option<String> {
        let mut found = Vec::new();
        file.references(&self.references, &mut found);
        let renewed = |text: String, to: &FileReference| text.replace(&to.spelled, TOKEN_SHOWN);
        (!found.is_empty()).then(|| found.iter().fold(file.added_text(), renewed))
    }

    /// Where its private files refer to tokens. Files of others are not among them.
    pub fn file_references(&self) -> Vec<FileReference> {
        let mut found = Vec::new();
        for change in &self.changes {
            if let Change::PrivateFile(file) = change {
                file.references(&self.references, &mut found);
            }
        }
        found
    }

    /// The variables that it sets, in their order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.changes.iter().filter_map(|change| match change {
            Change::Variable(variable) => Some(variable),
            Change::PrivateFile(_) | Change::SharedFile(_) | Change::Program(_) | Change::Path => None,
        })
    }
}

/// A tool, and what it gets credentials for.
#[derive(Clone, Debug)]
pub struct Served {
    /// The tool's name as the input `tools` has it.
    pub tool: &'static str,
    /// Whose services they are.
    pub organization: Organization,
    /// The feed, or the organization's repositories.
    pub target: String,
    /// The feed; nothing where the organization's repositories are meant.
    pub feed: Option<Feed>,
    /// Where it was named: a file of the workspace, a variable or an input.
    pub named_in: String,
    /// How the tool comes by the token.
    pub source: TokenSource,
}
