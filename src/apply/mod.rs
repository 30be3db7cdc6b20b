//! Doing a plan and undoing it.
//!
//! The order is what makes a kill at any moment harmless: first the record of what is intended, then files that hold no
//! secret, last the variables, which end with the job by themselves.

pub mod facts;
pub mod journal;
mod patience;
pub mod record;
pub(crate) mod resident;
pub(crate) mod undo;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::agent::logging::AgentLog;
use crate::diagnosis::Explain;
use crate::disk;
use crate::helper::vault::{self, Deposit, Key, VaultError, key_variable};
use crate::identity::entra::Issued;
use crate::kernel::clock::rfc3339;
use crate::kernel::organization::Organization;
use crate::kernel::run_folder;
use crate::plan::names::RunNames;
use crate::plan::{self, Change, Part, Plan, Template, Variable, Visibility};

use facts::Facts;
use journal::Ledger;
use record::{EarlierRun, RunRecord};

/// The task variable by which the post-job part finds its run.
pub const RUN_VARIABLE: &str = "ADO_ENTRA_AUTH_RUN";
/// The variable by which later steps find the runs of their job.
pub const RUNS_VARIABLE: &str = "ADO_ENTRA_AUTH_RUNS";
/// What the private directories of runs are called, before the run's id.
pub const DIRECTORY_PREFIX: &str = run_folder::PREFIX;

/// One run of the step: who it is to later runs, and where its private directory is.
#[derive(Clone, Debug)]
pub struct Run {
    /// A random id, which is no secret.
    pub id: String,
    /// What the names of its variables hold, so that nobody can guess them.
    unguessable: String,
    /// The agent's temporary folder.
    pub temp_directory: PathBuf,
    /// The id of the job.
    pub job: String,
    /// Who its agent is to Azure DevOps; blank where that is not known.
    pub agent: String,
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
    /// The run's vault could not be made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Somebody else is at the journal, and does not let go.
    #[error("{by} holds {path}, and has not let go of it")]
    Held {
        /// The lock's file.
        path: String,
        /// Who it is.
        by: String,
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
            Self::Vault(error) => error.remedy(),
            Self::Held { by, .. } => {
                format!("wait until {by} goes on, or end it where it is stopped or hangs; then run the job again")
            }
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
    /// A new run of a job. An error where the system has no random numbers.
    pub fn new(temp_directory: PathBuf, job: String) -> std::io::Result<Self> {
        let id = format!("{:016x}", u64::from_be_bytes(random()?));
        let unguessable = format!("{:032X}", u128::from_be_bytes(random()?));
        Ok(Self { id, unguessable, temp_directory, job, agent: String::new(), earlier_attempt: None })
    }

    /// What it calls its own.
    pub fn names(&self) -> RunNames {
        RunNames::new(self.directory(), self.unguessable.clone())
    }

    /// The run whose private directory this is, where it is one: below the agent's temporary folder, and ours alone or gone.
    pub fn of_directory(directory: &Path, temp_directory: &Path, job: &str) -> Option<Self> {
        let id =
            directory.file_name()?.to_str()?.strip_prefix(DIRECTORY_PREFIX).filter(|id| run_folder::is_run_id(id))?;
        let sound = disk::is_private_folder(directory) || !disk::exists(directory);
        let ours = directory.parent() == Some(temp_directory) && sound;
        let (id, temp_directory) = (id.to_owned(), temp_directory.to_path_buf());
        ours.then(|| Self {
            id,
            unguessable: String::new(),
            temp_directory,
            job: job.to_owned(),
            agent: String::new(),
            earlier_attempt: None,
        })
    }

    /// Its private directory.
    pub fn directory(&self) -> PathBuf {
        self.temp_directory.join(format!("{DIRECTORY_PREFIX}{}", self.id))
    }
}

/// What goes where a plan has placeholders.
pub struct Filling<'a> {
    /// The token that the step hands out under a name of its own.
    pub main: &'a Issued,
    /// The token for an organization.
    pub issued_for: &'a dyn Fn(&Organization) -> &'a Issued,
    /// This program, which clients may start under other names.
    pub program: &'a Path,
}

/// Every form of the token that can stand in a file, a variable or a header of later steps.
///
/// The agent masks what is registered and a few escapes of it, but no base64 (agent HostContext.cs).
pub fn forms_to_mask(token: &str, user_names: &[String]) -> Vec<String> {
    let mut forms = vec![token.to_owned(), STANDARD.encode(token), STANDARD.encode(format!(":{token}"))];
    forms.extend(user_names.iter().map(|user| STANDARD.encode(format!("{user}:{token}"))));
    forms
}

/// Does the plan. On an error everything is as before. `written` hears of the vault's key once the files are there.
pub fn apply(
    plan: &Plan,
    filling: &Filling<'_>,
    run: &Run,
    earlier: &[EarlierRun],
    facts: &Facts,
    log: &mut AgentLog,
    written: &mut dyn FnMut(&Key),
) -> Result<(), ApplyError> {
    log.task_variable(RUN_VARIABLE, &run.directory().to_string_lossy());
    let (plan, vault) = with_key(plan)?;
    let done = write_files(&plan, vault.as_ref(), filling, run, earlier, written).and_then(|()| finish(facts, run));
    let done = done.and_then(|()| if log.is_broken() { Err(ApplyError::NoAgent) } else { Ok(()) });
    if let Err(error) = done {
        // The caller reports the error; what cannot be undone now, the next run sweeps.
        let _ = undo::undo_files(&run.directory(), run, &[]);
        return Err(error);
    }
    for change in &plan.changes {
        match change {
            Change::Variable(variable) => {
                log.variable(&variable.name, &fill(&variable.value, filling), variable.exact_case, variable.visibility);
            }
            Change::Path => log.prepend_path(&run.names().programs().to_string_lossy()),
            Change::PrivateFile(_) | Change::SharedFile(_) | Change::Program(_) => {}
        }
    }
    log.variable(RUNS_VARIABLE, &record::runs_with(earlier, run), false, Visibility::Public);
    Ok(())
}

/// The key of a run's vault, and the name of its variable.
struct VaultKey {
    key: Key,
    variable: String,
}

/// The plan with the variable that opens the run's vault, where clients will ask for something.
fn with_key(plan: &Plan) -> Result<(Plan, Option<VaultKey>), ApplyError> {
    let mut plan = plan.clone();
    if plan.deposits.is_empty() {
        return Ok((plan, None));
    }
    let vault = VaultKey { key: Key::generate()?, variable: key_variable()? };
    let text = Template::new([Part::Carried(vault.key.to_text().to_string())]);
    plan.changes.push(Change::Variable(Variable::new(vault.variable.clone(), text)));
    Ok((plan, Some(vault)))
}

fn write_files(
    plan: &Plan,
    vault: Option<&VaultKey>,
    filling: &Filling<'_>,
    run: &Run,
    earlier: &[EarlierRun],
    on_written: &mut dyn FnMut(&Key),
) -> Result<(), ApplyError> {
    let directory = run.directory();
    disk::create_private_folder(&directory).map_err(|error| ApplyError::write(&directory, &error))?;
    RunRecord::of_plan(plan, run, earlier, |value| fill(value, filling)).save(&directory)?;
    if let Some(VaultKey { key, variable }) = vault {
        let deposits: Vec<Deposit<'_>> = plan.deposits.iter().map(|deposit| sealed(deposit, filling)).collect();
        let folders: Vec<PathBuf> = earlier.iter().rev().map(|run| run.directory.clone()).collect();
        vault::write(&directory, variable, key, &deposits, &plan.silenced, &folders)?;
    }
    for change in &plan.changes {
        match change {
            Change::PrivateFile(file) => {
                write_private(&directory.join(&file.name), &file.bytes(|text| fill(text, filling)))?;
            }
            Change::SharedFile(file) => Ledger::at(&file.place).hold(file, run)?,
            Change::Program(name) => {
                let folder = run.names().programs();
                disk::place_program(filling.program, &folder, name)
                    .map_err(|error| ApplyError::write(&folder, &error))?;
            }
            Change::Variable(_) | Change::Path => {}
        }
    }
    if let Some(VaultKey { key, .. }) = vault {
        on_written(key);
    }
    Ok(())
}

/// What later steps are told of the run goes last, before the mark that all is there.
fn finish(facts: &Facts, run: &Run) -> Result<(), ApplyError> {
    facts.save(&run.directory())?;
    RunRecord::mark_complete(&run.directory())
}

fn sealed<'a>(deposit: &plan::Deposit, filling: &Filling<'a>) -> Deposit<'a> {
    let Issued { token, expires_at, .. } = (filling.issued_for)(&deposit.organization);
    let (organization, client, feeds) = (deposit.organization.clone(), deposit.client, deposit.feeds.clone());
    Deposit { organization, client, feeds, token, expires_at: *expires_at }
}

fn random<const BYTES: usize>() -> std::io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn write_private(path: &Path, content: &[u8]) -> Result<(), ApplyError> {
    disk::write_private(path, content).map_err(|error| ApplyError::write(path, &error))
}

fn fill(template: &Template, filling: &Filling<'_>) -> String {
    template.render(|part| match part {
        Part::Text(text) | Part::Carried(text) => text.clone(),
        Part::Token => filling.main.token.reveal().to_owned(),
        Part::TokenFor(organization) => (filling.issued_for)(organization).token.reveal().to_owned(),
        Part::ExpiresOn => rfc3339(filling.main.expires_at),
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
