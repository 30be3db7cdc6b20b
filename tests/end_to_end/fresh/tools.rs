//! The column "after the token's end" of the tools' table, cell by cell.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use ado_entra_auth::kernel::clock::now;
use ado_entra_auth_emulator::World;

use super::{OVER, ends_at, folder, living, short_lived, until};
use crate::promises::subjects::{CARGO, FEED, Subject};
use crate::support::{BINARY, claims, finish, job, run};

/// Long enough for every client to fetch meanwhile.
const LIFE: Duration = Duration::from_secs(24);

/// Serves after the first token's end: by itself, or, where its client can be given no other, by the next step of the task.
pub fn serves_after_the_tokens_end(subject: &Subject) {
    let emulator = living(LIFE, subject.world());
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    let first = ends_at(&job);
    until("a renewal", LIFE, || ends_at(&job) > first);
    until("the first token's end", LIFE, || now() > first);
    let (fetches, said) = subject.fetches(&mut job);
    assert_eq!(fetches, subject.goes_on, "{said}");
    if !fetches {
        run(&emulator, &mut job, &subject.step());
        let (fetches, said) = subject.fetches(&mut job);
        assert!(fetches, "{said}");
    }
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0);
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
