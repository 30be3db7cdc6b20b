//! What the demo tells.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::Variable;
use ado_entra_auth_emulator::log::{Authorization, LoggedRequest};

use super::Traces;
use super::workspace::Errand;
use crate::plan::names::VARIABLE_PREFIX;

/// The account, which is shown section by section as it grows.
#[derive(Default)]
pub struct Account {
    text: String,
    shown_names: Vec<(String, &'static str)>,
}

impl Account {
    /// Shows a folder under a shorter name from now on.
    pub fn call(&mut self, folder: &Path, name: &'static str) {
        self.shown_names.push((folder.display().to_string(), name));
    }

    /// The first line.
    pub fn title(&mut self, text: &str) {
        self.line(text);
        self.show();
    }

    /// Begins a section, and shows the one before.
    pub fn section(&mut self, title: &str) {
        _ = write!(self.text, "\n{title}\n");
        self.show();
    }

    /// What the step asked of whom.
    pub fn requests(&mut self, requests: &[LoggedRequest]) {
        for request in requests {
            let path = request.path.split('?').next().unwrap_or_default();
            let path = match path.find("/_apis/distributedtask") {
                Some(start) => format!("{}/…/oidctoken", &path[..start]),
                None => path.to_owned(),
            };
            self.item("asked", &format!("{} https://{}{path} → {}", request.method, request.host, request.status));
        }
    }

    /// The step's own words.
    pub fn log(&mut self, log: &str) {
        for line in log.lines() {
            match line.split_once(':') {
                Some((name, rest)) if !line.starts_with('#') => self.item(&name.to_lowercase(), rest.trim()),
                _ => self.item("", line),
            }
        }
    }

    /// The variables and the PATH of later steps.
    pub fn surroundings(&mut self, variables: &[Variable], folders: &[String], mask: impl Fn(&str) -> String) {
        let (ours, others): (Vec<&Variable>, Vec<&Variable>) =
            variables.iter().partition(|variable| variable.name.starts_with(VARIABLE_PREFIX));
        for variable in others {
            let secret = if variable.secret { "  (only where a script's env: maps it)" } else { "" };
            self.line(&format!("  {} = {}{secret}", variable.name, shortened(&mask(&variable.value))));
        }
        for folder in folders {
            self.line(&format!(
                "  PATH begins with {folder}, where later steps find ado-entra-auth and clients what they start"
            ));
        }
        self.line(&format!(
            "  {VARIABLE_PREFIX}…: {} variables; what files refer to and the key of what helpers read have random names",
            ours.len()
        ));
    }

    /// A tool that is not installed.
    pub fn not_tried(&mut self, errand: &Errand, missing: &str) {
        self.item(errand.tool, &format!("not tried: {missing} is not installed here"));
    }

    /// What a tool did.
    pub fn errand(&mut self, errand: &Errand, fetched: bool, log: &str, requests: &[LoggedRequest]) {
        self.item(errand.tool, &format!("{} → {}", errand.command, if fetched { "fetched" } else { "FAILED" }));
        let said = log.lines().map(|line| line.replace("\u{1b}[0m", "")).filter(|line| !line.trim().is_empty());
        for line in said.take(if fetched { 3 } else { 40 }) {
            self.item("", &format!("| {}", shortened(line.trim_end())));
        }
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for request in requests {
            *counts.entry((&request.host, form(&request.authorization))).or_default() += 1;
        }
        for ((host, form), count) in counts {
            self.item("", &format!("{count} × {host}, {form}"));
        }
        self.show();
    }

    /// The user's files before and after.
    pub fn given_back(
        &mut self,
        before: &BTreeMap<PathBuf, Option<Vec<u8>>>,
        after: &BTreeMap<PathBuf, Option<Vec<u8>>>,
    ) {
        for (path, content) in before {
            let said = match (content, after.get(path).is_some_and(|now| now == content)) {
                (None, true) => "not there, as before",
                (Some(_), true) => "byte for byte as before",
                (_, false) => "DIFFERS from before",
            };
            let tail: Vec<_> = path.iter().rev().take(2).collect();
            let shown: PathBuf = tail.into_iter().rev().collect();
            self.item("file", &format!("{}: {said}", shown.display()));
        }
    }

    /// What is left.
    pub fn traces(&mut self, traces: &Traces) {
        self.item("searched", &format!("{} files of the agent, the workspace and the home folder", traces.searched));
        if traces.found.is_empty() {
            self.item("found", "no token, and nothing that the step wrote");
        }
        for found in &traces.found {
            self.item("FOUND", found);
        }
    }

    /// Whether a host that is not Azure's saw a secret.
    pub fn foreign(&mut self, emulator: &Emulator) {
        let stray = emulator.secret_was_sent_to("registry.example.com");
        self.item(
            "foreign",
            if stray { "registry.example.com SAW A SECRET" } else { "registry.example.com saw no secret" },
        );
    }

    /// The last line.
    pub fn end(&mut self, failed: &[&str]) {
        if failed.is_empty() {
            self.line("\nThat is what `- task: AdoEntraAuth@1` does in a pipeline. README.md says how to set it up.");
        } else {
            self.line(&format!("\nThese tools did not fetch what they should: {}", failed.join(", ")));
        }
    }

    /// Prints what has gathered.
    pub fn show(&mut self) {
        crate::commands::print(&std::mem::take(&mut self.text));
    }

    fn item(&mut self, name: &str, text: &str) {
        self.line(&format!("  {name:<9} {text}"));
    }

    fn line(&mut self, text: &str) {
        let short = |text: String, (long, name): &(String, &'static str)| text.replace(long, name);
        let text = self.shown_names.iter().fold(text.to_owned(), short);
        _ = writeln!(self.text, "{text}");
    }
}

fn form(authorization: &Authorization) -> &'static str {
    if authorization.is_token() {
        return match authorization {
            Authorization::Basic { .. } => "with the token (Basic)",
            _ => "with the token (Bearer)",
        };
    }
    match authorization {
        Authorization::None => "without a credential",
        _ => "with another credential",
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 110 { text.to_owned() } else { text.chars().take(107).chain("...".chars()).collect() }
}
