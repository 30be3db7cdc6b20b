//! Shows what a run would write, file by file and variable by variable. No network, no agent, and nothing is written.

use std::fmt::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::{finding, print, runs};
use crate::agent::inputs;
use crate::agent::job::Job;
use crate::cli::{DryRun, Format};
use crate::diagnosis::{Explain, Explanation};
use crate::disk;
use crate::edit::text::Text;
use crate::plan::{Change, Plan, SharedFile};

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// Runs the command.
pub fn run(arguments: &DryRun) -> anyhow::Result<()> {
    let mut job = Job::from_environment();
    for (name, value) in &arguments.inputs {
        if !inputs::is_input(name) {
            anyhow::bail!("the task has no input '{name}'\nremedy: README.md lists the inputs");
        }
        job.set_input(name, value);
    }
    if let Some(directory) = &arguments.working_directory {
        // A relative path is meant from where the command runs, not from the agent's folder.
        let absolute =
            std::path::absolute(directory).with_context(|| format!("{} is not a folder", directory.display()))?;
        job.set_input("workingDirectory", &absolute.to_string_lossy());
    }
    let settings = inputs::settings(&job).map_err(explained)?;
    let host = job.host(settings.working_directory.clone(), Job::program().unwrap_or_default());
    let grants: Vec<_> = runs::earlier(&job, None).into_iter().flat_map(|run| run.grants).collect();
    let mut plan = finding::plan(&settings, &host, &grants).map_err(explained)?.plan;
    if settings.permitted.is_empty() {
        plan.warnings.insert(0, NO_ORGANIZATION.to_owned());
    }
    match arguments.format {
        Format::Text => print(&as_text(&plan)),
        // An escape for JSON's readers, and no command for an agent's: the texts come from files.
        Format::Json => print(&format!("{:#}\n", as_json(&plan)).replace('#', "\\u0023")),
    }
    Ok(())
}

const NO_ORGANIZATION: &str = "no organization is permitted here; in a pipeline the service connection's and the pipeline's own \
                               are: give --input organizations=<name>";

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn explained<E: Explain>(error: E) -> anyhow::Error {
    anyhow::anyhow!("{}", Explanation::of(&error))
}

fn as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for warning in &plan.warnings {
        _ = writeln!(text, "warning: {}", crate::diagnosis::harmless(warning));
    }
    text.push_str("Later steps get these variables:\n");
    for change in &plan.changes {
        if let Change::Variable(variable) = change {
            _ = writeln!(text, "  {} = {}", one_line(&variable.name), one_line(&variable.value.shown()));
        }
    }
    for change in &plan.changes {
        match change {
            Change::Variable(_) => {}
            Change::PrivateFile(file) => {
                _ = writeln!(text, "\nA private file, removed after the job: <private directory>/{}", file.name);
                if file.carried_lines > 0 {
                    _ = writeln!(text, "  ({} lines of your own file are carried over)", file.carried_lines);
                }
                added(&mut text, &file.added);
            }
            Change::SharedFile(file) => {
                _ = writeln!(
                    text,
                    "\nA file that is changed and put back after the job: {}",
                    one_line(&file.path.display().to_string())
                );
                match inserted(file) {
                    Ok(inserted) => added(&mut text, &inserted),
                    Err(reason) => _ = writeln!(text, "  it cannot be changed: {}", one_line(&reason)),
                }
            }
        }
    }
    if !plan.served.is_empty() {
        text.push_str("\nThese can then be reached:\n");
        for served in &plan.served {
            _ = writeln!(text, "  {:<6} {} ({})", served.tool, one_line(&served.target), one_line(&served.named_in));
        }
    }
    text
}

fn as_json(plan: &Plan) -> Value {
    let changes = plan.changes.iter().map(|change| match change {
        Change::Variable(variable) => json!({
            "kind": "variable",
            "name": variable.name,
            "value": variable.value.shown(),
            "preserveCase": variable.exact_case,
            "afterwards": if variable.former.is_some() { "what it held before" } else { "" },
        }),
        Change::PrivateFile(file) => json!({
            "kind": "privateFile",
            "name": file.name,
            "added": file.added,
            "carriedLines": file.carried_lines,
        }),
        Change::SharedFile(file) => {
            let inserted = inserted(file);
            json!({
                "kind": "sharedFile",
                "path": file.path,
                "exists": disk::exists(&file.path),
                "entries": file.entries.iter().map(|entry| json!({"key": entry.key, "variable": entry.variable})).collect::<Vec<_>>(),
                "added": inserted.as_ref().ok(),
                "trouble": inserted.as_ref().err(),
            })
        }
    });
    let served = plan
        .served
        .iter()
        .map(|served| json!({"tool": served.tool, "target": served.target, "namedIn": served.named_in}));
    json!({
        "version": JSON_VERSION,
        "changes": changes.collect::<Vec<_>>(),
        "served": served.collect::<Vec<_>>(),
        "warnings": plan.warnings,
    })
}

/// What would be inserted into a shared file.
fn inserted(file: &SharedFile) -> Result<String, String> {
    let bytes = disk::read(&file.path).map_err(|error| error.to_string())?;
    let text = Text::decode(bytes.as_deref().unwrap_or_default()).map_err(|error| error.to_string())?;
    let body = bytes.is_some().then_some(text.body.as_str());
    let edits = (file.revise)(body, &file.entries).map_err(|error| error.to_string())?;
    Ok(edits.into_iter().map(|keyed| keyed.edit.replacement).collect())
}

fn added(text: &mut String, lines: &str) {
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        _ = writeln!(text, "  + {}", one_line(line));
    }
}

fn one_line(text: &str) -> String {
    crate::diagnosis::harmless(text)
}
