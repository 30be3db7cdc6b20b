//! Our reader of `.npmrc` beside the clients' own code.
//!
//! A place where a file says one thing to us and another to npm would be a place to hide a registry in. So near misses go
//! through npm's own `ini` and its replacement of variables, and through those that pnpm and yarn have in their bundles, all in
//! one process of Node.

mod compare;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::tool;
use compare::{Answer, CLIENTS, KEY, compare, last_word_is_ours, with_last_word};

const FILES: usize = 1_500;

/// What lines of rc files consist of, and what looks like it.
const PIECES: [&str; 58] = [
    "a",
    "k",
    "registry",
    "@s:registry",
    KEY,
    "//pkgs\\.dev\\.azure\\.com/o/:_authToken",
    "=",
    "=",
    "=",
    "=",
    " ",
    " ",
    "\t",
    "\u{a0}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{180e}",
    "\u{b}",
    "\0",
    "é",
    "😀",
    "\"",
    "\"",
    "'",
    "'",
    "\\",
    "\\;",
    "#",
    ";",
    "[",
    "]",
    "[]",
    "[x]",
    "[k]",
    "[__proto__]",
    "[registry.x]",
    "__proto__",
    "__proto__.",
    ".",
    "\\u0054",
    "\\ud800",
    "\\\"",
    "true",
    "null",
    "-1.50e1",
    "{}",
    "[1,\"b\"]",
    "${X}",
    "${Y}",
    "${Y?}",
    "${Y:-d-e}",
    "${BLANK:-d}",
    "${",
    "}",
    "$",
    "?",
];

fn line() -> impl Strategy<Value = String> {
    let soup = || vec(select(&PIECES), 0..7).prop_map(|pieces| pieces.concat());
    let quoted = || {
        (select(&["", " ", "\t "]), select(&["\"", "'", "'\"", ""]), soup()).prop_map(|(blanks, quote, inner)| {
            let closing: String = quote.chars().rev().collect();
            format!("{blanks}{quote}{inner}{closing}{blanks}")
        })
    };
    let key = select(&["a", "k", "k[]", "\"k\"", "'k[]'", "registry", KEY, "\"@s:registry\""]);
    prop_oneof![
        2 => soup(),
        3 => (quoted(), quoted()).prop_map(|(key, value)| format!("{key}={value}")),
        3 => (key, quoted()).prop_map(|(key, value)| format!("{key}={value}")),
        1 => (select(&["", " ", "\u{feff}"]), quoted(), select(&["", " ", "\u{a0}", "\u{85}", "x"]))
            .prop_map(|(before, name, behind)| format!("{before}[{name}]{behind}")),
    ]
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let lines = vec((line(), select(&["\n", "\n", "\r\n", "\r", "\n\n"])), 0..7);
    let stray = (0_usize..1_000, select(&[0xa0_u8, 0x85, 0xc2, 0xff]));
    (any::<bool>(), lines, proptest::option::weighted(0.1, stray)).prop_map(|(marked, lines, stray)| {
        let mut bytes = if marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        bytes.extend(lines.into_iter().flat_map(|(line, ending)| (line + ending).into_bytes()));
        if let Some((at, byte)) = stray {
            // Not as the first byte, where it would begin another encoding.
            let at = if bytes.is_empty() { 0 } else { 1 + at % bytes.len() };
            bytes.insert(at, byte);
        }
        bytes
    })
}

fn ask(node: &Path, npm: &Path, bundles: &[PathBuf], files: &[Vec<u8>]) -> Vec<Answer> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/rc_reader/clients.js");
    let mut child = Command::new(node)
        .arg(script)
        .arg(npm)
        .args(bundles)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let encoded: Vec<String> = files.iter().map(|bytes| STANDARD.encode(bytes)).collect();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&encoded).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the clients' own code no longer runs alone");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn npmrc_says_to_us_what_it_says_to_the_clients() {
    let (Some(node), Some(npm), Some(pnpm), Some(yarn)) = (tool("node"), tool("npm"), tool("pnpm"), tool("yarn"))
    else {
        return;
    };
    let bundle = |program: &Path, path: &str| program.canonicalize().unwrap().parent().unwrap().join(path);
    let bundles = [bundle(&pnpm, "../dist/pnpm.cjs"), bundle(&yarn, "../lib/cli.js")];
    let mut runner = TestRunner::deterministic();
    let files: Vec<Vec<u8>> = (0..FILES).map(|_| file().new_tree(&mut runner).unwrap().current()).collect();
    let extended: Vec<Vec<u8>> = files.iter().map(|bytes| with_last_word(bytes)).collect();
    let all: Vec<Vec<u8>> = files.iter().chain(&extended).cloned().collect();
    let mut answers = ask(&node, &npm, &bundles, &all);
    let of_extended = answers.split_off(FILES);
    let mut seen = BTreeSet::new();
    for (bytes, answer) in files.iter().zip(&answers) {
        for (client, theirs) in CLIENTS.into_iter().zip(answer) {
            // A key `null` is one that no client survives.
            let Some(theirs) = theirs else { continue };
            seen.extend(theirs.iter().map(|(key, _)| key.clone()));
            compare(bytes, client, theirs);
        }
    }
    assert!(seen.len() > FILES / 4, "the files say too little: {} keys", seen.len());
    for ((bytes, before), after) in extended.iter().zip(&answers).zip(&of_extended) {
        for (client, (before, after)) in CLIENTS.into_iter().zip(before.iter().zip(after)) {
            match after {
                Some(after) => last_word_is_ours(bytes, client, after),
                None => assert!(before.is_none(), "{client:?} {}", bytes.escape_ascii()),
            }
        }
    }
}
