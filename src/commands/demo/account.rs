//! What the demo tells: one screen, with a line a tool. Everything else only where somebody asks for it, or where a tool fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::Variable;
use ado_entra_auth_emulator::log::{Authorization, LoggedRequest};

use super::Traces;
use super::workspace::Errand;
use crate::plan::names::VARIABLE_PREFIX;
use crate::tools::{SERVED_BY, TOOLS};

/// The account, which is shown section by section as it grows.
#[derive(Default)]
pub struct Account {
    text: String,
    shown_names: Vec<(String, &'static str)>,
    details: bool,
    /// How each tool comes by the token, in the step's words.
    ways: BTreeMap<String, String>,
}

impl Account {
    /// An account with every request, variable and word of a tool, or without.
    pub fn new(details: bool) -> Self {
        Self { details, ..Self::default() }
    }

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
        let shown = if self.details { requests } else { &[] };
        for request in shown {
            let path = request.path.split('?').next().unwrap_or_default();
            let path = match path.find("/_apis/distributedtask") {
                Some(start) => format!("{}/…/oidctoken", &path[..start]),
                None => path.to_owned(),
            };
            self.item("asked", &format!("{} https://{}{path} → {}", request.method, request.host, request.status));
        }
    }

    /// The step's own words. The table of tools holds what they say of each.
    pub fn step_log(&mut self, log: &str) {
        let is_tool = |name: &str| TOOLS.iter().any(|tool| tool.id().name == name);
        for line in log.lines() {
            match line.split_once(": ").filter(|(name, _)| is_tool(name)) {
                Some((name, rest)) if !self.details => {
                    let way = rest.rsplit_once("), ").map_or(rest, |(_, way)| way);
                    self.ways.insert(name.to_owned(), way.to_owned());
                }
                _ => self.log(line),
            }
        }
    }

    /// The words of a command.
    pub fn log(&mut self, log: &str) {
        for line in log.lines() {
            match line.split_once(':') {
                Some((name, rest)) if !line.starts_with('#') => self.item(&name.to_lowercase(), rest.trim()),
                _ => self.item("", line),
            }
        }
    }

    /// How many feeds and organizations let the identity in, or whatever else `check` said.
    pub fn checked(&mut self, log: &str, well: bool) {
        if self.details || !well {
            self.log(log);
        } else {
            self.item("checked", &format!("all {} let the identity in", log.lines().count()));
        }
    }

    /// The variables and the PATH of later steps.
    pub fn surroundings(&mut self, variables: &[Variable], folders: &[String], mask: impl Fn(&str) -> String) {
        if !self.details {
            let count = variables.len();
            self.item("set", &format!("{count} variables, and a folder on PATH"));
            return;
        }
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
        self.item(errand.tool, &format!("{:<8}  {missing} is not installed here", "missing"));
    }

    /// What a tool did.
    pub fn errand(&mut self, errand: &Errand, fetched: bool, log: &str, requests: &[LoggedRequest]) {
        self.row(errand, if fetched { "fetched" } else { "FAILED" });
        if fetched && !self.details {
            self.show();
            return;
        }
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
        let mut as_before = 0;
        for (path, content) in before {
            let said = match (content, after.get(path).is_some_and(|now| now == content)) {
                (None, true) => "not there, as before",
                (Some(_), true) => "byte for byte as before",
                (_, false) => "DIFFERS from before",
            };
            if !self.details && !said.starts_with('D') {
                as_before += 1;
                continue;
            }
            let tail: Vec<_> = path.iter().rev().take(2).collect();
            let shown: PathBuf = tail.into_iter().rev().collect();
            self.item("file", &format!("{}: {said}", shown.display()));
        }
        if as_before > 0 {
            self.item(
                "files",
                &format!("{as_before} of the user and the repository: byte for byte as before, or not there as before"),
            );
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
            if !self.details {
                self.line("`scripts/demo --verbose` shows every request, variable and file.");
            }
        } else {
            self.line(&format!("\nThese tools did not fetch what they should: {}", failed.join(", ")));
        }
    }

    /// Prints what has gathered.
    pub fn show(&mut self) {
        crate::commands::print(&std::mem::take(&mut self.text));
    }

    /// A tool's line of the table.
    fn row(&mut self, errand: &Errand, result: &str) {
        let by_another = || SERVED_BY.iter().find_map(|(name, by)| self.ways.get(*by).filter(|_| *name == errand.tool));
        let way = self.ways.get(errand.tool).or_else(by_another).map_or("", String::as_str);
        let columns = format!("{result:<8}  {way:<34} {}", errand.command);
        self.item(errand.tool, &shortened(columns.trim_end()));
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
