//! Addresses of repositories that need another form before the token serves them: the step says a command, and with it git works.

use ado_entra_auth_emulator::agent::{Job, StepOutcome};
use ado_entra_auth_emulator::world::Repository;
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{finish, in_parallel, job, named, run, script, step, warned, with_token};

const MODES: [&str; 2] = ["helper", "extraHeader"];

/// The sample world with a repository `Shop/app` whose submodules have these addresses.
fn emulator(submodules: &[(&str, &str)]) -> Emulator {
    let mut world = World::sample_with_repositories();
    let submodules = submodules.iter().map(|(path, url)| ((*path).to_owned(), (*url).to_owned())).collect();
    let app = Repository { submodules, ..Repository::new("Shop", "app") };
    world.organization_mut("contoso").unwrap().repositories.push(app);
    Emulator::start(world).unwrap()
}

/// Whether git works in a later step that asks nobody and has no ssh.
fn git(job: &mut Job<'_>, line: &str) -> bool {
    let sources = job.sources();
    let outcome =
        job.run_script(&format!("export GIT_SSH_COMMAND=false GIT_TERMINAL_PROMPT=0; {line}"), &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    outcome.succeeded()
}

const UPDATE: &str = "git -C app submodule update --init";

/// The commands that the log says after these words, each once.
fn remedies(outcome: &StepOutcome, words: &str) -> Vec<String> {
    let said = outcome.log.lines().filter(|line| line.contains(words));
    said.map(|line| line.rsplit_once(": ").unwrap().1.to_owned()).collect()
}

/// Whether the token, and nothing else, opened a repository since the log was emptied.
fn opened_by_token(emulator: &Emulator, path: &str) -> bool {
    let asked = emulator.requests();
    with_token(&asked).iter().any(|request| request.status == 200 && request.path.contains(path))
}

#[test]
fn a_repository_over_ssh_is_reached_by_what_the_step_says() {
    let rows: Vec<(&str, &str, &str)> = [
        ("git@ssh.dev.azure.com:v3/contoso/Shop/hello", "/Shop/_git/hello"),
        ("ssh://git@ssh.dev.azure.com/v3/contoso/Shop/hello", "/Shop/_git/hello"),
        ("ssh://git@ssh.dev.azure.com:22/v3/contoso/Shop/hello", "/Shop/_git/hello"),
        ("contoso@vs-ssh.visualstudio.com:v3/contoso/Shop/hello", "/Shop/_git/hello"),
        ("git@ssh.dev.azure.com:v3/Contoso/My%20Project/blank", "/My%20Project/_git/blank"),
    ]
    .into_iter()
    .flat_map(|(url, path)| MODES.map(|mode| (mode, url, path)))
    .collect();
    in_parallel(&rows, |(mode, url, path)| {
        let emulator = emulator(&[("library", url)]);
        let mut job = job(&emulator);
        assert!(job.checkout("Shop/app").unwrap().1.succeeded());
        let outcome = run(&emulator, &mut job, &step().input("gitCredential", mode));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let clone = format!("git init -q own && git -C own remote add origin {url} && git -C own fetch -q origin");
        assert!(!git(&mut job, UPDATE) && !git(&mut job, &clone), "{mode}: {url} without a key");

        let commands = remedies(&outcome, "app/.gitmodules line 3 names a repository of contoso over ssh");
        let [command] = commands.as_slice() else { panic!("{commands:?}\n{}", outcome.log) };
        let sources = job.sources();
        script(&mut job, &sources, command);
        emulator.clear_requests();
        assert!(git(&mut job, UPDATE), "{mode}: {command}\n{:?}", emulator.requests());
        assert!(sources.join("app/library/README.md").is_file());
        assert!(opened_by_token(&emulator, path), "{mode}: {:?}", emulator.requests());
        // A checkout's own remote, and the submodule's.
        for repository in ["own", "app/library"] {
            emulator.clear_requests();
            assert!(git(&mut job, &format!("git -C {repository} fetch -q origin")), "{mode}: {repository} {url}");
            assert!(opened_by_token(&emulator, path), "{mode}: {:?}", emulator.requests());
        }
        finish(&mut job);
        assert!(!git(&mut job, "git -C own fetch -q origin"), "after the job");
    });
}

/// One key of git's configuration takes several values, and stays the same when the next job runs the commands again.
#[test]
fn several_forms_over_ssh_are_reached_beside_each_other() {
    let emulator = emulator(&[
        ("one", "git@ssh.dev.azure.com:v3/contoso/Shop/hello"),
        ("two", "contoso@vs-ssh.visualstudio.com:v3/contoso/Shop/writable"),
        ("three", "git@ssh.dev.azure.com:v3/contoso/Shop/writable"),
        ("blank", "git@ssh.dev.azure.com:v3/contoso/My%20Project/blank"),
    ]);
    let mut job = job(&emulator);
    assert!(job.checkout("Shop/app").unwrap().1.succeeded());
    let mut kept = String::new();
    for name in ["one", "two"] {
        let outcome = run(&emulator, &mut job, &named(&step(), name));
        let commands = remedies(&outcome, "over ssh");
        assert_eq!(commands.len(), 3, "{commands:?}");
        let sources = job.sources();
        for command in &commands {
            script(&mut job, &sources, command);
        }
        let config = crate::support::read(job.home().join(".gitconfig"));
        assert!(kept.is_empty() || kept == config, "{config}");
        kept = config;
        assert!(git(&mut job, &format!("rm -rf app/*/ && {UPDATE} --force")), "{:?}", emulator.requests());
        for path in ["one", "two", "three", "blank"] {
            assert!(sources.join("app").join(path).join("README.md").is_file(), "{path}");
        }
    }
    finish(&mut job);
}

#[test]
fn a_password_in_an_address_is_taken_out_by_what_the_step_says() {
    let rows = [
        ("https://user:oldpat@dev.azure.com/contoso/Shop/_git/hello", "/contoso/Shop/_git/hello"),
        ("https://:oldpat@dev.azure.com/contoso/My%20Project/_git/blank", "/contoso/My%20Project/_git/blank"),
        ("https://user:oldpat%40@contoso.visualstudio.com/Shop/_git/hello", "/Shop/_git/hello"),
    ];
    in_parallel(&rows, |(url, path)| {
        let emulator = emulator(&[("library", url)]);
        let mut job = job(&emulator);
        assert!(job.checkout("Shop/app").unwrap().1.succeeded());
        let outcome = run(&emulator, &mut job, &step());
        assert!(!outcome.raw_stdout.contains("oldpat"), "{}", outcome.raw_stdout);
        emulator.clear_requests();
        assert!(!git(&mut job, UPDATE), "{url}");
        assert!(!opened_by_token(&emulator, path), "the password goes first: {:?}", emulator.requests());

        let commands = remedies(&outcome, "app/.gitmodules line 3 has a password in the address");
        let [command] = commands.as_slice() else { panic!("{commands:?}\n{}", outcome.log) };
        let sources = job.sources();
        script(&mut job, &sources, command);
        emulator.clear_requests();
        assert!(git(&mut job, UPDATE), "{command}\n{:?}", emulator.requests());
        assert!(sources.join("app/library/README.md").is_file());
        assert!(opened_by_token(&emulator, path), "{:?}", emulator.requests());
        finish(&mut job);
    });
}

/// git sends the header first, and the address's password only where that is refused.
#[test]
fn with_a_header_a_password_in_an_address_needs_nothing() {
    let emulator = emulator(&[("library", "https://user:oldpat@dev.azure.com/contoso/Shop/_git/hello")]);
    let mut job = job(&emulator);
    assert!(job.checkout("Shop/app").unwrap().1.succeeded());
    let outcome = run(&emulator, &mut job, &step().input("gitCredential", "extraHeader"));
    assert!(!warned(&outcome, &["password"]), "{:?}", outcome.warnings);
    emulator.clear_requests();
    assert!(git(&mut job, UPDATE), "{:?}", emulator.requests());
    assert!(opened_by_token(&emulator, "/contoso/Shop/_git/hello"), "{:?}", emulator.requests());
    finish(&mut job);
}

/// As Azure DevOps itself shows addresses, and with an old token in the place of the name.
#[test]
fn a_user_in_an_address_needs_nothing() {
    let rows: Vec<(&str, &str)> =
        ["contoso", "oldpat"].into_iter().flat_map(|user| MODES.map(|mode| (mode, user))).collect();
    in_parallel(&rows, |(mode, user)| {
        let emulator = emulator(&[("library", &format!("https://{user}@dev.azure.com/contoso/Shop/_git/hello"))]);
        let mut job = job(&emulator);
        assert!(job.checkout("Shop/app").unwrap().1.succeeded());
        let outcome = run(&emulator, &mut job, &step().input("gitCredential", mode));
        assert!(outcome.warnings.is_empty() && !outcome.log.contains(".gitmodules line"), "{}", outcome.log);
        emulator.clear_requests();
        assert!(git(&mut job, UPDATE), "{mode} {user}: {:?}", emulator.requests());
        assert!(opened_by_token(&emulator, "/contoso/Shop/_git/hello"), "{:?}", emulator.requests());
        finish(&mut job);
        assert!(!git(&mut job, "git -C app/library fetch -q origin"), "after the job");
    });
}
