//! `explain`: every known error, in every form in which people meet it.

use std::process::Output;

use ado_entra_auth::diagnosis::causes::{self, Cause, Owner};
use regex_lite::Regex;
use serde_json::Value;

use crate::support::{in_parallel, program};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TENANT: &str = "22222222-aaaa-4bbb-8ccc-000000000002";
const TRACE: &str = "33333333-aaaa-4bbb-8ccc-000000000003";

/// Runs the command with these arguments, and this on stdin.
fn explain(arguments: &[&str], stdin: &[u8]) -> Output {
    program().arg("explain").args(arguments).env_clear().write_stdin(stdin).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn of_argument(text: &str) -> String {
    stdout(&explain(&[text], b""))
}

fn of_stdin(text: &str) -> String {
    stdout(&explain(&["-"], text.as_bytes()))
}

/// What is shown begins with the row, and holds all of it.
fn assert_shows(shown: &str, cause: &Cause, asked: &str) {
    assert_row(shown, cause, (cause.remedy, cause.owner.title()), asked);
}

/// The same of a log in which another program speaks.
fn assert_shows_of_others(shown: &str, cause: &Cause, asked: &str) {
    let is_of_this_task = cause.owner == Owner::ThisTask;
    let who = if is_of_this_task { "whoever wrote the program that asks" } else { cause.owner.title() };
    assert_row(shown, cause, (cause.elsewhere(), who), asked);
}

fn assert_row(shown: &str, cause: &Cause, (remedy, who): (&str, &str), asked: &str) {
    assert_eq!(shown.lines().next(), Some(&*format!("{}: {}", cause.name, cause.headline)), "{asked}\n{shown}");
    for line in [
        format!("why: {}", cause.meaning()),
        format!("remedy: {remedy}"),
        format!("who: {who}"),
        format!("running again helps: {}", cause.again.title()),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{asked}: '{line}' is missing in\n{shown}");
    }
}

/// Each case names the row that it must lead to; its codes and patterns are facts about the services.
#[test]
fn every_known_error_leads_to_its_row() {
    let file = std::fs::read_to_string(format!("{ROOT}/tests/cases/errors.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&file).unwrap();
    assert_eq!(cases.len(), 121);
    in_parallel(&cases, |case| {
        let id = case["id"].as_str().unwrap();
        let name = case["cause"].as_str().unwrap();
        let cause = causes::by_name(name).filter(|cause| cause.name == name);
        let cause = cause.unwrap_or_else(|| panic!("{id}: no row has the name {name}"));
        if let Some(text) = case["text"].as_str() {
            assert_shows_of_others(&of_stdin(text), cause, id);
            if let Some(pattern) = case["pattern"].as_str() {
                // The text is one that the service may send.
                let plain = text.replace("\\u0027", "'");
                assert!(Regex::new(pattern).unwrap().is_match(&plain), "{id}: {pattern}");
            }
        }
        for code in case["codes"].as_array().into_iter().flatten() {
            let code = code.as_u64().unwrap();
            assert_shows(&of_argument(&code.to_string()), cause, id);
            assert_shows(&of_argument(&format!("aadsts{code}")), cause, id);
            let line = format!("2026-11-20T10:11:12.1234567Z ##[error]Error: AADSTS{code}: Sorry. Trace ID: {TRACE}");
            assert_shows_of_others(&of_stdin(&line), cause, id);
            assert_shows_of_others(
                &of_stdin(&format!(r#"{{"error":"x","error_codes":[{code}],"timestamp":"x"}}"#)),
                cause,
                id,
            );
        }
        assert!(case["text"].is_string() || case["codes"].is_array(), "{id} is tried with nothing");
    });
}

/// Codes that public pages and threads name, each with its source.
#[test]
fn every_code_of_public_threads_leads_to_its_row() {
    let file = std::fs::read_to_string(format!("{ROOT}/tests/cases/codes.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&file).unwrap();
    assert!(cases.len() >= 50);
    in_parallel(&cases, |case| {
        let [code, cause, source] = ["code", "cause", "source"].map(|key| case[key].as_str().unwrap());
        assert!(source.len() > 8, "{code}");
        let cause = causes::by_name(cause).filter(|row| row.name == cause).unwrap();
        assert_shows_of_others(&of_stdin(&format!("ERROR: {code}: Sorry.")), cause, code);
    });
}

#[test]
fn every_row_is_found_by_its_name_and_its_codes() {
    let causes: Vec<&Cause> = causes::all().collect();
    in_parallel(&causes, |cause| {
        for text in cause.codes().chain([cause.name]) {
            assert_shows(&of_argument(text), cause, text);
            assert_shows(&of_argument(&text.to_ascii_lowercase()), cause, text);
        }
    });
}

#[test]
fn it_takes_what_people_paste() {
    let name = |shown: &str| shown.split(": ").next().unwrap_or_default().to_owned();
    let log = format!(
        "2026-11-20T10:11:10.0000000Z Task         : Azure Key Vault\n2026-11-20T10:11:12.0000000Z \x1b[31m##[error]tenant \
         '{TENANT}': AADSTS7000215: Invalid\x1b[0m\n2026-11-20T10:11:13.0000000Z ##[error]TF401444: then this\n"
    );
    let shown = of_stdin(&log);
    assert_eq!(name(&shown), "AADSTS7000215");
    assert!(shown.contains(&format!("\n  tenant         {TENANT}\n")), "{shown}");
    assert!(
        shown.contains(&format!("\nas likely: TF401444 ({})\n", causes::organization::NOT_A_USER.headline)),
        "{shown}"
    );

    // The first element counts, a number or a text; so it does where a relay wraps the whole answer into a text.
    assert_eq!(
        name(&of_stdin(r#"{"error_codes":["[500011]", 90002],"error_description":"AADSTS90002: x"}"#)),
        "AADSTS500011"
    );
    assert_eq!(
        name(&of_stdin(r#"{"message":"{\"error_codes\":[700213],\"error_description\":\"AADSTS90002: x\"}"}"#)),
        "AADSTS700213"
    );
    // The header says it, encoded as in a URL.
    let answer = "HTTP/1.1 401 Unauthorized\r\nX-TFS-ServiceError: VS403463%3A+The+policy+says+no\r\n\r\n<html>";
    assert_eq!(name(&of_stdin(answer)), "VS403463");
    // Words of the command line are one text, and so is a pipe without '-'.
    assert_eq!(name(&stdout(&explain(&["TF400733:", "The", "request"], b""))), "TF400733");
    assert_eq!(name(&stdout(&explain(&[], b"VS800075: x"))), "VS800075");
    // The end of a line of any length is read too.
    let mut endless = b"TF401019: x ".to_vec();
    endless.resize(8 << 20, b'x');
    endless.extend(b" AADSTS90002");
    let shown = stdout(&explain(&["-"], &endless));
    assert!(shown.starts_with("TF401019: ") && shown.contains("\nas likely: AADSTS90002 ("), "{shown}");
}

#[test]
fn it_reads_files_and_says_where_the_cause_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("1_build.log"), "added 401 packages\nhttps://api.example.com: read ECONNRESET\n").unwrap();
    let log = "##[section]Starting: npm ci\nnpm ERR! code E401\nnpm ERR! 401 Unauthorized - GET https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/a\n";
    let little: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path("2_test.log"), [b"\xff\xfe".as_slice(), &little].concat()).unwrap();
    let files = [&*path("1_build.log"), &*path("2_test.log")];
    let shown = stdout(&explain(&files, b""));
    assert!(shown.starts_with("npm-401: "), "{shown}");
    assert!(shown.contains("\n  place          2_test.log, line 3, in the step npm ci\n"), "{shown}");
    assert!(
        shown.contains(
            "\nnot of Azure DevOps or Entra: api.example.com: the connection broke off (1_build.log, line 2)\n"
        )
    );
    let json: Value = serde_json::from_str(&stdout(&explain(&["--format", "json", files[0], files[1]], b""))).unwrap();
    assert_eq!(json["place"], serde_json::json!({ "file": "2_test.log", "step": "npm ci", "line": 3 }));
    assert_eq!((&json["guess"], json["notes"].as_array().unwrap().len()), (&false.into(), 1));
    let missing = explain(&[&path("3.log")], b"");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("3.log: no such file"));
    // Alone, the first accuses nobody, and says so.
    let silent = explain(&files[..1], b"");
    assert_eq!(silent.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("not of Azure DevOps or Entra: api.example.com"));
}

#[test]
fn facts_are_repeated_and_secrets_are_not() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzYzovL2EvYi9jIn0.c2lnbmF0dXJl";
    let body = format!(
        r#"client_secret=abc8Q~hunter2hunter2 Authorization: Bearer {token}
{{"error":"invalid_client","error_description":"AADSTS700213: No match for presented assertion subject '/eid1/c/pub/t/x/sc/y'. {token}
Trace ID: {TRACE} Correlation ID: {TENANT} Timestamp: 2026-11-20 10:11:12Z","error_codes":[700213],"access_token":"{token}"}}"#
    );
    let shown = of_stdin(&body);
    for fact in [
        "subject        /eid1/c/pub/t/x/sc/y",
        &format!("trace id       {TRACE}"),
        &format!("correlation id {TENANT}"),
        "timestamp      2026-11-20 10:11:12Z",
    ] {
        assert!(shown.lines().any(|line| line.trim() == fact), "{fact} is missing in\n{shown}");
    }
    let unknown = of_stdin(&format!("AADSTS99999: The token {token} and subject {token} are odd."));
    let json = stdout(&explain(&["--format", "json", "-"], body.as_bytes()));
    for shown in [&shown, &unknown, &json] {
        assert!(!shown.contains("eyJ") && !shown.contains("hunter2"), "{shown}");
    }
    let json: Value = serde_json::from_str(&json).unwrap();
    let cause = &causes::federation::OTHER_SUBJECT;
    assert_eq!(json["version"], 1);
    assert_eq!(json["name"], "AADSTS700213");
    assert_eq!((&json["headline"], &json["remedy"]), (&cause.headline.into(), &cause.remedy.into()));
    assert_eq!((&json["owner"], &json["again"]), (&"identityOwner".into(), &"afterMinutes".into()));
    assert_eq!(json["facts"]["traceId"], TRACE);
}

#[test]
fn what_is_not_in_the_table() {
    let shown = of_stdin("##[error]AADSTS99999: The moon is too near. Come back later. Trace ID: x");
    assert_eq!(shown.lines().next(), Some("AADSTS99999: The moon is too near."));
    assert!(shown.contains("\nremedy: see https://login.microsoftonline.com/error?code=99999\n"), "{shown}");
    assert!(of_argument("TF999999").starts_with("TF999999: a code of Azure DevOps"));
    for bare in ["99999", "aadsts99999"] {
        assert!(of_argument(bare).contains("error?code=99999\n"), "{bare}");
    }
    // One that is in the table says more than one that is not.
    let shown = of_stdin("AADSTS99999: x AADSTS90002: y");
    assert!(shown.starts_with("AADSTS90002: ") && shown.contains("also names: AADSTS99999"), "{shown}");

    for nothing in ["", "hello", "it is 2026", "\u{0}\u{ff}##vso[task.complete]"] {
        let output = explain(&["-"], nothing.as_bytes());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{nothing}");
        assert!(output.stdout.is_empty() && error.starts_with("error: ") && error.contains("\nremedy: "), "{error}");
        let json = explain(&["--format", "json", "-"], nothing.as_bytes());
        assert_eq!(json.status.code(), Some(1));
        let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
        assert!(json["error"].is_string() && json["remedy"].is_string(), "{json}");
    }
    for blank in [&b""[..], b" ", b"\n"] {
        let output = explain(&[], blank);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && error.starts_with("error: there is no text to look at\n"),
            "{error}"
        );
    }
    for blank in [&[""][..], &[" ", ""]] {
        let output = explain(blank, b"TF401444");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && error.contains("name an error's code, its text or a log's file"),
            "{error}"
        );
    }
    let bytes = [b"TF401444\xff\xfe\x00\x1b[2J ##vso[task.complete]".as_slice(), &[0x9b; 50]].concat();
    assert_shows_of_others(&stdout(&explain(&["-"], &bytes)), &causes::organization::NOT_A_USER, "bytes");
}

#[test]
fn the_page_is_the_table() {
    let page = std::fs::read_to_string(format!("{ROOT}/TROUBLESHOOTING.md")).unwrap();
    let listed = stdout(&explain(&["--list"], b""));
    assert!(
        page == listed,
        "TROUBLESHOOTING.md is not what `ado-entra-auth explain --list` prints: write it anew with that"
    );
    for cause in causes::all() {
        assert_eq!(page.matches(&format!("\n### {}\n", cause.name)).count(), 1, "{}", cause.name);
        assert!(page.contains(&format!("(#{})", cause.name.to_ascii_lowercase())), "{}", cause.name);
    }
}
