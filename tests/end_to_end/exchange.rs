//! What is asked on the way to a token, how often, and of whom.

use ado_entra_auth_emulator::agent::{CollectionForm, Job, JobOptions};
use ado_entra_auth_emulator::log::{Authorization, LoggedRequest};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{
    AssertionIssuer, CONNECTION, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, SECOND_CLIENT, SECOND_CONNECTION, TENANT,
};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, World};

use crate::support::{
    EVIL, assert_refused, bare_step, emulator, job, run, step, step_with_env, variable, warned, write,
};

fn paths(requests: &[LoggedRequest]) -> Vec<String> {
    requests
        .iter()
        .map(|request| format!("{} {}{}", request.method, request.host, request.path.split('?').next().unwrap()))
        .collect()
}

/// The requests that ask which tenant an organization belongs to, which carry no credential, and all others.
fn parted(requests: Vec<LoggedRequest>) -> (Vec<LoggedRequest>, Vec<LoggedRequest>) {
    let (discovery, others): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|request| request.path == "/contoso" && request.host == "dev.azure.com");
    assert!(discovery.iter().all(|request| request.authorization == Authorization::None), "{discovery:?}");
    (discovery, others)
}

#[test]
fn one_request_each_to_azure_devops_entra_and_the_organization() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let requests = emulator.requests();
    let pipeline = job.pipeline();
    let (discovery, others) = parted(requests.clone());
    assert_eq!(paths(&discovery), ["HEAD dev.azure.com/contoso"]);
    let [oidc, token, probe] = others.as_slice() else { panic!("{:?}", paths(&others)) };
    let address = format!("/plans/{}/jobs/{}/oidctoken", pipeline.plan_id, pipeline.job_id);
    assert!(oidc.method == "POST" && oidc.host == "dev.azure.com" && oidc.path.contains(&address), "{oidc:?}");
    assert!(oidc.path.ends_with(&format!("?api-version=7.1&serviceConnectionId={CONNECTION}")), "{}", oidc.path);
    assert!(oidc.authorization.is_job_token());
    assert_eq!(
        (token.method.as_str(), token.host.as_str(), token.path.as_str()),
        ("POST", "login.microsoftonline.com", format!("/{TENANT}/oauth2/v2.0/token").as_str())
    );
    assert_eq!(paths(std::slice::from_ref(probe)), ["GET dev.azure.com/contoso/_apis/connectionData"]);
    assert!(probe.authorization.is_token());
    for to_azure_devops in [oidc, probe] {
        assert!(to_azure_devops.header_names.iter().any(|name| name == "x-tfs-fedauthredirect"), "{to_azure_devops:?}");
    }
    assert!(requests.iter().all(|request| request.user_agent.starts_with("AdoEntraAuth/")));
    // The job's token stays with Azure DevOps, the assertion with Entra.
    assert!(token.secrets.iter().all(|secret| secret.starts_with("Assertion")), "{:?}", token.secrets);
}

#[test]
fn without_verify_the_organization_is_not_asked() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step().input("verify", "false"));
    let (_, others) = parted(emulator.requests());
    assert_eq!(others.len(), 2, "{:?}", paths(&others));
}

#[test]
fn a_hundred_feeds_cost_one_exchange() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let lines: Vec<String> = (0..100)
        .map(|n| format!("@s{n}:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed{n}/npm/registry/\n"))
        .collect();
    write(&job, ".npmrc", lines.concat());
    run(&emulator, &mut job, &step());
    assert_eq!(emulator.requests().len(), 4);
    assert_eq!(emulator.issued().iter().filter(|issued| format!("{:?}", issued.kind) == "AccessToken").count(), 1);
}

#[test]
fn later_steps_get_the_token_and_its_end() {
    for (input, name) in [("", "ADO_ENTRA_TOKEN"), ("MY_TOKEN", "MY_TOKEN")] {
        let emulator = emulator();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step().input("tokenVariable", input));
        let issued =
            emulator.issued().into_iter().find(|issued| format!("{:?}", issued.kind) == "AccessToken").unwrap();
        assert_eq!(variable(&job, name), issued.value);
        let (sources, end) =
            (job.sources(), jiff::Timestamp::from_second(issued.claims["exp"].as_i64().unwrap()).unwrap());
        // By itself the token is in no script's environment, under whatever name.
        let seen = job.run_script("env", &sources).unwrap();
        assert!(
            !seen.raw.contains(&issued.value) && seen.raw.contains(&format!("{name}_EXPIRES_ON={end}")),
            "{}",
            seen.log
        );
        let mapped = [("MINE", format!("$({name})"))];
        let mapped: Vec<(&str, &str)> = mapped.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seen = job.run_script_with_env(&format!("echo $MINE; echo ${name}_EXPIRES_ON"), &sources, &mapped).unwrap();
        assert_eq!(seen.raw, format!("{}\n{end}\n", issued.value));
        assert_eq!(seen.log, format!("***\n{end}\n"));
    }
}

#[test]
fn every_connection_gets_its_own_identity() {
    for (connection, client) in [(SECOND_CONNECTION, SECOND_CLIENT), (FABRIKAM_CONNECTION, FABRIKAM_CLIENT)] {
        let emulator = emulator();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &bare_step().connection("azureDevOpsServiceConnection", connection));
        let issued = emulator.issued().into_iter().next_back().unwrap();
        assert_eq!(issued.claims["appid"], client);
    }
}

#[test]
fn either_issuer_and_either_form_of_the_collection_serve() {
    for issuer in [AssertionIssuer::Entra, AssertionIssuer::AzureDevOps] {
        for collection in [CollectionForm::DevAzureCom, CollectionForm::VisualStudioCom] {
            let mut world = World::sample();
            world.set_issuer(CONNECTION, issuer);
            let emulator = Emulator::start(world).unwrap();
            let mut job = Job::new(&emulator, JobOptions { collection, ..JobOptions::default() }).unwrap();
            run(&emulator, &mut job, &step());
        }
    }
}

/// The older issuer ends: the step says so, with the very values that the connection will have after its conversion.
#[test]
fn the_older_issuer_is_warned_of() {
    let mut world = World::sample();
    let connection = |world: &World| world.connection(CONNECTION).unwrap().clone();
    let converted = world.federated_credential_of(&connection(&world));
    world.set_issuer(CONNECTION, AssertionIssuer::AzureDevOps);
    let emulator = Emulator::start(world).unwrap();
    let outcome = run(&emulator, &mut job(&emulator), &step());
    let words =
        [CONNECTION, "1 July 2027", &converted.issuer, &converted.subject, &converted.audience, "Update", "old-issuer"];
    assert!(warned(&outcome, &words), "{:?}", outcome.warnings);

    emulator.change(|world| world.set_issuer(CONNECTION, AssertionIssuer::Entra));
    let outcome = run(&emulator, &mut job(&emulator), &step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[test]
fn another_authority_is_asked_alone() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step().input("authorityHost", "https://login.microsoftonline.us"));
    assert!(emulator.requests_to("login.microsoftonline.com").is_empty());
    assert_eq!(emulator.requests_to("login.microsoftonline.us").len(), 1);
}

/// The agent fixes the variable; a job that got around that must not give its token away (security list, number 12).
#[test]
fn the_job_token_goes_to_no_other_address() {
    let path = |job: &Job<'_>| {
        let pipeline = job.pipeline();
        format!(
            "/contoso/Shop/_apis/distributedtask/hubs/build/plans/{}/jobs/{}/oidctoken",
            pipeline.plan_id, pipeline.job_id
        )
    };
    for prefix in [
        "http://127.0.0.1",
        "http://dev.azure.com",
        "https://evil.example",
        "https://dev.azure.com@evil.example",
        "https://contoso@dev.azure.com",
        "https://dev.azure.com.evil.example",
        "https://dev.azure.com:444",
        "https://169.254.169.254",
        "https://[::ffff:127.0.0.1]",
        "https://dev.azure.com/fabrikam/..",
        "https://dev.azure.com\\@evil.example",
        "https://app.vssps.visualstudio.com",
        "https://fabrikam.visualstudio.com",
        "https://evil.example/?x=https://dev.azure.com",
        "%%not-an-address",
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let address = format!("{prefix}{}", path(&job));
        let step = step_with_env(&[&format!("SYSTEM_OIDCREQUESTURI={address}")]);
        assert_refused(&emulator, &mut job, &step, &["OIDC request address", "is refused", "System.OidcRequestUri"]);
        assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
        assert!(!emulator.connects().iter().any(|connect| connect.host == EVIL));
    }
    // The right address of another job, or of another organization.
    for (from, to) in [("/plans/", "/plans/0"), ("/contoso/", "/fabrikam/")] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let address = format!("https://dev.azure.com{}", path(&job)).replace(from, to);
        let step = step_with_env(&[&format!("SYSTEM_OIDCREQUESTURI={address}")]);
        assert_refused(&emulator, &mut job, &step, &["is refused"]);
        assert!(emulator.requests().is_empty());
    }
}

#[test]
fn without_an_address_it_is_built_or_the_late_bound_assertion_serves() {
    let nowhere = step_with_env(&["-u", "SYSTEM_OIDCREQUESTURI", "-u", "SYSTEM_PLANID"]);
    let emulator = emulator();
    let mut built = job(&emulator);
    run(&emulator, &mut built, &step_with_env(&["-u", "SYSTEM_OIDCREQUESTURI"]));
    assert_eq!(parted(emulator.requests()).1.len(), 3);

    // An assertion that the service bound to the connection when the job began.
    let assertion = emulator.issued().into_iter().find(|issued| format!("{:?}", issued.kind) == "Assertion").unwrap();
    emulator.change(|world| {
        let connection = world.connections.iter_mut().find(|connection| connection.id == CONNECTION).unwrap();
        connection.parameters.push(("idToken".to_owned(), assertion.value.clone()));
    });
    emulator.clear_requests();
    let mut bound = job(&emulator);
    let said = run(&emulator, &mut bound, &nowhere).log;
    assert!(said.contains("Renewal:  until 20") && said.contains("can ask for no other assertion"), "{said}");
    let hosts: Vec<String> = parted(emulator.requests()).1.into_iter().map(|request| request.host).collect();
    assert_eq!(hosts, ["login.microsoftonline.com", "dev.azure.com"]);

    // The same where the job's own token has expired meanwhile.
    emulator.fault(Fault::new(Endpoint::Oidc, Effect::answer(Answer::status(401))));
    let mut expired = job(&emulator);
    run(&emulator, &mut expired, &step());
    emulator.end_faults();

    emulator.change(|world| world.connections.iter_mut().for_each(|connection| connection.parameters.clear()));
    let mut neither = job(&emulator);
    assert_refused(
        &emulator,
        &mut neither,
        &nowhere,
        &["no address to ask for an OIDC assertion", "Azure DevOps Services"],
    );
}

/// Where the agent puts the job's token, beside its secret variable.
const OF_THE_CONNECTION: [&str; 4] =
    ["-u", "ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", "-u", "ENDPOINT_AUTH_SYSTEMVSSCONNECTION"];

#[test]
fn a_job_without_its_token_says_so() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let step = step_with_env(&[&OF_THE_CONNECTION[..], &["-u", "SECRET_SYSTEM_ACCESSTOKEN"]].concat());
    assert_refused(&emulator, &mut job, &step, &["no job token", "as a task of a pipeline"]);
    assert!(emulator.requests().is_empty());
}

#[test]
fn a_job_token_that_only_the_secret_variable_carries_is_found() {
    let emulator = emulator();
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step_with_env(&OF_THE_CONNECTION));
}
