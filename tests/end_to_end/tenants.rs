//! One token for each tenant that the step's organizations belong to, and each token for its own tenant's organizations alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{
    MULTITENANT_CLIENT, MULTITENANT_SECRET, OTHER_TENANT, Organization, PIPELINE_CLIENT, TENANT,
};
use ado_entra_auth_emulator::{Emulator, World};

use crate::identities::of;
use crate::support::{
    Snapshot, carried, emulator_with_repositories, finish, in_one_tenant, in_parallel, job, leaks_below, run, script,
    step, write,
};

pub const ENTRA: &str = "login.microsoftonline.com";

/// The step of an application that two tenants know.
pub fn of_two_tenants(proof: &str) -> TaskStep {
    let step = of(proof).input("clientId", MULTITENANT_CLIENT).input("tenantId", TENANT);
    if proof == "clientSecret" { step.input("clientSecret", MULTITENANT_SECRET) } else { step }
}

/// A file of npm that names a feed of each of these organizations.
pub fn npmrc(organizations: &[&str]) -> String {
    let line =
        |name: &&str| format!("@{name}:registry=https://pkgs.dev.azure.com/{name}/_packaging/feed1/npm/registry/\n");
    organizations.iter().map(line).collect()
}

/// The tenants in whose token endpoint was asked, in order.
pub fn exchanges(emulator: &Emulator) -> Vec<String> {
    let tenant = |request: &LoggedRequest| request.path.split('/').nth(1).unwrap_or_default().to_owned();
    emulator.requests_to(ENTRA).iter().map(tenant).collect()
}

/// Demands that every request with a token carried that of its own organization's tenant, and that both organizations were reached.
pub fn assert_each_its_own(emulator: &Emulator, what: &str) {
    let mut reached = Vec::new();
    for request in emulator.requests() {
        let tokens = carried(emulator, &request, &SecretKind::AccessToken);
        let Some(claims) = tokens.first() else { continue };
        assert_eq!(tokens.len(), 1, "{request:?}");
        let organization = request.path.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
        let tenant = if organization == "contoso" { TENANT } else { OTHER_TENANT };
        assert_eq!(claims["tid"], tenant, "{what}: {request:?}");
        if request.status == 200 && !reached.contains(&organization) {
            reached.push(organization);
        }
    }
    reached.sort();
    assert_eq!(reached, ["contoso", "fabrikam"], "{what}: {:?}", emulator.requests());
}

fn job_with_feeds(emulator: &Emulator) -> Job<'_> {
    let job = job(emulator);
    write(&job, ".npmrc", npmrc(&["contoso", "fabrikam"]));
    job
}

#[test]
fn each_tenant_has_its_token_and_each_organization_its_own() {
    in_parallel(&["clientSecret", "pipeline"], |proof| {
        let emulator = emulator_with_repositories();
        let mut job = job_with_feeds(&emulator);
        let before = Snapshot::files_of(&job);
        let step = of_two_tenants(proof).input("organizations", "fabrikam");
        let outcome = run(&emulator, &mut job, &step);
        let mut asked = exchanges(&emulator);
        asked.sort();
        assert_eq!(asked, [TENANT, OTHER_TENANT], "one exchange a tenant");
        let assertions = emulator.requests().iter().filter(|request| request.path.contains("oidctoken")).count();
        assert_eq!(assertions, usize::from(*proof == "pipeline"), "one assertion serves both");
        assert!(outcome.log.contains("Token:    another for "), "{}", outcome.log);
        assert_each_its_own(&emulator, "the step");

        emulator.clear_requests();
        let sources = job.sources();
        script(&mut job, &sources, "npm view @contoso/hello version && npm view @fabrikam/plant version");
        assert_each_its_own(&emulator, "npm");
        emulator.clear_requests();
        script(
            &mut job,
            &sources,
            "git ls-remote https://dev.azure.com/contoso/Shop/_git/hello && git ls-remote https://dev.azure.com/fabrikam/Garden/_git/plants",
        );
        assert_each_its_own(&emulator, "git");

        let tokens: Vec<_> = emulator.issued().into_iter().filter(|i| i.kind == SecretKind::AccessToken).collect();
        assert_eq!(tokens.len(), 2);
        for token in &tokens {
            let basic = |user: &str| STANDARD.encode(format!("{user}:{}", token.value));
            for form in [token.value.clone(), basic(""), basic("ado-entra-auth"), STANDARD.encode(&token.value)] {
                assert_eq!(job.mask(&form), "***", "{}", token.claims["tid"]);
            }
        }
        let all = script(&mut job, &sources, "env; git config --list; cat \"$NPM_CONFIG_USERCONFIG\"");
        assert_eq!(emulator.leaks_in(all.log.as_bytes()), Vec::<String>::new(), "{}", all.log);
        assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new(), "no file holds either");
        finish(&mut job);
        let npm_cache = job.home().join(".npm");
        let after = Snapshot::files_of(&job).without_but(&npm_cache, &npm_cache.join("none"));
        before.assert_same(&after, "after the job");
        emulator.clear_requests();
        for url in
            ["https://dev.azure.com/contoso/Shop/_git/hello", "https://dev.azure.com/fabrikam/Garden/_git/plants"]
        {
            let outcome = job.run_script(&format!("GIT_TERMINAL_PROMPT=0 git ls-remote {url}"), &sources).unwrap();
            assert!(!outcome.succeeded(), "after the job: {}", outcome.raw);
        }
        assert!(emulator.requests().iter().all(|request| request.secrets.is_empty()));
    });
}

/// Ten organizations of one tenant take one token.
#[test]
fn organizations_of_one_tenant_share_a_token() {
    let names: Vec<String> = (0..9).map(|number| format!("branch{number}")).collect();
    let mut world = World::sample();
    let contoso = world.organization("contoso").unwrap().clone();
    for name in &names {
        let id = ado_entra_auth_emulator::guid::random();
        world.organizations.push(Organization { name: name.clone(), id, ..contoso.clone() });
    }
    let emulator = in_one_tenant(world);
    let mut job = job(&emulator);
    let all: Vec<&str> = names.iter().map(String::as_str).chain(["contoso"]).collect();
    write(&job, ".npmrc", npmrc(&all));
    run(&emulator, &mut job, &step().input("organizations", &names.join("\n")));
    assert_eq!(exchanges(&emulator), [TENANT]);
    emulator.clear_requests();
    let sources = job.sources();
    for name in &all {
        let registry = format!("https://pkgs.dev.azure.com/{name}/_packaging/feed1/npm/registry/");
        let line = format!("npm view @contoso/hello version --@contoso:registry={registry}");
        script(&mut job, &sources, &line);
        let served = |request: &&LoggedRequest| request.status == 200 && request.path.starts_with(&format!("/{name}/"));
        assert!(
            emulator.requests().iter().any(|request| served(&request) && request.authorization.is_token()),
            "{name}"
        );
    }
}

/// An application of one tenant asks there alone, whatever the pipeline's organizations are called.
#[test]
fn the_tenant_of_the_inputs_may_be_a_domain() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    let step = of("pipeline").input("clientId", PIPELINE_CLIENT).input("tenantId", "contoso.onmicrosoft.com");
    run(&emulator, &mut job, &step);
    assert_eq!(exchanges(&emulator), [TENANT], "the organization's tenant by its id");
}
