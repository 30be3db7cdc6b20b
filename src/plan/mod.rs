//! What a run will change, as plain data: made by the tools, shown by a dry run, done by [`crate::apply`].
//!
//! A plan holds placeholders where the token, its expiry and the run's own directory go, so it can be made before any of
//! them exists, and shown to anybody.

use std::path::PathBuf;

use crate::edit::text::{Text, TextEdit, splice};
use crate::kernel::organization::Organization;

/// A text whose secret and late parts are placeholders.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Template(Vec<Part>);

/// A part of a [`Template`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// Text of the user's that is carried over and may hold secrets of theirs.
    Carried(String),
    /// The access token that the step hands out under a name of its own.
    Token,
    /// The access token that an organization takes. It is another one where the organization belongs to another tenant.
    TokenFor(Organization),
    /// The token's expiry, RFC 3339 in UTC.
    ExpiresOn,
    /// The absolute path of the run's private directory.
    RunDirectory,
}

impl Template {
    /// A template of these parts.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// The access token alone.
    pub fn token() -> Self {
        Self(vec![Part::Token])
    }

    /// The access token for an organization alone.
    pub fn token_for(organization: &Organization) -> Self {
        Self(vec![Part::TokenFor(organization.clone())])
    }

    /// The path of a file of the run's private directory.
    pub fn private_file(name: &str) -> Self {
        Self(vec![Part::RunDirectory, Part::Text(format!("{}{name}", std::path::MAIN_SEPARATOR))])
    }

    /// Adds a text at the end.
    pub fn push_text(&mut self, text: impl Into<String>) {
        self.0.push(Part::Text(text.into()));
    }

    /// Adds parts at the end.
    pub fn extend(&mut self, parts: impl IntoIterator<Item = Part>) {
        self.0.extend(parts);
    }

    /// Whether the token is in it.
    pub fn holds_token(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Token | Part::TokenFor(_)))
    }

    /// The text with every placeholder replaced by what `value` gives for it.
    pub fn render(&self, mut value: impl FnMut(&Part) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            other => value(other),
        };
        self.0.iter().map(text).collect()
    }

    /// The text as a dry run shows it.
    pub fn shown(&self) -> String {
        self.render(|part| {
            match part {
                Part::Text(_) => "",
                Part::Carried(_) => "…",
                Part::Token | Part::TokenFor(_) => "***",
                Part::ExpiresOn => "<expiry of the token>",
                Part::RunDirectory => "<private directory>",
            }
            .to_owned()
        })
    }
}

/// One thing that a run changes.
#[derive(Clone, Debug)]
pub enum Change {
    /// A pipeline variable for later steps.
    Variable(Variable),
    /// A file in the run's private directory, without secrets of ours.
    PrivateFile(PrivateFile),
    /// A file that is not ours alone.
    SharedFile(SharedFile),
}

/// A file of a run's own, which may hold the user's lines beside ours.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    /// Its name in the run's private directory.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// What of them is ours, for showing: the rest may hold the user's secrets.
    pub added: String,
    /// How many lines are the user's.
    pub carried_lines: usize,
}

impl PrivateFile {
    /// A file that carries a text of the user's over, with edits of ours.
    pub fn carrying(name: &str, text: &Text, edits: &[TextEdit]) -> Self {
        Self {
            name: name.to_owned(),
            content: text.encode(&splice(&text.body, edits)),
            added: edits.iter().map(|edit| edit.replacement.as_str()).collect(),
            carried_lines: text.body.lines().count(),
        }
    }
}

/// A pipeline variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name as the later step's environment has it.
    pub name: String,
    /// What it will hold.
    pub value: Template,
    /// Whether the name keeps its case in the environment; else the agent upper-cases it.
    pub exact_case: bool,
    /// What the job had there before and gets back; nothing where the variable goes blank.
    pub former: Option<String>,
    /// Another variable without which this one means nothing, such as the count of a list: where that one was changed by
    /// somebody since, this one is not given back.
    pub only_with: Option<String>,
}

impl Variable {
    /// A variable of our own, blank after the job.
    pub fn own(name: impl Into<String>, value: Template) -> Self {
        Self { name: name.into(), value, exact_case: false, former: None, only_with: None }
    }

    /// A variable that belongs to the user or to a tool and gets back what it held.
    pub fn borrowed(name: impl Into<String>, value: Template, former: Option<String>) -> Self {
        Self { name: name.into(), value, exact_case: false, former, only_with: None }
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
pub type Revise = fn(Option<&str>, &[Entry]) -> Result<Vec<KeyedEdit>, crate::edit::xml::NotWellFormed>;

/// An edit of a shared file, and the entry that it serves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyedEdit {
    /// The entry's key; empty for the frame that the entries need around them, such as `<servers>`.
    pub key: String,
    /// The edit.
    pub edit: TextEdit,
}

/// Changes in their order, and what the user should know.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What will change.
    pub changes: Vec<Change>,
    /// User names that are written beside the token, whose base64 forms need masks.
    pub user_names: Vec<String>,
    /// What each tool will be able to reach, for the log.
    pub served: Vec<Served>,
    /// What the user should know, a sentence each.
    pub warnings: Vec<String>,
}

/// A tool, and what it gets credentials for.
#[derive(Clone, Debug)]
pub struct Served {
    /// The tool's name as the input `tools` has it.
    pub tool: &'static str,
    /// The feed or the organization.
    pub target: String,
    /// Where it was named: a file of the workspace or an input.
    pub named_in: String,
}
