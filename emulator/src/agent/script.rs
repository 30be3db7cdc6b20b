//! Script steps: they see public variables and prepended paths, and a secret only where their `env:` maps it.

use super::job::Job;
use super::process;
use std::ffi::OsString;
use std::path::Path;

/// What came of a script or of a checkout.
#[derive(Clone, Debug)]
pub struct ScriptOutcome {
    /// Exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Output as the log shows it, masked.
    pub log: String,
    /// Output, not masked.
    pub raw: String,
}

impl ScriptOutcome {
    /// Whether it exited with 0.
    pub fn succeeded(&self) -> bool {
        self.exit_code == Some(0)
    }
}

impl Job<'_> {
    /// Runs a line of the system's shell as a script step.
    pub fn run_script(&mut self, script: &str, directory: &Path) -> anyhow::Result<ScriptOutcome> {
        self.run_script_with_env(script, directory, &[])
    }

    /// The same with the step's `env:`, whose values may name variables, secret ones too: `("TOKEN", "$(ADO_ENTRA_TOKEN)")`.
    pub fn run_script_with_env(
        &mut self,
        script: &str,
        directory: &Path,
        env: &[(&str, &str)],
    ) -> anyhow::Result<ScriptOutcome> {
        let shell: [&str; 2] = if cfg!(windows) { ["cmd", "/c"] } else { ["sh", "-c"] };
        let command: Vec<OsString> = shell.into_iter().chain([script]).map(Into::into).collect();
        let env: Vec<(String, String)> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.run_program(&command, directory, &env)
    }

    /// Runs a program as a script step, with these variables besides (as the step's `env:`, whose macros the agent expands).
    pub fn run_program(
        &mut self,
        command: &[OsString],
        directory: &Path,
        env: &[(String, String)],
    ) -> anyhow::Result<ScriptOutcome> {
        let mut environment = self.script_environment();
        // A variable of the job beats the step's own.
        for (name, value) in env {
            let value = self.variables.expand_in(value);
            environment.entry(name.clone()).or_insert(value);
        }
        self.run_logged(command, &environment, directory)
    }

    /// Runs a program and masks what it prints. Logging commands are shown, not obeyed.
    pub(super) fn run_logged(
        &mut self,
        command: &[OsString],
        environment: &std::collections::BTreeMap<String, String>,
        directory: &Path,
    ) -> anyhow::Result<ScriptOutcome> {
        let mut outcome = ScriptOutcome { exit_code: None, log: String::new(), raw: String::new() };
        let masker = &self.masker;
        let ended = process::run(command, environment, directory, None, |_, line| {
            outcome.raw += &format!("{line}\n");
            outcome.log += &format!("{}\n", masker.mask(line));
        })?;
        outcome.exit_code = ended.code;
        Ok(outcome)
    }
}
