//! What the step itself cannot meet: refusals of feeds and repositories, which real tools meet in later steps and show in their own
//! way, and texts of other people's programs. `explain` must lead each to its row.

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::faults::ConnectionDataFault;
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};

use super::case::assert_explained;
use super::rows;
use crate::support::{emulator_with_repositories, in_parallel, job, run, script, step, tool, write};

/// A command of a later step that fails, and the row of errors.json that its own words must lead to.
struct Later {
    id: &'static str,
    tool: &'static str,
    feed: &'static str,
    step: fn(TaskStep) -> TaskStep,
    arrange: fn(&Emulator),
    /// What goes before in a step of its own, and succeeds.
    before: &'static str,
    command: &'static str,
}

const LATER: [Later; 7] = [
    Later { id: "feed-read-packages", feed: "forbidden", command: "npm view @contoso/hello version", ..NPM },
    Later {
        id: "feed-add-package",
        arrange: |emulator| {
            emulator.change(|world| world.organization_mut("contoso").unwrap().feeds[0].publishers = Some(Vec::new()));
        },
        before: r#"echo '{"name": "@contoso/fresh", "version": "0.1.0"}' > package.json"#,
        command: "npm publish",
        ..NPM
    },
    Later { id: "feed-not-found", feed: "nosuch", command: "npm view @contoso/hello version", ..NPM },
    Later {
        id: "ado-401-basic",
        tool: "curl",
        arrange: |emulator| {
            emulator.fault(
                Fault::new(Endpoint::ConnectionData, Effect::ConnectionData(ConnectionDataFault::EmptyBasic)).skip(1),
            );
        },
        command: "curl -si -u x:$ADO_ENTRA_TOKEN https://dev.azure.com/contoso/_apis/connectionData",
        ..NPM
    },
    Later { id: "tf401019", command: "git clone https://dev.azure.com/contoso/Shop/_git/nosuch", ..GIT },
    Later {
        id: "tf401027",
        before: "git clone -q https://dev.azure.com/contoso/Shop/_git/hello && cd hello && git -c user.name=a -c user.email=a@b \
                 commit -q --allow-empty -m x",
        command: "git -C hello push origin HEAD",
        ..GIT
    },
    Later {
        id: "duplicate-authorization",
        step: |step| step.input("gitCredential", "extraHeader"),
        command: "git -c http.https://dev.azure.com/contoso/.extraheader='Authorization: Basic eDp5' clone https://dev.azure.com/contoso/Shop/_git/hello",
        ..GIT
    },
];

const NPM: Later =
    Later { id: "", tool: "npm", feed: "feed1", step: |step| step, arrange: |_| (), before: "true", command: "" };
const GIT: Later = Later { tool: "git", ..NPM };

/// Texts that no step and no tool of a later step gives, and why.
const TEXTS: [(&str, &str); 5] = [
    ("ms-task-generic", "a task of Microsoft's says so"),
    ("ado-connection-not-added", "the page says so where a service connection is saved"),
    ("ado-wrong-object-id", "the page says so where a user is added"),
    ("ado-add-users-right", "the page says so where a user is added"),
    ("ado-delayed", "no error: the request was answered, and the step succeeds"),
];

/// The rows of errors.json that are tried here.
pub fn ids() -> impl Iterator<Item = &'static str> {
    LATER.iter().map(|later| later.id).chain(TEXTS.iter().map(|(id, _)| *id))
}

#[test]
fn what_a_later_step_shows_leads_to_its_row() {
    let rows = rows();
    let found: Vec<&Later> = LATER.iter().filter(|later| tool(later.tool).is_some()).collect();
    in_parallel(&found, |later| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        let feed = format!("https://pkgs.dev.azure.com/contoso/_packaging/{}/npm/registry/", later.feed);
        write(&job, ".npmrc", format!("@contoso:registry={feed}\n"));
        (later.arrange)(&emulator);
        run(&emulator, &mut job, &(later.step)(step()));
        let sources = job.sources();
        script(&mut job, &sources, later.before);
        let outcome = job
            .run_script(&format!("GIT_TERMINAL_PROMPT=0; export GIT_TERMINAL_PROMPT; {}", later.command), &sources)
            .unwrap();
        // curl only shows what came.
        assert!(later.tool == "curl" || !outcome.succeeded(), "{}\n{}", later.id, outcome.raw);
        let row = rows.iter().find(|row| row["id"] == later.id).unwrap();
        assert_explained(&outcome.log, row["cause"].as_str().unwrap(), later.id);
    });
}

#[test]
fn what_others_say_leads_to_its_row() {
    let rows = rows();
    for (id, why) in TEXTS {
        let row = rows.iter().find(|row| row["id"] == id).unwrap();
        assert_explained(row["text"].as_str().unwrap(), row["cause"].as_str().unwrap(), why);
    }
}
