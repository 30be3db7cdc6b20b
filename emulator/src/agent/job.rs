//! A running job on an agent.

use super::clients;
use super::environment::{self, FixedFacts};
use super::masking::Masker;
use super::options::{CollectionForm, JobOptions, KillWhen, TaskStep};
use super::orphans;
use super::process::Ending;
use super::step::{self, StepOutcome, StepResult};
use super::variables::{Variable, Variables};
use crate::state::PipelineJob;
use crate::world::World;
use crate::{Emulator, guid};
use anyhow::Context;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A job: its agent's folders, its variables, what its steps have set.
pub struct Job<'a> {
    emulator: &'a Emulator,
    _own_root: Option<TempDir>,
    root: PathBuf,
    home: PathBuf,
    pub(super) pipeline: PipelineJob,
    pub(super) world: Arc<World>,
    pub(super) collection_uri: String,
    pub(super) process_lookup_id: String,
    pub(super) machine_environment: Vec<(String, String)>,
    pub(super) variables: Variables,
    pub(super) prepended: Vec<String>,
    pub(super) masker: Masker,
    task_variables: HashMap<String, Variables>,
    steps: Vec<TaskStep>,
    result: StepResult,
    orphans_ended: usize,
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        // No process outlives the machine.
        orphans::end(&self.process_lookup_id);
    }
}

impl<'a> Job<'a> {
    /// Starts a job: makes the agent's folders where they are missing, empties its temporary folder, gets ids and a token.
    pub fn new(emulator: &'a Emulator, options: JobOptions) -> anyhow::Result<Self> {
        let (own_root, root) = if let Some(root) = options.agent_root {
            (None, root)
        } else {
            let folder = tempfile::Builder::new().prefix("agent").tempdir()?;
            let root = folder.path().to_path_buf();
            (Some(folder), root)
        };
        for folder in ["_work/_temp", "_work/_tool", "_work/_tasks", "_work/1/s", "_work/1/a", "_work/1/b"] {
            std::fs::create_dir_all(root.join(folder))?;
        }
        empty(&root.join("_work/_temp"))?;
        let home = options.home.unwrap_or_else(|| root.join("home"));
        std::fs::create_dir_all(&home)?;
        let world = emulator.world();
        let pipeline = emulator.new_job(&options.organization, &options.project);
        let organization = world.organization(&options.organization).context("the world has no such organization")?;
        let project_id =
            organization.project(&options.project).context("the organization has no such project")?.id.clone();
        let collection_uri = match options.collection {
            CollectionForm::DevAzureCom => format!("https://dev.azure.com/{}/", options.organization),
            CollectionForm::VisualStudioCom => format!("https://{}.visualstudio.com/", options.organization),
        };
        let oidc_uri = format!(
            "{collection_uri}{project_id}/_apis/distributedtask/hubs/build/plans/{}/jobs/{}/oidctoken",
            pipeline.plan_id, pipeline.job_id
        );
        let mut machine_environment = options.machine_environment;
        if options.client_settings {
            machine_environment.extend(clients::settings(emulator, &root.join("company"), &home)?);
        }
        let facts = FixedFacts {
            root: &root,
            pipeline: &pipeline,
            collection_uri: &collection_uri,
            project_id: &project_id,
            oidc_uri: &oidc_uri,
            debug: options.debug,
        };
        let mut variables = Variables::default();
        for variable in environment::fixed_variables(&facts).into_iter().chain(options.variables) {
            variables.set(variable);
        }
        variables.set(Variable::secret("System.AccessToken", &pipeline.token).fixed());
        let mut job = Self {
            emulator,
            _own_root: own_root,
            home,
            world,
            collection_uri,
            process_lookup_id: guid::random(),
            machine_environment,
            variables,
            prepended: Vec::new(),
            masker: Masker::default(),
            task_variables: HashMap::new(),
            steps: Vec::new(),
            result: StepResult::Succeeded,
            orphans_ended: 0,
            pipeline,
            root,
        };
        if options.agent_knows_proxy {
            job.set_proxy()?;
        }
        let secrets: Vec<String> = job.variables.iter().filter(|v| v.secret).map(|v| v.value.clone()).collect();
        for value in &secrets {
            job.masker.add_of_job(value);
        }
        Ok(job)
    }

    /// The variables by which an agent tells its tasks of proxy and authority.
    fn set_proxy(&mut self) -> anyhow::Result<()> {
        let authority = self.root.join("ca.pem");
        self.emulator.write_authority(&authority)?;
        self.variables.set(Variable::public("Agent.ProxyUrl", &self.emulator.proxy_url()).fixed());
        self.variables.set(Variable::public("Agent.CAInfo", &authority.display().to_string()).fixed());
        if let Some((user, password)) = &self.emulator.world().proxy_credentials {
            self.variables.set(Variable::public("Agent.ProxyUsername", user).fixed());
            self.variables.set(Variable::secret("Agent.ProxyPassword", password).fixed());
        }
        Ok(())
    }

    /// The agent's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The home directory of the agent's account.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// `Agent.TempDirectory`.
    pub fn temp(&self) -> PathBuf {
        self.root.join("_work/_temp")
    }

    /// `Build.SourcesDirectory`, which is `System.DefaultWorkingDirectory`.
    pub fn sources(&self) -> PathBuf {
        self.root.join("_work/1/s")
    }

    /// Ids and token of the job.
    pub fn pipeline(&self) -> &PipelineJob {
        &self.pipeline
    }

    /// The job's variables as they are now.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Sets a variable as the pipeline's author would.
    pub fn set_variable(&mut self, variable: Variable) {
        if variable.secret {
            self.masker.add_of_job(&variable.value);
        }
        self.variables.set(variable);
    }

    /// Folders prepended to `PATH`, oldest first.
    pub fn prepended_paths(&self) -> &[String] {
        &self.prepended
    }

    /// A text as the log of this job would show it.
    pub fn mask(&self, text: &str) -> String {
        self.masker.mask(text)
    }

    /// The worst result so far.
    pub fn result(&self) -> StepResult {
        self.result
    }

    /// Runs the main part of a task and remembers its post-job part.
    pub fn run_task(&mut self, step: &TaskStep) -> anyhow::Result<StepOutcome> {
        self.start(step);
        step::run(self, step, &step.command, None)
    }

    /// The same, but cancels the step at some point as the agent does: SIGINT to the process, SIGTERM 7.5 s later, SIGKILL after
    /// another 2.5 s.
    pub fn run_task_and_cancel(&mut self, step: &TaskStep, when: &KillWhen) -> anyhow::Result<StepOutcome> {
        self.start(step);
        step::run(self, step, &step.command, Some(&Ending { when, gently: true }))
    }

    /// The same, but kills the process (and its group) at some point.
    pub fn run_task_and_kill(&mut self, step: &TaskStep, when: &KillWhen) -> anyhow::Result<StepOutcome> {
        self.start(step);
        step::run(self, step, &step.command, Some(&Ending { when, gently: false }))
    }

    /// Remembers a step whose main part is skipped; its post-job part runs all the same.
    pub fn skip_task(&mut self, step: &TaskStep) {
        self.start(step);
    }

    fn start(&mut self, step: &TaskStep) {
        self.emulator.reference(&self.pipeline, &step.connections);
        let masked: Vec<String> =
            self.endpoints(step).iter().flat_map(|e| e.masked().map(str::to_owned).collect::<Vec<_>>()).collect();
        for value in &masked {
            self.masker.add(value);
        }
        if !self.steps.iter().any(|known| known.name == step.name) {
            self.steps.push(step.clone());
        }
    }

    /// Ends the job: post-job parts in reverse order of the steps, whatever came of these; then the temporary folder is
    /// emptied.
    pub fn finish(&mut self) -> anyhow::Result<Vec<StepOutcome>> {
        let mut outcomes = Vec::new();
        for step in std::mem::take(&mut self.steps).iter().rev() {
            if let Some(command) = &step.post_command {
                outcomes.push(step::run(self, step, command, None)?);
            }
        }
        self.orphans_ended = orphans::end(&self.process_lookup_id);
        empty(&self.temp())?;
        self.emulator.end_job(&self.pipeline);
        Ok(outcomes)
    }

    /// How many processes of the job were still there after the post-job parts, and were killed.
    pub fn orphans_ended(&self) -> usize {
        self.orphans_ended
    }

    /// The processes that were started with this job's mark in their environment.
    pub fn processes(&self) -> Vec<u32> {
        orphans::of(&self.process_lookup_id)
    }

    /// Ends the job as when the whole agent is killed: no post-job part runs and nothing is emptied.
    pub fn abandon(&mut self) {
        self.steps.clear();
        self.emulator.end_job(&self.pipeline);
    }

    pub(super) fn task_variables_of(&self, step: &str) -> Variables {
        self.task_variables.get(step).cloned().unwrap_or_default()
    }

    pub(super) fn set_task_variable(&mut self, step: &str, variable: Variable) {
        self.task_variables.entry(step.to_owned()).or_default().set(variable);
    }

    pub(super) fn note_result(&mut self, result: StepResult) {
        self.result = self.result.max(result);
    }

    pub(super) fn status(&self) -> &'static str {
        match self.result {
            StepResult::Succeeded | StepResult::Skipped => "Succeeded",
            StepResult::SucceededWithIssues => "SucceededWithIssues",
            StepResult::Canceled => "Canceled",
            StepResult::Failed | StepResult::Abandoned => "Failed",
        }
    }

    pub(super) fn debugs(&self) -> bool {
        self.variables.get("System.Debug").is_some_and(|v| v.value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn decodes_percents(&self) -> bool {
        self.variables.get("DECODE_PERCENTS").is_none_or(|v| !v.value.eq_ignore_ascii_case("false"))
    }
}

/// Removes everything in a folder.
fn empty(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            std::fs::remove_dir_all(&path)?;
        } else {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
