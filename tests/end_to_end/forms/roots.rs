//! Roots of a container: with nothing but a Node, with a program for another machine, with the root as the home folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::{Emulator, Endpoint};

use super::{Extension, Form, Later, Parts, Scene};
use crate::modes::link;
use crate::namespaces;
use crate::support::{
    Snapshot, assert_failed, emulator_with_repositories, job, only_brought, read, tool, words, write_file,
};

/// A root, and what of this machine lies in it.
struct Root {
    folder: tempfile::TempDir,
    places: Vec<(PathBuf, PathBuf)>,
}

impl Root {
    fn empty() -> Self {
        Self { folder: tempfile::Builder::new().prefix("root-").tempdir().unwrap(), places: Vec::new() }
    }

    fn with(mut self, source: impl Into<PathBuf>, place: impl Into<PathBuf>) -> Self {
        self.places.push((source.into(), place.into()));
        self
    }

    /// A Node for the C library of small images, and what it loads.
    fn of_musl() -> Option<(Self, PathBuf)> {
        let node = only_brought("musl-node/usr/bin/node")?;
        let folder = node.ancestors().nth(3).unwrap().to_path_buf();
        Some((Self::empty().with(folder.join("usr"), "/usr").with(folder.join("lib"), "/lib"), "/usr/bin/node".into()))
    }

    /// This machine's Node, and what it loads.
    fn of_glibc() -> Option<(Self, PathBuf)> {
        let (node, ldd) = (tool("node")?, tool("ldd")?);
        let node = node.canonicalize().unwrap();
        let output = Command::new(ldd).arg(&node).output().unwrap();
        let list = String::from_utf8(output.stdout).unwrap();
        let paths = list.split_whitespace().filter(|word| word.starts_with('/'));
        let root = paths.fold(Self::empty(), |root, path| root.with(Path::new(path).canonicalize().unwrap(), path));
        Some((root.with(&node, "/usr/bin/node"), "/usr/bin/node".into()))
    }

    /// All of this machine but its temporary folder; of that one only the tests' tools, where the checkout lies there.
    fn of_this_machine() -> Self {
        let mut root = Self::empty();
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
        for entry in std::fs::read_dir("/").unwrap().map(Result::unwrap) {
            let place = entry.path();
            let inside = root.folder.path().join(entry.file_name());
            if place.is_symlink() {
                link(std::fs::read_link(&place).unwrap(), inside).unwrap();
            } else if place.is_dir() && place != Path::new("/tmp") {
                root = root.with(&place, &place);
            }
        }
        if tools.starts_with("/tmp") && tools.exists() { root.with(&tools, &tools) } else { root }
    }

    /// What stands before a program that runs there, where the agent's folder lies where it does outside.
    fn before(&self, job: &Job<'_>) -> Vec<OsString> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/forms/root.sh");
        let mut before = words(&["unshare", "-rm", "bash"]);
        before.extend([script.into(), self.folder.path().into()]);
        let agent = (job.root().to_path_buf(), job.root().to_path_buf());
        for (source, place) in self.places.iter().chain([&agent]) {
            before.push([source.as_os_str(), place.as_os_str()].join("=".as_ref()));
        }
        before.push("--".into());
        before
    }
}

/// The tools that have no file in a home folder.
const WITHOUT_HOME: &str = "npm, nuget, cargo, git";

/// A job of an agent whose machine has no settings of clients.
fn bare_job(emulator: &Emulator) -> Job<'_> {
    Job::new(emulator, JobOptions { client_settings: false, ..JobOptions::default() }).unwrap()
}

/// Nothing but a Node: no shell, no certificates, no user database, no home, no `/proc`.
#[test]
fn nothing_but_a_node() {
    let Some(extension) = Extension::packed().filter(|_| namespaces::available()) else { return };
    for (name, root) in [("musl", Root::of_musl()), ("glibc", Root::of_glibc())] {
        let Some((root, node)) = root else { continue };
        let emulator = emulator_with_repositories();
        let mut scene = Scene::new(&emulator, bare_job(&emulator), &extension, "022");
        let form = Form::of_node(&node).within(&root.before(&scene.job)).with_env(&["-u", "HOME"]);
        let served = form.clone().for_tools(WITHOUT_HOME);
        let outcome = scene.whole_job(&served, Later::Helper, |_| ());
        assert_eq!(outcome.warnings, Vec::<String>::new(), "{name}");

        // What has its file at home cannot be set up.
        let [main, _] = form.parts(&scene.task);
        let before = scene.snapshot();
        let outcome = scene.job.run_task(&main).unwrap();
        assert_failed(&emulator, &outcome, &["maven cannot be set up: there is no home folder", "'tools'"]);
        crate::wrapper::cancel(&emulator, &scene.job, &served.parts(&scene.task)[0], "-TERM", Endpoint::Token);
        before.assert_same(&scene.snapshot(), name);
    }
}

/// Such a root trusts nobody, and the step says so.
#[test]
fn nothing_but_a_node_and_no_authority() {
    let Some(extension) = Extension::packed().filter(|_| namespaces::available()) else { return };
    let Some((root, node)) = Root::of_musl() else { return };
    let emulator = emulator_with_repositories();
    let mut scene = Scene::new(&emulator, bare_job(&emulator), &extension, "022");
    let form = Form::of_node(&node).within(&root.before(&scene.job)).with_env(&["-u", "AGENT_CAINFO"]);
    let [main, _] = form.parts(&scene.task);
    let before = scene.snapshot();
    let outcome = scene.job.run_task(&main).unwrap();
    assert_failed(&emulator, &outcome, &["the certificate of dev.azure.com is not trusted", "--sslcacert"]);
    before.assert_same(&scene.snapshot(), "after the step");
}

/// As in a container whose user has no home folder of its own.
#[test]
fn the_root_is_the_home_folder() {
    let (Some(extension), Some(node)) = (Extension::packed(), tool("node")) else { return };
    if !namespaces::available() {
        return;
    }
    let emulator = emulator_with_repositories();
    let mut scene = Scene::new(&emulator, job(&emulator), &extension, "022");
    let users = scene.job.root().join("passwd");
    write_file(&users, "root:x:0:0::/:/bin/sh\n");
    let root = Root::of_this_machine().with(&users, "/etc/passwd");
    let form = Form::of_node(&node).with_env(&["-u", "MAVEN_OPTS", "HOME=/"]).within(&root.before(&scene.job));
    // Makes the places.
    let sources = scene.job.sources();
    assert!(scene.job.run_program(&form.command(&words(&["true"])), &sources, &[]).unwrap().succeeded());
    let before = Snapshot::below(root.folder.path());
    let settings = root.folder.path().join(".m2/settings.xml");
    let outcome = scene.whole_job(&form, Later::Git, |_| assert!(read(settings).contains("<id>feed1</id>")));
    assert_eq!(outcome.warnings, Vec::<String>::new());
    before.assert_same(&Snapshot::below(root.folder.path()), "the root after the job");
}

/// The program for arm64 by itself, since the machine has no Node for it.
#[test]
fn the_program_for_arm64() {
    let Some(extension) = Extension::packed().filter(|_| namespaces::available()) else { return };
    let emulator = emulator_with_repositories();
    let mut scene = Scene::new(&emulator, bare_job(&emulator), &extension, "022");
    let program = scene.task.join("bin/linux-arm64/ado-entra-auth");
    if !program.is_file() {
        println!("not run: the extension has no program for arm64; `scripts/build linux-arm64` makes it");
        return;
    }
    let Some(qemu) = tool("qemu-aarch64-static") else { return };
    crate::modes::set_mode(&program, 0o755);
    let root = Root::empty().with(&qemu, "/qemu");
    let parts = Parts::Program { runner: "/qemu".into(), program };
    let form = Form { before: root.before(&scene.job), parts, tools: WITHOUT_HOME }.with_env(&["-u", "HOME"]);
    let outcome = scene.whole_job(&form, Later::Helper, |_| ());
    // A kernel that starts no program for arm64 by itself starts none that stays.
    let by_kernel =
        |warning: &String| warning.starts_with("nothing renews the token") && warning.contains("Exec format error");
    assert!(outcome.warnings.iter().all(by_kernel), "{:?}", outcome.warnings);
}
