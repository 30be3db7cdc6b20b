//! What real clients are given by the vault of a run, which lies here as a step would leave it.

use std::path::{Path, PathBuf};

use ado_entra_auth::disk;
use ado_entra_auth::helper::vault::{Deposit, Key, key_variable, write};
use ado_entra_auth::kernel::clock::now;
use ado_entra_auth::kernel::dialect::Dialect;
use ado_entra_auth::kernel::organization::Organization;
use ado_entra_auth::kernel::secret::AccessToken;
use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::world::{CLIENT, FABRIKAM_CLIENT};

use crate::support::{
    BINARY, EVIL, assert_nothing_sent_to, emulator_with_repositories, job, read, with_token, write_file,
};

const HELLO: &str = "https://dev.azure.com/contoso/Shop/_git/hello";
const PLANTS: &str = "https://dev.azure.com/fabrikam/Garden/_git/plants";

/// A run's folder with a vault for contoso's repositories, and git's configuration. Gives the folder and the key's variable.
fn run_folder(emulator: &Emulator, job: &mut Job<'_>, id: &str) -> (PathBuf, String) {
    let folder = job.temp().join(format!("ado-entra-auth-{id}"));
    disk::create_private_folder(&folder).unwrap();
    let token = AccessToken::new(emulator.access_token(CLIENT).unwrap());
    let organization = Organization::parse("contoso").unwrap();
    let deposit = Deposit { organization, client: Dialect::Git, feeds: None, token: &token, expires_at: now() + 3600 };
    let (key, variable) = (Key::generate().unwrap(), key_variable().unwrap());
    write(&folder, &variable, &key, &[deposit], &std::collections::BTreeSet::new(), &[]).unwrap();
    job.set_variable(Variable::public(&variable, key.to_text().as_str()));
    let helper = format!("!'{BINARY}' credential git '{}'", folder.display());
    let config =
        format!("[credential \"https://dev.azure.com\"]\n\thelper =\n\thelper = \"{helper}\"\n\tuseHttpPath = true\n");
    disk::write_private(&folder.join("gitconfig"), config.as_bytes()).unwrap();
    (folder, variable)
}

fn include(job: &mut Job<'_>, folder: &Path) {
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "include.path"),
        ("GIT_CONFIG_VALUE_0", folder.join("gitconfig").to_str().unwrap()),
    ] {
        job.set_variable(Variable::public(name, value));
    }
}

/// Whether a clone succeeds, and what git says.
fn clone(job: &mut Job<'_>, url: &str) -> (bool, String) {
    let sources = job.sources();
    let outcome = job.run_script(&format!("rm -rf c; GIT_TERMINAL_PROMPT=0 git clone -q {url} c"), &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded() && sources.join("c/README.md").is_file(), outcome.raw)
}

#[test]
fn git_is_answered_from_the_vault_of_the_file_that_it_includes() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    let (folder, _) = run_folder(&emulator, &mut job, "0123456789abcdef");
    include(&mut job, &folder);
    let store = job.home().join(".git-credentials");
    let kept = format!("https://me:{}@dev.azure.com\n", emulator.access_token(FABRIKAM_CLIENT).unwrap());
    write_file(&store, &kept);
    write_file(&job.home().join(".gitconfig"), "[credential]\n\thelper = store\n");
    assert!(clone(&mut job, HELLO).0);
    assert!(clone(&mut job, PLANTS).0, "the user's own helper serves what it served");
    assert_eq!(read(&store), kept, "our token is stored nowhere");
    clone(&mut job, &format!("https://{EVIL}/contoso/Shop/_git/hello"));
    assert_nothing_sent_to(&emulator, EVIL);
}

#[test]
fn neither_half_of_a_vault_gives_git_anything() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    let (folder, variable) = run_folder(&emulator, &mut job, "0123456789abcdef");
    include(&mut job, &folder);
    assert!(clone(&mut job, HELLO).0, "both halves do");
    let sources = job.sources();
    let asked = format!("unset {variable}; rm -rf c; GIT_TERMINAL_PROMPT=0 git clone -q {HELLO} c");
    emulator.clear_requests();
    let outcome = job.run_script(&asked, &sources).unwrap();
    assert!(
        !outcome.succeeded() && outcome.raw.contains(&format!("pass the variable {variable} on")),
        "{}",
        outcome.raw
    );

    // The key of one run and the file of another.
    let (other, _) = run_folder(&emulator, &mut job, "fedcba9876543210");
    let mut taken: serde_json::Value = serde_json::from_str(&read(other.join("vault.json"))).unwrap();
    taken["key"] = variable.clone().into();
    disk::replace_private(&folder.join("vault.json"), taken.to_string().as_bytes()).unwrap();
    let (cloned, said) = clone(&mut job, HELLO);
    assert!(!cloned && said.contains("does not open with this job's key"), "{said}");

    // A run that is over.
    disk::remove_file(&folder.join("vault.json")).unwrap();
    let (cloned, said) = clone(&mut job, HELLO);
    assert!(!cloned && !said.contains("remedy"), "{said}");
    assert!(with_token(&emulator.requests()).is_empty(), "{:?}", emulator.requests());
}

/// The helper of another run of the job is another helper: both are left out when git is asked again.
#[test]
fn several_runs_do_not_ask_each_other_for_ever() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    let folders: Vec<PathBuf> =
        ["0123456789abcdef", "fedcba9876543210"].iter().map(|id| run_folder(&emulator, &mut job, id).0).collect();
    include(&mut job, &folders[0]);
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_1", "include.path"),
        ("GIT_CONFIG_VALUE_1", folders[1].join("gitconfig").to_str().unwrap()),
    ] {
        job.set_variable(Variable::public(name, value));
    }
    assert!(clone(&mut job, HELLO).0);
    assert!(!clone(&mut job, PLANTS).0);
    // And a copy in the user's file.
    write_file(&job.home().join(".gitconfig"), read(folders[0].join("gitconfig")));
    assert!(clone(&mut job, HELLO).0);
    assert!(!clone(&mut job, PLANTS).0);
}
