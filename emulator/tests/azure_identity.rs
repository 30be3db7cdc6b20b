//! Azure's own clients against the emulator: `azure-identity` for Python and `@azure/identity` for Node, as their packages are.
//!
//! Nobody here wrote them. What they ask, in which order and in what form, and what they make of the answers, is how the emulator
//! is held to Azure.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::machine::{Machine, RunningMachine};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{self, World};
use ado_entra_auth_emulator::{Effect, Fault};
use ado_entra_auth_emulator::{Emulator, Target};
use common::{curl, job, oidc_address};
use std::path::{Path, PathBuf};
use std::process::Command;

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools");

fn start() -> Emulator {
    Emulator::start(World::sample()).unwrap()
}

/// A client's package, where it is installed; a test of one that is missing says so and passes.
fn installed(path: &str) -> Option<PathBuf> {
    let path = Path::new(TOOLS).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not installed", path.display());
    None
}

/// What a client said: its token, or its exception.
#[derive(Debug)]
struct Said {
    token: String,
    error: String,
}

/// Runs a client behind the emulator's proxy with nothing else in its environment.
fn run(emulator: &Emulator, program: &Path, arguments: &[&str], variables: &[(String, String)]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    emulator.write_authority(&authority).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("HTTPS_PROXY", emulator.proxy_url())
        .env("NO_PROXY", "127.0.0.1")
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("NODE_EXTRA_CA_CERTS", &authority)
        .envs(variables.iter().cloned())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Said { token: text(&output.stdout), error: text(&output.stderr) }
}

/// A credential of Python's package, as an expression; `None` where the package is missing.
fn python(emulator: &Emulator, credential: &str, variables: &[(String, String)]) -> Option<Said> {
    let interpreter = installed("python/bin/python")?;
    installed("python/lib")?;
    let program = format!(
        "from azure.identity import *\n\
         credential = {credential}\n\
         print(credential.get_token('{}/.default').token)\n",
        world::AZURE_DEVOPS_RESOURCE
    );
    Some(run(emulator, &interpreter, &["-I", "-c", &program], variables))
}

/// A credential of Node's package, as an expression; `None` where the package is missing.
fn node(emulator: &Emulator, credential: &str, variables: &[(String, String)]) -> Option<Said> {
    if !common::has("node") {
        return None;
    }
    let package = installed("azure-identity/node_modules/@azure/identity")?;
    let program = format!(
        "const {{ AzurePipelinesCredential, ClientSecretCredential, ClientCertificateCredential }} = require('{}');\n\
         ({credential}).getToken('{}/.default').then((token) => console.log(token.token))\n\
           .catch((problem) => {{ console.error(problem.message); process.exitCode = 1; }});\n",
        package.display(),
        world::AZURE_DEVOPS_RESOURCE
    );
    Some(run(emulator, Path::new("node"), &["-e", &program], variables))
}

/// Asserts that a client got a token of the emulator's, and that contoso knows it as this.
fn assert_is(emulator: &Emulator, said: &Said, name: &str) {
    let issued = emulator.issued().into_iter().any(|i| i.value == said.token && i.kind == SecretKind::AccessToken);
    assert!(issued, "{said:?}");
    let bearer = format!("Authorization: Bearer {}", said.token);
    let data = curl(emulator, &["-H", &bearer, "https://dev.azure.com/contoso/_apis/connectionData"]);
    assert_eq!(data.json()["authenticatedUser"]["providerDisplayName"], name);
}

/// Asserts that a client says this number.
fn assert_says(said: &Said, number: &str) {
    assert!(said.token.is_empty() && said.error.contains(number), "{said:?}");
}

/// The variables of a job that both packages read, with the job's token.
fn pipeline(emulator: &Emulator) -> Vec<(String, String)> {
    let job = job(emulator);
    vec![("SYSTEM_OIDCREQUESTURI".into(), oidc_address(&job)), ("JOB_TOKEN".into(), job.token)]
}

fn python_pipelines(client: &str, connection: &str) -> String {
    format!(
        "AzurePipelinesCredential(tenant_id='{}', client_id='{client}', service_connection_id='{connection}', \
         system_access_token=__import__('os').environ['JOB_TOKEN'])",
        world::TENANT
    )
}

#[test]
fn python_exchanges_a_pipelines_assertion() {
    let emulator = start();
    let variables = pipeline(&emulator);
    let Some(said) = python(&emulator, &python_pipelines(world::CLIENT, world::CONNECTION), &variables) else { return };
    assert_is(&emulator, &said, "contoso-feeds-reader");
    let python = |credential: &str| python(&emulator, credential, &variables).unwrap();
    assert_says(&python(&python_pipelines(world::SECOND_CLIENT, world::CONNECTION)), "AADSTS700213");
    let unknown = "22222222-aaaa-4bbb-8ccc-00000000dead";
    assert_says(&python(&python_pipelines(unknown, world::CONNECTION)), "AADSTS700016");
    assert_says(&python(&python_pipelines(world::CLIENT, unknown)), "No service connection found");
}

#[test]
fn python_signs_in_with_a_secret() {
    let emulator = start();
    let credential = |tenant: &str, secret: &str| {
        format!("ClientSecretCredential('{tenant}', '{}', '{secret}')", world::SECRET_CLIENT)
    };
    let Some(said) = python(&emulator, &credential(world::TENANT, world::SECRET), &[]) else { return };
    assert_is(&emulator, &said, "contoso-secret");
    let asked: Vec<String> = emulator.requests_to("login.microsoftonline.com").into_iter().map(|r| r.path).collect();
    assert!(asked[0].contains("/discovery/instance") || asked[0].contains("openid-configuration"), "{asked:?}");
    let python = |tenant: &str, secret: &str| python(&emulator, &credential(tenant, secret), &[]).unwrap();
    assert_is(&emulator, &python("contoso.onmicrosoft.com", world::SECRET), "contoso-secret");
    assert_says(&python(world::TENANT, "wrong"), "AADSTS7000215");
    assert_says(&python(world::TENANT, world::EXPIRED_SECRET), "AADSTS7000222");
    assert_says(&python(world::OTHER_TENANT, world::SECRET), "AADSTS700016");
    assert_says(&python("44444444-0000-4000-8000-000000000000", world::SECRET), "44444444-0000-4000-8000-000000000000");
}

/// Writes a certificate with its key where a client can read it.
fn write_certificate(folder: &Path, certificate: world::ClientCertificate) -> String {
    let path = folder.join("certificate.pem");
    std::fs::write(&path, certificate.pem()).unwrap();
    path.display().to_string()
}

#[test]
fn python_signs_in_with_a_certificate() {
    let emulator = start();
    let folder = tempfile::tempdir().unwrap();
    let credential = |client: &str, certificate, more: &str| {
        let path = write_certificate(folder.path(), certificate);
        format!("CertificateCredential('{}', '{client}', '{path}'{more})", world::TENANT)
    };
    let usual = credential(world::CERTIFICATE_CLIENT, world::CERTIFICATE, "");
    let Some(said) = python(&emulator, &usual, &[]) else { return };
    assert_is(&emulator, &said, "contoso-certificate");
    let python = |credential: &str| python(&emulator, credential, &[]).unwrap();
    let chain = ", send_certificate_chain=True";
    let named = credential(world::NAMED_CERTIFICATE_CLIENT, world::NAMED_CERTIFICATE, chain);
    assert_is(&emulator, &python(&named), "contoso-named-certificate");
    let other = credential(world::NAMED_CERTIFICATE_CLIENT, world::OTHER_NAME_CERTIFICATE, chain);
    assert_says(&python(&other), "AADSTS700030");
    let stranger = credential(world::CERTIFICATE_CLIENT, world::UNREGISTERED_CERTIFICATE, "");
    assert_says(&python(&stranger), "AADSTS700027");
    let expired = credential(world::CERTIFICATE_CLIENT, world::EXPIRED_CERTIFICATE, "");
    assert_says(&python(&expired), "The key used is expired");
}

#[test]
fn python_finds_the_identity_of_its_machine() {
    let emulator = start();
    let ask = |machine: &RunningMachine, argument: &str| {
        let mut variables = machine.environment();
        variables.push(("HTTP_PROXY".into(), emulator.proxy_url()));
        python(&emulator, &format!("ManagedIdentityCredential({argument})"), &variables)
    };
    let chosen = format!("client_id='{}'", world::USER_IDENTITY_1);
    let by_resource = format!("identity_config={{'resource_id': '{}'}}", world::USER_RESOURCE_1);
    for machine in [Machine::imds(), Machine::app_service(), Machine::azure_ml()] {
        let machine = machine.identity(world::MACHINE_IDENTITY).identity(world::USER_IDENTITY_1);
        let name = format!("{machine:?}");
        let machine = emulator.machine(machine).unwrap();
        let Some(said) = ask(&machine, "") else { return };
        assert_is(&emulator, &said, "build-machine");
        assert_is(&emulator, &ask(&machine, &chosen).unwrap(), "build-reader");
        if !name.contains("AzureMl") {
            assert_is(&emulator, &ask(&machine, &by_resource).unwrap(), "build-reader");
        }
        let wrong = ask(&machine, &format!("client_id='{}'", world::USER_IDENTITY_2)).unwrap();
        assert!(wrong.token.is_empty() && !wrong.error.is_empty(), "{name} {wrong:?}");
        assert!(machine.requests().len() >= 3);
    }
    let imds = emulator.machine(Machine::imds().identity(world::MACHINE_IDENTITY)).unwrap();
    imds.fault(
        Fault::new(Target::Everything, Effect::Machine(ado_entra_auth_emulator::faults::MachineFault::Refusal(404)))
            .times(1),
    );
    assert_is(&emulator, &ask(&imds, "").unwrap(), "build-machine");
    assert!(emulator.connects().iter().all(|c| c.host != "127.0.0.1"), "no machine is asked through the proxy");
}

#[test]
fn python_exchanges_a_clusters_token() {
    let emulator = start();
    let pod = emulator.machine(Machine::aks().identity(world::CLUSTER_CLIENT)).unwrap();
    let ask = || python(&emulator, "WorkloadIdentityCredential()", &pod.environment());
    let Some(said) = ask() else { return };
    assert_is(&emulator, &said, "contoso-cluster");
    pod.write_token_file("").unwrap();
    assert!(ask().unwrap().token.is_empty());
    pod.renew_token_file().unwrap();
    assert_is(&emulator, &ask().unwrap(), "contoso-cluster");
}

#[test]
fn node_signs_in_with_each_of_them() {
    let emulator = start();
    let folder = tempfile::tempdir().unwrap();
    let variables = pipeline(&emulator);
    let tenant = world::TENANT;
    let pipelines = |client: &str| {
        let connection = world::CONNECTION;
        format!("new AzurePipelinesCredential('{tenant}', '{client}', '{connection}', process.env.JOB_TOKEN)")
    };
    let secret =
        |secret: &str| format!("new ClientSecretCredential('{tenant}', '{}', '{secret}')", world::SECRET_CLIENT);
    let certificate = |certificate| {
        let path = write_certificate(folder.path(), certificate);
        format!("new ClientCertificateCredential('{tenant}', '{}', '{path}')", world::CERTIFICATE_CLIENT)
    };
    let Some(said) = node(&emulator, &pipelines(world::CLIENT), &variables) else { return };
    assert_is(&emulator, &said, "contoso-feeds-reader");
    let node = |credential: &str| node(&emulator, credential, &variables).unwrap();
    assert_says(&node(&pipelines(world::SECOND_CLIENT)), "AADSTS700213");
    assert_is(&emulator, &node(&secret(world::SECRET)), "contoso-secret");
    assert_says(&node(&secret("wrong")), "AADSTS7000215");
    assert_is(&emulator, &node(&certificate(world::CERTIFICATE)), "contoso-certificate");
    assert_says(&node(&certificate(world::UNREGISTERED_CERTIFICATE)), "AADSTS700027");
}
