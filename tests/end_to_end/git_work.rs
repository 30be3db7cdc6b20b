//! What git does beyond a plain clone, in later steps: submodules, parts of a repository, further working trees, large files.

use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::world::Repository;
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{EVIL, assert_nothing_sent_to, in_parallel, job, read, run, script, step, tool, with_token};

const WRITABLE: &str = "https://dev.azure.com/contoso/Shop/_git/writable";
const MODES: [&str; 2] = ["helper", "extraHeader"];
const ME: &str = "-c user.name=me -c user.email=me@contoso.example";

fn of_contoso(repositories: Vec<Repository>) -> Emulator {
    let mut world = World::sample_with_repositories();
    world.organization_mut("contoso").unwrap().repositories.extend(repositories);
    Emulator::start(world).unwrap()
}

/// A job in which the step has run, with git in this mode.
fn set_up<'e>(emulator: &'e Emulator, mode: &str) -> Job<'e> {
    let mut job = job(emulator);
    run(emulator, &mut job, &step().input("gitCredential", mode));
    emulator.clear_requests();
    job
}

/// Runs a script in the checkout that must ask nobody. Gives what it says.
fn works(job: &mut Job<'_>, commands: &str) -> String {
    let sources = job.sources();
    let said = script(job, &sources, &format!("set -e; export GIT_TERMINAL_PROMPT=0; {commands}")).raw;
    assert!(!said.contains("eyJ"), "{said}");
    said
}

#[test]
fn submodules_in_every_form_of_an_address_come_with_the_token() {
    let addresses = [
        "../hello",
        "https://dev.azure.com/contoso/Shop/_git/hello",
        "https://contoso@dev.azure.com/contoso/Shop/_git/hello",
        "https://contoso.visualstudio.com/Shop/_git/hello",
        "https://contoso.visualstudio.com/DefaultCollection/Shop/_git/hello",
        "https://dev.azure.com/contoso/My%20Project/_git/blank",
    ];
    let submodules = addresses.iter().enumerate().map(|(n, url)| (format!("m{n}"), (*url).to_owned())).collect();
    let top = Repository { submodules, ..Repository::new("Shop", "top") };
    in_parallel(&MODES, |mode| {
        let emulator = of_contoso(vec![top.clone()]);
        let mut job = set_up(&emulator, mode);
        works(&mut job, "git clone -q --recurse-submodules https://dev.azure.com/contoso/Shop/_git/top");
        works(
            &mut job,
            "git clone -q https://contoso.visualstudio.com/Shop/_git/top late && cd late && git submodule -q update --init",
        );
        for folder in ["top", "late"] {
            for number in 0..addresses.len() {
                assert!(
                    job.sources().join(format!("{folder}/m{number}/README.md")).is_file(),
                    "{mode}, {folder}: {number}"
                );
            }
        }
    });
}

/// A submodule's own submodules, as a repository that one trusts may have them without knowing.
#[test]
fn a_hostile_submodule_gets_nothing_however_deep_it_lies() {
    let with = |name: &str, url: &str| Repository {
        submodules: vec![("library".to_owned(), url.to_owned())],
        ..Repository::new("Shop", name)
    };
    let below = |name: &str| format!("https://dev.azure.com/contoso/Shop/_git/{name}");
    let emulator =
        of_contoso(vec![with("top", &below("hostile-submodule")), with("other", &below("foreign-submodule"))]);
    in_parallel(&MODES, |mode| {
        let mut job = set_up(&emulator, mode);
        for name in ["top", "other"] {
            let sources = job.sources();
            let clone = format!("GIT_TERMINAL_PROMPT=0 git clone -q --recurse-submodules {}", below(name));
            job.run_script(&clone, &sources).unwrap();
        }
        assert_nothing_sent_to(&emulator, EVIL);
        let requests = emulator.requests();
        let foreign: Vec<_> = requests.iter().filter(|request| request.path.starts_with("/fabrikam")).collect();
        assert!(!foreign.is_empty() && !emulator.requests_to(EVIL).is_empty(), "{requests:?}");
        assert!(foreign.iter().all(|request| request.secrets.is_empty()), "{foreign:?}");
    });
}

#[test]
fn parts_of_a_repository_are_fetched_when_they_are_needed() {
    let file = |path: &str| (path.to_owned(), format!("{path}\n"));
    let files = vec![file("README.md"), file("app/a.txt"), file("docs/b.txt"), file("docs/c.txt")];
    let large = Repository { files, ..Repository::new("Shop", "large") };
    in_parallel(&MODES, |mode| {
        let emulator = of_contoso(vec![large.clone()]);
        let mut job = set_up(&emulator, mode);
        works(&mut job, "git clone -q --filter=blob:none --sparse https://dev.azure.com/contoso/Shop/_git/large c");
        let there = |job: &Job<'_>, path: &str| job.sources().join("c").join(path).is_file();
        assert!(there(&job, "README.md") && !there(&job, "app/a.txt"), "{mode}");
        emulator.clear_requests();
        works(&mut job, "cd c && git sparse-checkout set app");
        assert!(there(&job, "app/a.txt") && !there(&job, "docs/b.txt"), "{mode}");
        assert_eq!(works(&mut job, "cd c && git show HEAD:docs/c.txt"), "docs/c.txt\n", "what is asked for by itself");
        assert!(with_token(&emulator.requests_to("dev.azure.com")).len() >= 2, "{mode}: {:?}", emulator.requests());
        works(
            &mut job,
            "git clone -q --depth=1 https://dev.azure.com/contoso/Shop/_git/large d && cd d && git fetch -q --tags",
        );
    });
}

#[test]
fn further_working_trees_fetch_and_push() {
    in_parallel(&MODES, |mode| {
        let emulator = of_contoso(Vec::new());
        let mut job = set_up(&emulator, mode);
        works(&mut job, &format!("git clone -q {WRITABLE} c && cd c && git worktree add -q ../w -b topic"));
        works(
            &mut job,
            &format!("cd w && git fetch -q && git {ME} commit -q --allow-empty -m x && git push -q origin topic"),
        );
        assert!(works(&mut job, &format!("git ls-remote {WRITABLE} topic")).contains("refs/heads/topic"), "{mode}");
    });
}

#[test]
fn large_files_are_uploaded_and_come_back() {
    if tool("git-lfs").is_none() {
        return;
    }
    in_parallel(&MODES, |mode| {
        let emulator = of_contoso(Vec::new());
        let mut job = set_up(&emulator, mode);
        works(
            &mut job,
            &format!(
                "git clone -q {WRITABLE} c && cd c && git lfs install && git lfs track '*.bin' && echo large >a.bin"
            ),
        );
        works(&mut job, &format!("cd c && git add -A && git {ME} commit -q -m x && git push -q origin main"));
        let requests = emulator.requests();
        let put = requests.iter().rfind(|request| request.method == "PUT");
        assert!(put.is_some_and(|put| put.authorization.is_token() && put.status == 200), "{mode}: {requests:?}");
        works(&mut job, &format!("git clone -q {WRITABLE} d"));
        assert_eq!(read(job.sources().join("d/a.bin")), "large\n", "{mode}");
    });
}
