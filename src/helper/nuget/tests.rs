//! NuGet's words: what NuGet 5.4 (of the SDK 3.1) sends, written down on its way, and what nobody should.

use std::io::Cursor;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::helper::lines::LONGEST_LINE_BYTES;
use crate::helper::tests::{Runs, token_of};
use crate::kernel::clock::now;

/// A whole conversation; NuGet then ends by itself.
const CONVERSATION: [&str; 8] = [
    r#"{"RequestId":"5ba62d20-f83c-4162-b76a-896a8e0f2818","Type":"Request","Method":"Handshake","Payload":{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}}"#,
    r#"{"RequestId":"00000000-0000-0000-0000-000000000001","Type":"Response","Method":"Handshake","Payload":{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}}"#,
    r#"{"RequestId":"0cf9b212-f366-43f4-afa5-ec9582f972ab","Type":"Request","Method":"MonitorNuGetProcessExit","Payload":{"ProcessId":32658}}"#,
    r#"{"RequestId":"1e8b7821-b571-4f0f-99bf-3f3428a1ebb6","Type":"Request","Method":"Initialize","Payload":{"ClientVersion":"5.4.0","Culture":"en","RequestTimeout":"00:00:05"}}"#,
    r#"{"RequestId":"05efa88b-ad1c-427c-96c0-0b17f425369c","Type":"Request","Method":"GetOperationClaims","Payload":{}}"#,
    r#"{"RequestId":"8be1110b-341e-4d7e-9fa5-9f0d615ffaeb","Type":"Request","Method":"SetLogLevel","Payload":{"LogLevel":"Debug"}}"#,
    r#"{"RequestId":"a65866b5-3220-4956-b2df-7c1710160022","Type":"Request","Method":"SetCredentials","Payload":{"PackageSourceRepository":"/_packaging/feed1/nuget/v3/index.json"}}"#,
    r#"{"RequestId":"22a84322-16e5-4977-842c-876628c65900","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"https://contoso.pkgs.visualstudio.com/_packaging/feed1/nuget/v3/index.json","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":false}}"#,
];
const OWN_HOST: &str = "https://contoso.pkgs.visualstudio.com/_packaging/feed1/nuget/v3/index.json";

fn runs(expires_at: u64) -> Runs {
    let mut runs = Runs::new();
    let grants =
        [("contoso", Dialect::NuGet, None), ("fabrikam", Dialect::NuGet, None), ("cargos", Dialect::Cargo, None)];
    runs.run(1, &grants, &[], expires_at);
    runs
}

/// All that is said to `input` behind this plugin's own handshake.
fn session(runs: &Runs, input: &[u8]) -> Vec<Value> {
    let mut said = Vec::new();
    serve(&mut Cursor::new(input), &mut said, &mut |question| runs.reply(1, question.client, &question.url)).unwrap();
    let lines = said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut lines: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let versions = json!({"ProtocolVersion": "2.0.0", "MinimumProtocolVersion": "2.0.0"});
    let id = "00000000-0000-0000-0000-000000000001";
    let expected = json!({"RequestId": id, "Type": "Request", "Method": "Handshake", "Payload": versions});
    assert_eq!(lines.remove(0), expected);
    lines
}

fn asking(url: &str, is_retry: bool) -> String {
    CONVERSATION[7].replace(OWN_HOST, url).replace("\"IsRetry\":false", &format!("\"IsRetry\":{is_retry}"))
}

fn payloads(answers: &[Value]) -> Vec<Value> {
    answers.iter().map(|answer| answer["Payload"].clone()).collect()
}

fn given(organization: &str) -> Value {
    let token = token_of(organization);
    json!({"ResponseCode": "Success", "Username": "ado-entra-auth", "Password": token, "AuthenticationTypes": ["basic"]})
}

#[test]
fn a_conversation_of_nugets_is_answered_to_its_end() {
    let bytes = [b"\xef\xbb\xbf", CONVERSATION.join("\r\n").as_bytes()].concat();
    let answers = session(&runs(now() + 3600), &bytes);
    let success = json!({"ResponseCode": "Success"});
    let expected = [
        json!({"ResponseCode": "Success", "ProtocolVersion": "2.0.0"}),
        success.clone(),
        success.clone(),
        json!({"Claims": ["Authentication"]}),
        success.clone(),
        success,
        given("contoso"),
    ];
    assert_eq!(payloads(&answers), expected);
    let requests = CONVERSATION.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    for (request, answer) in requests.filter(|request| request["Type"] == "Request").zip(&answers) {
        assert_eq!(answer["Type"], "Response");
        assert_eq!((&answer["RequestId"], &answer["Method"]), (&request["RequestId"], &request["Method"]));
    }
}

#[test]
fn an_address_is_answered_for_its_own_organization_only() {
    let runs = runs(now() + 3600);
    for (url, organization) in [
        (OWN_HOST, "contoso"),
        ("https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json", "contoso"),
        ("https://pkgs.dev.azure.com/contoso/2f1e/_packaging/9a8b/nuget/v3/flat2/x/index.json", "contoso"),
        ("https://pkgs.dev.azure.com/fabrikam/Garden/_packaging/f@Release/nuget/v2", "fabrikam"),
    ] {
        assert_eq!(payloads(&session(&runs, asking(url, false).as_bytes())), [given(organization)], "{url}");
    }
    for url in [
        "https://pkgs.dev.azure.com/cargos/_packaging/f/nuget/v3/index.json",
        "https://pkgs.dev.azure.com/others/_packaging/f/nuget/v3/index.json",
        "https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/",
        "https://pkgs.dev.azure.com/contoso/_packaging/f/",
        "https://dev.azure.com/contoso/_packaging/f/nuget/v3/index.json",
        "https://contoso.feeds.visualstudio.com/_packaging/f/nuget/v3/index.json",
        "https://fabrikam.pkgs.visualstudio.com.evil.example/_packaging/f/nuget/v3/index.json",
        "https://pkgs.dev.azure.com:8443/contoso/_packaging/f/nuget/v3/index.json",
        "http://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json",
        "https://registry.example.com/v3/index.json",
        "",
    ] {
        let answers = session(&runs, asking(url, false).as_bytes());
        assert_eq!(payloads(&answers), [json!({"ResponseCode": "Error"})], "{url}");
    }
}

/// NuGet shows what it has for a host to another organization there, and then asks again.
#[test]
fn what_was_refused_is_not_given_again_and_another_organizations_is() {
    let theirs = OWN_HOST.replace("contoso", "fabrikam");
    let lines = [asking(OWN_HOST, false), asking(&theirs, true), asking(OWN_HOST, true)].join("\n");
    let answers = session(&runs(now() + 3600), lines.as_bytes());
    let message = "Azure DevOps refuses the access token for contoso (remedy: give the identity of the step AdoEntraAuth@1 the right to use \
                   the feed)";
    assert_eq!(answers[2]["Method"], "Log");
    let expected = [
        given("contoso"),
        given("fabrikam"),
        json!({"LogLevel": "Warning", "Message": message}),
        json!({"ResponseCode": "Error", "Message": message}),
    ];
    assert_eq!(payloads(&answers), expected);
    // What another provider gave was refused.
    let answers = session(&runs(now() + 3600), asking(OWN_HOST, true).as_bytes());
    assert_eq!(payloads(&answers), [given("contoso")]);
    // It has ended.
    let answers = session(&runs(1), asking(OWN_HOST, false).as_bytes());
    assert!(answers[0]["Payload"]["Message"].as_str().unwrap().contains("has expired (remedy: run"), "{answers:?}");
    assert_eq!((answers.len(), &answers[1]["Payload"]["ResponseCode"]), (2, &json!("Error")));
}

#[test]
fn no_source_is_claimed() {
    for payload in [
        r#"{"PackageSourceRepository":"https://registry.example.com/","ServiceIndex":{"resources":[[[]]]}}"#,
        r#"{"ServiceIndex":{}}"#,
        r#"{"PackageSourceRepository":"https://contoso.pkgs.visualstudio.com/_packaging/f/nuget/v3/index.json"}"#,
    ] {
        let request = CONVERSATION[4].replace("{}", payload);
        assert_eq!(payloads(&session(&runs(1), request.as_bytes())), [json!({"Claims": []})], "{payload}");
    }
    for payload in ["null", r#"{"PackageSourceRepository":null,"ServiceIndex":null}"#] {
        let request = CONVERSATION[4].replace("{}", payload);
        assert_eq!(payloads(&session(&runs(1), request.as_bytes())), [json!({"Claims": ["Authentication"]})]);
    }
}

#[test]
fn only_versions_that_are_known_are_spoken() {
    for (least, most, code) in [
        ("1.0.0", "1.0.0", "Error"),
        ("2.0.0", "2.0.0", "Success"),
        ("1.0.0", "10.0.0", "Success"),
        ("2.0.1", "3.0.0", "Error"),
        ("x", "2.0.0", "Error"),
    ] {
        let request = CONVERSATION[0].replace("1.0.0", least).replace("\"2.0.0\"", &format!("\"{most}\""));
        assert_eq!(session(&runs(1), request.as_bytes())[0]["Payload"]["ResponseCode"], code, "{least} {most}");
    }
}

#[test]
fn every_request_is_answered_and_nothing_of_it_is_repeated() {
    let runs = runs(now() + 3600);
    let secret = "{\"Username\":\"u\",\"Password\":\"theirs\",\"Uri\":7,\"ProxyPassword\":\"theirs\"}";
    for method in ["SetCredentials", "GetServiceIndex", "GetAuthenticationCredentials", "GetOperationClaims", "Future"]
    {
        let request = format!(r#"{{"RequestId":"1","Type":"Request","Method":"{method}","Payload":{secret}}}"#);
        let answers = session(&runs, request.as_bytes());
        let kind = if method == "SetCredentials" { "Response" } else { "Fault" };
        assert_eq!((answers.len(), &answers[0]["Type"]), (1, &json!(kind)), "{method}");
        assert!(!answers[0].to_string().contains("theirs"));
    }
}

/// NuGet takes the end of a plugin for a failure, and goes on to others.
#[test]
fn what_cannot_be_answered_ends_the_conversation() {
    let runs = runs(now() + 3600);
    let ask = CONVERSATION[7];
    let long = ask.replace("\"Payload\"", &format!("\"x\":\"{}\",\"Payload\"", "x".repeat(LONGEST_LINE_BYTES)));
    let id = "22a84322-16e5-4977-842c-876628c65900";
    let close = ask.replace("GetAuthenticationCredentials", "Close");
    for line in [&long, "", "[]", "{", "\u{0}", &ask.replace(id, "a b"), &ask.replace(id, &"1".repeat(65)), &close] {
        let lines = format!("{line}\n{ask}");
        assert_eq!(session(&runs, lines.as_bytes()), Vec::<Value>::new(), "{}", &line[..line.len().min(200)]);
    }
    for kind in ["Response", "Cancel", "Progress", "Fault", "Future"] {
        let lines = format!("{}\n{ask}", ask.replace("\"Request\"", &format!("\"{kind}\"")));
        assert_eq!(payloads(&session(&runs, lines.as_bytes())), [given("contoso")], "{kind}");
    }
}

proptest! {
    #[test]
    fn whatever_is_said_the_answers_are_lines_of_json(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..300_usize) {
        let runs = runs(now() + 3600);
        let mut damaged = CONVERSATION.join("\n").into_bytes();
        let at = at.min(damaged.len());
        damaged.splice(at..at, bytes.clone());
        for input in [bytes, damaged] {
            prop_assert!(session(&runs, &input).iter().all(|line| line["Method"].is_string() && line["Payload"].is_object()));
        }
    }
}
