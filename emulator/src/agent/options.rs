//! What a job and its steps are made of.

use super::variables::Variable;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How a job is set up.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// Organization that runs the pipeline.
    pub organization: String,
    /// Project that runs the pipeline.
    pub project: String,
    /// Form of `System.CollectionUri` and of the OIDC address.
    pub collection: CollectionForm,
    /// An agent's folder to use again, for the next job on the same agent; `None` makes a fresh one.
    pub agent_root: Option<PathBuf>,
    /// A home directory to share with other agents of the account; `None` makes one inside the agent's folder.
    pub home: Option<PathBuf>,
    /// Variables of the pipeline: public and secret.
    pub variables: Vec<Variable>,
    /// Whether the machine has what tools need to get through the proxy and to trust the authority.
    pub client_settings: bool,
    /// Whether the agent knows the proxy and the authority.
    pub agent_knows_proxy: bool,
    /// `System.Debug`.
    pub debug: bool,
    /// What the environment of the agent's machine holds besides; inherited by all steps.
    pub machine_environment: Vec<(String, String)>,
}

/// Form of an organization's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CollectionForm {
    /// `https://dev.azure.com/contoso/`
    #[default]
    DevAzureCom,
    /// `https://contoso.visualstudio.com/`
    VisualStudioCom,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            organization: "contoso".to_owned(),
            project: "Shop".to_owned(),
            collection: CollectionForm::default(),
            agent_root: None,
            home: None,
            variables: Vec::new(),
            client_settings: true,
            agent_knows_proxy: true,
            debug: false,
            machine_environment: Vec::new(),
        }
    }
}

/// A step that runs a task.
#[derive(Clone, Debug)]
pub struct TaskStep {
    /// Reference name, the prefix of output variables.
    pub name: String,
    /// Program and arguments of the main part, such as `node index.js`.
    pub command: Vec<OsString>,
    /// The same of the post-job part.
    pub post_command: Option<Vec<OsString>>,
    /// Inputs by name.
    pub inputs: Vec<(String, String)>,
    /// Ids of the service connections that the inputs name.
    pub connections: Vec<String>,
    /// `env:` of the step.
    pub env: Vec<(String, String)>,
    /// `restrictions.commands.mode: restricted` of the task.
    pub restricted: bool,
    /// Names (with `*`) that the step may set; `None` allows all.
    pub settable_variables: Option<Vec<String>>,
    /// `outputVariables` of the task.
    pub output_variables: Vec<String>,
    /// Working directory; `None` is System.DefaultWorkingDirectory.
    pub working_directory: Option<PathBuf>,
}

impl TaskStep {
    /// A restricted step that runs this command.
    pub fn new<T: Into<OsString>>(command: impl IntoIterator<Item = T>) -> Self {
        Self {
            name: "auth".to_owned(),
            command: command.into_iter().map(Into::into).collect(),
            post_command: None,
            inputs: Vec::new(),
            connections: Vec::new(),
            env: Vec::new(),
            restricted: true,
            settable_variables: None,
            output_variables: Vec::new(),
            working_directory: None,
        }
    }

    /// The same step with a post-job part.
    #[must_use]
    pub fn post<T: Into<OsString>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.post_command = Some(command.into_iter().map(Into::into).collect());
        self
    }

    /// The same step with an input.
    #[must_use]
    pub fn input(mut self, name: &str, value: &str) -> Self {
        self.inputs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same step with an input that names a service connection by its id.
    #[must_use]
    pub fn connection(mut self, input: &str, id: &str) -> Self {
        self.connections.push(id.to_owned());
        self.input(input, id)
    }
}

/// When a step's process is killed.
#[derive(Clone, Debug)]
pub enum KillWhen {
    /// After so many lines on stdout.
    Lines(usize),
    /// As soon as a line holds this text.
    LineHolds(String),
    /// After this time.
    After(Duration),
    /// As soon as this file exists; looked for every millisecond.
    FileExists(PathBuf),
}
