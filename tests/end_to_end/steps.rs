//! Several steps in one job: whose identity a tool goes by.

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::world::{
    CLIENT, CONNECTION, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, SECOND_CLIENT, SECOND_CONNECTION,
};
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{
    Snapshot, bare_step, emulator, emulator_with_repositories, finish, in_one_tenant, job, run, script, tool, variable,
    warned, write,
};

pub fn step(name: &str, connection: &str) -> TaskStep {
    TaskStep { name: name.to_owned(), ..bare_step().connection("azureDevOpsServiceConnection", connection) }
}

/// The client id of the token that a request carried; blank where it carried none.
fn client_of(emulator: &Emulator, request: &LoggedRequest) -> String {
    let number = request
        .secrets
        .iter()
        .find_map(|secret| secret.strip_prefix("AccessToken number ")?.split(',').next()?.parse::<usize>().ok());
    number.map(|number| emulator.issued()[number].claims["appid"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// Whose token the requests to paths that hold this text carried.
pub fn clients(emulator: &Emulator, path: &str) -> Vec<String> {
    let requests = emulator.requests();
    let asked = requests.iter().filter(|request| request.path.contains(path) && request.authorization.is_token());
    let mut clients: Vec<String> = asked.map(|request| client_of(emulator, request)).collect();
    clients.dedup();
    clients
}

fn client_of_variable(emulator: &Emulator, job: &Job<'_>, name: &str) -> String {
    let value = variable(job, name);
    let issued = emulator.issued().into_iter().find(|issued| issued.value == value).unwrap();
    issued.claims["appid"].as_str().unwrap().to_owned()
}

const NPMRC: &str = "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n\
                     @fabrikam:registry=https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/npm/registry/\n";

fn view(job: &mut Job<'_>, package: &str) {
    let sources = job.sources();
    let seen = script(job, &sources, &format!("npm view --prefer-online {package} version"));
    assert!(seen.raw.contains("1.0.0"), "{}", seen.raw);
}

#[test]
fn what_a_step_has_set_up_keeps_its_identity() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", NPMRC.lines().next().unwrap());
    // npm's own.
    std::fs::create_dir(job.home().join(".npm")).unwrap();
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step("one", CONNECTION).input("tools", "npm"));
    run(&emulator, &mut job, &step("two", SECOND_CONNECTION).input("tools", "git"));
    emulator.clear_requests();
    view(&mut job, "@contoso/hello");
    assert_eq!(clients(&emulator, "_packaging/feed1"), [CLIENT]);
    assert_eq!(client_of_variable(&emulator, &job, "ADO_ENTRA_TOKEN"), SECOND_CLIENT);
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job).without(&job.home().join(".npm")), "both undone");
}

#[test]
fn among_equals_the_later_step_serves() {
    if tool("npm").is_none() {
        return;
    }
    for (first, second, expected) in
        [(CONNECTION, SECOND_CONNECTION, SECOND_CLIENT), (SECOND_CONNECTION, CONNECTION, CLIENT)]
    {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        write(&job, ".npmrc", NPMRC.lines().next().unwrap());
        run(&emulator, &mut job, &step("one", first));
        run(&emulator, &mut job, &step("two", second));
        emulator.clear_requests();
        view(&mut job, "@contoso/hello");
        assert_eq!(clients(&emulator, "_packaging/feed1"), [expected]);
        let sources = job.sources();
        script(&mut job, &sources, "git clone -q https://dev.azure.com/contoso/Shop/_git/hello");
        assert_eq!(clients(&emulator, "_git/hello"), [expected]);
        finish(&mut job);
    }
}

#[test]
fn the_step_whose_connection_owns_an_organization_goes_before_one_that_is_merely_permitted() {
    if tool("npm").is_none() {
        return;
    }
    for contoso_first in [true, false] {
        for mode in ["helper", "extraHeader"] {
            let emulator = in_one_tenant(World::sample_with_repositories());
            let mut job = job(&emulator);
            write(&job, ".npmrc", NPMRC);
            // npm's own.
            std::fs::create_dir(job.home().join(".npm")).unwrap();
            let before = Snapshot::of(&job);
            // Each permits the other's organization: this pipeline's own by rule, the other by an input.
            let of_contoso =
                step("contoso", CONNECTION).input("organizations", "fabrikam").input("gitCredential", mode);
            let of_fabrikam = step("fabrikam", FABRIKAM_CONNECTION).input("gitCredential", mode);
            let (first, second) = if contoso_first { (of_contoso, of_fabrikam) } else { (of_fabrikam, of_contoso) };
            run(&emulator, &mut job, &first);
            run(&emulator, &mut job, &second);
            emulator.clear_requests();
            view(&mut job, "@contoso/hello");
            view(&mut job, "@fabrikam/plant");
            let sources = job.sources();
            script(&mut job, &sources, "git clone -q https://dev.azure.com/contoso/Shop/_git/hello");
            script(&mut job, &sources, "git clone -q https://dev.azure.com/fabrikam/Garden/_git/plants");
            for (path, expected) in [
                ("/contoso/_packaging", CLIENT),
                ("/fabrikam/_packaging", FABRIKAM_CLIENT),
                ("/contoso/Shop/_git", CLIENT),
                ("/fabrikam/Garden/_git", FABRIKAM_CLIENT),
            ] {
                assert_eq!(clients(&emulator, path), [expected], "{path}, {mode}, contoso first: {contoso_first}");
            }
            finish(&mut job);
            script(&mut job, &sources, "rm -rf hello plants");
            before.assert_same(&Snapshot::of(&job).without(&job.home().join(".npm")), "both undone");
        }
    }
}

#[test]
fn each_step_may_have_a_variable_of_its_own() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step("one", CONNECTION).input("tokenVariable", "READER"));
    let outcome = run(&emulator, &mut job, &step("two", SECOND_CONNECTION).input("tokenVariable", "PUBLISHER"));
    assert!(!warned(&outcome, &["variable"]));
    assert_eq!(client_of_variable(&emulator, &job, "READER"), CLIENT);
    assert_eq!(client_of_variable(&emulator, &job, "PUBLISHER"), SECOND_CLIENT);
    assert!(
        variable(&job, "READER_EXPIRES_ON").ends_with('Z') && variable(&job, "PUBLISHER_EXPIRES_ON").ends_with('Z')
    );
    finish(&mut job);
    for name in ["READER", "PUBLISHER", "READER_EXPIRES_ON", "PUBLISHER_EXPIRES_ON"] {
        assert_eq!(variable(&job, name), "", "{name}");
    }
}

/// Both ways of git in one job, in either order: one credential is sent, and both ways are undone.
#[test]
fn one_step_may_use_the_helper_and_another_headers() {
    for modes in [["helper", "extraHeader"], ["extraHeader", "helper"]] {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        let before = Snapshot::of(&job);
        for (name, mode) in ["one", "two"].into_iter().zip(modes) {
            run(&emulator, &mut job, &step(name, CONNECTION).input("gitCredential", mode));
        }
        emulator.clear_requests();
        let sources = job.sources();
        script(&mut job, &sources, "git clone -q https://dev.azure.com/contoso/Shop/_git/hello && rm -rf hello");
        assert_eq!(clients(&emulator, "_git/hello"), [CLIENT]);
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), &format!("{modes:?}"));
    }
}
