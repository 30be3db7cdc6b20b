//! Accounts, folders and file systems of an agent that are not the usual ones.

use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::{Emulator, Endpoint};

use super::{Extension, Form, Later, Scene};
use crate::modes::mode;
use crate::namespaces;
use crate::support::{Snapshot, emulator_with_repositories, in_parallel, job, only_brought, read, tool, write_file};
use crate::undo::fill_home;

/// The account that has no name: no user database knows it.
const NAMELESS: &str = "54321";

/// The versions of Node that an agent may choose.
const NODES: [&str; 5] = ["10", "16", "20", "22", "24"];

/// The task, and the Node to start it with.
fn ready() -> Option<(Extension, PathBuf)> {
    let extension = Extension::packed();
    let node = tool("node");
    Some((extension?, node?))
}

fn copies(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("ado-entra-auth-copy-")).count()
}

fn fresh<'e>(emulator: &'e Emulator, extension: &Extension) -> Scene<'e> {
    let scene = Scene::new(emulator, job(emulator), extension, "022");
    fill_home(&scene.job);
    scene
}

/// Its place, as `scripts/setup` brings it.
fn node_of_version(version: &str) -> Option<PathBuf> {
    only_brought(&format!("nodes/node_modules/node{version}/bin/node"))
}

#[test]
fn every_node_that_an_agent_may_choose() {
    let Some(extension) = Extension::packed() else { return };
    in_parallel(&NODES, |version| {
        let Some(node) = node_of_version(version) else { return };
        let emulator = emulator_with_repositories();
        let mut scene = fresh(&emulator, &extension);
        let outcome = scene.whole_job(&Form::of_node(&node), Later::Git, |_| ());
        assert_eq!(outcome.warnings, Vec::<String>::new(), "Node {version}");
        let bin = scene.task.join(format!("bin/linux-{}", if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }));
        assert_eq!(mode(bin.join("ado-entra-auth")), 0o755);
        assert!(bin.join("ado-entra-auth-checked").is_file());
    });
}

#[test]
fn every_node_passes_a_signal_on_in_the_middle_of_a_step() {
    let Some(extension) = Extension::packed() else { return };
    in_parallel(&NODES, |version| {
        let Some(node) = node_of_version(version) else { return };
        let emulator = emulator_with_repositories();
        let scene = fresh(&emulator, &extension);
        let [main, _] = Form::of_node(&node).parts(&scene.task);
        let before = scene.snapshot();
        crate::wrapper::cancel(&emulator, &scene.job, &main, "-TERM", Endpoint::Token);
        before.assert_same(&scene.snapshot(), version);
    });
}

#[test]
fn a_task_folder_that_is_mounted_to_be_read_or_without_programs() {
    let Some((extension, node)) = ready().filter(|_| namespaces::available()) else { return };
    for how in ["ro", "noexec"] {
        let emulator = emulator_with_repositories();
        let mut scene = fresh(&emulator, &extension);
        let line = format!("mount --bind \"$0\" \"$0\" && mount -o remount,bind,{how} \"$0\"");
        // As a TMPDIR that is not there: the copy lies in the agent's own temporary folder.
        for env in [&[][..], &["TMPDIR=/no/such/folder"]] {
            let form = Form::of_node(&node).with_env(env).mounted(&line, &scene.tasks);
            let tasks = Snapshot::below(&scene.tasks);
            let temp = scene.job.temp();
            let outcome = scene.whole_job(&form, Later::Git, |_| assert_eq!(copies(&temp), 1, "{how}"));
            assert_eq!(outcome.warnings, Vec::<String>::new(), "{how}");
            if how == "ro" {
                tasks.assert_same(&Snapshot::below(&scene.tasks), how);
            }
        }
    }
}

/// Nothing of it can be started, and the step says why.
#[test]
fn an_agent_on_a_file_system_without_programs() {
    let Some((extension, node)) = ready().filter(|_| namespaces::available()) else { return };
    let emulator = emulator_with_repositories();
    let mut scene = fresh(&emulator, &extension);
    let line = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,noexec \"$0\"";
    let [main, post] = Form::of_node(&node).mounted(line, scene.job.root()).parts(&scene.task);
    let before = scene.snapshot();
    let outcome = scene.job.run_task(&main).unwrap();
    assert_eq!((outcome.exit_code, outcome.errors.len()), (Some(0), 1), "{}", outcome.log);
    for word in ["could not be started (EACCES)", "noexec", "_work/_temp"] {
        assert!(outcome.errors[0].contains(word), "{word}: {}", outcome.errors[0]);
    }
    let ended = scene.job.run_task(&post).unwrap();
    assert_eq!((ended.exit_code, ended.errors.len(), ended.warnings.len()), (Some(0), 0, 1), "{}", ended.log);
    assert!(ended.warnings[0].contains("noexec"), "{}", ended.log);
    before.assert_same(&scene.snapshot(), "after the job");
}

#[test]
fn whatever_the_umask() {
    let Some((extension, node)) = ready() else { return };
    for umask in ["000", "077"] {
        let emulator = emulator_with_repositories();
        let mut scene = Scene::new(&emulator, job(&emulator), &extension, umask);
        fill_home(&scene.job);
        let form = Form::of_node(&node).after_line(&format!("umask {umask}"), Path::new("bash"));
        let outcome = scene.whole_job(&form, Later::Git, |_| ());
        assert_eq!(outcome.warnings, Vec::<String>::new(), "{umask}");
    }
}

#[test]
fn a_temporary_folder_of_the_machine_that_is_not_there() {
    let Some((extension, node)) = ready() else { return };
    let emulator = emulator_with_repositories();
    let mut scene = fresh(&emulator, &extension);
    let form = Form::of_node(&node).with_env(&["TMPDIR=/no/such/folder"]);
    let outcome = scene.whole_job(&form, Later::Git, |_| ());
    assert_eq!(outcome.warnings, Vec::<String>::new());
}

#[test]
fn a_folder_of_the_agent_with_blanks_and_letters_beyond_ascii() {
    let Some((extension, node)) = ready() else { return };
    for name in ["Agent 1 – Büro d'Été", "агент 東京"] {
        let emulator = emulator_with_repositories();
        let [folder, home] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        // Options of Java know no blanks.
        let (agent_root, home) = (Some(folder.path().join(name)), Some(home.path().to_path_buf()));
        let job = Job::new(&emulator, JobOptions { agent_root, home, ..JobOptions::default() }).unwrap();
        let mut scene = Scene::new(&emulator, job, &extension, "022");
        fill_home(&scene.job);
        for env in [&[][..], &["-u", "LANG", "LC_ALL=C"]] {
            let outcome = scene.whole_job(&Form::of_node(&node).with_env(env), Later::Git, |_| ());
            assert_eq!(outcome.warnings, Vec::<String>::new(), "{name}");
        }
    }
}

/// Maven's file lies in the home folder that the user database names.
#[test]
fn an_environment_without_home() {
    let Some((extension, node)) = ready().filter(|_| namespaces::available()) else { return };
    let emulator = emulator_with_repositories();
    let mut scene = fresh(&emulator, &extension);
    let users = scene.job.root().join("passwd");
    write_file(&users, format!("root:x:0:0::{}:/bin/sh\n", scene.job.home().display()));
    let env = ["-u", "HOME", "-u", "MAVEN_OPTS"];
    let form = Form::of_node(&node).with_env(&env).mounted("mount --bind \"$0\" /etc/passwd", &users);
    let outcome = scene.whole_job(&form, Later::Git, |job| {
        assert!(read(job.home().join(".m2/settings.xml")).contains("<id>feed1</id>"));
    });
    assert_eq!(outcome.warnings, Vec::<String>::new());
}

#[test]
fn an_account_without_a_name() {
    let Some((extension, node)) = ready().filter(|_| namespaces::available()) else { return };
    assert!(!read("/etc/passwd").contains(&format!(":{NAMELESS}:")));
    let [user, group] = ["user", "group"].map(|kind| format!("--map-{kind}={NAMELESS}"));
    let account = crate::support::words(&["unshare", "-U", &user, &group]);
    let homeless = ["-u", "HOME", "-u", "MAVEN_OPTS"];
    for (env, tools) in [(&[][..], "auto"), (&homeless, "npm, nuget, cargo, git")] {
        let emulator = emulator_with_repositories();
        let mut scene = fresh(&emulator, &extension);
        let form = Form::of_node(&node).with_env(env).within(&account).for_tools(tools);
        let outcome = scene.whole_job(&form, Later::Git, |_| ());
        assert_eq!(outcome.warnings, Vec::<String>::new(), "{env:?}");
    }
}
