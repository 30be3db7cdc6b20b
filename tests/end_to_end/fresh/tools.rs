//! The column "after the token's end" of the tools' table, cell by cell.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{OTHER_TENANT, TENANT};

use super::{OVER, ends, ends_at, folder, folders, living, short_lived, until};
use crate::promises::subjects::{
    BUN, BUN_1_3, CARGO, DOTNET, DOTNET_PLUGIN, DOTNET_PROVIDER, FEED, GIT, GIT_OF_SYSTEM, GRADLE, MAVEN, MAVEN_3_9,
    MAVEN_3_9_SETTINGS, NPM, NPM_6, NPM_7, NPM_8, NPM_9, NPM_10, NPM_11, NPM_12, NUGET, NUGET_PROVIDER, Other, PIP,
    PIP_26, PNPM_8, PNPM_9, PNPM_10, PNPM_11, POETRY, Subject, UV, YARN_1, YARN_2, YARN_3, YARN_4,
};
use crate::support::{BINARY, carried, claims, finish, job, named, run, side_by_side, step};
use crate::tenants::of_two_tenants;

/// Long enough for every client to fetch in half of it, beside others on a slow machine.
const LIFE: Duration = Duration::from_secs(90);

/// Tools of one job.
struct Crowd {
    subjects: &'static [&'static Subject],
    /// What the projects need besides, of another tenant.
    other: Option<Other>,
}

/// These are served by a connection of one tenant, the others by an application of two.
const OF_CONNECTION: [&str; 3] = ["pip", "uv", "poetry"];

/// The newest of each kind, and the others.
const CROWDS: [Crowd; 3] = [
    Crowd {
        subjects: &[
            &YARN_4,
            &NPM,
            &PNPM_10,
            &BUN,
            &MAVEN_3_9,
            &GRADLE,
            &DOTNET_PLUGIN,
            &NUGET_PROVIDER,
            &PIP,
            &UV,
            &POETRY,
            &CARGO,
            &GIT,
        ],
        other: Some(Other::Permitted),
    },
    Crowd {
        subjects: &[
            &BUN_1_3,
            &YARN_1,
            &MAVEN,
            &NUGET,
            &DOTNET,
            &YARN_2,
            &YARN_3,
            &NPM_6,
            &NPM_7,
            &NPM_8,
            &NPM_9,
            &NPM_10,
            &NPM_11,
            &NPM_12,
            &PNPM_8,
            &PNPM_9,
            &PNPM_11,
            &PIP_26,
            &GIT_OF_SYSTEM,
        ],
        other: None,
    },
    // Not beside others of their clients, whose home folder they share.
    Crowd { subjects: &[&MAVEN_3_9_SETTINGS, &DOTNET_PROVIDER, &PIP], other: None },
];

/// A tool in a job of many.
struct Place {
    subject: &'static Subject,
    folder: String,
    installed: String,
    other: Option<Other>,
}

impl Place {
    /// Whether it fetches with a token that lives for a while, and what it says.
    fn fetches(&self, job: &mut Job<'_>) -> (bool, String) {
        let Subject { forget, fetch, proof, proof_of_other, .. } = self.subject;
        let asking = |other| format!(" && ({}) && ({proof_of_other})", self.subject.asking(other));
        let of_other = self.other.map_or_else(String::new, asking);
        let first = job.root().join(&self.installed);
        let script = format!("PATH=\"{}:$PATH\"; {forget}; ({fetch}) && ({proof}){of_other}", first.display());
        // What an earlier attempt of a step has left is renewed by nobody.
        let renewed = || folders(job).into_iter().filter(|folder| folder.join("renewal.lock").exists());
        until("tokens with half a life", 2 * LIFE, || {
            renewed().all(|folder| ends(&folder) > now() + LIFE.as_secs() / 2)
        });
        let folder = job.sources().join(&self.folder);
        let outcome = job.run_script(&script, &folder).unwrap();
        (outcome.succeeded(), outcome.raw)
    }
}

/// Every tool of the table in jobs with two connections, two tenants and many lives of a token. Each serves after the end of the token that
/// it was set up with: by itself, or, where its client can be given no other, by the next step of the task.
#[test]
fn every_tool_serves_after_the_tokens_end() {
    side_by_side(3, &CROWDS, |Crowd { subjects, other }| {
        let emulator = living(LIFE, World::sample_with_repositories());
        let mut job = job(&emulator);
        let here = subjects.iter().filter(|subject| subject.is_here()).enumerate();
        let places: Vec<Place> = here
            .map(|(number, subject)| {
                let folder = format!("{}-{number}", subject.tool);
                let installed = format!("installed-{number}");
                let other = other.filter(|_| !OF_CONNECTION.contains(&subject.tool));
                subject.set_up_in(&mut job, &folder, other, &installed);
                Place { subject, folder, installed, other }
            })
            .collect();
        let tools = |of_connection: bool| -> String {
            let is_of = |place: &&Place| OF_CONNECTION.contains(&place.subject.tool) == of_connection;
            let names: BTreeSet<&str> = places.iter().filter(is_of).map(|place| place.subject.tool).collect();
            names.into_iter().collect::<Vec<_>>().join(",")
        };
        let of_both = of_two_tenants("clientSecret").input("organizations", "fabrikam");
        let steps =
            [named(&step().input("tools", &tools(true)), "one"), named(&of_both.input("tools", &tools(false)), "two")];
        for step in &steps {
            run(&emulator, &mut job, step);
        }
        let end = ends_at(&job);
        // Before the end of a token, and across it. Versions of one client do not differ in that.
        let newest = places.iter().filter(|place| other.is_some() && place.subject.goes_on);
        for place in newest {
            let (fetches, said) = place.fetches(&mut job);
            assert!(fetches, "{}: {said}", place.folder);
        }
        until("the first token's end", 2 * LIFE, || now() > end);
        let mut later = Vec::new();
        for place in &places {
            let (fetches, said) = place.fetches(&mut job);
            assert_eq!(fetches, place.subject.goes_on, "{}: {said}", place.folder);
            if !fetches {
                later.push(place);
            }
        }
        for place in later {
            run(&emulator, &mut job, &steps[1]);
            let (fetches, said) = place.fetches(&mut job);
            assert!(fetches, "{} after another step: {said}", place.folder);
        }
        let mut tenants = BTreeSet::new();
        for request in emulator.requests() {
            let own = if request.path.starts_with("/fabrikam/") { OTHER_TENANT } else { TENANT };
            for claims in carried(&emulator, &request, &SecretKind::AccessToken) {
                assert_eq!(claims["tid"], own, "{request:?}");
                tenants.insert(own);
            }
        }
        assert_eq!(tenants.len(), 2);
        finish(&mut job);
        assert_eq!(job.orphans_ended(), 0);
    });
}

/// A client that keeps its provider and asks again, as cargo does, is given a token that lives each time.
#[test]
fn a_client_that_asks_while_it_runs_goes_on_over_the_tokens_end() {
    let emulator = short_lived(World::sample());
    let mut job = job(&emulator);
    CARGO.set_up(&mut job, None);
    run(&emulator, &mut job, &CARGO.step());
    let mut provider = Command::new(BINARY);
    provider.args(["credential", "cargo"]).arg(folder(&job)).arg("--cargo-plugin");
    provider.env_clear().envs(job.script_environment()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut provider = provider.spawn().unwrap();
    let (mut asks, mut answers) =
        (provider.stdin.take().unwrap(), BufReader::new(provider.stdout.take().unwrap()).lines());
    answers.next().unwrap().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let index = format!("sparse+{FEED}/Cargo/index/");
        let question = serde_json::json!({
            "v": 1, "registry": { "index-url": index, "name": "contoso" }, "kind": "get", "operation": "read",
        });
        writeln!(asks, "{question}").unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        let token = answer["Ok"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let claims = claims(token.trim_start_matches("Bearer "));
        assert!(claims["exp"].as_u64().unwrap() > now(), "{claims}");
        assert!(!tokens.contains(&token));
        tokens.push(token);
        std::thread::sleep(OVER);
    }
    drop(asks);
    assert!(provider.wait().unwrap().success());
    finish(&mut job);
}
