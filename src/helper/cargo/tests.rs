//! cargo's words: what cargo 1.95 sends, recorded from a provider that wrote them down, and what nobody should.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::helper::lines::LONGEST_LINE_BYTES;
use crate::helper::tests::{Runs, contoso, token_of};
use crate::kernel::clock::now;

/// `cargo publish`, first its look at the index, then the upload; `yank`, `yank --undo`, `owner --list`; a provider with arguments.
const GETS: [&str; 6] = [
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed","headers":["WWW-Authenticate: Bearer authorization_uri=https://login.microsoftonline.com/5a1c0000-0000-0000-0000-000000000000","WWW-Authenticate: Basic realm=\"https://pkgsprodcus1.pkgs.visualstudio.com/\"","Content-Length: 0"]},"kind":"get","operation":"read"}"#,
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"get","operation":"publish","name":"hello-x","vers":"0.1.0","cksum":"27792233b51fdf5ce524c3fbae7caa82701f5286dbe16104ddf194dad359303e"}"#,
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"get","operation":"yank","name":"hello-x","vers":"0.1.0"}"#,
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"get","operation":"unyank","name":"hello-x","vers":"0.1.0"}"#,
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"get","operation":"owners","name":"hello-x"}"#,
    r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"get","operation":"read","args":["a","b"]}"#,
];
const LOGIN: &str = r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"login","token":"tok","login-url":"https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/me","args":["a","b c"]}"#;
const LOGOUT: &str = r#"{"v":1,"registry":{"index-url":"sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/","name":"contoso-feed"},"kind":"logout"}"#;

/// All that is said to `input`: the greeting, and an answer a line.
fn session(runs: &Runs, input: &[u8]) -> Vec<Value> {
    let mut said = Vec::new();
    serve(&mut Cursor::new(input), &mut said, &mut |question| runs.reply(1, question.client, &question.url)).unwrap();
    assert!(said.ends_with(b"\n"));
    let mut lines: Vec<Value> = said
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.remove(0), json!({"v": [1]}));
    lines
}

fn said(runs: &Runs, request: &str) -> Value {
    let mut answers = session(runs, format!("{request}\n").as_bytes());
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn kind_of_refusal(answer: &Value) -> &str {
    answer["Err"]["kind"].as_str().unwrap_or("no refusal")
}

#[test]
fn what_cargo_asks_is_answered() {
    let runs = contoso();
    for request in GETS {
        let mut answer = said(&runs, request);
        let expiration = answer["Ok"]["expiration"].take().as_u64().unwrap();
        assert!(expiration > now() && expiration <= now() + 3600);
        let token = format!("Bearer {}", token_of("contoso"));
        let expected = json!({"Ok": {
            "kind": "get", "token": token, "cache": "expires", "expiration": null, "operation_independent": true
        }});
        assert_eq!(answer, expected, "{request}");
    }
    // In one session, and without a line break behind the last.
    let answers = session(&runs, GETS.join("\n").as_bytes());
    assert_eq!(answers.iter().filter(|answer| answer["Ok"]["kind"] == "get").count(), GETS.len());
}

#[test]
fn nothing_is_waited_for_before_the_greeting() {
    struct Silent;
    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("nothing comes"))
        }
    }
    let mut said = Vec::new();
    let ended = serve(&mut io::BufReader::new(Silent), &mut said, &mut |_| panic!("nothing was asked"));
    assert!(ended.is_err());
    assert_eq!(said, b"{\"v\":[1]}\n");
}

/// cargo goes on to the user's own provider only for this kind (and for one that would say that there is no token).
#[test]
fn what_is_not_ours_is_for_the_next_provider() {
    let runs = contoso();
    for request in [GETS[0], GETS[1], LOGIN, LOGOUT, &GETS[0].replace("\"get\"", "\"future\"")] {
        for (ours, theirs) in [
            ("contoso/_packaging", "fabrikam/_packaging"),
            ("sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/", "sparse+https://registry.example.com/"),
            ("sparse+https:", "sparse+http:"),
            ("Cargo/index/\"", "npm/registry/\""),
            ("pkgs.dev.azure.com/contoso/_p", "pkgs.dev.azure.com.evil.example/contoso/_p"),
        ] {
            let request = request.replacen(ours, theirs, 1);
            assert_eq!(said(&runs, &request), json!({"Err": {"kind": "url-not-supported"}}), "{request}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let runs = contoso();
    let future = GETS[0].replace("\"get\"", "\"future\"");
    assert_eq!(said(&runs, &future), json!({"Err": {"kind": "operation-not-supported"}}));
    for request in [LOGIN, LOGOUT] {
        let answer = said(&runs, request);
        assert_eq!(kind_of_refusal(&answer), "other");
        assert!(answer["Err"]["message"].as_str().unwrap().starts_with("cargo needs no login"), "{answer}");
        assert!(!answer.to_string().contains("\"tok\""));
    }
    let mut runs = Runs::new();
    runs.run(1, &[("contoso", Dialect::Cargo, None)], &[], 1);
    let expected = json!({"Err": {
        "kind": "other",
        "message": "the access token for contoso has expired",
        "caused-by": ["remedy: run AdoEntraAuth@1 again before this step"],
    }});
    assert_eq!(said(&runs, GETS[0]), expected);
}

#[test]
fn fields_that_nobody_knows_are_passed_over() {
    let runs = contoso();
    let more = GETS[0].replacen("{\"v\":1,", r#"{"new":{"a":[1,null]},"v":1,"#, 1).replacen(
        "\"name\"",
        r#""other":[[]],"name""#,
        1,
    );
    assert_eq!(said(&runs, &more)["Ok"]["kind"], "get");
}

#[test]
fn what_is_no_request_gets_a_clean_error_and_no_echo() {
    let runs = contoso();
    let twice = GETS[0].replacen("{\"v\":1,", r#"{"v":1,"registry":{"index-url":"x"},"#, 1);
    for request in [
        "",
        " ",
        "{",
        "{}",
        "[]",
        "null",
        "##vso[task.complete result=Failed]x",
        r#"{"v":1}"#,
        r#"{"v":1,"kind":"get"}"#,
        &GETS[0].replace("\"v\":1", "\"v\":2"),
        &GETS[0].replace("\"v\":1", "\"v\":-1"),
        &GETS[0].replace("\"v\":1", "\"v\":\"1\""),
        &GETS[0].replace("\"get\"", "null"),
        &format!("{}x", GETS[0]),
        &twice,
    ] {
        let answer = said(&runs, request);
        assert_eq!(kind_of_refusal(&answer), "other", "{request}");
        assert!(!answer.to_string().contains("vso[") && !answer.to_string().contains("contoso"), "{answer}");
    }
    assert!(session(&runs, b"\xff\xfe\n").iter().all(|answer| kind_of_refusal(answer) == "other"));
}

/// Nobody's stack ends.
#[test]
fn depth_is_survived_wherever_it_is() {
    let runs = contoso();
    let (open, close) = ("[".repeat(400_000), "]".repeat(400_000));
    let unknown = GETS[0].replacen("{\"v\":1,", &format!("{{\"v\":1,\"x\":{open}{close},"), 1);
    assert_eq!(said(&runs, &unknown)["Ok"]["kind"], "get");
    for known in ["\"v\":1", "\"kind\":\"get\""] {
        let name = known.split(':').next().unwrap();
        let deep = GETS[0].replacen(known, &format!("{name}:{open}{close}"), 1);
        assert_eq!(kind_of_refusal(&said(&runs, &deep)), "other");
    }
    let deep = format!("{{\"v\":1,\"kind\":\"get\",\"registry\":{open}{close}}}");
    assert_eq!(kind_of_refusal(&said(&runs, &deep)), "other");
}

#[test]
fn a_line_without_end_ends_the_session() {
    let runs = contoso();
    let long = GETS[0].replacen("{\"v\":1,", &format!("{{\"v\":1,\"x\":\"{}\",", "x".repeat(LONGEST_LINE_BYTES)), 1);
    let answers = session(&runs, format!("{long}\n{}\n", GETS[0]).as_bytes());
    assert_eq!(answers.iter().map(kind_of_refusal).collect::<Vec<_>>(), ["other"]);
    let nearly =
        GETS[0].replacen("{\"v\":1,", &format!("{{\"v\":1,\"x\":\"{}\",", "x".repeat(LONGEST_LINE_BYTES / 2)), 1);
    assert_eq!(said(&runs, &nearly)["Ok"]["kind"], "get");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for answer in session(&Runs::new(), &bytes) {
            prop_assert_eq!(kind_of_refusal(&answer), "other");
        }
    }

    /// A request that is cut, or has another byte somewhere, is answered in one line or not at all, and only for contoso.
    #[test]
    fn damaged_requests_get_nothing_for_others(at in 0..GETS[0].len(), byte in any::<u8>()) {
        let mut request = GETS[0].as_bytes().to_vec();
        request[at] = byte;
        for answer in session(&SERVED.with(std::rc::Rc::clone), &request) {
            let token = answer["Ok"]["token"].as_str();
            prop_assert!(token.is_none_or(|_| String::from_utf8_lossy(&request).to_lowercase().contains("pkgs.dev.azure.com/contoso/_packaging/")));
        }
    }
}

thread_local! {
    /// One vault for all cases.
    static SERVED: std::rc::Rc<Runs> = std::rc::Rc::new(contoso());
}
