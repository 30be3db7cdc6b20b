//! Pods of AKS: a token of the cluster in a file, read anew for every use.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{TaskStep, Variable};
use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{CLUSTER_CLIENT, OTHER_TENANT};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::identities::{job_on, of};
use crate::support::{
    EVIL, assert_nothing_sent_to, assert_refused, carried, emulator, finish, in_parallel, leaks_below, named, run,
};

const ENTRA: &str = "login.microsoftonline.com";

fn pod(emulator: &Emulator) -> RunningMachine {
    emulator.machine(Machine::aks().identity(CLUSTER_CLIENT)).unwrap()
}

fn step() -> TaskStep {
    of("managedIdentity")
}

/// The ids of the cluster's tokens that Entra was shown, in order.
fn shown(emulator: &Emulator) -> Vec<String> {
    let requests = emulator.requests_to(ENTRA);
    let of = |request| {
        let claims = carried(emulator, request, &SecretKind::Assertion);
        assert_eq!(claims.len(), 1, "{request:?}");
        claims[0]["jti"].as_str().unwrap().to_owned()
    };
    requests.iter().map(of).collect()
}

#[test]
fn the_token_file_is_read_for_every_step() {
    let emulator = emulator();
    let pod = pod(&emulator);
    let mut job = job_on(&emulator, &pod);
    run(&emulator, &mut job, &step());
    pod.renew_token_file().unwrap();
    run(&emulator, &mut job, &named(&step(), "again"));
    let shown = shown(&emulator);
    assert!(shown.len() == 2 && shown[0] != shown[1], "{shown:?}");
    finish(&mut job);
    assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new());
}

/// Renewed while the step is at it: between the exchange for the organization that was asked for and that for the pipeline's own.
#[test]
fn the_token_file_is_read_for_every_tenant() {
    let emulator = emulator();
    emulator.change(|world| {
        let elsewhere = "22222222-aaaa-4bbb-8ccc-0000000002f7";
        let application = world.application_mut(CLUSTER_CLIENT).unwrap();
        application.other_tenants.push(OTHER_TENANT.into());
        application.object_ids_elsewhere.push((OTHER_TENANT.into(), elsewhere.into()));
        world.organization_mut("fabrikam").unwrap().members.push(elsewhere.into());
    });
    let pod = pod(&emulator);
    let slow = Target::Path("dev.azure.com".into(), "/contoso".into());
    emulator.fault(Fault::new(slow, Effect::Delay(Duration::from_secs(2))).times(1));
    let mut job = job_on(&emulator, &pod);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            while emulator.requests_to(ENTRA).is_empty() && began.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(5));
            }
            pod.renew_token_file().unwrap();
        });
        run(&emulator, &mut job, &step().input("organizations", "fabrikam"));
    });
    let shown = shown(&emulator);
    assert!(shown.len() == 2 && shown[0] != shown[1], "{shown:?}");
    let tenants: Vec<String> = emulator.requests_to(ENTRA).iter().map(|request| request.path.clone()).collect();
    assert!(tenants[0].contains(OTHER_TENANT) && !tenants[1].contains(OTHER_TENANT), "{tenants:?}");
}

#[test]
fn a_token_file_that_holds_no_token_is_named() {
    let file = "AZURE_FEDERATED_TOKEN_FILE";
    let rows: [(&str, &str); 5] = [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("not a token", "it holds no JWT"),
        ("a.b.c", "it holds no JWT"),
        ("eyJhbGciOiJub25lIn0.\u{fffd}.x", "it holds no JWT"),
    ];
    in_parallel(&rows, |(content, words)| {
        let emulator = emulator();
        let pod = pod(&emulator);
        pod.write_token_file(content).unwrap();
        let name = "workload-identity-no-token-file";
        assert_refused(&emulator, &mut job_on(&emulator, &pod), &step(), &[file, words, "azure-identity-token", name]);
        assert!(emulator.requests_to(ENTRA).is_empty());
        pod.renew_token_file().unwrap();
        run(&emulator, &mut job_on(&emulator, &pod), &step());
    });
    let emulator = emulator();
    let pod = pod(&emulator);
    std::fs::remove_file(pod.token_file().unwrap()).unwrap();
    let words = [file, "there is no such file", "azure.workload.identity/use=true"];
    assert_refused(&emulator, &mut job_on(&emulator, &pod), &step(), &words);
    std::fs::create_dir(pod.token_file().unwrap()).unwrap();
    assert_refused(&emulator, &mut job_on(&emulator, &pod), &step(), &[file, "not a regular file"]);
}

/// What the pod does not trust, Entra refuses, and the error shows what it was shown.
#[test]
fn a_cluster_that_is_not_trusted_is_explained() {
    let emulator = emulator();
    emulator.change(|world| {
        world.application_mut(CLUSTER_CLIENT).unwrap().federated_credentials[0].subject.push_str("-others");
    });
    let pod = pod(&emulator);
    let words = ["AADSTS700213", "system:serviceaccount:agents:pipelines", "oic.prod-aks.azure.com"];
    let step = step().input("propagationTimeout", "0");
    assert_refused(&emulator, &mut job_on(&emulator, &pod), &step, &words);
}

/// A variable that an earlier step set sends the cluster's token to no stranger.
#[test]
fn the_clusters_token_goes_to_entra_alone() {
    let hosts = [
        format!("https://{EVIL}/"),
        format!("https://{EVIL}"),
        format!("http://{ENTRA}/"),
        format!("https://{ENTRA}.{EVIL}/"),
        format!("https://{ENTRA}@{EVIL}/"),
        format!("https://{ENTRA}:444/"),
    ];
    in_parallel(&hosts, |host| {
        let emulator = emulator();
        let pod = pod(&emulator);
        let mut job = job_on(&emulator, &pod);
        job.set_variable(Variable::public("AZURE_AUTHORITY_HOST", host));
        assert_refused(&emulator, &mut job, &step(), &["AZURE_AUTHORITY_HOST", host, "no address of Entra"]);
        assert_nothing_sent_to(&emulator, EVIL);
        assert!(emulator.requests().is_empty() && emulator.connects().is_empty(), "{:?}", emulator.connects());
    });
}
