//! Shows what a run would write, file by file and variable by variable. No network, no agent, and nothing is written.

use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::given::set_inputs;
use super::workspace::Workspace;
use super::{print, runs};
use crate::agent::inputs::{self, Settings};
use crate::agent::job::Job;
use crate::apply::RUNS_VARIABLE;
use crate::apply::record::EarlierRun;
use crate::azure_devops::first_look::Statement;
use crate::cli::{DryRun, Format};
use crate::diagnosis::{Explanation, harmless};
use crate::disk;
use crate::edit::text::Text;
use crate::host::Host;
use crate::kernel::environment;
use crate::plan::names::{RunNames, SHOWN_DIRECTORY, VARIABLE_PREFIX};
use crate::plan::{Change, Plan, PrivateFile, SharedFile, Visibility};
use crate::reach::Reach;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// Runs the command. An error stands on stderr, and with `--format json` on stdout as JSON too.
pub fn run(arguments: &DryRun) -> anyhow::Result<()> {
    let mut job = Job::from_environment();
    set_inputs(&mut job, &arguments.inputs)?;
    let shown = planned(job, arguments);
    if arguments.format == Format::Json {
        let json = match &shown {
            Ok((settings, plan)) => as_json(settings, plan),
            Err(explanation) => {
                json!({ "version": JSON_VERSION, "error": explanation.headline, "remedy": explanation.remedy })
            }
        };
        print(&super::json(&json));
    }
    let (settings, plan) = shown.map_err(|explanation| anyhow::anyhow!("{explanation}"))?;
    if arguments.format == Format::Text {
        print(&as_text(&settings, &plan));
    }
    Ok(())
}

fn planned(mut job: Job, arguments: &DryRun) -> Result<(Settings, Plan), Explanation> {
    if let Some(directory) = &arguments.working_directory {
        // A relative path is meant from where the command runs, not from the agent's folder.
        let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
        job.set_input("workingDirectory", &absolute.to_string_lossy());
    }
    let settings = inputs::settings(&job).map_err(|error| Explanation::of(&error))?;
    let host = job.host(settings.working_directory.clone(), environment::program().unwrap_or_default());
    let grants = runs::earlier(&job, None).iter().flat_map(EarlierRun::grants).collect();
    let reach = Reach { permitted: settings.permitted.clone(), grants, ..Reach::default() };
    let plan = in_time(settings.clone(), host, reach)?;
    Ok((settings, plan))
}

/// As long as the step itself may take.
const LIMIT: Duration = Duration::from_secs(45);

/// Plans in a thread of its own, which ends with the command where it takes too long.
fn in_time(settings: Settings, host: Host, reach: Reach) -> Result<Plan, Explanation> {
    let directory = settings.working_directory.display().to_string();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let workspace = Workspace::read(&settings, host);
        let _ = send.send(workspace.plan(&settings, &reach, &RunNames::shown()));
    });
    let late = |_| Explanation {
        headline: format!("the working directory {directory} is too large to look at in {} seconds", LIMIT.as_secs()),
        facts: Vec::new(),
        remedy: "name a smaller folder with --working-directory".to_owned(),
        cause: None,
    };
    receive.recv_timeout(LIMIT).map_err(late)?.map_err(|error| Explanation::of(&error))
}

const NO_ORGANIZATION: &str = "no organization is permitted here; in a pipeline the service connection's and the pipeline's own \
                               are: add --input organizations=<name>";

/// Everything that the user should know.
fn warnings(settings: &Settings, plan: &Plan) -> Vec<String> {
    let none = settings.permitted.is_empty().then(|| NO_ORGANIZATION.to_owned());
    none.into_iter().chain(plan.warnings.sentences()).collect()
}

/// What may surprise, and what a dry run leaves to the step.
fn notes(plan: &Plan) -> Vec<String> {
    let looks = plan.look_first.iter().map(|(feed, Statement { client, holder, .. })| {
        format!("{client}: the step reads the {holder} of {feed} first; one that leads to another host gets nothing")
    });
    plan.notes.iter().cloned().chain(looks).collect()
}

/// Variables that every run sets for itself.
fn bookkeeping(plan: &Plan) -> Vec<(String, &'static str)> {
    let runs = (RUNS_VARIABLE.to_owned(), "<the private directories of this job's runs>");
    let key = (format!("{VARIABLE_PREFIX}KEY_NEW_IN_EACH_RUN"), "<the key of what credential helpers read>");
    let key = (!plan.deposits.is_empty()).then_some(key);
    key.into_iter().chain([runs]).collect()
}

fn as_text(settings: &Settings, plan: &Plan) -> String {
    let mut text = String::new();
    for warning in warnings(settings, plan) {
        _ = writeln!(text, "warning: {}", harmless(&warning));
    }
    for permitted in &settings.permitted {
        _ = writeln!(text, "The token may go to {} ({}).", permitted.organization, permitted.named_in());
    }
    if !plan.served.is_empty() {
        text.push_str("\nLater steps can reach:\n");
        for served in &plan.served {
            let (target, named_in) = (harmless(&served.target), harmless(&served.named_in));
            _ = writeln!(text, "  {:<6} {target} ({named_in}), {}", served.tool, served.source);
        }
    }
    for note in notes(plan) {
        _ = writeln!(text, "  {}", harmless(&note));
    }
    if settings.keep_fresh {
        text.push_str("\nA process stays until the job ends, and renews the token. keepFresh: false leaves none.\n");
    }
    text.push_str("\nLater steps get these variables, which are taken back after the job:\n");
    variables(&mut text, plan);
    for change in &plan.changes {
        match change {
            Change::Variable(_) => {}
            Change::Program(name) => {
                _ = writeln!(text, "\nThis program, removed after the job: {SHOWN_DIRECTORY}/bin/{name}");
            }
            Change::Path => _ = writeln!(text, "\nA folder at the beginning of PATH: {SHOWN_DIRECTORY}/bin"),
            Change::PrivateFile(file) => {
                _ = writeln!(text, "\nA private file, removed after the job: {SHOWN_DIRECTORY}/{}", file.name);
                match file.carried_lines() {
                    0 => {}
                    1 => text.push_str("  (1 line of your own file is carried over)\n"),
                    lines => _ = writeln!(text, "  ({lines} lines of your own file are carried over)"),
                }
                match file.pack {
                    Some(pack) => {
                        let lines = file.added_text().lines().count();
                        _ = writeln!(text, "  {}, {lines} lines, which --format json shows", pack.purpose);
                    }
                    None => added(&mut text, &file.added_text()),
                }
                if let Some(renewed) = renewed(settings, plan, file) {
                    text.push_str("  From the first renewal of the token on:\n");
                    added(&mut text, &renewed);
                }
            }
            Change::SharedFile(file) => {
                let what = if disk::exists(&file.path) { "changed, and put back" } else { "made, and removed" };
                let path = harmless(&file.path.display().to_string());
                _ = writeln!(text, "\nA file that is {what} after the job: {path}");
                match inserted(file) {
                    Ok(inserted) if inserted.lines().count() > MOST_LINES => {
                        _ = writeln!(text, "  + {} lines, which --format json shows", inserted.lines().count());
                    }
                    Ok(inserted) => added(&mut text, &inserted),
                    Err(reason) => _ = writeln!(text, "  it cannot be changed: {}", harmless(&reason)),
                }
            }
        }
    }
    text
}

/// A line a variable; the key and value of a pair of git's configuration on one.
fn variables(text: &mut String, plan: &Plan) {
    let mut key = String::new();
    for variable in plan.variables() {
        let (name, value) = (harmless(&variable.name), harmless(&variable.value.shown()));
        let secret = if variable.visibility == Visibility::Secret {
            "  (secret: map it with env: where a script needs it)"
        } else {
            ""
        };
        if name.starts_with("GIT_CONFIG_KEY_") {
            key = value;
        } else if let Some(number) = name.strip_prefix("GIT_CONFIG_VALUE_") {
            _ = writeln!(text, "  GIT_CONFIG_KEY_{number}, _VALUE_{number}: {key} = {value}");
        } else {
            _ = writeln!(text, "  {name} = {value}{secret}");
        }
    }
    for (name, value) in bookkeeping(plan) {
        _ = writeln!(text, "  {name} = {value}");
    }
}

fn as_json(settings: &Settings, plan: &Plan) -> Value {
    let changes = plan.changes.iter().map(|change| match change {
        Change::Variable(variable) => json!({
            "kind": "variable",
            "name": variable.name,
            "value": variable.value.shown(),
            "preserveCase": variable.exact_case,
            "secret": variable.visibility == Visibility::Secret,
            "afterJob": if variable.former.is_some() { "restored" } else { "unset" },
        }),
        Change::PrivateFile(file) => json!({
            "kind": "privateFile",
            "path": format!("{SHOWN_DIRECTORY}/{}", file.name),
            "added": file.added_text(),
            "addedOnceRenewed": renewed(settings, plan, file),
            "carriedLines": file.carried_lines(),
            "afterJob": "removed",
        }),
        Change::Program(name) => json!({
            "kind": "program",
            "path": format!("{SHOWN_DIRECTORY}/bin/{name}"),
            "afterJob": "removed",
        }),
        Change::Path => json!({ "kind": "path", "path": format!("{SHOWN_DIRECTORY}/bin"), "afterJob": "emptied" }),
        Change::SharedFile(file) => {
            let inserted = inserted(file);
            let entries = file.entries.iter().map(|entry| json!({"key": entry.key, "variable": entry.variable}));
            json!({
                "kind": "sharedFile",
                "path": file.path,
                "entries": entries.collect::<Vec<_>>(),
                "added": inserted.as_ref().ok(),
                "trouble": inserted.as_ref().err(),
                "afterJob": if disk::exists(&file.path) { "restored" } else { "removed" },
            })
        }
    });
    let permitted = settings
        .permitted
        .iter()
        .map(|permitted| json!({"organization": permitted.organization.name(), "namedIn": permitted.named_in()}));
    let own = bookkeeping(plan).into_iter().map(|(name, value)| {
        json!({ "kind": "variable", "name": name, "value": value, "preserveCase": false, "secret": false, "afterJob": "unset" })
    });
    let served = plan.served.iter().map(|served| {
        json!({
            "tool": served.tool,
            "target": served.target,
            "organization": served.organization.name(),
            "namedIn": served.named_in,
            "tokenSource": served.source.name(),
        })
    });
    json!({
        "version": JSON_VERSION,
        "permitted": permitted.collect::<Vec<_>>(),
        "served": served.collect::<Vec<_>>(),
        "changes": changes.chain(own).collect::<Vec<_>>(),
        "warnings": warnings(settings, plan),
        "notes": notes(plan),
    })
}

/// How a private file looks once its token was renewed, where that is another text.
fn renewed(settings: &Settings, plan: &Plan, file: &PrivateFile) -> Option<String> {
    plan.renewed_text(file).filter(|_| settings.keep_fresh)
}

/// What would be inserted into a shared file.
fn inserted(file: &SharedFile) -> Result<String, String> {
    let bytes = disk::read(&file.path).map_err(|error| error.to_string())?;
    let text = Text::decode(bytes.as_deref().unwrap_or_default()).map_err(|error| error.to_string())?;
    let body = bytes.is_some().then_some(text.body.as_str());
    let edits = (file.revise)(body, &file.entries).map_err(|error| error.to_string())?;
    Ok(edits.into_iter().map(|keyed| keyed.edit.replacement).collect())
}

/// A text of ours longer than this is told by its length.
const MOST_LINES: usize = 60;

fn added(text: &mut String, lines: &str) {
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        _ = writeln!(text, "  + {}", harmless(line));
    }
}
