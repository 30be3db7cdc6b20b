//! The command `token`, in a shell and in a pipeline's script.

use std::path::Path;
use std::process::Output;

use ado_entra_auth_emulator::machine::Machine;
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{
    CLIENT, CONNECTION, MACHINE_IDENTITY, MULTITENANT_CLIENT, MULTITENANT_SECRET, OTHER_TENANT, SECRET, SECRET_CLIENT,
    TENANT,
};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::modes::{link, mode, set_mode};
use crate::support::{claims, emulator, job, program, step};

/// The command on a machine that reaches the network as a company's does.
fn token(emulator: &Emulator, folder: &Path, arguments: &[&str]) -> assert_cmd::Command {
    let authority = folder.join("ca.pem");
    emulator.write_authority(&authority).unwrap();
    let mut command = program();
    command.arg("token").args(arguments).current_dir(folder).env_clear();
    command.env("HTTPS_PROXY", emulator.proxy_url()).env("SSL_CERT_FILE", &authority);
    command
}

const BY_SECRET: [&str; 6] = [
    "--input",
    "connectionType=clientSecret",
    "--input",
    "clientId=22222222-aaaa-4bbb-8ccc-000000000011",
    "--input",
    "tenantId=11111111-aaaa-4bbb-8ccc-000000000001",
];

fn run(command: &mut assert_cmd::Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn printed(command: &mut assert_cmd::Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_token_is_printed_as_text_and_as_json() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    assert_eq!(BY_SECRET[3], format!("clientId={SECRET_CLIENT}"));
    let plain = printed(token(&emulator, folder.path(), &BY_SECRET).env("INPUT_CLIENTSECRET", SECRET));
    assert_eq!(plain.lines().count(), 1);
    assert_eq!(claims(plain.trim())["appid"], SECRET_CLIENT);

    let arguments = [&BY_SECRET[..], &["--format", "json", "--input", "organizations=contoso"]].concat();
    let json = printed(token(&emulator, folder.path(), &arguments).env("INPUT_CLIENTSECRET", SECRET));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["version"].as_u64(), json["tokenType"].as_str()), (Some(1), Some("Bearer")));
    assert_eq!((json["clientId"].as_str(), json["tenantId"].as_str()), (Some(SECRET_CLIENT), Some(TENANT)));
    assert_eq!(json["organization"], "contoso");
    let expires_on = json["expiresOn"].as_str().unwrap();
    assert!(expires_on.ends_with('Z') && expires_on.contains('T'), "{expires_on}");
    assert_eq!(claims(json["accessToken"].as_str().unwrap())["aud"], "499b84ac-1321-427f-aa17-267ca6975798");
    // Only with an organization there is somebody to ask.
    let asked = emulator.requests().iter().filter(|request| request.path.contains("connectionData")).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_file_is_the_users_alone_whatever_was_there() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    let elsewhere = folder.path().join("elsewhere");
    for before in ["nothing", "a readable file", "a link"] {
        let _ = std::fs::remove_file(&file);
        match before {
            "a readable file" => {
                std::fs::write(&file, "old").unwrap();
                set_mode(&file, 0o644);
            }
            "a link" => {
                std::fs::write(&elsewhere, "old").unwrap();
                link(&elsewhere, &file).unwrap();
            }
            _ => {}
        }
        let arguments = [&BY_SECRET[..], &["--output", "token"]].concat();
        let mut command = token(&emulator, folder.path(), &arguments);
        assert_eq!(printed(command.env("INPUT_CLIENTSECRET", SECRET)), "", "{before}");
        let about = std::fs::symlink_metadata(&file).unwrap();
        assert!(about.is_file() && mode(&file) == 0o600, "{before}: {about:?}");
        assert_eq!(claims(std::fs::read_to_string(&file).unwrap().trim())["appid"], SECRET_CLIENT);
    }
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "old");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn secrets_come_from_files_and_standard_input_and_never_from_the_command_line() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    let from_file = [&BY_SECRET[..], &["--input-file", "clientSecret=secret"]].concat();
    assert_eq!(claims(printed(&mut token(&emulator, folder.path(), &from_file)).trim())["appid"], SECRET_CLIENT);

    let from_stdin = [&BY_SECRET[..], &["--input-file", "clientSecret=-"]].concat();
    let mut command = token(&emulator, folder.path(), &from_stdin);
    let output = run(command.write_stdin(SECRET));
    assert_eq!(claims(text(&output.stdout).trim())["appid"], SECRET_CLIENT);

    emulator.clear_requests();
    for wrong in [
        "clientSecret=Sc8Q~hidden",
        "CLIENTSECRET=Sc8Q~hidden",
        "clientCertificatePassword=Sc8Q~hidden",
        "clientCertificate=-----BEGIN PRIVATE KEY-----Sc8Q~hidden",
        &format!("clientCertificate={}hidden", "MIIEvQIBADANBgkqhkiG9w0B".repeat(8)),
        "clientSecrt=Sc8Q~hidden",
    ] {
        let arguments = [&BY_SECRET[..], &["--input", wrong]].concat();
        let output = run(&mut token(&emulator, folder.path(), &arguments));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: ") && said.contains("remedy: ") && !said.contains("hidden"), "{said}");
        assert!(output.stdout.is_empty());
    }
    assert!(emulator.requests().is_empty());
}

/// What may be a part of a key does not come back in an error, wherever it was given.
#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let arguments = [
        "--input",
        "connectionType=clientCertificate",
        "--input",
        &format!("clientId={CLIENT}"),
        "--input",
        &format!("tenantId={TENANT}"),
    ];
    for key in ["MHcCAQEEIhiddenKeyBody/AoGCCqGSM49", &"MHcCAQEEIhiddenKeyBody/AoGCCqGSM49".repeat(9)] {
        let output = run(token(&emulator, folder.path(), &arguments).env("INPUT_CLIENTCERTIFICATE", key));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("remedy: ") && !said.contains("hidden"), "{said}");
    }
}

#[test]
fn what_is_no_plain_file_is_not_replaced() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    link("/dev/null", folder.path().join("device")).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for there in ["device", "folder"] {
        let arguments = [&BY_SECRET[..], &["--output", there]].concat();
        let output = run(token(&emulator, folder.path(), &arguments).env("INPUT_CLIENTSECRET", SECRET));
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains("it is no plain file"), "{said}");
    }
    assert!(std::fs::symlink_metadata(folder.path().join("device")).unwrap().is_symlink());
}

/// The agent takes a line of stderr for a command, and what follows a line break in a secret would stand in the log.
#[test]
fn a_secret_of_two_lines_is_masked_as_one() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let mut command = token(&emulator, folder.path(), &BY_SECRET);
    let output = run(command.env("TF_BUILD", "True").env("INPUT_CLIENTSECRET", "first%\nsecond ##vso[task.complete]"));
    let said = text(&output.stderr);
    assert!(said.contains("##vso[task.setsecret]first%AZP25%0Asecond"), "{said}");
    assert!(said.lines().all(|line| !line.starts_with("second")), "{said}");
}

/// What a machine's answer holds is not ours, and a script's output is read for commands.
#[test]
fn the_claims_of_a_token_command_nothing() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let claims = serde_json::json!({
        "aud": "499b84ac-1321-427f-aa17-267ca6975798", "exp": 4_102_444_800_u64, "tid": "t ##vso[task.prependpath]/tmp/evil",
        "oid": "o##vso[task.setvariable variable=stolen]yes",
    });
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    let answer = Answer::json(200, &serde_json::json!({ "access_token": format!("e30.{payload}.c2ln") }));
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    machine.fault(Fault::new(Target::Everything, Effect::answer(answer)));
    let arguments = ["--input", "connectionType=managedIdentity", "--format", "json"];
    let json = printed(token(&emulator, folder.path(), &arguments).envs(machine.environment()));
    assert!(!json.contains('#'), "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["objectId"], claims["oid"]);
}

/// An argument may be a line of a log.
#[test]
fn wrong_arguments_command_nothing() {
    for arguments in [["explain", "--##vso[task.uploadfile]/etc/passwd"], ["token", "--format=##vso[task.complete]"]] {
        let output = program().args(arguments).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("vso[task.") && !said.contains("##"), "{said}");
    }
}

#[test]
fn an_alias_of_an_input_is_the_input() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    for alias in ["workloadIdentityServiceConnection", "azureDevOpsServiceConnection"] {
        let given = format!("{alias}=my-connection");
        let said = text(&run(&mut token(&emulator, folder.path(), &["--input", &given])).stderr);
        assert!(said.contains("'azureDevOpsServiceConnection' does not allow 'my-connection'"), "{said}");
    }
}

#[test]
fn a_refusal_is_explained() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let output = run(token(&emulator, folder.path(), &BY_SECRET).env("INPUT_CLIENTSECRET", "wrong"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty());
    for word in ["error: the client secret is wrong (AADSTS7000215)", SECRET_CLIENT, "remedy: ", "troubleshooting: "] {
        assert!(said.contains(word), "{word} is missing in: {said}");
    }
}

#[test]
fn a_machine_gives_one_without_any_input_but_its_kind() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let machine = emulator.machine(Machine::imds().identity(MACHINE_IDENTITY)).unwrap();
    let arguments = ["--input", "connectionType=managedIdentity"];
    let mut command = token(&emulator, folder.path(), &arguments);
    assert_eq!(claims(printed(command.envs(machine.environment())).trim())["appid"], MACHINE_IDENTITY);
}

#[test]
fn the_organization_says_which_tenant_to_ask() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let arguments = [
        "--input",
        "connectionType=clientSecret",
        "--input",
        &format!("clientId={MULTITENANT_CLIENT}"),
        "--input",
        &format!("tenantId={TENANT}"),
        "--input",
        "organizations=fabrikam",
    ];
    let mut command = token(&emulator, folder.path(), &arguments);
    let plain = printed(command.env("INPUT_CLIENTSECRET", MULTITENANT_SECRET));
    assert_eq!(claims(plain.trim())["tid"], OTHER_TENANT);
}

/// In a pipeline's script the agent hears of the token before it could stand in the log.
#[test]
fn in_a_script_of_a_pipeline_the_token_is_masked() {
    let (emulator, folder) = (emulator(), tempfile::tempdir().unwrap());
    let mut job = job(&emulator);
    // A step of the job names the connection.
    crate::support::run(&emulator, &mut job, &step());
    let mut environment = job.script_environment();
    environment.insert("SYSTEM_ACCESSTOKEN".into(), job.pipeline().token.clone());
    let arguments = [
        "--input",
        &format!("azureDevOpsServiceConnection={CONNECTION}"),
        "--input",
        &format!("clientId={CLIENT}"),
        "--input",
        &format!("tenantId={TENANT}"),
    ];
    let mut command = token(&emulator, folder.path(), &arguments);
    let output = run(command.envs(&environment));
    let (plain, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(claims(plain.trim())["appid"], CLIENT);
    for form in [plain.trim().to_owned(), STANDARD.encode(format!(":{}", plain.trim()))] {
        assert!(said.lines().any(|line| line == format!("##vso[task.setsecret]{form}")), "{said}");
    }
}
