//! The words of git and cargo, up to the answer from a vault: whatever a client says, nothing panics, little memory is taken, and a
//! token is told only where this file's own reading of the request finds an address that it is for.
//!
//! Each text is said in both dialects, since what one of them means the other refuses at once.

#![no_main]

use std::collections::HashMap;
use std::io::{self, BufReader, Read};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use ado_entra_auth::diagnosis::Explanation;
use ado_entra_auth::disk::create_private_folder;
use ado_entra_auth::helper::git::Outcome;
use ado_entra_auth::helper::vault::{self, Deposit, Key, Vault, VaultError, key_variable};
use ado_entra_auth::helper::{Question, Reply, cargo, git, reply};
use ado_entra_auth::kernel::dialect::Dialect;
use ado_entra_auth::kernel::memory::ALLOCATOR;
use ado_entra_auth::kernel::organization::Organization;
use ado_entra_auth::kernel::secret::AccessToken;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use serde_json::value::RawValue;

/// In every token, and in nothing else.
const TOKEN_MARK: &str = "e30.Secret";
/// git may have this one for whatever it asks of contoso.
const FOR_GIT: &str = "e30.SecretOfGit.c2ln";
/// cargo may have this one for [`FEEDS`].
const FOR_CARGO: &str = "e30.SecretOfCargo.c2ln";
/// It has ended, and lies there for git and cargo, of another organization.
const ENDED: &str = "e30.SecretThatEnded.c2ln";
const FEEDS: [&str; 2] = [
    "https://pkgs.dev.azure.com/contoso/_packaging/feed/Cargo/index/",
    "https://contoso.pkgs.visualstudio.com/Shop/_packaging/scoped@Release/nuget/v3/index.json",
];

/// What a request may make the program hold at once, beside a share of its own length.
const MOST_BYTES: usize = 16 * 1024;
/// What a request without an end may make it read, and hold while its buffer grows.
const LONGEST_LINE_BYTES: u64 = 1024 * 1024;

static FIRST: LazyLock<()> = LazyLock::new(|| {
    // Where these got nothing, nothing below would be asked.
    let answer = git("get", b"protocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n\n");
    assert!(matches!(answer, Outcome::Answer(words) if words.contains(FOR_GIT)));
    let question = format!(r#"{{"v":1,"registry":{{"index-url":"sparse+{}"}},"kind":"get"}}"#, FEEDS[0]);
    assert!(cargo(question.as_bytes()).contains(FOR_CARGO));
});

thread_local! {
    /// What the run has for its clients; it needs no disk once it is open.
    static VAULT: Result<Vault<'static>, VaultError> = opened();
}

fn opened() -> Result<Vault<'static>, VaultError> {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ado-entra-auth-0123456789abcdef");
    create_private_folder(&folder).unwrap();
    let (key, name) = (Key::generate().unwrap(), key_variable().unwrap());
    let tokens = [FOR_GIT, FOR_CARGO, ENDED].map(AccessToken::new);
    let later = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 1_000_000;
    let deposit = |organization: &str, client, feeds: Option<&[&str]>, token, expires_at| Deposit {
        organization: Organization::parse(organization).unwrap(),
        client,
        feeds: feeds.map(|feeds| feeds.iter().map(|feed| (*feed).to_owned()).collect()),
        token,
        expires_at,
    };
    let deposits = [
        deposit("contoso", Dialect::Git, None, &tokens[0], later),
        deposit("contoso", Dialect::Cargo, Some(&FEEDS), &tokens[1], later),
        deposit("fabrikam", Dialect::Git, None, &tokens[2], 1),
        deposit("fabrikam", Dialect::Cargo, None, &tokens[2], 1),
    ];
    vault::write(&folder, &name, &key, &deposits, &[]).unwrap();
    let text = key.to_text().to_string();
    let variable = move |asked: &str| (asked == name).then(|| text.clone());
    vault::open(&folder, Box::leak(Box::new(variable)))
}

fn ask(question: &Question) -> Reply {
    VAULT.with(|vault| reply(question, vault))
}

fn git(operation: &str, request: &[u8]) -> Outcome {
    git::answer(operation, request, &mut |question| ask(question))
}

fn cargo(requests: &[u8]) -> String {
    let mut said = Vec::new();
    cargo::serve(&mut &*requests, &mut said, &mut |question| ask(question)).unwrap();
    String::from_utf8(said).unwrap()
}

/// The value of the only line of git's with that key; nothing where there is none, or another.
fn only<'t>(request: &'t str, key: &str) -> Option<&'t str> {
    let mut values = request
        .split('\n')
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// Whether a path stays where it begins, also for those who take a `?` or `#` in it for a character like others: git has undone the
/// escapes of what it tells.
fn stays(path: &str) -> bool {
    path.split('/').all(|part| part != "." && part != "..")
}

fn is_for_git(request: &str) -> bool {
    let (Some(protocol), Some(host)) = (only(request, "protocol"), only(request, "host")) else { return false };
    let host = host.to_ascii_lowercase();
    let path = only(request, "path").unwrap_or_default();
    // Blanks at its end are none of a URL's.
    let first = path.trim_end_matches(' ').split(['/', '?', '#']).next().unwrap_or_default();
    let is_right = match host.strip_suffix(":443").unwrap_or(&host) {
        "dev.azure.com" => first.eq_ignore_ascii_case("contoso"),
        "contoso.visualstudio.com" => true,
        _ => false,
    };
    protocol.eq_ignore_ascii_case("https") && is_right && stays(path)
}

/// A member of an object of JSON. Nothing else in it is looked at, so it may hold what no reader of everything takes.
fn member<'o>(object: &'o str, name: &str) -> Option<&'o str> {
    let mut members: HashMap<String, &'o RawValue> = serde_json::from_str(object).ok()?;
    members.remove(name).map(RawValue::get)
}

fn text(json: Option<&str>) -> String {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

fn is_for_cargo(request: &str) -> bool {
    let url = text(member(request, "registry").and_then(|registry| member(registry, "index-url")));
    let url = url.trim();
    let url = url.strip_prefix("sparse+").unwrap_or(url).to_ascii_lowercase();
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let address = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let path: Vec<String> =
        path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().to_ascii_lowercase()).collect();
    let mut parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match host.strip_suffix(":443").unwrap_or(host) {
        "pkgs.dev.azure.com" if parts[0] == "contoso" => drop(parts.remove(0)),
        "contoso.pkgs.visualstudio.com" => {}
        _ => return false,
    }
    if parts.first() == Some(&"defaultcollection") {
        parts.remove(0);
    }
    if parts.last() == Some(&"") {
        parts.pop();
    }
    // A project of no name is none.
    let parts = parts.strip_prefix(&[""][..]).unwrap_or(&parts);
    let is_deposited = matches!(
        parts,
        ["_packaging", "feed", "cargo", "index"] | ["shop", "_packaging", "scoped@release", "cargo", "index"]
    );
    member(request, "v") == Some("1") && text(member(request, "kind")) == "get" && is_deposited
}

fn hides(explanation: &Explanation) {
    assert!(!explanation.to_string().contains(TOKEN_MARK));
}

fn check_git(request: &[u8]) {
    for operation in ["get", "store", "erase", ""] {
        match git(operation, request) {
            Outcome::Answer(words) => {
                let request = std::str::from_utf8(request).expect("git speaks UTF-8");
                assert!(operation == "get" && is_for_git(request), "{request:?}");
                assert_eq!(words.matches(TOKEN_MARK).count(), 1);
                assert_eq!(words.matches(FOR_GIT).count(), 1);
                let is_line = |line: &str| line.contains('=') && !line.contains(char::is_control);
                assert!(words.ends_with('\n') && words.lines().all(is_line), "{words:?}");
                let wants_bearer = request.lines().any(|line| line == "capability[]=authtype");
                assert!(wants_bearer || !words.contains("authtype"), "{request:?}");
            }
            Outcome::Trouble(explanation) => {
                assert_eq!(operation, "get");
                hides(&explanation);
            }
            Outcome::Silence | Outcome::NotOurs => {}
        }
    }
}

fn check_cargo(requests: &[u8]) {
    let said = cargo(requests);
    let mut answers = said.lines();
    assert_eq!(answers.next(), Some(r#"{"v":[1]}"#));
    assert!(said.ends_with('\n'));
    // An end of the line ends a request, and what follows the last one is a request where it is not blank.
    let requests = requests.strip_suffix(b"\n").unwrap_or(requests);
    let is_silent = said.lines().count() == 1;
    let mut asked = requests.split(|byte| *byte == b'\n').skip(usize::from(is_silent));
    for answer in answers {
        let request = asked.next().expect("an answer to nothing");
        let answer: Value = serde_json::from_str(answer).unwrap();
        let text = answer.to_string();
        match (answer.get("Ok"), answer.get("Err")) {
            (Some(credential), None) => {
                assert!(is_for_cargo(&String::from_utf8_lossy(request)), "{}", request.escape_ascii());
                assert_eq!(credential["token"], format!("Bearer {FOR_CARGO}"));
                assert_eq!(text.matches(TOKEN_MARK).count(), 1);
            }
            (None, Some(refusal)) => {
                assert!(refusal["kind"].is_string());
                assert!(!text.contains(TOKEN_MARK));
            }
            _ => panic!("{text}"),
        }
    }
    assert_eq!(asked.next(), None, "a request without an answer");
}

/// A line that never ends is given up, soon and without keeping more of it than a line may have.
fn check_endless(requests: &[u8]) {
    let given = 8 * LONGEST_LINE_BYTES;
    let mut input = BufReader::new(requests.chain(io::repeat(b'x')).take(given));
    let mut said = Vec::new();
    cargo::serve(&mut input, &mut said, &mut |question| ask(question)).unwrap();
    let read = given - input.get_ref().limit();
    assert!(read <= requests.len() as u64 + LONGEST_LINE_BYTES + MOST_BYTES as u64, "{read}");
    assert!(said.ends_with(b"\n") && !said.is_empty());
}

/// Does it with so much memory beside what is in use. More is refused, which ends the process.
fn within(most_bytes: usize, check: impl FnOnce()) {
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + most_bytes).unwrap();
    check();
    ALLOCATOR.set_limit(usize::MAX).unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    LazyLock::force(&FIRST);
    check_git(bytes);
    check_cargo(bytes);
    let most_bytes = MOST_BYTES + 8 * bytes.len();
    within(most_bytes, || drop(git("get", bytes)));
    within(most_bytes, || cargo::serve(&mut &*bytes, &mut io::sink(), &mut |question| ask(question)).unwrap());
    // It takes a thousand times as long as the rest.
    if bytes.len() % 256 == 0 {
        within(4 * LONGEST_LINE_BYTES as usize, || check_endless(bytes));
    }
});
