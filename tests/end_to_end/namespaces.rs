//! Places of the system that only a namespace of Linux can lend to a test: addresses, and folders that belong to the system.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use ado_entra_auth_emulator::agent::TaskStep;

use crate::support::tool;

/// Set for a test that runs once more inside a network of its own.
const INSIDE: &str = "TEST_RUNS_IN_ITS_OWN_NETWORK";
/// Where the agent of Azure Arc keeps its keys and more.
const ARC_FOLDER: &str = "/var/opt/azcmagent";
/// What a machine of Azure Arc is known by.
const ARC_PROGRAM_FOLDER: &str = "/opt/azcmagent/bin";

/// Whether this machine lets a test have namespaces. Says what is skipped where it does not.
pub fn available() -> bool {
    let (Some(unshare), Some(_)) = (tool("unshare"), tool("ip")) else { return false };
    let works = Command::new(unshare).args(["-rnm", "true"]).output().is_ok_and(|output| output.status.success());
    let strict = std::env::var_os("ADO_ENTRA_AUTH_NO_SKIP").is_some_and(|value| !value.is_empty());
    assert!(works || !strict, "this machine allows no namespaces (unshare -rnm)");
    if !works {
        println!("skipped: this machine allows no namespaces (unshare -rnm)");
    }
    works
}

/// Runs the rest of a test, named as the test runner names it, in a network of its own: loopback, with this further address. True
/// inside of it; outside, the test is over.
pub fn in_own_network(test: &str, address: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !available() {
        return false;
    }
    let set_up = format!("ip link set lo up && ip addr add {address} dev lo && exec \"$@\"");
    let output = Command::new("unshare")
        .args(["-rnm", "sh", "-c", &set_up, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "yes")
        .output()
        .unwrap();
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    false
}

/// The step with this folder in the place of Azure Arc's own.
pub fn with_arc_folder(step: TaskStep, folder: &Path) -> TaskStep {
    mounted(
        step,
        &format!("mount -t tmpfs tmpfs /var/opt && mkdir -p {ARC_FOLDER} && mount --bind \"$0\" {ARC_FOLDER}"),
        folder,
    )
}

/// The same on a machine that Azure Arc's agent is installed on.
pub fn with_arc_agent(step: TaskStep, folder: &Path) -> TaskStep {
    let program =
        format!("mount -t tmpfs tmpfs /opt && mkdir -p {ARC_PROGRAM_FOLDER} && touch {ARC_PROGRAM_FOLDER}/himds");
    let folders = format!("mount -t tmpfs tmpfs /var/opt && mkdir -p {ARC_FOLDER} && mount --bind \"$0\" {ARC_FOLDER}");
    mounted(step, &format!("{program} && {folders}"), folder)
}

/// The step with this folder in the place of the system's authorities.
pub fn with_system_authorities(step: TaskStep, folder: &Path) -> TaskStep {
    mounted(step, "mount --bind \"$0\" /etc/ssl/certs", folder)
}

/// The step whose main part runs where this line of the shell has mounted things; `$0` is the folder.
fn mounted(step: TaskStep, line: &str, folder: &Path) -> TaskStep {
    let line = format!("{line} && exec \"$@\"");
    // bash hands on the agent's variables whose names no shell can say.
    let mut command: Vec<OsString> = ["unshare", "-rm", "bash", "-c", &line].map(OsString::from).to_vec();
    command.push(folder.into());
    command.extend(step.command);
    TaskStep { command, ..step }
}

/// The step whose both parts run so.
pub fn wholly_mounted(step: TaskStep, line: &str, folder: &Path) -> TaskStep {
    let post = TaskStep { command: step.post_command.clone().unwrap_or_default(), ..step.clone() };
    let post_command = Some(mounted(post, line, folder).command);
    TaskStep { post_command, ..mounted(step, line, folder) }
}
