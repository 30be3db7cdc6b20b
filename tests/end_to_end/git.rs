//! git in later steps.

use ado_entra_auth_emulator::agent::{Job, TaskStep, Variable};
use ado_entra_auth_emulator::log::Authorization;
use ado_entra_auth_emulator::world::FABRIKAM_CLIENT;
use ado_entra_auth_emulator::{Effect, Fault, Target};

use crate::support::{
    EVIL, assert_nothing_sent_to, emulator_with_repositories, finish, in_parallel, job, read, run, script, step, tool,
    variable, with_token, write_file,
};

const HELLO: &str = "https://dev.azure.com/contoso/Shop/_git/hello";
const MODES: [&str; 2] = ["helper", "extraHeader"];

fn step_in(mode: &str) -> TaskStep {
    step().input("gitCredential", mode)
}

/// Clones in a later step that must not ask anybody.
fn clone(job: &mut Job<'_>, arguments: &str) -> bool {
    let sources = job.sources();
    let outcome =
        job.run_script(&format!("rm -rf c && GIT_TERMINAL_PROMPT=0 git clone -q {arguments} c"), &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    outcome.succeeded() && sources.join("c/README.md").is_file()
}

#[test]
fn every_form_of_an_address_can_be_cloned() {
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step_in(mode).input("organizations", "CONTOSO"));
        for url in [
            HELLO,
            "https://contoso@dev.azure.com/contoso/Shop/_git/hello",
            "https://dev.azure.com/CONTOSO/Shop/_git/hello",
            "https://contoso.visualstudio.com/Shop/_git/hello",
            "https://contoso.visualstudio.com/DefaultCollection/Shop/_git/hello",
            "https://dev.azure.com/contoso/My%20Project/_git/blank",
            "https://dev.azure.com:443/contoso/Shop/_git/hello",
            "https://DEV.AZURE.COM/contoso/Shop/_git/hello",
        ] {
            assert!(clone(&mut job, url), "{mode}: {url}: {:?}", emulator.requests());
        }
        if *mode == "helper" {
            assert!(clone(&mut job, "https://dev.azure.com/cOnToSo/Shop/_git/hello"));
        }
        finish(&mut job);
        assert!(!clone(&mut job, HELLO), "after the job");
    });
}

#[test]
fn commits_can_be_pushed() {
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step_in(mode));
        assert!(clone(&mut job, "https://dev.azure.com/contoso/Shop/_git/writable"));
        let folder = job.sources().join("c");
        script(
            &mut job,
            &folder,
            "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m second && git push -q",
        );
        let pushed = emulator.requests().iter().any(|request| {
            request.path.ends_with("/git-receive-pack") && request.authorization.is_token() && request.status == 200
        });
        assert!(pushed, "{mode}");
    });
}

#[test]
fn submodules_get_the_token_only_within_the_organization() {
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step_in(mode));
        let base = "--recurse-submodules https://dev.azure.com/contoso/Shop/_git";
        assert!(clone(&mut job, &format!("{base}/with-submodule")));
        assert!(job.sources().join("c/library/README.md").is_file());
        emulator.clear_requests();
        // Its host asks for nothing, so that the clone works; and it gets nothing.
        assert!(clone(&mut job, &format!("{base}/hostile-submodule")));
        assert!(!emulator.requests_to(EVIL).is_empty());
        assert_nothing_sent_to(&emulator, EVIL);
        emulator.clear_requests();
        assert!(!clone(&mut job, &format!("{base}/foreign-submodule")));
        let foreign: Vec<_> = emulator.requests().into_iter().filter(|r| r.path.starts_with("/fabrikam")).collect();
        assert!(!foreign.is_empty() && foreign.iter().all(|request| request.secrets.is_empty()), "{mode}: {foreign:?}");
    });
}

#[test]
fn large_files_come_with_the_same_credential() {
    if tool("git-lfs").is_none() {
        return;
    }
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step_in(mode));
        let sources = job.sources();
        script(&mut job, &sources, "git lfs install --skip-repo && git config --global lfs.transfer.maxretries 1");
        assert!(clone(&mut job, "https://dev.azure.com/contoso/Shop/_git/with-lfs"));
        assert!(read(sources.join("c/big.bin")).starts_with("large file of contoso"), "{mode}");

        // Objects that the batch says to lie elsewhere are asked for without it.
        emulator.change(|world| {
            let repositories = &mut world.organization_mut("contoso").unwrap().repositories;
            let repository = repositories.iter_mut().find(|repository| repository.name == "with-lfs").unwrap();
            repository.lfs_storage = Some(format!("https://{EVIL}/lfs"));
        });
        clone(&mut job, "https://dev.azure.com/contoso/Shop/_git/with-lfs");
        assert_nothing_sent_to(&emulator, EVIL);
    });
}

/// Security list, number 2.
#[test]
fn a_redirect_takes_no_token_to_another_host() {
    let rows = [
        ("helper", false, 302),
        ("helper", true, 302),
        ("helper", false, 307),
        ("extraHeader", false, 302),
        ("extraHeader", false, 307),
    ];
    in_parallel(&rows, |(mode, proactive, status)| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        if *proactive {
            write_file(&job.home().join(".gitconfig"), "[http]\n\tproactiveAuth = auto\n");
        }
        run(&emulator, &mut job, &step_in(mode));
        let place = Target::Path("dev.azure.com".into(), "/contoso/Shop/_git/hello".into());
        let fault = emulator.fault(Fault::new(place, Effect::Redirect(*status, EVIL.into())));
        let cloned = clone(&mut job, HELLO);
        assert!(emulator.fired(fault) > 0, "{mode}, proactive {proactive}: {:?}", emulator.requests());
        assert_nothing_sent_to(&emulator, EVIL);
        if *mode == "helper" {
            let posted = emulator.requests_to(EVIL).iter().any(|request| request.method == "POST");
            assert!(cloned && posted, "git follows, and the POST is where it could go wrong");
        } else {
            assert!(emulator.requests_to(EVIL).is_empty());
        }
    });
}

#[test]
fn the_users_own_helper_serves_what_it_served_and_never_gets_our_token() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    let own = emulator.access_token(FABRIKAM_CLIENT).unwrap();
    let store = job.home().join(".git-credentials");
    let kept = format!("https://me:{own}@dev.azure.com\nhttps://me:other@registry.example.com\n");
    write_file(&store, &kept);
    for config in ["[credential]\n\thelper = store\n", "[credential \"https://dev.azure.com\"]\n\thelper = store\n"] {
        write_file(&job.home().join(".gitconfig"), config);
        run(&emulator, &mut job, &TaskStep { name: config.len().to_string(), ..step() });
        assert!(clone(&mut job, HELLO));
        assert_eq!(read(&store), kept, "our token is stored nowhere");
        emulator.clear_requests();
        assert!(clone(&mut job, "https://dev.azure.com/fabrikam/Garden/_git/plants"), "the user's own credential");
        assert_eq!(read(&store), kept);
    }
    let sources = job.sources();
    let asked = "printf 'protocol=https\\nhost=registry.example.com\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill";
    write_file(&job.home().join(".gitconfig"), "[credential]\n\thelper = store\n");
    assert!(script(&mut job, &sources, asked).raw.contains("password=other\n"));
    finish(&mut job);
    assert_eq!(read(&store), kept);
}

#[test]
fn the_users_own_pairs_stay_in_force() {
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "user.email"),
            ("GIT_CONFIG_VALUE_0", "me@contoso.example"),
            ("GIT_CONFIG_KEY_1", "alias.hi"),
            ("GIT_CONFIG_VALUE_1", "!echo hi"),
        ] {
            job.set_variable(Variable::public(name, value));
        }
        run(&emulator, &mut job, &step_in(mode));
        let sources = job.sources();
        assert_eq!(script(&mut job, &sources, "git config user.email && git hi").raw, "me@contoso.example\nhi\n");
        assert!(clone(&mut job, HELLO));
        finish(&mut job);
        assert_eq!(variable(&job, "GIT_CONFIG_COUNT"), "2");
        assert_eq!(script(&mut job, &sources, "git config user.email && git hi").raw, "me@contoso.example\nhi\n");
    });
}

/// The contract's reason for the helper: a header of the agent's own goes before it.
#[test]
fn a_later_checkout_sends_the_agents_own_header() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    for repository in ["Shop/hello", "My Project/blank"] {
        let (folder, outcome) = job.checkout(repository).unwrap();
        assert!(outcome.succeeded() && folder.join("README.md").is_file(), "{}", outcome.raw);
        assert!(!outcome.log.contains("extraheader"), "{}", outcome.log);
    }
    let asked = emulator.requests_to("dev.azure.com");
    assert!(asked.iter().all(|request| request.authorization.is_job_token()), "{asked:?}");
    assert!(with_token(&asked).is_empty());
    finish(&mut job);
}

/// Two headers are refused by the service; an unscoped one of the user's must not double ours.
#[test]
fn one_header_is_sent_beside_a_header_of_the_users() {
    in_parallel(&MODES, |mode| {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        if *mode == "extraHeader" {
            write_file(&job.home().join(".gitconfig"), "[http]\n\textraheader = \"AUTHORIZATION: basic bWU6b3du\"\n");
        }
        run(&emulator, &mut job, &step_in(mode));
        emulator.clear_requests();
        assert!(clone(&mut job, HELLO), "{mode}: {:?}", emulator.requests());
        let asked = emulator.requests_to("dev.azure.com");
        assert!(asked.iter().all(|request| request.authorization != Authorization::Several));
        assert!(!with_token(&asked).is_empty());
    });
}

#[test]
fn the_helper_is_silent_for_everybody_else() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let sources = job.sources();
    // What git starts, without git's own care.
    let asks = "git config --get-urlmatch credential.helper https://dev.azure.com/contoso";
    let helper = script(&mut job, &sources, asks).raw.trim().strip_prefix('!').unwrap().to_owned();
    let served = "protocol=https\\nhost=dev.azure.com\\npath=contoso/Shop/_git/hello\\n\\n";
    let answer = script(&mut job, &sources, &format!("printf '{served}' | {helper} get")).raw;
    assert!(answer.contains("password="), "the helper itself answers: {answer}");
    for (host, path, protocol) in [
        (EVIL, "contoso/x", "https"),
        ("dev.azure.com", "fabrikam/Garden/_git/plants", "https"),
        ("dev.azure.com", "contoso-evil/x", "https"),
        ("dev.azure.com", "contoso/../fabrikam/x", "https"),
        ("dev.azure.com", "", "https"),
        ("dev.azure.com", "contoso/x", "http"),
        ("dev.azure.com:444", "contoso/x", "https"),
        ("dev.azure.com.evil.example", "contoso/x", "https"),
        ("fabrikam.visualstudio.com", "contoso/x", "https"),
        ("github.example", "contoso/x", "https"),
    ] {
        let request = format!("protocol={protocol}\\nhost={host}\\npath={path}\\n\\n");
        let asked = format!("printf '{request}' | GIT_TERMINAL_PROMPT=0 git credential fill");
        let outcome = job.run_script(&asked, &sources).unwrap();
        assert!(!outcome.succeeded() && !outcome.raw.contains("password"), "{host}/{path}: {}", outcome.log);
        let asked = format!("printf '{request}' | {helper} get");
        assert_eq!(script(&mut job, &sources, &asked).raw, "", "{host}/{path}");
        for operation in ["store", "erase", "capability", "something"] {
            let asked = format!("printf '{served}' | {helper} {operation}");
            assert_eq!(script(&mut job, &sources, &asked).raw, "", "{operation}");
        }
    }
    // And git itself gets none for them.
    assert!(!clone(&mut job, "https://dev.azure.com/fabrikam/Garden/_git/plants"));
    let foreign: Vec<_> = emulator.requests().into_iter().filter(|r| r.path.starts_with("/fabrikam")).collect();
    assert!(!foreign.is_empty() && foreign.iter().all(|request| request.secrets.is_empty()), "{foreign:?}");
}

#[test]
fn a_token_that_has_ended_is_not_sent_and_the_remedy_is_said() {
    let emulator = emulator_with_repositories();
    let short = ado_entra_auth_emulator::faults::TokenFault::Life(2);
    emulator.fault(Fault::new(ado_entra_auth_emulator::Endpoint::Token, Effect::Token(short)));
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step().input("keepFresh", "false"));
    emulator.clear_requests();
    let sources = job.sources();
    // Until the token has ended clones succeed, or fail half-way.
    let ended = (0..200).any(|_| {
        emulator.clear_requests();
        let script = format!("rm -rf c; GIT_TERMINAL_PROMPT=0 git clone -q {HELLO} c");
        let said = job.run_script(&script, &sources).unwrap().raw;
        said.contains("access token for contoso has expired") && said.contains("AdoEntraAuth@1")
    });
    assert!(ended && with_token(&emulator.requests()).is_empty(), "{:?}", emulator.requests());
}
