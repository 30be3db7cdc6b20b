//! `setup`: what it prints, and what its script makes of Azure CLI.

mod page;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{program, tool, write_file};

const TENANT: &str = "ff882432-09b0-437b-bd22-ca13c0037ded";
const ORGANIZATION: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556666";
const CLIENT: &str = "aaaaaaaa-1111-4222-8333-444455556666";
const OBJECT: &str = "bbbbbbbb-1111-4222-8333-444455556666";
const SUBJECT: &str = "/eid1/c/pub/t/MiSI_7AJe0O9IsoTwAN97Q/a/rISbSSETf0KqFyZ8ppdXmA/sc/\
                       0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/b6f3c1de-1111-4222-8333-444455556666";
const ISSUER: &str = "https://login.microsoftonline.com/ff882432-09b0-437b-bd22-ca13c0037ded/v2.0";

/// Names that mean something to a shell or to az.
const HOSTILE: [&str; 11] = [
    "it's",
    "$HOME;id",
    "~root&{a,b}*",
    r#"a "quoted" name"#,
    "$HOME ${HOME} $(touch pwned) `touch pwned`",
    r"back\slash \",
    "a;touch pwned & b|c>pwned #x",
    "'; touch pwned; '",
    "-n --flag * ? ~ ! [a] {b,c}",
    "null ?? 'x'",
    "\u{e9}\u{1f980} a=b@c",
];

fn setup(arguments: &[&str]) -> Output {
    program().arg("setup").args(arguments).env_clear().output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = setup(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_ends_as_a_command_does() {
    let named = ["--organization", "contoso", "--project", "Shop", "--connection", "feeds"];
    let with = |more: &[&'static str]| [&named[..], more].concat();
    let organization = vec!["--organization", "contoso"];
    let and = |more: &[&'static str]| [&organization[..], more].concat();
    for (arguments, code, words) in [
        (named.to_vec(), 0, "ado-Shop_feeds"),
        (vec![], 1, "--organization, --project and --connection are missing"),
        (vec!["--pipeline", "build"], 1, "--organization and --project are missing"),
        (organization.clone(), 1, "--project and --connection are missing"),
        (and(&["--project", "Shop"]), 1, "--connection is missing"),
        (and(&["--connection", "feeds"]), 1, "--project is missing"),
        (and(&["--pipeline", "build"]), 1, "--project is missing"),
        (
            and(&["--connection-id", CONNECTION, "--issuer", "azure-devops"]),
            1,
            "--project and --connection are missing",
        ),
        (and(&["--connection-id", CONNECTION]), 0, "<subject of the service connection>"),
        (and(&["--connection-id", CONNECTION, "--format", "az"]), 1, "--project is missing"),
        (and(&["--project", "Shop", "--pipeline", "build", "--issuer", "entra"]), 1, "not documented"),
        (with(&["--name", "a name"]), 1, "no name for a managed identity"),
        (with(&["--identity", "application", "--location", "westeurope"]), 1, "no resource group and no location"),
        (with(&["--name=-x"]), 2, "as an option does"),
        (with(&["--tenant-id", "contoso.com"]), 2, "not a GUID such as"),
        (with(&["--connection-id", "{b6f3c1de-1111-4222-8333-444455556666}"]), 2, "not a GUID such as"),
        (with(&["--resource-group", "rg."]), 2, "no '.' at the end"),
        (with(&["--location", "$(id)"]), 2, "not the name of a region"),
        (with(&["--authority-host", "http://login.microsoftonline.com"]), 2, "https address"),
        (with(&["--pipeline", "build"]), 2, "cannot be used with"),
        (with(&["--application", CLIENT]), 2, "cannot be used with"),
        (and(&["--application", CLIENT]), 2, "--managed-identity-object-id"),
        (with(&["--format", "xml"]), 2, "xml"),
        (vec!["--organization", "con toso"], 2, "not the name or the URL"),
        (and(&["--project", "..", "--connection", "x"]), 2, "not named so"),
        (and(&["--project", "a/b", "--connection", "x"]), 2, "not named so"),
        (and(&["--project", "Shop", "--connection", "a\nb"]), 2, "line break"),
        (and(&["--project", "Shop", "--connection", " "]), 2, "blank"),
        (and(&["--project", "Shop", "--connection", "##vso[x]"]), 2, "two number signs"),
        (and(&["--project", "Shop", "--connection", "a=@/etc/passwd"]), 2, "content of a file"),
        (and(&["--project", "Shop", "--connection", "@x"]), 2, "content of a file"),
        (vec!["--decode", SUBJECT], 0, "application   499b84ac-1321-427f-aa17-267ca6975798 (Azure DevOps)"),
        (vec!["--decode", "sc://contoso/My Shop/feeds"], 0, "project       My Shop"),
        (vec!["--decode", "repo:contoso/tools"], 1, "begins with none of"),
        (vec!["--decode", SUBJECT, "--organization", "contoso"], 2, "cannot be used with"),
    ] {
        let output = setup(&arguments);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(code != 1 || said.contains("\nremedy: "), "{said}");
    }
}

#[test]
fn it_works_out_what_was_captured() {
    let ids = ["--organization-id", ORGANIZATION, "--connection-id", CONNECTION, "--tenant-id", TENANT];
    let json = printed(&[&["--organization", "contoso", "--format", "json"], &ids[..]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    let expected = json!({
        "name": format!("ado-{CONNECTION}"),
        "issuer": ISSUER,
        "subject": SUBJECT,
        "audience": "api://AzureADTokenExchange",
    });
    assert_eq!((&json["federatedCredential"], &json["missing"], &json["version"]), (&expected, &json!([]), &json!(1)));

    let named = ["--organization", "contoso", "--project", "Shop", "--connection", "feeds", "--format", "json"];
    let json: Value = serde_json::from_str(&printed(&[&named[..], &["--issuer", "azure-devops"]].concat())).unwrap();
    assert_eq!(json["federatedCredential"]["subject"], "sc://contoso/Shop/feeds");
    assert_eq!(json["federatedCredential"]["issuer"], Value::Null);
    assert_eq!(json["missing"][0]["option"], "--organization-id");
    assert!(json["notes"][0].as_str().unwrap().contains("2027-07-01"));
}

#[test]
fn text_commands_no_agent() {
    let decoded = printed(&["--decode", "sc://contoso/Shop/##vso[task.setvariable variable=x]y"]);
    assert!(decoded.contains("**vso[") && !decoded.contains("##"), "{decoded}");
    let refused = setup(&["--decode", "##vso[task.setvariable variable=x]y"]);
    assert!(!String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap().contains("##"));
}

/// What a script did.
struct Run {
    /// The words of each call of az.
    calls: Vec<Vec<String>>,
    succeeded: bool,
    said: String,
}

impl Run {
    /// The only call of a command.
    fn call(&self, command: &str) -> &[String] {
        let mut found = self.calls.iter().filter(|call| call.join(" ").starts_with(command));
        let call = found.next().unwrap_or_else(|| panic!("no {command} in {:?}\n{}", self.calls, self.said));
        assert!(found.next().is_none(), "several {command} in {:?}", self.calls);
        call
    }

    fn called(&self, command: &str) -> bool {
        self.calls.iter().any(|call| call.join(" ").starts_with(command))
    }
}

fn option<'c>(call: &'c [String], name: &str) -> &'c str {
    let at = call.iter().position(|word| word == name).unwrap_or_else(|| panic!("no {name} in {call:?}"));
    &call[at + 1]
}

/// An az that writes down its arguments and answers as a signed-in one would, save where `ANSWER_<WHAT>` says otherwise.
const AZ: &str = r#"#!/bin/bash
{ printf '%s\0' "$@"; printf '\001\0'; } >>"$CALLS"
case $* in
  *' instanceId '*) printf '%s\n' "${ANSWER_ORGANIZATION-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}" ;;
  *FederationIssuer*) printf '%s\n' "$ANSWER_ISSUER" ;;
  *FederationSubject*) printf '%s\n' "$ANSWER_SUBJECT" ;;
  *'.id | [0]'*) printf '%s\n' "${ANSWER_CONNECTION-b6f3c1de-1111-4222-8333-444455556666}" ;;
  *isSuccess*) [[ ${ANSWER_JOINED-} != conflict ]] || exit 1; printf '%s\n' "${ANSWER_JOINED-true}" ;;
  *memberentitlements*) [[ ${ANSWER_MEMBER-} != forbidden ]] || exit 1; printf '%s' "${ANSWER_MEMBER-}" ;;
  'ad app federated-credential list'*) printf '%s\n' "${ANSWER_CREDENTIAL-}" ;;
  'ad sp show'*) exit 3 ;;
  *clientId\ *|*appId*) printf 'aaaaaaaa-1111-4222-8333-444455556666\n' ;;
  *principalId*|'ad sp create'*) printf 'bbbbbbbb-1111-4222-8333-444455556666\n' ;;
  *tenantId*) printf 'ff882432-09b0-437b-bd22-ca13c0037ded\n' ;;
  'identity list'*name*) printf 'reader\n' ;;
  'identity list'*resourceGroup*) printf 'rg\n' ;;
esac
"#;

fn run(script: &str, environment: &[(&str, &str)]) -> Run {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [az, calls, path] = ["bin/az", "calls", "script.sh"].map(|name| folder.path().join(name));
    write_file(&az, AZ);
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    write_file(&path, script);
    let parsed = Command::new("bash").arg("-n").arg(&path).output().unwrap();
    assert!(parsed.status.success(), "{}\n{script}", String::from_utf8_lossy(&parsed.stderr));
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let search = format!("{}:{}", az.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .arg(&path)
        .current_dir(&work)
        .env("PATH", search)
        .env("CALLS", &calls)
        .env_remove("ORGANIZATION")
        .envs([("ANSWER_ISSUER", ISSUER), ("ANSWER_SUBJECT", SUBJECT), ("RESOURCE_GROUP", "rg")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert_eq!(std::fs::read_dir(&work).unwrap().count(), 0, "the script left something behind:\n{script}");
    let mut words = vec![Vec::new()];
    for word in std::fs::read_to_string(&calls).unwrap_or_default().split_terminator('\0') {
        if word == "\u{1}" {
            words.push(Vec::new());
        } else if let Some(call) = words.last_mut() {
            call.push(word.to_owned());
        }
    }
    words.pop();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    Run { calls: words, succeeded: output.status.success(), said }
}

fn script(arguments: &[&str]) -> String {
    printed(&[&["--organization", "contoso", "--format", "az"], arguments].concat())
}

#[test]
fn az_gets_exactly_the_values() {
    for name in HOSTILE {
        let connection = format!("--connection={name}");
        let named = ["--project", "Shop", &connection, "--issuer", "azure-devops"];
        let subject = format!("sc://contoso/Shop/{name}");
        let issuer = format!("https://vstoken.dev.azure.com/{ORGANIZATION}");

        let done = run(&script(&[&named[..], &["--location", "West Europe"]].concat()), &[]);
        assert!(done.succeeded, "{name}: {}", done.said);
        let credential = done.call("identity federated-credential create");
        assert_eq!(option(credential, "--subject"), subject);
        assert_eq!(option(credential, "--issuer"), issuer);
        assert_eq!(option(credential, "--audiences"), "api://AzureADTokenExchange");
        assert_eq!(option(done.call("identity create"), "--location"), "West Europe");

        let display_name = format!("--name=x{name}");
        let done = run(&script(&[&named[..], &["--identity", "application", &display_name]].concat()), &[]);
        assert!(done.succeeded, "{name}: {}", done.said);
        assert_eq!(option(done.call("ad app create"), "--display-name"), format!("x{name}"));
        let parameters: Value =
            serde_json::from_str(option(done.call("ad app federated-credential create"), "--parameters")).unwrap();
        assert_eq!((&parameters["subject"], &parameters["issuer"]), (&json!(subject), &json!(issuer)));
        assert_eq!(parameters["audiences"], json!(["api://AzureADTokenExchange"]));

        let project = format!("--project={}", name.replace(['/', '\\'], "-"));
        let done = run(&script(&[&project, &connection, "--tenant-id", TENANT]), &[]);
        assert!(done.succeeded, "{name}: {}", done.said);
        let asked = done.calls.iter().find(|call| call.join(" ").contains("serviceendpoint")).unwrap();
        let url = url_of(option(asked, "--url"));
        assert_eq!(url[1], project["--project=".len()..]);
        assert_eq!(url[2..], ["_apis", "serviceendpoint", "endpoints"]);
        let literal = option(asked, "--query").strip_prefix("value[?name==`").unwrap().split('`').next().unwrap();
        assert_eq!(serde_json::from_str::<Value>(literal).unwrap(), json!(name));
        assert_eq!(option(done.call("identity federated-credential create"), "--subject"), SUBJECT);
    }
}

/// The segments of an address, decoded.
fn url_of(text: &str) -> Vec<String> {
    let path = text.strip_prefix("https://dev.azure.com/").unwrap().split('?').next().unwrap();
    let decoded = |segment: &str| {
        let mut bytes = Vec::new();
        let mut rest = segment.bytes();
        while let Some(byte) = rest.next() {
            assert!(byte.is_ascii_graphic(), "{text}");
            if byte == b'%' {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    path.split('/').map(decoded).collect()
}

#[test]
fn the_identity_becomes_a_user_with_basic_access() {
    let ids = ["--organization-id", ORGANIZATION, "--connection-id", CONNECTION, "--tenant-id", TENANT];
    for identity in [&[][..], &["--client-id", CLIENT], &["--identity", "application"]] {
        let done = run(&script(&[&ids[..], identity].concat()), &[]);
        assert!(done.succeeded, "{}", done.said);
        let post = done.call("rest --method post");
        assert_eq!(option(post, "--resource"), "499b84ac-1321-427f-aa17-267ca6975798");
        let url = "https://vsaex.dev.azure.com/contoso/_apis/serviceprincipalentitlements?api-version=7.1-preview.1";
        assert_eq!(option(post, "--url"), url);
        let body: Value = serde_json::from_str(option(post, "--body")).unwrap();
        let expected = json!({
            "accessLevel": { "accountLicenseType": "express" },
            "servicePrincipal": { "origin": "aad", "originId": OBJECT, "subjectKind": "servicePrincipal" },
        });
        assert_eq!(body, expected);
        for id in [CLIENT, TENANT, OBJECT] {
            assert!(done.said.contains(id), "{}", done.said);
        }
        assert!(!done.called("rest --method get"), "everything was known: {:?}", done.calls);
    }
}

#[test]
fn the_script_asks_for_what_was_not_given() {
    let named = ["--project", "Shop", "--connection", "feeds"];
    // With nothing but names, the connection says issuer and subject itself.
    let done = run(&script(&named), &[]);
    let credential = done.call("identity federated-credential create");
    assert_eq!((option(credential, "--issuer"), option(credential, "--subject")), (ISSUER, SUBJECT));
    assert_eq!(option(credential, "--resource-group"), "rg");

    // A managed identity is found by its client id.
    let done = run(&script(&[&named[..], &["--client-id", CLIENT]].concat()), &[]);
    let credential = done.call("identity federated-credential create");
    assert_eq!((option(credential, "--identity-name"), option(credential, "--resource-group")), ("reader", "rg"));

    // A credential of an application that is there already is brought up to date.
    let script = script(&[&named[..], &["--identity", "application"]].concat());
    let done = run(&script, &[("ANSWER_CREDENTIAL", "1")]);
    assert!(done.called("ad app federated-credential update") && !done.called("ad app federated-credential create"));
}

#[test]
fn the_script_stops_before_it_does_something_wrong() {
    let named = ["--project", "Shop", "--connection", "feeds"];
    let asking = script(&named);
    let joins = |done: &Run| done.called("identity federated-credential") || done.called("rest --method post");
    for (environment, words) in [
        (("ANSWER_ISSUER", ""), "no service connection feeds"),
        (("ANSWER_SUBJECT", "sc://contoso/Shop/feeds"), "--issuer azure-devops"),
        (("ANSWER_SUBJECT", "/eid1/\",\"x\":\""), "--issuer azure-devops"),
        (("RESOURCE_GROUP", ""), "set RESOURCE_GROUP"),
    ] {
        let done = run(&asking, &[environment]);
        assert!(!done.succeeded && done.said.contains(words), "{environment:?}: {}", done.said);
        assert!(!joins(&done), "{:?}", done.calls);
    }
    let done = run(&script(&[&named[..], &["--tenant-id", TENANT]].concat()), &[("ANSWER_ORGANIZATION", "")]);
    assert!(!done.succeeded && done.said.contains("does not say the id of contoso") && !joins(&done), "{}", done.said);
    let done = run(&script(&[&named[..], &["--tenant-id", TENANT]].concat()), &[("ANSWER_CONNECTION", "")]);
    assert!(!done.succeeded && done.said.contains("no service connection feeds") && !joins(&done), "{}", done.said);
    for member in ["", CLIENT, "forbidden"] {
        let done = run(&asking, &[("ANSWER_JOINED", "false"), ("ANSWER_MEMBER", member)]);
        assert!(!done.succeeded && done.said.contains("did not add"), "{}", done.said);
        assert!(!done.said.contains("note: "), "{}", done.said);
    }
}

/// Whatever becomes of the membership, the ids have been printed; and a member that is one already is no failure.
#[test]
fn the_script_runs_again_where_the_identity_is_a_member() {
    let named = ["--project", "Shop", "--connection", "feeds"];
    let across = ["--managed-identity-object-id", OBJECT, "--tenant-id", TENANT, "--organization-tenant-id", TENANT];
    for (arguments, ids) in [(&named[..], &[CLIENT, TENANT, OBJECT][..]), (&across, &[CLIENT, OBJECT])] {
        let script = script(arguments);
        for joined in ["false", "conflict"] {
            let done = run(&script, &[("ANSWER_JOINED", joined), ("ANSWER_MEMBER", OBJECT)]);
            assert!(done.succeeded && done.said.contains("is a member of the organization already"), "{}", done.said);
            let asked =
                done.call("rest --method get --resource 499b84ac-1321-427f-aa17-267ca6975798 --url https://vsaex.");
            assert!(option(asked, "--query").contains(OBJECT), "{asked:?}");
            let failed = run(&script, &[("ANSWER_JOINED", joined)]);
            assert!(!failed.succeeded, "{}", failed.said);
            for id in ids {
                assert!(done.said.contains(&format!(" id  {id}\n")), "{id}: {}", done.said);
                assert!(failed.said.contains(&format!(" id  {id}\n")), "{id}: {}", failed.said);
            }
        }
        let done = run(&script, &[]);
        assert!(done.succeeded && !done.said.contains("note: "), "{}", done.said);
    }
    // They stand there before anything is asked of Azure DevOps.
    let done = run(&script(&named), &[("ANSWER_ISSUER", "")]);
    assert!(!done.succeeded && done.said.contains(&format!("client id  {CLIENT}\n")), "{}", done.said);
}

#[test]
fn a_managed_identity_acts_in_another_tenant() {
    let arguments = ["--managed-identity-object-id", OBJECT, "--tenant-id", TENANT];
    let organization_tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let done = run(&script(&arguments), &[("ORGANIZATION_TENANT_ID", organization_tenant)]);
    assert!(done.succeeded, "{}", done.said);
    assert_eq!(option(done.call("ad app create"), "--sign-in-audience"), "AzureADMultipleOrgs");
    let parameters: Value =
        serde_json::from_str(option(done.call("ad app federated-credential create"), "--parameters")).unwrap();
    assert_eq!((&parameters["issuer"], &parameters["subject"]), (&json!(ISSUER), &json!(OBJECT)));
    let order: Vec<usize> = ["ad app federated-credential create", "login", "ad sp create", "rest --method post"]
        .iter()
        .map(|command| done.calls.iter().position(|call| call.join(" ").starts_with(command)).unwrap())
        .collect();
    assert!(order.is_sorted(), "{:?}", done.calls);
    assert_eq!(option(done.call("login"), "--tenant"), organization_tenant);
    let done = run(&script(&arguments), &[]);
    assert!(
        !done.succeeded && done.said.contains("set ORGANIZATION_TENANT_ID") && done.calls.is_empty(),
        "{}",
        done.said
    );
}

/// Azure CLI's own parser takes every command, and gives each argument what the script meant.
#[test]
fn azure_cli_reads_every_command() {
    let Some(python) = tool("azure-cli-python") else { return };
    let named = ["--project", "Shop", "--connection", "it's a=\"b\" $x"];
    let across = ["--managed-identity-object-id", OBJECT, "--organization-tenant-id", TENANT, "--tenant-id", TENANT];
    let mut calls = Vec::new();
    for arguments in [
        named.to_vec(),
        [&named[..], &["--issuer", "azure-devops", "--location", "westeurope"]].concat(),
        [&named[..], &["--client-id", CLIENT]].concat(),
        [&named[..], &["--identity", "application", "--tenant-id", TENANT]].concat(),
        [&named[..], &["--identity", "application", "--issuer", "azure-devops"]].concat(),
        across.to_vec(),
    ] {
        let script = script(&arguments);
        for credential in ["", "1"] {
            let answers = [("ANSWER_CREDENTIAL", credential), ("ANSWER_JOINED", "false"), ("ANSWER_MEMBER", OBJECT)];
            let done = run(&script, &answers);
            assert!(done.succeeded, "{}", done.said);
            calls.extend(done.calls);
        }
    }
    for name in HOSTILE {
        let [connection, display_name] = [format!("--connection={name}"), format!("--name=x{name}")];
        let named = ["--project", "Shop", &connection, "--issuer", "azure-devops"];
        calls.extend(run(&script(&named), &[]).calls);
        calls.extend(run(&script(&[&named[..], &["--identity", "application", &display_name]].concat()), &[]).calls);
    }
    calls.sort();
    calls.dedup();
    let answers = read_by_azure_cli(&python, &calls);
    assert_eq!(answers.len(), calls.len());
    for (call, answer) in calls.iter().zip(&answers) {
        assert_eq!(answer["error"], Value::Null, "{call:?}: {answer}");
        for (name, key) in [
            ("--subject", "subject"),
            ("--issuer", "issuer"),
            ("--identity-name", "identity_name"),
            ("--display-name", "display_name"),
            ("--url", "url"),
            ("--body", "body"),
            ("--tenant", "tenant"),
        ] {
            if call.iter().any(|word| word == name) {
                assert_eq!(answer[key], option(call, name), "{call:?}: {answer}");
            }
        }
        if call.iter().any(|word| word == "--parameters") {
            let meant: Value = serde_json::from_str(option(call, "--parameters")).unwrap();
            assert_eq!(answer["parameters"], meant, "{call:?}: {answer}");
        }
    }
    // The check itself notices a wrong name.
    let wrong = vec!["identity", "create", "--title", "x"].into_iter().map(str::to_owned).collect();
    assert_ne!(read_by_azure_cli(&python, &[wrong])[0]["error"], Value::Null);
}

fn read_by_azure_cli(python: &Path, calls: &[Vec<String>]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/az_arguments.py");
    let mut child = Command::new(python)
        .arg(program)
        .env("AZURE_CONFIG_DIR", folder.path())
        .env("AZURE_CORE_COLLECT_TELEMETRY", "no")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = calls.iter().map(|call| json!(call).to_string() + "\n").collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
