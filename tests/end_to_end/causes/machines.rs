//! Sources of managed identities: what they refuse, and what is not as it should be.

use std::ffi::OsString;
use std::path::Path;

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::faults::{ArcFault, MachineFault, TokenFault};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{MACHINE_IDENTITY, USER_IDENTITY_1, USER_IDENTITY_2};
use ado_entra_auth_emulator::{Effect, Machine};
use serde_json::json;

use super::case::{ANY, Case, GUID, row};
use super::kind::Kind;
use crate::namespaces::{self, with_arc_folder};

const IMDS: &str = "the machine's metadata service (IMDS)";
const APP_SERVICE: &str = "the identity endpoint of App Service or Container Apps";
const OWN: &str = "the machine's own, or its only one";

fn imds(_: &Path) -> Machine {
    Machine::imds().identity(MACHINE_IDENTITY)
}

fn app_service(_: &Path) -> Machine {
    Machine::app_service().identity(MACHINE_IDENTITY)
}

fn service_fabric(_: &Path) -> Machine {
    Machine::service_fabric().identity(MACHINE_IDENTITY)
}

fn cloud_shell(_: &Path) -> Machine {
    Machine::cloud_shell().identity(MACHINE_IDENTITY)
}

/// Every case of a machine's.
pub fn cases() -> Vec<Case> {
    [of_imds(), of_others(), of_arc(), of_pods(), of_any()].into_iter().flatten().collect()
}

/// A refusal in the words of its row.
fn refused(
    id: &str,
    machine: fn(&Path) -> Machine,
    name: &'static str,
    who: &str,
    status: u16,
    requests: usize,
) -> Case {
    let case =
        Case::new(id, Kind::Machine(machine), name).says(&format!("{who} gave no token (HTTP {status}): {{row}}"));
    let case = case.fact("identity", OWN).machine_asked(requests);
    if requests > 1 { case.fact("requests", &requests.to_string()) } else { case }
}

fn of_imds() -> Vec<Case> {
    let with =
        |id, name, status, effect, requests| refused(id, imds, name, IMDS, status, requests).machine_fault(effect);
    let status = |status| Effect::Machine(MachineFault::Refusal(status));
    let mut cases = vec![
        // An update is waited for as long as the step may last: every ten seconds.
        with("imds-410", "imds-updating", 410, status(410), 4),
        refused("imds-no-identity", |_| Machine::imds(), "imds-identity-not-found", IMDS, 400, 1),
        refused(
            "",
            |_| Machine::imds().identity(USER_IDENTITY_1).identity(USER_IDENTITY_2),
            "imds-several-identities",
            IMDS,
            400,
            1,
        ),
        with("imds-400", "imds-bad-request", 400, status(400), 1),
        with("imds-403-no-network", "imds-not-azure", 403, Effect::Machine(MachineFault::UnreachableNetwork), 1),
        with("imds-404", "imds-not-ready", 404, status(404), 4),
        with("imds-429", "imds-throttled", 429, Effect::TooManyRequests(Some(1)), 4),
        // A whole answer of Entra's, relayed.
        with("", "AADSTS500011", 400, Effect::entra(500_011), 1).fact("request", ANY),
        with("", "imds-not-azure", 403, status(403), 1),
        with("", "managed-identity-refused", 405, status(405), 1)
            .says(&format!("{IMDS} gave no token (HTTP 405): the answer that was ordered")),
        Case::new("imds-connect", Kind::Machine(imds), "imds-unreachable")
            .env(&["AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9"])
            .says(&format!("{IMDS} gave no token: 127.0.0.1 cannot be reached: {ANY}"))
            .fact("address", "http://127.0.0.1:9/metadata/identity/oauth2/token"),
    ];
    for status in [500, 502, 503, 504] {
        cases.push(with("imds-5xx", "imds-unavailable", status, Effect::Machine(MachineFault::Refusal(status)), 4));
    }
    cases
}

fn of_others() -> Vec<Case> {
    let refusal = |status| Effect::Machine(MachineFault::Refusal(status));
    vec![
        refused("appservice-500", app_service, "app-service-failed", APP_SERVICE, 500, 4)
            .machine_fault(refusal(500))
            .fact("request", GUID),
        refused("", |_| Machine::app_service(), "imds-identity-not-found", APP_SERVICE, 400, 1).fact("request", GUID),
        refused("", app_service, "managed-identity-refused", APP_SERVICE, 429, 4)
            .machine_fault(Effect::TooManyRequests(Some(1)))
            .says(&format!("{APP_SERVICE} gave no token (HTTP 429): Too Many Requests")),
        refused("", |_| Machine::azure_ml(), "imds-identity-not-found", "the identity endpoint of Azure Machine Learning", 400, 1)
            .fact("request", GUID),
        // The emulated shell answers so for whatever resource Entra would refuse.
        refused("cloudshell-audience", cloud_shell, "cloud-shell-audience", "Azure Cloud Shell", 400, 1)
            .machine_fault(Effect::entra(500_011)),
        refused(
            "servicefabric-error",
            |_| Machine::service_fabric(),
            "service-fabric-identity",
            "the identity endpoint of Service Fabric",
            404,
            4,
        ),
        refused(
            "servicefabric-error",
            service_fabric,
            "service-fabric-identity",
            "the identity endpoint of Service Fabric",
            401,
            1,
        )
        .env(&["IDENTITY_HEADER=another"]),
        Case::new("", Kind::Machine(|folder| service_fabric(folder).wrong_thumbprint()), "service-fabric-certificate")
            .says(&format!(
                "the identity endpoint of Service Fabric gave no token: the certificate of 127.0.0.1 is not trusted: {ANY}"
            ))
            .fact("address", &format!("https://127.0.0.1:{ANY}/metadata/identity/oauth2/token")),
        Case::new("", Kind::Machine(cloud_shell), "managed-identity-other")
            .bent(|step, _| step.input("clientId", USER_IDENTITY_1))
            .says("Azure Cloud Shell cannot be asked for a user-assigned identity"),
        Case::new("", Kind::Machine(app_service), "managed-identity-address")
            .env(&["IDENTITY_ENDPOINT=http://evil.example/msi/token"])
            .says(
                "the variable IDENTITY_ENDPOINT is 'http://evil.example/msi/token', where no managed identity is asked for a token: \
                 it is beyond this machine and its own network",
            )
            .remedy("take back what sets IDENTITY_ENDPOINT: the machine sets it, nobody else should"),
        Case::new("", Kind::Machine(app_service), "managed-identity-unanswered")
            .machine_fault(Effect::Reset)
            .says(&format!("{APP_SERVICE} gave no token: the connection to 127.0.0.1 broke off: {ANY}"))
            .fact("address", &format!("http://127.0.0.1:{ANY}/msi/token"))
            .machine_asked(4),
        // An old agent of whatever source that hands out somebody else's token.
        Case::new("", Kind::Machine(app_service), "managed-identity-other")
            .bent(|step, _| step.input("clientId", MACHINE_IDENTITY))
            .machine_fault(Effect::Token(TokenFault::Client(USER_IDENTITY_1.into())))
            .says(&format!(
                "{APP_SERVICE} gave a token whose client id is '{USER_IDENTITY_1}' where '{MACHINE_IDENTITY}' was asked for"
            ))
            .machine_asked(1),
        Case::new("", Kind::Machine(app_service), "other-token")
            .machine_fault(Effect::Token(TokenFault::Audience("https://management.azure.com/".into())))
            .says(&format!(
                "{APP_SERVICE} gave a token whose audience is 'https://management.azure.com/' where \
                 '499b84ac-1321-427f-aa17-267ca6975798' was asked for"
            ))
            .machine_asked(1),
        Case::new("", Kind::Machine(app_service), "agent-clock")
            .machine_fault(Effect::Token(TokenFault::Life(-60)))
            .says(&format!("{APP_SERVICE} gave a token that has already expired"))
            .machine_asked(1),
    ]
}

/// The step where nobody but root may go into the folder of Azure Arc, and root has given that up.
fn denied(step: TaskStep) -> TaskStep {
    let mut command: Vec<OsString> = vec!["sh".into(), "-c".into()];
    command.push("chmod 0 /var/opt && exec setpriv --bounding-set=-all \"$0\" \"$@\"".into());
    command.extend(step.command.clone());
    TaskStep { command, ..step }
}

/// A machine of Azure Arc, whose keys are written below this folder.
fn arc(folder: &Path) -> Machine {
    Machine::arc().identity(MACHINE_IDENTITY).writing_keys_to(&folder.join("tokens"))
}

fn of_arc() -> Vec<Case> {
    let trap = |id, name, fault| {
        Case::new(id, Kind::Machine(arc), name)
            .machine_fault(Effect::Machine(MachineFault::Arc(fault)))
            .machine_asked(1)
    };
    let elsewhere = |fault, path: &str| {
        trap("arc-bad-path", "arc-key-elsewhere", fault).says(&format!(
            "the agent of Azure Arc names the key file '{path}', which does not lie directly in /var/opt/azcmagent/tokens or is no \
             .key"
        ))
    };
    let unusable = |fault, why: &str| {
        trap("", "arc-key-unusable", fault).where_possible(namespaces::available).bent(with_arc_folder).says(&format!(
            "the key file /var/opt/azcmagent/tokens/{GUID}.key of Azure Arc's agent cannot be used: {why}"
        ))
    };
    vec![
        trap("arc-no-challenge", "arc-no-challenge", ArcFault::NoChallenge)
            .says("the agent of Azure Arc answered HTTP 200 where 401 with the name of a key file was expected"),
        trap("arc-bad-challenge", "arc-bad-challenge", ArcFault::NoHeader)
            .says("the agent of Azure Arc names no key file: its WWW-Authenticate is ''"),
        trap("arc-bad-challenge", "arc-bad-challenge", ArcFault::Header("Bearer realm=x".into()))
            .says("the agent of Azure Arc names no key file: its WWW-Authenticate is 'Bearer realm=x'"),
        elsewhere(ArcFault::Outside, &format!("/var/opt/azcmagent/{GUID}.key")),
        elsewhere(ArcFault::Traversal, &format!("/var/opt/azcmagent/tokens/../{GUID}.key")),
        elsewhere(ArcFault::OtherExtension, &format!("/var/opt/azcmagent/tokens/{GUID}.txt")),
        unusable(ArcFault::Missing, "there is no such file"),
        unusable(ArcFault::Link, "it is a link"),
        unusable(ArcFault::KeySize(4097), "it is larger than 4096 bytes"),
        Case::new("arc-key-denied", Kind::Machine(arc), "arc-key-denied")
            .where_possible(namespaces::available)
            .bent(|step, folder| with_arc_folder(denied(step), folder))
            .says(&format!(
                "the key file /var/opt/azcmagent/tokens/{GUID}.key of Azure Arc's agent may not be read by this user"
            ))
            .machine_asked(1),
        Case::new("arc-user-assigned", Kind::Machine(|folder| arc(folder).old_agent()), "arc-user-assigned")
            .where_possible(namespaces::available)
            .bent(|step, folder| with_arc_folder(step.input("clientId", USER_IDENTITY_1), folder))
            .says(&format!(
                "the agent of Azure Arc gave a token whose client id is '{MACHINE_IDENTITY}' where '{USER_IDENTITY_1}' was asked \
                 for"
            ))
            .machine_asked(2),
    ]
}

fn of_pods() -> Vec<Case> {
    let file = |why: &str| {
        let case = Case::new("aks-no-token-file", Kind::Pod, "workload-identity-no-token-file");
        case.says(&format!("the token file {ANY} (AZURE_FEDERATED_TOKEN_FILE) cannot be used: {why}"))
    };
    let holds = |why, text: &'static str| {
        file(why).arranged(move |_, machine| machine.unwrap().write_token_file(text).unwrap())
    };
    vec![
        file("there is no such file").env(&["AZURE_FEDERATED_TOKEN_FILE=/nowhere/azure-identity-token"]),
        holds("it is empty", "\n"),
        holds("it holds no JWT", "no token"),
    ]
}

/// An application elsewhere, whose proof is a machine's; and a machine whose application Entra refuses.
fn of_any() -> Vec<Case> {
    let relayed = row("AADSTS700016").headline;
    let says = format!("{IMDS} gave no token (HTTP 400): {relayed}");
    let answer = Answer::json(
        400,
        &json!({"error": "unauthorized_client", "error_description": "AADSTS700016: No. Trace ID: x", "error_codes": "[700016]"}),
    );
    vec![
        Case::new("", Kind::Federated, "AADSTS700016")
            .machine_fault(Effect::answer(answer))
            .says(&says)
            .fact("identity", &format!("user-assigned, client id {USER_IDENTITY_1}"))
            .machine_asked(1),
    ]
}
