//! Logging commands: the only writer of stdout in task mode.
//!
//! Grammar and escapes as the agent reads them (microsoft/azure-pipelines-agent, CommandStringConvertor.cs; the task library's
//! taskcommand.ts). One write for each line, flushed, all on stdout: the agent reads stdout and stderr apart, without their order.

use std::io::Write;

use crate::diagnosis::harmless;
use crate::plan::Visibility;

/// The agent's end of the log.
pub struct AgentLog {
    output: Box<dyn Write>,
    broken: bool,
    set: Vec<String>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskResult {
    /// All is done.
    Succeeded,
    /// Nothing is changed.
    Failed,
}

impl AgentLog {
    /// A log that the agent reads.
    pub fn new(output: Box<dyn Write>) -> Self {
        Self { output, broken: false, set: Vec::new() }
    }

    /// A log on stdout, for a step.
    #[allow(clippy::disallowed_methods, reason = "the door to stdout for what the agent reads")]
    pub fn on_stdout() -> Self {
        Self::new(Box::new(std::io::stdout()))
    }

    /// A log on stderr, for a command whose stdout is its caller's: the agent reads both.
    #[allow(clippy::disallowed_methods, reason = "the door to stderr for what the agent reads")]
    pub fn on_stderr() -> Self {
        Self::new(Box::new(std::io::stderr()))
    }

    /// Whether a line could not be written, so that nobody will do what it says.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Hides a text in everything that the job prints from now on.
    pub fn mask(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.command("task.setsecret", &[], secret);
        }
    }

    /// Sets a variable for later steps. A public one may hold a secret too, since the agent gives scripts no secret variables; the
    /// secret is masked before.
    pub fn variable(&mut self, name: &str, value: &str, exact_case: bool, visibility: Visibility) {
        let exact_case = if exact_case { "true" } else { "" };
        let secret = if visibility == Visibility::Secret { "true" } else { "" };
        let properties = [("variable", name), ("issecret", secret), ("preservecase", exact_case)];
        self.command("task.setvariable", &properties, value);
        self.set.push(name.to_owned());
    }

    /// The names of all variables that it has set.
    pub fn variables_set(&self) -> &[String] {
        &self.set
    }

    /// Puts a folder before the others of PATH for later steps.
    pub fn prepend_path(&mut self, folder: &str) {
        self.command("task.prependpath", &[], folder);
    }

    /// Sets a variable that only the post-job part of this step sees.
    pub fn task_variable(&mut self, name: &str, value: &str) {
        self.command("task.settaskvariable", &[("variable", name)], value);
    }

    /// An error, which stands at the top of the job's page.
    pub fn error(&mut self, text: &str) {
        self.command("task.logissue", &[("type", "error")], &commandless(text));
    }

    /// A warning, likewise.
    pub fn warning(&mut self, text: &str) {
        self.command("task.logissue", &[("type", "warning")], &commandless(text));
    }

    /// A line that is shown when the job runs with system.debug.
    pub fn debug(&mut self, text: &str) {
        self.command("task.debug", &[], &commandless(text));
    }

    /// How the step ended, with a word for the job's page.
    pub fn complete(&mut self, result: TaskResult, text: &str) {
        let result = match result {
            TaskResult::Succeeded => "Succeeded",
            TaskResult::Failed => "Failed",
        };
        self.command("task.complete", &[("result", result)], &commandless(text));
    }

    /// A plain line.
    pub fn line(&mut self, text: &str) {
        self.write(&harmless(text));
    }

    fn command(&mut self, name: &str, properties: &[(&str, &str)], data: &str) {
        self.write(&format(name, properties, data));
    }

    fn write(&mut self, line: &str) {
        let written = self.output.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.output.flush());
        self.broken |= written.is_err();
    }
}

/// A text of several lines, each of them harmless.
fn commandless(text: &str) -> String {
    text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

/// A command's line. Properties without a value are left out.
fn format(name: &str, properties: &[(&str, &str)], data: &str) -> String {
    let mut line = format!("##vso[{name}");
    for (number, (name, value)) in properties.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        let value = escaped(value).replace(']', "%5D").replace(';', "%3B");
        let separator = if number == 0 { " " } else { "" };
        line.extend([separator, name, "=", &value, ";"]);
    }
    line + "]" + &escaped(data)
}

fn escaped(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The agent's own vectors: command lines as its task library writes them.
    #[test]
    fn commands_are_written_as_the_agent_reads_them() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/cases/vectors/agent.json")).unwrap();
        let mut checked = 0;
        for case in vectors["format"].as_array().unwrap() {
            let pairs = case["properties"].as_array().cloned().unwrap_or_default();
            let properties: Vec<(&str, &str)> =
                pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect();
            let line = format(case["command"].as_str().unwrap(), &properties, case["data"].as_str().unwrap());
            assert_eq!(line, case["expected"].as_str().unwrap(), "{}", case["name"]);
            checked += 1;
        }
        assert!(checked >= 10);
    }

    #[test]
    fn texts_from_outside_stay_texts() {
        let line = format("task.logissue", &[("type", "error")], &commandless("a ##vso[task.complete]\r\n##VSO[x.y]"));
        assert_eq!(line, "##vso[task.logissue type=error;]a **vso[task.complete] %0A**VSO[x.y]");
    }
}
