//! Nothing of a token, nor of what signs in, is anywhere that it was not before; and whoever reads meanwhile reads whole.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::world::{SECRET, SECRET_CLIENT, TENANT};

use super::{LIFE, OVER, folder, living, renewing, short_lived, until_renewed};
use crate::identities::of;
use crate::support::{BINARY, finish, job, run, step};

/// What the process is to others: its command line, its environment, its streams, its folder, its session.
#[test]
fn the_process_shows_nothing_and_holds_nothing_open() {
    let emulator = short_lived(World::sample());
    emulator.watch("client secret", SECRET);
    let mut job = job(&emulator);
    let step = of("clientSecret").input("clientId", SECRET_CLIENT).input("tenantId", TENANT);
    run(&emulator, &mut job, &step.input("clientSecret", SECRET));
    // What the tests themselves were started with, every process of theirs has.
    let sources = job.sources();
    let of_tests = job.run_script("readlink /proc/self/fd/*", &sources).unwrap().raw;
    let process = renewing(&job);
    let proc = |name: &str| PathBuf::from(format!("/proc/{process}/{name}"));
    let look = || {
        let line = std::fs::read(proc("cmdline")).unwrap();
        assert_eq!(line, [BINARY.as_bytes(), b"renew", b""].join(&0));
        let environment = std::fs::read(proc("environ")).unwrap();
        let names = environment.split(|byte| *byte == 0).filter(|variable| !variable.is_empty());
        let names: Vec<String> = names
            .map(|variable| String::from_utf8_lossy(variable.split(|byte| *byte == b'=').next().unwrap()).into_owned())
            .collect();
        let allowed = ["VSTS_PROCESS_LOOKUP_ID", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"];
        assert!(names.contains(&allowed[0].to_owned()), "{names:?}");
        assert!(names.iter().all(|name| allowed.contains(&name.to_ascii_uppercase().as_str())), "{names:?}");
        assert_eq!(std::fs::read_link(proc("cwd")).unwrap().to_str(), Some("/"));
        let stat = crate::support::read(proc("stat"));
        let session = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap().to_owned();
        assert_eq!(session, process.to_string(), "a session of its own");
        let limits = crate::support::read(proc("limits"));
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        for entry in std::fs::read_dir(proc("fd")).unwrap().flatten() {
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            let is_lock = target == folder(&job).join("renewal.lock");
            let inherited = of_tests.contains(target.to_str().unwrap());
            // Two ends of its own, which nobody else can open: what its library hears signals by.
            let number = target.to_str().unwrap().trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
            let unix = crate::support::read(proc("net/unix"));
            let is_own_pair = unix.lines().any(|line| line.trim_end().ends_with(&format!(" {number}")));
            assert!(
                is_own_pair || is_lock || inherited || target.to_str() == Some("/dev/null"),
                "{:?}: {target:?} is open",
                entry.path()
            );
        }
    };
    std::thread::sleep(Duration::from_millis(500));
    look();
    until_renewed(&job);
    std::thread::sleep(Duration::from_millis(500));
    look();
    finish(&mut job);
}

/// Two hundred helpers at once, again and again while the vault is written anew.
#[test]
fn two_hundred_helpers_are_answered_while_the_vault_is_written() {
    let emulator = living(LIFE / 2, World::sample_with_repositories());
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step().input("tools", "git"));
    let (folder, environment) = (folder(&job), job.script_environment());
    let question = job.root().join("question");
    crate::support::write_file(&question, "protocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n\n");
    let (mut rounds, begun) = (0, std::time::Instant::now());
    while begun.elapsed() < OVER {
        let helpers: Vec<_> = (0..200)
            .map(|_| {
                let mut helper = Command::new(BINARY);
                helper.args(["credential", "git"]).arg(&folder).arg("get").env_clear().envs(&environment);
                let asked = std::fs::File::open(&question).unwrap();
                helper.stdin(asked).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for helper in helpers {
            let answer = helper.wait_with_output().unwrap();
            let (out, said) = (String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr));
            assert!(out.contains("\npassword=eyJ") || out.starts_with("password=eyJ"), "{out}{said}");
        }
        rounds += 1;
    }
    assert!(rounds > 1);
    finish(&mut job);
}
