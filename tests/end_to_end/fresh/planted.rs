//! What somebody lays in the place of the run's folder, or of a file in it: nothing is written there, and no helper believes it.

use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::TaskStep;

use super::{LIFE, clones, folder, renewing, short_lived, until, until_renewed};
use crate::modes::set_mode;
use crate::support::{BINARY, Snapshot, assert_succeeded, finish, in_parallel, job, run, skip, step, words};

/// Another user.
const NOBODY: u32 = 65534;
const VAULT: &str = "vault.json";
/// What a helper says that finds what is not the run's own.
const REFUSED: &str = "does not belong to this user only";

fn aside(path: &Path) -> PathBuf {
    let aside = path.with_extension("aside");
    std::fs::rename(path, &aside).unwrap();
    aside
}

/// Puts a copy in its place. Gives where the original is.
fn copied(path: &Path) -> PathBuf {
    let aside = aside(path);
    assert!(Command::new("cp").arg("-a").args([&aside, path]).status().unwrap().success());
    aside
}

fn gets(path: &Path, owner: u32) {
    chown(path, Some(owner), None).unwrap();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        std::os::unix::fs::lchown(entry.path(), Some(owner), None).unwrap();
    }
}

/// A link to a copy in its place.
fn linked(path: &Path) {
    copied(path);
    let copy = path.with_extension("copy");
    std::fs::rename(path, &copy).unwrap();
    symlink(copy, path).unwrap();
}

/// A change, and what a helper says then; nothing where it has nothing to say, as where the job is over.
type Plant = (&'static str, fn(&Path), Option<&'static str>);

/// The folder is removed, opened to others, or another's. The process asks nobody any more, and ends.
#[test]
fn it_ends_with_the_runs_folder() {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return skip("only root makes files of another user");
    }
    let plants: [Plant; 8] = [
        ("removed", |folder| std::fs::remove_dir_all(folder).unwrap(), None),
        ("opened to all", |folder| set_mode(folder, 0o755), Some(REFUSED)),
        ("opened to the group", |folder| set_mode(folder, 0o770), Some(REFUSED)),
        ("given to another", |folder| gets(folder, NOBODY), Some(REFUSED)),
        ("a copy", |folder| _ = copied(folder), None),
        ("a copy of another's", |folder| (_, ()) = (copied(folder), gets(folder, NOBODY)), Some(REFUSED)),
        ("a link", linked, Some(REFUSED)),
        (
            "a link to another's",
            |folder| ((), ()) = (linked(folder), gets(&folder.with_extension("copy"), NOBODY)),
            Some(REFUSED),
        ),
    ];
    in_parallel(&plants, |(what, plant, said)| {
        let emulator = short_lived(World::sample_with_repositories());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        renewing(&job);
        let asked = emulator.requests_to("login.microsoftonline.com").len();
        let lock = folder(&job).join("renewal.lock");
        let number = || std::fs::metadata(&lock).map(|found| found.ino()).unwrap_or_default();
        let own = number();
        plant(&folder(&job));
        // It gives up its own lock in the end, wherever that is, and no other.
        let given_up = if number() == own { lock.clone() } else { PathBuf::new() };
        let _ = std::fs::remove_file(given_up);
        let planted = Snapshot::below(&job.temp());
        if let Some(said) = said {
            let (cloned, all) = clones(&mut job);
            assert!(!cloned && all.contains(said), "{what}: {all}");
        }
        until(what, LIFE, || job.processes().is_empty());
        planted.assert_same(&Snapshot::below(&job.temp()), what);
        assert_eq!(emulator.requests_to("login.microsoftonline.com").len(), asked, "{what}: nobody was asked");
    });
}

/// Something lies in the vault's place. It stays as it is, and the process goes on when the vault is back.
#[test]
fn what_lies_in_the_vaults_place_is_neither_believed_nor_written() {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return skip("only root makes files of another user");
    }
    let plants: [Plant; 4] = [
        ("opened to others", |vault| (_, ()) = (copied(vault), set_mode(vault, 0o644)), Some(REFUSED)),
        ("another's", |vault| (_, ()) = (copied(vault), gets(vault, NOBODY)), Some(REFUSED)),
        ("a link", linked, Some(REFUSED)),
        ("a folder", |vault| (_, ()) = (aside(vault), std::fs::create_dir(vault).unwrap()), Some("cannot be read")),
    ];
    in_parallel(&plants, |(what, plant, said)| {
        let emulator = short_lived(World::sample_with_repositories());
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        let (process, folder) = (renewing(&job), folder(&job));
        let vault = folder.join(VAULT);
        plant(&vault);
        let (cloned, all) = clones(&mut job);
        assert!(!cloned && all.contains(said.unwrap()), "{what}: {all}");
        let planted = Snapshot::below(&folder);
        let asked = || emulator.requests_to("login.microsoftonline.com").len();
        // The second try begins when the first is over.
        let second = asked() + 2;
        until(what, 2 * LIFE, || asked() >= second);
        planted.assert_same(&Snapshot::below(&folder), what);
        assert_eq!(renewing(&job), process, "{what}");
        let _ = (std::fs::remove_dir(&vault), std::fs::remove_file(vault.with_extension("copy")));
        std::fs::rename(vault.with_extension("aside"), &vault).unwrap();
        until_renewed(&job);
        assert!(clones(&mut job).0, "{what}");
        finish(&mut job);
    });
}

/// Something lies in the place of the lock, by which the job's end finds the process: it is not waited for, and the process ends with the
/// folder.
#[test]
fn what_lies_in_the_locks_place_holds_nobody_up() {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return skip("only root makes files of another user");
    }
    let plants: [Plant; 4] = [
        ("removed", |lock| std::fs::remove_file(lock).unwrap(), None),
        ("another's", |lock| (_, ()) = (copied(lock), gets(lock, NOBODY)), None),
        ("a link", linked, None),
        ("a folder", |lock| (_, ()) = (aside(lock), std::fs::create_dir(lock).unwrap()), None),
    ];
    in_parallel(&plants, |(what, plant, _)| {
        let emulator = short_lived(World::sample());
        let mut job = job(&emulator);
        let before = Snapshot::of(&job);
        run(&emulator, &mut job, &step());
        renewing(&job);
        plant(&folder(&job).join("renewal.lock"));
        let begun = std::time::Instant::now();
        // As the agent does where it finds nobody by its mark.
        let ended =
            job.run_task(&TaskStep { command: words(&[BINARY, "post"]), post_command: None, ..step() }).unwrap();
        assert_succeeded(&ended);
        assert!(begun.elapsed() < LIFE / 2, "{what}: {:?}", begun.elapsed());
        before.assert_same(&Snapshot::of(&job), what);
        until(what, LIFE, || job.processes().is_empty());
        before.assert_same(&Snapshot::of(&job), what);
    });
}
