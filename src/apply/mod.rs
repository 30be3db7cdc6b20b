//! Doing a plan and undoing it.
//!
//! The order is what makes a kill at any moment harmless: first the record of what is intended, then files that hold no
//! secret, last the variables, which end with the job by themselves.

pub mod journal;
pub mod record;
pub mod undo;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::agent::logging::AgentLog;
use crate::diagnosis::Explain;
use crate::disk;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;
use crate::plan::{Change, Part, Plan, Template};
use crate::reach::Grant;

use journal::Ledger;
use record::{EarlierRun, RunRecord};

/// The task variable by which the post-job part finds its run.
pub const RUN_VARIABLE: &str = "ADO_ENTRA_AUTH_RUN";
/// The variable by which later steps find the runs of their job.
pub const RUNS_VARIABLE: &str = "ADO_ENTRA_AUTH_RUNS";
/// What the private directories of runs are called, before the run's id.
pub const DIRECTORY_PREFIX: &str = "ado-entra-auth-";

/// One run of the step: who it is to later runs, and where its private directory is.
#[derive(Clone, Debug)]
pub struct Run {
    /// A random id.
    pub id: String,
    /// The agent's temporary folder.
    pub temp_directory: PathBuf,
    /// The id of the job.
    pub job: String,
    /// The private directory of an earlier attempt of the same step, which the agent tries again when it failed: what a killed
    /// one had set up is undone together with this run.
    pub earlier_attempt: Option<PathBuf>,
}

/// Why a plan could not be done. What had been done is undone then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A file or folder could not be written.
    #[error("{path} cannot be written: {reason}")]
    Write {
        /// The file or folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A file that must change cannot be understood.
    #[error("{path} cannot be changed: {reason}")]
    Edit {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody reads the log any more.
    #[error("the agent is gone")]
    NoAgent,
}

impl Explain for ApplyError {
    fn remedy(&self) -> String {
        match self {
            Self::Write { path, .. } => format!("let the agent's user write to {path}, and see that its disk has room"),
            Self::Edit { path, .. } => format!("correct or remove {path}"),
            Self::NoAgent => "run the job again".to_owned(),
        }
    }
}

impl ApplyError {
    /// A write that the system refused.
    pub fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::Write { path: path.display().to_string(), reason: error.to_string() }
    }
}

impl Run {
    /// A new run of a job.
    pub fn new(temp_directory: PathBuf, job: String) -> Self {
        use std::hash::{BuildHasher, Hasher};
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        Self { id: format!("{random:016x}"), temp_directory, job, earlier_attempt: None }
    }

    /// The run whose private directory this is, where it is one: below the agent's temporary folder, and ours alone or gone.
    pub fn of_directory(directory: &Path, temp_directory: &Path, job: &str) -> Option<Self> {
        let id = directory.file_name()?.to_str()?.strip_prefix(DIRECTORY_PREFIX).filter(|id| undo::is_run_id(id))?;
        let sound = disk::is_private_folder(directory) || !disk::exists(directory);
        let ours = directory.parent() == Some(temp_directory) && sound;
        let (id, temp_directory) = (id.to_owned(), temp_directory.to_path_buf());
        ours.then(|| Self { id, temp_directory, job: job.to_owned(), earlier_attempt: None })
    }

    /// Its private directory.
    pub fn directory(&self) -> PathBuf {
        self.temp_directory.join(format!("{DIRECTORY_PREFIX}{}", self.id))
    }
}

/// What goes where a plan has placeholders.
pub struct Filling<'a> {
    /// The token that the step hands out under a name of its own.
    pub token: &'a AccessToken,
    /// Its expiry, RFC 3339 in UTC.
    pub expires_on: String,
    /// The token for an organization.
    pub token_for: &'a dyn Fn(&Organization) -> &'a AccessToken,
}

/// Every form of the token that can stand in a file, a variable or a header of later steps.
///
/// The agent masks what is registered and a few escapes of it, but no base64 (agent HostContext.cs).
pub fn forms_to_mask(token: &str, user_names: &[String]) -> Vec<String> {
    let mut forms = vec![token.to_owned(), STANDARD.encode(token), STANDARD.encode(format!(":{token}"))];
    forms.extend(user_names.iter().map(|user| STANDARD.encode(format!("{user}:{token}"))));
    forms
}

/// Does the plan. On an error everything is as before.
pub fn apply(
    plan: &Plan,
    grants: &[Grant],
    filling: &Filling<'_>,
    run: &Run,
    earlier: &[EarlierRun],
    log: &mut AgentLog,
) -> Result<(), ApplyError> {
    log.task_variable(RUN_VARIABLE, &run.directory().to_string_lossy());
    let done = write_files(plan, grants, filling, run, earlier);
    let done = done.and_then(|()| if log.is_broken() { Err(ApplyError::NoAgent) } else { Ok(()) });
    if done.is_err() {
        // The caller reports the error; what cannot be undone now, the next run sweeps.
        let _ = undo::undo_files(&run.directory(), run, &[]);
        return done;
    }
    for change in &plan.changes {
        if let Change::Variable(variable) = change {
            log.variable(&variable.name, &fill(&variable.value, filling, run), variable.exact_case);
        }
    }
    log.variable(RUNS_VARIABLE, &record::runs_with(earlier, run, grants), false);
    Ok(())
}

fn write_files(
    plan: &Plan,
    grants: &[Grant],
    filling: &Filling<'_>,
    run: &Run,
    earlier: &[EarlierRun],
) -> Result<(), ApplyError> {
    let directory = run.directory();
    disk::create_private_folder(&directory).map_err(|error| ApplyError::write(&directory, &error))?;
    RunRecord::of_plan(plan, grants, run, earlier, |value| fill(value, filling, run)).save(&directory)?;
    for change in &plan.changes {
        match change {
            Change::PrivateFile(file) => write_private(&directory.join(&file.name), &file.content)?,
            Change::SharedFile(file) => Ledger::at(&file.place).hold(file, run)?,
            Change::Variable(_) => {}
        }
    }
    RunRecord::mark_complete(&directory)
}

fn write_private(path: &Path, content: &[u8]) -> Result<(), ApplyError> {
    disk::write_private(path, content).map_err(|error| ApplyError::write(path, &error))
}

fn fill(template: &Template, filling: &Filling<'_>, run: &Run) -> String {
    template.render(|part| match part {
        Part::Text(text) | Part::Carried(text) => text.clone(),
        Part::Token => filling.token.reveal().to_owned(),
        Part::TokenFor(organization) => (filling.token_for)(organization).reveal().to_owned(),
        Part::ExpiresOn => filling.expires_on.clone(),
        Part::RunDirectory => run.directory().to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_is_written_is_masked() {
        // The example of the agent's vectors.
        let forms = forms_to_mask("eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2ln", &["vsts".to_owned()]);
        let expected = [
            "eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2ln",
            "ZXlKMGVYQWlPaUpLVjFRaWZRLmV5SmhJam94ZlEuYzJsbg==",
            "OmV5SjBlWEFpT2lKS1YxUWlmUS5leUpoSWpveGZRLmMybG4=",
            "dnN0czpleUowZVhBaU9pSktWMVFpZlEuZXlKaElqb3hmUS5jMmxu",
        ];
        assert_eq!(forms, expected);
    }
}
