//! Running a task's handler and obeying what it prints.

use super::commands::{Command, RESTRICTED_MODE_ALLOWS, escape_data, mentions_command};
use super::job::Job;
use super::options::TaskStep;
use super::process::{self, Ending, Stream};
use super::variables::Variable;
use std::ffi::OsString;

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepResult {
    /// Succeeded.
    Succeeded,
    /// Succeeded with issues.
    SucceededWithIssues,
    /// Skipped.
    Skipped,
    /// Canceled.
    Canceled,
    /// Failed.
    Failed,
    /// Abandoned.
    Abandoned,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// Result as the agent computes it.
    pub result: StepResult,
    /// Exit code of the process; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Whether the test ended it.
    pub killed: bool,
    /// Every line on stdout, not masked.
    pub raw_stdout: String,
    /// Every line on stderr, not masked.
    pub raw_stderr: String,
    /// The log as a reader sees it, masked.
    pub log: String,
    /// Texts of error issues, masked.
    pub errors: Vec<String>,
    /// Texts of warning issues, masked; the agent's own included.
    pub warnings: Vec<String>,
    /// Texts of debug lines, masked, whether the log shows them or not.
    pub debug: Vec<String>,
    /// Variables that were set, in order, with their real values.
    pub variables_set: Vec<Variable>,
    /// Folders that were prepended to `PATH`.
    pub paths_prepended: Vec<String>,
    /// The message of the last `task.complete`, masked.
    pub message: String,
}

impl StepOutcome {
    fn new() -> Self {
        Self {
            result: StepResult::Succeeded,
            exit_code: None,
            killed: false,
            raw_stdout: String::new(),
            raw_stderr: String::new(),
            log: String::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            debug: Vec::new(),
            variables_set: Vec::new(),
            paths_prepended: Vec::new(),
            message: String::new(),
        }
    }

    fn worsen(&mut self, result: StepResult) {
        self.result = self.result.max(result);
    }
}

/// Runs one part of a task.
pub(super) fn run(
    job: &mut Job<'_>,
    step: &TaskStep,
    command: &[OsString],
    ending: Option<&Ending<'_>>,
) -> anyhow::Result<StepOutcome> {
    let task_variables = job.task_variables_of(&step.name);
    let environment = job.handler_environment(step, &task_variables);
    let directory = step.working_directory.clone().unwrap_or_else(|| job.sources());
    let mut outcome = StepOutcome::new();
    let ended = process::run(command, &environment, &directory, ending, |stream, line| {
        let raw = if stream == Stream::Out { &mut outcome.raw_stdout } else { &mut outcome.raw_stderr };
        raw.push_str(line);
        raw.push('\n');
        Reader { job, step, outcome: &mut outcome }.line(line);
    })?;
    outcome.exit_code = ended.code;
    outcome.killed = ended.stopped;
    if ended.stopped && ending.is_some_and(|ending| ending.gently) {
        outcome.worsen(StepResult::Canceled);
    }
    if ended.code != Some(0) {
        let code = ended.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        let text = format!("The process ended with {code}.");
        outcome.log += &format!("##[error]{text}\n");
        outcome.errors.push(text);
        outcome.worsen(StepResult::Failed);
    }
    job.note_result(outcome.result);
    Ok(outcome)
}

/// Reads a line and does what it says.
struct Reader<'a, 'e> {
    job: &'a mut Job<'e>,
    step: &'a TaskStep,
    outcome: &'a mut StepOutcome,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &str) {
        if !mentions_command(line) {
            self.show("", line);
            return;
        }
        let Some(command) = Command::parse(line, self.job.decodes_percents()) else {
            self.warn(&format!("'{line}' contains logging command keyword '##vso', but it's not a legal command."));
            return;
        };
        let name = command.name();
        if self.step.restricted && !RESTRICTED_MODE_ALLOWS.contains(&name.as_str()) {
            self.warn(&format!("{name} is not allowed in this step due to policy restrictions."));
            return;
        }
        if let Err(problem) = self.obey(&name, &command) {
            // The raw line is part of the message, as the real agent shows it.
            self.error(&format!("Unable to process command '{line}' successfully. {problem}"));
            self.outcome.worsen(StepResult::Failed);
        }
    }

    fn obey(&mut self, name: &str, command: &Command) -> Result<(), String> {
        match name {
            "task.setvariable" => self.set_variable(command),
            "task.settaskvariable" => self.set_task_variable(command),
            "task.setsecret" => {
                self.job.masker.add(&command.data);
                Ok(())
            }
            "task.prependpath" => {
                if self.may_set("path") {
                    self.job.prepended.push(command.data.clone());
                    self.outcome.paths_prepended.push(command.data.clone());
                }
                Ok(())
            }
            "task.logissue" | "task.issue" => self.log_issue(command),
            "task.complete" => self.complete(command),
            "task.debug" => {
                let text = self.job.masker.mask(&command.data);
                if self.job.debugs() {
                    self.outcome.log += &format!("##[debug]{text}\n");
                }
                self.outcome.debug.push(text);
                Ok(())
            }
            "task.setprogress" | "task.logdetail" | "telemetry.publish" | "task.addattachment"
            | "task.uploadsummary" | "task.uploadfile" | "task.setendpoint" => Ok(()),
            _ if command.area.eq_ignore_ascii_case("task") => Err("The event is unknown.".to_owned()),
            _ => {
                self.warn(&format!("Cannot find a command extension for '##vso[{name}]'."));
                Ok(())
            }
        }
    }

    fn set_variable(&mut self, command: &Command) -> Result<(), String> {
        let variable = Self::variable_of(command)?;
        if !self.may_set(&variable.name) {
            return Ok(());
        }
        let is_output = command.flag("isoutput")
            || self.step.output_variables.iter().any(|name| name.eq_ignore_ascii_case(&variable.name));
        if variable.secret && !variable.value.is_empty() {
            self.job.masker.add(&variable.value);
            self.job.masker.add(&escape_data(&variable.value));
        }
        let mut stored = variable;
        if is_output {
            stored.name = format!("{}.{}", self.step.name, stored.name);
            stored.read_only = true;
        }
        if self.job.variables.set(stored.clone()) {
            self.outcome.variables_set.push(stored);
        } else {
            self.warn(&format!("Overwriting readonly variable '{}' is not permitted.", stored.name));
        }
        Ok(())
    }

    fn set_task_variable(&mut self, command: &Command) -> Result<(), String> {
        let variable = Self::variable_of(command)?;
        if variable.secret && !variable.value.is_empty() {
            self.job.masker.add(&variable.value);
        }
        self.job.set_task_variable(&self.step.name, variable);
        Ok(())
    }

    fn variable_of(command: &Command) -> Result<Variable, String> {
        let name = command.property("variable").ok_or("Required field 'variable' is missing in ##vso command.")?;
        let secret = command.flag("issecret");
        let line_break = if cfg!(windows) { "\r\n" } else { "\n" };
        if secret && command.data.contains(line_break) {
            return Err("Secrets cannot contain multiple lines.".to_owned());
        }
        Ok(Variable {
            name: name.to_owned(),
            value: command.data.clone(),
            secret,
            read_only: command.flag("isreadonly"),
            preserve_case: command.flag("preservecase"),
        })
    }

    /// Whether the step's own list allows this name; warns when it does not.
    fn may_set(&mut self, name: &str) -> bool {
        let Some(allowed) = &self.step.settable_variables else { return true };
        let fits = |pattern: &String| {
            let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
            match pattern.split_once('*') {
                Some((before, after)) => {
                    name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
                }
                None => pattern == name,
            }
        };
        let fits = allowed.iter().any(fits);
        if !fits {
            self.warn(&format!("Setting variable '{name}' has been disabled by the task or build definition."));
        }
        fits
    }

    fn log_issue(&mut self, command: &Command) -> Result<(), String> {
        let kind = command.property("type").ok_or("Required field 'type' is missing in ##vso command.")?.to_lowercase();
        let mut text = command.data.clone();
        if let Some(path) = command.property("sourcepath") {
            let part = |name| command.property(name).unwrap_or("0").to_owned();
            let code = command.property("code").unwrap_or_default();
            text = format!("{path}({},{}): {kind} {code}: {text}", part("linenumber"), part("columnnumber"));
        }
        match kind.as_str() {
            "error" => self.error(&text),
            "warning" => self.warn(&text),
            _ => return Err(format!("issue type {kind} is not an expected issue type.")),
        }
        Ok(())
    }

    fn complete(&mut self, command: &Command) -> Result<(), String> {
        let result = match command.property("result") {
            Some("Succeeded") => StepResult::Succeeded,
            Some("SucceededWithIssues") => StepResult::SucceededWithIssues,
            Some("Failed") => StepResult::Failed,
            Some("Canceled") => StepResult::Canceled,
            Some("Skipped") => StepResult::Skipped,
            Some("Abandoned") => StepResult::Abandoned,
            _ => return Err("Command doesn't have valid result value.".to_owned()),
        };
        self.outcome.message = self.job.masker.mask(&command.data);
        self.outcome.worsen(result);
        Ok(())
    }

    fn show(&mut self, tag: &str, text: &str) {
        self.outcome.log += &format!("{tag}{}\n", self.job.masker.mask(text));
    }

    fn warn(&mut self, text: &str) {
        self.show("##[warning]", text);
        self.outcome.warnings.push(self.job.masker.mask(text));
    }

    fn error(&mut self, text: &str) {
        self.show("##[error]", text);
        self.outcome.errors.push(self.job.masker.mask(text));
    }
}
