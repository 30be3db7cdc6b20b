//! Our reader of `.npmrc`, and the lines that it adds, beside the code of npm, pnpm and yarn: one process of Node is asked about
//! every text.

#![no_main]

#[path = "../../tests/end_to_end/rc_reader/compare.rs"]
mod compare;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use ado_entra_auth::edit::npmrc::assignments;
use ado_entra_auth::edit::text::Text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use compare::{Answer, CLIENTS, compare, last_word_is_ours, with_last_word};
use libfuzzer_sys::fuzz_target;

struct Node {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static NODE: LazyLock<Mutex<Node>> = LazyLock::new(|| Mutex::new(Node::start()));

impl Node {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let bundles = root.join("target/tools/npm/node_modules");
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut programs = std::env::split_paths(&folders).map(|folder| folder.join("npm"));
        let npm: PathBuf = programs.find(|npm| npm.exists()).expect("npm is missing");
        let mut child = Command::new("node")
            .arg(root.join("tests/end_to_end/rc_reader/clients.js"))
            .arg(npm)
            .args([bundles.join("pnpm/dist/pnpm.cjs"), bundles.join("yarn/lib/cli.js")])
            .arg("lines")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is missing");
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { _child: child, input, output }
    }

    fn ask(&mut self, bytes: &[u8]) -> Answer {
        let mut line = STANDARD.encode(bytes);
        line.push('\n');
        self.input.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).expect("scripts/setup brings the clients")
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = Text::decode(bytes) else { return };
    if text.is_utf16() {
        return;
    }
    let mut node = NODE.lock().unwrap();
    let answer = node.ask(bytes);
    // What is beyond the comparison: a section of a list's name counts as its items; what replaces what every object has.
    let sections = text.body.split(['\n', '\r']).filter(|line| line.contains('['));
    let names: Vec<String> =
        sections.map(|line| line.trim_matches(|c: char| "[]\"' \t".contains(c)).to_owned()).collect();
    let is_beyond = assignments(&text).any(|found| found.of_list && names.contains(&found.key));
    if is_beyond {
        return;
    }
    for (client, theirs) in CLIENTS.into_iter().zip(&answer) {
        if let Some(theirs) = theirs {
            compare(bytes, client, theirs);
        }
    }
    let extended = with_last_word(bytes);
    let after = node.ask(&extended);
    for (client, (before, after)) in CLIENTS.into_iter().zip(answer.iter().zip(&after)) {
        match after {
            Some(after) => last_word_is_ours(&extended, client, after),
            None => assert!(before.is_none(), "{client:?} {}", extended.escape_ascii()),
        }
    }
});
