//! Which of the system's authorities are read, and that all of them count. The folder is the system's own, mounted for the step.

use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, TaskStep};
use tempfile::TempDir;

use crate::modes::link;
use crate::namespaces::{self, with_system_authorities};
use crate::round_trips::with_secret;
use crate::support::{assert_refused, emulator, job, run, step_with_env, tool};

const BUNDLE: &str = "ca-certificates.crt";

/// The step where nothing but the system says whom to trust. With a secret, since a shell drops the names that a connection's variables
/// have.
fn step_by_the_system() -> TaskStep {
    let by_the_system = step_with_env(&["-u", "AGENT_CAINFO", "-u", "SSL_CERT_FILE", "-u", "SSL_CERT_DIR"]);
    TaskStep { command: by_the_system.command, ..with_secret() }
}

/// A folder like `/etc/ssl/certs`: a bundle, and further files with links to them.
fn system(bundle: &str, parts: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(BUNDLE), bundle).unwrap();
    for (name, pem) in parts {
        std::fs::write(folder.path().join(format!("{name}.pem")), pem).unwrap();
        link(format!("{name}.pem"), folder.path().join(format!("{name}.0"))).unwrap();
    }
    folder
}

/// The step under `strace`, and the file that will name what it opens.
fn watched(step: TaskStep, strace: &Path, folder: &Path) -> (TaskStep, PathBuf) {
    let list = folder.join("opened");
    let mut command = vec![strace.into(), "-f".into(), "-qq".into(), "-o".into(), list.clone().into_os_string()];
    command.extend(["-e", "trace=open,openat"].map(Into::into));
    // It waits for all whom it follows.
    let step = step.input("keepFresh", "false");
    command.extend(step.command.clone());
    (TaskStep { command, ..step }, list)
}

fn opened_certificates(list: &Path) -> Vec<String> {
    let list = std::fs::read_to_string(list).unwrap();
    let names = list.lines().filter_map(|line| line.split('"').nth(1)?.strip_prefix("/etc/ssl/certs/"));
    names.map(str::to_owned).collect()
}

#[test]
fn a_bundle_that_vouches_for_the_servers_is_all_that_is_read() {
    let (Some(strace), true) = (tool("strace"), namespaces::available()) else { return };
    let emulator = emulator();
    let own = emulator.authority_pem();
    let folder = system(own, &[("company", own)]);
    let mut job = job(&emulator);
    let (step, list) = watched(step_by_the_system(), &strace, job.root());
    run(&emulator, &mut job, &with_system_authorities(step, folder.path()));
    assert_eq!(opened_certificates(&list), [BUNDLE]);
}

/// An authority that somebody has put beside the bundle counts as before.
#[test]
fn an_authority_beside_the_bundle_counts() {
    if !namespaces::available() {
        return;
    }
    let [emulator, other] = [(); 2].map(|()| emulator());
    let (own, others) = (emulator.authority_pem(), other.authority_pem());
    let trusts = |emulator: &Emulator, job: &mut Job<'_>, folder: &TempDir| {
        run(emulator, job, &with_system_authorities(step_by_the_system(), folder.path()));
    };
    let mut job = job(&emulator);
    trusts(&emulator, &mut job, &system(others, &[("company", own)]));
    trusts(&emulator, &mut job, &system("", &[("company", own)]));
    trusts(&emulator, &mut job, &system("no certificate\n", &[("company", own)]));
    let folder = system(others, &[("company", others)]);
    let step = with_system_authorities(step_by_the_system(), folder.path());
    assert_refused(
        &emulator,
        &mut job,
        &step,
        &["the certificate of login.microsoftonline.com is not trusted", "--sslcacert"],
    );
}
